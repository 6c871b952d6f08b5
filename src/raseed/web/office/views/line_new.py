"""Registering a line, and taking one out of use or back into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.channels.api import Channel, LinePurpose
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import parse_id
from raseed.web.desk.words import channel_words
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.setting_up import SET_UPS

from .lines import (
    MANAGE,
    NAME_LANGUAGES,
    PURPOSE_WORDS,
    SETTINGS_ENTERED_MAX,
    at_whole_field,
    line_here,
    purpose_of,
    reason_of,
    settings_of,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

ROUTE: Final = "care.lines.route"
FIELDS: Final = ("address", "names", "settings", "purpose", "team", "reason")
ACTS: Final = {
    "retire": Act(
        mark("Take the line out of use"),
        mark("It takes nothing in and sends nothing: what its provider delivers is refused, and what waits to be sent goes on waiting. Conversations on it stay, and it can be taken back into use."),
        mark("Take it out of use"),
        danger=True,
    ),
    "reuse": Act(
        mark("Take the line back into use"),
        mark("It takes messages in and sends them again; what waited to be sent leaves, unless its time is over."),
        mark("Take it back into use"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form."""

    id: UUID
    channel: Channel
    address: str
    names: dict[str, str]
    purpose: str
    settings: str
    team: str

    @classmethod
    def of(cls, request: StaffRequest, channel: Channel) -> Entered:
        """Read it; a form that is shown first has the settings that its channel begins with."""
        entered = request.POST
        return cls(
            id=form_id(request),
            channel=channel,
            address=entered.get("address", "")[:ENTERED_MAX].strip(),
            names={code: entered.get(f"name_{code}", "")[:ENTERED_MAX].strip() for code in NAME_LANGUAGES},
            purpose=entered.get("purpose", LinePurpose.TALK.value)[:ENTERED_MAX],
            settings=entered.get("settings", SET_UPS[channel].settings)[:SETTINGS_ENTERED_MAX],
            team=entered.get("team", "")[:ENTERED_MAX],
        )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def register(request: StaffRequest) -> HttpResponseBase:
    """Ask of which channel the line is, then for what that channel needs, and register it."""
    request.rights.require(MANAGE)
    told = request.POST.get("channel", request.GET.get("channel", ""))
    if told not in set(Channel):
        kinds = [(each.value, channel_words(each.value), gettext(SET_UPS[each].address)) for each in Channel]
        return render(request, "office/line_new.html", tab="channels", kinds=kinds)
    entered, error = Entered.of(request, Channel(told)), None
    if request.method == "POST":
        try:
            _register(request, entered)
        except RaseedError as refused:
            error = at_whole_field(refused)
        else:
            return HttpResponseRedirect(f"{reverse('office:line', args=[entered.id])}?done=new", status=303)
    return render(
        request,
        "office/line_new.html",
        status=status_of(error),
        tab="channels",
        kinds=[],
        entered=entered,
        channel=channel_words(entered.channel.value),
        address_hint=gettext(SET_UPS[entered.channel].address),
        name_fields=list(entered.names.items()),
        purposes=[(each.value, gettext(words)) for each, words in PURPOSE_WORDS.items()],
        teams=_teams(request),
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, FIELDS),
    )


def _teams(request: StaffRequest) -> list[tuple[str, str]]:
    """Return the teams that may answer it, for who may say which does; their hours are those of its clocks."""
    if not request.rights.may(ROUTE):
        return []
    language = request.reader.language
    return [(str(each.id), name_in(each.names, language)) for each in care.duty.teams(request.institution.id)]


def _register(request: StaffRequest, entered: Entered) -> None:
    reason = reason_of(request)
    settings = {name: value for name, value in settings_of(entered.settings).items() if value}
    line = channels.register_line(
        id=entered.id,
        institution_id=request.institution.id,
        channel=entered.channel,
        address=entered.address,
        names={code: name for code, name in entered.names.items() if name},
        purpose=purpose_of(entered.purpose),
        settings=settings,
        by=request.author,
        reason=reason,
    )
    if entered.team and request.rights.may(ROUTE):
        care.route_line(line.id, team_id=parse_id(entered.team, field="team"), by=request.author, reason=reason)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def use(request: StaffRequest, line_id: UUID, verb: str) -> HttpResponseBase:
    """Take a line out of use or back into it, with a reason."""
    request.rights.require(MANAGE)
    line, act = line_here(line_id, request), ACTS[verb]
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            channels.change_line(
                line_id=line.id, active=verb == "reuse", by=request.author, reason=reason_of(request)
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:line', args=[line.id])}?done=change", status=303)
    return act_page(
        request,
        Act(gettext(act.title), gettext(act.what), gettext(act.button), act.danger),
        back=reverse("office:line", args=[line.id]),
        subject=name_in(line.names, request.reader.language) or line.address,
        tab="channels",
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        error=error,
    )

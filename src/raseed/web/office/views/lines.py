"""Lines of an institution as operations see them: how each stands, where its provider delivers, its names, secrets, templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.channels.api import Channel, LinePurpose
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.text import clean_text
from raseed.web.changes import rail_origin
from raseed.web.desk.words import channel_words
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import LINE_SECRET, StaffRequest, second_factor, staff_only
from raseed.web.office.setting_up import DELIVERED, setup_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = channels.MESSAGES_VIEW
MANAGE: Final = channels.LINES_MANAGE
REASON_LENGTH_MAX: Final = 500
SETTINGS_ENTERED_MAX: Final = 25_000
SECRET_ENTERED_MAX: Final = 10_000
BODY_ENTERED_MAX: Final = 4_000
NAME_LANGUAGES: Final = ("ar", "he", "en")
SECRETS: Final[Mapping[Channel, tuple[str, ...]]] = {
    Channel.WHATSAPP: ("app_secret", "verify_token", "access_token"),
    Channel.TELEGRAM: ("secret_token", "access_token"),
    Channel.X: ("consumer_secret", "access_token", "token_secret", "consumer_key"),
    Channel.SMS: ("api_key", "access_token"),
    Channel.EMAIL: ("smtp_password", "imap_password"),
}
"""What a line of each channel may need, the first one being what proves deliveries where there are any."""
OVERLAPS: Final = {
    "none": (mark("No longer, from now on"), timedelta(0)),
    "hour": (mark("For an hour"), timedelta(hours=1)),
    "day": (mark("For a day"), timedelta(days=1)),
    "week": (mark("For seven days"), channels.OVERLAP_MAX),
}
"""For how long the secret that is replaced is accepted as well."""
DEFAULT_OVERLAP: Final = "day"
PURPOSE_WORDS: Final = {
    LinePurpose.TALK: mark("For talking"),
    LinePurpose.DOCUMENTS: mark("For documents"),
}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in words."""

    line: channels.Line
    name: str
    channel: str
    purpose: str
    state_words: str
    look: str
    standing: channels.LineStanding | None
    missing: tuple[str, ...]
    hook: str


def reason_of(request: StaffRequest) -> str:
    """Return the reason that was entered, cleaned.

    Raises:
        UnacceptableText: there is none, or it can't be kept.
    """
    return clean_text(request.POST.get("reason", "")[:ENTERED_MAX], field="reason", length_max=REASON_LENGTH_MAX)


def purpose_of(text: str) -> LinePurpose:
    """Return the purpose that was chosen.

    Raises:
        InvalidLine: it is none.
    """
    if text not in set(LinePurpose):
        raise channels.InvalidLine(field="purpose")
    return LinePurpose(text)


def line_here(line_id: UUID, request: StaffRequest) -> channels.Line:
    """Return a line of the institution that is looked at.

    Raises:
        LineUnknown: there is none, or it is another institution's.
    """
    found = channels.line(line_id)
    if found.institution_id != request.institution.id:
        raise channels.LineUnknown(field="line_id")
    return found


def hook_of(line: channels.Line, request: StaffRequest) -> str:
    """Return the address to give to the provider, or nothing where none delivers; without an origin where we know none."""
    return f"{rail_origin(request)}/hooks/{line.channel.value}/{line.id}" if line.channel in DELIVERED else ""


def _state(line: channels.Line, standing: channels.LineStanding | None, now: datetime) -> tuple[str, str]:
    if not line.active:
        return gettext("Out of use"), ""
    if standing is None:
        return gettext("In use"), "good"
    if standing.needs_token_since:
        return gettext("Needs a new access token"), "bad"
    if standing.rests_until and standing.rests_until > now:
        return gettext("Rests: its provider does not answer"), "warn"
    if standing.failures:
        return gettext("Fails"), "warn"
    return gettext("In use"), "good"


def _shown(line: channels.Line, standing: channels.LineStanding | None, request: StaffRequest) -> ShownLine:
    words, look = _state(line, standing, SYSTEM_CLOCK.now())
    needed = SECRETS.get(line.channel, ())[:1] if line.channel in DELIVERED else ()
    return ShownLine(
        line,
        name_in(line.names, request.reader.language) or line.address,
        channel_words(line.channel.value),
        gettext(PURPOSE_WORDS[line.purpose]),
        words,
        look,
        standing,
        tuple(name for name in needed if not channels.has_line_secret(line.id, name)),
        hook_of(line, request),
    )


@require_safe
@staff_only(VIEW)
def line_list(request: StaffRequest) -> HttpResponseBase:
    """List the lines with what waits on each, those in trouble with the word for it."""
    request.rights.require(VIEW)
    here = request.institution.id
    standings = {each.line_id: each for each in channels.line_standings(here, by=request.author)}
    return render(
        request,
        "office/lines.html",
        tab="channels",
        lines=[_shown(each, standings.get(each.id), request) for each in channels.lines(here)],
        in_trouble=sum(each.unknown + each.no_sign + each.failed for each in standings.values()),
        may_manage=request.rights.may(MANAGE),
        nobody=not care.duty.somebody_works(here),
        done=request.GET.get("done", ""),
    )


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Show a line: how it stands, the address for its provider, which secrets it has, its settings and templates."""
    request.rights.require(VIEW)
    line = line_here(line_id, request)
    standings = {each.line_id: each for each in channels.line_standings(line.institution_id, by=request.author)}
    return render(
        request,
        "office/line.html",
        tab="channels",
        one=_shown(line, standings.get(line.id), request),
        secrets=[(name, channels.has_line_secret(line.id, name)) for name in SECRETS.get(line.channel, ())],
        overlap_until=channels.overlap_of(line.id),
        proving=channels.PROVING.get(line.channel, ""),
        setup=setup_of(line),
        settings=sorted(line.settings.items()),
        templates=channels.templates(line.id) if line.channel is Channel.WHATSAPP else [],
        has_templates=line.channel is Channel.WHATSAPP,
        may_manage=request.rights.may(MANAGE),
        done=request.GET.get("done", ""),
    )


def _back(line: channels.Line, done: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('office:line', args=[line.id])}?{urlencode({'done': done})}", status=303)


def settings_of(text: str) -> dict[str, str]:
    """Read settings, a line each: ``name = value``.

    Raises:
        InvalidLine: a line is not of this form, or a name stands there twice.
    """
    found: dict[str, str] = {}
    for entered in text.splitlines():
        name, sign, value = (part.strip() for part in entered.partition("="))
        if not entered.strip():
            continue
        if not sign or name in found:
            raise channels.InvalidLine(field="settings")
        found[name] = value
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def change(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Change a line's names, purpose, settings and whether it is in use, with a reason."""
    request.rights.require(MANAGE)
    line = line_here(line_id, request)
    names = {code: line.names.get(code, "") for code in NAME_LANGUAGES}
    settings = "\n".join(f"{name} = {value}" for name, value in sorted(line.settings.items()))
    purpose, active = line.purpose.value, line.active
    error: RaseedError | None = None
    if request.method == "POST":
        names = {code: request.POST.get(f"name_{code}", "")[:ENTERED_MAX].strip() for code in NAME_LANGUAGES}
        settings = request.POST.get("settings", "")[:SETTINGS_ENTERED_MAX]
        purpose, active = request.POST.get("purpose", ""), "active" in request.POST
        try:
            channels.change_line(
                line_id=line.id,
                names={code: name for code, name in names.items() if name},
                purpose=purpose_of(purpose),
                settings=settings_of(settings),
                active=active,
                by=request.author,
                reason=reason_of(request),
            )
        except RaseedError as refused:
            error = at_whole_field(refused)
        else:
            return _back(line, "change")
    return render(
        request,
        "office/line_change.html",
        status=status_of(error),
        tab="channels",
        one=_shown(line, None, request),
        name_fields=list(names.items()),
        settings=settings,
        purposes=[(each.value, gettext(words)) for each, words in PURPOSE_WORDS.items()],
        purpose=purpose,
        active=active,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("names", "settings", "purpose", "reason")),
    )


def at_whole_field(error: RaseedError) -> RaseedError:
    """Return a refusal of one setting as one of the field in which all of them are entered."""
    if isinstance(error, channels.InvalidLine) and (error.field or "").startswith("settings."):
        return channels.InvalidLine(field="settings")
    return error


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def secret(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Set a secret of a line; it is written to its file and on no page.

    The second factor is asked for before the form: what is entered here does not go along with the code.
    """
    request.rights.require(MANAGE)
    line = line_here(line_id, request)
    known = SECRETS.get(line.channel, ())
    if request.method != "POST":
        asked = second_factor(request)
        if asked is not None:
            return asked
    proving = channels.PROVING.get(line.channel, "")
    name, error = request.POST.get("name", request.GET.get("name", ""))[:ENTERED_MAX], None
    if request.method == "POST" and "reason" in request.POST:
        try:
            if name not in known:
                raise channels.InvalidLine(field="name")
            channels.set_line_secret(
                line_id=line.id,
                name=name,
                value=request.POST.get(LINE_SECRET, "")[:SECRET_ENTERED_MAX],
                by=request.author,
                reason=reason_of(request),
                overlap=_overlap_of(name, line, request),
            )
        except RaseedError as refused:
            error = refused
        else:
            return _back(line, "secret")
    return render(
        request,
        "office/line_secret.html",
        status=status_of(error),
        tab="channels",
        one=_shown(line, None, request),
        names=[(each, channels.has_line_secret(line.id, each)) for each in known],
        name=name,
        field=LINE_SECRET,
        proving=proving,
        overlaps=[(value, gettext(words)) for value, (words, _) in OVERLAPS.items()] if proving else [],
        overlap=request.POST.get("overlap", DEFAULT_OVERLAP)[:ENTERED_MAX],
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("name", "value", "overlap", "reason")),
    )


def _overlap_of(name: str, line: channels.Line, request: StaffRequest) -> timedelta:
    """Return for how long the secret before is to be accepted as well; only one that proves deliveries is.

    Raises:
        InvalidLine: it is none of those that are offered.
    """
    if name != channels.PROVING.get(line.channel):
        return timedelta(0)
    chosen = OVERLAPS.get(request.POST.get("overlap", "none"))
    if chosen is None:
        raise channels.InvalidLine(field="overlap")
    return chosen[1]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def overlap_end(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Accept the secret before the present one no longer, with a reason."""
    request.rights.require(MANAGE)
    line = line_here(line_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            channels.end_overlap(line_id=line.id, by=request.author, reason=reason_of(request))
        except RaseedError as refused:
            error = refused
        else:
            return _back(line, "overlap")
    return act_page(
        request,
        Act(
            gettext("Accept the earlier secret no longer"),
            gettext("From now on only the present secret proves what the provider delivers. What it still signs with the earlier one is refused; it delivers that again later."),
            gettext("End it now"),
            danger=True,
        ),
        back=reverse("office:line", args=[line.id]),
        subject=_shown(line, None, request).name,
        tab="channels",
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE, weighty=True)
def template_form(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Register a template as the provider has approved it, change the one of its name and language, or take it off the list."""
    request.rights.require(MANAGE)
    line = line_here(line_id, request)
    there = _template(line, request.GET.get("name", ""), request.GET.get("language", ""))
    entered = {"name": there.name, "language": there.language, "body": there.body} if there else {}
    active, error = True, None
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:BODY_ENTERED_MAX] for name in ("name", "language", "body")}
        entered["body"] = entered["body"].replace("\r\n", "\n")
        active = "active" in request.POST
        try:
            channels.register_template(
                line_id=line.id,
                name=entered["name"].strip(),
                language=entered["language"].strip(),
                body=entered["body"],
                active=active,
                by=request.author,
                reason=reason_of(request),
            )
        except RaseedError as refused:
            error = refused
        else:
            return _back(line, "template")
    return render(
        request,
        "office/line_template.html",
        status=status_of(error),
        tab="channels",
        one=_shown(line, None, request),
        entered=entered,
        active=active,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("name", "language", "body", "reason")),
    )


def _template(line: channels.Line, name: str, language: str) -> channels.TemplateShape | None:
    there = channels.templates(line.id) if name else []
    return next((each for each in there if (each.name, each.language) == (name, language)), None)

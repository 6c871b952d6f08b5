"""What providers delivered and nobody could read: the list without content, its content for a reason, another try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.channels import api as channels
from raseed.channels.api import ItemKind
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.web.desk.words import channel_words
from raseed.web.office.forms import ENTERED_MAX, Act, act_page
from raseed.web.office.naming import SHORT_ID, name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .lines import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http.response import HttpResponseBase

VIEW: Final = channels.ITEMS_VIEW
REPLAY: Final = channels.ITEMS_REPLAY
PAGE: Final = 50
KIND_WORDS: Final = {
    ItemKind.MESSAGE: mark("Message of a customer"),
    ItemKind.STATUS: mark("What became of a message"),
    ItemKind.ECHO: mark("Written elsewhere"),
    ItemKind.OTHER: mark("Something else"),
    ItemKind.UNREADABLE: mark("Could not be read"),
}
PROBLEM_WORDS: Final = {
    "number_unknown": mark("Written to a number that is no line of ours: register the line, then try again."),
    "not_json": mark("It is no JSON."),
    "unreadable": mark("It has not the shape that the provider describes."),
}


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item in words. ``problem`` is the package's own word where there are no better ones."""

    item: channels.Item
    short: str
    line: str
    channel: str
    kind: str
    words: str
    problem: str


def _shown(item: channels.Item, lines: Mapping[UUID, channels.Line], language: str) -> ShownItem:
    line = lines.get(item.line_id)
    words = gettext(PROBLEM_WORDS[item.problem]) if item.problem in PROBLEM_WORDS else ""
    return ShownItem(
        item,
        item.id.hex[-SHORT_ID:].upper(),
        (name_in(line.names, language) or line.address) if line else "",
        channel_words(item.channel.value),
        gettext(KIND_WORDS[item.kind]),
        words,
        item.problem,
    )


@require_safe
@staff_only(VIEW)
def item_list(request: StaffRequest) -> HttpResponseBase:
    """List what was set aside, the latest first, without its content."""
    request.rights.require(VIEW)
    here = request.institution.id
    try:
        before = parse_id(request.GET["before"]) if "before" in request.GET else None
    except InvalidId:
        before = None
    found = channels.set_aside(here, by=request.author, before=before, limit=PAGE + 1)
    lines = {each.id: each for each in channels.lines(here)}
    return render(
        request,
        "office/set_aside.html",
        tab="set-aside",
        items=[_shown(each, lines, request.reader.language) for each in found[:PAGE]],
        next=found[PAGE - 1].id if len(found) > PAGE else "",
        may_replay=request.rights.may(REPLAY),
        done=request.GET.get("done", ""),
    )


def _item(item_id: UUID, request: StaffRequest) -> channels.Item:
    """Return an item that was set aside here: the first of those up to its own id is that one.

    Raises:
        ItemUnknown: it is not there, was tried again since, or is another institution's.
    """
    after = UUID(int=min(item_id.int + 1, (1 << 128) - 1))
    found = channels.set_aside(request.institution.id, by=request.author, before=after, limit=1)
    if not found or found[0].id != item_id:
        raise channels.ItemUnknown(field="item_id")
    return found[0]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(REPLAY, weighty=True)
def look(request: StaffRequest, item_id: UUID) -> HttpResponseBase:
    """Ask why the content is looked at, and show it once; that it was is in the audit trail."""
    request.rights.require(REPLAY)
    item = _item(item_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            content = channels.item_content(item_id, by=request.author, reason=reason_of(request))
        except RaseedError as refused:
            error = refused
        else:
            lines = {each.id: each for each in channels.lines(request.institution.id)}
            return render(
                request,
                "office/set_aside_look.html",
                tab="set-aside",
                one=_shown(item, lines, request.reader.language),
                content=content,
                may_replay=True,
            )
    what = gettext("It may hold what a customer wrote. That you looked, and why, stands in the audit trail.")
    return _asked(request, item, Act(gettext("Look at the content"), what, gettext("Look at it")), error)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(REPLAY, weighty=True)
def replay(request: StaffRequest, item_id: UUID) -> HttpResponseBase:
    """Ask why an item is tried again, and have it tried."""
    request.rights.require(REPLAY)
    item = _item(item_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            channels.replay_item(item_id, by=request.author, reason=reason_of(request))
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:set-aside") + "?done=replay", status=303)
    what = gettext(
        "It is read anew, as if it had just come in. What was taken in already is not taken in twice; what still can't be read is set aside again."
    )
    return _asked(request, item, Act(gettext("Try it again"), what, gettext("Try it again")), error)


def _asked(request: StaffRequest, item: channels.Item, words: Act, error: RaseedError | None) -> HttpResponseBase:
    return act_page(
        request,
        words,
        back=reverse("office:set-aside"),
        subject=f"{gettext(KIND_WORDS[item.kind])} · {item.id.hex[-SHORT_ID:].upper()}",
        tab="set-aside",
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        error=error,
    )

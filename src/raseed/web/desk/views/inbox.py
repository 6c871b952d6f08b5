"""The inbox."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.care import api as care
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.web.desk.contacting import contact_lines
from raseed.web.desk.listing import Asked, asked_of, listed
from raseed.web.desk.live import care_changes, told_before
from raseed.web.desk.talking import VIEW, WORK
from raseed.web.desk.words import CHANNEL_WORDS
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

DONE: Final = {
    "closed": mark("Closed. It is in the list of closed ones."),
    "returned": mark("Returned to the queue: somebody else answers for it now."),
    "assigned": mark("Assigned."),
    "team": mark("Given to the other team, which answers for it now."),
    "logged": mark("Written down."),
}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another page of the desk, with how many things wait there."""

    words: str
    address: str
    count: int = 0


def elsewhere(request: StaffRequest) -> list[Elsewhere]:
    """Return the other pages of the desk."""
    waiting = care.unfiled_count(request.institution.id, by=request.author)
    pages = []
    if request.rights.may(WORK) and contact_lines(request):
        pages.append(Elsewhere(gettext("Write down a call or a visit"), reverse("office:contact")))
    pages += [
        Elsewhere(gettext("Cases"), reverse("office:cases")),
        Elsewhere(gettext("Papers without a case"), reverse("office:unfiled"), waiting),
    ]
    if request.rights.may("care.authority.ask"):
        pages.append(Elsewhere(gettext("What was asked for customers"), reverse("office:requests")))
    if request.rights.may("care.lines.route"):
        pages.append(Elsewhere(gettext("Teams of lines"), reverse("office:desk-lines")))
    if request.rights.may("care.gaps.view"):
        pages.append(Elsewhere(gettext("Questions without an answer"), reverse("office:questions")))
        pages.append(Elsewhere(gettext("Known answers"), reverse("office:known-answers")))
    return pages


@require_safe
@staff_only(VIEW)
def inbox(request: StaffRequest) -> HttpResponseBase:
    """Show the inbox: the first list in which there is work, or the one that the address names."""
    request.rights.require(VIEW)
    asked, told = asked_of(request), told_before()
    return render(
        request,
        "desk/inbox.html",
        tab="inbox",
        box=asked.box.value,
        channel=asked.channel,
        channels=[(value, gettext(words)) for value, words in CHANNEL_WORDS.items()],
        q=asked.q,
        tag=asked.tag,
        tags=[each.name for each in care.tags(request.institution.id, by=request.author)],
        elsewhere=elsewhere(request),
        care_changes=care_changes(request),
        care_told=told,
        done=gettext(DONE[request.GET["done"]]) if request.GET.get("done") in DONE else "",
        **listed(request, asked),
    )


@require_safe
@staff_only(VIEW)
def inbox_list(request: StaffRequest) -> HttpResponseBase:
    """Give the list alone, for a page that heard that something changed; nothing where it is as it was."""
    request.rights.require(VIEW)
    current: UUID | None = None
    with suppress(InvalidId):
        current = parse_id(request.GET.get("current", ""))
    shown = listed(request, Asked.of(request), current=current)
    if shown["list_seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "desk/parts/list.html", **shown)

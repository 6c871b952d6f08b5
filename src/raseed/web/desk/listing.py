"""The inbox as it stands on a page: lists with their counts, and a row for each conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext

from raseed.care import api as care
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import InvalidId, parse_id
from raseed.people import api as people
from raseed.web.office.naming import name_in

from .words import CHANNEL_WORDS, Due, channel_words, due_of, next_due

if TYPE_CHECKING:
    from raseed.web.office.requests import StaffRequest

ROWS_PER_PAGE: Final = 50
TYPED_MAX: Final = 120
SEE_CUSTOMERS: Final = "people.customers.view"
SHOWN_BOXES: Final = (
    care.Box.MINE,
    care.Box.TEAM,
    care.Box.UNASSIGNED,
    care.Box.UNANSWERED,
    care.Box.BREACHED,
    care.Box.WAITING,
    care.Box.OPEN,
    care.Box.CLOSED,
)


WORK_FIRST: Final = (care.Box.MINE, care.Box.TEAM, care.Box.UNASSIGNED)
"""Where the desk opens: the first of these that is not empty."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which list is wanted, as the address tells it: nothing in it names anybody but what was typed to search."""

    box: care.Box
    channel: str = ""
    q: str = ""
    before: str = ""
    tag: str = ""
    team: str = ""
    whose: str = ""

    @classmethod
    def of(cls, request: StaffRequest, *, otherwise: care.Box = care.Box.MINE) -> Asked:
        """Read it from the address."""
        box, channel = request.GET.get("box", ""), request.GET.get("channel", "")
        return cls(
            care.Box(box) if box in set(care.Box) else otherwise,
            channel if channel in CHANNEL_WORDS else "",
            " ".join(request.GET.get("q", "")[:TYPED_MAX].split()),
            request.GET.get("before", "")[:TYPED_MAX * 4],
            request.GET.get("tag", "")[:TYPED_MAX],
            _id_text(request.GET.get("team", "")),
            _id_text(request.GET.get("whose", "")),
        )  # fmt: skip

    def query(self, **others: str) -> str:
        """Return it for an address, with some of it replaced."""
        now = {
            "box": self.box.value,
            "channel": self.channel,
            "q": self.q,
            "tag": self.tag,
            "team": self.team,
            "whose": self.whose,
        } | others
        return urlencode({name: value for name, value in now.items() if value})


def _id_text(text: str) -> str:
    """Return an id that stands in the address, or nothing where it is none."""
    try:
        return str(parse_id(text[:TYPED_MAX])) if text else ""
    except InvalidId:
        return ""


@dataclass(frozen=True, slots=True)
class ShownBox:
    """A list by its name, with how many are in it."""

    words: str
    address: str
    current: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in the list. ``when`` is its last message: the hour of today, the day before that."""

    mark: str
    address: str
    name: str
    snippet: str
    channel: str
    whose: str
    unanswered: int
    when: str
    due: Due | None
    writing: str
    current: bool
    lost: str = ""


def asked_of(request: StaffRequest) -> Asked:
    """Return which list is wanted; where the address names none, the first in which there is work: mine, my team's, nobody's."""
    asked = Asked.of(request)
    if request.GET.get("box") or asked.q:
        return asked
    counts = care.counts(request.institution.id, by=request.author)
    return replace(asked, box=next((each for each in WORK_FIRST if counts.get(each)), care.Box.MINE))


def listed(request: StaffRequest, asked: Asked, *, current: UUID | None = None) -> dict[str, Any]:
    """Return what the list's part of a page shows."""
    page = care.conversations(
        institution_id=request.institution.id,
        by=request.author,
        wanted=care.Inbox(
            box=asked.box,
            channel=asked.channel or None,
            search=asked.q,
            tag=asked.tag,
            team_id=UUID(asked.team) if asked.team else None,
            accountable=UUID(asked.whose) if asked.whose else None,
        ),
        before=asked.before or None,
        limit=ROWS_PER_PAGE,
    )
    counts = care.counts(request.institution.id, by=request.author)
    boxes = [_box(each, asked, counts) for each in SHOWN_BOXES]
    rows = shown_rows(request, page.conversations, asked, current)
    here = asked.query() + (f"&current={current}" if current else "")
    return {
        "boxes": boxes,
        "narrowed": narrowed_to(request, asked),
        "rows": rows,
        "list_next": f"{reverse('office:inbox')}?{asked.query(before=page.next)}" if page.next else "",
        "list_address": f"{reverse('office:inbox-list')}?{here}",
        "list_seen": care.digest_of(boxes, rows),
    }


def narrowed_to(request: StaffRequest, asked: Asked) -> str:
    """Return whose conversations alone are shown, in words; nothing where it is everybody's."""
    found = []
    if asked.team:
        names = {str(each.id): each.names for each in care.duty.teams(request.institution.id)}
        found.append(name_in(names.get(asked.team, {}), request.reader.language))
    if asked.whose:
        found += staff_names(request, [UUID(asked.whose)]).values()
    return " · ".join(each for each in found if each)


def _box(box: care.Box, asked: Asked, counts: Mapping[care.Box, int]) -> ShownBox:
    address = f"{reverse('office:inbox')}?{urlencode({'box': box.value})}"
    count = None if box is care.Box.CLOSED else counts.get(box)
    return ShownBox(
        gettext(care.BOX_WORDS[box]), address, box is asked.box and not (asked.q or asked.team or asked.whose), count
    )


def shown_rows(
    request: StaffRequest, found: Sequence[care.Conversation], asked: Asked, current: UUID | None
) -> list[Row]:
    """Return conversations as rows; names, time limits and who is writing are looked up for all at once."""
    now, ids = SYSTEM_CLOCK.now(), [each.id for each in found]
    names = customer_names(request, [each.customer_id for each in found if each.customer_id])
    staff = staff_names(request, [each.assignee or each.accountable for each in found])
    clocks = care.clocks_of(ids, at=now) if ids else {}
    here = care.who_is_here(ids) if ids else {}
    lost = care.not_arrived(ids) if ids else {}
    rows = []
    for each in found:
        due_at = next_due(clocks.get(each.id, ()))
        rows.append(
            Row(
                mark=f"c{each.id}",
                address=f"{address_of(each.id)}?{asked.query()}",
                name=names.get(each.customer_id or each.id) or each.name or gettext("Somebody unknown"),
                snippet=each.snippet,
                channel=channel_words(each.channel),
                whose=staff.get(each.assignee or each.accountable, ""),
                unanswered=each.unanswered,
                when=when_text(each.last_at, now, request),
                due=due_of(due_at, now, request.reader) if due_at and each.unanswered_since else None,
                writing=writing_text(request, here.get(each.id, ())),
                current=each.id == current,
                lost=gettext("answer did not arrive") if each.id in lost else "",
            )
        )
    return rows


def address_of(conversation_id: UUID) -> str:
    """Return where a conversation is."""
    return reverse("office:conversation", args=[conversation_id])


def customer_names(request: StaffRequest, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return customers' names: in full for who may see customers, masked for others."""
    shown = people.display_name if request.rights.may(SEE_CUSTOMERS) else people.masked_name
    return {id_: shown(one, request.reader.language) for id_, one in people.customers(set(ids)).items()}


def staff_names(request: StaffRequest, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return colleagues' names, asked for all at once."""
    found = people.staff_by_id(ids)
    return {id_: name_in(one.names, request.reader.language) for id_, one in found.items()}


def when_text(at: datetime, now: datetime, request: StaffRequest) -> str:
    """Return an instant for a list: its hour if it is of today, else its day."""
    zone = ZoneInfo(request.institution.zone)
    if at.astimezone(zone).date() == now.astimezone(zone).date():
        return request.reader.time(at, zone=request.institution.zone)
    return request.reader.day_month(at.astimezone(zone).date(), country=request.institution.country)


def writing_text(request: StaffRequest, here: Iterable[care.Presence]) -> str:
    """Say which colleague is writing an answer, if one is."""
    others = [each for each in here if each.staff_id != request.staff.id and each.typing]
    if not others:
        return ""
    names = staff_names(request, [others[0].staff_id])
    return gettext("%(who)s is writing") % {"who": names.get(others[0].staff_id, "")}

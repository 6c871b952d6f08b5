"""A conversation as it stands on a page: its head, its entries, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.web.office.naming import name_in

from .files import ShownFile, sent_file, shown_files
from .listing import SEE_CUSTOMERS, address_of, customer_names, staff_names, writing_text
from .words import (
    BAD_DELIVERIES,
    PROOF_LOOKS,
    PROOF_WORDS,
    TICKS,
    Due,
    channel_words,
    delivery_words,
    due_of,
    lost_words,
    next_due,
)

if TYPE_CHECKING:
    from raseed.web.office.requests import StaffRequest

VIEW: Final = "care.conversations.view"
WORK: Final = "care.conversations.work"
ASSIGN: Final = "care.conversations.assign"
ENTRIES_PER_PAGE: Final = 50
STATE_LOOKS: Final = {
    care.ConversationState.OPEN: "warn",
    care.ConversationState.WAITING: "good",
    care.ConversationState.CLOSED: "",
}
PROVEN: Final = "proven"
COLLEAGUES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class ShownClock:
    """A time limit with what it is for."""

    name: str
    due_at: datetime | None
    due: Due | None
    paused: str


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One line of the conversation. ``look``: in, out, note or happened."""

    id: UUID
    position: int
    look: str
    label: str
    who: str
    text: str
    at: datetime
    words: str = ""
    delivery: str = ""
    delivery_look: str = ""
    ticks: str = ""
    reason: str = ""
    retry: str = ""
    files: tuple[ShownFile, ...] = ()
    late: bool = False
    fresh: bool = False
    checked: str = ""
    overridden: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """The head of a conversation."""

    conversation: care.Conversation = field(repr=False)
    address: str
    name: str
    channel: str
    person: str
    person_address: str
    proof_words: str
    proof_look: str
    state_words: str
    state_look: str
    accountable: str
    assignee: str
    due: Due | None
    clocks: tuple[ShownClock, ...]
    case: str
    case_address: str
    tags: tuple[str, ...]
    asks_proof: bool
    proof_says: str
    possible: tuple[tuple[str, str], ...]
    may_ask_code: bool
    proof_asked: bool
    team: str = ""
    lost: str = ""

    @property
    def id(self) -> UUID:
        """The conversation's id."""
        return self.conversation.id

    @property
    def is_proven(self) -> bool:
        """Whether facts about the customer may be told."""
        return self.conversation.proof == PROVEN


def talk_of(request: StaffRequest, one: care.Conversation) -> Talk:
    """Return the head of a conversation."""
    now = SYSTEM_CLOCK.now()
    customers = customer_names(request, [one.customer_id] if one.customer_id else [])
    person = customers.get(one.customer_id, "") if one.customer_id else ""
    staff = staff_names(request, [each for each in (one.accountable, one.assignee) if each])
    clocks = care.clocks_of([one.id], at=now).get(one.id, ())
    due_at = next_due(clocks)
    case = care.case(one.case_id, by=request.author) if one.case_id else None
    asks = one.proof != PROVEN
    possible = care.possible_customers(one.id, by=request.author) if asks and one.customer_id is None else []
    named = customer_names(request, possible)
    linked = one.customer_id is not None and request.rights.may(SEE_CUSTOMERS, one.institution_id)
    return Talk(
        conversation=one,
        address=address_of(one.id),
        name=one.name or person or gettext("Somebody unknown"),
        channel=channel_words(one.channel),
        person=person,
        person_address=reverse("office:person", args=[one.customer_id]) if linked else "",
        proof_words=gettext(PROOF_WORDS.get(one.proof, one.proof)),
        proof_look=PROOF_LOOKS.get(one.proof, "bad"),
        state_words=gettext(care.CONVERSATION_STATE_WORDS[one.state]),
        state_look=STATE_LOOKS[one.state],
        accountable=staff.get(one.accountable, ""),
        assignee=staff.get(one.assignee, "") if one.assignee else "",
        due=due_of(due_at, now, request.reader) if due_at and one.unanswered_since else None,
        clocks=tuple(_clock(each, now, request) for each in clocks if each.stopped_at is None),
        case=case.reference if case else "",
        case_address=reverse("office:case", args=[case.id]) if case else "",
        tags=one.tags,
        asks_proof=asks,
        proof_says=_proof_says(one),
        possible=tuple((str(id_), named.get(id_, str(id_)[-8:])) for id_ in possible),
        may_ask_code=asks and one.customer_id is not None,
        proof_asked=one.proof_asked,
        team=_team(request, one),
        lost=lost_words(care.not_arrived([one.id]).get(one.id)),
    )  # fmt: skip


def _team(request: StaffRequest, one: care.Conversation) -> str:
    """Return the team's name, where there is more than one."""
    teams = teams_of(request, one.institution_id)
    return dict(teams).get(str(one.team_id), "") if len(teams) > 1 else ""


def _proof_says(one: care.Conversation) -> str:
    if one.proof_asked:
        return gettext(
            "A code is on its way to the number on record. Until it is told here, no fact about an account may be."
        )
    if one.customer_id is None:
        return gettext("Nobody knows yet which customer this is. No fact about an account may be told.")
    return gettext("The sender has not proven to be this customer. Until then no fact about an account may be told.")


def _clock(one: care.RunningClock, now: datetime, request: StaffRequest) -> ShownClock:
    return ShownClock(
        name=gettext(care.CLOCK_KIND_WORDS[one.kind]),
        due_at=one.due_at,
        due=due_of(one.due_at, now, request.reader) if one.due_at else None,
        paused=gettext(care.PAUSE_WORDS[one.paused]) if one.paused else "",
    )


def thread_of(
    request: StaffRequest, one: care.Conversation, *, before: str | None = None, fresh_after: int | None = None
) -> dict[str, Any]:
    """Return the entries of a conversation; those after ``fresh_after`` are marked as new."""
    page = care.entries(one.id, by=request.author, before=before, limit=ENTRIES_PER_PAGE)
    names = _actors(request, page.entries)
    outgoing = channels.outgoing(
        [each.message_id for each in page.entries if each.kind is care.EntryKind.OUT and each.message_id]
    )
    shown = [_entry(request, one, each, names, outgoing, fresh_after) for each in page.entries]
    return {
        "entries": shown,
        "older": f"{address_of(one.id)}?before={page.before}" if page.before else "",
        "thread_seen": care.digest_of(shown),
        "position": max((each.position for each in page.entries), default=0) if fresh_after is None else fresh_after,
    }


def _actors(request: StaffRequest, entries: Iterable[care.Entry]) -> dict[str, str]:
    ids = {}
    for each in entries:
        kind, _, text = each.actor.partition(":")
        if kind == "staff":
            ids[each.actor] = UUID(text)
    names = staff_names(request, ids.values())
    return {actor: names.get(id_, "") for actor, id_ in ids.items()}


def _entry(
    request: StaffRequest,
    talk: care.Conversation,
    one: care.Entry,
    names: Mapping[str, str],
    outgoing: Mapping[UUID, channels.OutgoingMessage],
    fresh_after: int | None,
) -> ShownEntry:
    fresh = fresh_after is not None and one.position > fresh_after and one.actor != request.author.actor
    who = names.get(one.actor, "")
    if one.kind is care.EntryKind.EVENT:
        words = gettext(care.EVENT_WORDS[one.event]) if one.event else ""
        return ShownEntry(one.id, one.position, "happened", "", who, one.text, one.at, words=words)
    files = shown_files(request, talk.id, one.media)
    if one.kind is care.EntryKind.IN:
        return ShownEntry(
            one.id, one.position, "in", "", "", one.text, one.at, files=files, late=one.late, fresh=fresh
        )  # fmt: skip
    if one.kind is care.EntryKind.NOTE:
        return ShownEntry(one.id, one.position, "note", gettext("Note"), who, one.text, one.at, fresh=fresh)
    sent = outgoing.get(one.message_id) if one.message_id else None
    bad = one.delivery in BAD_DELIVERIES
    retry = reverse("office:entry-retry", args=[talk.id, one.id]) if one.may_retry and bad else ""
    count = len(one.facts)
    return ShownEntry(
        one.id, one.position, "out", gettext("We called") if one.details.get("called") == "us" else "", who, one.text, one.at,
        delivery=delivery_words(one.delivery), delivery_look=one.delivery or "",
        ticks=TICKS.get(one.delivery or "", ""),
        reason=gettext(sent.reason.sentence) if sent and sent.reason else one.reason,
        retry=retry, files=files or sent_file(sent.media_name if sent else ""), fresh=fresh,
        checked=gettext("facts checked: %(count)s") % {"count": request.reader.number(count)} if count else "",
        overridden=one.overridden,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that may be done with a conversation, with the key that does it."""

    verb: str
    words: str
    button: str
    key: str
    says: str = ""
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()
    tick: str = ""
    length_max: int = 500
    first: bool = False

    @property
    def asks(self) -> bool:
        """Whether something has to be said or chosen first."""
        return bool(self.says or self.options or self.tick)


def deeds_of(request: StaffRequest, one: care.Conversation) -> list[Deed]:
    """Return what this colleague may do with a conversation now."""
    why = gettext("Why, in a few words")
    note = Deed(
        "note",
        gettext("Note"),
        gettext("Keep the note"),
        "n",
        says=gettext("For colleagues; the customer never sees it"),
        length_max=4000,
    )
    if one.state is care.ConversationState.CLOSED:
        return [Deed("reopen", gettext("Open again"), gettext("Open again"), "o", says=why), note]
    found = []
    if one.assignee != request.staff.id:
        found.append(Deed("take", gettext("Take up"), "", "t", first=one.assignee is None))
    else:
        found.append(Deed("return", gettext("Return"), gettext("Return to the queue"), "u", says=why))
    found += _giving_away(request, one, why)
    found.append(note)
    found.append(
        Deed("close", gettext("Close"), gettext("Close"), "e", says=why, tick=gettext("There is nothing to answer"))
    )
    return found


def _giving_away(request: StaffRequest, one: care.Conversation, why: str) -> list[Deed]:
    """Return how a conversation may be given to somebody else: one's own by everybody, others' by who may assign."""
    mine, may = one.assignee == request.staff.id, request.rights.may(ASSIGN, one.institution_id)
    found = []
    if may or mine:
        options = tuple(each for each in colleagues(request, one.institution_id) if each[0] != str(one.assignee))
        if options:
            label = gettext("To whom")
            found.append(
                Deed("assign", gettext("Assign"), gettext("Assign"), "a", says=why, label=label, options=options)
            )
    teams = tuple(each for each in teams_of(request, one.institution_id) if each[0] != str(one.team_id))
    if teams and (may or mine or one.assignee is None):
        label, words = gettext("To which team"), gettext("Another team")
        found.append(Deed("team", words, gettext("Give it to this team"), "", says=why, label=label, options=teams))
    return found


def teams_of(request: StaffRequest, institution_id: UUID) -> list[tuple[str, str]]:
    """Return the teams of an institution, by name."""
    named = [
        (str(each.id), name_in(each.names, request.reader.language)) for each in care.duty.teams(institution_id)
    ]  # fmt: skip
    return sorted(named, key=lambda pair: pair[1])


def colleagues(request: StaffRequest, institution_id: UUID, permission: str = WORK) -> list[tuple[str, str]]:
    """Return those who may answer conversations at an institution, or do something else there, by name."""
    roles = {each.id for each in people.roles(institution_id) if permission in each.permissions}
    staff = people.staff_of(institution_id, limit=COLLEAGUES_MAX).staff
    those = [
        each
        for each in staff
        if each.state == people.StaffState.ACTIVE and any((institution_id, role) in each.grants for role in roles)
    ]
    named = [(str(each.id), name_in(each.names, request.reader.language)) for each in those]
    return sorted(named, key=lambda pair: pair[1])


__all__ = ["ASSIGN", "VIEW", "WORK", "Deed", "ShownEntry", "Talk", "deeds_of", "talk_of", "thread_of", "writing_text"]

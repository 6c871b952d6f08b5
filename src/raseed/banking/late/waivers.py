"""Waivers: days on which being late with an instalment costs nothing, for all loans, a product's, some customers' or some.

One person proposes a waiver and another confirms it (``people``); the system, as whoever relieves people in a crisis, gives
one by itself. Its days may lie behind: what was charged for them and is not paid is taken back with the next run; what is
paid stays paid, and counts for what grows later on the same instalment. Ended early, a waiver keeps the days until then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from .. import events
from ..errors import InvalidPenaltyWaiver, PenaltyWaiverEnded, PenaltyWaiverUnknown, ProductNotOffered
from ..permissions import CONFIRM_WAIVERS, PROPOSE_WAIVERS, VIEW
from ..queries import business_date, product, products_of
from ..sql import STATEMENTS, run
from .models import PenaltyWaiverRow
from .rules import check_loan_product
from .states import WaiverScope, WaiverState

WAIVERS: Final = "banking.loan_waivers"
LANGUAGES: Final = frozenset({"ar", "he", "en"})
MEMBERS_MAX: Final = 100_000
"""For how many customers or loans one waiver may be, that is not for everyone."""
DAYS_MAX: Final = 3_660
NAME_LENGTH_MAX: Final = 80
WAIVERS_PER_PAGE: Final = 50
SCOPE_WORDS: Final = {
    WaiverScope.EVERYONE: mark("All customers"),
    WaiverScope.CUSTOMERS: mark("Customers"),
    WaiverScope.LOANS: mark("Loans"),
}
_COVERS: Final = mark("Days on which being late costs nothing")
_FOR: Final = mark("For")
_OF: Final = mark("Of")
_ALL_PRODUCTS: Final = mark("All loans of the institution")
_NAME: Final = mark("What customers see it called")


@dataclass(frozen=True, slots=True)
class NewPenaltyWaiver:
    """A waiver to be given.

    Attributes:
        names: what customers see it called, by language; one at least.
        first_day, last_day: the days that it covers, both of them too; they may lie behind.
        product_id: of which loans; ``None``: of all products of the institution.
        scope: for whom; ``member_ids`` are those customers or loans, none for everyone.
    """

    id: UUID
    institution_id: UUID
    names: Mapping[str, str]
    first_day: date
    last_day: date
    product_id: UUID | None = None
    scope: WaiverScope = WaiverScope.EVERYONE
    member_ids: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class PenaltyWaiver:
    """A waiver, as ``NewPenaltyWaiver``; who made it and why.

    Attributes:
        members: for how many customers or loans it is; none for everyone.
        confirmed_by: empty where the system gave it.
        ended_on: the last day that it covers where it was ended early.
    """

    id: UUID
    institution_id: UUID
    product_id: UUID | None
    scope: WaiverScope
    members: int
    names: Mapping[str, str]
    first_day: date
    last_day: date
    reason: str
    state: WaiverState
    made_by: str
    made_at: datetime
    confirmed_by: str = ""
    ended_on: date | None = None
    ended_by: str = ""
    end_reason: str = ""

    @property
    def covers_until(self) -> date:
        """The last day that it covers."""
        return self.last_day if self.ended_on is None else min(self.last_day, self.ended_on)

    def name(self, language: str) -> str:
        """Return its name in a language, or in the first that it has one in."""
        return self.names.get(language) or next(iter(self.names.values()))


def propose_penalty_waiver(new: NewPenaltyWaiver, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Change:
    """Propose a waiver, for a second person to confirm; the change has the waiver's id. A repeat: the first answer.

    Raises:
        NotPermitted: ``by`` lacks ``banking.waivers.propose``. UnacceptableText, ProductNotOffered.
        InvalidPenaltyWaiver: it ends before it begins, is for nobody or for too many, or for customers who are none.
        SameIdOtherContent: the id came before with other content. As ``people.propose_change``.
    """
    people.require(by, PROPOSE_WAIVERS, new.institution_id)
    with transaction.atomic():
        row = _kept(new, people.clean_reason(reason), by, WaiverState.PROPOSED, clock)
        return people.propose_change(
            id=row.id,
            kind=WAIVERS,
            institution_id=row.institution_id,
            subject=f"loan_waiver:{row.id}",
            payload=_facts(row),
            reason=row.reason,
            by=by,
            clock=clock,
        )


def give_penalty_waiver(
    new: NewPenaltyWaiver, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK
) -> PenaltyWaiver:
    """Give a waiver as the system: for relief that the institution's own rules have released. A repeat: the first answer.

    Raises:
        SecondPersonNeeded: ``by`` is a person: people propose it. As ``propose_penalty_waiver``.
    """
    if by is not people.SYSTEM:
        raise people.SecondPersonNeeded
    with transaction.atomic():
        known = PenaltyWaiverRow.objects.filter(id=new.id).exists()
        row = _kept(new, people.clean_reason(reason), by, WaiverState.ACTIVE, clock)
        if not known:
            platform.record(
                actor=by.actor,
                action="banking.loan_waiver_given",
                subject=f"loan_waiver:{row.id}",
                after=_facts(row),
                reason=row.reason,
                institution_id=row.institution_id,
                clock=clock,
            )
            _tell(events.LOAN_WAIVER_GIVEN, row, clock)
    return _waiver(row)


def end_penalty_waiver(waiver_id: UUID, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> PenaltyWaiver:
    """End a waiver early: from tomorrow on it covers nothing more; the days until today stay covered.

    Raises:
        PenaltyWaiverUnknown. NotPermitted: ``by`` lacks ``banking.waivers.confirm``. UnacceptableText.
        PenaltyWaiverEnded: it is not in force any more, or was never confirmed.
    """
    with transaction.atomic():
        row = PenaltyWaiverRow.objects.select_for_update().filter(id=waiver_id).first()
        if row is None:
            raise PenaltyWaiverUnknown(field="waiver_id")
        people.require(by, CONFIRM_WAIVERS, row.institution_id)
        said, today = people.clean_reason(reason), business_date(row.institution_id, clock.now())
        if row.state != WaiverState.ACTIVE.value or row.ended_on is not None or row.last_day < today:
            raise PenaltyWaiverEnded
        row.ended_on, row.ended_by, row.end_reason, row.changed_at = today, by.actor, said, clock.now()
        row.save(update_fields=["ended_on", "ended_by", "end_reason", "changed_at"])
        platform.record(
            actor=by.actor,
            action="banking.loan_waiver_ended",
            subject=f"loan_waiver:{row.id}",
            before={"last_day": row.last_day.isoformat()},
            after={"last_day": today.isoformat()},
            reason=said,
            institution_id=row.institution_id,
            clock=clock,
        )
        _tell(events.LOAN_WAIVER_ENDED, row, clock)
    return _waiver(row)


def penalty_waivers(institution_id: UUID, *, by: Author, limit: int = WAIVERS_PER_PAGE) -> list[PenaltyWaiver]:
    """Return the waivers of an institution, the latest first, proposed ones too.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.view``.
    """
    people.require(by, VIEW, institution_id)
    rows = PenaltyWaiverRow.objects.filter(institution_id=institution_id).order_by("-made_at", "-id")
    return [_waiver(row) for row in rows[: min(max(limit, 1), WAIVERS_PER_PAGE)]]


def penalty_waivers_by_id(waiver_ids: Iterable[UUID | None]) -> dict[UUID, PenaltyWaiver]:
    """Return those waivers that exist: to name what was waived."""
    wanted = {id_ for id_ in waiver_ids if id_ is not None}
    return {row.id: _waiver(row) for row in PenaltyWaiverRow.objects.filter(id__in=wanted)} if wanted else {}


def _kept(new: NewPenaltyWaiver, reason: str, by: Author, state: WaiverState, clock: Clock) -> PenaltyWaiverRow:
    """Keep a waiver with those that it is for, all at once; one that is there must be the same."""
    row = _row(new, reason, by, state, clock)
    there = PenaltyWaiverRow.objects.filter(id=row.id).first()
    if there is None:
        ids = _members(new)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                if ids:
                    run(STATEMENTS["add_waiver_members"], {"waiver": row.id, "ids": ids})
        except IntegrityError:
            there = PenaltyWaiverRow.objects.filter(id=row.id).first()
            if there is None:
                raise
    if there is not None and _content(there) != _content(row):
        raise platform.SameIdOtherContent(field="id")
    return there or row


def _row(new: NewPenaltyWaiver, reason: str, by: Author, state: WaiverState, clock: Clock) -> PenaltyWaiverRow:
    if new.last_day < new.first_day or (new.last_day - new.first_day).days > DAYS_MAX:
        raise InvalidPenaltyWaiver(field="last_day")
    names = {
        language: clean_text(name, field="names", length_max=NAME_LENGTH_MAX)
        for language, name in new.names.items()
        if name.strip()
    }
    if not names or not set(names) <= LANGUAGES:
        raise InvalidPenaltyWaiver(field="names")
    if new.product_id is not None:
        of = next((each for each in products_of(new.institution_id) if each.id == new.product_id), None)
        if of is None:
            raise ProductNotOffered(field="product_id")
        check_loan_product(of)
    ids = sorted(set(new.member_ids))
    if (not ids) is not (new.scope is WaiverScope.EVERYONE) or len(ids) > MEMBERS_MAX:
        raise InvalidPenaltyWaiver(field="member_ids")
    return PenaltyWaiverRow(
        id=new.id,
        institution_id=new.institution_id,
        product_id=new.product_id,
        scope=new.scope.value,
        members=len(ids),
        digest=hashlib.sha256(b"".join(each.bytes for each in ids)).hexdigest(),
        names=names,
        first_day=new.first_day,
        last_day=new.last_day,
        reason=reason,
        state=state.value,
        made_by=by.actor,
        made_at=clock.now(),
        changed_at=clock.now(),
    )


def _members(new: NewPenaltyWaiver) -> list[UUID]:
    """Return for whom a waiver is, each once, if all of them are customers, or loans that it can be for."""
    ids = sorted(set(new.member_ids))
    if new.scope is WaiverScope.LOANS:
        asked = {"ids": ids, "institution": new.institution_id, "product": new.product_id}
        known = run(STATEMENTS["loans_among"], asked)[0][0]
    else:
        known = len(people.customers(ids))
    if known < len(ids):
        raise InvalidPenaltyWaiver(field="member_ids")
    return ids


def _content(row: PenaltyWaiverRow) -> tuple[object, ...]:
    return (
        row.institution_id, row.product_id, row.scope, row.members, row.digest, row.names, row.first_day, row.last_day,
        row.reason, row.made_by,
    )  # fmt: skip


def _facts(row: PenaltyWaiverRow) -> dict[str, str | int | None]:
    return {
        "product": None if row.product_id is None else str(row.product_id),
        "for": row.scope,
        "count": row.members,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
    }


def _tell(event: str, row: PenaltyWaiverRow, clock: Clock) -> None:
    platform.emit(event, {"waiver_id": str(row.id)}, institution_id=row.institution_id, clock=clock)


def _waiver(row: PenaltyWaiverRow) -> PenaltyWaiver:
    return PenaltyWaiver(
        row.id, row.institution_id, row.product_id, WaiverScope(row.scope), row.members, row.names,
        row.first_day, row.last_day, row.reason, WaiverState(row.state), row.made_by, row.made_at, row.confirmed_by,
        row.ended_on, row.ended_by, row.end_reason,
    )  # fmt: skip


def _of_change(change: Change) -> PenaltyWaiverRow:
    """Return the waiver that a change is about, which is kept already: it must be the institution's, and be so."""
    row = PenaltyWaiverRow.objects.filter(id=change.id, institution_id=change.institution_id).first()
    if row is None or change.subject != f"loan_waiver:{row.id}" or dict(change.payload) != _facts(row):
        raise PenaltyWaiverUnknown(field="subject")
    return row


def _check(change: Change) -> None:
    _of_change(change)


def _current(change: Change) -> AuditFacts:
    return {"state": _of_change(change).state}


def _apply(change: Change) -> None:
    """Let a waiver count, once."""
    row = PenaltyWaiverRow.objects.select_for_update().get(id=_of_change(change).id)
    if row.state != WaiverState.PROPOSED.value:
        raise people.ChangeOutdated
    assert change.decided_at is not None, "what is applied was decided"
    row.state, row.confirmed_by, row.changed_at = WaiverState.ACTIVE.value, change.decided_by, change.decided_at
    row.save(update_fields=["state", "confirmed_by", "changed_at"])
    _tell(events.LOAN_WAIVER_GIVEN, row, ManualClock(change.decided_at))


def _described(change: Change, language: str) -> list[ChangeLine]:
    row = _of_change(change)
    country = people.institution(row.institution_id).country
    with override(language):
        first, last = (platform.date_text(day, language, country=country) for day in (row.first_day, row.last_day))
        of = product(row.product_id).name(language) if row.product_id else gettext(_ALL_PRODUCTS)
        whom = gettext(SCOPE_WORDS[WaiverScope(row.scope)])
        if row.members:
            whom = f"{whom}: {platform.number_text(row.members, language)}"
        return [
            ChangeLine(gettext(_NAME), "", _waiver(row).name(language)),
            ChangeLine(gettext(_COVERS), "", f"{first} – {last}"),
            ChangeLine(gettext(_OF), "", of),
            ChangeLine(gettext(_FOR), "", whom),
        ]


KIND: Final = ChangeKind(
    code=WAIVERS,
    words=mark("Waiver of late penalties of loans"),
    permission=PROPOSE_WAIVERS,
    confirm_permission=CONFIRM_WAIVERS,
    apply=_apply,
    describe=_described,
    current=_current,
    check=_check,
)

"""Waivers: days on which being late costs nothing, of a biller or of all of an institution's, for some or for everyone.

One person proposes a waiver and another confirms it (``people``); the system, as whoever relieves people in a crisis, gives
one by itself. Whoever pays has the waiver, whosever the bill is. Ended early, it keeps the days until then.
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

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from .. import events
from ..errors import BillerUnknown
from ..fields import LANGUAGES
from ..permissions import CONFIRM_WAIVERS, PROPOSE_WAIVERS, VIEW_BILLS
from ..queries import billers
from ..sql import run
from .errors import InvalidWaiver, WaiverEnded, WaiverUnknown
from .models import WaiverRow
from .states import WaiverState

WAIVERS: Final = "bills.waivers"
CUSTOMERS_MAX: Final = 100_000
"""For how many customers one waiver may be, that is not for everyone."""
DAYS_MAX: Final = 3_660
NAME_LENGTH_MAX: Final = 80
WAIVERS_PER_PAGE: Final = 50
_COVERS: Final = mark("Days on which being late costs nothing")
_FOR: Final = mark("For")
_OF: Final = mark("Billers")
_EVERYONE: Final = mark("All customers")
_ALL_BILLERS: Final = mark("All billers of the institution")
_NAME: Final = mark("Name on the receipt")


@dataclass(frozen=True, slots=True)
class NewWaiver:
    """A waiver to be given.

    Attributes:
        biller_id: whose penalties are waived; ``None``: of all billers of the institution.
        customer_ids: for whom; ``None``: for everyone.
        names: what it is called on receipts, by language; one at least.
        first_day, last_day: the days that it covers, both of them too.
    """

    id: UUID
    institution_id: UUID
    names: Mapping[str, str]
    first_day: date
    last_day: date
    biller_id: UUID | None = None
    customer_ids: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver, as ``NewWaiver``; who made it and why.

    Attributes:
        customers: for how many it is; ``None``: for everyone.
        confirmed_by: empty where the system gave it.
        ended_on: the last day that it covers where it was ended early.
    """

    id: UUID
    institution_id: UUID
    biller_id: UUID | None
    customers: int | None
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


def propose_waiver(new: NewWaiver, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Change:
    """Propose a waiver, for a second person to confirm; the change has the waiver's id. A repeat: the first answer.

    Raises:
        NotPermitted: ``by`` lacks ``bills.waivers.propose``. UnacceptableText, BillerUnknown.
        InvalidWaiver: it ends before it begins, is for nobody or for too many, or for customers who are none.
        SameIdOtherContent: the id came before with other content. As ``people.propose_change``.
    """
    people.require(by, PROPOSE_WAIVERS, new.institution_id)
    with transaction.atomic():
        row = _kept(new, people.clean_reason(reason), by, WaiverState.PROPOSED, clock)
        return people.propose_change(
            id=row.id,
            kind=WAIVERS,
            institution_id=row.institution_id,
            subject=f"waiver:{row.id}",
            payload=_facts(row),
            reason=row.reason,
            by=by,
            clock=clock,
        )


def give_waiver(new: NewWaiver, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Waiver:
    """Give a waiver as the system: for relief that the institution's own rules have released. A repeat: the first answer.

    Raises:
        SecondPersonNeeded: ``by`` is a person: people propose it. As ``propose_waiver``.
    """
    if by is not people.SYSTEM:
        raise people.SecondPersonNeeded
    with transaction.atomic():
        known = WaiverRow.objects.filter(id=new.id).exists()
        row = _kept(new, people.clean_reason(reason), by, WaiverState.ACTIVE, clock)
        if not known:
            platform.record(
                actor=by.actor,
                action="bills.waiver_given",
                subject=f"waiver:{row.id}",
                after=_facts(row),
                reason=row.reason,
                institution_id=row.institution_id,
                clock=clock,
            )
            _tell(events.WAIVER_GIVEN, row, clock)
    return _waiver(row)


def end_waiver(waiver_id: UUID, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Waiver:
    """End a waiver early: from tomorrow on it covers nothing more; the days until today stay covered.

    Raises:
        WaiverUnknown. NotPermitted: ``by`` lacks ``bills.waivers.confirm``. UnacceptableText.
        WaiverEnded: it is not in force any more, or was never confirmed.
    """
    with transaction.atomic():
        row = WaiverRow.objects.select_for_update().filter(id=waiver_id).first()
        if row is None:
            raise WaiverUnknown(field="waiver_id")
        people.require(by, CONFIRM_WAIVERS, row.institution_id)
        said, today = people.clean_reason(reason), banking.business_date(row.institution_id, clock.now())
        if row.state != WaiverState.ACTIVE.value or row.ended_on is not None or row.last_day < today:
            raise WaiverEnded
        row.ended_on, row.ended_by, row.end_reason = today, by.actor, said
        row.save(update_fields=["ended_on", "ended_by", "end_reason"])
        platform.record(
            actor=by.actor,
            action="bills.waiver_ended",
            subject=f"waiver:{row.id}",
            before={"last_day": row.last_day.isoformat()},
            after={"last_day": today.isoformat()},
            reason=said,
            institution_id=row.institution_id,
            clock=clock,
        )
        _tell(events.WAIVER_ENDED, row, clock)
    return _waiver(row)


def waivers(institution_id: UUID, *, by: Author, limit: int = WAIVERS_PER_PAGE) -> list[Waiver]:
    """Return the waivers of an institution, the latest first, proposed ones too.

    Raises:
        NotPermitted: ``by`` lacks ``bills.view``.
    """
    people.require(by, VIEW_BILLS, institution_id)
    rows = WaiverRow.objects.filter(institution_id=institution_id).order_by("-made_at", "-id")
    return [_waiver(row) for row in rows[: min(max(limit, 1), WAIVERS_PER_PAGE)]]


def waivers_by_id(waiver_ids: Iterable[UUID | None]) -> dict[UUID, Waiver]:
    """Return those waivers that exist: to name what was waived."""
    wanted = {id_ for id_ in waiver_ids if id_ is not None}
    return {row.id: _waiver(row) for row in WaiverRow.objects.filter(id__in=wanted)} if wanted else {}


def _kept(new: NewWaiver, reason: str, by: Author, state: WaiverState, clock: Clock) -> WaiverRow:
    """Keep a waiver with the customers that it is for, all at once; one that is there must be the same."""
    row = _row(new, reason, by, state, clock)
    there = WaiverRow.objects.filter(id=row.id).first()
    if there is None:
        ids = _customers(new)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                if ids:
                    run("add_waiver_customers", {"waiver": row.id, "ids": ids})
        except IntegrityError:
            there = WaiverRow.objects.filter(id=row.id).first()
            if there is None:
                raise
    if there is not None and _content(there) != _content(row):
        raise platform.SameIdOtherContent(field="id")
    return there or row


def _row(new: NewWaiver, reason: str, by: Author, state: WaiverState, clock: Clock) -> WaiverRow:
    if new.last_day < new.first_day or (new.last_day - new.first_day).days > DAYS_MAX:
        raise InvalidWaiver(field="last_day")
    names = {
        language: clean_text(name, field="names", length_max=NAME_LENGTH_MAX)
        for language, name in new.names.items()
        if name.strip()
    }
    if not names or not set(names) <= set(LANGUAGES):
        raise InvalidWaiver(field="names")
    if new.biller_id is not None:
        of = billers([new.biller_id]).get(new.biller_id)
        if of is None or of.institution_id != new.institution_id:
            raise BillerUnknown(field="biller_id")
    ids = None if new.customer_ids is None else sorted(set(new.customer_ids))
    if ids is not None and not 0 < len(ids) <= CUSTOMERS_MAX:
        raise InvalidWaiver(field="customer_ids")
    return WaiverRow(
        id=new.id,
        institution_id=new.institution_id,
        biller_id=new.biller_id,
        for_everyone=ids is None,
        customers=len(ids or ()),
        digest=hashlib.sha256(b"".join(each.bytes for each in ids or ())).hexdigest(),
        names=names,
        first_day=new.first_day,
        last_day=new.last_day,
        reason=reason,
        state=state.value,
        made_by=by.actor,
        made_at=clock.now(),
    )


def _customers(new: NewWaiver) -> list[UUID]:
    """Return whom a waiver is for, each once, if all of them are customers."""
    ids = sorted(set(new.customer_ids or ()))
    if len(people.customers(ids)) < len(ids):
        raise InvalidWaiver(field="customer_ids")
    return ids


def _content(row: WaiverRow) -> tuple[object, ...]:
    return (
        row.institution_id, row.biller_id, row.for_everyone, row.customers, row.digest, row.names, row.first_day,
        row.last_day, row.reason, row.made_by,
    )  # fmt: skip


def _facts(row: WaiverRow) -> dict[str, str | int | None]:
    return {
        "biller": None if row.biller_id is None else str(row.biller_id),
        "customers": None if row.for_everyone else row.customers,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
    }


def _tell(event: str, row: WaiverRow, clock: Clock) -> None:
    platform.emit(event, {"waiver_id": str(row.id)}, institution_id=row.institution_id, clock=clock)


def _waiver(row: WaiverRow) -> Waiver:
    return Waiver(
        row.id, row.institution_id, row.biller_id, None if row.for_everyone else row.customers, row.names,
        row.first_day, row.last_day, row.reason, WaiverState(row.state), row.made_by, row.made_at, row.confirmed_by,
        row.ended_on, row.ended_by, row.end_reason,
    )  # fmt: skip


def _of_change(change: Change) -> WaiverRow:
    """Return the waiver that a change is about, which is kept already: it must be the institution's, and be so."""
    row = WaiverRow.objects.filter(id=change.id, institution_id=change.institution_id).first()
    if row is None or change.subject != f"waiver:{row.id}" or dict(change.payload) != _facts(row):
        raise WaiverUnknown(field="subject")
    return row


def _check(change: Change) -> None:
    _of_change(change)


def _current(change: Change) -> AuditFacts:
    return {"state": _of_change(change).state}


def _apply(change: Change) -> None:
    """Let a waiver count, once."""
    row = WaiverRow.objects.select_for_update().get(id=_of_change(change).id)
    if row.state != WaiverState.PROPOSED.value:
        raise people.ChangeOutdated
    row.state, row.confirmed_by = WaiverState.ACTIVE.value, change.decided_by
    row.save(update_fields=["state", "confirmed_by"])
    assert change.decided_at is not None, "what is applied was decided"
    _tell(events.WAIVER_GIVEN, row, ManualClock(change.decided_at))


def _described(change: Change, language: str) -> list[ChangeLine]:
    row = _of_change(change)
    country = people.institution(row.institution_id).country
    with override(language):
        first, last = (platform.date_text(day, language, country=country) for day in (row.first_day, row.last_day))
        of = billers([row.biller_id])[row.biller_id].name(language) if row.biller_id else gettext(_ALL_BILLERS)
        whom = (
            gettext(_EVERYONE)
            if row.for_everyone
            else f"{gettext('Customers')}: {platform.number_text(row.customers, language)}"
        )
        return [
            ChangeLine(gettext(_NAME), "", _waiver(row).name(language)),
            ChangeLine(gettext(_COVERS), "", f"{first} – {last}"),
            ChangeLine(gettext(_OF), "", of),
            ChangeLine(gettext(_FOR), "", whom),
        ]


KIND: Final = ChangeKind(
    code=WAIVERS,
    words=mark("Waiver of late penalties"),
    permission=PROPOSE_WAIVERS,
    confirm_permission=CONFIRM_WAIVERS,
    apply=_apply,
    describe=_described,
    current=_current,
    check=_check,
)

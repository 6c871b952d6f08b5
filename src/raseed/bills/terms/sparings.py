"""Letting one bill off: its penalty until a day is waived, or it may be paid later than it says, and nothing grows till then.

What a biller asks for the bill itself stays. The days that were let off count for no penalty, whoever pays; what was paid
of one stays paid. Whoever calls these verbs has decided, by limits of its own, that ``actor`` may, and keeps a second
record; they act in its transaction, once for an id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import PAYABLE, Bill, Biller
from ..errors import BillUnknown
from ..queries import bill as bill_seen
from ..queries import biller
from ..rows import locked_bills
from .models import SparingRow
from .parts import late_parts
from .states import SparingKind

EXTENSION_DAYS_MAX: Final = 60
"""How far from today the last day can be on which an extended bill is not late."""


class NothingToWaive(RaseedError):
    """No penalty is asked for on this bill."""

    code = "nothing_to_waive"
    sentence = mark("There is no late penalty to waive.")
    hint = mark("Look at what is asked for now: it may have been waived or paid already.")


class InvalidExtension(InputError):
    """The new day is not after today and the bill's own, or too far off; or the bill can't be late."""

    code = "invalid_extension"
    sentence = mark("The bill can't be extended to this day.")
    hint = mark("Choose a day after today and after the one on the bill, at most %(days)s days from today.")


@dataclass(frozen=True, slots=True)
class Sparing:
    """Days of one bill that were let off, both included, by whom and why."""

    id: UUID
    bill_id: UUID
    kind: SparingKind
    first_day: date
    last_day: date
    actor: str
    reason: str
    made_at: datetime


def penalty_of_bill(bill_id: UUID, *, customer_id: UUID, on: date) -> Money:
    """Return what being late would cost this customer on a bill of theirs on a day, with all waivers taken off.

    Raises:
        BillUnknown: no such bill, or not this customer's to see.
    """
    owed = bill_seen(bill_id, customer_id)
    return _penalty(biller(owed.biller_id), owed, customer_id, on)


def waive_bill_penalty(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    bill_id: UUID,
    customer_id: UUID,
    through: date,
    reason: str,
    actor: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Sparing:
    """Waive what being late with a bill costs for the days until ``through``; later days count.

    Raises:
        BillUnknown. NothingToWaive: nothing is asked for. UnacceptableText. SameIdOtherContent: the id is another's.
    """
    there, owed = _begin(id, bill_id, customer_id)
    if there is not None:
        return _same(there, bill_id, SparingKind.WAIVED)
    if owed.due_on is None or not _penalty(biller(owed.biller_id), owed, customer_id, through).amount_minor:
        raise NothingToWaive(field="bill_id")
    return _kept(id, owed, SparingKind.WAIVED, through, reason, actor, customer_id, clock)


def check_extension(bill_id: UUID, *, customer_id: UUID, until: date, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say whether a bill can be extended to a day.

    Raises:
        BillUnknown. InvalidExtension: what it says.
    """
    owed = bill_seen(bill_id, customer_id)
    _check_extension(owed, until, banking.business_date(biller(owed.biller_id).institution_id, clock.now()))


def extend_bill(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    bill_id: UUID,
    customer_id: UUID,
    until: date,
    reason: str,
    actor: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Sparing:
    """Let a bill be paid until a later day as if it were due then.

    Raises:
        BillUnknown. InvalidExtension: what it says. UnacceptableText. SameIdOtherContent: the id is another's.
    """
    there, owed = _begin(id, bill_id, customer_id)
    if there is not None:
        return _same(there, bill_id, SparingKind.EXTENDED)
    _check_extension(owed, until, banking.business_date(biller(owed.biller_id).institution_id, clock.now()))
    return _kept(id, owed, SparingKind.EXTENDED, until, reason, actor, customer_id, clock)


def sparings_of(bill_ids: Iterable[UUID]) -> list[Sparing]:
    """Return what was let off of bills, the first first."""
    rows = SparingRow.objects.filter(bill_id__in=set(bill_ids)).order_by("made_at", "id")
    return [_sparing(row) for row in rows]


def _begin(id_: UUID, bill_id: UUID, customer_id: UUID) -> tuple[SparingRow | None, Bill]:
    """Lock the bill; return what was kept under this id before, if anything was, and the bill."""
    assert connection.in_atomic_block, "whoever decided it keeps that in the same transaction"
    bill_seen(bill_id, customer_id)
    owed = locked_bills([bill_id]).get(bill_id)
    if owed is None:
        raise BillUnknown(field="bill_id")
    return SparingRow.objects.filter(id=id_).first(), owed


def _same(there: SparingRow, bill_id: UUID, kind: SparingKind) -> Sparing:
    if (there.bill_id, there.kind) != (bill_id, kind.value):
        raise platform.SameIdOtherContent(field="id")
    return _sparing(there)


def _penalty(of: Biller, owed: Bill, customer_id: UUID, on: date) -> Money:
    parts = late_parts(of, [owed], customer_id=customer_id, on=on)
    return Money(sum(part.signed_minor for part in parts), owed.amount.currency)


def _check_extension(owed: Bill, until: date, today: date) -> None:
    late = owed.pay_by is not None and owed.state in PAYABLE
    if not late or until <= max(today, owed.pay_by or today) or until > today + timedelta(days=EXTENSION_DAYS_MAX):
        raise InvalidExtension(field="until", days=EXTENSION_DAYS_MAX)


def _kept(
    id_: UUID,
    owed: Bill,
    kind: SparingKind,
    last_day: date,
    reason: str,
    actor: str,
    customer_id: UUID,
    clock: Clock,
) -> Sparing:
    assert owed.due_on is not None, "only what was due is let off"
    row = SparingRow.objects.create(
        id=id_, bill_id=owed.id, kind=kind.value, first_day=owed.due_on, last_day=last_day, actor=actor,
        reason=people.clean_reason(reason), made_at=clock.now(),
    )  # fmt: skip
    platform.record(
        actor=actor,
        action="bills.penalty_let_off" if kind is SparingKind.WAIVED else "bills.bill_extended",
        subject=f"bill:{owed.id}",
        before={"due_on": owed.due_on.isoformat()},
        after={"spared_through": last_day.isoformat(), "biller": str(owed.biller_id)},
        reason=row.reason,
        institution_id=biller(owed.biller_id).institution_id,
        customer_id=customer_id,
        clock=clock,
    )
    return _sparing(row)


def _sparing(row: SparingRow) -> Sparing:
    return Sparing(
        row.id, row.bill_id, SparingKind(row.kind), row.first_day, row.last_day, row.actor, row.reason, row.made_at
    )

"""Disputes: a customer says that a bill is wrong; until somebody has looked at it, it is not paid and nothing grows on it.

A bill is disputed once. Upheld, it is cancelled or lowered, and stays so whatever its biller tells; rejected, it is to be
paid as before, and the days of the dispute don't count for any penalty. Withdrawn by whoever disputed it, they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from .. import events
from ..domain import Bill, BillState, check_payable, state_of
from ..errors import BillBeingPaid, BillUnknown
from ..models import BillRow
from ..permissions import DECIDE_DISPUTES, VIEW_BILLS
from ..queries import bill as bill_seen
from ..rows import bills_by_id
from .errors import DisputedBefore, DisputeEnded, DisputeUnknown, InvalidLoweredAmount, TooManyDisputes
from .models import DisputeRow
from .states import DisputeState

OPEN_MAX: Final = 10
"""Disputes of one customer that may be open at once."""
DISPUTES_PER_PAGE: Final = 50
DISPUTES_SHOWN: Final = 5
"""How many of their own a customer is shown without asking for more."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """That a customer says that a bill is wrong.

    Attributes:
        reason: in the customer's words.
        amount: what the bill asked for then.
        note: why it was decided so, in the words of whoever did.
        lowered_to: what the bill asks for since, where it was lowered.
    """

    id: UUID
    institution_id: UUID
    biller_id: UUID
    bill_id: UUID
    customer_id: UUID
    reason: str
    amount: Money
    state: DisputeState
    opened_at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    note: str = ""
    lowered_to: Money | None = None


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Disputes, and where the next page begins if there is one."""

    disputes: tuple[Dispute, ...]
    next: str | None = None


def dispute(*, bill_id: UUID, customer_id: UUID, reason: str, clock: Clock = SYSTEM_CLOCK) -> Dispute:
    """Dispute a bill: it can't be paid until the dispute ends. The same customer again: the dispute that is open.

    Raises:
        BillUnknown: no such bill, or not this customer's to see. UnacceptableText: no reason.
        BillPaid, BillNotPayable, BillBeingPaid: nothing is to be paid on it, or somebody is paying it now.
        DisputedBefore: it was disputed before, and that was decided. TooManyDisputes.
    """
    said = people.clean_reason(reason)
    bill_seen(bill_id, customer_id)
    with transaction.atomic():
        row = _locked_bill(bill_id)
        before = DisputeRow.objects.filter(bill_id=bill_id).order_by("-opened_at").select_related("biller").first()
        if before is not None and before.state == DisputeState.OPEN.value and before.customer_id == customer_id:
            return _dispute(before)
        check_payable(_bill(row))
        if row.held_minor:
            raise BillBeingPaid(field="bill_id")
        if before is not None and before.state != DisputeState.WITHDRAWN.value:
            raise DisputedBefore(field="bill_id")
        if DisputeRow.objects.filter(customer_id=customer_id, state=DisputeState.OPEN.value).count() >= OPEN_MAX:
            raise TooManyDisputes
        made = _made(row, customer_id, said, clock)
        row.state = BillState.DISPUTED.value
        row.save(update_fields=["state"])
        platform.record(
            actor=f"customer:{customer_id}",
            action="bills.dispute_opened",
            subject=f"dispute:{made.id}",
            after={"bill": str(row.id), "biller": str(row.biller_id)},
            institution_id=made.institution_id,
            customer_id=customer_id,
            clock=clock,
        )
        _tell(events.DISPUTE_OPENED, made, clock)
    return _dispute(made)


def withdraw_dispute(dispute_id: UUID, *, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Dispute:
    """Take a dispute back: the bill is to be paid again, and its days count.

    Raises:
        DisputeUnknown: there is none, or it is another's. DisputeEnded.
    """
    with transaction.atomic():
        row = _locked(dispute_id)
        if row.customer_id != customer_id:
            raise DisputeUnknown(field="dispute_id")
        return _end(row, DisputeState.WITHDRAWN, f"customer:{customer_id}", "", None, clock)


def decide_dispute(
    dispute_id: UUID,
    *,
    outcome: DisputeState,
    note: str,
    by: Author,
    lowered_to: Money | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Dispute:
    """Decide a dispute: ``cancelled``, ``lowered`` (to an amount) or ``rejected``, with the reason in ``note``.

    Raises:
        DisputeUnknown, DisputeEnded. NotPermitted: ``by`` lacks ``bills.disputes.decide``. UnacceptableText.
        InvalidLoweredAmount: not less than the bill asks for, or below what is paid on it; none where it is lowered.
        CurrencyMismatch.
    """
    assert outcome in _DECISIONS, "a person of staff decides, and does not withdraw"
    with transaction.atomic():
        row = _locked(dispute_id)
        people.require(by, DECIDE_DISPUTES, row.institution_id)
        said = people.clean_reason(note)
        if (lowered_to is not None) != (outcome is DisputeState.LOWERED):
            raise InvalidLoweredAmount(field="lowered_to")
        return _end(row, outcome, by.actor, said, lowered_to, clock)


def disputes(
    institution_id: UUID,
    *,
    by: Author,
    only_open: bool = True,
    before: str | None = None,
    limit: int = DISPUTES_PER_PAGE,
) -> DisputePage:
    """Return the disputes of an institution: those that are open, the oldest first; or all, the latest first.

    Raises:
        NotPermitted: ``by`` lacks ``bills.view``. InvalidCursor: ``before`` is no marker of this list.
    """
    people.require(by, VIEW_BILLS, institution_id)
    rows = DisputeRow.objects.filter(institution_id=institution_id)
    return _page(rows, f"bills.disputes:{institution_id}", before, limit, only_open=only_open)


def disputes_at(
    biller_id: UUID, *, only_open: bool = True, before: str | None = None, limit: int = DISPUTES_PER_PAGE
) -> DisputePage:
    """Return the disputes of a biller's bills, as ``disputes``: callers have checked who asks.

    Raises:
        InvalidCursor: ``before`` is no marker of this list.
    """
    rows = DisputeRow.objects.filter(biller_id=biller_id)
    return _page(rows, f"bills.disputes_at:{biller_id}", before, limit, only_open=only_open)


def _page(
    rows: QuerySet[DisputeRow], list_name: str, before: str | None, limit: int, *, only_open: bool
) -> DisputePage:
    size, rows = min(max(limit, 1), DISPUTES_PER_PAGE), rows.select_related("biller")
    if only_open:
        found = list(rows.filter(state=DisputeState.OPEN.value).order_by("opened_at", "id")[:size])
        return DisputePage(tuple(_dispute(row) for row in found))
    if before is not None:
        at, id_ = platform.decode_cursor(list_name, before)
        moment = datetime.fromisoformat(str(at))
        rows = rows.filter(Q(opened_at__lt=moment) | Q(opened_at=moment, id__lt=str(id_)))
    found = list(rows.order_by("-opened_at", "-id")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    marker = platform.encode_cursor(list_name, last.opened_at.isoformat(), str(last.id)) if last else None
    return DisputePage(tuple(_dispute(row) for row in found[:size]), marker)


def disputes_of(customer_id: UUID, *, limit: int = DISPUTES_SHOWN) -> list[Dispute]:
    """Return the disputes that a customer has opened, the latest first."""
    rows = DisputeRow.objects.filter(customer_id=customer_id).select_related("biller").order_by("-opened_at", "-id")
    return [_dispute(row) for row in rows[: min(max(limit, 1), DISPUTES_PER_PAGE)]]


def dispute_by_id(dispute_id: UUID) -> Dispute:
    """Return a dispute: callers have checked who asks.

    Raises:
        DisputeUnknown: there is none.
    """
    row = DisputeRow.objects.filter(id=dispute_id).select_related("biller").first()
    if row is None:
        raise DisputeUnknown(field="dispute_id")
    return _dispute(row)


def dispute_of(bill_id: UUID, customer_id: UUID) -> Dispute | None:
    """Return the latest dispute of a bill that this customer may see; what others wrote is not told.

    Raises:
        BillUnknown: no such bill, or not this customer's to see.
    """
    bill_seen(bill_id, customer_id)
    row = DisputeRow.objects.filter(bill_id=bill_id).order_by("-opened_at").select_related("biller").first()
    if row is None or row.customer_id != customer_id:
        return None
    return _dispute(row)


_DECISIONS: Final = frozenset({DisputeState.CANCELLED, DisputeState.LOWERED, DisputeState.REJECTED})


def _made(bill: BillRow, customer_id: UUID, said: str, clock: Clock) -> DisputeRow:
    institution_id, now = bill.biller.institution_id, clock.now()
    row = DisputeRow(
        id=new_id(),
        institution_id=institution_id,
        biller=bill.biller,
        bill=bill,
        customer_id=customer_id,
        reason=said,
        amount_minor=bill.amount_minor,
        state=DisputeState.OPEN.value,
        opened_at=now,
        opened_on=banking.business_date(institution_id, now),
    )
    row.save(force_insert=True)
    return row


def _end(
    row: DisputeRow, outcome: DisputeState, actor: str, note: str, lowered_to: Money | None, clock: Clock
) -> Dispute:
    """End a dispute and let its bill be what was decided, under the locks of both."""
    if row.state != DisputeState.OPEN.value:
        raise DisputeEnded
    bill, now = _locked_bill(row.bill_id), clock.now()
    before = bill.amount_minor
    _settle_bill(bill, outcome, lowered_to)
    row.state, row.ended_at, row.ended_by, row.note = outcome.value, now, actor, note
    row.ended_on = banking.business_date(row.institution_id, now)
    row.lowered_minor = None if lowered_to is None else lowered_to.amount_minor
    row.save(update_fields=["state", "ended_at", "ended_on", "ended_by", "note", "lowered_minor"])
    platform.record(
        actor=actor,
        action="bills.dispute_decided" if outcome in _DECISIONS else "bills.dispute_withdrawn",
        subject=f"dispute:{row.id}",
        before={"state": DisputeState.OPEN.value, "amount_minor": before},
        after={"state": outcome.value, "amount_minor": bill.amount_minor},
        reason=note,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        clock=clock,
    )
    _tell(events.DISPUTE_DECIDED, row, clock)
    return _dispute(row)


def _settle_bill(bill: BillRow, outcome: DisputeState, lowered_to: Money | None) -> None:
    assert not bill.held_minor, "nothing is held on a bill that is disputed"
    assert bill.state == BillState.DISPUTED.value, "a bill is disputed until its dispute ends"
    if outcome is DisputeState.CANCELLED:
        bill.state, bill.agreed_minor = BillState.CANCELLED.value, 0
    else:
        if lowered_to is not None:
            _lower(bill, lowered_to)
        bill.state = state_of(bill.amount_minor, bill.paid_minor, bill.elsewhere_minor).value
    bill.save(update_fields=["state", "amount_minor", "agreed_minor", "minimum_minor"])


def _lower(bill: BillRow, to: Money) -> None:
    if to.currency.code != bill.biller.currency:
        raise CurrencyMismatch(field="lowered_to", given=to.currency.code, expected=bill.biller.currency)
    if not max(bill.paid_minor, 1) <= to.amount_minor < bill.amount_minor:
        raise InvalidLoweredAmount(field="lowered_to")
    bill.amount_minor = bill.agreed_minor = to.amount_minor
    if bill.minimum_minor is not None:
        bill.minimum_minor = min(bill.minimum_minor, to.amount_minor)


def _locked_bill(bill_id: UUID) -> BillRow:
    row = (
        BillRow.objects.select_for_update(of=("self",), no_key=True).select_related("biller").filter(id=bill_id).first()
    )
    if row is None:
        raise BillUnknown(field="bill_id")
    return row


def _locked(dispute_id: UUID) -> DisputeRow:
    row = DisputeRow.objects.select_for_update(of=("self",)).select_related("biller").filter(id=dispute_id).first()
    if row is None:
        raise DisputeUnknown(field="dispute_id")
    return row


def _bill(row: BillRow) -> Bill:
    return bills_by_id([row.id])[row.id]


def _tell(event: str, row: DisputeRow, clock: Clock) -> None:
    platform.emit(
        event,
        {"dispute_id": str(row.id), "biller_id": str(row.biller_id), "state": row.state},
        institution_id=row.institution_id,
        clock=clock,
    )


def _dispute(row: DisputeRow) -> Dispute:
    unit = currency(row.biller.currency)
    return Dispute(
        row.id, row.institution_id, row.biller_id, row.bill_id, row.customer_id, row.reason,
        Money(row.amount_minor, unit), DisputeState(row.state), row.opened_at, row.ended_at, row.ended_by, row.note,
        None if row.lowered_minor is None else Money(row.lowered_minor, unit),
    )  # fmt: skip

"""The breaks between our payments and the ledger, found when a day is closed; and what time has mended since."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.kernel.clock import Clock
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

from ..domain import Biller, OrderState
from ..sql import run
from .domain import UNENDED, BreakKind, Found, Outcome
from .keeping import Step, end_by_itself, keep_found, take
from .models import BreakRow

if TYPE_CHECKING:
    from ..settlement.models import SettlementRow

BOOKS_BREAKS_MAX: Final = 10_000
"""The most breaks of each kind that one closing names."""


def open_breaks_of_books(of: Biller, settlement: SettlementRow, clock: Clock) -> int:
    """Name what does not fit between payments and ledger on a day, in the closing transaction; return how many were opened."""
    heal(of, clock=clock)
    found = [*_odd_postings(settlement), *_odd_amounts(settlement), *_not_booked(of, settlement)]
    opened, _ = keep_found(of, settlement.day, found, reconciliation_id=None, clock=clock)
    return opened


def heal(of: Biller, *, clock: Clock, reconciliation_id: UUID | None = None) -> int:
    """Close the breaks of a biller that have mended themselves, and say how; return how many.

    What was under way and has settled; what was under way and was given back, which is another break; what was not in the
    ledger and is.
    """
    waiting = [BreakKind.UNKNOWN_HERE, BreakKind.UNDER_WAY_HERE, BreakKind.PAYMENT_WITHOUT_LEDGER]
    rows = {
        row.id: row
        for row in BreakRow.objects.select_for_update().filter(
            biller_id=of.id, state__in=[state.value for state in UNENDED], kind__in=[kind.value for kind in waiting]
        )
    }
    if not rows:
        return 0
    steps: list[Step] = []
    returned: list[BreakRow] = []
    for id_, state, settled_minor in run("what_became", {"ids": list(rows), "biller": of.id}):
        row = rows[id_]
        if row.kind == BreakKind.PAYMENT_WITHOUT_LEDGER.value:
            steps += end_by_itself([row] if settled_minor is not None else [], Outcome.BOOKED_SINCE)
        elif settled_minor is not None and settled_minor == row.theirs_minor:
            steps += end_by_itself([row], Outcome.SETTLED_SINCE)
        elif state == OrderState.RETURNED.value:
            steps += end_by_itself([row], Outcome.RETURNED_SINCE)
            returned.append(row)
    take(steps, at=clock.now(), reconciliation_id=reconciliation_id)
    for row in returned:
        again = Found(
            BreakKind.RETURNED_HERE, row.subject, row.order_id, None, row.line, row.their_reference, row.ours_minor,
            row.theirs_minor,
        )  # fmt: skip
        keep_found(of, row.day, [again], reconciliation_id=reconciliation_id, clock=clock)
    return len(steps)


def _odd_postings(settlement: SettlementRow) -> list[Found]:
    rows = run("other_lines", {"settlement": settlement.id, "most": BOOKS_BREAKS_MAX})
    causes = payments.payments_by_id({cause for _, cause, minor in rows if cause is not None and minor > 0})
    return [
        Found(
            BreakKind.UNEXPLAINED_DEBIT
            if minor < 0
            else BreakKind.DIRECT_TRANSFER
            if cause in causes and causes[cause].to.kind.value != "bill"
            else BreakKind.LEDGER_WITHOUT_PAYMENT,
            str(transfer_id),
            cause if cause in causes else None,
            transfer_id,
            ours_minor=minor,
        )
        for transfer_id, cause, minor in rows
    ]


def _odd_amounts(settlement: SettlementRow) -> list[Found]:
    return [
        Found(BreakKind.LEDGER_AMOUNT, str(order_id), order_id, transfer_id, ours_minor=minor)
        for order_id, transfer_id, minor in run("odd_amounts", {"settlement": settlement.id, "most": BOOKS_BREAKS_MAX})
    ]


def _not_booked(of: Biller, settlement: SettlementRow) -> list[Found]:
    zone = ZoneInfo(people.institution(of.institution_id).zone)
    begins = datetime.combine(settlement.day, time(), zone)
    rows = run(
        "paid_without_line",
        {"biller": of.id, "begins": begins, "ends": datetime.combine(settlement.day + timedelta(days=1), time(), zone), "most": BOOKS_BREAKS_MAX},
    )  # fmt: skip
    wanted = {payments.end_transfer_id(order_id, settles=True): (order_id, minor) for order_id, minor in rows}
    booked = ledger.look_up_transfers(wanted) if wanted else {}
    return [
        Found(BreakKind.PAYMENT_WITHOUT_LEDGER, str(order_id), order_id, ours_minor=minor)
        for transfer_id, (order_id, minor) in wanted.items()
        if transfer_id not in booked
    ]

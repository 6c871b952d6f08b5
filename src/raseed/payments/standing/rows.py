"""Standing orders between their rows and what the package speaks of."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from raseed.banking.api import Alias, AliasKind, BusinessDayRule, Workdays
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency

from ..domain import Refusal
from ..reasons import kept, remembered
from .domain import Outside, Purpose, Run, RunOutcome, StandingOrder, StandingState, Timetable, Unit, planned_runs
from .models import OUTSIDE, StandingRow, StandingRunRow

STATE_FIELDS = (
    "state", "amount_minor", "note", "until", "count", "next_number", "next_planned_on", "next_due_on", "try_on", "tries",
    "refused_code", "refused_params", "ended_at", "ended_by",
)  # fmt: skip
"""The columns that change."""


def timetable_of(row: StandingRow) -> Timetable:
    """Return the timetable that a row tells of."""
    return Timetable(
        first_on=row.first_on,
        every=row.every,
        unit=Unit(row.unit),
        last_of_month=row.last_of_month,
        until=row.until,
        count=row.count,
        business_days=BusinessDayRule(row.business_days),
    )


def recipient_of(row: StandingRow) -> Alias | Outside:
    """Return whom a row pays."""
    if row.to_kind == OUTSIDE:
        return Outside(row.to_bank, row.to_value)
    return Alias(AliasKind(row.to_kind), row.to_value, row.to_institution_id)


def recipient_columns(to: Alias | Outside) -> dict[str, Any]:
    """Return the columns that keep a recipient."""
    if isinstance(to, Outside):
        return {"to_kind": OUTSIDE, "to_value": to.account, "to_institution_id": None, "to_bank": to.bank}
    return {"to_kind": to.kind.value, "to_value": to.value, "to_institution_id": to.institution_id, "to_bank": ""}


def timetable_columns(timetable: Timetable) -> dict[str, Any]:
    """Return the columns that keep a timetable."""
    return {
        "first_on": timetable.first_on,
        "every": timetable.every,
        "unit": timetable.unit.value,
        "last_of_month": timetable.last_of_month,
        "until": timetable.until,
        "count": timetable.count,
        "business_days": timetable.business_days.value,
    }


def put_next(row: StandingRow, workdays: Workdays, *, number: int, earliest: date) -> bool:
    """Let a row wait for the occurrence ``number``, tried from ``earliest`` on; return whether there is one."""
    coming = next(planned_runs(timetable_of(row), workdays, number=number, earliest=earliest, most=1), None)
    row.next_number, row.tries = number, 0
    row.refused_code = row.refused_params = None
    row.next_planned_on = coming.planned_on if coming else None
    row.next_due_on = coming.due_on if coming else None
    row.try_on = coming.due_on if coming and row.state == StandingState.ACTIVE.value else None
    return coming is not None


def put_refusal(row: StandingRow, error: RaseedError) -> None:
    """Keep why the occurrence to come was refused."""
    refusal = Refusal.of(error)
    row.refused_code, row.refused_params = refusal.code, kept(refusal)


def told_standing(row: StandingRow) -> StandingOrder:
    """Return the standing order that a row tells of."""
    return StandingOrder(
        id=row.id,
        state=StandingState(row.state),
        actor_customer_id=row.actor_customer_id,
        from_account_id=row.from_account_id,
        institution_id=row.institution_id,
        to=recipient_of(row),
        amount=Money(row.amount_minor, currency(row.currency)),
        note=row.note,
        purpose=Purpose(row.purpose),
        timetable=timetable_of(row),
        next_number=row.next_number,
        next_planned_on=row.next_planned_on,
        try_on=row.try_on,
        tries=row.tries,
        last_refused=remembered(row.refused_code, row.refused_params or {}) if row.refused_code else None,
        made_at=row.made_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def told_run(row: StandingRunRow) -> Run:
    """Return the run that a row tells of."""
    return Run(
        number=row.number,
        planned_on=row.planned_on,
        due_on=row.due_on,
        outcome=RunOutcome(row.outcome),
        payment_id=row.payment_id,
        refused=remembered(row.refused_code, row.refused_params or {}) if row.refused_code else None,
        at=row.at,
    )


def locked(order_id: UUID) -> StandingRow | None:
    """Return a standing order's row, locked, in the open transaction."""
    return StandingRow.objects.select_for_update().filter(id=order_id).first()

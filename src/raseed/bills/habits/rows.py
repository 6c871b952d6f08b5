"""Rows of autopays as the plain values that leave this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Currency, Money, currency
from raseed.payments.api import Refusal

from .domain import Autopay, AutopayOutcome, AutopayRun, AutopayState
from .models import AutopayRow, AutopayRunRow


def autopay_of(row: AutopayRow) -> Autopay:
    """Return the autopay that a row tells of, its biller selected."""
    return Autopay(
        id=row.id,
        customer_id=row.customer_id,
        biller_id=row.biller_id,
        institution_id=row.institution_id,
        reference=row.reference,
        values=row.values,
        from_account_id=row.from_account_id,
        ceiling=Money(row.ceiling_minor, currency(row.biller.currency)),
        days_before=row.days_before,
        state=AutopayState(row.state),
        made_at=row.made_at,
        next_look_at=row.next_look_at,
        ended_at=row.ended_at,
        ended_code=row.ended_code,
    )


def run_of(row: AutopayRunRow, money: Currency) -> AutopayRun:
    """Return the run that a row tells of."""
    return AutopayRun(
        autopay_id=row.autopay_id,
        bill_id=row.bill_id,
        number=row.number,
        outcome=AutopayOutcome(row.outcome),
        amount=Money(row.amount_minor, money),
        on=row.on,
        at=row.at,
        order_id=row.order_id,
        refused=remembered(row.code, row.params),
    )


def kept(refused: Refusal) -> dict[str, Any]:
    """Return a refusal's data as JSON."""
    return {name: _plain(value) for name, value in refused.params}


def remembered(code: str, params: Mapping[str, Any] | None) -> Refusal | None:
    """Return the refusal that was kept, if one was."""
    if not code:
        return None
    return Refusal(code, None, tuple(sorted((name, _full(value)) for name, value in (params or {}).items())))


def error_of(code: str, params: Mapping[str, Any] | None) -> RaseedError | None:
    """Return the typed error that was kept, if one was."""
    refused = remembered(code, params)
    return refused.error() if refused else None


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"amount_minor": value.amount_minor, "currency": value.currency.code}
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def _full(value: object) -> object:
    if isinstance(value, dict) and value.keys() == {"amount_minor", "currency"}:
        return Money(value["amount_minor"], currency(value["currency"]))
    return value

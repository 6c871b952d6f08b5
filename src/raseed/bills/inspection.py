"""What checks of the books ask about orders of bills: where each is, and whether what bills say is held is held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from raseed.platform.api import named_statements, run_statement

from .domain import OrderState

_SQL: Final = named_statements("raseed.bills.sql", "inspection.sql")
FIRST_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """Where an order is; its id is its payment's. ``reference`` is the biller's, empty before it has said yes."""

    id: UUID
    institution_id: UUID
    state: OrderState
    amount_minor: int
    reference: str


@dataclass(frozen=True, slots=True)
class OddBill:
    """A bill of which another amount is held (``found``) than its orders hold (``expected``), minor units."""

    bill_id: UUID
    institution_id: UUID
    expected: int
    found: int


def order_standings(order_ids: Iterable[UUID]) -> dict[UUID, OrderStanding]:
    """Return where these orders are; unknown ids are left out."""
    return {row[0]: _standing(row) for row in _run("standings", ids=list(order_ids))}


def orders_in(states: Iterable[OrderState], *, after: UUID = FIRST_ID, limit: int) -> list[OrderStanding]:
    """Return a page of the orders in these states, in the order of ids."""
    rows = _run("orders_in", states=[state.value for state in states], after=after, limit=limit)
    return [_standing(row) for row in rows]


def odd_bills(*, limit: int) -> list[OddBill]:
    """Return the bills that hold another amount than their orders do."""
    return [OddBill(*row) for row in _run("unlike_their_parts", limit=limit)]


def _standing(row: tuple[Any, ...]) -> OrderStanding:
    return OrderStanding(row[0], row[1], OrderState(row[2]), row[3], row[4])


def _run(name: str, **parameters: object) -> list[tuple[Any, ...]]:
    return run_statement(_SQL[name], parameters)

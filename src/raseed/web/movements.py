"""Movements as their account's holder reads them: grouped by day, the telling words first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from raseed.banking import api as banking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from raseed.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One line.

    ``title`` is the other person; where the other side is the institution itself (its till, its trust account), the words
    of the movement tell more, so they come first. ``at`` is ``None`` where the movement counts for another day than the
    one on which the books took it: its hour would be of the wrong day.
    """

    title: str
    detail: str
    booked_on: date
    at: datetime | None
    amount: Money
    balance_after: Money
    payment_id: UUID | None

    @property
    def incoming(self) -> bool:
        """Whether money came in."""
        return self.amount.amount_minor > 0


@dataclass(frozen=True, slots=True)
class Day:
    """The movements that are booked on one day and stand together; ``headed`` says whether to name the day."""

    booked_on: date
    movements: tuple[Movement, ...]
    headed: bool = True


def movement_of(line: banking.StatementLine, zone: str) -> Movement:
    """Return a statement line ready for a page; ``zone`` (IANA) is of the institution that keeps the account."""
    title, detail = line.counterparty, line.note
    if line.counterparty_kind is banking.CounterpartyKind.INSTITUTION and detail:
        title, detail = detail, title
    same_day = line.posted_at.astimezone(ZoneInfo(zone)).date() == line.booked_on
    return Movement(
        title=title,
        detail=detail,
        booked_on=line.booked_on,
        at=line.posted_at if same_day else None,
        amount=line.amount,
        balance_after=line.balance_after,
        payment_id=line.payment_id,
    )


def days_of(movements: Iterable[Movement], *, under: str = "") -> list[Day]:
    """Group movements by the day they count for. ``under`` is the day (ISO 8601) already named above the first."""
    grouped = [Day(on, tuple(those)) for on, those in groupby(movements, key=lambda one: one.booked_on)]
    if grouped and grouped[0].booked_on.isoformat() == under:
        grouped[0] = Day(grouped[0].booked_on, grouped[0].movements, headed=False)
    return grouped

"""Periods that people ask a statement for, by the day it is where the account is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from raseed.kernel.errors import mark

OWN: Final = "own"
"""The period whose days are entered."""


@dataclass(frozen=True, slots=True)
class Period:
    """Booked days from ``first`` to ``last``, both included; ``words`` (a message id) is what it is called."""

    code: str
    words: str
    first: date
    last: date


def periods_until(today: date) -> tuple[Period, ...]:
    """Return this month, the last, this year and the last: the ones that are running end today."""
    month = today.replace(day=1)
    year = today.replace(month=1, day=1)
    last_month_end = month - timedelta(days=1)
    return (
        Period("this-month", mark("This month"), month, today),
        Period("last-month", mark("Last month"), last_month_end.replace(day=1), last_month_end),
        Period("this-year", mark("This year"), year, today),
        Period("last-year", mark("Last year"), year.replace(year=year.year - 1), year - timedelta(days=1)),
    )

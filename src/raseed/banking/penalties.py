"""Late penalties by a rule that is data: what is asked for beside an amount that was not paid when it was due.

Pure, in minor units, for bills and loans alike. **Days that count** are those after the due day up to and including the day
of asking, but for spared ones (a dispute, a waiver); the first ``grace_days`` of them are free. A rule of a day asks for each
day after those, any other rule asks once. **Rounding:** a share is taken of the whole once and cut down to whole minor units,
never up; a cap cuts after that. What was settled before is not asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from raseed.kernel.errors import mark
from raseed.kernel.money import AMOUNT_MINOR_MAX, Money

from .errors import InvalidTerms
from .interest import PPM

GRACE_DAYS_MAX: Final = 366
RATE_PPM_MAX: Final = PPM
"""All of what is owed: a penalty above that, at once or for one day, is a slip of the hand."""


class PenaltyKind(StrEnum):
    """How a late penalty is counted."""

    NONE = "none"
    FIXED = "fixed"
    PERCENT = "percent"
    FIXED_A_DAY = "fixed_a_day"
    PERCENT_A_DAY = "percent_a_day"


PENALTY_WORDS: Final = {
    PenaltyKind.NONE: mark("No penalty"),
    PenaltyKind.FIXED: mark("A fixed amount, once"),
    PenaltyKind.PERCENT: mark("A share of what is owed, once"),
    PenaltyKind.FIXED_A_DAY: mark("A fixed amount for each day"),
    PenaltyKind.PERCENT_A_DAY: mark("A share of what is owed for each day"),
}
_FIXED: Final = frozenset({PenaltyKind.FIXED, PenaltyKind.FIXED_A_DAY})
_SHARE: Final = frozenset({PenaltyKind.PERCENT, PenaltyKind.PERCENT_A_DAY})
_DAILY: Final = frozenset({PenaltyKind.FIXED_A_DAY, PenaltyKind.PERCENT_A_DAY})


def _check(field: str, value: int | None, most: int, *, needed: bool | None) -> None:
    """Refuse a value outside its bounds, one that is missing, and one that has no place (``needed`` ``None``: as you like)."""
    if value is None:
        if needed:
            raise InvalidTerms(field=field)
        return
    if needed is False or type(value) is not int or not 0 < value <= most:
        raise InvalidTerms(field=field)


@dataclass(frozen=True, slots=True)
class PenaltyRule:
    """A late penalty.

    Attributes:
        amount_minor: of a fixed kind, above zero; else ``None``.
        rate_ppm: of a share, in millionths, above zero and at most all of it; else ``None``.
        grace_days: how many days late cost nothing; they stay free also for who is later than that.
        cap_minor, cap_ppm: the most that is asked for in all: an amount, and a share of the whole bill; ``None``: no cap.
    """

    kind: PenaltyKind
    amount_minor: int | None = None
    rate_ppm: int | None = None
    grace_days: int = 0
    cap_minor: int | None = None
    cap_ppm: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be a rule.

        Raises:
            InvalidTerms: ``field`` says what is wrong.
        """
        if type(self.grace_days) is not int or not 0 <= self.grace_days <= GRACE_DAYS_MAX:
            raise InvalidTerms(field="grace_days")
        _check("amount_minor", self.amount_minor, AMOUNT_MINOR_MAX, needed=self.kind in _FIXED)
        _check("rate_ppm", self.rate_ppm, RATE_PPM_MAX, needed=self.kind in _SHARE)
        is_none = self.kind is PenaltyKind.NONE
        _check("cap_minor", self.cap_minor, AMOUNT_MINOR_MAX, needed=False if is_none else None)
        _check("cap_ppm", self.cap_ppm, RATE_PPM_MAX, needed=False if is_none else None)
        if is_none and self.grace_days:
            raise InvalidTerms(field="grace_days")

    @property
    def is_daily(self) -> bool:
        """Whether it grows by the day."""
        return self.kind in _DAILY


NO_PENALTY: Final = PenaltyRule(PenaltyKind.NONE)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from one to another, both of them too; ``last`` before ``first``: none."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Settled:
    """What was settled of a penalty before: how much in all, and through which day it had been counted then."""

    amount_minor: int = 0
    through: date | None = None


NOTHING_SETTLED: Final = Settled()


def penalty(
    rule: PenaltyRule,
    owed: Money,
    due_on: date,
    on: date,
    *,
    whole: Money | None = None,
    spared: Sequence[Days] = (),
    settled: Settled = NOTHING_SETTLED,
) -> Money:
    """Return what is asked for on a day beside ``owed``, which was due on ``due_on``.

    Args:
        rule: how it is counted.
        owed: what is still owed, in the currency of the answer.
        due_on: the last day on which nothing is asked for, whatever the rule.
        on: the day of asking.
        whole: the whole bill, of which ``cap_ppm`` is a share; by default ``owed``.
        spared: days that don't count.
        settled: what was settled before.
    """
    asked = penalty_minor(
        rule, owed.amount_minor, due_on, on, whole_minor=(whole or owed).amount_minor, spared=spared, settled=settled
    )
    return Money(asked, owed.currency)


def penalty_minor(
    rule: PenaltyRule,
    owed_minor: int,
    due_on: date,
    on: date,
    *,
    whole_minor: int,
    spared: Sequence[Days] = (),
    settled: Settled = NOTHING_SETTLED,
) -> int:
    """Return what ``penalty`` does, in minor units of whatever currency."""
    if rule.kind is PenaltyKind.NONE or owed_minor <= 0:
        return 0
    late = days_late(due_on, on, spared) - rule.grace_days
    before = 0 if settled.through is None else days_late(due_on, min(settled.through, on), spared) - rule.grace_days
    times = max(late, 0) - max(before, 0)
    if not rule.is_daily:
        times = int(late > 0 and before <= 0 and not settled.amount_minor)
    if times <= 0:
        return 0
    full = times * (rule.amount_minor or 0)
    if rule.rate_ppm is not None:
        full = owed_minor * rule.rate_ppm * times // PPM
    most = cap_of(rule, whole_minor)
    left = full if most is None else min(full, most - settled.amount_minor)
    return min(max(left, 0), AMOUNT_MINOR_MAX)


def cap_of(rule: PenaltyRule, whole_minor: int) -> int | None:
    """Return the most that a rule asks for in all beside a whole bill, minor units; ``None``: there is no cap."""
    caps = [] if rule.cap_minor is None else [rule.cap_minor]
    if rule.cap_ppm is not None:
        caps.append(whole_minor * rule.cap_ppm // PPM)
    return min(caps, default=None)


def days_late(due_on: date, on: date, spared: Sequence[Days] = ()) -> int:
    """Return how many days after ``due_on``, up to and including ``on``, count."""
    if on <= due_on:
        return 0
    begins = due_on + timedelta(days=1)
    late, reached = (on - due_on).days, begins
    for each in sorted(spared, key=lambda days: days.first):
        first, last = max(each.first, reached), min(each.last, on)
        if first <= last:
            late -= (last - first).days + 1
            reached = last + timedelta(days=1)
    return late

"""What late instalments cost on a day, counted from what had been paid by when. Pure, in minor units.

Money that comes in settles the oldest instalment first; of each its interest, its principal, and then its penalty. Whether
an instalment is *late* is judged as if there were no penalties: by what had come in, less the instalments before it. So a
penalty that is settled out of the next instalment's money makes nobody late with that one, and nothing is asked for on it.
A penalty is settled only when its instalment is, after which it can't grow; whatever grows later stands behind all that was
settled before. That makes the count of each instalment a function of the days alone, however often and in whatever order
it is asked for. A day's penalty is of what was unpaid when the day began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from ..amortisation import Instalment
from ..penalties import NO_PENALTY, Days, PenaltyKind, PenaltyRule, Settled, penalty_minor

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lateness:
    """What counts for the penalties of one loan.

    Attributes:
        rule: what its contract says; ``NO_PENALTY`` for most.
        spared: days that waivers take out.
        charged: of each instalment, by the end of its period, what is charged less what was taken back.
        taken_back_minor: all that was ever taken back: it stands in the books beside what was paid in.
        paid: what had come in for the plan in force by the end of each day on which something did, in order of days.
    """

    rule: PenaltyRule = NO_PENALTY
    spared: Sequence[Days] = ()
    charged: Mapping[date, int] = field(default_factory=dict)
    taken_back_minor: int = 0
    paid: Sequence[tuple[date, int]] = ()


NEVER_LATE: Final = Lateness()


def penalties_on(lateness: Lateness, instalments: Sequence[Instalment], paid_minor: int, on: date) -> tuple[int, ...]:
    """Return the whole penalty of each instalment on a day, paid or not.

    Args:
        lateness: what counts.
        instalments: of the plan in force, in order.
        paid_minor: all that has come in for them by now.
        on: the day; after today, as if nothing more were paid until then.

    What was charged and is paid stays, though the count should come to less by a waiver given since.
    """
    if lateness.rule.kind is PenaltyKind.NONE and not lateness.charged:
        return (0,) * len(instalments)
    found, instalments_before, penalties_before = [], 0, 0
    for each in instalments:
        counted = _counted(lateness, each, instalments_before, on)
        there = lateness.charged.get(each.period_end, 0)
        instalments_before += each.total_minor
        settled = min(max(paid_minor - instalments_before - penalties_before, 0), there)
        found.append(max(counted, settled))
        penalties_before += found[-1]
    return tuple(found)


def late_since(instalments: Sequence[Instalment], paid_minor: int, on: date) -> date | None:
    """Return when the oldest instalment was due that is late on a day, by what has come in; ``None`` where none is."""
    before = 0
    for each in instalments:
        before += each.total_minor
        if before > paid_minor:
            return each.due_on if each.due_on < on else None
    return None


def _counted(lateness: Lateness, instalment: Instalment, before_minor: int, on: date) -> int:
    """Return what an instalment costs by the rule; ``before_minor`` are those before it, without their penalties."""
    amount, due_on = 0, instalment.due_on
    for first, last, owed in _stretches(lateness.paid, instalment, before_minor, on):
        amount += penalty_minor(
            lateness.rule, owed, due_on, last, whole_minor=instalment.total_minor, spared=lateness.spared,
            settled=Settled(amount, first - _DAY),
        )  # fmt: skip
    return amount


def _stretches(
    paid: Sequence[tuple[date, int]], instalment: Instalment, before_minor: int, on: date
) -> Iterator[tuple[date, date, int]]:
    """Yield the late days of an instalment, cut where less of it is unpaid: first, last, and what is unpaid on them."""
    first, owed = instalment.due_on + _DAY, instalment.total_minor
    for day, in_all in paid:
        left = instalment.total_minor - min(max(in_all - before_minor, 0), instalment.total_minor)
        if left >= owed:
            continue
        last = min(day, on)
        if first <= last:
            yield first, last, owed
            first = last + _DAY
        owed = left
    if owed and first <= on:
        yield first, on, owed

"""The order within a day, found from the balances the bank printed, and the verdict on every line.

A printed balance follows from the line before it when it equals that line's balance plus this line's amount. The
file's own order is not that order, so it is searched for, per account, over all days at once: the best order has the
fewest lines that can't follow; among those, the fewest rounding differences; among those, the fewest steps backwards
in the file. The search is exact (Held and Karp 1962, over the lines of a day; Viterbi over the days) for days of up to
``DAY_LINES_SEARCHED_MAX`` lines of one account. A longer day is a walk through its balances: each line is an edge from
the balance before to the balance after, and an Eulerian trail (Hierholzer 1873) is an order in which every line
follows; where there is none, the file's order stays and the day is named.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from .books import BookLine

DAY_LINES_SEARCHED_MAX: Final = 10


class Verdict(StrEnum):
    """How a printed balance stands to the line before it."""

    EQUAL = "equal"
    ROUNDING = "rounding"
    CANNOT_FOLLOW = "cannot_follow"
    NOT_PRINTED = "not_printed"


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line in its place.

    ``position`` counts from 1 within the account; ``expected_minor`` is the balance that follows from the line before;
    ``running_minor`` is the sum of all amounts so far, which is what the ledger holds; ``difference_minor`` is printed
    minus expected (0 where nothing was printed).
    """

    line: BookLine
    position: int
    expected_minor: int
    running_minor: int
    difference_minor: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class AccountOrder:
    """The lines of one account in order, the balance before them, and the days whose order could not be found."""

    placed: tuple[PlacedLine, ...]
    opening_minor: int
    days_not_searched: tuple[date, ...]


_Cost: TypeAlias = tuple[int, int, int]
"""(lines that can't follow, rounding differences, steps backwards in the file): compared in this order."""


@dataclass(slots=True)
class _Way:
    """The best way found to reach a line: its cost, the line, and the way it came by."""

    cost: _Cost
    line: BookLine | None
    before: _Way | None


def verdict_on(difference_minor: int, rounding_minor_max: int) -> Verdict:
    """Judge a difference between the printed balance and the one that follows from the line before."""
    if difference_minor == 0:
        return Verdict.EQUAL
    return Verdict.ROUNDING if abs(difference_minor) <= rounding_minor_max else Verdict.CANNOT_FOLLOW


def _printed(line: BookLine) -> int:
    assert line.printed_minor is not None, "the search is for lines with printed balances"
    return line.printed_minor


def _before(line: BookLine) -> int:
    """The balance from which a line follows."""
    return _printed(line) - line.amount_minor


def _step(way: _Way, line: BookLine, opening_minor: int | None, rounding_minor_max: int) -> _Way:
    """Extend a way by one line; with no opening balance known, the first line follows by definition."""
    reached = opening_minor if way.line is None else _printed(way.line)
    difference = 0 if reached is None else _before(line) - reached
    verdict = verdict_on(difference, rounding_minor_max)
    backwards = way.line is not None and way.line.line_no > line.line_no
    cannot, rounded, back = way.cost
    cost = (cannot + (verdict is Verdict.CANNOT_FOLLOW), rounded + (verdict is Verdict.ROUNDING), back + backwards)
    return _Way(cost, line, way)


def _better(ways: dict[int, _Way], key: int, way: _Way) -> None:
    if key not in ways or way.cost < ways[key].cost:
        ways[key] = way


def _search_day(
    starts: Sequence[_Way], day: Sequence[BookLine], opening_minor: int | None, rounding_max: int
) -> list[_Way]:
    """Return, for each line that may end the day, the best way through all its lines."""
    count = len(day)
    by_set: list[dict[int, _Way]] = [{} for _ in range(1 << count)]
    for last, line in enumerate(day):
        for start in starts:
            _better(by_set[1 << last], last, _step(start, line, opening_minor, rounding_max))
    for done, ways in enumerate(by_set):
        for way in ways.values():
            for nxt, line in enumerate(day):
                if not done >> nxt & 1:
                    _better(by_set[done | 1 << nxt], nxt, _step(way, line, opening_minor, rounding_max))
    return list(by_set[-1].values())


def _trail(day: Sequence[BookLine], start_minor: int) -> list[BookLine] | None:
    """Return an order of a long day in which every line follows exactly, or None where there is none."""
    leaving: dict[int, list[BookLine]] = defaultdict(list)
    for line in sorted(day, key=lambda each: each.line_no, reverse=True):
        leaving[_before(line)].append(line)
    stack: list[tuple[int, BookLine | None]] = [(start_minor, None)]
    trail: list[BookLine] = []
    while stack:
        at_minor, by = stack[-1]
        if leaving[at_minor]:
            line = leaving[at_minor].pop()
            stack.append((_printed(line), line))
        else:
            stack.pop()
            if by is not None:
                trail.append(by)
    trail.reverse()
    reached = [start_minor, *(_printed(line) for line in trail)]
    follows = all(_before(line) == at_minor for line, at_minor in zip(trail, reached, strict=False))
    return trail if follows and len(trail) == len(day) else None


def _long_day(
    starts: Sequence[_Way], day: Sequence[BookLine], opening_minor: int | None, rounding_max: int
) -> tuple[_Way, bool]:
    """Walk a day too long for the search; also say whether an order was found."""
    in_file = sorted(day, key=lambda each: each.line_no)
    for start in sorted(starts, key=lambda way: way.cost):
        reached = opening_minor if start.line is None else _printed(start.line)
        openings = {_before(line) for line in in_file} if reached is None else {reached}
        orders = (_trail(in_file, each) for each in sorted(openings))
        order = next((each for each in orders if each is not None), None)
        if order is not None:
            return _walked(start, order, opening_minor, rounding_max), True
    return _walked(min(starts, key=lambda each: each.cost), in_file, opening_minor, rounding_max), False


def _walked(way: _Way, order: Iterable[BookLine], opening_minor: int | None, rounding_max: int) -> _Way:
    for line in order:
        way = _step(way, line, opening_minor, rounding_max)
    return way


def _unwound(way: _Way) -> list[BookLine]:
    lines = []
    at: _Way | None = way
    while at is not None and at.line is not None:
        lines.append(at.line)
        at = at.before
    lines.reverse()
    return lines


def _judged(
    lines: Iterable[BookLine], opening_minor: int, running_minor: int, first_position: int, rounding_minor_max: int
) -> tuple[PlacedLine, ...]:
    placed = []
    before = opening_minor
    for position, line in enumerate(lines, first_position):
        expected = before + line.amount_minor
        running_minor += line.amount_minor
        if line.printed_minor is None:
            difference, verdict, before = 0, Verdict.NOT_PRINTED, expected
        else:
            difference = line.printed_minor - expected
            verdict, before = verdict_on(difference, rounding_minor_max), line.printed_minor
        placed.append(PlacedLine(line, position, expected, running_minor, difference, verdict))
    return tuple(placed)


def place_lines(
    lines: Sequence[BookLine],
    *,
    rounding_minor_max: int,
    opening_minor: int | None = 0,
    running_minor: int | None = None,
    first_position: int = 1,
    order_in_file: bool = False,
) -> AccountOrder:
    """Put the lines of one account in order and judge each.

    Args:
        lines: of one account, in any order, at least one.
        rounding_minor_max: the largest difference that counts as rounding, in minor units.
        opening_minor: the balance printed before the first line; ``None`` takes what the first line follows from
            (zero where no balance is printed).
        running_minor: what the ledger holds before the first line; the opening balance unless given.
        first_position: the position of the first line within the account.
        order_in_file: keep the file's order within a day instead of searching.
    """
    in_file = sorted(lines, key=lambda line: (line.booked_on, line.line_no))
    not_searched: list[date] = []
    if order_in_file or any(line.printed_minor is None for line in lines):
        ordered = in_file
    else:
        ordered = _ordered(in_file, opening_minor, rounding_minor_max, not_searched)
    if opening_minor is None:
        opening_minor = 0 if ordered[0].printed_minor is None else _before(ordered[0])
    running = opening_minor if running_minor is None else running_minor
    placed = _judged(ordered, opening_minor, running, first_position, rounding_minor_max)
    return AccountOrder(placed, opening_minor, tuple(not_searched))


def _ordered(
    in_file: Sequence[BookLine], opening_minor: int | None, rounding_minor_max: int, not_searched: list[date]
) -> list[BookLine]:
    ways = [_Way((0, 0, 0), None, None)]
    for booked_on, group in groupby(in_file, key=lambda line: line.booked_on):
        day = list(group)
        if len(day) <= DAY_LINES_SEARCHED_MAX:
            ways = _search_day(ways, day, opening_minor, rounding_minor_max)
        else:
            way, found = _long_day(ways, day, opening_minor, rounding_minor_max)
            ways = [way]
            if not found:
                not_searched.append(booked_on)
    return _unwound(min(ways, key=lambda way: way.cost))

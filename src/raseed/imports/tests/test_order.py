"""The order within a day is found, and every line that does not follow is named as what it is."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from raseed.imports.domain.books import BookLine, Kind
from raseed.imports.domain.order import DAY_LINES_SEARCHED_MAX, AccountOrder, Verdict, place_lines

ROUNDING = 10
FIRST = date(1993, 1, 1)


def line(line_no: int, amount: int, printed: int | None, day: int = 0) -> BookLine:
    return BookLine(line_no, f"t{line_no}", "1", FIRST + timedelta(days=day), amount, printed, Kind.OTHER_IN)


def place(lines: list[BookLine], opening: int | None = 0) -> AccountOrder:
    return place_lines(lines, rounding_minor_max=ROUNDING, opening_minor=opening)


def verdicts(order: AccountOrder) -> list[Verdict]:
    return [placed.verdict for placed in order.placed]


def test_lines_of_a_day_are_put_in_the_order_of_their_balances():
    order = place([line(1, -10_00, 40_00), line(2, 20_00, 50_00), line(3, 30_00, 30_00)])
    assert [placed.line.line_no for placed in order.placed] == [3, 2, 1]
    assert verdicts(order) == [Verdict.EQUAL] * 3


def test_where_several_orders_follow_the_one_nearest_the_file_is_taken():
    order = place([line(1, 500, 500), line(2, -500, 0), line(3, 500, 500), line(4, -500, 0)])
    assert [placed.line.line_no for placed in order.placed] == [1, 2, 3, 4]


def test_a_difference_within_the_bound_is_rounding_and_a_larger_one_cannot_follow():
    order = place([line(1, 1000, 1000), line(2, 100, 1110, day=1), line(3, 100, 1221, day=2)])
    assert verdicts(order) == [Verdict.EQUAL, Verdict.ROUNDING, Verdict.CANNOT_FOLLOW]
    assert [placed.difference_minor for placed in order.placed] == [0, 10, 11]
    assert [placed.expected_minor for placed in order.placed] == [1000, 1100, 1210]


def test_the_running_balance_is_the_sum_of_the_amounts_whatever_was_printed():
    order = place([line(1, 1000, 1000), line(2, 100, 1110, day=1), line(3, 100, 5000, day=2)])
    assert [placed.running_minor for placed in order.placed] == [1000, 1100, 1200]


def test_the_best_end_of_a_day_is_chosen_by_the_days_after_it():
    # Two lines that don't follow from each other: whichever is last, only one of them lets the next day follow.
    day_one = [line(1, 100, 700), line(2, 100, 300)]
    order = place([*day_one, line(3, 1, 701, day=1)])
    assert [placed.line.line_no for placed in order.placed] == [2, 1, 3]
    order = place([*day_one, line(3, 1, 301, day=1)])
    assert [placed.line.line_no for placed in order.placed] == [1, 2, 3]


def test_without_an_opening_balance_the_first_line_follows_by_itself():
    order = place([line(1, 50, 1050), line(2, -20, 1030)], opening=None)
    assert order.opening_minor == 1000
    assert verdicts(order) == [Verdict.EQUAL] * 2
    assert order.placed[-1].running_minor == 1030


def test_lines_without_printed_balances_keep_the_file_s_order():
    order = place([line(2, 50, None), line(1, 30, None), line(3, 1, None, day=-1)])
    assert [placed.line.line_no for placed in order.placed] == [3, 1, 2]
    assert verdicts(order) == [Verdict.NOT_PRINTED] * 3


def test_a_long_consistent_day_is_ordered_however_many_lines_it_has():
    amounts = [7 * n % 41 - 17 or 5 for n in range(200)]
    balances = list(itertools.accumulate(amounts))
    lines = [line(200 - n, a, b) for n, (a, b) in enumerate(zip(amounts, balances, strict=True))]
    order = place(lines)
    assert set(verdicts(order)) == {Verdict.EQUAL}
    assert order.days_not_searched == ()


def test_a_long_day_with_no_consistent_order_keeps_the_file_s_order_and_is_named():
    lines = [line(n, 100, 1000 * n) for n in range(1, DAY_LINES_SEARCHED_MAX + 2)]
    order = place(lines)
    assert [placed.line.line_no for placed in order.placed] == list(range(1, DAY_LINES_SEARCHED_MAX + 2))
    assert order.days_not_searched == (FIRST,)


@given(st.data())
def test_a_shuffled_consistent_history_is_always_put_back_in_an_order_that_follows(data: st.DataObject):
    amounts = data.draw(st.lists(st.integers(-500, 500).filter(bool), min_size=1, max_size=25))
    days = sorted(data.draw(st.lists(st.integers(0, 6), min_size=len(amounts), max_size=len(amounts))))
    numbers = data.draw(st.permutations(range(len(amounts))))
    balances = itertools.accumulate(amounts)
    lines = [line(n + 1, a, b, d) for n, a, b, d in zip(numbers, amounts, balances, days, strict=True)]
    order = place(data.draw(st.permutations(lines)))
    assert set(verdicts(order)) == {Verdict.EQUAL}
    assert sorted(placed.line.line_no for placed in order.placed) == sorted(each.line_no for each in lines)
    assert [placed.running_minor for placed in order.placed] == [placed.line.printed_minor for placed in order.placed]


@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(-60, 60)), min_size=1, max_size=5))
def test_the_search_is_as_good_as_trying_every_order(content: list[tuple[int, int]]):
    lines = [line(n, amount, printed) for n, (amount, printed) in enumerate(content, 1)]

    def cost(order: tuple[BookLine, ...]) -> tuple[int, int]:
        before, cannot, rounded = 0, 0, 0
        for each in order:
            assert each.printed_minor is not None
            difference = each.printed_minor - before - each.amount_minor
            cannot += abs(difference) > ROUNDING
            rounded += 0 < abs(difference) <= ROUNDING
            before = each.printed_minor
        return cannot, rounded

    found = place(lines)
    count = (verdicts(found).count(Verdict.CANNOT_FOLLOW), verdicts(found).count(Verdict.ROUNDING))
    assert count == min(cost(order) for order in itertools.permutations(lines))

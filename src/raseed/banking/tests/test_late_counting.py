"""What being late costs is a function of the days: however often and in whatever order it is asked, and never on itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from raseed.banking.amortisation import Instalment, paid_parts
from raseed.banking.api import NO_PENALTY, Days, PenaltyKind, PenaltyRule, Settled
from raseed.banking.late.counting import Lateness, late_since, penalties_on
from raseed.banking.penalties import cap_of, penalty_minor

START = date(2026, 4, 1)
A_DAY = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=100)
TENTH_PERCENT_A_DAY = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=1_000)


def day(number: int) -> date:
    return START + timedelta(days=number)


def instalments(*totals: int) -> tuple[Instalment, ...]:
    """Return instalments due on every thirtieth day, a tenth of each being interest."""
    return tuple(
        Instalment(number, day(30 * (number - 1)), day(30 * (number - 1)), total - total // 10, total // 10)
        for number, total in enumerate(totals, start=1)
    )


def came(payments: Sequence[tuple[int, int]]) -> tuple[tuple[date, int], ...]:
    """Return what had come in by the end of which day, of payments on the days of those numbers."""
    by_day: dict[int, int] = {}
    for number, minor in payments:
        by_day[number] = by_day.get(number, 0) + minor
    in_all, found = 0, []
    for number in sorted(by_day):
        in_all += by_day[number]
        found.append((day(number), in_all))
    return tuple(found)


def cost(
    rule: PenaltyRule,
    due: Sequence[Instalment],
    on: int,
    payments: Sequence[tuple[int, int]] = (),
    *,
    spared: Sequence[Days] = (),
    charged: Sequence[int] = (),
) -> tuple[int, ...]:
    lateness = Lateness(
        rule=rule, spared=spared, paid=came(payments),
        charged={each.period_end: minor for each, minor in zip(due, charged, strict=False)},
    )  # fmt: skip
    return penalties_on(lateness, due, sum(minor for _, minor in payments), day(on))


def test_the_day_of_payment_counts_and_the_day_after_does_not() -> None:
    due = instalments(1_000)
    assert [cost(A_DAY, due, on)[0] for on in (0, 1, 2)] == [0, 100, 200]
    assert [cost(A_DAY, due, on, [(2, 1_000)])[0] for on in (1, 2, 3, 30)] == [100, 200, 200, 200]


def test_a_share_is_of_what_is_unpaid_and_never_of_a_penalty() -> None:
    due = instalments(100_000)
    assert cost(TENTH_PERCENT_A_DAY, due, 10)[0] == 1_000
    assert cost(TENTH_PERCENT_A_DAY, due, 10, [(5, 50_000)])[0] == 500 + 250
    assert cost(TENTH_PERCENT_A_DAY, due, 200, [(10, 100_000)])[0] == 1_000  # unpaid itself, it does not grow


def test_each_instalment_is_settled_whole_before_the_next_one_and_its_penalty_last() -> None:
    due = instalments(1_000, 1_000)
    penalties = cost(A_DAY, due, 32, [(2, 1_000)])
    assert penalties == (200, 200)
    parts = list(paid_parts(due, 1_250, penalties))
    assert [(part.interest_minor, part.principal_minor, part.penalty_minor) for part in parts] == [
        (100, 900, 200),
        (50, 0, 0),
    ]


def test_a_share_is_rounded_down_once_for_all_the_days_and_not_for_each() -> None:
    due = instalments(333)
    assert [cost(TENTH_PERCENT_A_DAY, due, on)[0] for on in (1, 3, 4, 7)] == [0, 0, 1, 2]


def test_days_that_are_waived_do_not_count_and_what_was_paid_stays_paid() -> None:
    due = instalments(1_000)
    ten_days = [Days(day(1), day(10))]
    assert cost(A_DAY, due, 12, spared=ten_days) == (200,)
    assert cost(A_DAY, due, 12, spared=ten_days, charged=[1_200]) == (200,), "unpaid: it is to be taken back"
    paid_before = cost(A_DAY, due, 12, [(5, 1_000 + 300)], spared=ten_days, charged=[500])
    assert paid_before == (300,), "what is paid of it stays, the rest is taken back"


def test_a_rule_that_asks_for_nothing_costs_nothing() -> None:
    assert cost(NO_PENALTY, instalments(1_000, 1_000), 300) == (0, 0)


def rules() -> st.SearchStrategy[PenaltyRule]:
    grace, cap = st.integers(0, 20), st.none() | st.integers(1, 5_000)
    share = st.none() | st.integers(1, 1_000_000)
    fixed = st.builds(
        PenaltyRule, st.sampled_from([PenaltyKind.FIXED, PenaltyKind.FIXED_A_DAY]),
        amount_minor=st.integers(1, 10_000), grace_days=grace, cap_minor=cap, cap_ppm=share,
    )  # fmt: skip
    of_it = st.builds(
        PenaltyRule, st.sampled_from([PenaltyKind.PERCENT, PenaltyKind.PERCENT_A_DAY]),
        rate_ppm=st.integers(1, 1_000_000), grace_days=grace, cap_minor=cap, cap_ppm=share,
    )  # fmt: skip
    return fixed | of_it


SCHEDULES = st.lists(st.integers(1, 20_000), min_size=1, max_size=5).map(lambda totals: instalments(*totals))
PAYMENTS = st.lists(st.tuples(st.integers(-40, 200), st.integers(1, 30_000)), max_size=6)
SPANS = st.lists(
    st.tuples(st.integers(-10, 150), st.integers(0, 60)).map(lambda span: Days(day(span[0]), day(sum(span)))),
    max_size=3,
)


@given(rules(), SCHEDULES, PAYMENTS, SPANS, st.integers(-5, 200))
def test_the_parts_that_are_paid_add_up_to_what_came_in_and_none_is_below_zero_or_above_what_is_asked(
    rule: PenaltyRule, due: tuple[Instalment, ...], payments: list[tuple[int, int]], spared: list[Days], on: int
) -> None:
    penalties = cost(rule, due, on, payments, spared=spared)
    came_in = sum(minor for _, minor in payments)
    parts = list(paid_parts(due, came_in, penalties))
    asked = sum(each.total_minor for each in due) + sum(penalties)
    assert sum(part.total_minor for part in parts) == min(came_in, asked)
    for each, whole, part in zip(due, penalties, parts, strict=True):
        most = cap_of(rule, each.total_minor)
        assert 0 <= part.penalty_minor <= whole
        assert most is None or whole <= most
        assert part.penalty_minor == 0 or (part.interest_minor, part.principal_minor) == (
            each.interest_minor, each.principal_minor,
        )  # fmt: skip


@given(rules(), SCHEDULES, PAYMENTS, SPANS, st.sets(st.integers(0, 200), min_size=1, max_size=8))
def test_counting_on_any_days_charges_in_the_end_what_counting_once_does(
    rule: PenaltyRule, due: tuple[Instalment, ...], payments: list[tuple[int, int]], spared: list[Days], runs: set[int]
) -> None:
    """The books are charged the difference on each run; payments come in on their days, before the run or after it."""
    last = max(runs)
    charged: tuple[int, ...] = (0,) * len(due)
    for on in sorted(runs):
        until = [each for each in payments if each[0] <= on]
        counted = cost(rule, due, on, until, spared=spared, charged=charged)
        assert all(now >= before for now, before in zip(counted, charged, strict=True)), (
            "without a new waiver it only grows"
        )
        charged = counted
    assert charged == cost(rule, due, last, [each for each in payments if each[0] <= last], spared=spared)


@given(rules(), SCHEDULES, PAYMENTS, SPANS, st.integers(0, 200))
def test_a_payment_later_on_the_same_day_changes_nothing_of_the_days_until_then(
    rule: PenaltyRule, due: tuple[Instalment, ...], payments: list[tuple[int, int]], spared: list[Days], on: int
) -> None:
    before = [each for each in payments if each[0] < on]
    with_today = [*before, *((on, minor) for _, minor in payments)]
    assert cost(rule, due, on, before, spared=spared) == cost(rule, due, on, with_today, spared=spared)


@given(rules(), SCHEDULES, PAYMENTS, SPANS, st.integers(0, 200))
def test_a_waiver_costs_nobody_anything_and_takes_back_all_but_what_is_paid(
    rule: PenaltyRule, due: tuple[Instalment, ...], payments: list[tuple[int, int]], spared: list[Days], on: int
) -> None:
    until = [each for each in payments if each[0] <= on]
    without = cost(rule, due, on, until)
    waived = cost(rule, due, on, until, spared=spared, charged=without)
    assert sum(waived) <= sum(without)
    all_spared = cost(rule, due, on, until, spared=[Days(day(-5), day(400))], charged=without)
    paid = [part.penalty_minor for part in paid_parts(due, sum(minor for _, minor in until), without)]
    assert list(all_spared) == paid


@given(
    rules(), SCHEDULES, st.integers(0, 4), st.integers(1, 29), st.lists(st.integers(0, 29), min_size=5, max_size=5),
    st.integers(0, 200),
)  # fmt: skip
def test_late_once_and_exact_and_on_time_for_ever_costs_the_days_of_that_lateness_and_nobody_ages_by_it(
    rule: PenaltyRule, due: tuple[Instalment, ...], late: int, days: int, early: list[int], after: int
) -> None:
    assume(late < len(due))
    paid = [
        (30 * number + (days if number == late else -min(early[number], 30 - days)), each.total_minor)
        for number, each in enumerate(due)
    ]
    total, due_on = due[late].total_minor, due[late].due_on
    once = penalty_minor(rule, total, due_on, due_on + timedelta(days=days), whole_minor=total)
    on = 30 * late + days + after
    counted = cost(rule, due, on, [each for each in paid if each[0] <= on])
    assert counted == tuple(once if number == late else 0 for number in range(len(due)))
    assert late_since(due, sum(minor for number, minor in paid if number <= on), day(on)) is None


def test_a_penalty_that_the_next_instalment_settles_is_left_over_at_the_end_and_grows_nothing() -> None:
    due = instalments(*[10_000] * 6)
    for rule, once in (PenaltyRule(PenaltyKind.FIXED, amount_minor=2_500), 2_500), (A_DAY, 100):
        paid = [(1, 10_000), *((30 * number, 10_000) for number in range(1, 6))]
        penalties = cost(rule, due, 190, paid)
        assert penalties == (once, 0, 0, 0, 0, 0)
        parts = list(paid_parts(due, 60_000, penalties))
        assert [each.total_minor + penalty - part.total_minor for each, penalty, part in zip(due, penalties, parts, strict=True)] == [
            0, 0, 0, 0, 0, once,
        ]  # fmt: skip


@given(rules(), st.integers(1, 20_000), st.integers(0, 100), SPANS)
def test_of_one_instalment_that_is_not_paid_it_is_the_rule_of_bills(
    rule: PenaltyRule, total: int, on: int, spared: list[Days]
) -> None:
    due = instalments(total)
    alone = penalty_minor(rule, total, START, day(on), whole_minor=total, spared=spared, settled=Settled())
    assert cost(rule, due, on, spared=spared) == (alone,)
    assert cost(replace(rule, grace_days=366), due, on) == (0,)

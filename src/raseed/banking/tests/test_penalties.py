"""Late penalties: what each kind of rule asks for, and what none ever does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.banking.errors import InvalidTerms
from raseed.banking.penalties import (
    NO_PENALTY,
    Days,
    PenaltyKind,
    PenaltyRule,
    Settled,
    cap_of,
    days_late,
    penalty,
)
from raseed.kernel.money import Money, currency

EGP = currency("EGP")
DUE = date(2026, 3, 10)


def asked(rule: PenaltyRule, minor: int, late: int, **more: Any) -> int:
    return penalty(rule, Money(minor, EGP), DUE, DUE + timedelta(days=late), **more).amount_minor


def test_each_kind_is_counted_as_it_says() -> None:
    fixed = PenaltyRule(PenaltyKind.FIXED, amount_minor=500, grace_days=3)
    assert [asked(fixed, 10_000, late) for late in (0, 1, 3, 4, 40)] == [0, 0, 0, 500, 500]
    share = PenaltyRule(PenaltyKind.PERCENT, rate_ppm=20_000)
    assert [asked(share, 10_049, late) for late in (0, 1, 9)] == [0, 200, 200], "cut down, never up"
    daily = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=25, grace_days=2, cap_minor=100)
    assert [asked(daily, 10_000, late) for late in (2, 3, 4, 6, 7)] == [0, 25, 50, 100, 100]
    daily_share = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=1_000, cap_ppm=50_000)
    assert [asked(daily_share, 12_345, late) for late in (1, 2, 10, 50, 90)] == [12, 24, 123, 617, 617]
    assert asked(NO_PENALTY, 10_000, 999) == 0


def test_a_cap_of_both_kinds_is_the_lower_one() -> None:
    rule = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=100, cap_minor=250, cap_ppm=100_000)
    assert asked(rule, 10_000, 9) == 250
    assert asked(rule, 1_000, 9) == 100
    assert asked(rule, 1_000, 9, whole=Money(10_000, EGP)) == 250, "a share of the bill, not of what is left of it"


def test_spared_days_do_not_count_wherever_they_overlap() -> None:
    spared = [Days(date(2026, 3, 14), date(2026, 3, 16)), Days(date(2026, 3, 12), date(2026, 3, 15)),
              Days(date(2026, 3, 20), date(2026, 3, 19)), Days(date(2026, 3, 1), date(2026, 3, 11))]  # fmt: skip
    assert days_late(DUE, date(2026, 3, 18), spared) == 2
    assert days_late(DUE, DUE, spared) == days_late(DUE, DUE - timedelta(days=3)) == 0


def test_what_was_settled_is_not_asked_for_again() -> None:
    once = PenaltyRule(PenaltyKind.FIXED, amount_minor=500)
    assert asked(once, 5_000, 9, settled=Settled(500, DUE + timedelta(days=4))) == 0
    assert asked(once, 5_000, 9, settled=Settled(0, DUE)) == 500
    daily = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=10_000, cap_minor=120, grace_days=1)
    first = asked(daily, 1_000, 6)
    assert first == 50
    assert asked(daily, 500, 8, settled=Settled(first, DUE + timedelta(days=6))) == 10, "two days more, of what is left"
    assert asked(daily, 500, 80, settled=Settled(first, DUE + timedelta(days=6))) == 70, "the cap is one for all"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("rate_ppm", {"kind": PenaltyKind.PERCENT, "rate_ppm": -1}),
        ("rate_ppm", {"kind": PenaltyKind.PERCENT, "rate_ppm": 1_000_001}),
        ("rate_ppm", {"kind": PenaltyKind.PERCENT_A_DAY}),
        ("rate_ppm", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "rate_ppm": 5}),
        ("amount_minor", {"kind": PenaltyKind.FIXED}),
        ("amount_minor", {"kind": PenaltyKind.FIXED_A_DAY, "amount_minor": 0}),
        ("amount_minor", {"kind": PenaltyKind.FIXED_A_DAY, "amount_minor": 2**63}),
        ("amount_minor", {"kind": PenaltyKind.PERCENT, "rate_ppm": 5, "amount_minor": 5}),
        ("grace_days", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "grace_days": -1}),
        ("grace_days", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "grace_days": 367}),
        ("grace_days", {"kind": PenaltyKind.NONE, "grace_days": 1}),
        ("cap_minor", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "cap_minor": -1}),
        ("cap_minor", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "cap_minor": 0}),
        ("cap_minor", {"kind": PenaltyKind.NONE, "cap_minor": 1}),
        ("cap_ppm", {"kind": PenaltyKind.FIXED, "amount_minor": 5, "cap_ppm": 1_000_001}),
    ],
)
def test_what_can_not_be_a_rule_is_refused_by_its_field(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidTerms) as refused:
        PenaltyRule(**given)
    assert refused.value.field == field


AMOUNTS = st.integers(1, 10**12)
SHARES = st.integers(1, 1_000_000)


@st.composite
def rules(draw: st.DrawFn) -> PenaltyRule:
    kind = draw(st.sampled_from([kind for kind in PenaltyKind if kind is not PenaltyKind.NONE]))
    is_share = kind in (PenaltyKind.PERCENT, PenaltyKind.PERCENT_A_DAY)
    return PenaltyRule(
        kind,
        amount_minor=None if is_share else draw(AMOUNTS),
        rate_ppm=draw(SHARES) if is_share else None,
        grace_days=draw(st.integers(0, 60)),
        cap_minor=draw(st.none() | AMOUNTS),
        cap_ppm=draw(st.none() | SHARES),
    )


SPANS = st.lists(
    st.builds(
        lambda first, length: Days(DUE + timedelta(days=first), DUE + timedelta(days=first + length)),
        st.integers(-30, 120),
        st.integers(-2, 40),
    ),
    max_size=5,
)


@given(rules(), AMOUNTS, st.integers(-50, 400), SPANS)
def test_it_is_never_negative_never_past_its_cap_and_nothing_within_grace(
    rule: PenaltyRule, minor: int, late: int, spared: list[Days]
) -> None:
    got = asked(rule, minor, late, spared=spared)
    most = cap_of(rule, minor)
    assert got >= 0
    assert most is None or got <= most
    if late <= rule.grace_days:
        assert got == 0
    assert got <= asked(rule, minor, late), "to spare days never costs more"


@given(rules(), AMOUNTS, st.integers(0, 300), st.integers(0, 100), SPANS)
def test_it_never_falls_as_days_go_by(rule: PenaltyRule, minor: int, late: int, more: int, spared: list[Days]) -> None:
    assert asked(rule, minor, late, spared=spared) <= asked(rule, minor, late + more, spared=spared)


@given(rules(), AMOUNTS, st.integers(0, 300), st.integers(0, 100))
def test_paying_it_in_two_goes_never_costs_more_than_in_one(
    rule: PenaltyRule, minor: int, late: int, more: int
) -> None:
    first = asked(rule, minor, late)
    second = asked(rule, minor, late + more, settled=Settled(first, DUE + timedelta(days=late)))
    assert first + second <= asked(rule, minor, late + more)
    assert asked(rule, minor, late, settled=Settled(first, DUE + timedelta(days=late))) == 0


@given(SPANS, st.integers(0, 200))
def test_days_are_counted_as_one_would_count_them_on_a_calendar(spared: list[Days], late: int) -> None:
    on = DUE + timedelta(days=late)
    days = [DUE + timedelta(days=number) for number in range(1, late + 1)]
    counted = [day for day in days if not any(each.first <= day <= each.last for each in spared)]
    assert days_late(DUE, on, spared) == len(counted)


def test_a_rule_without_its_cap_asks_for_at_least_as_much() -> None:
    capped = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=1, cap_minor=1)
    assert asked(replace(capped, cap_minor=None), 10**9, 300) >= asked(capped, 10**9, 300)

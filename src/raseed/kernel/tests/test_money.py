"""Money is whole minor units; what a person types becomes exactly what they meant, or is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.money import (
    AMOUNT_MINOR_MAX,
    CURRENCIES,
    Currency,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    currency,
    parse_amount,
)
from raseed.kernel.text import arabic_digits

EGP, OMR, JPY = currency("EGP"), currency("OMR"), currency("JPY")
some_currency = st.sampled_from(sorted(CURRENCIES.values(), key=lambda c: c.code))
positive = st.integers(min_value=1, max_value=AMOUNT_MINOR_MAX)


@given(positive, some_currency)
def test_an_amount_survives_being_written_and_read(minor: int, unit: Currency) -> None:
    money = Money(minor, unit)
    assert parse_amount(money.decimal_text(), unit) == money
    assert parse_amount(arabic_digits(money.decimal_text()).replace(".", "٫"), unit) == money


@given(positive, some_currency)
def test_an_amount_may_be_typed_with_its_thousands_grouped(minor: int, unit: Currency) -> None:
    whole, point, part = Money(minor, unit).decimal_text().partition(".")
    grouped = f"{int(whole):,}{point}{part}"
    assert parse_amount(grouped, unit).amount_minor == minor
    assert parse_amount(arabic_digits(grouped).replace(",", "٬").replace(".", "٫"), unit).amount_minor == minor


@given(st.integers(min_value=-AMOUNT_MINOR_MAX, max_value=AMOUNT_MINOR_MAX), some_currency)
def test_decimal_text_is_exact(minor: int, unit: Currency) -> None:
    assert Decimal(Money(minor, unit).decimal_text()) == Decimal(minor).scaleb(-unit.scale)


@pytest.mark.parametrize(
    "text",
    ["0", "0.00", "-1", "+1", "1.234", "", " ", "1.", ".5", "1,23", "12,34.5", "1,2345", "1e3", "NaN", "∞", "½", "0x10",
     "١-", "1 000", "1__0", "92233720368547758.08", "9" * 40, "1\n2", "Ⅷ", "１２", "१२", "1.2.3", "٫", "−5"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_and_says_how_many_decimals_there_may_be(text: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_amount(text, EGP, field="amount")
    assert refused.value.field == "amount"
    assert refused.value.params == {"decimals": 2}


@given(st.text(max_size=30))
def test_any_text_is_an_amount_above_zero_within_bounds_or_a_typed_refusal(text: str) -> None:
    try:
        money = parse_amount(text, EGP)
    except InvalidAmount:
        return
    assert 0 < money.amount_minor <= AMOUNT_MINOR_MAX


def test_the_largest_amount_is_read_and_one_more_is_refused() -> None:
    assert parse_amount("92233720368547758.07", EGP).amount_minor == AMOUNT_MINOR_MAX
    with pytest.raises(InvalidAmount):
        parse_amount("92233720368547758.08", EGP)


@pytest.mark.parametrize(("text", "unit", "minor"), [("1.5", OMR, 1500), ("1.234", OMR, 1234), ("7", JPY, 7)])
def test_each_currency_has_its_own_decimals(text: str, unit: Currency, minor: int) -> None:
    assert parse_amount(text, unit).amount_minor == minor


def test_a_currency_without_decimals_refuses_a_point() -> None:
    with pytest.raises(InvalidAmount):
        parse_amount("7.0", JPY)


@given(st.integers(), st.integers())
def test_adding_and_taking_away_undo_each_other(one: int, other: int) -> None:
    a, b = Money(one, EGP), Money(other, EGP)
    assert a + b - b == a
    assert -a + a == Money(0, EGP)
    assert (a < b) == (one < other)
    assert (a <= b) == (one <= other)


def test_two_currencies_do_not_mix() -> None:
    for mix in (lambda: Money(1, EGP) + Money(1, OMR), lambda: Money(1, EGP) < Money(1, OMR)):
        with pytest.raises(CurrencyMismatch) as refused:
            mix()
        assert refused.value.params == {"given": "OMR", "expected": "EGP"}


@pytest.mark.parametrize("amount", [1.0, Decimal(1), "1", True, None])
def test_money_is_made_of_whole_numbers_only(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, EGP)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["XXX", "egp", "", "E" * 1000, None, 5])
def test_an_unknown_currency_is_refused_and_not_echoed_at_length(code: object) -> None:
    with pytest.raises(UnknownCurrency) as refused:
        currency(code)  # type: ignore[arg-type]
    assert len(str(refused.value.params["currency"])) <= 8


def test_decimals_follow_iso_4217_not_habit() -> None:
    scales = {code: unit.scale for code, unit in CURRENCIES.items()}
    assert (scales["SYP"], scales["OMR"], scales["JPY"], scales["LBP"], scales["TND"]) == (2, 3, 0, 2, 3)
    assert len({unit.number for unit in CURRENCIES.values()}) == len(CURRENCIES)

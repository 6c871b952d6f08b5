"""Money, numbers and dates reach each reader in their own digits, exact to the last decimal, and in the right order."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.money import CURRENCIES, Currency, Money, currency
from raseed.kernel.text import ascii_digits
from raseed.platform.formats import (
    Digits,
    date_text,
    day_month_text,
    digits_text,
    isolated,
    moment_text,
    money_text,
    number_text,
    reader_digits,
    time_text,
)

EGP, ILS, OMR, CZK, JPY = (currency(code) for code in ("EGP", "ILS", "OMR", "CZK", "JPY"))
INSTANT = datetime(2025, 3, 3, 12, 3, tzinfo=UTC)
languages = st.sampled_from(["ar", "he", "en"])
digit_choices = st.sampled_from([None, "arab", "latn"])


@pytest.mark.parametrize(
    ("money", "language", "text"),
    [
        (Money(123450, EGP), "ar", "١٬٢٣٤٫٥٠\u00a0ج.م"),
        (Money(123450, EGP), "he", "\u200f1,234.50\u00a0\u200fEGP"),
        (Money(123450, EGP), "en", "EGP\u00a01,234.50"),
        (Money(123450, ILS), "he", "\u200f1,234.50\u00a0\u200f₪"),
        (Money(123450, ILS), "en", "₪1,234.50"),
        (Money(1, OMR), "ar", "٠٫٠٠١\u00a0ر.ع"),
        (Money(0, EGP), "ar", "٠٫٠٠\u00a0ج.م"),
        (Money(5, JPY), "en", "JPY\u00a05"),
        (Money(100, CZK), "ar", "\u200f١٫٠٠\u00a0\u200fCZK"),
        (Money(-123450, EGP), "ar", "\u200f\u061c-١٬٢٣٤٫٥٠\u00a0ج.م"),
        (Money(-123450, ILS), "he", "\u200f\u200e-1,234.50\u00a0\u200f₪"),
        (Money(-123450, ILS), "en", "-₪1,234.50"),
    ],
)
def test_money_reads_as_in_its_readers_country(money: Money, language: str, text: str) -> None:
    assert money_text(money, language) == text


def test_a_customers_own_choice_of_digits_wins_over_the_language() -> None:
    assert money_text(Money(123450, EGP), "ar", digits="latn") == "1,234.50\u00a0ج.م"
    assert money_text(Money(123450, ILS), "he", digits="arab") == "\u200f١٬٢٣٤٫٥٠\u00a0\u200f₪"
    assert reader_digits("ar") == "arab"
    assert reader_digits("ar", "latn") == "latn"
    assert reader_digits("he") == reader_digits("en") == "latn"


def test_a_signed_amount_shows_its_plus() -> None:
    assert money_text(Money(100, EGP), "en", signed=True) == "+EGP\u00a01.00"
    assert money_text(Money(100, EGP), "ar", signed=True) == "\u200f\u061c+١٫٠٠\u00a0ج.م"
    assert money_text(Money(0, EGP), "en", signed=True) == "EGP\u00a00.00"


@given(
    st.integers(min_value=-(2**63), max_value=2**63),
    st.sampled_from(sorted(CURRENCIES.values(), key=lambda c: c.code)),
    languages,
    digit_choices,
)
def test_no_digit_is_ever_lost_or_rounded(minor: int, unit: Currency, language: str, digits: Digits | None) -> None:
    money = Money(minor, unit)
    shown = ascii_digits(money_text(money, language, digits=digits)).replace("٬", "").replace(",", "")
    shown = shown.replace("٫", ".")
    assert money.decimal_text().lstrip("-") in shown
    assert ("-" in shown) == (minor < 0)


@given(st.integers(), languages, digit_choices)
def test_a_number_survives_being_written(number: int, language: str, digits: Digits | None) -> None:
    shown = ascii_digits(number_text(number, language, digits=digits))
    assert int("".join(c for c in shown if c in "-0123456789")) == number


def test_numbers_are_grouped_in_the_readers_digits() -> None:
    assert number_text(1234567, "ar") == "١٬٢٣٤٬٥٦٧"
    assert number_text(1234567, "he") == "1,234,567"
    assert number_text(-5, "en") == "-5"
    assert digits_text("AB-12", "ar") == "AB-١٢"


@pytest.mark.parametrize(
    ("language", "text", "short"),
    [("ar", "٣ مارس ٢٠٢٥", "٣ مارس"), ("he", "3 במרץ 2025", "3 במרץ"), ("en", "3 March 2025", "3 March")],
)
def test_dates_are_gregorian_with_month_names(language: str, text: str, short: str) -> None:
    assert date_text(date(2025, 3, 3), language) == text
    assert day_month_text(date(2025, 3, 3), language) == short


def test_the_levant_has_month_names_of_its_own() -> None:
    assert date_text(date(2025, 11, 9), "ar", country="SY") == "٩ تشرين الثاني ٢٠٢٥"
    assert date_text(date(2025, 11, 9), "ar", country="EG") == "٩ نوفمبر ٢٠٢٥"
    assert date_text(date(2025, 11, 9), "en", country="SY") == "9 November 2025"


def test_a_time_is_told_in_the_readers_zone() -> None:
    assert time_text(INSTANT, "ar", zone="Africa/Cairo") == "١٤:٠٣"
    assert time_text(INSTANT, "he", zone="Asia/Jerusalem") == "14:03"
    assert moment_text(INSTANT, "ar", zone="Africa/Cairo") == "٣ مارس ٢٠٢٥، ١٤:٠٣"
    late = datetime(2025, 3, 3, 23, 30, tzinfo=UTC)
    assert moment_text(late, "en", zone="Africa/Cairo") == "4 March 2025, 01:30"


def test_an_instant_is_never_taken_for_a_date_nor_a_naive_time_for_an_instant() -> None:
    with pytest.raises(TypeError, match="not an instant"):
        date_text(INSTANT, "en")
    with pytest.raises(TypeError, match="aware"):
        time_text(datetime(2025, 3, 3), "en", zone="UTC")  # noqa: DTZ001  (that it has no zone is the point)


def test_what_could_disturb_a_sentence_is_isolated_and_nothing_else() -> None:
    assert isolated("EGP", "ar") == "\u2068EGP\u2069"
    assert isolated("+20 100", "ar") == "\u2068+20 100\u2069"
    assert isolated("محمد", "ar") == "محمد"
    assert isolated("محمد", "en") == "\u2068محمد\u2069"
    assert isolated("Mona", "en") == "Mona"

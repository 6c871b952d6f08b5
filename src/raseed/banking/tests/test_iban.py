"""IBANs: made right, and checked before money follows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.banking.domain import Alias, AliasKind, Cursor, normal_alias
from raseed.banking.errors import InvalidAlias, InvalidIban
from raseed.banking.iban import STRUCTURES, checked_iban, make_iban, numbered, printed_iban
from raseed.kernel.ids import InvalidId

# From the SWIFT IBAN registry: each country's own example.
REGISTRY_EXAMPLES = {
    "EG": ("EG380019000500000000263180002", "0019", "0005", "00000000263180002"),
    "IL": ("IL620108000000099999999", "010", "800", "0000099999999"),
    "OM": ("OM810180000001299123456", "018", "", "0000001299123456"),
}


@pytest.mark.parametrize("country", REGISTRY_EXAMPLES)
def test_an_iban_is_made_as_the_registry_shows_it(country: str) -> None:
    iban, bank, branch, account = REGISTRY_EXAMPLES[country]
    assert make_iban(country=country, bank_code=bank, branch_code=branch, account_number=account) == iban
    assert checked_iban(iban) == iban


def test_a_country_without_ibans_gets_none() -> None:
    assert make_iban(country="SY", bank_code="1", branch_code="1", account_number="1") is None


@pytest.mark.parametrize("text", ["", "EG", "EG39 0019 0005 0000 0000 2631 80002", "SY0012345678901234567", "EG3800190005", "١٢٣", "EG38001900050000000026318000é"])  # fmt: skip
def test_a_wrong_iban_is_refused(text: str) -> None:
    with pytest.raises(InvalidIban):
        checked_iban(text)


def test_an_iban_may_be_typed_in_groups_small_letters_and_arabic_digits() -> None:
    typed = "eg٣٨ 0019 0005 0000 0000 2631 80002"
    assert normal_alias(Alias(AliasKind.IBAN, typed)).value == "EG380019000500000000263180002"
    assert printed_iban("IL620108000000099999999") == "IL62 0108 0000 0009 9999 999"


@given(
    country=st.sampled_from(sorted(STRUCTURES)),
    serial=st.integers(min_value=1, max_value=10**12),
    place=st.integers(min_value=4),
    other=st.integers(min_value=1, max_value=9),
)
def test_every_single_wrong_digit_is_found(country: str, serial: int, place: int, other: int) -> None:
    iban = make_iban(country=country, bank_code="12", branch_code="0", account_number=str(serial)) or ""
    place = 4 + place % (len(iban) - 4)
    wrong = iban[:place] + str((int(iban[place]) + other) % 10) + iban[place + 1 :]
    assert checked_iban(iban) == iban
    with pytest.raises(InvalidIban):
        checked_iban(wrong)


@given(st.integers(min_value=10_000_001, max_value=9_999_999_999))
def test_an_account_number_carries_check_digits(serial: int) -> None:
    number = numbered(serial)
    assert int(number) % 97 == 1
    assert number[:-2] == str(serial)


@pytest.mark.parametrize("value", ["", "+", "0100", "+20 100", "+2010012345678901234", "+20١٠٠x234567"])
def test_a_phone_that_is_not_e164_is_refused(value: str) -> None:
    with pytest.raises(InvalidAlias):
        normal_alias(Alias(AliasKind.PHONE, value))


@pytest.mark.parametrize("value", ["", "12'; DROP", "1" * 35, "\u202e123"])
def test_an_account_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidAlias):
        normal_alias(Alias(AliasKind.NUMBER, value))


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "9" * 30, "x", "١"])
def test_a_page_marker_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        Cursor.parse(text)


def test_a_page_marker_survives_the_address() -> None:
    assert Cursor.parse(Cursor(42).text()) == Cursor(42)

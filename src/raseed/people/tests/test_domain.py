"""Names are shown, masked and found in three scripts; a phone number has one normal form however it is typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.ids import new_id
from raseed.kernel.money import UnknownCurrency
from raseed.kernel.text import UnacceptableText, arabic_digits
from raseed.people.api import (
    Customer,
    Institution,
    InvalidInstitution,
    InvalidPhone,
    UnknownLanguage,
    display_name,
    masked_name,
    normal_phone,
    phone_text,
)
from raseed.people.domain import check_institution, clean_names, mask, network_of, search_key

CUSTOMER = Customer(
    new_id(), {"ar": "مُنى عبد الله", "he": "מונא עבדאללה"}, "+201001234567", "ar", datetime(2025, 1, 1, tzinfo=UTC)
)
NILE = Institution(new_id(), "nile", {"ar": "النيل"}, "issuer", "EG", "Africa/Cairo", "EGP", "EG")


@pytest.mark.parametrize(
    "typed",
    ["01001234567", "٠١٠٠١٢٣٤٥٦٧", "+20 100 123 4567", "+٢٠ ١٠٠ ١٢٣ ٤٥٦٧", "00201001234567", "0100-123-4567",
     " (0100) 123 4567 ", "\u200e+201001234567\u200f", "+20 0100 123 4567"],
)  # fmt: skip
def test_one_number_however_it_is_typed(typed: str) -> None:
    assert normal_phone(typed, "EG") == "+201001234567"


def test_a_national_number_is_its_regions() -> None:
    assert normal_phone("052-123-4567", "IL") == "+972521234567"
    assert normal_phone("0933123456", "SY") == "+963933123456"


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "1", "12", "+", "+999123456789", "0100123456789012345", "01001234567 ext 5", "0100CALLNOW", "tel:+20",
     "+20" + "1" * 50, "'; DROP TABLE people_customer; --", "\x00", "هاتف", "01001234567#1", "+201001234567;ext=9"],
)  # fmt: skip
def test_what_can_be_nobodys_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        normal_phone(typed, "EG")
    assert refusal.value.field == "phone"


def test_a_national_number_without_a_region_is_refused() -> None:
    with pytest.raises(InvalidPhone):
        normal_phone("01001234567", "ZZ")


@given(st.text(max_size=45))
def test_any_text_is_a_number_or_a_typed_refusal(typed: str) -> None:
    try:
        normal = normal_phone(typed, "EG")
    except InvalidPhone:
        return
    assert normal_phone(normal, "IL") == normal
    assert normal.startswith("+")
    assert normal[1:].isascii()
    assert normal[1:].isdecimal()


@given(st.sampled_from(["EG", "IL", "SY", "GB", "OM", "JO", "TR"]))
def test_a_real_number_survives_every_way_of_writing_it(region: str) -> None:
    sample = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert sample is not None
    normal = phonenumbers.format_number(sample, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(sample, phonenumbers.PhoneNumberFormat.NATIONAL)
    for typed in (normal, phone_text(normal), arabic_digits(phone_text(normal)), national, arabic_digits(national)):
        assert normal_phone(typed, region) == normal


def test_a_number_is_spaced_for_reading() -> None:
    assert phone_text("+201001234567") == "+20 10 01234567"


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("محمد علي", "م••• ع•••"),
        ("مُنى عبد الله", "مُ••• ع••• ا•••"),
        ("שָׁלוֹם כהן", "שָׁ••• כ•••"),
        ("Mona O'Neil", "M••• O•••"),
        ("Élodie", "É•••"),
        ("'Ali", "A•••"),
        ("A B C D E F", "A••• B••• C••• D•••"),
    ],
)
def test_a_masked_name_shows_first_letters_only(name: str, masked: str) -> None:
    assert mask(name) == masked


@given(st.lists(st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=2, max_size=12), min_size=1, max_size=6))
def test_a_mask_never_gives_away_more_than_first_letters_nor_lengths(parts: list[str]) -> None:
    shown = mask(" ".join(parts)).split(" ")
    assert len(shown) == min(len(parts), 4)
    for part, original in zip(shown, parts, strict=False):
        assert part == original[0] + "•••"


def test_a_name_is_shown_in_the_readers_language_or_else_in_one_there_is() -> None:
    assert display_name(CUSTOMER, "he") == "מונא עבדאללה"
    assert display_name(CUSTOMER, "en") == "مُنى عبد الله"
    assert masked_name(CUSTOMER, "he") == "מ••• ע•••"
    assert display_name(NILE, "en") == "النيل"


@pytest.mark.parametrize("name", ["", " ", "محمد\u202eعلي", "a\u200bb", "x" * 121])
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    with pytest.raises(UnacceptableText):
        clean_names({"ar": name})


def test_a_person_has_a_name_in_a_language_of_ours() -> None:
    with pytest.raises(UnacceptableText):
        clean_names({})
    with pytest.raises(UnknownLanguage):
        clean_names({"fr": "Mona"})
    assert list(clean_names({"en": " Mona  A ", "ar": "منى"}).items()) == [("ar", "منى"), ("en", "Mona A")]


def test_a_search_key_begins_with_the_name_in_the_persons_own_language() -> None:
    names = {"ar": "مُنى", "en": "Mona"}
    assert search_key(names, "ar") == "مني | mona"
    assert search_key(names, "en") == "mona | مني"
    assert search_key(names, "he") == "مني | mona"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "casino"}, "kind"),
        ({"slug": "Nile Bank"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "نيل"}, "slug"),
        ({"zone": "Africa/Atlantis"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"country": "XX"}, "country"),
        ({"default_region": "eg"}, "country"),
    ],
)
def test_an_institution_is_described_by_things_that_exist(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInstitution) as refusal:
        check_institution(replace(NILE, **change))
    assert refusal.value.field == field


def test_an_institutions_currency_is_one_we_know() -> None:
    with pytest.raises(UnknownCurrency):
        check_institution(replace(NILE, currency_code="XXX"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("nonsense", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_a_limit_per_address_counts_a_homes_whole_ipv6_network_as_one(address: str, network: str) -> None:
    assert network_of(address) == network

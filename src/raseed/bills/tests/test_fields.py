"""What billers ask to be typed: read as people write it, refused with the place, whatever comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from raseed.bills.errors import FieldCheckDigit, FieldMissing, FieldNotAsked, FieldShape, InvalidFields
from raseed.bills.fields import Field, FieldCheck, FieldKind, checked_fields, normal_value, normal_values, reference_of
from raseed.kernel.errors import RaseedError
from raseed.kernel.text import arabic_digits

NUMBER = Field(code="account", names={"en": "Account"}, kind=FieldKind.ACCOUNT, length_min=6, length_max=12)
TERM = Field(code="term", names={"en": "Term"}, kind=FieldKind.CODE, length_min=6, length_max=6, mask="9999-A")
fields = st.builds(
    Field,
    code=st.just("it"),
    names=st.just({"en": "It"}),
    kind=st.sampled_from(FieldKind),
    length_min=st.integers(1, 5),
    length_max=st.integers(5, 60),
    mask=st.sampled_from(["", "999", "AA9", "XX-9"]),
    check=st.sampled_from([None, *FieldCheck]),
)


def test_numbers_are_read_as_people_write_them() -> None:
    assert normal_value(NUMBER, " 123-456 78 ") == "12345678"
    assert normal_value(NUMBER, arabic_digits("12345678")) == "12345678"
    assert normal_value(NUMBER, "۱۲۳۴۵۶۷۸") == "12345678"
    assert normal_value(TERM, "2026-a") == "2026-A"


@pytest.mark.parametrize("typed", ["12345", "1234567890123", "12a456", "", "١٢", "1234５6", "9" * 500])
def test_what_does_not_look_like_it_is_refused_with_its_place(typed: str) -> None:
    with pytest.raises((FieldShape, FieldMissing)) as refused:
        normal_values([NUMBER], {"account": typed})
    assert refused.value.field == "fields.account"


def test_a_field_that_is_not_asked_for_is_refused() -> None:
    with pytest.raises(FieldNotAsked):
        normal_values([NUMBER], {"account": "12345678", "pin": "1234"})


def test_what_is_not_required_may_be_missing() -> None:
    both = [NUMBER, replace(TERM, required=False)]
    assert normal_values(both, {"account": "12345678", "term": " "}) == {"account": "12345678"}
    assert reference_of(both, {"account": "12345678"}) == "12345678/"


@given(st.integers(0, 10**9).map(str), st.integers(1, 9), st.data())
def test_one_wrong_digit_never_passes_a_check(stem: str, change: int, data: st.DataObject) -> None:
    for check, digits in (
        (FieldCheck.LUHN, luhn.calc_check_digit(stem)),
        (FieldCheck.MOD97, mod_97_10.calc_check_digits(stem)),
    ):
        field = Field(code="it", names={"en": "It"}, kind=FieldKind.NUMBER, length_min=2, check=check)
        right = stem + digits
        assert normal_value(field, right) == right
        place = data.draw(st.integers(0, len(right) - 1))
        wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
        with pytest.raises(FieldCheckDigit):
            normal_value(field, wrong)


@given(fields, st.text(max_size=80))
def test_whatever_is_typed_is_read_or_refused_and_normal_stays_normal(field: Field, typed: str) -> None:
    try:
        value = normal_value(field, typed)
    except RaseedError:
        return
    assert normal_value(field, value) == value
    assert field.length_min <= len(value) <= field.length_max
    assert "/" not in value


@pytest.mark.parametrize(
    "wrong",
    [
        replace(NUMBER, code="Account"),
        replace(NUMBER, names={"ar": "حساب"}),
        replace(NUMBER, length_min=9, length_max=8),
        replace(NUMBER, length_max=61),
        replace(NUMBER, example="12"),
        replace(NUMBER, mask="9/99999"),
        replace(NUMBER, kind=FieldKind.TEXT, check=FieldCheck.LUHN),
        replace(NUMBER, help={"en": "on the\u202ebill"}),
        replace(NUMBER, required=False),
    ],
)
def test_a_description_that_nobody_can_live_with_is_refused(wrong: Field) -> None:
    with pytest.raises(InvalidFields):
        checked_fields([wrong])


def test_fields_have_codes_of_their_own() -> None:
    assert checked_fields([NUMBER, TERM]) == (NUMBER, TERM)
    with pytest.raises(InvalidFields):
        checked_fields([NUMBER, NUMBER])

"""Ids sort by the time they were made, and only one text form of each is accepted."""

from __future__ import annotations

import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.ids import ID_MAX, InvalidId, new_id, parse_id


@given(st.integers(min_value=1, max_value=ID_MAX - 1))
def test_any_id_but_zero_and_all_ones_survives_being_written_and_read(number: int) -> None:
    assert parse_id(str(UUID(int=number))) == UUID(int=number)


@pytest.mark.parametrize(
    "text",
    ["", "0", str(UUID(int=0)), str(UUID(int=ID_MAX)), "0190A6C0-0000-7000-8000-000000000001",
     "{0190a6c0-0000-7000-8000-000000000001}", "urn:uuid:0190a6c0-0000-7000-8000-000000000001",
     "0190a6c0000070008000000000000001", "0190a6c0-0000-7000-8000-000000000001\n", "٠190a6c0-0000-7000-8000-000000000001",
     "' OR 1=1 --"],
)  # fmt: skip
def test_what_is_no_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidId) as refused:
        parse_id(text, field="id")
    assert refused.value.field == "id"


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_a_typed_refusal(text: str) -> None:
    with contextlib.suppress(InvalidId):
        assert str(parse_id(text)) == text


@given(st.integers(min_value=0, max_value=(1 << 48) - 1), st.integers(min_value=0, max_value=(1 << 48) - 1))
def test_ids_sort_by_the_millisecond_they_were_made_in(one_ms: int, other_ms: int) -> None:
    one, other = new_id(at_ms=one_ms), new_id(at_ms=other_ms)
    assert one.version == other.version == 7
    assert one.variant == "specified in RFC 4122"
    if one_ms < other_ms:
        assert one < other


def test_ids_made_in_one_millisecond_differ() -> None:
    assert len({new_id(at_ms=1) for _ in range(10_000)}) == 10_000

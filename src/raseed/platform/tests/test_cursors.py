"""A page marker leads back to its place, and nobody can make or bend one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.platform.api import CursorValue, InvalidCursor, decode_cursor, encode_cursor

values = st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=20)), max_size=3)


@given(values)
def test_a_marker_leads_back_to_its_place(place: list[CursorValue]) -> None:
    marker = encode_cursor("statement", *place)
    assert decode_cursor("statement", marker) == tuple(place)
    assert marker.replace("-", "").replace("_", "").isalnum()


def test_a_marker_of_one_list_does_not_open_another() -> None:
    with pytest.raises(InvalidCursor) as refusal:
        decode_cursor("customers", encode_cursor("statement", 5))
    assert refusal.value.field == "cursor"


def test_every_single_changed_character_is_noticed() -> None:
    marker = encode_cursor("statement", 12345, "abc")
    for place in range(len(marker) - 1):
        other = "A" if marker[place] != "A" else "B"
        with pytest.raises(InvalidCursor):
            decode_cursor("statement", marker[:place] + other + marker[place + 1 :])


@given(st.text(max_size=500))
def test_any_other_text_is_a_typed_refusal(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor("statement", text)


def test_a_marker_is_never_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode_cursor("statement", "x" * 400)

"""Lines in both directions, held against another implementation of UAX #9."""

from __future__ import annotations

import re
import unicodedata

import pytest
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from raseed.banking.documents.pdf.directions import _levels, starts_rtl, visual_runs

ALPHABET = "abاבشש ٠١12,.:/+-%$₪()[]{}!•\u064b\u05b8«»"  # each class of a plain text, and marks


def levels_of(text: str, *, base_rtl: bool) -> list[int]:
    return _levels(text, [unicodedata.bidirectional(c) for c in text], 1 if base_rtl else 0)


@settings(max_examples=400)
@given(text=st.text(ALPHABET, max_size=24), base_rtl=st.booleans())
def test_levels_are_those_of_another_implementation(text: str, base_rtl: bool) -> None:  # noqa: FBT001
    assume(not re.search(r"[\[\](){}][\u064b\u05b8]{2}", text))  # the other looks at one mark on a bracket only
    other = BidiParagraph(text, TextDirection.RTL if base_rtl else TextDirection.LTR)
    expected = [each.embedding_level for each in other.get_characters_with_embedding_level()]
    assert levels_of(text, base_rtl=base_rtl) == expected


@settings(max_examples=200)
@given(text=st.text(ALPHABET, max_size=24), base_rtl=st.booleans())
def test_runs_stand_as_the_characters_do(text: str, base_rtl: bool) -> None:  # noqa: FBT001
    """Runs from left to right, each read in its own direction, are the line as it is seen."""
    assume(not re.search(r"[\[\](){}][\u064b\u05b8]{2}", text))
    seen = "".join(run.text[::-1] if run.is_rtl else run.text for run in visual_runs(text, base_rtl=base_rtl))
    other = BidiParagraph(text, TextDirection.RTL if base_rtl else TextDirection.LTR).get_reordered_string()
    assert seen == other


@pytest.mark.parametrize(
    ("text", "otherwise", "is_rtl"),
    [("12 منى", False, True), ("12 Mona منى", True, False), ("12 - 3", True, True), ("", False, False)],
)
def test_a_text_goes_as_its_first_letter(text: str, otherwise: bool, is_rtl: bool) -> None:  # noqa: FBT001
    assert starts_rtl(text, otherwise=otherwise) is is_rtl

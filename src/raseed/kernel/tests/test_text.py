"""What people type is understood in three scripts, and nothing hides in a name."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import raseed
from raseed.kernel.text import (
    NAME_LENGTH_MAX,
    UnacceptableText,
    arabic_digits,
    ascii_digits,
    bare_forms,
    clean_text,
    fold,
    without_article,
)

ALL_CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1)]
UNSEEN = [c for c in ALL_CHARACTERS if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"}]


def refused(text: str) -> bool:
    try:
        clean_text(text)
    except UnacceptableText:
        return True
    return False


def test_every_control_format_surrogate_private_and_unassigned_character_is_refused() -> None:
    assert len(UNSEEN) > 900_000
    assert [character for character in UNSEEN if not refused(f"a{character}b")] == []


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u202d", "\u2066", "\u2069", "\u200b", "\u200f", "\ufeff", "\u061c", "\x00", "\n", "\t"]
)
def test_a_name_with_a_direction_override_or_an_invisible_character_is_refused(hidden: str) -> None:
    with pytest.raises(UnacceptableText) as refusal:
        clean_text(f"محمد{hidden}علي", field="name")
    assert refusal.value.field == "name"


@pytest.mark.parametrize("text", ["", " ", "    ", "x" * (NAME_LENGTH_MAX + 1)])
def test_an_empty_or_overlong_text_is_refused(text: str) -> None:
    with pytest.raises(UnacceptableText):
        clean_text(text)


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=60))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    try:
        once = clean_text(text)
    except UnacceptableText:
        return
    assert clean_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip(" ")
    assert "  " not in once


def test_folding_twice_is_folding_once_for_every_character() -> None:
    seen = (c for c in ALL_CHARACTERS if unicodedata.category(c) not in {"Cs", "Cn", "Co"})
    assert [hex(ord(c)) for c in seen if fold(fold(c)) != fold(c)] == []


@given(st.text())
@example("ﷺ")
@example("Ⅳ İ ﬁ ϒ")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("أَحْمَد", "احمد"),
        ("إسراء", "اسرا"),
        ("آمنة", "امنه"),
        ("ٱلحسن", "الحسن"),
        ("مُؤْمِن", "مومن"),
        ("عِيسَى", "عيسي"),
        ("عــلي", "علي"),
        ("שָׁלוֹם", "שלומ"),
        ("אברהם", "אברהמ"),
        ("צ׳רלי", "צרלי"),
        ("Élodie  O'Neil", "elodie oneil"),
        ("شقة ١٢", "شقه 12"),
    ],
)
def test_a_name_is_found_however_it_is_vowelled_or_spelt(written: str, sought: str) -> None:
    assert fold(written) == sought


@given(st.integers(min_value=0))
def test_digits_survive_the_way_to_arabic_and_back(number: int) -> None:
    assert ascii_digits(arabic_digits(str(number))) == str(number)
    assert int(arabic_digits(str(number))) == number


def test_persian_digits_are_digits_too() -> None:
    assert ascii_digits("۰۱۲۳۴۵۶۷۸۹") == "0123456789"


@pytest.mark.parametrize(
    ("word", "bare", "without"),
    [
        ("والبطاقه", {"بطاقه", "البطاقه"}, "بطاقه"),
        ("للحساب", {"حساب", "لحساب"}, "حساب"),
        ("بطاقه", {"طاقه"}, "بطاقه"),
        ("الف", set(), "الف"),
        ("הכרטיס", {"כרטיס"}, "הכרטיס"),
        ("card", set(), "card"),
        ("", set(), ""),
    ],
)
def test_what_is_written_in_one_with_a_word_is_taken_off_where_a_word_is_left(
    word: str, bare: set[str], without: str
) -> None:
    assert set(bare_forms(word)) == bare
    assert without_article(word) == without


def test_one_list_says_what_is_written_in_one_with_a_word() -> None:
    source = Path(raseed.__file__).parent
    lists = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "tests" not in path.parts and '"وال"' in path.read_text(encoding="utf-8")
    ]
    assert lists == ["kernel/text.py"]

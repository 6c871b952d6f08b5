"""Search forgives: alef, hamza, ta marbuta, ya, vowels, tatweel, niqqud, final letters, digits, what is written in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.care import api as care
from raseed.care.conversations.words import (
    array_literal,
    clean_body,
    code_in,
    indexed_words,
    language_of,
    typed_query,
)
from raseed.care.tests.talk import House
from raseed.kernel.ids import new_id

FORGIVEN = [
    ("حوّلتُ أُجرة المدرسة إلى أحمد", "احمد"),
    ("حوّلتُ أُجرة المدرسة إلى أحمد", "اجره"),
    ("وصلت الفاتورة", "فاتوره"),
    ("للفاتورة رقم ١٢٣٤٥", "12345"),
    ("رقم 12345", "١٢٣٤٥"),
    ("والمستشفى بعيد", "مستشفي"),
    ("التحويـــل معلّق", "تحويل"),
    ("بالعداد مشكلة", "عداد"),
    ("مؤمن سأل", "مومن"),
    ("שָׁלוֹם לכולם", "שלום"),
    ("החשבון שלי", "חשבון"),
    ("כסף שלך", "כספ"),
    ("Crème brûlée", "creme"),
    ("transfer to R-2026-000123", "000123"),
]


@pytest.mark.parametrize(("written", "typed"), FORGIVEN)
def test_it_is_found_however_it_is_spelt(house: House, written: str, typed: str) -> None:
    one = house.hears(written)
    house.hears("something else", who="wa:2")
    assert [hit.conversation_id for hit in care.search(typed, institution_id=house.id, by=house.salma)] == [one]


def test_every_word_counts_and_the_latest_comes_first(house: House) -> None:
    first = house.hears("the transfer to Ahmad", who="wa:1")
    house.waits()
    second = house.hears("a transfer to Mona", who="wa:2")
    found = [hit.conversation_id for hit in care.search("transf", institution_id=house.id, by=house.salma)]
    assert found == [second, first]
    assert [hit.conversation_id for hit in care.search("mona transfer", institution_id=house.id, by=house.salma)] == [
        second
    ]
    page = care.conversations(institution_id=house.id, by=house.salma, wanted=care.Inbox(search="ahm"))
    assert [each.id for each in page.conversations] == [first]
    assert care.search("?!", institution_id=house.id, by=house.salma) == ()
    assert care.search("absent", institution_id=house.id, by=house.salma) == ()


def test_another_houses_words_are_not_found_here(house: House) -> None:
    house.hears("transfer")
    other = new_id()
    assert typed_query(other, "transfer") != typed_query(house.id, "transfer")
    boss = house.agent()
    object.__setattr__(boss, "permissions", {other: frozenset({"care.conversations.view"})})
    assert care.search("transfer", institution_id=other, by=boss) == ()


def test_our_own_answers_are_found_and_notes_with_them(house: House) -> None:
    one = house.hears("hello")
    house.answers(one, "The voucher is 4711, it came at 14:33.")
    care.note(one, text="zebra", by=house.salma, clock=house.clock)
    assert len(care.search("4711", institution_id=house.id, by=house.salma)) == 1
    assert len(care.search("zebra", institution_id=house.id, by=house.salma)) == 1


@given(st.text(max_size=300))
def test_whatever_is_written_or_typed_makes_words_that_the_database_takes(text: str) -> None:
    words = indexed_words(new_id(), text)
    assert all(word and "'" not in word and '"' not in word and "\\" not in word for word in words)
    assert array_literal(words).startswith("{")
    query = typed_query(new_id(), text)
    assert query is None or query.count("'") % 2 == 0


@given(st.text(max_size=100))
def test_a_text_finds_itself_by_each_of_its_words(text: str) -> None:
    house = new_id()
    indexed = set(indexed_words(house, text))
    for word in text.split():
        query = typed_query(house, word)
        if query is not None:
            assert all(
                any(each.startswith(form.strip("'()").split("'")[0]) for each in indexed)
                for form in query.split(" & ")[1:]
            )


@pytest.mark.parametrize(
    ("text", "language"),
    [("أين المال", "ar"), ("איפה הכסף", "he"), ("where", "en"), ("12345 👍", None), ("ok", None), ("أين wallet", "en")],
)
def test_the_language_is_told_by_letters(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        ("١٢٣ ٤٥٦", "123456"),
        ("code: 123456.", "123456"),
        ("1234567", None),
        ("my 12 and 3456 but long text that is no code at all", None),
    ],
)
def test_a_code_is_found_in_what_is_little_more(text: str, code: str | None) -> None:
    assert code_in(text, 6) == code


def test_lines_stay_and_isolates_may_be_in_an_answer() -> None:
    assert clean_body(" a\r\nb \u2068120\u2069 ", field="text", length_max=50) == "a\nb \u2068120\u2069"

"""Whoever is a customer is found by any part of a name or number, however it is spelt; nobody is found elsewhere."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.text import arabic_digits, fold, parts_of
from raseed.people.api import (
    SYSTEM,
    Institution,
    NewCustomer,
    NotPermitted,
    join_institution,
    register_civil_id,
    register_customers_bulk,
    rename_customer,
    search_customers,
    set_language,
)
from raseed.people.models import MembershipRow
from raseed.people.search import finding
from raseed.people.search.index import index_everybody
from raseed.people.search.words import Word, closeness, conditions, search_keys, search_text, typed_words

from .office import an_author
from .world import MONA, a_customer, an_institution

NILE = UUID("0190aaaa-0000-7000-8000-000000000001")
DELTA = UUID("0190aaaa-0000-7000-8000-000000000002")


@pytest.fixture
def nile(built: Institution) -> Institution:
    return built


def found(nile: Institution, text: str, **more: Any) -> list[UUID]:
    return [one.id for one in search_customers(text, institution_id=nile.id, **more)]


def people(nile: Institution, *names: dict[str, str]) -> list[UUID]:
    """Register people with these names in bulk and return their ids."""
    now = SYSTEM_CLOCK.now()
    made = [
        NewCustomer(new_id(), each, f"+2010{n:08}", next(iter(each)), (nile.id,), now) for n, each in enumerate(names)
    ]
    register_customers_bulk(made)
    return [one.id for one in made]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("مُنى أحمد", "مني"), ("مُنى أحمد", "احمد"), ("مُنى أحمد", "أَحْمَد مُنَى"), ("مُنى أحمد", "منـــى"),
        ("إسراء عبد الله", "اسرا"), ("إسراء عبد الله", "عبدالله"), ("إسراء عبدالله", "عبد الله"), ("عبدالله", "الله"),
        ("فاطمة الزهراء", "فاطمه"), ("فاطمة الزهراء", "زهرا"), ("فاطمة الزهراء", "الزهراء"), ("عيسى", "عيسي"), ("مؤمن", "مومن"),
        ("هانئ", "هاني"), ("علی رضا", "علي"), ("کریم", "كريم"), ("علی\u200cرضا", "عليرضا"), ("عائشة", "عايشه"),
        ("שָׁלוֹם אברהם", "שלום"), ("שלום אברהם", "שלומ"), ("שלום אברהם", "אברהמ"), ("צ׳רלי בן־גוריון", "צרלי"),
        ("צ׳רלי בן־גוריון", "גוריון"), ("צ׳רלי בן־גוריון", "בנגוריון"), ("צ׳רלי בן־גוריון", "בן גוריון"),
        ("Élodie O'Neil", "oneil"), ("Élodie O'Neil", "ELODIE"), ("Élodie O'Neil", "O’Neil"), ("Łukasz Işık", "lukasz isik"),
        ("Al-Hassan", "alhassan"), ("Al-Hassan", "hassan"), ("صاحب الحساب ٤٣", "43"), ("صاحب الحساب 43", "٤٣"),
        ("محمد حسن محمود", "حسن محمد"), ("عبد الرحمن", "رحم"), ("نور الدين", "الدين"), ("نور الدين", "ديـن"),
        ("منى", "م"), ("منى", "من"), ("Mona", "m"),
    ],
)  # fmt: skip
def test_a_person_is_found_by_any_part_of_a_name_however_it_is_spelt(written: str, typed: str) -> None:
    text = search_text([written], MONA)
    for word in typed_words(typed):
        groups, patterns = conditions(NILE, word, anywhere=True)
        keys = set(search_keys(NILE, text))
        assert all(keys.intersection(group) for group in groups), typed
        assert any(like(text, pattern) for pattern in patterns), typed


def like(text: str, pattern: str) -> bool:
    """Do as SQL's LIKE does with the percent signs of a pattern."""
    place = 0
    for piece in pattern.strip("%").split("%"):
        place = text.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


ARABIC = st.text(st.sampled_from("ابتجحدرسصطعغفقكلمنهويأإآةىءئؤپچ"), min_size=1, max_size=12)
HEBREW = st.text(st.sampled_from("אבגדהוזחטיכלמנסעפצקרשתךםןףץ"), min_size=1, max_size=12)
LATIN = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéşłøß"), min_size=1, max_size=14)
NAMES = st.lists(st.one_of(ARABIC, HEBREW, LATIN), min_size=1, max_size=5)
MARKS = {"ا": "\u064e\u0651", "א": "\u05b8\u05bc", "a": "\u0301"}
OTHER_SPELLING = str.maketrans("اأإآىيهةكמנפכצ", "أاآإيىةهکםןףךץ")


def misspelt(word: str, how: int) -> str:
    """Return a word as another would spell it: other forms of letters, with vowel signs, stretched, in capitals."""
    if how & 1:
        word = word.translate(OTHER_SPELLING)
    if how & 2:
        word = "".join(c + next((marks for first, marks in MARKS.items() if same_script(c, first)), "") for c in word)
    if how & 4:
        word = "ـ".join(word) if same_script(word[0], "ا") else word.upper()
    return word


def same_script(one: str, other: str) -> bool:
    return unicodedata.name(one, "").split()[0] == unicodedata.name(other).split()[0]


@given(NAMES, st.data())
def test_whoever_is_typed_by_the_beginning_of_any_part_in_any_spelling_is_looked_for_where_they_are(
    names: list[str], data: st.DataObject
) -> None:
    text = search_text([" ".join(names)], MONA)
    part = data.draw(st.sampled_from(names))
    typed = misspelt(part[: data.draw(st.integers(1, len(part)))], data.draw(st.integers(0, 7)))
    words = typed_words(typed)
    keys = set(search_keys(NILE, text))
    for word in words:
        groups, patterns = conditions(NILE, word, anywhere=False)
        assert all(keys.intersection(group) for group in groups)
        assert any(like(text, pattern) for pattern in patterns)
    assert closeness(text, words)[1] == 0


@given(NAMES, st.data())
def test_whoever_is_typed_by_the_inside_of_a_part_is_looked_for_where_they_are(
    names: list[str], data: st.DataObject
) -> None:
    text = search_text([" ".join(names)], MONA)
    part = data.draw(st.sampled_from([part for name in names for part in parts_of(fold(name))] or ["-"]))
    start = data.draw(st.integers(0, max(0, len(part) - 3)))
    keys = set(search_keys(NILE, text))
    for word in typed_words(part[start:]):
        if len(word.text) >= 3:
            groups, patterns = conditions(NILE, word, anywhere=True)
            assert all(keys.intersection(group) for group in groups)
            assert any(like(text, pattern) for pattern in patterns)


@given(st.integers(10**9, 10**12 - 1), st.data())
def test_four_digits_of_a_number_find_it_in_every_script_of_digits(number: int, data: st.DataObject) -> None:
    text = search_text(["منى"], f"+{number}")
    start = data.draw(st.integers(0, len(str(number)) - 4))
    digits = str(number)[start : data.draw(st.integers(start + 4, len(str(number))))]
    (word,) = typed_words(arabic_digits(digits))
    groups, patterns = conditions(NILE, word, anywhere=False)
    keys = set(search_keys(NILE, text))
    assert all(keys.intersection(group) for group in groups)
    assert any(like(text, pattern) for pattern in patterns)


@given(st.text(max_size=300))
def test_anything_may_be_typed(typed: str) -> None:
    words = typed_words(typed)
    assert len(words) <= 8
    for word in words:
        groups, patterns = conditions(NILE, word, anywhere=True)
        assert 1 <= len(groups) <= 4
        assert all(len(group) in (1, 2) for group in groups)
        assert not set("_\\") & set("".join(patterns))
    assert all(set(word.text) & {"%"} == set() for word in words)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("01001234567", "1001234567"), ("+20 100 123 4567", "201001234567"), ("٠١٠٠-١٢٣-٤٥٦٧", "1001234567"), ("4567", "4567"),
     ("(0100) 123", "100123"), ("0012", "0012"), ("00972 52", "97252")],
)  # fmt: skip
def test_a_number_is_understood_as_it_is_dialled(typed: str, number: str) -> None:
    (word,) = typed_words(typed)
    assert word.number == number


def test_the_same_word_at_another_institution_has_another_key() -> None:
    text = search_text(["منى"], MONA)
    assert not set(search_keys(NILE, text)) & set(search_keys(DELTA, text))
    assert all(-(2**31) <= key < 2**31 for key in search_keys(NILE, text))


def test_a_person_is_found_in_the_database(nile: Institution) -> None:
    mona = a_customer(nile.id, names={"ar": "مُنى أحمد", "en": "Mona"})
    huda = a_customer(nile.id, phone="+201201234568", names={"he": "הודא כהן"}, language="he")
    for typed in (
        "مني احمد",
        "منى",
        "احمد",
        "حمد",
        "mona",
        "MON",
        "m",
        "0100123",
        "+20100123 4567",
        "٤٥٦٧",
        "1001234567",
    ):
        assert found(nile, typed) == [mona.id], typed
    for typed in ("הו", "כהן", "כהנ", "ה", "1201234568"):
        assert found(nile, typed) == [huda.id], typed
    assert set(found(nile, "1234")) == {mona.id, huda.id}
    assert found(nile, "منى הודא") == found(nile, "منى 1201") == found(nile, "نى") == []
    assert found(nile, "منى 0100123") == [mona.id]


@pytest.mark.parametrize("typed", ["", " ", "%", "_", "'", "---", "ـــ", "؟", "\x00", "ء", "12", "𓂀"])
def test_what_says_nothing_finds_nobody(nile: Institution, typed: str) -> None:
    a_customer(nile.id)
    assert list(search_customers(typed, institution_id=nile.id)) == []


def test_nobody_is_found_at_another_institution(nile: Institution) -> None:
    delta, mona = an_institution("delta"), a_customer(nile.id)
    assert found(delta, "منى") == found(delta, "1001234567") == []
    join_institution(customer_id=mona.id, institution_id=delta.id)
    assert found(delta, "منى") == found(nile, "منى") == [mona.id]


def test_who_asks_needs_the_right_where_it_is_checked(nile: Institution) -> None:
    mona = a_customer(nile.id)
    assert found(nile, "منى", by=an_author(nile.id, "people.customers.view")) == [mona.id]
    with pytest.raises(NotPermitted):
        search_customers("منى", institution_id=nile.id, by=an_author(new_id(), "people.customers.view"))


def test_the_closest_come_first(nile: Institution) -> None:
    inside, begun, whole = people(nile, {"en": "Rosalina"}, {"en": "Alinah"}, {"en": "Zoe Alina"})
    assert found(nile, "alina") == [whole, begun, inside]


def test_what_is_returned_is_bounded_and_says_whether_there_is_more(nile: Institution) -> None:
    ids = people(nile, *({"ar": f"منى {n}"} for n in range(30)))
    few = search_customers("منى", institution_id=nile.id, limit=5)
    assert (len(few), few.more) == (5, True)
    all_of_them = search_customers("منى", institution_id=nile.id, limit=30)
    assert ({one.id for one in all_of_them}, all_of_them.more) == (set(ids), False)
    assert (len(search_customers("منى", institution_id=nile.id, limit=0)), found(nile, "منى 7", limit=-3)) == (
        1,
        [ids[7]],
    )


@pytest.mark.parametrize("newest", [0, 1, 10_000])
def test_the_index_and_the_newest_tell_the_same(
    nile: Institution, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    monkeypatch.setattr(finding, "NEWEST", newest)
    ids = people(nile, *({"ar": name} for name in ("منى علي", "علي منى", "عليا", "مناف", "سعاد")))
    for typed, places in (("منى", {0, 1}), ("علي", {0, 1, 2}), ("من", {0, 1, 3}), ("علي منى", {0, 1}), ("س", {4})):
        assert set(found(nile, typed, limit=len(places))) == {ids[place] for place in places}


def test_a_new_name_is_found_and_the_old_one_no_more(nile: Institution) -> None:
    mona = a_customer(nile.id)
    rename_customer(mona.id, names={"ar": "ليلى"}, by=SYSTEM, reason="as on the card")
    assert (found(nile, "ليلي"), found(nile, "منى"), found(nile, "Mona")) == ([mona.id], [], [])
    set_language(mona.id, "en")
    assert found(nile, "ليلى") == [mona.id]


def test_a_whole_civil_id_finds_its_owner_and_a_part_of_it_nobody(nile: Institution) -> None:
    mona = a_customer(nile.id)
    register_civil_id(mona.id, country="EG", number="29001011234567", by=SYSTEM, reason="opening an account")
    assert found(nile, "2900101 1234567") == found(nile, "٢٩٠٠١٠١١٢٣٤٥٦٧") == [mona.id]
    assert found(nile, "2900101123456") == found(nile, "29001011234568") == []
    assert found(an_institution("delta"), "29001011234567") == []


def test_search_leaves_the_settings_of_its_transaction_as_they_were(nile: Institution) -> None:
    a_customer(nile.id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        found(nile, "nobody")
        for name, value in (("enable_seqscan", "off"), ("enable_indexscan", "on"), ("jit", None)):
            cursor.execute("SELECT current_setting(%s), reset_val FROM pg_settings WHERE name = %s", [name, name])
            now, usual = cursor.fetchone()
            assert now == (value or usual)


def test_everybody_is_indexed_anew_after_the_folding_has_changed(nile: Institution) -> None:
    ids = people(nile, {"ar": "منى"}, {"ar": "هدى"})
    kept = list(MembershipRow.objects.order_by("id").values_list("search_text", "search_keys"))
    MembershipRow.objects.update(search_text="", search_keys=[])
    assert found(nile, "منى") == []
    with connection.cursor() as cursor:
        assert index_everybody(cursor) == 2
    assert list(MembershipRow.objects.order_by("id").values_list("search_text", "search_keys")) == kept
    assert found(nile, "منى") == ids[:1]


def test_an_index_scan_is_what_rare_words_are_found_by(nile: Institution) -> None:
    people(nile, *({"ar": f"منى {n}"} for n in range(300)))
    fits, values = finding._condition(nile.id, [Word("منى"), Word("299")], anywhere=False)
    with finding._only_by_index(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + finding._BY_INDEX.format(fits=fits), [*values, nile.id, 20])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "people_membership_search" in plan
    assert "Seq Scan" not in plan

"""A name is taken as it is written in three scripts, and none that would deceive its reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from raseed.kernel.text import NAME_LENGTH_MAX, UnacceptableText
from raseed.people.api import MixedScripts, StrangeCharacter, TooManyMarks, UnknownLanguage
from raseed.people.persons.names import clean_name, clean_names

ZWNJ = "\u200c"


@pytest.mark.parametrize(
    "name",
    [
        "محمد علي", "مُنى عبد الله", "آمنة بنت وهب", "عــلي", f"علی{ZWNJ}رضا", "أبو‐بكر", "عبد الرحمن (الحاج)",
        "יעל בן־גוריון", "שָׁלוֹם כֹּהֵן", "ז׳בוטינסקי", 'ד"ר לוי', "ד״ר לוי", "אבו-בכר",
        "Mona O'Neil", "Élodie D’Arc", "Łukasz Żółć", "Işıl Ğüneş", "ʿAbd al-Raḥmān", "Jean-Luc de la Tour", "José Á. Ruiz, Jr.",
        "محمد Mohamed", "בן-Ali", "Müller & Söhne", "Holder of account 12 (synthetic name)", "صاحب الحساب ٤٣",
        "Nguyễn Thị", "ǅemal",
    ],
)  # fmt: skip
def test_a_name_as_people_write_it_stays_as_it_is(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Mona   Ali ", "Mona Ali"),
        ("Mona\u00a0Ali", "Mona Ali"),
        ("e\u0301lodie", "élodie"),
        ("\ufedf\ufee0\ufeea", "لله"),
        ("\ufdf2", "الله"),
        ("\ufb2a\ufb20", "ש\u05c1ע"),
    ],
)
def test_a_name_is_kept_in_one_form(written: str, kept: str) -> None:
    assert clean_name(written) == kept


@pytest.mark.parametrize(
    "hidden",
    ["\u202e", "\u202d", "\u202a", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069", "\u200b", "\u200d", "\u200e", "\u200f",
     "\u061c", "\ufeff", "\u2060", "\u00ad", "\x00", "\x1b", "\n", "\t", "\u2028", "\ue000", "\U000e0041"],
)  # fmt: skip
@pytest.mark.parametrize("around", ["محمد{}علي", "Mona{}Ali", "{}Mona", "Mona{}"])
def test_what_can_not_be_seen_is_refused_and_the_field_named(hidden: str, around: str) -> None:
    with pytest.raises(UnacceptableText) as refusal:
        clean_name(around.format(hidden), field="names.ar")
    assert (refusal.value.field, refusal.value.code) == ("names.ar", "unacceptable_text")


@pytest.mark.parametrize(
    "name", [f"Mo{ZWNJ}na", f"{ZWNJ}علی", f"علی{ZWNJ}", f"علی {ZWNJ}رضا", f"علی{ZWNJ}{ZWNJ}رضا", f"יעל{ZWNJ}ה"]
)
def test_a_non_joiner_stands_between_two_arabic_letters_or_nowhere(name: str) -> None:
    with pytest.raises(UnacceptableText):
        clean_name(name)


@pytest.mark.parametrize(
    "name",
    ["Мона", "Mоna", "Μona", "мона علي", "Ｍona", "𝐌ona", "ｍona", "Mo\u034fna", "Mona\ufe0f", "Mona 😀", "Mo_na", "<b>Mona</b>",
     "Mona{0}", "Mona|Ali", "Mona;--", "Mona\\", "Mona%s", "مونا\u06d4", "Mo\u115fna", "Mo\u3164na", "モナ", "ɑli", "Mon\u2800a",
     "Mona@home", "M0na#1", "Mona*", "$Mona", "Mona\u2044"],
)  # fmt: skip
def test_what_no_name_in_our_scripts_is_written_with_is_refused(name: str) -> None:
    with pytest.raises(StrangeCharacter) as refusal:
        clean_name(name, field="names.en")
    assert refusal.value.field == "names.en"


@pytest.mark.parametrize(
    "name", ["Moنa", "محمdد", "יעלa", "علי", "Ali\u064e", "علي\u0301", "מo'na", "ابנ", "Mona\u05b8"]
)
def test_one_word_has_letters_of_one_script(name: str) -> None:
    with pytest.raises(MixedScripts):
        clean_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "م" + "\u064e" * 5,
        "Z\u0321\u0322\u0327\u0328\u0331\u0332algo",
        "\u064eمحمد",
        "Mona \u0301",
        "(\u05b8)ש",
        "ש" + "\u05b8" * 40,
    ],
)
def test_a_flood_of_marks_and_a_mark_on_nothing_are_refused(name: str) -> None:
    with pytest.raises(TooManyMarks):
        clean_name(name)


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "12345", "...", "'", "x" * (NAME_LENGTH_MAX + 1), "ש" * 121, "()"])
def test_a_name_has_a_letter_and_an_end(name: str) -> None:
    with pytest.raises(UnacceptableText):
        clean_name(name)


def test_a_person_has_a_name_in_a_language_of_ours_and_the_wrong_one_is_named() -> None:
    assert list(clean_names({"en": " Mona  A ", "ar": "منى"}).items()) == [("ar", "منى"), ("en", "Mona A")]
    with pytest.raises(UnacceptableText):
        clean_names({})
    with pytest.raises(UnknownLanguage):
        clean_names({"fr": "Mona"})
    with pytest.raises(MixedScripts) as refusal:
        clean_names({"ar": "منى", "he": "מonא"})
    assert refusal.value.field == "names.he"


@given(st.text(max_size=150))
def test_any_text_is_a_name_that_hides_nothing_or_a_typed_refusal(text: str) -> None:
    try:
        kept = clean_name(text)
    except UnacceptableText:
        return
    assert clean_name(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert 0 < len(kept) <= NAME_LENGTH_MAX
    assert kept == " ".join(kept.split(" "))
    assert not [c for c in kept.replace(ZWNJ, "") if unicodedata.category(c)[0] == "C" or not c.isprintable()]
    assert any(c.isalpha() for c in kept)


LETTERS = st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةىءئؤ"), min_size=1, max_size=9)
LATIN = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzÉŞł"), min_size=1, max_size=9)
HEBREW = st.text(st.sampled_from("אבגדהוזחטיכלמנסעפצקרשתךםןףץ"), min_size=1, max_size=9)


@given(st.lists(st.one_of(LETTERS, LATIN, HEBREW), min_size=1, max_size=6))
def test_words_of_one_script_each_are_a_name(words: list[str]) -> None:
    name = " ".join(words)
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@given(st.tuples(LETTERS, LATIN, HEBREW), st.permutations([0, 1, 2]), st.integers(2, 3))
def test_words_of_two_scripts_are_none(parts: tuple[str, str, str], order: list[int], count: int) -> None:
    word = unicodedata.normalize("NFC", "".join(parts[place] for place in order[:count]))
    assume(len(word) <= NAME_LENGTH_MAX)
    with pytest.raises(MixedScripts):
        clean_name(word)

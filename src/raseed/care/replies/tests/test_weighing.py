from __future__ import annotations

import pytest

from benchmarks._care_replies import labelled
from benchmarks._care_replies_weights import LEARNT_FROM
from raseed.care.api import check_reply
from raseed.care.replies.lexicons import LANGUAGES, lexicon
from raseed.care.replies.sentences import EMPTY, SOUNDS_SO
from raseed.care.replies.weighing import is_filler, letters, pieces_of, tone_at, weights
from raseed.care.replies.words import same_letters


@pytest.mark.parametrize(
    ("language", "filler", "carries"),
    [
        ("en", "Sorry for the inconvenience.", "The kiosk on the pier swallowed your note."),
        ("ar", "نعتذر عن الإزعاج.", "بطاقتك محجوزة في فرع السالمية."),
        ("he", "סליחה על אי הנוחות.", "המכונה בתחנה בלעה לך שטר."),
    ],
)
def test_a_reply_is_filler_when_each_of_its_sentences_is(language, filler, carries):
    rules = [lexicon(language)]
    assert is_filler(same_letters(filler), rules)
    assert is_filler(same_letters(f"{filler} {filler}"), rules)
    assert not is_filler(same_letters(f"{filler} {carries}"), rules)
    assert not is_filler(same_letters(f"{carries} {filler}"), rules)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your patience while ticket #60418 is being reviewed.", "Please rate this chat from 1 to 5 stars.",
        "Over 2 million people trust us.", "رقم بلاغك ٨٨٢١ وشكرا لاهتمامك", "מספר הפנייה שלך 5512873, תודה על הסבלנות",
    ],
)  # fmt: skip
def test_a_number_that_is_only_an_echo_carries_nothing(text):
    assert [finding.rule for finding in check_reply(text).findings if finding.stops] == [EMPTY]


@pytest.mark.parametrize(
    "text", ["That'll be 3.5 now and 3.5 at delivery.", "دوام الفرع من ٩:٣٠ إلى ١٤:٠٠.", 'חסרים 62 ש"ח']
)
def test_a_figure_of_the_case_always_carries(text):
    assert EMPTY not in {finding.rule for finding in check_reply(text).findings}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_scales_find_is_shown_as_a_stretch_of_whole_words(language):
    found = 0
    for reply in labelled(tuple(LEARNT_FROM)):
        if reply.language == language and not reply.is_good:
            text = same_letters(reply.text)
            stretch = tone_at(text, lexicon(language))
            if stretch:
                found += 1
                began, ended = stretch
                assert 0 <= began < ended <= len(text)
                assert not (began and text[began - 1].isalnum() and text[began].isalnum()), reply.id
    assert found


def test_where_a_pattern_names_the_tone_the_scales_are_silent():
    rules = [finding.rule for finding in check_reply("Sorry, ask your family for money.").findings]
    assert rules
    assert SOUNDS_SO not in rules


def test_pieces_know_the_borders_of_words_and_figures_are_all_alike():
    assert list(letters("no")) == [" no", "no ", " no "]
    rules = lexicon("en")
    assert pieces_of("it took 5 days", rules) == pieces_of("it took 7 days", rules)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_weights_are_small_and_whole(language):
    own = weights(language)
    assert 1_000 < len(own.pieces) <= 6_000
    assert all(any(weight is not None for weight in both) for both in own.pieces.values())

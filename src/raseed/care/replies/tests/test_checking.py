from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._care_replies import labelled, wilson
from raseed.care.api import FindingKind, check_reply
from raseed.care.replies.checking import CHECKED_CHARACTERS_MAX
from raseed.care.replies.lexicons import LANGUAGES, lexicon
from raseed.care.replies.sentences import EMPTY, EXPLAINED, NO_TIME, SOUNDS_SO
from raseed.care.replies.words import normalise, same_letters

CAUGHT_MIN, FALSE_FLAGS_MAX = 0.95, 0.05


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_half_that_the_rules_were_built_from_is_caught(language):
    mine = [reply for reply in labelled() if reply.language == language and reply.half == "development"]
    bad = [check_reply(reply.text).stops for reply in mine if not reply.is_good]
    good = [check_reply(reply.text).stops for reply in mine if reply.is_good]
    assert sum(bad) / len(bad) >= CAUGHT_MIN
    assert sum(good) / len(good) <= FALSE_FLAGS_MAX


def test_the_set_is_large_enough_and_no_near_duplicate_stands_on_both_sides():
    replies = list(labelled())
    assert len(replies) >= 1500
    assert all(sum(reply.language == language for reply in replies) >= 500 for language in LANGUAGES)
    assert sum(reply.origin == "written" for reply in replies) > len(replies) / 2
    halves: dict[str, set[str]] = {}
    for reply in replies:
        halves.setdefault(reply.family, set()).add(reply.half)
    assert all(len(half) == 1 for half in halves.values())
    grams = {reply.id: _triples(reply.text) for reply in replies}
    development = [reply for reply in replies if reply.half == "development"]
    for held in (reply for reply in replies if reply.half == "held_out"):
        for other in development:
            if other.language == held.language:
                one, two = grams[held.id], grams[other.id]
                assert len(one & two) < 0.5 * len(one | two), (held.id, other.id)


def _triples(text: str) -> set[str]:
    letters = "".join(letter if letter.isalpha() else " " for letter in text.lower())
    words = f" {' '.join(letters.split())} "
    return {words[place : place + 3] for place in range(len(words) - 2)}


def test_every_rule_of_every_language_has_its_sentences_and_every_sentence_a_rule():
    named = {name for language in LANGUAGES for name, _ in lexicon(language).rules}
    assert named | {EMPTY, NO_TIME, SOUNDS_SO} == set(EXPLAINED)
    for language in LANGUAGES:
        assert {name for name, _ in lexicon(language).rules} == named, language


@pytest.mark.parametrize(
    "text",
    [
        "Your request is being processed.", "data is being updated, please wait", "Please restart the router.",
        "طلبك قيد المعالجة، نعتذر عن الإزعاج.", "البيانات قيد التحديث", "السيستم واقع يا فندم استنى شوية", "هلق عم نتابع",
        "هناك ضغط، اصبر علينا شوي", "הבקשה שלך בטיפול, נא להמתין", "מתנצלים על אי הנוחות",
    ],
)  # fmt: skip
def test_a_reply_that_says_nothing_is_stopped_with_a_reason_and_a_way_out(text):
    verdict = check_reply(text)
    (finding,) = verdict.findings
    assert (finding.kind, finding.rule, finding.span) == (FindingKind.EMPTY, EMPTY, (0, len(text)))
    assert verdict.stops
    assert finding.why
    assert finding.suggestion
    assert (verdict.has_fact, verdict.has_time, verdict.has_owner) == (False, False, False)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("Your request is being processed; 120.50 went out.", "fact"), ("It is being processed until Thursday.", "time"),
        ("I will process your request.", "owner"), ("طلبك قيد المعالجة ويصلك الرد يوم الخميس", "time"),
        ("سأتابع طلبك", "owner"), ("وصلت الحوالة", "fact"), ("הבקשה בטיפול עד מחר", "time"), ("אבדוק את הבקשה", "owner"),
        ("התשלום נדחה", "fact"),
    ],
)  # fmt: skip
def test_a_fact_a_time_or_an_owner_is_seen(text, has):
    verdict = check_reply(text)
    assert getattr(verdict, f"has_{has}")
    assert not verdict.stops


def test_an_owner_without_a_time_is_advised_not_stopped():
    verdict = check_reply("I will check it.")
    assert [finding.kind for finding in verdict.findings] == [FindingKind.NO_TIME]
    assert not verdict.stops


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("Sorry, ask your family for money.", "dismissive.ask_family", "ask your family"),
        ("للأسف اِطْلُبْ من أهلـــك المال", "dismissive.ask_family", "اِطْلُبْ من أهلـــك"),
        ("סליחה, זו לא הבעיה שלנו.", "dismissive.not_ours", "לא הבעיה שלנו"),
        ("That is NOT OUR PROBLEM, it arrives at 5 pm.", "dismissive.not_ours", "NOT OUR PROBLEM"),
    ],
)  # fmt: skip
def test_a_tone_is_found_where_it_stands_whatever_facts_come_with_it(text, rule, words):
    found = {finding.rule: text[slice(*finding.span)] for finding in check_reply(text).findings}
    assert found[rule] == words


def test_an_inserted_fact_or_a_kept_promise_makes_a_thin_reply_pass_but_excuses_no_tone():
    assert not check_reply("Please wait.", facts=["balance"]).stops
    assert not check_reply("Please wait.", promise=True).stops
    assert check_reply("Not our problem.", facts=["balance"], promise=True).stops


def test_what_only_looks_like_a_fact_is_none():
    for text in ("We are here 24/7.", "Please call 19123.", "نحن في خدمتكم على مدار الساعة", "השירות זמין 24/7"):
        assert check_reply(text).stops, text


def test_letters_written_in_other_ways_are_the_same_letters():
    assert same_letters("أَلمُعـــالَجة") == same_letters("المعالجه")
    assert same_letters("שָׁלוֹם") == same_letters("שלומ")
    assert same_letters("٤۵ Wait\u202e ’") == "45 wait '"
    for text in ("طلبك قيد المعالجه", "طَلَبُكَ قَيْدَ المُعالَجَةِ", "طلبك قيد الـمـعـالـجـة", "طلبك\u200f قيد المعالجة"):
        assert check_reply(text).stops, text


@pytest.mark.parametrize("text", ["", " ", "...", "👍", "؟؟؟"])
def test_a_reply_without_a_word_says_nothing(text):
    assert check_reply(text).stops


def test_a_text_in_two_languages_is_held_against_the_rules_of_both():
    assert check_reply("Your transfer of 20.00 arrived. هذه ليست مشكلتنا").stops
    assert not check_reply("السيستم is down, رصيدك 120.50").stops


@given(st.text(max_size=300))
def test_every_text_gets_a_verdict_with_spans_inside_it(text):
    for finding in check_reply(text).findings:
        start, end = finding.span
        assert 0 <= start <= end <= len(text)


@given(st.text(alphabet="اأإآةهىي ًٌَّـךכםמ1٢ b", max_size=60))
def test_making_letters_equal_twice_changes_nothing_and_the_way_back_grows(text):
    once = normalise(text)
    assert same_letters(once.text) == once.text
    assert len(once.at) == len(once.text)
    assert list(once.at) == sorted(once.at)


@pytest.mark.parametrize("piece", ["a ", "you ", "لا ", "לא ", "you must have ", "ask ", "1", "وصل", "just wait and "])
def test_a_text_made_to_be_slow_is_checked_at_once(piece):
    text = (piece * CHECKED_CHARACTERS_MAX)[:65_536]
    check_reply("warm")
    began = time.process_time()
    check_reply(text)
    assert time.process_time() - began < 2


def test_the_interval_is_wilsons():
    assert wilson(10, 10) == (72.2, 100.0)
    assert wilson(0, 0) == (0.0, 100.0)


@pytest.mark.parametrize(
    "text",
    [
        "تم رد مبلغ 250 جنيه إلى حسابك اليوم الساعة 14:33. هدى", "رجعت الحوالة 250 جنيه الساعة 14:33.\nهدى",
        "مع تحياتي،\nهدى، خدمة العملاء. رد المبلغ 250 جنيه اليوم.", "هدى من فريق التحويلات تتصل بك اليوم قبل الساعة 16:00.",
    ],
)  # fmt: skip
def test_a_colleague_called_huda_may_sign(text):
    assert not check_reply(text).findings


@pytest.mark.parametrize("text", ["هدي شوية، سنرد المبلغ 250 جنيه اليوم.", "هدّي أعصابك", "اهدى.", "هدي!"])
def test_calm_down_is_stopped_all_the_same(text):
    assert "commanding.silences" in {finding.rule for finding in check_reply(text).findings}

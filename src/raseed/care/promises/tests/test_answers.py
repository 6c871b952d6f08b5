"""Answers in versions, for the public and for staff, found whatever their letters look like; drafts that only people send."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.care.promises.api import (
    AnswerStopped,
    AnswerText,
    Audience,
    GapClosed,
    answers,
    askers,
    change_answer,
    check_counts,
    draft,
    gaps_of_conversation,
    similar_gaps,
    withdraw_answer,
    write_answer,
)
from raseed.care.promises.searching import ALIKE_MIN, likeness, telling_words
from raseed.care.promises.telling import tell_due
from raseed.kernel.ids import new_id
from raseed.people.api import Author, NotPermitted

from . import alike
from .asking import TEXTS


def test_an_empty_answer_is_stopped_unless_somebody_says_why(desk):
    asked, empty = desk.ask(), {"en": AnswerText("When?", "Please wait, data is being updated.")}
    with pytest.raises(AnswerStopped) as stopped:
        desk.answer(asked, empty)
    assert stopped.value.params["rule"] == "empty.nothing"
    desk.answer(asked, empty, override="the law forbids more")
    counted = check_counts(desk.bank, since=desk.clock.now(), until=desk.clock.now() + timedelta(1))
    assert {(rule, outcome.value): count for (rule, outcome), count in counted.items()} == {
        ("empty.nothing", "stopped"): 1,
        ("empty.nothing", "overridden"): 1,
    }


def test_the_public_sees_public_answers_and_staff_see_both_in_versions(desk):
    public = desk.answer(desk.ask())
    internal = write_answer(
        {"en": AnswerText("Why is Zone 4 down?", "Cable 17 was cut by the road works on 3 May.")}, id=new_id(),
        institution_id=desk.bank, audience=Audience.STAFF, reason="for the desk", by=desk.by, clock=desk.clock,
    )  # fmt: skip
    assert [each.id for each in answers(desk.bank, audience=Audience.PUBLIC)] == [public.id]
    assert {each.id for each in answers(desk.bank, audience=Audience.STAFF, by=desk.by)} == {public.id, internal.id}
    with pytest.raises(NotPermitted):
        answers(desk.bank, audience=Audience.STAFF)
    changed = change_answer(
        public.id, {"en": AnswerText("When?", "At 23:00.")}, audience=Audience.PUBLIC, expected_version=1,
        reason="later", by=desk.by, clock=desk.clock,
    )  # fmt: skip
    assert (changed.version, changed.texts["en"].text) == (2, "At 23:00.")
    with pytest.raises(GapClosed):
        change_answer(
            public.id, TEXTS, audience=Audience.PUBLIC, expected_version=1, reason="again", by=desk.by, clock=desk.clock
        )
    tell_due(clock=desk.clock)
    withdraw_answer(public.id, reason="over", by=desk.by, clock=desk.clock)
    assert not answers(desk.bank, audience=Audience.PUBLIC)


def test_an_answer_that_somebody_still_waits_for_is_not_withdrawn(desk):
    answer = desk.answer(desk.ask())
    with pytest.raises(GapClosed):
        withdraw_answer(answer.id, reason="over", by=desk.by, clock=desk.clock)


@pytest.mark.parametrize(
    ("search", "language"),
    [
        ("الكهربا", "ar"), ("كهرباء المنطقه", "ar"), ("مَتى تعود الكهربـاء", "ar"), ("المنطقة ٤", "ar"), ("החשמל", "he"),
        ("חַשְׁמַל", "he"), ("POWER zone", "en"),
    ],
)  # fmt: skip
def test_answers_are_found_whatever_the_letters_look_like(desk, search, language):
    answer = desk.answer(desk.ask())
    assert [each.id for each in answers(desk.bank, audience=Audience.PUBLIC, language=language, search=search)] == [
        answer.id
    ]
    assert not answers(desk.bank, audience=Audience.PUBLIC, search="loan instalment")
    assert not answers(desk.bank, audience=Audience.PUBLIC, search="؟؟ % _")


def test_an_open_question_like_this_one_is_offered_before_a_second_is_made(desk):
    asked = desk.ask("متى تعود الكهرباء إلى حي النزهة؟", language="ar")
    desk.ask("Why was the fee charged?")
    assert [each.id for each in similar_gaps(desk.bank, "كهربا النزهه", by=desk.by)] == [asked.id]
    (mine,) = gaps_of_conversation(askers(asked.id, by=desk.by)[0].conversation_id, by=desk.by)
    assert mine.id == asked.id


def test_a_draft_carries_facts_and_the_public_answer_and_never_an_internal_one(desk):
    class Fact:
        words = "Your balance is 20.00."

    write_answer(
        {"en": AnswerText("Power in Zone 4?", "Cable 17 was cut by the road works on 3 May.")}, id=new_id(),
        institution_id=desk.bank, audience=Audience.STAFF, reason="for the desk", by=desk.by, clock=desk.clock,
    )  # fmt: skip
    where = {"institution_id": desk.bank, "language": "en", "by": desk.by}
    assert draft("power zone 4", **where) is None
    public = desk.answer(desk.ask())
    made = draft("power zone 4", facts=[Fact()], **where)
    assert made is not None
    assert made.text == f"Your balance is 20.00.\n{TEXTS['en'].text}"
    assert (made.answers, made.facts) == ((public.id,), (0,))
    with pytest.raises(NotPermitted):
        draft("power", institution_id=desk.bank, language="en", by=Author("customer:x"))


def test_questions_that_ask_the_same_are_told_from_others_as_well_as_is_written_down():
    def offered(pairs: tuple[tuple[str, str], ...]) -> int:
        return sum(likeness(telling_words(one), telling_words(other)) >= ALIKE_MIN for one, other in pairs)

    assert (offered(alike.SAME), len(alike.SAME)) == (23, 23)
    assert (offered(alike.OTHER), len(alike.OTHER)) == (1, 28)
    assert (offered(alike.LATER_SAME), len(alike.LATER_SAME)) == (8, 8)
    assert (offered(alike.LATER_OTHER), len(alike.LATER_OTHER)) == (2, 8)
    for one, other in alike.SAME:
        words = telling_words(one), telling_words(other)
        assert likeness(*words) == likeness(*reversed(words))


def test_only_the_likest_questions_are_offered_and_never_many(desk):
    exact = desk.ask("متى تعود الكهرباء إلى المنطقة 4؟", language="ar")
    for n in range(9):
        desk.ask(f"متى تعود الكهرباء إلى المنطقة 4 في شارع {n}؟", language="ar")
    desk.ask("متى تعود المياه إلى المعادي؟", language="ar")
    desk.ask("متى تعود الكهرباء إلى المنطقة 5؟", language="ar")
    found = similar_gaps(desk.bank, "متى ترجع الكهرباء في المنطقة ٤؟", by=desk.by, limit=50)
    assert (len(found), found[0].id) == (5, exact.id)
    assert all("4" in each.question for each in found)
    again = similar_gaps(desk.bank, exact.question, by=desk.by, but=exact.id)
    assert len(again) == 5
    assert exact.id not in {each.id for each in again}
    assert similar_gaps(desk.bank, "متى هل ما؟", by=desk.by) == ()
    assert similar_gaps(desk.bank, "أين أقرب فرع؟", by=desk.by) == ()

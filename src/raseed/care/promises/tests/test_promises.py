"""No question without an answer is forgotten; whoever asked is told once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from raseed.care.clocks import api as clocks
from raseed.care.promises.api import (
    Audience,
    Gap,
    GapClosed,
    GapState,
    Held,
    InvalidAnswer,
    InvalidDueDate,
    LanguageMissing,
    OwnerMayNot,
    SameGap,
    StepCode,
    Told,
    UnknownGap,
    askers,
    change_answer,
    customer_wrote,
    gap,
    gaps,
    hand_over_gap,
    join_gap,
    join_gaps,
    move_due,
    not_told,
    promise_record,
    steps,
)
from raseed.care.promises.climbing import climb
from raseed.care.promises.telling import tell_due, tell_one, wake
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.people.api import Author, NotPermitted
from raseed.platform.api import SameIdOtherContent, audit_trail
from raseed.platform.models import EventRow

from .asking import TEXTS, Desk, heard, speak_through, write_down


def joined(desk: Desk, asked, *, language="en", conversation=None):
    return join_gap(asked.id, conversation_id=conversation or new_id(), language=language, by=desk.by, clock=desk.clock)


def jobs(task: str) -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s", [task])
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]


def test_a_question_has_an_owner_a_date_and_who_asked(desk):
    asked = desk.ask()
    assert (asked.owner, asked.due_at, asked.state, asked.askers) == (
        desk.owner, desk.clock.now() + timedelta(hours=4), GapState.OPEN, 1,
    )  # fmt: skip
    joined(desk, asked, language="ar")
    assert gap(asked.id, by=desk.by).askers == 2
    assert [each.id for each in gaps(desk.bank, by=desk.by)] == [asked.id]
    assert [each.code for each in steps(asked.id, by=desk.by)] == [StepCode.RAISED, StepCode.ASKED_TOO]
    assert audit_trail(f"gap:{asked.id}")[0].action == "care.gap_raised"


def test_the_same_id_is_the_same_question_and_never_another(desk):
    first = desk.ask(id=new_id(), conversation_id=(conversation := new_id()))
    assert desk.ask(id=first.id, conversation_id=conversation) == first
    with pytest.raises(SameIdOtherContent):
        desk.ask("Another?", id=first.id, conversation_id=conversation)
    assert gap(first.id, by=desk.by).askers == 1


def test_the_same_id_at_once_is_kept_once(desk):
    id_, conversation = new_id(), new_id()

    def go(_):
        try:
            return desk.ask(id=id_, conversation_id=conversation).id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(go, range(8))) == {id_}
    assert gap(id_, by=desk.by).askers == 1
    assert len(steps(id_, by=desk.by)) == 1


@pytest.mark.parametrize("hours", [0, -1, 24 * 367])
def test_a_promise_lies_ahead_within_a_year(desk, hours):
    with pytest.raises(InvalidDueDate):
        desk.ask(due_at=desk.clock.now() + timedelta(hours=hours))


def test_bad_input_ends_in_words(desk, monkeypatch):
    with pytest.raises(UnacceptableText):
        desk.ask("when\u202e?")
    with pytest.raises(InvalidAnswer):
        desk.ask(language="fr")
    with pytest.raises(UnknownGap):
        joined(desk, type("Nothing", (), {"id": new_id()})())
    with pytest.raises(NotPermitted):
        desk.ask(by=Author("staff:nobody"))
    asked = desk.ask()
    with pytest.raises(UnknownGap):
        gap(asked.id, by=Author("staff:nobody"))
    monkeypatch.setattr(people, "author_of_staff", lambda _: Author("staff:other"))
    with pytest.raises(OwnerMayNot):
        desk.ask()


def test_everyone_who_asked_is_told_once_in_their_language(desk):
    asked = desk.ask()
    them = [joined(desk, asked, language=code) for code in ("en", "ar", "he") for _ in range(5)]
    answer = desk.answer(asked)
    tell_due(clock=desk.clock)
    tell_due(clock=desk.clock)
    assert len(heard()) == 16
    assert set(heard().values()) == {1}
    with connection.cursor() as cursor:
        cursor.execute("SELECT conversation_id, language, said, message_id FROM heard")
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    for asker in them:
        said = TEXTS[asker.language]
        assert found[asker.conversation_id] == (asker.language, f"{said.question}\n\n{said.text}", asker.id)
    after = gap(asked.id, by=desk.by)
    assert (after.state, after.answer_id, after.told) == (GapState.ANSWERED, answer.id, 16)
    assert not not_told(desk.bank, by=desk.by)


def test_answering_again_with_the_same_id_tells_nobody_twice_and_another_answer_is_refused(desk):
    asked, id_ = desk.ask(), new_id()
    first = desk.answer(asked, id=id_)
    tell_due(clock=desk.clock)
    assert desk.answer(asked, id=id_) == first
    with pytest.raises(SameIdOtherContent):
        desk.answer(asked, {"en": TEXTS["en"]}, id=id_)
    with pytest.raises(GapClosed):
        desk.answer(asked)
    tell_due(clock=desk.clock)
    assert set(heard().values()) == {1}


def test_who_asks_after_the_answer_is_told_too_and_asking_twice_is_once(desk):
    asked = desk.ask()
    desk.answer(asked)
    late, again = joined(desk, asked, conversation=(same := new_id())), joined(desk, asked, conversation=same)
    assert late.id == again.id
    tell_due(clock=desk.clock)
    assert heard()[same] == 1


def test_an_answer_must_be_there_in_the_language_of_everyone_who_waits(desk):
    asked = desk.ask(language="he")
    with pytest.raises(LanguageMissing, match="he"):
        desk.answer(asked, {"en": TEXTS["en"]})
    assert gap(asked.id, by=desk.by).state is GapState.OPEN


def test_who_comes_later_in_another_language_waits_is_shown_and_is_told_when_it_is_written(desk):
    asked = desk.ask()
    answer = desk.answer(asked, {"en": TEXTS["en"]})
    late = joined(desk, asked, language="he")
    tell_due(clock=desk.clock)
    (shown,) = not_told(desk.bank, by=desk.by)
    assert (shown.id, shown.held) == (late.id, Held.LANGUAGE_MISSING)
    change_answer(
        answer.id, TEXTS, audience=Audience.PUBLIC, expected_version=1, reason="in Hebrew too", by=desk.by,
        clock=desk.clock,
    )  # fmt: skip
    tell_due(clock=desk.clock)
    assert heard()[late.conversation_id] == 1
    assert len(heard()) == 2


def test_a_closed_window_holds_the_answer_shows_it_and_opens_when_the_customer_writes(desk):
    asked = desk.ask()
    ((asker,), _) = askers(asked.id, by=desk.by), desk.answer(asked)
    speak_through(lambda **_: Told.WINDOW_CLOSED)
    tell_due(clock=desk.clock)
    assert [each.held for each in not_told(desk.bank, by=desk.by)] == [Held.WINDOW_CLOSED]
    speak_through(write_down)
    tell_due(clock=desk.clock)
    assert not heard(), "it waits for its pause"
    customer_wrote(new_id())
    customer_wrote(asker.conversation_id)
    assert jobs("care.wake_conversation") == [{"conversation_id": str(asker.conversation_id)}]
    wake(asker.conversation_id, clock=desk.clock)
    tell_due(clock=desk.clock)
    tell_due(clock=desk.clock)
    assert heard()[asker.conversation_id] == 1


def test_a_held_answer_is_tried_again_after_growing_pauses(desk):
    desk.answer(desk.ask())
    speak_through(lambda **_: Told.UNREACHABLE)
    for _ in range(5):
        tell_due(clock=desk.clock)
        desk.clock.advance(timedelta(hours=7))
    (shown,) = not_told(desk.bank, by=desk.by)
    assert shown.held is Held.UNREACHABLE
    speak_through(write_down)
    assert tell_due(clock=desk.clock) == 1


def test_one_conversation_that_breaks_the_voice_keeps_the_answer_from_nobody_else(desk):
    asked = desk.ask()
    (poison,) = askers(asked.id, by=desk.by)
    for _ in range(5):
        joined(desk, asked)

    def speak(**said):
        if said["conversation_id"] == poison.conversation_id:
            write_down(**said)
            raise RuntimeError("broken")
        return write_down(**said)

    speak_through(speak)
    desk.answer(asked)
    assert tell_due(clock=desk.clock) == 5
    assert poison.conversation_id not in heard(), "what was kept before it broke is rolled back"
    speak_through(write_down)
    desk.clock.advance(timedelta(minutes=3))
    assert tell_due(clock=desk.clock) == 1
    assert set(heard().values()) == {1}


def test_workers_at_once_tell_each_once(desk):
    asked = desk.ask()
    for _ in range(40):
        joined(desk, asked)
    desk.answer(asked)

    def go(_):
        try:
            return tell_due(clock=desk.clock)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(go, range(6))) == 41
    assert len(heard()) == 41
    assert set(heard().values()) == {1}


def test_who_asks_while_it_is_being_answered_is_told(desk):
    asked, start = desk.ask(), threading.Barrier(9)

    def join(_):
        try:
            start.wait()
            return joined(desk, asked).conversation_id
        finally:
            connection.close()

    def answer():
        try:
            start.wait()
            desk.answer(asked)
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as pool:
        answering = pool.submit(answer)
        conversations = list(pool.map(join, range(8)))
        answering.result()
    tell_due(clock=desk.clock)
    assert {each: heard()[each] for each in conversations} == dict.fromkeys(conversations, 1)
    assert len(heard()) == 9


def test_two_answers_at_once_are_one(desk):
    asked = desk.ask()

    def go(_):
        try:
            return desk.answer(asked).id
        except GapClosed:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = [each for each in pool.map(go, range(4)) if each]
    assert found == [gap(asked.id, by=desk.by).answer_id]


def test_two_questions_made_one_tell_each_conversation_once(desk):
    first, second, both = desk.ask(), desk.ask("power?"), new_id()
    for each in (first, second):
        joined(desk, each, conversation=both)
    join_gaps(first.id, into=second.id, reason="the same", by=desk.by, clock=desk.clock)
    late = joined(desk, first)
    assert late.gap_id == second.id, "who asks the first now waits for the second"
    with pytest.raises(GapClosed):
        desk.answer(first)
    desk.answer(second)
    tell_due(clock=desk.clock)
    assert len(heard()) == 4
    assert set(heard().values()) == {1}
    for wrong in (second.id, first.id):
        with pytest.raises(SameGap):
            join_gaps(second.id, into=wrong, reason="the same", by=desk.by, clock=desk.clock)


def test_joining_while_questions_are_made_one_meets_no_deadlock_and_loses_nobody(desk):
    chain = [desk.ask(f"question {place}") for place in range(6)]

    def make_one(place):
        try:
            join_gaps(chain[place].id, into=chain[place + 1].id, reason="the same", by=desk.by, clock=desk.clock)
        except SameGap:
            return
        finally:
            connection.close()

    def ask(place):
        try:
            joined(desk, chain[place % 6])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(make_one, place) for place in range(5)] + [pool.submit(ask, place) for place in range(30)]
        for each in work:
            each.result()
    for left in gaps(desk.bank, by=desk.by):
        desk.answer(left)
    tell_due(clock=desk.clock)
    assert len(heard()) == 36
    assert set(heard().values()) == {1}


def test_a_question_is_handed_over_and_promised_for_later_with_its_first_date_kept(desk):
    asked = desk.ask()
    handed = hand_over_gap(asked.id, to=(other := new_id()), reason="on leave", by=desk.by, clock=desk.clock)
    assert handed.owner == other
    later = asked.due_at + timedelta(hours=2)
    moved = move_due(asked.id, due_at=later, reason="the crew is late", by=desk.by, clock=desk.clock)
    assert (moved.due_at, moved.first_due_at) == (later, asked.due_at)
    with pytest.raises(InvalidDueDate):
        move_due(asked.id, due_at=asked.due_at, reason="earlier", by=desk.by, clock=desk.clock)
    with pytest.raises(UnacceptableText):
        hand_over_gap(asked.id, to=new_id(), reason="", by=desk.by, clock=desk.clock)
    desk.answer(asked)
    with pytest.raises(GapClosed):
        move_due(asked.id, due_at=later + timedelta(1), reason="once more", by=desk.by, clock=desk.clock)


def test_an_overdue_question_climbs_at_once_then_daily_until_it_is_answered(desk):
    asked = desk.ask()
    assert climb(clock=desk.clock) == 0
    desk.clock.advance(timedelta(hours=4))
    assert (climb(clock=desk.clock), climb(clock=desk.clock)) == (1, 0)
    desk.clock.advance(timedelta(days=1))
    assert climb(clock=desk.clock) == 1
    assert gap(asked.id, by=desk.by).overdue_times == 2
    told = EventRow.objects.filter(name="care.gap_overdue").order_by("position").values_list("payload", flat=True)
    assert [payload["times"] for payload in told] == [1, 2]
    desk.answer(asked)
    desk.clock.advance(timedelta(days=9))
    assert climb(clock=desk.clock) == 0
    record = promise_record(
        desk.bank, since=asked.raised_at, until=desk.clock.now(), by=desk.by, clock=desk.clock
    )  # fmt: skip
    assert (record.kept, record.late, record.open_overdue) == (0, 1, 0)


def test_a_clock_runs_for_whoever_answers_for_a_question_until_it_is_answered_or_another_one_s(desk):
    def running(one: Gap) -> list[object]:
        return [each.assignee for each in clocks.clocks_of([one.id], at=desk.clock.now()).get(one.id, ())]

    asked, same = desk.ask(), desk.ask()
    assert running(asked) == [desk.owner]
    hand_over_gap(asked.id, to=(other := new_id()), reason="on leave", by=desk.by, clock=desk.clock)
    assert running(asked) == [other]
    join_gaps(same.id, into=asked.id, reason="the same", by=desk.by, clock=desk.clock)
    assert (running(asked), running(same)) == ([other], [])
    desk.answer(asked)
    assert running(asked) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM care_gap", "UPDATE care_gap SET question = 'other'", "UPDATE care_gap SET state = 'open', answered_at = NULL, answer_id = NULL", "UPDATE care_gap SET due_at = due_at - interval '1 hour'",
        "DELETE FROM care_gap_asker", "UPDATE care_gap_asker SET state = 'waiting', told_at = NULL, answer_version = NULL",
        "UPDATE care_gap_asker SET conversation_id = id", "UPDATE care_answer_version SET actor = 'x'",
        "DELETE FROM care_gap_step", "UPDATE care_answer SET version = 7", "DELETE FROM care_answer",
        "TRUNCATE care_gap_asker",
    ],
)  # fmt: skip
def test_the_database_refuses_to_forget(desk, statement):
    desk.answer(desk.ask())
    tell_due(clock=desk.clock)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_nobody_is_told_an_answer_that_there_is_not(desk):
    (asker,) = askers(desk.ask().id, by=desk.by)
    assert not tell_one(asker.id, clock=desk.clock)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE care_gap_asker SET state = 'told', told_at = now(), answer_version = 1")


def test_no_event_carries_a_word_of_a_customer(desk):
    asked = desk.ask("does Mona Abdallah get it back?")
    desk.clock.advance(timedelta(hours=5))
    climb(clock=desk.clock)
    desk.answer(asked)
    for payload in EventRow.objects.filter(name__startswith="care.").values_list("payload", flat=True):
        assert set(payload) <= {"gap_id", "owner", "times", "subject_kind", "subject_id", "accountable"}

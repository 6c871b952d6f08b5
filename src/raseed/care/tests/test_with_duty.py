"""Conversations with the house's own duty and clocks: at every instant one accountable name and a running clock."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from raseed.care import api as care
from raseed.care.clocks import api as clocks
from raseed.care.clocks import jobs
from raseed.care.conversations.accounting import ladder_climbed, settle_accountable
from raseed.care.duty import api as duty
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .talk import House, staff_id


def test_from_the_first_message_to_the_end_somebody_answers_and_a_clock_runs(house: House) -> None:
    one = house.hears()
    running = clocks.clocks_of([one], at=house.clock.now())[one]
    assert {clock.kind.value for clock in running} == {"first_answer", "resolution"}
    assert {clock.accountable for clock in running} == {house.now_is(one).accountable}
    care.take(one, by=house.karim, clock=house.clock)
    assert str(house.now_is(one).accountable) in house.karim.actor
    care.return_to_queue(one, by=house.karim, reason="my shift ends", clock=house.clock)
    running = clocks.clocks_of([one], at=house.clock.now())[one]
    assert {clock.accountable for clock in running} == {house.now_is(one).accountable}
    house.waits(60)
    house.answers(one, by=house.karim)
    running = clocks.clocks_of([one], at=house.clock.now())[one]
    assert [clock.kind.value for clock in running] == ["resolution"]
    house.hears("and now?")
    running = clocks.clocks_of([one], at=house.clock.now())[one]
    assert {clock.kind.value for clock in running} == {"next_answer", "resolution"}
    care.close(one, by=house.karim, reason="by phone", nothing_to_answer=True, clock=house.clock)
    assert clocks.clocks_of([one], at=house.clock.now()).get(one, ()) == ()


def test_who_goes_on_leave_leaves_nothing_without_a_name(house: House) -> None:
    one = house.hears()
    care.take(one, by=house.salma, clock=house.clock)
    me = house.now_is(one).accountable
    house.waits()
    duty.note_absence(
        id=new_id(), staff_id=me, kind=duty.AbsenceKind.SICK, since=house.clock.now(), institution_id=house.id,
        until=house.clock.now() + timedelta(days=3), by=people.SYSTEM, reason="ill since this morning", clock=house.clock,
    )  # fmt: skip
    settle_accountable(clock=house.clock)
    now = house.now_is(one)
    assert now.accountable != me
    assert {each.accountable for each in clocks.clocks_of([one], at=house.clock.now())[one]} == {now.accountable}


def test_a_case_has_a_clock_until_it_is_resolved(house: House) -> None:
    made = care.open_case(house.hears(), category="transfer", title="Lost transfer", by=house.salma, clock=house.clock)
    assert [one.kind.value for one in clocks.clocks_of([made.id], at=house.clock.now())[made.id]] == ["resolution"]
    care.resolve_case(made.id, outcome="answered", resolution="It came.", by=house.salma, clock=house.clock)
    assert clocks.clocks_of([made.id], at=house.clock.now()).get(made.id, ()) == ()
    assert care.counts(house.id, by=house.boss, clock=house.clock)[care.Box.TEAM] == 1


def test_what_is_opened_again_has_its_time_to_be_settled_from_then_on(house: House) -> None:
    one = house.hears()
    care.take(one, by=house.karim, clock=house.clock)
    care.close(one, by=house.karim, reason="by phone", nothing_to_answer=True, clock=house.clock)
    house.waits(3 * 86_400)
    care.reopen(one, by=house.salma, reason="she called again", clock=house.clock)
    (again,) = clocks.clocks_of([one], at=house.clock.now())[one]
    assert (again.kind.value, again.started_at, again.elapsed_s) == ("resolution", house.clock.now(), 0)
    assert again.assignee == staff_id(house.karim)
    assert again.accountable == house.now_is(one).accountable
    made = care.open_case(one, category="transfer", title="Lost transfer", by=house.salma, clock=house.clock)
    care.resolve_case(made.id, outcome="answered", resolution="It came.", by=house.salma, clock=house.clock)
    house.waits(3 * 86_400)
    care.reopen_case(made.id, by=house.karim, reason="it did not", clock=house.clock)
    (settle,) = clocks.clocks_of([made.id], at=house.clock.now())[made.id]
    assert (settle.kind.value, settle.started_at) == ("resolution", house.clock.now())


def test_who_takes_a_clock_over_on_the_ladder_has_the_conversation_too(house: House) -> None:
    one = house.hears()
    care.take(one, by=house.karim, clock=house.clock)
    house.waits(6 * 3600)
    clocks.move_clocks(clock=house.clock)
    broken = next(each for each in clocks.clocks_of([one], at=house.clock.now())[one] if each.breached_at)
    head = broken.accountable
    assert staff_id(house.karim) != head
    for _ in range(2):
        ladder_climbed(one, clock_id=broken.id, clock=house.clock)
    settle_accountable(clock=house.clock)
    now = house.now_is(one)
    assert (now.assignee, now.accountable) == (head, head)
    assert {each.assignee for each in clocks.clocks_of([one], at=house.clock.now())[one]} == {head}
    assert [entry.details.get("to") for entry in house.said(one) if entry.event is care.EventCode.ASSIGNED] == [
        str(head)
    ]


def test_who_was_given_it_since_the_ladder_was_climbed_keeps_it(house: House) -> None:
    one = house.hears()
    house.waits(6 * 3600)
    clocks.move_clocks(clock=house.clock)
    broken = next(each for each in clocks.clocks_of([one], at=house.clock.now())[one] if each.breached_at)
    care.take(one, by=house.karim, clock=house.clock)
    ladder_climbed(one, clock_id=broken.id, clock=house.clock)
    assert house.now_is(one).assignee == staff_id(house.karim)


def test_whoever_answers_what_was_nobodys_goes_on_with_all_of_it_and_its_time_rests_until_the_customer_writes(
    house: House,
) -> None:
    one = house.hears()
    house.waits(60)
    house.answers(one, by=house.karim)
    (resolution,) = clocks.clocks_of([one], at=house.clock.now())[one]
    assert (resolution.assignee, resolution.paused) == (staff_id(house.karim), clocks.PauseReason.WAITING_FOR_CUSTOMER)
    house.waits(60)
    house.hears("and now?")
    running = clocks.clocks_of([one], at=house.clock.now())[one]
    assert {(each.assignee, each.paused) for each in running} == {(staff_id(house.karim), None)}


def test_all_that_is_somebodys_is_handed_over_at_once_with_a_record_each(house: House) -> None:
    theirs = [house.hears(who=f"wa:2010012345{number}") for number in range(10, 13)]
    for each in theirs:
        care.take(each, by=house.salma, clock=house.clock)
    care.close(theirs[2], by=house.salma, reason="answered", nothing_to_answer=True, clock=house.clock)
    salma, karim = staff_id(house.salma), staff_id(house.karim)
    with pytest.raises(people.NotPermitted):
        care.hand_over(institution_id=house.id, giver=salma, to=karim, by=house.karim, reason="I take it all")
    with pytest.raises(care.AssigneeMayNot):
        care.hand_over(institution_id=house.id, giver=salma, to=salma, by=house.boss, reason="to herself")
    done = care.hand_over(
        institution_id=house.id, giver=salma, to=karim, by=house.salma, reason="my shift ends", clock=house.clock
    )
    assert (done.moved, done.left) == (2, 0)
    assert [house.now_is(each).assignee for each in theirs] == [karim, karim, salma]
    assert {house.now_is(each).accountable for each in theirs[:2]} == {karim}
    again = care.hand_over(institution_id=house.id, giver=karim, to=None, by=house.boss, reason="gone home")
    assert again.moved == 2
    assert [house.now_is(each).assignee for each in theirs[:2]] == [None, None]
    record = clocks.record_of(
        salma, institution_id=house.id, since=house.clock.now() - timedelta(days=1),
        until=house.clock.now() + timedelta(days=1), by=house.salma,
    )  # fmt: skip
    assert record.given >= 2


def test_one_job_a_minute_moves_clocks_and_conversations_name_whoever_is_in_charge_also_where_nothing_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [house.hears(who=f"wa:{n}") for n in range(3)]
    for one in ids:
        house.answers(one)
    me = staff_id(house.salma)
    house.goes_away(me)
    monkeypatch.setattr(jobs, "look_after_clocks", partial(clocks.look_after_clocks, clock=house.clock))
    monkeypatch.setattr(jobs, "settle_accountable", partial(settle_accountable, clock=house.clock))
    with CaptureQueriesContext(connection) as few:
        jobs.look_after_clocks_every_minute(timestamp=0)
    assert len(few) < 60
    assert {house.now_is(one).accountable for one in ids} == {house.nadia}
    for one in ids:
        (settle,) = house.running(one).values()
        assert settle.accountable == house.nadia
    assert settle_accountable(clock=house.clock) == 0

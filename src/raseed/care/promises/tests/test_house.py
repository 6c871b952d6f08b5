"""Promises in the house: told in the thread and the channel, by a template where the window is closed; with a clock."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from raseed.care import api as care
from raseed.care.clocks import api as clocks
from raseed.care.promises import api as promises
from raseed.care.promises import saying
from raseed.care.promises.telling import tell_due, wake
from raseed.care.tests.talk import House, a_house
from raseed.channels import api as channels
from raseed.channels.api import Channel
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .asking import ALL, TEXTS


@pytest.fixture
def house(database: object, monkeypatch: pytest.MonkeyPatch) -> House:
    made = a_house()
    made.salma = people.Author(made.salma.actor, {made.id: ALL})
    monkeypatch.setattr(people, "author_of_staff", lambda staff_id: people.Author(f"staff:{staff_id}", {made.id: ALL}))
    del database
    return made


def asked_in(house: House, conversation: UUID) -> promises.Gap:
    return promises.raise_gap(
        "When is the power back?", id=new_id(), conversation_id=conversation, institution_id=house.id, language="en",
        owner=UUID(house.salma.actor.removeprefix("staff:")),
        due_at=house.clock.now() + timedelta(hours=4), by=house.salma, clock=house.clock,
    )  # fmt: skip


def answered(house: House, gap: promises.Gap) -> None:
    promises.answer_gap(
        gap.id, TEXTS, id=new_id(), public=True, reason="the grid told us", by=house.salma, clock=house.clock
    )


def outs(house: House, conversation: UUID) -> list[care.Entry]:
    return [entry for entry in house.said(conversation) if entry.kind is care.EntryKind.OUT]


def test_everyone_reads_the_answer_in_the_thread_once_and_the_clock_stops(house: House) -> None:
    first, second = house.hears("power?"), house.hears("power?", who="wa:2")
    gap = asked_in(house, first)
    (running,) = clocks.clocks_of([gap.id], at=house.clock.now())[gap.id]
    assert running.accountable == gap.owner
    promises.join_gap(gap.id, conversation_id=second, language="ar", by=house.salma, clock=house.clock)
    answered(house, gap)
    assert not clocks.clocks_of([gap.id], at=house.clock.now()).get(gap.id)
    assert tell_due(clock=house.clock) == 2
    assert tell_due(clock=house.clock) == 0
    for one, language in ((first, "en"), (second, "ar")):
        (entry,) = outs(house, one)
        assert TEXTS[language].text in entry.text
        assert entry.message_id
        assert channels.outgoing([entry.message_id])[entry.message_id].id == entry.message_id


def test_a_closed_window_waits_for_a_template_and_takes_it(house: House) -> None:
    clerk = Clerk(house.id)
    line = make_line(Channel.WHATSAPP, clerk)
    one = house.hears("power?", line=line)
    gap = asked_in(house, one)
    house.clock.advance(timedelta(hours=25))
    answered(house, gap)
    assert tell_due(clock=house.clock) == 0
    assert [each.held for each in promises.not_told(house.id, by=house.salma)] == [promises.Held.WINDOW_CLOSED]
    channels.register_template(
        line_id=line.id, name=saying.TEMPLATE, language="en", body="About your question: {{1}}", by=clerk,
        reason="approved", clock=house.clock,
    )  # fmt: skip
    wake(one, clock=house.clock)
    assert tell_due(clock=house.clock) == 1
    (entry,) = outs(house, one)
    assert entry.text.startswith("About your question: ")


def test_who_stood_at_the_counter_is_put_before_a_person(house: House) -> None:
    one = house.hears("power?", line=house.branch)
    answered(house, asked_in(house, one))
    assert tell_due(clock=house.clock) == 0
    assert [each.held for each in promises.not_told(house.id, by=house.salma)] == [promises.Held.UNREACHABLE]

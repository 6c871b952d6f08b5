"""What came of a reply that the check stopped is kept where it is stopped, and reports tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from raseed.care.api import EmptyReply, Override, reports
from raseed.people import api as people

from .talk import staff_id

if TYPE_CHECKING:
    from .talk import House

EMPTY = "Please wait, it is being updated."
FULL = "It came back at 14:33."


def told(house: House) -> dict[str, Any]:
    day = house.clock.now().date()
    languages, kinds, writers = reports.stopped(reports.Wanted(house.id, day, day), by=people.SYSTEM, clock=house.clock)
    assert languages.total is not None
    of_all = {column: languages.total.count(column) for column in languages.columns}
    of_kinds = {line.key: (line.count("stopped"), line.count("sent")) for line in kinds.lines}
    of_people = {line.key: (line.count("stopped"), line.count("sent")) for line in writers.lines}
    return {"all": of_all, "empty": of_kinds["empty"], "people": of_people}


def refused(house: House, conversation_id: Any, **more: Any) -> None:
    with pytest.raises(EmptyReply):
        house.answers(conversation_id, EMPTY, **more)


def test_a_stopped_reply_counts_though_nothing_else_of_it_stays_and_then_by_what_its_writer_sent(house: House) -> None:
    dropped, mended, forced = (house.hears(who=f"wa:20100{place}") for place in range(3))
    for talk in (dropped, mended, forced):
        refused(house, talk)
    assert told(house)["all"] == {"stopped": 3, "rewritten": 0, "overridden": 0, "nothing": 3, "elsewhere": 0}
    house.waits()
    house.answers(mended, FULL)
    house.answers(forced, EMPTY, override=Override("told the rest by phone"))
    found = told(house)
    assert found["all"] == {"stopped": 3, "rewritten": 1, "overridden": 1, "nothing": 1, "elsewhere": 0}
    assert found["empty"] == (3, 1)
    assert found["people"] == {staff_id(house.salma): (3, 1)}


def test_an_answer_of_a_colleague_is_not_what_became_of_a_stopped_reply(house: House) -> None:
    talk = house.hears()
    refused(house, talk)
    house.waits()
    house.answers(talk, FULL, by=house.karim)
    assert told(house)["all"]["nothing"] == 1


def test_the_reason_of_sending_all_the_same_is_listed_with_who_sent_it_for_whoever_may_see_them(house: House) -> None:
    talk = house.hears()
    house.answers(talk, EMPTY, override=Override("told the rest by phone"))
    day = house.clock.now().date()
    wanted, which = reports.Wanted(house.id, day, day), reports.Behind(reports.Measure.OVERRIDDEN)
    (item,) = reports.behind(wanted, which, by=people.SYSTEM, clock=house.clock).items
    assert (item.subject_id, item.facts["reason"]) == (talk, "told the rest by phone")
    assert item.facts["person"] == staff_id(house.salma)

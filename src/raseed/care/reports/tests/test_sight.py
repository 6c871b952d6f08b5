"""Whose figures somebody sees: their own; a lead the team's; the head everyone's. The package asks, not only the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from raseed.care.api import reports
from raseed.people import api as people

if TYPE_CHECKING:
    from .planting import Planted

VIEW, RECORDS, TALKS = "care.reports.view", "care.records.view", "care.conversations.view"


def people_in(tables: tuple[reports.Table, ...]) -> set[Any]:
    return {line.key for table in tables if table.about == "person" for line in table.lines}


@pytest.fixture
def planted(field, plant) -> Planted:
    found: Planted = field(8)
    plant(found, talks=100)
    return found


def counts_of(tables: tuple[reports.Table, ...], who: UUID) -> dict[tuple[str, str], int]:
    return {
        (table.code, name): cell.count
        for table in tables
        for line in table.lines
        if line.key == who
        for name, cell in line.cells.items()
        if isinstance(cell, reports.Figure)
    }


def test_without_a_permission_one_sees_ones_own_clocks_and_nobody_elses(planted: Planted) -> None:
    me, other = planted.staff[:2]
    by, wanted = planted.author(me), planted.wanted(60)
    own = reports.clocks_by_person(wanted, by=by, clock=planted.clock)
    assert people_in(own) == {me}
    everyone = reports.clocks_by_person(wanted, by=people.SYSTEM, clock=planted.clock)
    assert counts_of(own, me) == counts_of(everyone, me)
    for way in (reports.volumes, reports.reasons, reports.clocks_by_team, reports.promises, reports.stopped):
        with pytest.raises(people.NotPermitted):
            way(wanted, by=by, clock=planted.clock)
    for measure, who in (
        (reports.Measure.ENDED, other),
        (reports.Measure.BROKEN, other),
        (reports.Measure.HANDED, other),
    ):
        with pytest.raises(people.NotPermitted):
            reports.behind(wanted, reports.Behind(measure, {"person": who}), by=by, clock=planted.clock)
    with pytest.raises(people.NotPermitted):
        reports.behind(wanted, reports.Behind(reports.Measure.MESSAGES), by=by, clock=planted.clock)
    with pytest.raises(people.NotPermitted):
        reports.record(wanted, other, by=by)
    assert reports.record(wanted, me, by=by).staff_id == me


def test_a_lead_sees_what_was_done_for_the_team_and_no_more_even_with_the_permission_for_all_records(
    planted: Planted,
) -> None:
    lead, team = planted.leads[0], planted.teams[0]
    by, wanted = planted.author(lead, VIEW, RECORDS), planted.wanted(60)
    seen = reports.clocks_by_person(wanted, by=by, clock=planted.clock)
    only = reports.Wanted(wanted.institution_id, wanted.first, wanted.last, team_id=team)
    of_team = reports.clocks_by_person(only, by=people.SYSTEM, clock=planted.clock)
    assert {who: counts_of(seen, who) for who in people_in(seen)} == {
        who: counts_of(of_team, who) for who in people_in(of_team)
    }
    for table in seen:
        for line in table.lines:
            for cell in line.cells.values():
                if isinstance(cell, reports.Figure):
                    behind = reports.behind(wanted, cell.behind, by=by, clock=planted.clock)
                    assert behind.count == cell.count
                    assert {item.facts.get("team") for item in behind.items} <= {team}
    assert reports.record(wanted, planted.staff[0], by=by).staff_id == planted.staff[0]  # of the team
    with pytest.raises(people.NotPermitted):
        reports.record(wanted, planted.staff[1], by=by)


def test_the_head_sees_everyone_and_so_does_who_leads_nobody_but_may_see_all_records(planted: Planted) -> None:
    wanted = planted.wanted(60)
    everyone = people_in(reports.clocks_by_person(wanted, by=people.SYSTEM, clock=planted.clock))
    assert everyone == set(planted.staff)
    for by in (planted.author(planted.head, VIEW), planted.author(planted.staff[2], VIEW, RECORDS)):
        assert people_in(reports.clocks_by_person(wanted, by=by, clock=planted.clock)) == everyone
    alone = planted.author(planted.staff[2], VIEW)
    assert people_in(reports.clocks_by_person(wanted, by=alone, clock=planted.clock)) == {planted.staff[2]}


def test_who_answered_what_is_named_only_to_who_may_see_them(planted: Planted) -> None:
    wanted, which = planted.wanted(60), reports.Behind(reports.Measure.ENDED, {"clock": "first_answer"})
    alone = planted.author(planted.staff[2], VIEW)
    items = reports.behind(wanted, which, by=alone, limit=100, clock=planted.clock).items
    assert {item.facts["person"] for item in items if "person" in item.facts} == {planted.staff[2]}
    led = planted.author(planted.leads[0], VIEW)
    items = reports.behind(wanted, which, by=led, limit=100, clock=planted.clock).items
    assert {item.facts["team"] for item in items if "person" in item.facts} == {planted.teams[0]}


def test_what_a_sender_is_called_and_what_was_asked_is_for_who_may_read_it(planted: Planted) -> None:
    wanted = planted.wanted(60)
    for measure, word in ((reports.Measure.CONVERSATIONS, "Mona"), (reports.Measure.PROMISES, "Why is it dark?")):
        which = reports.Behind(measure)
        blind = planted.author(planted.head, VIEW)
        reader = planted.author(planted.head, VIEW, TALKS, "care.gaps.view")
        assert {item.title for item in reports.behind(wanted, which, by=blind, clock=planted.clock).items} == {""}
        assert {item.title for item in reports.behind(wanted, which, by=reader, clock=planted.clock).items} == {word}

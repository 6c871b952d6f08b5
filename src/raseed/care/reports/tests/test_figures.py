"""The law of reports: what is behind a figure is as many as the figure, page by page, each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from raseed.care.api import reports
from raseed.care.promises.api import promise_record
from raseed.care.reports.counting import instants
from raseed.people import api as people

if TYPE_CHECKING:
    from .planting import Planted

WAYS: tuple[dict[str, Any], ...] = (
    {}, {"days": 1}, {"days": 7}, {"days": 90}, {"channel": "telegram"}, {"team": 0, "days": 60},
    {"team": 1, "channel": "whatsapp", "days": 62},
)  # fmt: skip


def all_tables(planted: Planted, wanted: reports.Wanted, by: people.Author) -> Iterator[reports.Table]:
    ways = (
        reports.volumes, reports.reasons, reports.clocks_by_team, reports.clocks_by_person, reports.promises, reports.stopped,
    )  # fmt: skip
    for way in ways:
        yield from way(wanted, by=by, clock=planted.clock)


def figures(table: reports.Table) -> Iterator[reports.Figure]:
    for line in (*table.lines, *([table.total] if table.total else [])):
        yield from (cell for cell in line.cells.values() if isinstance(cell, reports.Figure))


@pytest.mark.parametrize("seed", range(2))
def test_what_is_behind_each_figure_is_as_many_as_it_says(field, plant, seed) -> None:
    planted = field(seed)
    plant(planted, talks=50)
    looked, by = 0, people.SYSTEM
    for way in WAYS:
        asked = dict(way)
        team = planted.teams[asked.pop("team")] if "team" in asked else None
        wanted = planted.wanted(team_id=team, **asked)
        for table in all_tables(planted, wanted, by):
            for figure in figures(table):
                if figure.count or looked % 11 == 0:
                    behind = reports.behind(wanted, figure.behind, by=by, limit=100, clock=planted.clock)
                    assert behind.count == figure.count, (table.code, figure)
                    assert len(behind.items) == min(figure.count, 100), (table.code, figure)
                looked += 1
    assert looked > 800


def test_pages_of_what_is_behind_hold_each_thing_once(field, plant) -> None:
    planted = field(5)
    plant(planted, talks=80)
    wanted = planted.wanted(60)
    for table in all_tables(planted, wanted, people.SYSTEM):
        figure = max(figures(table), key=lambda one: one.count)
        seen, before = [], None
        for _ in range(100):
            page = reports.behind(wanted, figure.behind, by=people.SYSTEM, before=before, limit=9, clock=planted.clock)
            seen += [(item.subject_id, item.at, tuple(sorted(map(str, item.facts.items())))) for item in page.items]
            before = page.next
            if before is None:
                break
        assert len(seen) == figure.count
        assert [at for _, at, _ in seen] == sorted((at for _, at, _ in seen), reverse=True)


def test_days_channels_lines_and_teams_each_add_up_to_the_whole(field, plant) -> None:
    planted = field(2)
    plant(planted, talks=80)
    for days in (30, 90):
        for table in reports.volumes(planted.wanted(days), by=people.SYSTEM, clock=planted.clock)[:4]:
            assert table.total is not None
            for column in table.columns[:-1]:
                assert sum(line.count(column) for line in table.lines) == table.total.count(column)
    hours = reports.volumes(planted.wanted(), by=people.SYSTEM, clock=planted.clock)[4]
    whole = reports.volumes(planted.wanted(), by=people.SYSTEM, clock=planted.clock)[0].total
    assert whole is not None
    assert sum(line.count(column) for line in hours.lines for column in hours.columns) == whole.count("messages")


def test_answers_owed_are_each_in_one_standing_and_the_share_is_of_those_judged(field, plant) -> None:
    planted = field(3)
    plant(planted, talks=80)
    total = reports.volumes(planted.wanted(60), by=people.SYSTEM, clock=planted.clock)[0].total
    assert total is not None
    counts = {name: cell.count for name, cell in total.cells.items() if isinstance(cell, reports.Figure)}
    assert sum(counts[standing] for standing in reports.STANDING_WORDS) == counts["answers"]
    share = total.cells["share"]
    assert isinstance(share, reports.Share)
    assert (share.part, share.whole) == (counts["in_time"], counts["in_time"] + counts["late"] + counts["overdue"])


def test_promises_are_counted_as_the_record_of_promises_counts_them(field, plant) -> None:
    planted = field(4)
    plant(planted, talks=100)
    wanted = planted.wanted(60)
    since, until, _ = instants(wanted)
    record = promise_record(planted.id, since=since, until=until, by=people.SYSTEM, clock=planted.clock)
    total = reports.promises(wanted, by=people.SYSTEM, clock=planted.clock)[0].total
    assert total is not None
    assert [total.count(each) for each in ("kept", "late", "overdue")] == [
        record.kept, record.late, record.open_overdue,
    ]  # fmt: skip
    assert record.kept
    assert record.late


def test_a_day_is_one_of_the_institutions_zone(field, a_message) -> None:
    planted = field()
    a_message(planted, "2026-11-20T21:59:59+00:00")  # one second before midnight in Cairo
    a_message(planted, "2026-11-20T22:00:00+00:00")
    table = reports.volumes(planted.wanted(3), by=people.SYSTEM, clock=planted.clock)[0]
    assert [(str(line.key), line.count("messages")) for line in table.lines] == [
        ("2026-11-20", 1), ("2026-11-21", 1), ("2026-11-22", 0),
    ]  # fmt: skip


def test_the_period_before_is_as_long_and_ends_the_day_before(field, plant) -> None:
    planted = field(6)
    plant(planted, talks=80)
    wanted = planted.wanted(20)
    earlier = wanted.before()
    assert (earlier.days, earlier.last) == (20, wanted.first - timedelta(1))
    now = reports.reasons(wanted, by=people.SYSTEM, clock=planted.clock)[0]
    then = reports.reasons(earlier, by=people.SYSTEM, clock=planted.clock)[0]
    before = {line.key: line.count("before") for line in now.lines}
    assert {line.key: line.count("now") for line in then.lines if line.count("now")} == {
        key: count for key, count in before.items() if count
    }


@pytest.mark.parametrize("days", [0, -1, 401])
def test_a_period_that_ends_before_it_begins_or_is_too_long_is_refused(field, days) -> None:
    with pytest.raises(reports.InvalidReportPeriod):
        field().wanted(days)


def test_figures_that_no_report_has_are_refused(field) -> None:
    planted = field()
    for measure, where in (
        (reports.Measure.MESSAGES, {"person": planted.staff[0]}),
        (reports.Measure.TAGGED, {}),
        (reports.Measure.STOPPED_KINDS, {"language": "ar"}),
    ):
        with pytest.raises(reports.UnknownFigure):
            reports.behind(planted.wanted(), reports.Behind(measure, where), by=people.SYSTEM, clock=planted.clock)


def test_another_institution_is_counted_in_nothing(field, plant) -> None:
    planted, other = field(1), field(2, slug="delta")
    plant(other, talks=40)
    for table in all_tables(planted, planted.wanted(60), people.SYSTEM):
        assert not [figure for figure in figures(table) if figure.count]
    stolen = replace(planted.wanted(60), team_id=other.teams[0])
    for table in all_tables(planted, stolen, people.SYSTEM):
        assert not [figure for figure in figures(table) if figure.count]

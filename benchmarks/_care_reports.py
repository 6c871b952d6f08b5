"""Reports: each page with 40,000 conversations behind it, the record of a person, the lists behind figures.

Planted as rows over 60 days, by the hands of the reports' tests: some 125,000 messages in, clocks, cases, questions, stopped
replies. The tables are vacuumed and analysed, as autovacuum keeps them. Asked is for 30 of those days and for all 60.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks import Claim, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks import Context
    from raseed.care.api import reports
    from raseed.care.reports.tests.planting import Planted
    from raseed.people import api as people

CONVERSATIONS: Final = 40_000
AGENTS: Final = 40
MESSAGES: Final = 4
"""At most, of a conversation."""
SPANS: Final = (30, 60)
GOAL_MS: Final = 300
HELD: Final = """
INSERT INTO care_holding (clock_id, staff_id, why, since, until)
SELECT id, blamed, 'opened', started_at, breached_at FROM care_clock WHERE breached_at > started_at
UNION ALL
SELECT id, accountable, 'given', COALESCE(breached_at, started_at), stopped_at FROM care_clock
WHERE stopped_at IS NULL OR stopped_at > COALESCE(breached_at, started_at)
"""
"""Whoever a clock is blamed on held it until it ran out, and who is accountable for it afterwards."""


def run(context: Context) -> list[Claim]:
    """Plant, and measure pages and lists."""
    from raseed.care.reports.tests import planting  # noqa: PLC0415  (after Django is set up)

    database, talks = context.database(), 200 if context.quick else CONVERSATIONS
    field = planting.a_field(agents=AGENTS)
    planting.plant(field, talks=talks, messages=MESSAGES)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(HELD)
        owner.execute("VACUUM (ANALYZE)")
        row = owner.execute(
            "SELECT count(*) FILTER (WHERE kind = 'in'), (SELECT count(*) FROM care_clock) FROM care_entry"
        )
        messages, clocks = row.fetchone() or (0, 0)
    about = {"agents": AGENTS, "conversations": talks, "messages_in": messages, "clocks": clocks}
    return list(_measured(field, about, 2 if context.quick else 15))


def _measured(field: Planted, about: Mapping[str, object], times: int) -> Iterator[Claim]:
    from raseed.care.api import reports  # noqa: PLC0415  (as above)
    from raseed.people import api as people  # noqa: PLC0415

    lead = field.author(field.leads[0], reports.VIEW)
    for days in SPANS:
        wanted = field.wanted(days)
        for name, page in _pages(wanted, lead, field):
            yield _claim(f"{name}.days_{days}", page, times, about)
        for name, which in _largest(wanted, people.SYSTEM, field):
            first = reports.behind(wanted, which, by=people.SYSTEM, clock=field.clock)
            yield _claim(
                f"behind_{name}.days_{days}", _list(wanted, which, None, field), times, {**about, "figure": first.count}
            )
            yield _claim(f"behind_{name}_next.days_{days}", _list(wanted, which, first.next, field), times, about)


def _pages(wanted: reports.Wanted, lead: people.Author, field: Planted) -> Iterator[tuple[str, Callable[[], object]]]:
    from raseed.care.api import reports  # noqa: PLC0415  (as above)
    from raseed.people import api as people  # noqa: PLC0415

    for page in (
        reports.stopped, reports.volumes, reports.reasons, reports.clocks_by_team, reports.clocks_by_person, reports.promises,
    ):  # fmt: skip
        yield page.__name__, lambda page=page: page(wanted, by=people.SYSTEM, clock=field.clock)  # type: ignore[misc]
    yield "clocks_by_person.of_a_lead", lambda: reports.clocks_by_person(wanted, by=lead, clock=field.clock)
    yield (
        "volumes.of_a_team",
        lambda: reports.volumes(field.wanted(wanted.days, team_id=field.teams[0]), by=people.SYSTEM, clock=field.clock),
    )
    yield (
        "volumes.of_a_channel",
        lambda: reports.volumes(field.wanted(wanted.days, channel="whatsapp"), by=people.SYSTEM, clock=field.clock),
    )
    yield "record", lambda: reports.record(wanted, field.staff[0], by=people.SYSTEM)


def _largest(wanted: reports.Wanted, by: people.Author, field: Planted) -> Iterator[tuple[str, reports.Behind]]:
    """Yield the largest figure of each measure that pages show."""
    from raseed.care.api import reports  # noqa: PLC0415  (as above)

    largest: dict[str, Any] = {}
    for page in (reports.volumes, reports.clocks_by_person, reports.reasons, reports.promises, reports.stopped):
        for table in page(wanted, by=by, clock=field.clock):
            for line in (*table.lines, *([table.total] if table.total else [])):
                for cell in line.cells.values():
                    if isinstance(cell, reports.Figure):
                        known = largest.setdefault(cell.behind.measure.value, cell)
                        largest[cell.behind.measure.value] = max(known, cell, key=lambda one: one.count)
    yield from ((name, cell.behind) for name, cell in largest.items())


def _list(wanted: reports.Wanted, which: reports.Behind, before: str | None, field: Planted) -> Callable[[], object]:
    from raseed.care.api import reports  # noqa: PLC0415  (as above)
    from raseed.people import api as people  # noqa: PLC0415

    return lambda: reports.behind(wanted, which, by=people.SYSTEM, before=before, clock=field.clock)


def _claim(name: str, work: Callable[[], object], times: int, about: Mapping[str, object]) -> Claim:
    took = []
    for _ in range(times + 1):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
    notes = {
        "p95_ms": round(percentile(took[1:], 0.95)),
        "first_ms": round(took[0]),
        **about,
        "load": round(os.getloadavg()[0], 1),
    }
    return Claim(f"care.reports.{name}", round(percentile(took[1:], 0.5)), "ms", GOAL_MS, better="lower", notes=notes)

"""Continuous running: what changed first, then a part by chance, then the next stretch of a slow pass over everything.

What a round costs is bounded: so many accounts and payments, and no check is asked again before ``PAUSE_FACTOR`` times what it took
has passed. A worker that dies in a round has kept what it had found; the next round goes on from the last place that was kept.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random, SystemRandom
from typing import Final
from uuid import UUID

import structlog

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import no_progress

from .domain import UNENDED, Check, CheckRun, Look, Over
from .keeping import keep_run
from .models import CheckRow, FindingRow, SweepRow
from .populations import POPULATIONS
from .registry import registered_checks
from .repairing import repair_all, waiting_for_repair
from .running import run_check

PAUSE_FACTOR: Final = 20
"""A check takes at most one part in so many of the time."""
CHANGED_MAX: Final = 2_000
SLOW_MS: Final = 2_000
"""A check that took longer is slow, and so is one that was never asked: it is asked beside the others, not before them."""
SAMPLE: Final = 20
STRETCH: Final = 500
"""How many of a population the slow pass takes in a round."""
_log = structlog.get_logger("raseed.assurance")


def look_round(*, slow: bool | None = None, clock: Clock = SYSTEM_CLOCK, chance: Random | None = None) -> int:
    """Ask every check that is due, of what there is for it to look at; return how many findings were raised.

    The quick ones come first. ``slow``: only those checks of everything that took long last time, or only all others.
    """
    due = _due(clock, slow)
    raised = 0
    for over in (Over.WHOLE, *POPULATIONS):
        checks = [check for check in due if check.over is over]
        if not checks:
            continue
        sweep, ids = (None, []) if over is Over.WHOLE else _next(over, chance or SystemRandom(), clock)
        for check in checks:
            raised += ask(check, Look(clock, no_progress, ids), clock=clock)
        if sweep is not None:
            sweep.save()
    return raised


def ask(check: Check, look: Look, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Ask a check, keep what it says, repair what is certain; return how many were raised."""
    run = run_check(check, look)
    kept = keep_run(run, clock=clock)
    note_run(run, check, clock=clock)
    repaired = repair_all(waiting_for_repair(check.name), clock=clock)
    if kept.raised or kept.cleared or repaired:
        _log.warning(
            "books_checked", check=check.name, raised=len(kept.raised), cleared=len(kept.cleared), repaired=repaired
        )
    return len(kept.raised)


def note_run(run: CheckRun, check: Check, *, clock: Clock) -> None:
    """Keep when a check was asked, what that cost, and when it is due again."""
    now = clock.now()
    pause = max(timedelta(seconds=check.every_s), PAUSE_FACTOR * timedelta(milliseconds=run.took_ms))
    CheckRow.objects.update_or_create(
        name=run.check,
        defaults={
            "ran_at": now, "took_ms": run.took_ms, "looked_at": run.looked_at, "failed": run.failed[:80],
            "due_at": now + pause,
        },
    )  # fmt: skip


def _due(clock: Clock, slow: bool | None) -> list[Check]:  # noqa: FBT001
    """Return the checks that are due, the quickest first; of a population all or none, so that they look at the same."""
    rows = {row.name: row for row in CheckRow.objects.all()}
    checks = registered_checks()
    later = {name for name, row in rows.items() if row.due_at > clock.now()}
    waiting = {check.over for check in checks if check.over is not Over.WHOLE and check.name in later}
    took = {check.name: rows[check.name].took_ms if check.name in rows else SLOW_MS for check in checks}
    due = [
        check
        for check in checks
        if check.name not in later
        and check.over not in waiting
        and slow in (None, check.over is Over.WHOLE and took[check.name] >= SLOW_MS)
    ]
    return sorted(due, key=lambda check: took[check.name])


def _next(over: Over, chance: Random, clock: Clock) -> tuple[SweepRow, list[UUID]]:
    """Return what a round looks at: what is wrong already, what changed, some by chance, the next stretch; and where that leads."""
    population = POPULATIONS[over]
    sweep, _ = SweepRow.objects.get_or_create(over=over.value)
    changed, sweep.changed = population.changed(sweep.changed)
    if len(changed) > CHANGED_MAX:
        changed = set(chance.sample(sorted(changed), CHANGED_MAX))  # the slow pass comes to the others
    stretch, sweep.place = population.page(sweep.place, STRETCH)
    if not sweep.place:
        sweep.passes, sweep.passed_at = sweep.passes + 1, clock.now()
    return sweep, sorted(_known(over) | changed | population.sample(chance, SAMPLE) | set(stretch))


def _known(over: Over) -> set[UUID]:
    """Return what open findings of a population are about, so that they are seen to be gone."""
    names = [check.name for check in registered_checks() if check.over is over]
    kind = {Over.ACCOUNTS: "account:", Over.PAYMENTS: "payment:"}[over]
    subjects = FindingRow.objects.filter(
        check_name__in=names, state__in=[state.value for state in UNENDED], subject__startswith=kind
    ).values_list("subject", flat=True)
    return {UUID(subject.removeprefix(kind)) for subject in subjects[:CHANGED_MAX]}

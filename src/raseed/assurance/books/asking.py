"""Asking on demand: every check, or one, of everything there is, with progress; what is found is kept as ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.platform.api import Progress, no_progress

from ..errors import CheckUnknown
from .continuous import note_run
from .domain import FOUND_MAX, Check, CheckRun, Look, Over
from .keeping import keep_run
from .populations import POPULATIONS, whole
from .registry import check_named, registered_checks
from .repairing import repair_all, waiting_for_repair
from .running import run_check

AT_ONCE: Final = 1_000
PROGRESS: Final = {Over.ACCOUNTS: mark("Accounts"), Over.PAYMENTS: mark("Payments")}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check said of everything, and how many of its findings were repaired at once."""

    check: Check
    run: CheckRun
    repaired: int


def run_checks(
    only: Sequence[str] = (), *, progress: Progress = no_progress, clock: Clock = SYSTEM_CLOCK
) -> Iterator[Answer]:
    """Ask the checks named, or all of them, of everything; yield each answer as it is there.

    Raises:
        CheckUnknown: there is no check of that name.
    """
    checks = _wanted(only)
    for number, check in enumerate(checks, start=1):
        run = _of_everything(check, progress, clock)
        note_run(run, check, clock=clock)
        repaired = repair_all(waiting_for_repair(check.name), clock=clock)
        progress(mark("Checks"), number, len(checks))
        yield Answer(check, run, repaired)


def _wanted(only: Sequence[str]) -> list[Check]:
    if not only:
        return registered_checks()
    found = []
    for name in only:
        check = check_named(name)
        if check is None:
            raise CheckUnknown(field="only", name=name, known=", ".join(each.name for each in registered_checks()))
        found.append(check)
    return found


def _of_everything(check: Check, progress: Progress, clock: Clock) -> CheckRun:
    """Ask a check page by page, and put the answers together; each page is kept as soon as it is there."""
    if check.over is Over.WHOLE:
        run = run_check(check, Look(clock, progress))
        keep_run(run, clock=clock)
        return run
    total = CheckRun(check.name, (), 0, 0)
    count = POPULATIONS[check.over].count()
    for ids in whole(check.over, at_once=AT_ONCE):
        run = run_check(check, Look(clock, progress, ids))
        keep_run(run, clock=clock)
        total = replace(
            total,
            findings=(*total.findings, *run.findings)[:FOUND_MAX],
            looked_at=total.looked_at + run.looked_at,
            took_ms=total.took_ms + run.took_ms,
            failed=run.failed or total.failed,
        )
        progress(PROGRESS[check.over], total.looked_at, max(count, total.looked_at))
    return total

"""A release goes on from wherever it is: what was asked for, what was cut off, what is to be watched, and its report."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.people import api as people
from raseed.platform.api import Progress, no_progress

from .cutting import finish_cut_over, finish_roll_back
from .domain import ENDED, Release, ReleaseState, RunKind
from .driving import Pause, held, wait
from .errors import ByHand, ReleaseBusy, SystemSilent
from .models import ReleaseRow, ReportRow, StepRow
from .queries import release
from .registering import BASELINE
from .report.writing import put_missing_files, write_report
from .runs import ended, note_refusal
from .shadow import run_shadow, take_baseline
from .timeline import locked
from .watching import SILENT, take_back, verify, verify_restored, watch_canary

ROUNDS_MAX: Final = 20
"""Steps taken in one go, with what is tried again: a release has fewer. The next minute goes on."""
CUT_OVER_SECONDS_MAX: Final = 60
"""Until a system of others must have gone live: nobody knows what it shows meanwhile."""
AGAIN_S: Final = 1.0
"""Until a step that could not be taken just now is taken again: a system of others was silent, the books were busy."""
_S = ReleaseState
_log = structlog.get_logger("raseed.guard")


def go_on(
    release_id: UUID, *, clock: Clock = SYSTEM_CLOCK, pause: Pause = wait, progress: Progress = no_progress
) -> Release:
    """Do whatever a release needs that no person has to decide; where another process does it, nothing.

    Raises:
        ReleaseUnknown: there is none. NothingToRollBackTo: what should be taken back can't be; it is tried again.
    """
    try:
        with held(release_id):
            for _ in range(ROUNDS_MAX):
                before = release(release_id)
                try:
                    _step(before, clock=clock, pause=pause, progress=progress)
                except ByHand:
                    break
                except ReleaseBusy:
                    raise
                except TemporarilyUnavailable as silent:
                    reason = str(silent.params.get("reason", silent.code))
                    _log.warning("guard_not_now", release=str(release_id), reason=reason)
                    pause(AGAIN_S)
                    continue
                except RaseedError as refused:
                    _log.error("guard_can_not_go_on", release=str(release_id), code=refused.code)
                    note_refusal(release_id, refused.code)
                    raise
                after = release(release_id)
                if (after.state, after.wanted, len(after.timeline)) == (
                    before.state, before.wanted, len(before.timeline),
                ):  # fmt: skip
                    break
    except ReleaseBusy:
        _log.info("guard_busy", release=str(release_id))
    return release(release_id)


def _step(of: Release, *, clock: Clock, pause: Pause, progress: Progress) -> None:
    if of.wanted:
        _take_wanted(of, clock=clock, progress=progress)
    elif of.state is _S.CANARY:
        watch_canary(of.id, clock=clock, pause=pause, progress=progress)
    elif of.state is _S.CUTTING_OVER:
        _finish_in_time(of, clock)
    elif of.state in (_S.LIVE, _S.VERIFYING):
        verify(of.id, clock=clock, pause=pause, progress=progress)
    elif of.state is _S.ROLLING_BACK:
        finish_roll_back(of.id, clock=clock)
    elif of.state is _S.ROLLED_BACK:
        verify_restored(of.id, clock=clock, progress=progress)
    if release(of.id).state in ENDED:
        _report_once(of.id, clock)


def _finish_in_time(of: Release, clock: Clock) -> None:
    """Finish a cut-over; one that a system leaves unanswered for too long, nobody watches: it is taken back."""
    try:
        finish_cut_over(of.id, clock=clock)
    except SystemSilent:
        if clock.now() < of.timeline[-1].at + timedelta(seconds=CUT_OVER_SECONDS_MAX):
            raise
        take_back(of.id, SILENT, facts={}, clock=clock)


def _report_once(release_id: UUID, clock: Clock) -> None:
    """Write the report of a release that has ended, unless one was written since; its files, where they are not there."""
    of = release(release_id)
    written = ReportRow.objects.filter(release_id=release_id, at__gte=of.timeline[-1].at).exists()
    if written:
        put_missing_files(release_id)
    elif of.state is not _S.ROLLED_BACK or ended(release_id, RunKind.RESTORED) is not None:
        write_report(release_id, clock=clock)


def _take_wanted(of: Release, *, clock: Clock, progress: Progress) -> None:
    asked = json.loads(of.wanted)
    author = people.Author(asked["by"], permissions=people.SYSTEM.permissions, everything=True)
    try:
        if asked["step"] == BASELINE:
            take_baseline(of.id, by=author, progress=progress, clock=clock)
        else:
            run_shadow(of.id, by=author, sample_permille=asked["sample_permille"], progress=progress, clock=clock)
    except RaseedError as refused:
        _log.warning("guard_step_refused", release=str(of.id), step=asked["step"], code=refused.code)
        note_refusal(of.id, refused.code)
    with transaction.atomic():
        row = locked(of.id)
        if row.wanted == of.wanted:
            row.wanted = ""
            row.save(update_fields=["wanted"])


UNFINISHED: Final = (_S.CANARY, _S.CUTTING_OVER, _S.LIVE, _S.VERIFYING, _S.ROLLING_BACK)


SHOWN: Final = (_S.VERIFIED, _S.ROLLED_BACK)
"""Where a release ends after somebody saw the candidate: it has a report."""


def unfinished() -> list[UUID]:
    """Return the releases on which a worker should be at work."""
    waiting = ReleaseRow.objects.filter(state__in=[state.value for state in UNFINISHED])
    asked = ReleaseRow.objects.exclude(wanted="")
    last = StepRow.objects.filter(release_id=OuterRef("id")).order_by("-number").values("at")[:1]
    unreported = (
        ReleaseRow.objects.filter(state__in=[state.value for state in SHOWN])
        .annotate(ended_at=Subquery(last))
        .exclude(Exists(ReportRow.objects.filter(release_id=OuterRef("id"), at__gte=OuterRef("ended_at"))))
    )
    return sorted({id_ for rows in (waiting, asked, unreported) for id_ in rows.values_list("id", flat=True)})

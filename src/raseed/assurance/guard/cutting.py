"""Customers are shown the candidate, or again what was before: canary, cut-over, and rolling back.

Each is written down before it is done (``cutting_over``, ``rolling_back``), and done under the release's name, so that
whoever is killed between the two does it once when started again. Of our own projection both are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from . import runs, trials
from .domain import ACTOR, OUT, Release, ReleaseState, RunKind
from .driving import call_a_worker
from .errors import IllegalMove, TrialFailed
from .models import RunRow
from .permissions import RUN
from .queries import release
from .subjects import subject_of
from .timeline import check_move, locked, move

_S = ReleaseState


def begin_canary(
    release_id: UUID,
    *,
    percent: int,
    accounts: Sequence[UUID] = (),
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Release:
    """Show the candidate to so many of a hundred accounts, and to those named; asked again, the cohort is the new one.

    It is watched from now on, and taken back by itself on the first proven difference.

    Raises:
        ShadowNotGreen, IllegalMove, NotPermitted, ReleaseUnknown; what display, or the mapping, refuses of a cohort.
    """
    said = people.clean_reason(reason)
    of = release(release_id)
    people.require(by, RUN, of.institution_id)
    subject = subject_of(of)
    if not subject.moves_inside:
        with transaction.atomic():
            check_move(locked(release_id), _S.CANARY)
        subject.begin_canary(percent=percent, accounts=accounts, actor=by.actor, clock=clock)
    with transaction.atomic():
        row = locked(release_id)
        check_move(row, _S.CANARY)
        if subject.moves_inside:
            subject.begin_canary(percent=percent, accounts=accounts, actor=by.actor, clock=clock)
        facts = {"percent": percent, "named": len(accounts)}
        move(row, _S.CANARY, actor=by.actor, reason=said, clock=clock, facts=facts)
        call_a_worker(release_id)
    return release(release_id)


def cut_over(
    release_id: UUID, *, by: people.Author, reason: str, done: bool = False, clock: Clock = SYSTEM_CLOCK
) -> Release:
    """Show the candidate to everybody; every shown balance is verified from then on, and rolled back by itself if wrong.

    The test accounts pay each other first. Asked again, a cut-over that was cut off is finished.

    Args:
        release_id: of what.
        by: who says so.
        reason: why now.
        done: for a system that is cut over by hand: it was done.
        clock: tells when.

    Raises:
        ShadowNotGreen, IllegalMove, NotPermitted, ReleaseUnknown; TrialFailed: the trial was not shown rightly;
        CandidateUnfit: it is not built whole, is not kept up, or has failed;
        ByHand, SystemSilent: at a system of others it was not done yet.
    """
    said = people.clean_reason(reason)
    of = release(release_id)
    people.require(by, RUN, of.institution_id)
    if of.state is not _S.CUTTING_OVER:
        with transaction.atomic():
            check_move(locked(release_id), _S.CUTTING_OVER)
        subject_of(of).check()
        if not trials.run(of, leg="before", clock=clock) and of.forced_by is None:
            raise TrialFailed
        with transaction.atomic():
            row = locked(release_id)
            watch = RunRow.objects.filter(release_id=release_id, kind=RunKind.CANARY.value, ended_at=None).first()
            if watch is not None:
                clean = runs.run_is_clean(watch, unanswered_permille=of.terms.unanswered_permille)
                runs.end(watch, clean=clean, clock=clock)
            move(row, _S.CUTTING_OVER, actor=by.actor, reason=said, clock=clock)
            call_a_worker(release_id)
    finish_cut_over(release_id, done=done, clock=clock)
    return release(release_id)


def finish_cut_over(release_id: UUID, *, done: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
    """Do what was written down, if it was not done yet.

    Raises:
        ByHand, SystemSilent: it was not done; ask again.
    """
    _finish(release_id, _S.CUTTING_OVER, _S.LIVE, done=done, clock=clock)


def roll_back(
    release_id: UUID, *, by: people.Author, reason: str, done: bool = False, clock: Clock = SYSTEM_CLOCK
) -> Release:
    """Show everybody again what was shown before, now; every shown balance is compared with the true one afterwards.

    Raises:
        NotPermitted, ReleaseUnknown; IllegalMove: nobody sees the candidate.
        ByHand, SystemSilent: at a system of others it was not done yet.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = locked(release_id)
        people.require(by, RUN, row.system.institution_id)
    begin_roll_back(release_id, actor=by.actor, reason=said, clock=clock)
    finish_roll_back(release_id, done=done, clock=clock)
    return release(release_id)


def begin_roll_back(
    release_id: UUID, *, actor: str = ACTOR, reason: str, facts: dict[str, Any] | None = None, clock: Clock
) -> None:
    """Write down that a release is rolled back; where it is already, nothing changes.

    Raises:
        IllegalMove: nobody sees the candidate, or another release has taken its place.
    """
    with transaction.atomic():
        row = locked(release_id)
        state = _S(row.state)
        if state in (_S.ROLLING_BACK, _S.ROLLED_BACK):
            return
        if state not in OUT:
            raise IllegalMove(state=state.value, wanted=_S.ROLLING_BACK.value)
        move(row, _S.ROLLING_BACK, actor=actor, reason=reason, facts=facts, clock=clock)
        for kind in (RunKind.CANARY, RunKind.VERIFY):
            watch = RunRow.objects.filter(release_id=release_id, kind=kind.value, ended_at=None).first()
            if watch is not None:
                runs.end(watch, clean=False, clock=clock)
        call_a_worker(release_id)


def finish_roll_back(release_id: UUID, *, done: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
    """Do what was written down, if it was not done yet.

    Raises:
        ByHand, SystemSilent: it was not done; ask again.
    """
    _finish(release_id, _S.ROLLING_BACK, _S.ROLLED_BACK, done=done, clock=clock)


def _finish(release_id: UUID, before: ReleaseState, after: ReleaseState, *, done: bool, clock: Clock) -> None:
    of = release(release_id)
    if of.state is not before:
        return
    step = of.timeline[-1]
    subject = subject_of(of)
    back = after is _S.ROLLED_BACK
    verb = subject.roll_back if back else subject.cut_over
    if not subject.moves_inside and not done:
        verb(actor=step.actor, reason=step.reason, clock=clock)
    with transaction.atomic():
        row = locked(release_id)
        if row.state != before.value:
            return
        if subject.moves_inside:
            verb(actor=step.actor, reason=step.reason, clock=clock)
        move(row, after, actor=step.actor, reason="", clock=clock, facts={"by_hand": done})
        call_a_worker(release_id)

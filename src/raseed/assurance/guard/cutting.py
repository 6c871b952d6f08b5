"""Customers are shown the candidate, or again what was before: canary, cut-over, and rolling back.

Each is written down before it is done (``cutting_over``, ``rolling_back``), and done under the release's name, so that
whoever is killed between the two does it once when started again. Of our own projection both are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.ids import new_id
from raseed.people import api as people

from . import runs, trials
from .domain import ACTOR, OUT, Release, ReleaseState, RunKind, Step
from .driving import call_a_worker, wait
from .errors import ByHand, IllegalMove, SystemSilent, TrialFailed
from .models import ReleaseRow, RunRow
from .permissions import RUN
from .queries import release
from .replacing import going_back_after, going_beside, was_replaced
from .subjects import Pointed, subject_of
from .timeline import check_move, locked, locked_alone, move

_S = ReleaseState
PERCENT: Final = range(1, 101)
LATE_ATTEMPTS: Final = 20
LATE_PAUSE_S: Final = 1.0
OVERTAKEN: Final = mark("What is live is rolled back; what was to follow it ends too")
"""Why the next release ends, as it stands in its timeline: a message id."""


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
        ShadowNotGreen, IllegalMove, NotPermitted, ReleaseUnknown; InvalidCohort: this is none; what display refuses of it.
        ByHand, SystemSilent: at a system of others it was not done yet; it is watched, and may be rolled back, all the same.
    """
    said = people.clean_reason(reason)
    of = release(release_id)
    people.require(by, RUN, of.institution_id)
    subject = subject_of(of)
    if not subject.moves_inside and percent not in PERCENT:
        raise display.InvalidCohort(limit=display.NAMED_MAX)
    with transaction.atomic():
        row = locked(release_id)
        check_move(row, _S.CANARY)
        if subject.moves_inside:
            subject.begin_canary(percent=percent, accounts=accounts, actor=by.actor, clock=clock)
        facts = {"percent": percent, "named": len(accounts)}
        move(row, _S.CANARY, actor=by.actor, reason=said, clock=clock, facts=facts)
        call_a_worker(release_id)
    if not subject.moves_inside:
        subject.begin_canary(percent=percent, accounts=accounts, actor=by.actor, clock=clock)
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

    Of one that was verified, too, as long as no later one has gone live; one that is on its way to follow it is ended.

    Raises:
        NotPermitted, ReleaseUnknown, NothingToRollBackTo; IllegalMove: nobody sees the candidate, or another release
        has taken its place.
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
        IllegalMove: nobody sees the candidate, or another release has taken its place: that one is rolled back first.
        NothingToRollBackTo: what was shown before is not kept up any more; nothing was begun.
    """
    with transaction.atomic():
        row = locked_alone(release_id)
        state = _S(row.state)
        if state in (_S.ROLLING_BACK, _S.ROLLED_BACK):
            return
        subject = subject_of(release(release_id))
        next_one = going_beside(row)
        is_ours = state in OUT and not was_replaced(row)
        if state is _S.VERIFIED and isinstance(subject, Pointed):
            is_ours = is_ours and subject.is_shown()
        if not is_ours:
            raise IllegalMove(state=state.value, wanted=_S.ROLLING_BACK.value)
        if isinstance(subject, Pointed):
            subject.check_way_back()
        if next_one is not None:
            _give_way(next_one, actor=actor, clock=clock)
        _begin_back(row, actor=actor, reason=reason, facts=facts or {}, clock=clock)


def _give_way(row: ReleaseRow, *, actor: str, clock: Clock) -> None:
    """End the release that was to come next, before what it was compared with is rolled back; its cohort ends with it."""
    row.wanted = ""
    row.save(update_fields=["wanted"])
    if _S(row.state) is not _S.CANARY:
        move(row, _S.ABANDONED, actor=actor, reason=OVERTAKEN, clock=clock)
        call_a_worker(row.id)
        return
    _begin_back(row, actor=actor, reason=OVERTAKEN, facts={}, clock=clock)
    if subject_of(release(row.id)).moves_inside:
        finish_roll_back(row.id, clock=clock)


def _begin_back(row: ReleaseRow, *, actor: str, reason: str, facts: dict[str, Any], clock: Clock) -> None:
    move(row, _S.ROLLING_BACK, actor=actor, reason=reason, facts=facts, clock=clock)
    for kind in (RunKind.CANARY, RunKind.VERIFY):
        watch = RunRow.objects.filter(release_id=row.id, kind=kind.value, ended_at=None).first()
        if watch is not None:
            runs.end(watch, clean=False, clock=clock)
    call_a_worker(row.id)


def finish_roll_back(release_id: UUID, *, done: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
    """Do what was written down, if it was not done yet.

    Raises:
        ByHand, SystemSilent: it was not done; ask again.
    """
    for later in going_back_after(release_id):
        _finish(later, _S.ROLLING_BACK, _S.ROLLED_BACK, done=done, clock=clock)
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
        try:
            verb(actor=step.actor, reason=step.reason, clock=clock)
        finally:
            if not back:
                _back_after_late(release_id, step, clock)
    with transaction.atomic():
        row = locked(release_id)
        if row.state != before.value:
            return
        if subject.moves_inside:
            verb(actor=step.actor, reason=step.reason, clock=clock)
        move(row, after, actor=step.actor, reason="", clock=clock, facts={"by_hand": done})
        call_a_worker(release_id)


def _back_after_late(release_id: UUID, step: Step, clock: Clock) -> None:
    """Take back what was rolled back while it was going live: the call may have landed after the one that took it back.

    It is asked under another name, for under the release's the system has done it already, and would do nothing.
    """
    of = release(release_id)
    if of.state not in (_S.ROLLING_BACK, _S.ROLLED_BACK):
        return
    subject = subject_of(replace(of, id=new_id()))
    for left in reversed(range(LATE_ATTEMPTS)):
        try:
            subject.roll_back(actor=step.actor, reason=step.reason, clock=clock)
        except ByHand:
            return  # whoever turned it back by hand sees what is shown
        except SystemSilent:
            if not left:
                raise
            wait(LATE_PAUSE_S)
        else:
            return

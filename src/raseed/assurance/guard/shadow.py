"""Before anybody sees a candidate: the baseline of what is shown, signed, and the shadow, green or red."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform.api import Progress, no_progress

from . import baseline, runs
from .domain import RUN_WORDS, Release, ReleaseState, RunKind
from .driving import held
from .errors import BaselineBroken, InvalidSample
from .models import RunRow
from .permissions import RUN
from .queries import release
from .registering import PERMILLE
from .subjects import subject_of
from .timeline import check_move, locked, move


def take_baseline(
    release_id: UUID,
    *,
    by: people.Author,
    progress: Progress = no_progress,
    clock: Clock = SYSTEM_CLOCK,
) -> Release:
    """Write down every balance that is shown now, sign it, and keep it outside the database.

    Cut off, it is taken from its beginning; the file appears whole or not at all.

    Raises:
        ReleaseUnknown, NotPermitted, IllegalMove; ReleaseBusy: another process works on this release.
    """
    of = release(release_id)
    people.require(by, RUN, of.institution_id)
    with held(release_id):
        _may(release_id, ReleaseState.BASELINED)
        run = runs.opened(release_id, RunKind.BASELINE, clock=clock)
        taken_at = run.began_at.isoformat()
        told = baseline.write(
            release_id,
            subject_of(of).chunks(lambda done, total: _tell(run, progress, done, total)),
            taken_at=taken_at,
        )
        with transaction.atomic():
            row = locked(release_id)
            run.compared = run.total = told.accounts
            run.save(update_fields=["compared", "total"])
            runs.end(run, clean=True, clock=clock, facts=told.facts())
            move(
                row,
                ReleaseState.BASELINED,
                actor=by.actor,
                clock=clock,
                facts={"accounts": told.accounts, "root": told.root},
            )
    return release(release_id)


def _tell(run: RunRow, progress: Progress, done: int, total: int) -> None:
    RunRow.objects.filter(id=run.id, ended_at=None).update(compared=done, total=total)
    progress(RUN_WORDS[RunKind.BASELINE], done, total)


def _may(release_id: UUID, state: ReleaseState) -> None:
    with transaction.atomic():
        check_move(locked(release_id), state)


def check_baseline(release_id: UUID) -> None:
    """Hold the file of the baseline against what was signed.

    Raises:
        BaselineBroken: it is another, or there is none.
    """
    kept = runs.ended(release_id, RunKind.BASELINE)
    if kept is None:
        raise BaselineBroken
    baseline.check(release_id, kept.facts)


def run_shadow(
    release_id: UUID,
    *,
    by: people.Author,
    sample_permille: int = 1_000,
    progress: Progress = no_progress,
    clock: Clock = SYSTEM_CLOCK,
) -> Release:
    """Let the candidate answer beside what is live and beside the true balances, and say green or red.

    Where the truth is known, it decides: a candidate that differs from what is live, but not from the truth, mends
    something. Cut off, it goes on where it was, as far as the system allows.

    Raises:
        InvalidSample, ReleaseUnknown, NotPermitted, IllegalMove, BaselineBroken; ReleaseBusy: see ``take_baseline``.
        CandidateUnfit: the candidate is not built yet, is not kept up, or can't be shown any more.
    """
    if sample_permille not in PERMILLE:
        raise InvalidSample(field="sample")
    of = release(release_id)
    people.require(by, RUN, of.institution_id)
    with held(release_id):
        _may(release_id, ReleaseState.SHADOWED_RED)
        check_baseline(release_id)
        subject = subject_of(of)
        found = {}
        for kind in subject.shadows:
            run = runs.opened(release_id, kind, clock=clock, sample_permille=sample_permille)
            for _ in runs.batches(run, subject, lambda done, total, k=kind: progress(RUN_WORDS[k], done, total)):
                _may(release_id, ReleaseState.SHADOWED_RED)
            found[kind] = run
        subject.check()  # it may have broken, or been given up, meanwhile
        with transaction.atomic():
            row = locked(release_id)
            clean = {}
            for kind, run in found.items():
                clean[kind] = runs.run_is_clean(run, unanswered_permille=of.terms.unanswered_permille)
                runs.end(run, clean=clean[kind], clock=clock)
            decides = RunKind.SHADOW_TRUE if RunKind.SHADOW_TRUE in clean else RunKind.SHADOW_LIVE
            move(
                row,
                ReleaseState.SHADOWED_GREEN if clean[decides] else ReleaseState.SHADOWED_RED,
                actor=by.actor,
                clock=clock,
                facts={"compared": found[decides].compared, "sample_permille": sample_permille},
            )
    return release(release_id)

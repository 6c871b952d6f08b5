"""What somebody sees is watched: the cohort of a canary, and everybody after a cut-over, until it counts as verified.

The first proven difference takes the candidate back at once, and nobody is asked. Quick looks (the accounts that changed,
and some drawn anew) come first and go on; between them the whole population is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.platform.api import Progress, no_progress

from . import runs, trials
from .cutting import begin_roll_back, finish_roll_back
from .domain import ACTOR, RUN_WORDS, Batch, Release, ReleaseState, RunKind
from .driving import Pause, wait
from .queries import release
from .subjects import Subject, subject_of
from .timeline import locked, move

LOOK_EVERY_S: Final = 1.0
QUICK_FIRST: Final = 2
"""Quick looks before the whole population is begun."""
PROVEN: Final = mark("Shown balances differ from the true ones; taken back by itself")
TRIAL: Final = mark("A trial payment was not shown rightly; taken back by itself")
SILENT: Final = mark("The system did not say in time that it is live; taken back by itself")
REASONS: Final = (PROVEN, TRIAL, SILENT)
"""Why the guard rolls back by itself, as it stands in the timeline: message ids."""
_S = ReleaseState
_log = structlog.get_logger("raseed.guard")


class _TakenBack(Exception):
    """A difference was proven; the release is on its way back."""


class Watch:
    """One watch over a release, as long as it stays in the state in which it began."""

    def __init__(
        self, of: Release, kind: RunKind, *, clock: Clock, pause: Pause = wait, progress: Progress = no_progress
    ) -> None:
        self.of, self.kind, self.clock, self.pause, self.progress = of, kind, clock, pause, progress
        self.subject: Subject = subject_of(of)
        self.run = runs.opened(of.id, kind, clock=clock)

    def keep_on(self, until: datetime) -> bool:
        """Watch until then, the whole population at least once; say whether nothing differed and nobody ended it."""
        for _ in range(QUICK_FIRST):
            self.look()
        if not self.run.facts.get("whole"):
            self._whole()
        while self._is_on() and self.clock.now() < until:
            self.pause(LOOK_EVERY_S)
            self.look()
        return self._is_on()

    def _is_on(self) -> bool:
        return release(self.of.id).state is self.of.state

    def look(self) -> None:
        """Look at what changed, and at some accounts drawn anew."""
        seen = self.subject.look(
            self.kind, marker=str(self.run.facts.get("marker", "")), accounts=self.of.terms.quick_accounts
        )
        self._judge(seen.batch)
        if seen.batch.counts:
            runs.keep(self.run, seen.batch)
        facts = self.run.facts
        runs.note(
            self.run,
            {
                "marker": seen.marker,
                "looks": int(facts.get("looks", 0)) + 1,
                "looked_at": int(facts.get("looked_at", 0)) + seen.batch.compared,
            },
        )

    def _whole(self) -> None:
        asked = _Remembering(self.subject)
        try:
            for batch in runs.batches(self.run, cast("Subject", asked), self._told):
                self._judge(batch, kept=True)
                if not self._is_on():
                    return
        except IntegrityError:  # the comparison was ended meanwhile; what it has found counts all the same
            self._judge(asked.last)
            return
        runs.note(self.run, {"whole": True})

    def _told(self, done: int, total: int) -> None:
        self.progress(RUN_WORDS[self.kind], done, total)

    def _judge(self, batch: Batch, *, kept: bool = False) -> None:
        """Take the release back if something that counts differs in a batch."""
        if runs.is_clean(batch, unanswered_permille=self.of.terms.unanswered_permille):
            return
        kinds = ", ".join(sorted({kind.value for _, kind in batch.counts}))
        try:
            take_back(self.of.id, PROVEN, facts={"different": batch.different, "kinds": kinds}, clock=self.clock)
        finally:
            if not kept:
                runs.keep(self.run, batch)
        raise _TakenBack


class _Remembering:
    """A system that is asked, and what came of it last."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.last = Batch(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def compare(self, kind: RunKind, **how: Any) -> Iterator[Batch]:
        """Compare as the system does."""
        for self.last in self._subject.compare(kind, **how):  # noqa: B020
            yield self.last


def take_back(release_id: UUID, reason: str, *, facts: dict[str, object], clock: Clock) -> None:
    """Roll a release back without asking anybody."""
    _log.error("guard_takes_back", release=str(release_id), reason=reason)
    begin_roll_back(release_id, actor=ACTOR, reason=reason, facts=facts, clock=clock)
    finish_roll_back(release_id, clock=clock)


def watch_canary(
    release_id: UUID, *, clock: Clock = SYSTEM_CLOCK, pause: Pause = wait, progress: Progress = no_progress
) -> Release:
    """Watch the cohort for as long as the system's terms say; again changes nothing once that is over.

    Returns the release: still ``canary`` if nothing differed, else rolled back.
    """
    of = release(release_id)
    if of.state is not _S.CANARY:
        return of
    until = of.timeline[-1].at + timedelta(seconds=of.terms.canary_seconds)
    last = runs.ended(release_id, RunKind.CANARY)
    if last is not None and last.began_at >= of.timeline[-1].at:
        return of
    watch = Watch(of, RunKind.CANARY, clock=clock, pause=pause, progress=progress)
    try:
        if watch.keep_on(until):
            runs.end(watch.run, clean=True, clock=clock)
    except _TakenBack:
        pass
    return release(release_id)


def verify(
    release_id: UUID, *, clock: Clock = SYSTEM_CLOCK, pause: Pause = wait, progress: Progress = no_progress
) -> Release:
    """Verify every shown balance after a cut-over, and go on watching for as long as the system's terms say.

    Cut off, it is taken up again. Returns the release: verified, or rolled back on the first proven difference.
    """
    with transaction.atomic():
        row = locked(release_id)
        if row.state == _S.LIVE.value:
            move(row, _S.VERIFYING, actor=ACTOR, clock=clock)
    of = release(release_id)
    if of.state is not _S.VERIFYING:
        return of
    until = of.timeline[-1].at + timedelta(seconds=of.terms.watch_seconds)
    watch = Watch(of, RunKind.VERIFY, clock=clock, pause=pause, progress=progress)
    try:
        watch.look()  # before the trial, which may wait for a balance to be shown
        if not trials.run(of, leg="after", clock=clock):
            take_back(release_id, TRIAL, facts={}, clock=clock)
            return release(release_id)
        if watch.keep_on(until):
            _verified(of, watch, clock)
    except _TakenBack:
        pass
    return release(release_id)


def _verified(of: Release, watch: Watch, clock: Clock) -> None:
    with transaction.atomic():
        row = locked(of.id)
        if row.state == _S.VERIFYING.value:
            runs.end(watch.run, clean=True, clock=clock)
            facts = {"compared": watch.run.compared, "looks": int(watch.run.facts.get("looks", 0))}
            move(row, _S.VERIFIED, actor=ACTOR, clock=clock, facts=facts)


def verify_restored(release_id: UUID, *, clock: Clock = SYSTEM_CLOCK, progress: Progress = no_progress) -> Release:
    """After rolling back, compare every balance that is shown again with the true one, and let the test accounts pay."""
    of = release(release_id)
    if of.state is not _S.ROLLED_BACK or runs.ended(release_id, RunKind.RESTORED) is not None:
        return of
    run = runs.opened(release_id, RunKind.RESTORED, clock=clock)
    for _ in runs.batches(run, subject_of(of), lambda d, t: progress(RUN_WORDS[RunKind.RESTORED], d, t)):
        pass
    trials.run(of, leg="restored", clock=clock)
    clean = runs.run_is_clean(run, unanswered_permille=of.terms.unanswered_permille)
    runs.end(run, clean=clean, clock=clock)
    return release(release_id)

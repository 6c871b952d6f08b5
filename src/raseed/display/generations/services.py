"""The verbs of generations: opened, tried on a cohort, gone live, rolled back, retired.

Each owns its transaction, its audit record and its event. All of them, and whatever else moves a generation from state to
state, go one after the other, under one lock; who only reads never waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.platform import api as platform

from ..domain import (
    GENERATIONS_MAX,
    NAMED_MAX,
    PERCENT_MAX,
    STATES_AFTER,
    Generation,
    GenerationState,
    Pointer,
)
from ..errors import (
    CanaryRunning,
    GenerationShown,
    GenerationUnknown,
    InvalidCohort,
    NotACandidate,
    NothingLive,
    NothingToRollBackTo,
    TooManyGenerations,
)
from ..events import GENERATION_FAILED, POINTER_MOVED
from ..screens import look_again
from .fold import NAME as FIRST_PROJECTOR
from .locks import WHOLE, lock
from .models import CanaryRow, GenerationRow, PointerRow
from .projectors import projector as projector_called
from .reading import as_generation, pointer

REASON_LENGTH_MAX: Final = 500
_SUBJECT: Final = "generation:{}"
_WITH_ROWS: Final = [state.value for state in GenerationState if state is not GenerationState.RETIRED]


@contextmanager
def _changing() -> Iterator[None]:
    """Open the transaction of a change and take the lock under which all of them are made."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock(cursor, WHOLE)
        yield


def _found(number: int) -> GenerationRow:
    row = GenerationRow.objects.filter(number=number).first()
    if row is None:
        raise GenerationUnknown(generation=number)
    return row


def _become(row: GenerationRow, state: GenerationState, **also: object) -> None:
    """Let a generation be in another state."""
    assert state in STATES_AFTER[GenerationState(row.state)], (
        f"a generation that is {row.state} does not become {state}"
    )
    GenerationRow.objects.filter(number=row.number).update(state=state.value, **also)
    row.state = state.value


def _candidate(number: int) -> GenerationRow:
    row = _found(number)
    if row.state != GenerationState.CANDIDATE.value:
        raise NotACandidate(generation=number, state=row.state)
    return row


def _facts(at: Pointer | None) -> platform.AuditFacts | None:
    if at is None:
        return None
    return {
        "epoch": at.epoch, "live": at.live, "previous": at.previous, "canary": at.canary, "percent": at.percent,
        "named": at.named,
    }  # fmt: skip


def _moved(
    before: Pointer | None, *, action: str, generation: int, actor: str, reason: str, clock: Clock, **to: int | None
) -> Pointer:
    """Set the pointer, record who did it and tell of it; return where it is now."""
    if before is None:
        PointerRow.objects.create(one=True, epoch=1, changed_at=clock.now(), **to)
    else:
        PointerRow.objects.filter(one=True).update(epoch=before.epoch + 1, changed_at=clock.now(), **to)
    after = pointer()
    assert after is not None, "it was just set"
    platform.record(
        actor=actor, action=action, subject=_SUBJECT.format(generation), before=_facts(before), after=_facts(after),
        reason=reason, clock=clock,
    )  # fmt: skip
    payload: platform.Payload = {
        "epoch": after.epoch, "live": after.live, "previous": after.previous, "canary": after.canary,
        "percent": after.percent,
    }  # fmt: skip
    platform.emit(POINTER_MOVED, payload, clock=clock)
    return after


def open_generation(*, projector: str, actor: str, clock: Clock = SYSTEM_CLOCK) -> Generation:
    """Open a generation; the projection builds it, and it is a candidate from then on.

    Raises:
        ProjectorUnknown: no projector has this name here.
        TooManyGenerations: ``GENERATIONS_MAX`` have rows already.
    """
    projector_called(projector)
    with _changing():
        if GenerationRow.objects.filter(state__in=_WITH_ROWS).count() >= GENERATIONS_MAX:
            raise TooManyGenerations(limit=GENERATIONS_MAX)
        last = GenerationRow.objects.order_by("-number").first()
        row = GenerationRow.objects.create(
            number=last.number + 1 if last else 1, projector=projector, state=GenerationState.BUILDING.value,
            built_to=0, accounts=0, opened_at=clock.now(), reason="",
        )  # fmt: skip
        platform.record(
            actor=actor, action="display.generation_opened", subject=_SUBJECT.format(row.number),
            after={"projector": projector}, clock=clock,
        )  # fmt: skip
        return as_generation(row)


def begin(*, clock: Clock = SYSTEM_CLOCK) -> None:
    """Open generation 1, of our own projector, where there was never any."""
    if GenerationRow.objects.exists():
        return
    with _changing():
        if not GenerationRow.objects.exists():
            open_generation(projector=FIRST_PROJECTOR, actor="system", clock=clock)


def go_live_first(*, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let the first candidate go live, where nothing ever has."""
    candidates = GenerationRow.objects.filter(state=GenerationState.CANDIDATE.value).order_by("number")
    if PointerRow.objects.exists() or not candidates.exists():
        return
    with _changing():
        first = candidates.first()
        if first is not None and pointer() is None:
            cut_over(generation=first.number, actor="system", reason="the first generation", clock=clock)


def retire_generation(number: int, *, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> Generation:
    """Give a generation up; its rows are taken out soon. The one that was live before can't be rolled back to thereafter.

    Retiring twice changes nothing.

    Raises:
        GenerationUnknown: there is none.
        GenerationShown: somebody sees it.
    """
    reason = clean_text(reason, field="reason", length_max=REASON_LENGTH_MAX)
    with _changing():
        row, at = _found(number), pointer()
        if row.state == GenerationState.RETIRED.value:
            return as_generation(row)
        if at is not None and number in {at.live, at.canary}:
            raise GenerationShown(generation=number)
        before = row.state
        if at is not None and at.previous == number:
            _moved(
                at, action="display.previous_given_up", generation=number, actor=actor, reason=reason, clock=clock,
                previous_id=None,
            )  # fmt: skip
        _become(row, GenerationState.RETIRED, reason=reason)
        platform.record(
            actor=actor, action="display.generation_retired", subject=_SUBJECT.format(number), reason=reason,
            before={"state": before}, after={"state": row.state}, clock=clock,
        )  # fmt: skip
        return as_generation(_found(number))


def set_canary(
    *,
    generation: int,
    percent: int,
    accounts: Sequence[UUID] = (),
    actor: str,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Pointer:
    """Show a candidate to a cohort: so many of a hundred accounts, and those named. Asked again, the cohort is this one.

    A higher percentage holds all accounts of a lower one.

    Raises:
        GenerationUnknown, NotACandidate: it can't be shown.
        NothingLive: nothing is, so there is nobody to take a cohort from.
        CanaryRunning: another generation has a cohort.
        InvalidCohort: this is none.
    """
    named = set(accounts)
    if not 0 <= percent <= PERCENT_MAX or len(named) > NAMED_MAX or not (percent or named):
        raise InvalidCohort(limit=NAMED_MAX)
    with _changing():
        _candidate(generation)
        at = pointer()
        if at is None:
            raise NothingLive
        if at.canary not in {None, generation}:
            raise CanaryRunning(generation=at.canary)
        CanaryRow.objects.exclude(account_id__in=named).delete()
        CanaryRow.objects.bulk_create([CanaryRow(account_id=each) for each in named], ignore_conflicts=True)
        return _moved(
            at, action="display.canary_set", generation=generation, actor=actor, reason=reason, clock=clock,
            canary_id=generation, percent=percent,
        )  # fmt: skip


def clear_canary(*, actor: str, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> Pointer:
    """Show everybody the live generation again. Where there is no cohort, nothing changes.

    Raises:
        NothingLive: nothing has gone live yet.
    """
    with _changing():
        at = pointer()
        if at is None:
            raise NothingLive
        if at.canary is None:
            return at
        return _without_canary(at, actor=actor, reason=reason, clock=clock)


def _without_canary(at: Pointer, *, actor: str, reason: str, clock: Clock) -> Pointer:
    assert at.canary is not None, "there is a cohort"
    CanaryRow.objects.all().delete()
    return _moved(
        at, action="display.canary_cleared", generation=at.canary, actor=actor, reason=reason, clock=clock,
        canary_id=None, percent=0,
    )  # fmt: skip


def cut_over(*, generation: int, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> Pointer:
    """Show a candidate to everybody; what was live is kept up, to be rolled back to. A cohort ends with it.

    Cutting over to what is live already changes nothing.

    Raises:
        GenerationUnknown, NotACandidate: it can't be shown.
    """
    reason = clean_text(reason, field="reason", length_max=REASON_LENGTH_MAX)
    with _changing():
        at = pointer()
        if at is not None and at.live == generation:
            return at
        candidate = _candidate(generation)
        return _show(candidate, at, action="display.cut_over", actor=actor, reason=reason, clock=clock)


def roll_back(*, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> Pointer:
    """Show everybody what was live before. It can't be asked for twice: the way back does not lead forward again.

    Raises:
        NothingLive, NothingToRollBackTo: there is nothing to roll back, or nothing before it.
        NotACandidate: what was before has failed since.
    """
    reason = clean_text(reason, field="reason", length_max=REASON_LENGTH_MAX)
    with _changing():
        at = pointer()
        if at is None:
            raise NothingLive
        if at.previous is None:
            raise NothingToRollBackTo
        candidate = _candidate(at.previous)
        return _show(candidate, at, action="display.rolled_back", actor=actor, reason=reason, clock=clock)


def _show(
    candidate: GenerationRow, at: Pointer | None, *, action: str, actor: str, reason: str, clock: Clock
) -> Pointer:
    """Let a candidate be live in the place of what is."""
    look_again()
    if at is not None:
        live = _found(at.live)
        if live.state == GenerationState.LIVE.value:
            _become(live, GenerationState.CANDIDATE)
    CanaryRow.objects.all().delete()
    _become(candidate, GenerationState.LIVE)
    previous = at.live if at is not None and action == "display.cut_over" else None
    return _moved(
        at, action=action, generation=candidate.number, actor=actor, reason=reason, clock=clock,
        live_id=candidate.number, previous_id=previous, canary_id=None, percent=0,
    )  # fmt: skip


def fail_generation(number: int, *, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Keep a generation up no more, because its projector broke; its cohort, should it have one, sees what is live again.

    One that is live stays so: its rows are behind, and shown as far as the books explain it. A person, or the release's
    guard, rolls back.
    """
    with _changing():
        row, at = _found(number), pointer()
        if GenerationState.FAILED not in STATES_AFTER[GenerationState(row.state)]:
            return
        before = row.state
        if at is not None and at.canary == number:
            _without_canary(at, actor="system", reason=reason, clock=clock)
        _become(row, GenerationState.FAILED, reason=reason[:REASON_LENGTH_MAX])
        platform.record(
            actor="system", action="display.generation_failed", subject=_SUBJECT.format(number),
            reason=reason[:REASON_LENGTH_MAX], before={"state": before}, after={"state": row.state}, clock=clock,
        )  # fmt: skip
        platform.emit(GENERATION_FAILED, {"generation": number, "projector": row.projector}, clock=clock)

"""A release begins, and may end before anybody saw it: registered, refused, abandoned; and steps that wait for a worker."""

from __future__ import annotations

import json
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.text import clean_text
from raseed.people import api as people

from .domain import Release, ReleaseState, pointer_of
from .driving import call_a_worker
from .errors import InvalidSample, ReleaseIdTaken, ReleaseOpen
from .models import ReleaseRow
from .permissions import RUN
from .queries import release
from .subjects import subject_of
from .systems import system
from .timeline import begin, check_move, lock_pointer, locked, move

CANDIDATE_LENGTH_MAX: Final = 80
BASELINE, SHADOW = "baseline", "shadow"
STEPS: Final = (BASELINE, SHADOW)
"""Steps that take long, and that a worker takes for who asks for them."""
PERMILLE: Final = range(1, 1_001)


def register_release(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    system_code: str,
    candidate: str,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Release:
    """Register what is to go live: a generation's number, or the version of a system of others.

    Same id and same content: the release that is there.

    Raises:
        SystemUnknown, CandidateUnfit, ReleaseIdTaken; ReleaseOpen: another one of what is shown there is on its way.
        NotPermitted: ``by`` lacks ``assurance.guard.run``. UnacceptableText: the reason, the candidate's name.
    """
    of = system(system_code)
    people.require(by, RUN, of.institution_id)
    said = people.clean_reason(reason)
    named = clean_text(candidate, field="candidate", length_max=CANDIDATE_LENGTH_MAX)
    known = ReleaseRow.objects.filter(id=id).first()
    if known is not None:
        if (known.system_id, known.candidate) != (of.code, named):
            raise ReleaseIdTaken(field="id")
        return release(id)
    try:
        with transaction.atomic():
            row = lock_pointer(of.kind, of.code)
            fresh = ReleaseRow(
                id=id,
                system=row,
                pointer=pointer_of(of.kind, of.code),
                candidate=named,
                registered_at=clock.now(),
                mapping=row.mapping,
                terms=row.terms,
            )
            begin(fresh, actor=by.actor, clock=clock, reason=said)
            subject_of(release(id)).check()
    except IntegrityError as taken:
        if _constraint(taken) == "assurance_guard_one_open_release":
            raise ReleaseOpen(field="system") from taken
        raise
    return release(id)


def _constraint(broken: IntegrityError) -> str | None:
    return getattr(getattr(broken.__cause__, "diag", None), "constraint_name", None)


def refuse(release_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Release:
    """Refuse a release for what its baseline or shadow showed; nobody ever sees it.

    Raises:
        ReleaseUnknown, NotPermitted, UnacceptableText. IllegalMove: somebody sees it already; roll it back.
    """
    return _end(release_id, ReleaseState.REFUSED, by=by, reason=reason, clock=clock)


def abandon(release_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Release:
    """Give a release up for reasons that are not its balances.

    Raises:
        As ``refuse``.
    """
    return _end(release_id, ReleaseState.ABANDONED, by=by, reason=reason, clock=clock)


def _end(release_id: UUID, state: ReleaseState, *, by: people.Author, reason: str, clock: Clock) -> Release:
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = locked(release_id)
        people.require(by, RUN, row.system.institution_id)
        if row.state == state.value:
            return release(release_id)
        row.wanted = ""
        row.save(update_fields=["wanted"])
        move(row, state, actor=by.actor, reason=said, clock=clock)
    return release(release_id)


def want(release_id: UUID, step: str, *, by: people.Author, sample_permille: int = 1_000) -> Release:
    """Ask for a step that takes long (``baseline``, ``shadow``); a worker takes it, and the release tells how far it is.

    Raises:
        ReleaseUnknown, NotPermitted, InvalidSample. IllegalMove: it is not open from where the release is.
        CandidateUnfit: there is no shadow of what is not built yet.
    """
    if step not in STEPS:
        raise InputError(field="step")
    if sample_permille not in PERMILLE:
        raise InvalidSample(field="sample")
    with transaction.atomic():
        row = locked(release_id)
        people.require(by, RUN, row.system.institution_id)
        check_move(row, ReleaseState.BASELINED if step == BASELINE else ReleaseState.SHADOWED_RED)
        if step == SHADOW:
            subject_of(release(release_id)).check()
        row.wanted = json.dumps({"step": step, "by": by.actor, "sample_permille": sample_permille})
        row.save(update_fields=["wanted"])
        call_a_worker(release_id)
    return release(release_id)

"""A release without a green shadow goes live only where two people with the right say so, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from .domain import BEFORE_GREEN, STATE_WORDS, Release, RunKind
from .errors import IllegalMove, ReleaseUnknown
from .permissions import CONFIRM_FORCE, PROPOSE_FORCE
from .queries import release, runs_of
from .timeline import locked

FORCE: Final = "assurance.release.force"
SYSTEM: Final = mark("System")
CANDIDATE: Final = mark("Candidate")
STATE: Final = mark("State")
DIFFERENT: Final = mark("Accounts that differ from the true balance")
MAY_GO_LIVE: Final = mark("May go live without a green shadow")


def propose_force(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    release_id: UUID,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose to let a release go live without a green shadow; a second person confirms it, or does not.

    Raises:
        ReleaseUnknown; IllegalMove: it has a green shadow, has no baseline, or is past that.
        NotPermitted: ``by`` lacks ``assurance.guard.force.propose``. As ``people.propose_change``.
    """
    of = release(release_id)
    return people.propose_change(
        id=id,
        kind=FORCE,
        institution_id=of.institution_id,
        subject=f"release:{release_id}",
        payload={},
        reason=reason,
        by=by,
        clock=clock,
    )


def _check(change: Change) -> None:
    of = release(change.subject_id)
    if of.institution_id != change.institution_id:
        raise ReleaseUnknown(field="release_id")
    if of.state not in BEFORE_GREEN or of.forced_by is not None:
        raise IllegalMove(state=of.state.value, wanted=FORCE)


def _apply(change: Change) -> None:
    with transaction.atomic():
        row = locked(change.subject_id)
        _check(change)
        row.forced_by = change.id
        row.save(update_fields=["forced_by"])


def _different(of: Release) -> int:
    shadows = [run for run in runs_of(of.id) if run.kind in (RunKind.SHADOW_LIVE, RunKind.SHADOW_TRUE) and run.ended_at]
    true = [run for run in shadows if run.kind is RunKind.SHADOW_TRUE] or shadows
    return true[-1].different if true else 0


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    of = release(change.subject_id)
    with override(language):
        digits = platform.reader_digits(language, None)
        return [
            ChangeLine(gettext(SYSTEM), of.system, ""),
            ChangeLine(gettext(CANDIDATE), of.candidate, ""),
            ChangeLine(gettext(DIFFERENT), platform.number_text(_different(of), language, digits=digits), ""),
            ChangeLine(gettext(STATE), gettext(STATE_WORDS[of.state]), gettext(MAY_GO_LIVE)),
        ]


def _current(change: Change) -> AuditFacts:
    of = release(change.subject_id)
    return {
        "state": of.state.value,
        "forced": of.forced_by is not None,
        "different": _different(of),
        "step": of.timeline[-1].number,
    }


KIND: Final = ChangeKind(
    code=FORCE,
    words=mark("Release without a green shadow"),
    permission=PROPOSE_FORCE,
    confirm_permission=CONFIRM_FORCE,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
)

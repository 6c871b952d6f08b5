"""What a report says, as data: everything that is kept of a release, and nothing else. No names, no numbers of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from raseed.people import api as people

from ..domain import Found, Release, ReleaseState, Run, Trial
from ..queries import examples_of, release, runs_of, trials_of
from ..systems import system

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

FORMAT: Final = "raseed-guard-report-v1"
EXAMPLES_MAX: Final = 10
"""Of an issuer and a kind in one comparison."""
VERDICTS: Final = {
    ReleaseState.VERIFIED: "verified",
    ReleaseState.ROLLED_BACK: "rolled_back",
    ReleaseState.REFUSED: "refused",
    ReleaseState.ABANDONED: "abandoned",
}


def content_of(release_id: UUID, *, written_at: datetime) -> dict[str, Any]:
    """Return the report of a release as it is now; the same release, unmoved, says the same."""
    of = release(release_id)
    house = people.institution(of.institution_id)
    return {
        "format": FORMAT,
        "release": str(of.id),
        "system": {"code": of.system, "kind": of.kind.value, "name": system(of.system).name},
        "institution": {"id": str(house.id), "slug": house.slug},
        "candidate": of.candidate,
        "state": of.state.value,
        "verdict": VERDICTS.get(of.state, "on_its_way"),
        "registered_at": of.registered_at.isoformat(),
        "written_at": written_at.isoformat(),
        "forced": _forced(of),
        "timeline": [
            {
                "number": step.number,
                "state": step.state.value,
                "at": step.at.isoformat(),
                "by": step.actor,
                "why": step.reason,
                "facts": dict(step.facts),
            }
            for step in of.timeline
        ],
        "comparisons": [_comparison(run) for run in runs_of(release_id)],
        "trials": [_trial(one) for one in trials_of(release_id)],
    }


def _forced(of: Release) -> dict[str, Any] | None:
    if of.forced_by is None:
        return None
    change = people.change(of.forced_by)
    return {
        "change": str(change.id),
        "proposed_by": change.proposed_by,
        "proposed_at": change.proposed_at.isoformat(),
        "reason": change.reason,
        "confirmed_by": change.decided_by,
        "confirmed_at": change.decided_at.isoformat() if change.decided_at else None,
        "note": change.decision_note,
    }


def _comparison(run: Run) -> dict[str, Any]:
    seen: dict[tuple[str, str], int] = {}
    examples = []
    for found in examples_of([run.id]):
        key = (found.issuer, found.kind.value)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= EXAMPLES_MAX:
            examples.append(_example(found))
    return {
        "kind": run.kind.value,
        "began_at": run.began_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "accounts": run.total,
        "compared": run.compared,
        "sample_permille": run.sample_permille,
        "different": run.different,
        "clean": run.clean,
        "by_issuer": [
            {"issuer": issuer, "kind": kind.value, "count": count} for (issuer, kind), count in run.tallies.items()
        ],
        "examples": examples,
        "facts": dict(run.facts),
    }


def _example(found: Found) -> dict[str, Any]:
    return {
        "account": found.account,
        "issuer": found.issuer,
        "kind": found.kind.value,
        "shown_minor": None if found.shown_minor is None else str(found.shown_minor),
        "true_minor": None if found.true_minor is None else str(found.true_minor),
        "currency": found.currency,
        "shown_currency": found.shown_currency,
        "note": found.note,
    }


def _trial(one: Trial) -> dict[str, Any]:
    return {
        "payment": str(one.id),
        "leg": one.leg,
        "back": one.back,
        "at": one.at.isoformat(),
        "amount_minor": str(one.amount_minor),
        "currency": one.currency,
        "verdict": one.verdict,
        "code": one.code,
        "facts": dict(one.facts),
    }

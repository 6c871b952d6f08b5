"""Releases as they are read: with their timelines, comparisons, differences and trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from raseed.people import api as people

from .domain import (
    OUT,
    DifferenceKind,
    Found,
    Release,
    ReleaseState,
    Run,
    RunKind,
    Step,
    SystemKind,
    Terms,
    Trial,
)
from .errors import ReleaseUnknown
from .models import DifferenceRow, ReleaseRow, RunRow, StepRow, TallyRow, TrialRow
from .permissions import VIEW
from .replacing import was_replaced

RELEASES_PER_PAGE: Final = 50
RUNS_MAX: Final = 200
EXAMPLES_SHOWN_MAX: Final = 500


def release(release_id: UUID, *, by: people.Author = people.SYSTEM) -> Release:
    """Return a release with its timeline.

    Raises:
        ReleaseUnknown: there is none, or ``by`` may not see it.
    """
    row = ReleaseRow.objects.select_related("system").filter(id=release_id).first()
    if row is None or not by.may(VIEW, row.system.institution_id):
        raise ReleaseUnknown(field="release_id")
    return _told([row])[0]


def releases(
    institution_id: UUID, *, by: people.Author, system: str | None = None, before: UUID | None = None
) -> list[Release]:
    """Return an institution's releases, the latest first; ``before`` is the id of the last one of the page before.

    Raises:
        NotPermitted: ``by`` lacks ``assurance.guard.view``.
    """
    people.require(by, VIEW, institution_id)
    rows = ReleaseRow.objects.select_related("system").filter(system__institution_id=institution_id)
    if system is not None:
        rows = rows.filter(system_id=system)
    if before is not None:
        marker = ReleaseRow.objects.filter(id=before).first()
        if marker is None:
            raise ReleaseUnknown(field="before")
        rows = rows.filter(registered_at__lt=marker.registered_at)
    return _told(list(rows.order_by("-registered_at", "-id")[:RELEASES_PER_PAGE]))


def open_release(system: str) -> Release | None:
    """Return the release of a system that is on its way, if there is one."""
    from .domain import ENDED  # noqa: PLC0415  (only here)

    row = (
        ReleaseRow.objects.select_related("system")
        .filter(system_id=system)
        .exclude(state__in=[state.value for state in ENDED])
        .first()
    )
    return None if row is None else _told([row])[0]


def may_roll_back(of: Release) -> bool:
    """Whether a release is shown to anybody, and no later one has taken its place."""
    return of.state in OUT and not was_replaced(ReleaseRow.objects.get(id=of.id))


def _told(rows: Sequence[ReleaseRow]) -> list[Release]:
    steps: dict[UUID, list[Step]] = {row.id: [] for row in rows}
    for step in StepRow.objects.filter(release_id__in=list(steps)).order_by("release_id", "number"):
        steps[step.release_id].append(
            Step(step.number, ReleaseState(step.state), step.at, step.actor, step.reason, step.facts)
        )
    return [
        Release(
            id=row.id,
            system=row.system_id,
            kind=SystemKind(row.system.kind),
            institution_id=row.system.institution_id,
            candidate=row.candidate,
            state=ReleaseState(row.state),
            forced_by=row.forced_by,
            registered_at=row.registered_at,
            terms=Terms.read(row.terms),
            mapping=row.mapping,
            wanted=row.wanted,
            timeline=tuple(steps[row.id]),
        )
        for row in rows
    ]


def runs_of(release_id: UUID) -> list[Run]:
    """Return the comparisons of a release, in the order in which they began."""
    rows = list(RunRow.objects.filter(release_id=release_id).order_by("began_at", "id")[:RUNS_MAX])
    tallies: dict[UUID, dict[tuple[str, DifferenceKind], int]] = {row.id: {} for row in rows}
    for tally in TallyRow.objects.filter(run_id__in=list(tallies)).order_by("run_id", "issuer", "kind"):
        tallies[tally.run_id][tally.issuer, DifferenceKind(tally.kind)] = tally.count
    return [
        Run(
            id=row.id,
            kind=RunKind(row.kind),
            began_at=row.began_at,
            ended_at=row.ended_at,
            total=row.total,
            compared=row.compared,
            different=sum(tallies[row.id].values()),
            sample_permille=row.sample_permille,
            clean=row.is_clean,
            tallies=tallies[row.id],
            facts=row.facts,
        )
        for row in rows
    ]


def examples_of(run_ids: Iterable[UUID], *, limit: int = EXAMPLES_SHOWN_MAX) -> list[Found]:
    """Return examples of what differed in some comparisons, by issuer and kind.

    Our shown balances are everybody's, whoever has their release in its care: accounts of other institutions are counted,
    and not told.
    """
    wanted = list(run_ids)
    rows = DifferenceRow.objects.filter(run_id__in=wanted).exclude(issuer__in=_others(wanted))
    rows = rows.order_by("issuer", "kind", "account", "id")
    return [
        Found(
            account=row.account,
            issuer=row.issuer,
            kind=DifferenceKind(row.kind),
            shown_minor=row.shown_minor,
            true_minor=row.true_minor,
            currency=row.currency,
            shown_currency=row.shown_currency,
            note=row.note,
        )
        for row in rows[:limit]
    ]


def _others(run_ids: list[UUID]) -> list[str]:
    """Return the institutions in whose care none of the releases is to which these comparisons belong."""
    of = RunRow.objects.filter(id__in=run_ids).values_list("release_id", flat=True)
    own = set(ReleaseRow.objects.filter(id__in=list(of)).values_list("system__institution_id", flat=True))
    return [str(house.id) for house in people.institutions() if house.id not in own]


def trials_of(release_id: UUID) -> list[Trial]:
    """Return the trial payments of a release, in the order in which they were made."""
    return [
        Trial(
            id=row.id,
            leg=row.leg,
            back=row.back,
            at=row.at,
            amount_minor=row.amount_minor,
            currency=row.currency,
            verdict=row.verdict,
            code=row.code,
            facts=row.facts,
        )
        for row in TrialRow.objects.filter(release_id=release_id).order_by("at", "id")
    ]

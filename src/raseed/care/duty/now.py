"""What waits now and in whose hands it is, by team; and in whose it would be if somebody went away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q

from ..clocks.domain import ANSWER_KINDS
from ..models import ClockRow
from .domain import Absence, AbsenceKind, Why
from .reading import accountable_many, rosters


@dataclass(frozen=True, slots=True)
class Waiting:
    """What somebody is accountable for now at a team.

    Attributes:
        unanswered: conversations in which a message waits for an answer; ``late`` of them are overdue.
        others: everything else with a clock: what is to be settled, open questions, approvals.
        oldest: since when the first of the unanswered ones has waited.
    """

    team_id: UUID
    staff_id: UUID
    why: Why
    unanswered: int
    late: int
    others: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Heir:
    """Who is accountable from an instant on for what was somebody else's at a team."""

    team_id: UUID
    staff_id: UUID
    why: Why
    unanswered: int
    others: int


@dataclass(slots=True)
class _Sum:
    unanswered: int = 0
    late: int = 0
    others: int = 0
    oldest: datetime | None = None


def waiting_now(institution_id: UUID, *, at: datetime) -> tuple[Waiting, ...]:
    """Return who is accountable for what at an instant, by team, whoever has most first; in a fixed number of queries."""
    groups = _groups(institution_id, at)
    found: dict[tuple[UUID, UUID], tuple[Why, _Sum]] = {}
    for (team_id, _), one, counted in zip(groups, accountable_many(list(groups), at), groups.values(), strict=True):
        _, total = found.setdefault((team_id, one.staff_id), (one.why, _Sum()))
        total.unanswered += counted.unanswered
        total.late += counted.late
        total.others += counted.others
        total.oldest = min((each for each in (total.oldest, counted.oldest) if each), default=None)
    return tuple(
        sorted(
            (
                Waiting(team_id, staff_id, why, each.unanswered, each.late, each.others, each.oldest)
                for (team_id, staff_id), (why, each) in found.items()
            ),
            key=lambda one: (str(one.team_id), -one.unanswered, -one.others, str(one.staff_id)),
        )
    )


def heirs_of(staff_id: UUID, institution_id: UUID, *, since: datetime, at: datetime) -> tuple[Heir, ...]:
    """Return who would be accountable from ``since`` on for what is somebody's at ``at``, if they were away from then on.

    Worked out by the roster as it is known now: nobody has to give anything away by hand.
    """
    groups = _groups(institution_id, at)
    theirs = [
        each for each, one in zip(groups, accountable_many(list(groups), at), strict=True) if one.staff_id == staff_id
    ]
    away = Absence(staff_id, AbsenceKind.LEAVE, since, None)
    known = rosters(
        {team_id for team_id, _ in theirs}, since=since, until=since, assignees=_people(each for _, each in theirs)
    )
    found: dict[tuple[UUID, UUID], tuple[Why, _Sum]] = {}
    for team_id, assignee in theirs:
        roster = known[team_id]
        absences = {**roster.absences, staff_id: (*roster.absences.get(staff_id, ()), away)}
        one = replace(roster, absences=absences).accountable(assignee, since)
        _, total = found.setdefault((team_id, one.staff_id), (one.why, _Sum()))
        total.unanswered += groups[(team_id, assignee)].unanswered
        total.others += groups[(team_id, assignee)].others
    return tuple(
        Heir(team_id, heir, why, each.unanswered, each.others) for (team_id, heir), (why, each) in found.items()
    )


def _people(wanted: Iterable[UUID | None]) -> set[UUID]:
    return {each for each in wanted if each is not None}


def _groups(institution_id: UUID, at: datetime) -> dict[tuple[UUID, UUID | None], _Sum]:
    """Return what runs at an institution, by team and by whom it was given to."""
    late = Q(due_at__lt=at) | Q(breached_at__isnull=False)
    rows = ClockRow.objects.filter(institution_id=institution_id, stopped_at=None)
    found: dict[tuple[UUID, UUID | None], _Sum] = defaultdict(_Sum)
    answers = rows.filter(kind__in=ANSWER_KINDS).values("team_id", "assignee")
    for row in answers.annotate(
        things=Count("subject_id", distinct=True), late=Count("subject_id", distinct=True, filter=late),
        oldest=Min("started_at"),
    ):  # fmt: skip
        one = found[(row["team_id"], row["assignee"])]
        one.unanswered, one.late, one.oldest = row["things"], row["late"], row["oldest"]
    waiting = rows.filter(kind__in=ANSWER_KINDS).values("subject_id")
    rest = rows.exclude(subject_id__in=waiting).values("team_id", "assignee")
    for other in rest.annotate(things=Count("subject_id", distinct=True)):
        found[(other["team_id"], other["assignee"])].others = other["things"]
    return dict(found)

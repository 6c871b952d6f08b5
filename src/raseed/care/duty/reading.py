"""Reading duty: teams, rosters, and who is accountable now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from ..models import AbsenceRow, HeadRow, MemberRow, ShiftRow, TeamRow
from .domain import AHEAD, Absence, AbsenceKind, Accountable, Member, Roster, Shift, Team
from .errors import UnknownShift, UnknownTeam
from .hours import calendars

SHIFTS_READ_MAX: Final = 20_000


def team(team_id: UUID) -> Team:
    """Return a team.

    Raises:
        UnknownTeam: there is none with this id.
    """
    row = TeamRow.objects.filter(id=team_id).first()
    if row is None:
        raise UnknownTeam(field="team_id")
    return read_team(row)


def teams(institution_id: UUID) -> tuple[Team, ...]:
    """Return the teams of an institution by their short names."""
    return tuple(map(read_team, TeamRow.objects.filter(institution_id=institution_id).order_by("slug")))


def is_team_of(team_id: UUID, institution_id: UUID) -> bool:
    """Whether it is a team of the institution."""
    return TeamRow.objects.filter(id=team_id, institution_id=institution_id).exists()


def teams_of(staff_id: UUID, institution_id: UUID, *, at: datetime) -> tuple[Team, ...]:
    """Return the teams of an institution that someone belongs to or leads at an instant, in one query."""
    belongs = MemberRow.objects.filter(
        Q(until=None) | Q(until__gt=at), team=OuterRef("id"), staff_id=staff_id, since__lte=at
    )
    rows = TeamRow.objects.filter(Q(lead=staff_id) | Exists(belongs), institution_id=institution_id)
    return tuple(map(read_team, rows.order_by("slug")))


def head_of(institution_id: UUID) -> UUID | None:
    """Return who is head of care; ``None`` where nothing was set up yet."""
    return HeadRow.objects.filter(institution_id=institution_id).values_list("staff_id", flat=True).first()


def members_of(team_id: UUID) -> tuple[Member, ...]:
    """Return who is in a team now."""
    return tuple(map(_member, MemberRow.objects.filter(team_id=team_id, until=None).order_by("id")))


def shifts_of(institution_id: UUID, *, since: datetime, until: datetime) -> tuple[Shift, ...]:
    """Return the shifts of an institution's teams that touch a stretch of time, the earliest first."""
    rows = ShiftRow.objects.filter(team__institution_id=institution_id, ends_at__gt=since, starts_at__lt=until)
    return tuple(map(read_shift, rows.order_by("starts_at", "id")[:SHIFTS_READ_MAX]))


def shift(shift_id: UUID) -> Shift:
    """Return a shift.

    Raises:
        UnknownShift: there is none with this id.
    """
    row = ShiftRow.objects.filter(id=shift_id).first()
    if row is None:
        raise UnknownShift(field="shift_id")
    return read_shift(row)


def absences_of(institution_id: UUID, *, at: datetime) -> tuple[Absence, ...]:
    """Return who is away at an instant or will be, and who was let go for good."""
    rows = AbsenceRow.objects.filter(Q(until=None) | Q(until__gt=at), institution_id=institution_id)
    return tuple(map(_absence, rows.order_by("since", "id")))


def absence(absence_id: UUID) -> tuple[UUID, Absence]:
    """Return an absence, after the institution that it is of.

    Raises:
        UnknownShift: there is none with this id.
    """
    row = AbsenceRow.objects.filter(id=absence_id).first()
    if row is None:
        raise UnknownShift(field="absence_id")
    return row.institution_id, _absence(row)


def on_duty(team_id: UUID, at: datetime) -> tuple[UUID, ...]:
    """Return who of a team works at an instant, those with the duty first."""
    return rosters([team_id], since=at, until=at)[team_id].on_duty(at)


def accountable(team_id: UUID, assignee: UUID | None, at: datetime) -> UUID:
    """Return who answers for something at an instant. There is always somebody.

    Raises:
        UnknownTeam: there is no such team.
    """
    return accountable_many([(team_id, assignee)], at)[0].staff_id


def accountable_many(wanted: Sequence[tuple[UUID, UUID | None]], at: datetime) -> list[Accountable]:
    """Return who answers for many things at an instant, and why, in the order asked; in six queries."""
    assignees = {assignee for _, assignee in wanted if assignee is not None}
    known = rosters({team_id for team_id, _ in wanted}, since=at, until=at, assignees=assignees)
    return [known[team_id].accountable(assignee, at) for team_id, assignee in wanted]


def rosters(
    team_ids: Iterable[UUID], *, since: datetime, until: datetime, assignees: Iterable[UUID] = ()
) -> dict[UUID, Roster]:
    """Return who works for teams, from one instant to another and ``AHEAD`` of that, also for whoever they are assigned to.

    Raises:
        UnknownTeam: one of them is none.
    """
    wanted = set(team_ids)
    rows = {row.id: row for row in TeamRow.objects.filter(id__in=wanted)}
    if len(rows) != len(wanted):
        raise UnknownTeam(field="team_id")
    institutions = {row.institution_id for row in rows.values()}
    heads = dict(HeadRow.objects.filter(institution_id__in=institutions).values_list("institution_id", "staff_id"))
    leads: dict[UUID, list[UUID]] = defaultdict(list)
    for institution_id, lead in (
        TeamRow.objects.filter(institution_id__in=institutions).order_by("slug").values_list("institution_id", "lead")
    ):
        leads[institution_id].append(lead)
    members = _members(institutions, since)
    shifts = _shifts(wanted, set(assignees), since, until + AHEAD)
    absences: dict[UUID, dict[UUID, list[Absence]]] = defaultdict(lambda: defaultdict(list))
    for away in AbsenceRow.objects.filter(Q(until=None) | Q(until__gt=since), institution_id__in=institutions):
        absences[away.institution_id][away.staff_id].append(_absence(away))
    hours = calendars(row.calendar_id for row in rows.values())
    asked = set(assignees)
    return {
        team_id: Roster(
            team=read_team(row),
            calendar=hours[row.calendar_id],
            head=heads[row.institution_id],
            leads=tuple(leads[row.institution_id]),
            members=tuple(members[team_id]),
            shifts=tuple(each for each in shifts if each.team_id == team_id or each.staff_id in asked),
            absences={one: tuple(found) for one, found in absences[row.institution_id].items()},
        )
        for team_id, row in rows.items()
    }


def _members(institutions: set[UUID], since: datetime) -> dict[UUID, list[Member]]:
    found: dict[UUID, list[Member]] = defaultdict(list)
    rows = MemberRow.objects.filter(Q(until=None) | Q(until__gt=since), team__institution_id__in=institutions)
    for row in rows.order_by("id"):
        found[row.team_id].append(_member(row))
    return found


def _shifts(team_ids: set[UUID], assignees: set[UUID], since: datetime, until: datetime) -> list[Shift]:
    rows = ShiftRow.objects.filter(Q(team_id__in=team_ids) | Q(staff_id__in=assignees), ends_at__gt=since)
    return [read_shift(row) for row in rows.filter(starts_at__lt=until).order_by("starts_at", "id")[:SHIFTS_READ_MAX]]


def read_team(row: TeamRow) -> Team:
    """Return the team that a row holds."""
    return Team(
        row.id, row.institution_id, row.slug, row.names, row.calendar_id, row.lead, row.keeps_after_shift,
        row.is_default,
    )  # fmt: skip


def read_shift(row: ShiftRow) -> Shift:
    """Return the shift that a row holds."""
    return Shift(row.id, row.team_id, row.staff_id, row.starts_at, row.ends_at, row.on_duty)


def _member(row: MemberRow) -> Member:
    return Member(row.staff_id, row.since, row.until, row.by_shifts)


def _absence(row: AbsenceRow) -> Absence:
    return Absence(row.staff_id, AbsenceKind(row.kind), row.since, row.until, row.id, row.reason)

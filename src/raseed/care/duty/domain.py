"""Who works when, and who is accountable at an instant. Pure: rows go in, a person comes out.

A member of a team works by shifts that are planned, or by the team's calendar. Whoever is asked for is found down a
chain that always ends with somebody: the assignee while they work (or always, where the team's rule says that they keep
what is theirs), else whoever has the duty, else anyone who is on shift, else the team's lead, else the head of care.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Final
from uuid import UUID

from raseed.kernel.calendars import Calendar
from raseed.kernel.errors import mark

AHEAD: Final = timedelta(days=7)
"""How far a roster looks ahead for the next change of who is accountable."""


class Why(StrEnum):
    """Why somebody is accountable."""

    ASSIGNED = "assigned"
    KEEPS = "keeps"
    ON_DUTY = "on_duty"
    ON_SHIFT = "on_shift"
    LEAD = "lead"
    HEAD = "head"
    LAST = "last"


WHY_WORDS: Final = {
    Why.ASSIGNED: mark("It is theirs, and they are working"),
    Why.KEEPS: mark("It is theirs, also after their shift"),
    Why.ON_DUTY: mark("They have the duty"),
    Why.ON_SHIFT: mark("They are on shift"),
    Why.LEAD: mark("They lead the team"),
    Why.HEAD: mark("They are head of care"),
    Why.LAST: mark("Nobody else is left"),
}


class AbsenceKind(StrEnum):
    """Why somebody does not work: leave and illness end; who was locked out may come back; who left does not."""

    LEAVE = "leave"
    SICK = "sick"
    LOCKED = "locked"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Team:
    """Some who answer together.

    Attributes:
        calendar_id: the calendar that its clocks run by.
        lead: who answers when nobody of the team works.
        keeps_after_shift: an assignee stays accountable when their shift ends; leave and leaving end it all the same.
        is_default: takes what is for no team.
    """

    id: UUID
    institution_id: UUID
    slug: str
    names: Mapping[str, str]
    calendar_id: UUID
    lead: UUID
    keeps_after_shift: bool
    is_default: bool

    @property
    def digest(self) -> str:
        """What it is now, as a short mark: whoever changes it says by it what they saw."""
        names = "|".join(f"{language}={name}" for language, name in sorted(self.names.items()))
        whole = f"{names}|{self.calendar_id}|{self.lead}|{self.keeps_after_shift}"
        return sha256(whole.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Member:
    """Someone of a team, from when until when; ``by_shifts`` false: they work whenever the team's calendar is open."""

    staff_id: UUID
    since: datetime
    until: datetime | None
    by_shifts: bool


@dataclass(frozen=True, slots=True)
class Shift:
    """Someone works from an instant until another; ``on_duty``: what is nobody's is theirs meanwhile."""

    id: UUID
    team_id: UUID
    staff_id: UUID
    starts_at: datetime
    ends_at: datetime
    on_duty: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """Someone does not work from an instant on, until another or for good; ``note``: what was said to it."""

    staff_id: UUID
    kind: AbsenceKind
    since: datetime
    until: datetime | None
    id: UUID | None = None
    note: str = ""

    def covers(self, at: datetime) -> bool:
        """Whether they are away at this instant."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Accountable:
    """Who answers for something, and why it is they."""

    staff_id: UUID
    why: Why


@dataclass(frozen=True, slots=True)
class Held:
    """Someone was accountable from one instant to another."""

    staff_id: UUID
    why: Why
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """Who works for a team, as known now: enough to say who is accountable at any instant of a stretch of time.

    Attributes:
        head: the institution's head of care.
        leads: the leads of its teams, in a fixed order: somebody when the lead and the head are away.
        shifts: those of the team, and of whoever is asked about.
        absences: by person; someone who is not employed has one without an end.
    """

    team: Team
    calendar: Calendar
    head: UUID
    leads: tuple[UUID, ...]
    members: tuple[Member, ...]
    shifts: tuple[Shift, ...]
    absences: Mapping[UUID, tuple[Absence, ...]] = field(default_factory=dict)

    def is_here(self, staff_id: UUID, at: datetime) -> bool:
        """Whether someone is employed and not away."""
        return not any(absence.covers(at) for absence in self.absences.get(staff_id, ()))

    def is_gone(self, staff_id: UUID, at: datetime) -> bool:
        """Whether someone may not work here any more, or not until they are let in again."""
        gone = (AbsenceKind.LEFT, AbsenceKind.LOCKED)
        return any(one.kind in gone and one.covers(at) for one in self.absences.get(staff_id, ()))

    def works(self, staff_id: UUID, at: datetime) -> bool:
        """Whether someone is here and on shift, or by the calendar at work."""
        if not self.is_here(staff_id, at):
            return False
        if any(shift.staff_id == staff_id and shift.starts_at <= at < shift.ends_at for shift in self.shifts):
            return True
        return any(
            member.staff_id == staff_id and not member.by_shifts and _covers(member, at) and self.calendar.is_open(at)
            for member in self.members
        )

    def on_duty(self, at: datetime) -> tuple[UUID, ...]:
        """Return who of the team works, those with the duty first, then who has been there the longest."""
        found: dict[UUID, tuple[bool, datetime, UUID]] = {}
        belongs = {member.staff_id for member in self.members if _covers(member, at)}
        for shift in self.shifts:
            if shift.team_id == self.team.id and shift.starts_at <= at < shift.ends_at and shift.staff_id in belongs:
                rank = (not shift.on_duty, shift.starts_at, shift.staff_id)
                found[shift.staff_id] = min(found.get(shift.staff_id, rank), rank)
        for member in self.members:
            if member.staff_id not in found and self.works(member.staff_id, at) and _covers(member, at):
                found[member.staff_id] = (True, member.since, member.staff_id)
        return tuple(one for one in sorted(found, key=found.__getitem__) if self.is_here(one, at))

    def accountable(self, assignee: UUID | None, at: datetime) -> Accountable:
        """Return who answers at this instant. There is always somebody."""
        if assignee is not None and self.works(assignee, at):
            return Accountable(assignee, Why.ASSIGNED)
        if assignee is not None and self.team.keeps_after_shift and self.is_here(assignee, at):
            return Accountable(assignee, Why.KEEPS)
        working = self.on_duty(at)
        if working:
            duty = any(
                shift.on_duty and shift.team_id == self.team.id and shift.staff_id == working[0]
                and shift.starts_at <= at < shift.ends_at
                for shift in self.shifts
            )  # fmt: skip
            return Accountable(working[0], Why.ON_DUTY if duty else Why.ON_SHIFT)
        if self.is_here(self.team.lead, at):
            return Accountable(self.team.lead, Why.LEAD)
        if self.is_here(self.head, at):
            return Accountable(self.head, Why.HEAD)
        return Accountable(self._last(at), Why.LAST)

    def _last(self, at: datetime) -> UUID:
        """Return who is left when the lead and the head are away: another lead, or one of the two on leave."""
        for someone in self.leads:
            if self.is_here(someone, at):
                return someone
        for someone in (self.head, self.team.lead, *self.leads):
            if not self.is_gone(someone, at):
                return someone
        return self.head

    def held(self, assignee: UUID | None, since: datetime, until: datetime) -> list[Held]:
        """Return who was accountable from one instant to another, without a gap, to the microsecond."""
        found: list[Held] = []
        edges = [since, *sorted({at for at in self._edges(since, until) if since < at < until}), until]
        for begins, ends in pairwise(edges):
            if begins == ends:
                continue
            one = self.accountable(assignee, begins)
            if found and (found[-1].staff_id, found[-1].why) == (one.staff_id, one.why):
                found[-1] = Held(one.staff_id, one.why, found[-1].since, ends)
            else:
                found.append(Held(one.staff_id, one.why, begins, ends))
        return found

    def next_change(self, since: datetime, until: datetime) -> datetime | None:
        """Return the first instant after ``since`` and before ``until`` at which somebody else may be accountable."""
        return min((at for at in self._edges(since, until) if since < at < until), default=None)

    def _edges(self, since: datetime, until: datetime) -> Iterator[datetime]:
        for shift in self.shifts:
            yield from (shift.starts_at, shift.ends_at)
        for absences in self.absences.values():
            for absence in absences:
                yield absence.since
                if absence.until is not None:
                    yield absence.until
        by_calendar = False
        for member in self.members:
            by_calendar = by_calendar or not member.by_shifts
            yield member.since
            if member.until is not None:
                yield member.until
        if by_calendar:
            for span in self.calendar.spans(since, until):
                yield from (span.start, span.end)


def _covers(member: Member, at: datetime) -> bool:
    return member.since <= at and (member.until is None or at < member.until)

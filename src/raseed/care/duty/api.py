"""The door of duty for the rest of ``care``: teams, shifts, leave, hours, and who is accountable. Never nobody."""

from __future__ import annotations

from .domain import (
    WHY_WORDS,
    Absence,
    AbsenceKind,
    Accountable,
    Held,
    Member,
    Roster,
    Shift,
    Team,
    Why,
)
from .errors import InvalidShift, NobodyWorksHere, NotAtWork, PastIsOver, UnknownCalendar, UnknownShift, UnknownTeam
from .hours import (
    NamedCalendar,
    announce_ramadan,
    calendars_of,
    change_hours,
    hours_now,
    make_calendar,
    named_calendar,
    set_day,
)
from .reading import (
    absences_of,
    accountable,
    accountable_many,
    head_of,
    members_of,
    on_duty,
    shift,
    shifts_of,
    team,
    teams,
    teams_of,
)
from .shifts import PlannedShift, end_absence, end_shift, note_absence, plan_shifts, shifts_by_week
from .teams import add_member, change_team, default_team, end_member, make_team, set_head

__all__ = [
    "WHY_WORDS", "Absence", "AbsenceKind", "Accountable", "Held", "InvalidShift", "Member", "NamedCalendar",
    "NobodyWorksHere", "NotAtWork", "PastIsOver", "PlannedShift", "Roster", "Shift", "Team", "UnknownCalendar",
    "UnknownShift", "UnknownTeam", "Why", "absences_of", "accountable", "accountable_many", "add_member",
    "announce_ramadan", "calendars_of", "change_hours", "change_team", "default_team", "end_absence", "end_member",
    "end_shift", "head_of", "hours_now", "make_calendar", "make_team", "members_of", "named_calendar", "note_absence",
    "on_duty", "plan_shifts", "set_day", "set_head", "shift", "shifts_by_week", "shifts_of", "team", "teams",
    "teams_of",
]  # fmt: skip

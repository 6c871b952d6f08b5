"""The door of duty for the rest of ``care``.

Verbs (they follow in ``duty/``; instants are aware)::

    default_team(institution_id, *, clock) -> Team           # made at first need; raises NobodyWorksHere if there is no staff
    team(team_id) -> Team ; teams(institution_id) -> tuple[Team, ...]
    on_duty(team_id, at) -> tuple[UUID, ...]
    accountable(team_id, assignee, at) -> UUID                # never nobody
    accountable_many([(team_id, assignee), ...], at) -> list[Accountable]
"""

from __future__ import annotations

from .domain import Absence, AbsenceKind, Accountable, Held, Member, Roster, Shift, Team, Why

__all__ = ["Absence", "AbsenceKind", "Accountable", "Held", "Member", "Roster", "Shift", "Team", "Why"]

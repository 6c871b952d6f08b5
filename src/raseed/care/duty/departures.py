"""Who was locked out, or has left, is not accountable any more: noticed from ``people``, dated by its audit trail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models.functions import Least

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import AbsenceRow, ClockRow, HeadRow, MemberRow, TeamRow
from .domain import AbsenceKind
from .locks import change_roster

_GONE = (AbsenceKind.LOCKED.value, AbsenceKind.LEFT.value)


def notice_departures(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Write down who is not let in any more, and who is again; return how many changed."""
    return sum(
        _notice(institution_id, clock) for institution_id in HeadRow.objects.values_list("institution_id", flat=True)
    )


def _notice(institution_id: UUID, clock: Clock) -> int:
    named = set(HeadRow.objects.filter(institution_id=institution_id).values_list("staff_id", flat=True))
    named |= set(TeamRow.objects.filter(institution_id=institution_id).values_list("lead", flat=True))
    members = MemberRow.objects.filter(team__institution_id=institution_id, until=None)
    named |= set(members.values_list("staff_id", flat=True))
    assigned = ClockRow.objects.filter(institution_id=institution_id, stopped_at=None).exclude(assignee=None)
    named |= {one for one in assigned.values_list("assignee", flat=True).distinct() if one is not None}
    states = people.staff_states(named)
    gone = AbsenceRow.objects.filter(institution_id=institution_id, kind__in=_GONE, until=None)
    noted = dict(gone.values_list("staff_id", "kind"))
    wanted = {one: kind for one in named if (kind := _kind(states.get(one))) is not None}
    if all(wanted.get(one) == noted.get(one) for one in named | noted.keys()):
        return 0
    changed = [one for one in sorted(named | noted.keys()) if wanted.get(one) != noted.get(one)]
    with change_roster(institution_id, clock) as now:
        for one in changed:
            at = _since(one, now)
            for row in gone.filter(staff_id=one):
                row.until = max(at, row.since)
                row.save(update_fields=["until"])
            if one in wanted:
                AbsenceRow.objects.create(
                    id=new_id(), institution_id=institution_id, staff_id=one, kind=wanted[one], since=at, made_at=now,
                    made_by=people.SYSTEM.actor,
                )  # fmt: skip
        first = min(_since(one, now) for one in changed)
        running = ClockRow.objects.filter(institution_id=institution_id, stopped_at=None)
        running.update(changes_at=Least("changes_at", first))
    return len(changed)


def _kind(state: people.StaffState | None) -> str | None:
    if state is people.StaffState.ACTIVE:
        return None
    return (AbsenceKind.LEFT if state in (None, people.StaffState.LEFT) else AbsenceKind.LOCKED).value


def _since(staff_id: UUID, now: datetime) -> datetime:
    """Return since when someone stands as they do: the last deed done to them, by the audit trail."""
    trail = platform.audit_trail(f"staff:{staff_id}", limit=20)
    deeds = [one.at for one in trail if one.action.startswith("people.staff_")]
    return min(max(deeds, default=now), now)

"""Whose figures somebody may see (ADR 0097): one's own always; a lead their teams'; the head of care everyone's.

Reports need ``care.reports.view``. What they tell of an institution and its teams is for whoever has it; what they tell of
people by name goes by what the reader is there: its head of care sees everyone, who leads teams sees what was done for those.
Who is neither, and holds ``care.records.view`` (an auditor), sees everyone too. Everybody sees their own without any permission.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from raseed.people import api as people

from ..conversations.keeping import staff_id_of
from ..duty.permissions import VIEW_RECORDS
from ..duty.reading import head_of, teams
from ..models import MemberRow
from .permissions import VIEW


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose figures: everyone's, or those of what was done for ``teams`` and one's own."""

    everyone: bool
    teams: tuple[UUID, ...]
    me: UUID | None


ALL: Sight = Sight(everyone=True, teams=(), me=None)
"""For figures that name nobody."""


def sight_of(by: people.Author, institution_id: UUID) -> Sight:
    """Return whose figures an author may see at an institution."""
    me = staff_id_of(by)
    if not by.may(VIEW, institution_id):
        return Sight(everyone=False, teams=(), me=me)
    if by.everything or (me is not None and me == head_of(institution_id)):
        return Sight(everyone=True, teams=(), me=me)
    led = tuple(team.id for team in teams(institution_id) if me is not None and team.lead == me)
    if led:
        return Sight(everyone=False, teams=led, me=me)
    return Sight(everyone=by.may(VIEW_RECORDS, institution_id), teams=(), me=me)


def may_see(sight: Sight, staff_id: UUID) -> bool:
    """Say whether a person's record may be seen: whoever is or was in a team belongs to its lead."""
    if sight.everyone or staff_id == sight.me:
        return True
    return bool(sight.teams) and MemberRow.objects.filter(team_id__in=sight.teams, staff_id=staff_id).exists()

"""Which team answers what comes over a line: said by staff; a line of which nothing was said is the default team's."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.people import api as people
from raseed.platform import api as platform

from ..duty import api as duty
from ..models import LineTeamRow
from .permissions import ROUTE_LINES


@transaction.atomic
def route_line(line_id: UUID, *, team_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say which team answers new conversations of a line; those that are open stay where they are.

    Raises:
        LineUnknown, UnacceptableText. NotPermitted: ``by`` may not. InputError: no team of the line's institution.
    """
    line = channels.line(line_id)
    people.require(by, ROUTE_LINES, line.institution_id)
    said = people.clean_reason(reason)
    if not duty.is_team_of(team_id, line.institution_id):
        raise InputError(field="team_id")
    before = LineTeamRow.objects.filter(line_id=line_id).values_list("team_id", flat=True).first()
    if before == team_id:
        return
    LineTeamRow.objects.update_or_create(
        line_id=line_id, defaults={"institution_id": line.institution_id, "team_id": team_id}
    )
    platform.record(
        actor=by.actor,
        action="care.line_routed",
        subject=f"line:{line_id}",
        before={"team": str(before) if before else None},
        after={"team": str(team_id)},
        reason=said,
        institution_id=line.institution_id,
        clock=clock,
    )


def routes(institution_id: UUID) -> dict[UUID, UUID]:
    """Return the teams of an institution's lines, by line, of which something was said; for whoever has looked who asks."""
    return dict(LineTeamRow.objects.filter(institution_id=institution_id).values_list("line_id", "team_id"))


def team_of_line(line: channels.Line, *, clock: Clock) -> UUID:
    """Return the team that answers a line."""
    said = LineTeamRow.objects.filter(line_id=line.id).values_list("team_id", flat=True).first()
    return said or duty.default_team(line.institution_id, clock=clock).id

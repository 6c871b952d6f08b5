"""Who answers now for what waits: kept in step with shifts, leave and people who go, and with clocks that run out."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..models import ConversationRow, LeaseRow
from ..sql import run
from . import ports
from .domain import ConversationState, EventCode
from .keeping import add_event, keep, tell_changed

SYSTEM: Final = people.SYSTEM.actor


def settle_accountable(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Write down who answers now, where that is somebody else than is written; return for how many conversations.

    Asked once for each team and assignee with something unanswered, however many conversations those are.
    """
    changed = 0
    for institution_id, team_id, assignee in run("owed_groups", {}):
        with transaction.atomic():
            to = ports.duty().accountable(team_id, assignee, clock.now())
            rows = run(
                "settle_accountable",
                {"institution": institution_id, "team": team_id, "assignee": assignee, "to": to},
            )
            if rows:
                platform.emit_many(
                    events.CONVERSATION_CHANGED,
                    [{"conversation_id": str(id_), "version": version} for id_, version in rows],
                    institution_id=institution_id,
                    clock=clock,
                )
        changed += len(rows)
    return changed


@transaction.atomic
def clock_breached(conversation_id: UUID, *, at: datetime, clock: Clock = SYSTEM_CLOCK) -> None:
    """Mark that a clock of a conversation has run out, if it still waits for an answer."""
    row = ConversationRow.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if row is None or not row.unanswered or row.breached_at is not None:
        return
    row.breached_at = at
    row.save(update_fields=["breached_at"])
    tell_changed(row, clock=clock)


@transaction.atomic
def ladder_climbed(conversation_id: UUID, *, clock_id: UUID, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let a conversation be whose its clock has become on the ladder; with nobody's clock taken over, nothing changes.

    Looked up as it is now: whoever was given the conversation since then keeps it.
    """
    row = ConversationRow.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if row is None or row.state == ConversationState.CLOSED.value:
        return
    now = clock.now()
    to = ports.clocks().taken_over_by(clock_id=clock_id, at=now)
    if to is None or to == row.assignee:
        return
    row.assignee = to
    LeaseRow.objects.filter(conversation=row).exclude(staff_id=to).delete()
    add_event(row, EventCode.ASSIGNED, SYSTEM, now=now, to=str(to))
    keep(row, clock=clock)
    ports.clocks().handed_over(
        subject_id=row.id, team_id=row.team_id, to=to, by=SYSTEM, reason="", at=now, clock=clock
    )  # what else runs about it is theirs, too


@transaction.atomic
def accountable_changed(conversation_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Write down who answers now for a conversation, if that is somebody else than is written."""
    row = ConversationRow.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if row is None:
        return
    to = ports.duty().accountable(row.team_id, row.assignee, clock.now())
    if to != row.accountable:
        row.accountable = to
        row.save(update_fields=["accountable"])
        tell_changed(row, clock=clock)

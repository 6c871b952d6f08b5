"""Who answers now for what waits: kept in step with shifts, leave and people who go, and with clocks that run out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform import api as platform

from .. import events
from ..models import ConversationRow
from ..sql import run
from . import ports
from .keeping import tell_changed


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

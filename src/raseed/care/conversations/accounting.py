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
from ..clocks import api as clocks
from ..duty import api as duty
from ..models import ConversationRow, LeaseRow
from ..sql import run
from .domain import ConversationState, EventCode
from .keeping import add_event, keep, tell_changed

SYSTEM: Final = people.SYSTEM.actor


def settle_accountable(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Write down who answers now, where that is somebody else than is written; return for how many conversations.

    Whoever is in charge is worked out for all teams and assignees with something open at once, however many there are.
    """
    groups, now, changed = run("open_groups", {}), clock.now(), 0
    answering = duty.accountable_many([(team_id, assignee) for _, team_id, assignee in groups], now) if groups else []
    for (institution_id, team_id, assignee), one in zip(groups, answering, strict=True):
        wanted = {"institution": institution_id, "team": team_id, "assignee": assignee, "to": one.staff_id}
        with transaction.atomic():
            rows = run("settle_accountable", wanted)
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
    to = clocks.taken_over_by(clock_id, at=now)
    if to is None or to == row.assignee:
        return
    row.assignee = to
    LeaseRow.objects.filter(conversation=row).exclude(staff_id=to).delete()
    add_event(row, EventCode.ASSIGNED, SYSTEM, now=now, to=str(to))
    keep(row, clock=clock)
    clocks.handed_over(
        subject_id=row.id, team_id=row.team_id, to=to, by=SYSTEM, reason="", at=now, clock=clock
    )  # what else runs about it is theirs, too

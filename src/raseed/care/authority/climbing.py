"""The clock of approvals: what nobody decided in time goes a step up, by name; after the last step it ends, and says so."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.jobs import app

from ..models import AuthorityChainRow, AuthorityRequestRow
from .approving import put
from .chains import chain_of, place
from .domain import RequestState, StepKind
from .duty import stop_clock
from .reading import request_of
from .telling import emit, tell

SYSTEM: Final = "system"
CLIMB_MAX: Final = 500
"""How many requests one run moves; the next one goes on."""


@app.periodic(cron="* * * * *")
@app.task(name="care.climb_approvals", queue="upkeep", queueing_lock="care.climb_approvals")
def climb_approvals(timestamp: int) -> None:
    """Move what nobody decided in time."""
    del timestamp
    climb()


def climb(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Move every request whose time at its step has run out; return how many were."""
    due = AuthorityRequestRow.objects.filter(state=RequestState.AWAITING.value, due_at__lte=clock.now())
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True)[:CLIMB_MAX])
    return sum(_climb(id_, clock) for id_ in ids)


@transaction.atomic
def _climb(request_id: UUID, clock: Clock) -> bool:
    row = AuthorityRequestRow.objects.select_for_update(skip_locked=True).filter(id=request_id).first()
    now = clock.now()
    if row is None or row.state != RequestState.AWAITING.value or row.due_at is None or row.due_at > now:
        return False
    assert row.step is not None and row.chain_id is not None, "what waits is at a step of a chain"  # noqa: PT018
    chain = chain_of(AuthorityChainRow.objects.get(id=row.chain_id))
    found = place(chain, request_of(row).asked, first=row.step + 1, now=now)
    if found is None:
        row.state, row.decided_at = RequestState.EXPIRED.value, now
        row.save(update_fields=["state", "decided_at"])
        stop_clock(row, SYSTEM, now, clock, decided=False)
        tell(row, StepKind.EXPIRED, by=SYSTEM, at=now, clock=clock)
    else:
        put(row, found, SYSTEM, clock)
        tell(row, StepKind.RAN_OUT, by=SYSTEM, at=now, clock=clock, to=found.assigned_to)
    emit(row, clock)
    return True

"""The clock of approvals: what nobody decided in time goes a step up, by name; after the last step it ends, and says so.

Where the ladder gives the clock to somebody, the request is before them from then on, if they are able to decide; if not,
it goes a step up. Whom the clock names and who is asked are one.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import Event, subscribe
from raseed.platform.jobs import app

from ..clocks import api as clocks
from ..events import CLOCK_BREACHED
from ..models import AuthorityChainRow, AuthorityRequestRow
from .approving import put
from .chains import Place, chain_of, is_able, place
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


@subscribe(CLOCK_BREACHED, handler_name="care.follow_approval")
def follow_approval(event: Event) -> None:
    """Let a request be before whoever its clock became on the ladder."""
    if event.payload["subject_kind"] == clocks.SubjectKind.APPROVAL and event.payload["step"]:
        ladder_climbed(UUID(str(event.payload["subject_id"])), clock_id=UUID(str(event.payload["clock_id"])))


@transaction.atomic
def ladder_climbed(request_id: UUID, *, clock_id: UUID, clock: Clock = SYSTEM_CLOCK) -> None:
    """Put a request before whoever its clock is now, or, if they can't decide, before whoever comes next, with the clock.

    Looked up as it is now: one that was passed up since then stays where it is.
    """
    row = AuthorityRequestRow.objects.select_for_update().filter(id=request_id).first()
    if row is None or row.state != RequestState.AWAITING.value:
        return
    now = clock.now()
    to = clocks.taken_over_by(clock_id, at=now)
    if to is None or to == row.assigned_to:
        return
    assert row.step is not None and row.chain_id is not None, "what waits is at a step of a chain"  # noqa: PT018
    assert row.assigned_to is not None and row.due_at is not None, "and before somebody, until a time"  # noqa: PT018
    before, asked = row.assigned_to, request_of(row).asked
    if is_able(to, asked, now):
        found = Place(row.step, to, row.due_at)
    else:
        chain = chain_of(AuthorityChainRow.objects.get(id=row.chain_id))
        found = place(chain, asked, first=row.step + 1, now=now) or Place(row.step, before, row.due_at)
    put(row, found, SYSTEM, clock)
    if found.assigned_to != before:
        tell(row, StepKind.RAN_OUT, by=SYSTEM, at=now, clock=clock, to=found.assigned_to)
        emit(row, clock)

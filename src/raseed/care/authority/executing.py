"""Doing what was approved: once, by itself, whoever dies when.

An approved request is owed by its row. Whoever approved tries at once; a job that was committed with the approval tries,
too; and a sweep finds what both have missed. Each locks the row, looks whether it is still owed, does it under the request's
id and says so, in one transaction. What the action refuses for good ends the request as failed and gives back the authority
that it used towards the customer; what is only busy is tried again, later and later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import OperationalError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.ledger import api as ledger
from raseed.platform.jobs import app

from ..models import AuthorityGrantRow, AuthorityRequestRow
from .domain import Request, RequestState, StepKind
from .reading import request_of
from .registry import action
from .telling import emit, tell

TRIES_AT_ONCE: Final = 5
AGAIN_AFTER: Final = timedelta(minutes=1)
SWEEP_MAX: Final = 500
_log = structlog.get_logger("raseed.care")


def do_now(request_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Request:
    """Do what was approved, if it is not done yet; return the request as it then stands, still approved if all was busy."""
    for _ in range(TRIES_AT_ONCE):
        try:
            return _do(request_id, clock)
        except (TemporarilyUnavailable, ledger.LedgerBusy, OperationalError) as busy:
            _log.warning("approved_deed_busy", request=str(request_id), error=type(busy).__name__)
        except RaseedError as refusal:
            return _fail(request_id, refusal, clock)
    AuthorityRequestRow.objects.filter(id=request_id, state=RequestState.APPROVED.value).update(
        next_try_at=clock.now() + AGAIN_AFTER
    )
    return request_of(AuthorityRequestRow.objects.get(id=request_id))


def defer_deed(request_id: UUID) -> None:
    """Let a job do what was approved, in the transaction that approves it."""
    do_approved.defer(request_id=str(request_id))


@app.task(name="care.do_approved", queue="care")
def do_approved(*, request_id: str) -> None:
    """Do what was approved, if whoever approved it could not."""
    do_now(UUID(request_id))


@app.periodic(cron="* * * * *")
@app.task(name="care.sweep_approved", queue="upkeep", queueing_lock="care.sweep_approved")
def sweep_approved(timestamp: int) -> None:
    """Do what was approved and is still not done, in case its job was lost or all was busy."""
    del timestamp
    sweep()


def sweep(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Do what is owed and due; return how many requests that were."""
    owed = AuthorityRequestRow.objects.filter(state=RequestState.APPROVED.value, next_try_at__lte=clock.now())
    ids = list(owed.order_by("next_try_at").values_list("id", flat=True)[:SWEEP_MAX])
    for id_ in ids:
        do_now(id_, clock=clock)
    return len(ids)


@transaction.atomic
def _do(request_id: UUID, clock: Clock) -> Request:
    row, now = AuthorityRequestRow.objects.select_for_update().get(id=request_id), clock.now()
    if row.state != RequestState.APPROVED.value:
        return request_of(row)
    asked = request_of(row).asked
    row.state, row.done_at = RequestState.DONE.value, now
    row.save(update_fields=["state", "done_at"])
    tell(row, StepKind.DONE, by=asked.actor, at=now, clock=clock)
    emit(row, clock)
    action(row.action).perform(asked, clock)
    return request_of(row)


@transaction.atomic
def _fail(request_id: UUID, refusal: RaseedError, clock: Clock) -> Request:
    row, now = AuthorityRequestRow.objects.select_for_update().get(id=request_id), clock.now()
    if row.state != RequestState.APPROVED.value:
        return request_of(row)
    row.state, row.failure = RequestState.FAILED.value, refusal.code
    row.save(update_fields=["state", "failure"])
    AuthorityGrantRow.objects.filter(request_id=row.id).update(void_at=now)
    tell(row, StepKind.FAILED, by="system", at=now, clock=clock)
    emit(row, clock)
    return request_of(row)

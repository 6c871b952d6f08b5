"""What is kept and told of a request's way: its steps, the audit trail, the event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.platform import api as platform

from .. import events
from ..models import AuthorityRequestRow, AuthorityStepRow
from .domain import StepKind

_ACTIONS = {
    StepKind.ASKED: "care.authority_asked",
    StepKind.GRANTED: "care.authority_granted",
    StepKind.REFERRED: "care.authority_referred",
    StepKind.PASSED_UP: "care.authority_passed_up",
    StepKind.RAN_OUT: "care.authority_ran_out",
    StepKind.APPROVED: "care.authority_approved",
    StepKind.REFUSED: "care.authority_refused",
    StepKind.EXPIRED: "care.authority_expired",
    StepKind.WITHDRAWN: "care.authority_withdrawn",
    StepKind.DONE: "care.authority_done",
    StepKind.FAILED: "care.authority_failed",
}


def tell(
    row: AuthorityRequestRow,
    kind: StepKind,
    *,
    by: str,
    at: datetime,
    clock: Clock,
    to: UUID | None = None,
    note: str = "",
) -> None:
    """Keep a step of a request and record it; the first step's reason is the request's."""
    AuthorityStepRow.objects.create(request=row, kind=kind.value, at=at, by=by, to=to, note=note)
    after: dict[str, platform.AuditValue] = {"action": row.action, "state": row.state, "about": row.subject}
    if row.amount_minor is not None:
        after |= {"amount_minor": row.amount_minor, "currency": row.currency}
    if row.beyond:
        after["beyond"] = row.beyond
    if row.split:
        after["split"] = True
    if to is not None:
        after["to"] = f"staff:{to}"
    if kind is StepKind.APPROVED:
        after["asked_by"] = f"staff:{row.asked_by}"
    if row.failure:
        after["failure"] = row.failure
    platform.record(
        actor=by,
        action=_ACTIONS[kind],
        subject=f"authority_request:{row.id}",
        after=after,
        reason=note or row.reason,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        clock=clock,
    )


def emit(row: AuthorityRequestRow, clock: Clock) -> None:
    """Let others know that a request is in another state."""
    platform.emit(
        events.AUTHORITY_CHANGED,
        {"request_id": str(row.id), "state": row.state},
        institution_id=row.institution_id,
        clock=clock,
    )

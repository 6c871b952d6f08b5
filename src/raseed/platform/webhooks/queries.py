"""Reads: endpoints, what is owed to them, and what became of each attempt."""

from __future__ import annotations

from uuid import UUID

from ..cursors import decode_cursor, encode_cursor
from .domain import (
    ENDPOINTS_MAX,
    MANAGE,
    PAGE_MAX,
    Attempt,
    Authority,
    Delivery,
    DeliveryPage,
    DeliveryState,
    DeliveryUnknown,
    Endpoint,
    EndpointState,
    EndpointUnknown,
    OffReason,
    WebhooksNotPermitted,
)
from .models import AttemptRow, EndpointRow, OwedRow


def check_may_manage(by: Authority, institution_id: UUID) -> None:
    """Refuse whoever may not manage an institution's webhooks.

    Raises:
        WebhooksNotPermitted: they may not.
    """
    if not by.may(MANAGE, institution_id):
        raise WebhooksNotPermitted(permission=MANAGE)


def endpoints_of(institution_id: UUID, *, by: Authority) -> list[Endpoint]:
    """Return an institution's endpoints, the oldest first."""
    check_may_manage(by, institution_id)
    rows = EndpointRow.objects.filter(institution_id=institution_id).exclude(state=EndpointState.REMOVED.value)
    return [told(row) for row in rows.order_by("created_at", "id")[:ENDPOINTS_MAX]]


def endpoint(endpoint_id: UUID, *, by: Authority) -> Endpoint:
    """Return an endpoint.

    Raises:
        EndpointUnknown: there is none, it was removed, or it is another institution's.
    """
    return told(found(endpoint_id, by=by))


def deliveries(
    endpoint_id: UUID, *, by: Authority, state: DeliveryState | None = None, after: str | None = None, limit: int = 50
) -> DeliveryPage:
    """Return a page of what was and is owed to an endpoint, the latest first.

    Raises:
        EndpointUnknown: as ``endpoint``. InvalidCursor: ``after`` is no marker of this list.
    """
    found(endpoint_id, by=by)
    size, kind = min(max(limit, 1), PAGE_MAX), f"platform.webhook_deliveries:{endpoint_id}"
    rows = OwedRow.objects.filter(endpoint_id=endpoint_id).select_related("event").order_by("-id")
    if state is not None:
        rows = rows.filter(state=state.value)
    if after is not None:
        (position,) = decode_cursor(kind, after)
        rows = rows.filter(id__lt=position)
    page = list(rows[: size + 1])
    marker = encode_cursor(kind, page[size - 1].id) if len(page) > size else None
    return DeliveryPage(tuple(_delivery(row) for row in page[:size]), marker)


def delivery(endpoint_id: UUID, event_id: UUID, *, by: Authority) -> tuple[Delivery, list[Attempt]]:
    """Return what became of one event at one endpoint, with its latest attempts, oldest first.

    Raises:
        EndpointUnknown: as ``endpoint``. DeliveryUnknown: it was never owed, or long ago.
    """
    found(endpoint_id, by=by)
    row = OwedRow.objects.filter(endpoint_id=endpoint_id, event__id=event_id).select_related("event").first()
    if row is None:
        raise DeliveryUnknown(field="event_id")
    tried = AttemptRow.objects.filter(owed=row).order_by("-number")[:PAGE_MAX]
    attempts = [Attempt(each.number, each.at, each.took_ms, each.status, each.outcome, each.answer) for each in tried]
    return _delivery(row), attempts[::-1]


def found(endpoint_id: UUID, *, by: Authority, locked: bool = False) -> EndpointRow:
    """Return an endpoint's row, if its institution's webhooks are ``by``'s to manage; else it is as if it were not there.

    Raises:
        EndpointUnknown: there is none for them.
    """
    rows = EndpointRow.objects.select_for_update() if locked else EndpointRow.objects
    row = rows.filter(id=endpoint_id).exclude(state=EndpointState.REMOVED.value).first()
    if row is None or not by.may(MANAGE, row.institution_id):
        raise EndpointUnknown(field="endpoint_id")
    return row


def told(row: EndpointRow) -> Endpoint:
    """Return the endpoint that a row tells of."""
    return Endpoint(
        id=row.id,
        institution_id=row.institution_id,
        url=row.url,
        events=tuple(row.events),
        description=row.description,
        state=EndpointState(row.state),
        off_reason=OffReason(row.off_reason),
        generation=row.generation,
        previous_until=row.previous_until,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def _delivery(row: OwedRow) -> Delivery:
    state = DeliveryState(row.state)
    return Delivery(
        position=row.id,
        endpoint_id=row.endpoint_id,
        event_id=row.event.id,
        event_name=row.event.name,
        state=state,
        attempts=row.attempts,
        owed_at=row.owed_at,
        next_try_at=row.next_try_at,
        delivered_at=row.ended_at if state is DeliveryState.DELIVERED else None,
        last_status=row.last_status,
        last_outcome=row.last_outcome,
    )

"""Reads of requests: one, those of a customer, those before somebody, and an institution's page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform.api import decode_cursor, encode_cursor

from ..models import AuthorityGrantRow, AuthorityRequestRow, AuthorityStepRow
from .domain import (
    REQUESTS_PER_PAGE,
    Beyond,
    Request,
    RequestPage,
    RequestState,
    RequestStep,
    StepKind,
)
from .errors import UnknownRequest
from .permissions import APPROVE, ASK, VIEW

_STEPS_MAX: Final = 100
_READING: Final = (ASK, APPROVE, VIEW)


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests are wanted; what is ``None`` doesn't matter."""

    state: RequestState | None = None
    action: str | None = None
    customer_id: UUID | None = None
    asked_by: UUID | None = None
    assigned_to: UUID | None = None
    conversation_id: UUID | None = None
    split: bool | None = None


def request(request_id: UUID, *, by: Author) -> Request:
    """Return a request with its steps.

    Raises:
        UnknownRequest: there is none, or ``by`` may neither ask, decide nor see there.
    """
    row = AuthorityRequestRow.objects.filter(id=request_id).first()
    if row is None or not any(by.may(each, row.institution_id) for each in _READING):
        raise UnknownRequest(field="request_id")
    steps = AuthorityStepRow.objects.filter(request_id=row.id).order_by("id")[:_STEPS_MAX]
    told = tuple(RequestStep(StepKind(each.kind), each.at, each.by, each.to, each.note) for each in steps)
    return replace(_with_limits([row])[0], steps=told)


def requests(
    institution_id: UUID,
    *,
    by: Author,
    only: RequestFilter | None = None,
    before: str | None = None,
    limit: int = REQUESTS_PER_PAGE,
) -> RequestPage:
    """Return a page of an institution's requests, the latest asked for first; ``before`` is the marker of the last page.

    Raises:
        NotPermitted: ``by`` may neither ask, decide nor see. InvalidCursor: ``before`` is no marker of this list.
    """
    if not any(by.may(each, institution_id) for each in _READING):
        raise people.NotPermitted(permission=VIEW)
    wanted, size = only or RequestFilter(), min(max(limit, 1), REQUESTS_PER_PAGE)
    told = {name: getattr(wanted, name) for name in RequestFilter.__slots__}
    chosen = {name: value for name, value in told.items() if value is not None}
    rows = AuthorityRequestRow.objects.filter(institution_id=institution_id, **chosen)
    list_name = f"care.authority:{institution_id}:" + ",".join(
        f"{name}={value}" for name, value in sorted(chosen.items())
    )
    if before is not None:
        at, id_ = decode_cursor(list_name, before)
        moment = datetime.fromisoformat(str(at))
        rows = rows.filter(Q(asked_at__lt=moment) | Q(asked_at=moment, id__lt=str(id_)))
    found = list(rows.order_by("-asked_at", "-id")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    marker = encode_cursor(list_name, last.asked_at.isoformat(), str(last.id)) if last else None
    return RequestPage(tuple(_with_limits(found[:size])), marker)


def narratives_of(causes: Iterable[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Return, of those ids that are requests, the action and why: what statements tell of."""
    rows = AuthorityRequestRow.objects.filter(id__in=list(causes))
    return {row.id: (row.action, row.reason) for row in rows}


def request_of(row: AuthorityRequestRow, *, limit_id: UUID | None = None) -> Request:
    """Return the request that a row holds, without its steps."""
    amount = None if row.amount_minor is None else Money(row.amount_minor, currency(row.currency))
    return Request(
        row.id, row.institution_id, row.action, row.customer_id, row.subject, amount, row.details, row.reason,
        row.conversation_id, row.asked_by, row.asked_at, row.through, RequestState(row.state),
        Beyond(row.beyond) if row.beyond else None, row.split, row.assigned_to, row.due_at, row.decided_by,
        row.decided_at, row.done_at, row.failure, limit_id,
    )  # fmt: skip


def _with_limits(rows: list[AuthorityRequestRow]) -> list[Request]:
    used = dict(
        AuthorityGrantRow.objects.filter(request_id__in=[row.id for row in rows]).values_list("request_id", "limit_id")
    )
    return [request_of(row, limit_id=used.get(row.id)) for row in rows]

"""What goes outside as staff see it: payments that have not ended, lanes and their breakers; and how staff close a lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.people import api as people
from raseed.people.api import Author, Permission
from raseed.platform import api as platform

from ..domain import PAYMENTS_PER_PAGE, PaymentState
from ..errors import LaneUnknown, PaymentUnknown
from ..models import PaymentRow
from ..oversight import VIEW_PAYMENTS
from ..queries import told
from ..sql import STATEMENTS, run
from .domain import RANKS, Asked, Attempt, Awaited, Lane, LaneTerms, OpenPage, OpenPayment, breaker_of
from .models import AttemptRow, ErrandRow, LaneRow

EDIT_LANES: Final = Permission("payments.lanes.edit", mark("Close and open the ways to recipients outside"))
_CURSOR: Final = "payments.open"
_TERMS: Final = tuple(each.name for each in fields(LaneTerms))
_TERM_MAX: Final = 30 * 24 * 60 * 60 * 1000


def payments_open(
    institution_id: UUID,
    *,
    by: Author,
    state: PaymentState | None = None,
    lane: str | None = None,
    before: str | None = None,
    limit: int = PAYMENTS_PER_PAGE,
) -> OpenPage:
    """Return an institution's payments that have not ended: those before a person first, then the unknown; each the oldest first.

    Args:
        institution_id: the payers'.
        by: who asks.
        state: only those in this state.
        lane: only those of this lane.
        before: ``next`` of the page before.
        limit: at most ``PAYMENTS_PER_PAGE``.

    Raises:
        NotPermitted: ``by`` may not see payments there. InvalidCursor: ``before`` is not one of ours.
    """
    people.require(by, VIEW_PAYMENTS.code, institution_id)
    size = min(max(limit, 1), PAYMENTS_PER_PAGE)
    rank = Case(
        *(When(state=state_.value, then=Value(place)) for state_, place in RANKS.items()), output_field=IntegerField()
    )
    rows = ErrandRow.objects.filter(institution_id=institution_id).annotate(rank=rank)
    if state is not None:
        rows = rows.filter(state=state.value)
    if lane is not None:
        rows = rows.filter(lane=lane)
    if before is not None:
        place, since, id_ = platform.decode_cursor(_CURSOR, before)
        same = Q(rank=place)
        rows = rows.filter(
            Q(rank__gt=place) | same & Q(held_at__gt=since) | same & Q(held_at=since, payment_id__gt=id_)
        )
    page = list(rows.order_by("rank", "held_at", "payment_id")[: size + 1])
    last = page[size - 1] if len(page) > size else None
    following = (
        platform.encode_cursor(_CURSOR, last.rank, last.held_at.isoformat(), str(last.payment_id)) if last else None
    )
    return OpenPage(tuple(_open(page[:size])), following)


def awaited(payment_ids: Iterable[UUID], *, by: Author) -> dict[UUID, Awaited]:
    """Return what comes next of those payments that have not ended, where ``by`` may see payments; the others are left out."""
    rows = [
        row
        for row in ErrandRow.objects.filter(payment_id__in=list(payment_ids))
        if by.may(VIEW_PAYMENTS.code, row.institution_id)
    ]
    terms = {row.code: _terms(row) for row in LaneRow.objects.filter(code__in={row.lane for row in rows})}
    return {row.payment_id: _awaited(row, terms[row.lane]) for row in rows}


def _awaited(row: ErrandRow, terms: LaneTerms) -> Awaited:
    left, unknown = row.first_sent_at, row.state == PaymentState.UNKNOWN.value
    waits = row.state == PaymentState.HELD.value
    return Awaited(
        payment_id=row.payment_id,
        lane=row.lane,
        since=row.held_at,
        attempts=row.attempt,
        due_at=row.due_at,
        given_back_at=row.held_at + timedelta(seconds=terms.held_max_s) if waits else None,
        referred_at=left + timedelta(seconds=terms.unknown_max_s) if left is not None and unknown else None,
    )


def attempts_of(payment_id: UUID, *, by: Author) -> list[Attempt]:
    """Return every attempt to find out what becomes of a payment, the first one first: all that is known of it.

    Raises:
        PaymentUnknown: no such payment. NotPermitted: ``by`` may not see payments there.
    """
    row = PaymentRow.objects.filter(id=payment_id).first()
    if row is None:
        raise PaymentUnknown(field="payment_id")
    people.require(by, VIEW_PAYMENTS.code, banking.account(row.from_account_id).institution_id)
    return [
        Attempt(each.number, Asked(each.asked), each.began_at, each.took_ms, each.answer, each.code, each.reference)
        for each in AttemptRow.objects.filter(payment_id=payment_id).order_by("number")
    ]


def lanes(institution_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> list[Lane]:
    """Return an institution's lanes with their breakers and how many payments are on each; the troubled ones first.

    Raises:
        NotPermitted: ``by`` may not see payments there.
    """
    people.require(by, VIEW_PAYMENTS.code, institution_id)
    found = _lanes(list(LaneRow.objects.filter(institution_id=institution_id)), clock)
    return sorted(
        found, key=lambda each: (each.retry_at is None, not each.closed, -each.referred, -each.unknown, each.code)
    )


def close_lane(code: str, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Lane:
    """Close a lane: new payments are refused, what is held and has not left is given back, what has left is asked about.

    Raises:
        LaneUnknown: no such lane. NotPermitted: ``by`` may not close it. UnacceptableText: the reason.
    """
    return _set(
        code,
        by,
        reason,
        clock,
        "payments.lane_closed",
        lambda row: setattr(row, "closed_at", row.closed_at or clock.now()),
    )


def open_lane(code: str, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Lane:
    """Open a lane that was closed, and have its breaker let the next errand through at once.

    Raises:
        As ``close_lane``.
    """

    def change(row: LaneRow) -> None:
        row.closed_at = None
        row.retry_at = row.retry_at and min(row.retry_at, clock.now())

    return _set(code, by, reason, clock, "payments.lane_opened", change)


def set_lane_terms(code: str, *, terms: LaneTerms, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Lane:
    """Set a lane's bounds, deadline and pauses.

    Raises:
        InputError: terms that can't be. As ``close_lane``.
    """
    values = asdict(terms)
    if any(not 0 <= value <= _TERM_MAX for value in values.values()) or terms.longest_pause_s < terms.first_pause_s or 0 in (
        terms.in_flight_max, terms.deadline_ms, terms.first_pause_s
    ):  # fmt: skip
        raise InputError(field="terms")

    def change(row: LaneRow) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    return _set(code, by, reason, clock, "payments.lane_terms_set", change)


@transaction.atomic
def _set(code: str, by: Author, reason: str, clock: Clock, action: str, change: Callable[[LaneRow], None]) -> Lane:
    row = LaneRow.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise LaneUnknown(field="lane")
    people.require(by, EDIT_LANES.code, row.institution_id)
    cleaned, before = people.clean_reason(reason), _facts(row)
    change(row)
    row.save()
    platform.record(
        actor=by.actor, action=action, subject=f"lane:{code}", before=before, after=_facts(row), reason=cleaned,
        institution_id=row.institution_id, clock=clock,
    )  # fmt: skip
    return _lanes([row], clock)[0]


def _terms(row: LaneRow) -> LaneTerms:
    return LaneTerms(**{name: getattr(row, name) for name in _TERMS})


def _facts(row: LaneRow) -> dict[str, str | int | bool | None]:
    return {"closed": row.closed_at is not None} | {name: getattr(row, name) for name in _TERMS}


def _lanes(rows: Sequence[LaneRow], clock: Clock) -> list[Lane]:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for lane, state, count in run(STATEMENTS["count_errands"], {"lanes": [row.code for row in rows]}):
        counts[lane][state] = count
    now = clock.now()
    return [
        Lane(
            code=row.code,
            institution_id=row.institution_id,
            terms=_terms(row),
            closed=row.closed_at is not None,
            breaker=breaker_of(row.retry_at, now),
            failures=row.failures,
            opened_at=row.opened_at,
            retry_at=row.retry_at,
            last_code=row.last_code,
            **{state: counts[row.code].get(state, 0) for state in ("held", "sent", "unknown", "referred")},
        )
        for row in rows
    ]


def _open(rows: Sequence[ErrandRow]) -> list[OpenPayment]:
    payments = {each.id: each for each in told(row.payment_id for row in rows)}
    return [
        OpenPayment(
            payment=payments[row.payment_id],
            lane=row.lane,
            since=row.held_at,
            first_sent_at=row.first_sent_at,
            attempts=row.attempt,
            due_at=row.due_at,
            last_code=row.last_code,
        )
        for row in rows
    ]

"""Deciding: approve, decline, pass up, take back. Who approves uses an authority of their own, counted like any other.

An approval is committed with the job that does what was approved; then it is done at once, if nothing stands in the way. So
it is done by itself also if whoever approved is gone in the same instant, and never twice.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.people.api import Author

from ..models import AuthorityChainRow, AuthorityRequestRow
from .asking import again_if_busy, staff_behind
from .chains import Place, chain_of, is_circle, is_in, place
from .counting import Counted, given, lock, use
from .domain import CIRCLE_WINDOW, Asked, Chain, Request, RequestState, StepKind, beyond
from .duty import hand_over, stop_clock
from .errors import (
    BeyondApprover,
    CircularApproval,
    NobodyMayApprove,
    NotTheAsker,
    NotYoursToDecide,
    OwnRequest,
    RequestNotAwaiting,
    TiedToCustomer,
    UnknownRequest,
)
from .executing import defer_deed, do_now
from .limits import limit_for
from .permissions import APPROVE, ASK
from .reading import request_of
from .telling import emit, tell
from .ties import is_tied

_NOTE_LENGTH_MAX = 500


def approve(request_id: UUID, *, by: Author, note: str = "", clock: Clock = SYSTEM_CLOCK) -> Request:
    """Approve a request within one's own limits; it is done by itself, if all goes well before this returns.

    Raises:
        UnknownRequest, RequestNotAwaiting, UnacceptableText: what they say.
        NotPermitted, OwnRequest, NotYoursToDecide, CircularApproval, TiedToCustomer: ``by`` can't decide about it.
        BeyondApprover: it is beyond their limits, too. BooksBusy: try again.
    """
    again_if_busy(lambda: _approve(request_id, by, note, clock))
    return do_now(request_id, clock=clock)


def decline(request_id: UUID, *, by: Author, note: str, clock: Clock = SYSTEM_CLOCK) -> Request:
    """Refuse a request, and say why.

    Raises:
        As ``approve``, but for limits: who may not grant it may still refuse it.
    """
    with transaction.atomic():
        row = _awaiting(request_id, by, APPROVE)
        staff_id, _ = _decider(row, by)
        said = people.clean_reason(note)
        _decided(row, RequestState.REFUSED, staff_id, clock.now())
        stop_clock(row, by.actor, clock.now(), clock, decided=True)
        tell(row, StepKind.REFUSED, by=by.actor, at=clock.now(), clock=clock, note=said)
        emit(row, clock)
    return request_of(row)


def pass_up(request_id: UUID, *, by: Author, note: str = "", clock: Clock = SYSTEM_CLOCK) -> Request:
    """Put a request before whoever comes next in its chain.

    Raises:
        As ``decline``. NobodyMayApprove: nobody comes next; the request stays where it is.
    """
    with transaction.atomic():
        row, now = _awaiting(request_id, by, APPROVE), clock.now()
        _, chain = _decider(row, by)
        said = clean_text(note, field="note", length_max=_NOTE_LENGTH_MAX) if note.strip() else ""
        assert row.step is not None, "what waits is at a step"
        found = place(chain, request_of(row).asked, first=row.step + 1, now=now)
        if found is None:
            raise NobodyMayApprove(beyond=row.beyond)
        put(row, found, by.actor, clock)
        tell(row, StepKind.PASSED_UP, by=by.actor, at=now, clock=clock, to=found.assigned_to, note=said)
        emit(row, clock)
    return request_of(row)


def withdraw(request_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> Request:
    """Take back what one asked for oneself.

    Raises:
        UnknownRequest, NotPermitted, RequestNotAwaiting. NotTheAsker: another did.
    """
    with transaction.atomic():
        row, now = _awaiting(request_id, by, ASK), clock.now()
        if staff_behind(by) != row.asked_by:
            raise NotTheAsker
        row.state, row.decided_at = RequestState.WITHDRAWN.value, now
        row.save(update_fields=["state", "decided_at"])
        stop_clock(row, by.actor, now, clock, decided=False)
        tell(row, StepKind.WITHDRAWN, by=by.actor, at=now, clock=clock)
        emit(row, clock)
    return request_of(row)


def put(row: AuthorityRequestRow, found: Place, by: str, clock: Clock) -> None:
    """Put a locked request before somebody else, whose the clock is from now on."""
    row.step, row.assigned_to, row.due_at = found.number, found.assigned_to, found.due_at
    row.save(update_fields=["step", "assigned_to", "due_at"])
    hand_over(row, by, clock.now(), clock)


def _approve(request_id: UUID, by: Author, note: str, clock: Clock) -> None:
    row, now = _awaiting(request_id, by, APPROVE), clock.now()
    staff_id, _ = _decider(row, by)
    said = clean_text(note, field="note", length_max=_NOTE_LENGTH_MAX) if note.strip() else ""
    _alone_with(row.asked_by, staff_id)
    if is_circle(asker=row.asked_by, approver=staff_id, now=now):
        raise CircularApproval(days=CIRCLE_WINDOW.days)
    asked = request_of(row).asked
    counted = lock(_counted(row, asked, staff_id, now))
    limit = limit_for(staff_id, row.institution_id, row.action, row.currency, locked=True)
    minor = asked.amount.amount_minor if asked.amount else 0
    over = beyond(limit.bounds if limit else None, given(counted, limit, now), minor)
    if over is not None or limit is None:
        raise BeyondApprover(field="amount" if asked.amount else None, beyond=over.value if over else "")
    row.next_try_at = now
    _decided(row, RequestState.APPROVED, staff_id, now)
    stop_clock(row, by.actor, now, clock, decided=True)
    use(row, asked, counted, limit, now)
    tell(row, StepKind.APPROVED, by=by.actor, at=now, clock=clock, note=said)
    emit(row, clock)
    defer_deed(row.id)


def _counted(row: AuthorityRequestRow, asked: Asked, staff_id: UUID, now: datetime) -> Counted:
    day = banking.business_date(row.institution_id, now)
    return Counted(row.institution_id, staff_id, asked.customer_id, row.action, row.currency, day)


def _decider(row: AuthorityRequestRow, by: Author) -> tuple[UUID, Chain]:
    """Return who decides about a request, and its chain, if they may.

    Raises:
        PersonNeeded, OwnRequest, NotYoursToDecide, TiedToCustomer: they may not.
    """
    if by.actor != by.person:
        raise people.PersonNeeded  # a key decides nothing
    staff_id = staff_behind(by)
    if staff_id == row.asked_by:
        raise OwnRequest
    assert row.step is not None and row.chain_id is not None, "what waits is at a step of a chain"  # noqa: PT018
    chain = chain_of(AuthorityChainRow.objects.get(id=row.chain_id))
    if staff_id != row.assigned_to and not is_in(chain, staff_id, first=row.step):
        raise NotYoursToDecide
    if is_tied(staff_id, row.customer_id):
        raise TiedToCustomer
    return staff_id, chain


def _awaiting(request_id: UUID, by: Author, permission: str) -> AuthorityRequestRow:
    """Return a request that waits for a decision, locked, to who may know of it: the first lock that a decision takes."""
    row = AuthorityRequestRow.objects.select_for_update().filter(id=request_id).first()
    if row is None:
        raise UnknownRequest(field="request_id")
    people.require(by, permission, row.institution_id)
    if row.state != RequestState.AWAITING.value:
        raise RequestNotAwaiting(state=row.state)
    return row


def _decided(row: AuthorityRequestRow, state: RequestState, staff_id: UUID, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state.value, staff_id, now
    row.save(update_fields=["state", "decided_by", "decided_at", "next_try_at"])


def _alone_with(one: UUID, other: UUID) -> None:
    """Let two people who decide about one another's requests in the same instant do so one after the other."""
    name = ":".join(sorted((str(one), str(other))))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"care.authority:{name}"])

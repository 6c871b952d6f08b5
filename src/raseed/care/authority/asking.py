"""Asking: what is within the asker's authority is done at once, whole, in one transaction; the rest goes to somebody named.

The order of locks is the counters, the limit, then whatever the action locks; the ledger posts last. Who dies before the
commit has done nothing, and who sends the same id again gets the first answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from psycopg.errors import DeadlockDetected

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from ..models import AuthorityRequestRow
from .chains import chain_for, place
from .counting import Counted, given, lock, use
from .domain import WAITING_MAX, Asked, Beyond, Request, RequestState, StepKind, beyond
from .duty import start_clock
from .errors import AmountDiffers, InvalidSubject, NobodyMayApprove, TiedToCustomer, TooManyRequests
from .limits import limit_for
from .permissions import ASK
from .reading import request_of
from .registry import Action
from .registry import action as action_called
from .telling import emit, tell
from .ties import is_tied

ATTEMPTS_MAX: Final = 5
"""How often it is begun again after the books were busy, or somebody stood in the way."""
SUBJECT_LENGTH_MAX: Final = 80
DETAIL_LENGTH_MAX: Final = 60
_Answer = TypeVar("_Answer")


def ask(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    action: str,
    institution_id: UUID,
    customer_id: UUID,
    subject: str,
    reason: str,
    by: Author,
    amount: Money | None = None,
    details: Mapping[str, str] | None = None,
    conversation_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Request:
    """Do something for a customer, if the asker may alone; else put it before who may. The same id again: the first answer.

    Args:
        id: made by whoever asks, who keeps it before asking; also the key of the deed.
        action: its code, of ``actions()``.
        institution_id: where.
        customer_id: for whom.
        subject: what it is done to, ``kind:id``.
        reason: why, for the audit trail; of a goodwill credit the customer reads it on the statement.
        by: a member of staff, or a key that one issued for themselves.
        amount: how much; where the action says it itself, what the asker has seen, or ``None``.
        details: what more the action needs, such as ``until``.
        conversation_id: in which conversation it came up.
        clock: tells when, and the business date.

    Raises (nothing was done, the id stays free):
        NotPermitted, PersonNeeded, TiedToCustomer: ``by`` may not ask for this.
        UnknownAction, InvalidSubject, AmountMissing, AmountDiffers, UnacceptableText, CurrencyMismatch: bad input.
        NobodyMayApprove: it is beyond the asker's limits, and nobody is there to decide. TooManyRequests.
        SameIdOtherContent: the id is another request's. BooksBusy: try again under the same id.
        Whatever the action refuses.
    """
    people.require(by, ASK, institution_id)
    of, now, staff_id = action_called(action), clock.now(), staff_behind(by)
    asked = Asked(
        id, institution_id, of.code, customer_id, clean_text(subject, field="subject", length_max=SUBJECT_LENGTH_MAX),
        amount, _details(of, details or {}), people.clean_reason(reason), staff_id,
        banking.business_date(institution_id, now),
    )  # fmt: skip
    there = _there(asked, conversation_id)
    if there is not None:
        return there
    if all(house.id != institution_id for house in people.institutions_of(customer_id)):
        raise InvalidSubject(field="customer_id")
    if is_tied(staff_id, customer_id):
        raise TiedToCustomer
    try:
        return again_if_busy(lambda: _decide(of, asked, conversation_id, clock))
    except IntegrityError:  # the same id came meanwhile
        there = _there(asked, conversation_id)
        if there is None:
            raise
        return there


def staff_behind(by: Author) -> UUID:
    """Return the member of staff who acts: signed in, or by a key that they issued for themselves.

    Raises:
        PersonNeeded: no person does, or another has seen the key's secret.
    """
    if not by.person.startswith("staff:") or by.issuer not in (None, by.person):
        raise people.PersonNeeded
    return UUID(by.person.removeprefix("staff:"))


def again_if_busy(attempt: Callable[[], _Answer]) -> _Answer:
    """Make an attempt in a transaction of its own, and again where others stood in the way.

    Raises:
        BooksBusy: they did each time; nothing was done.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            with transaction.atomic():
                return attempt()
        except (ledger.LedgerBusy, banking.BooksBusy):
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    raise banking.BooksBusy


def _decide(of: Action, asked: Asked, conversation_id: UUID | None, clock: Clock) -> Request:
    now = clock.now()
    code = _currency(of, asked, clock)
    counted = lock(Counted(asked.institution_id, asked.asked_by, asked.customer_id, asked.action, code, asked.through))
    there = _there(asked, conversation_id)
    if there is not None:
        return there
    weighed = _weighed(of, asked, clock)  # again, now that nobody else decides about this customer
    minor = weighed.amount.amount_minor if weighed.amount else 0
    limit = limit_for(asked.asked_by, asked.institution_id, asked.action, code, locked=True)
    so_far = given(counted, limit, now)
    over = beyond(limit.bounds if limit else None, so_far, minor)
    row = _row(weighed, conversation_id, over, now)
    if over is not None or limit is None:
        return _refer(row, weighed, now, clock)
    row.state, row.done_at = RequestState.DONE.value, now
    row.save(force_insert=True)
    use(row, weighed, counted, limit, now)
    tell(row, StepKind.GRANTED, by=asked.actor, at=now, clock=clock)
    emit(row, clock)
    of.perform(weighed, clock)
    return request_of(row)


def _refer(row: AuthorityRequestRow, asked: Asked, now: datetime, clock: Clock) -> Request:
    """Put what is beyond the asker's authority before somebody who may decide, by name and with a clock."""
    chain = chain_for(asked.institution_id, asked.action)
    found = place(chain, asked, first=0, now=now)
    if chain is None or found is None:
        raise NobodyMayApprove(field="amount" if asked.amount else None, beyond=row.beyond)
    if AuthorityRequestRow.objects.filter(asked_by=asked.asked_by, state="awaiting").count() >= WAITING_MAX:
        raise TooManyRequests
    row.state, row.chain_id, row.step = RequestState.AWAITING.value, chain.id, found.number
    row.assigned_to, row.due_at = found.assigned_to, found.due_at
    row.save(force_insert=True)
    tell(row, StepKind.ASKED, by=asked.actor, at=now, clock=clock)
    tell(row, StepKind.REFERRED, by=asked.actor, at=now, clock=clock, to=found.assigned_to)
    start_clock(row, now, clock)
    emit(row, clock)
    return request_of(row)


def _weighed(of: Action, asked: Asked, clock: Clock) -> Asked:
    """Return what is asked for with the amount that it comes to.

    Raises:
        AmountDiffers: the asker has named another. Whatever the action refuses.
    """
    amount = of.weigh(asked, clock)
    assert (amount is not None) == of.has_amount, f"{of.code} says itself whether it comes to an amount"
    if amount is not None and asked.amount is not None and asked.amount != amount:
        raise AmountDiffers(field="amount", amount=amount.decimal_text(), currency=amount.currency.code)
    return replace(asked, amount=amount)


def _currency(of: Action, asked: Asked, clock: Clock) -> str:
    """Return in which currency it counts; empty where it comes to no amount. It is weighed again under the locks."""
    if not of.has_amount:
        return ""
    amount = asked.amount if of.asks_amount and asked.amount else _weighed(of, asked, clock).amount
    return amount.currency.code if amount else ""


def _row(asked: Asked, conversation_id: UUID | None, over: Beyond | None, now: datetime) -> AuthorityRequestRow:
    return AuthorityRequestRow(
        id=asked.id, institution_id=asked.institution_id, action=asked.action, customer_id=asked.customer_id,
        subject=asked.subject, amount_minor=asked.amount.amount_minor if asked.amount else None,
        currency=asked.amount.currency.code if asked.amount else "", details=dict(asked.details), reason=asked.reason,
        conversation_id=conversation_id, asked_by=asked.asked_by, asked_at=now, through=asked.through,
        beyond=over.value if over else "", split=over is Beyond.SPLIT,
    )  # fmt: skip


def _there(asked: Asked, conversation_id: UUID | None) -> Request | None:
    """Return what this id was asked for before, if it was, and was the same.

    Raises:
        SameIdOtherContent: it was something else.
    """
    row = AuthorityRequestRow.objects.filter(id=asked.id).first()
    if row is None:
        return None
    kept = request_of(row)
    same = (
        kept.institution_id, kept.action, kept.customer_id, kept.subject, dict(kept.details), kept.reason, kept.asked_by,
        kept.conversation_id,
    ) == (
        asked.institution_id, asked.action, asked.customer_id, asked.subject, dict(asked.details), asked.reason,
        asked.asked_by, conversation_id,
    )  # fmt: skip
    if not same or (asked.amount is not None and asked.amount != kept.amount):
        raise platform.SameIdOtherContent(field="id")
    return kept


def _details(of: Action, details: Mapping[str, str]) -> dict[str, str]:
    if set(details) != set(of.details):
        raise InvalidSubject(field="details")
    return {name: clean_text(value, field=name, length_max=DETAIL_LENGTH_MAX) for name, value in details.items()}

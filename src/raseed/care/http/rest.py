"""Authority at the management API: what can be done for customers, asking for it, and what became of it.

A key asks in the name of the member of staff who issued it for themselves, within that person's limits. Deciding about others'
requests is for somebody who has signed in, and no key is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.utils.translation import gettext, override
from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.kernel.money import Money, currency
from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import ID_PATTERN, Day, Given, Id, MoneyGiven, MoneyTaken, Reason, Taken, text
from raseed.platform.rest.paging import Page, Paging
from raseed.platform.rest.routes import Resource

from ..authority import api as authority
from ..authority.permissions import APPROVE, ASK, VIEW

mending = Resource(
    "Mending for customers", "Refunds, waivers, goodwill and the like, within limits; beyond them somebody decides."
)
SUBJECT_PATTERN = "^[a-z_]{1,20}:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
State = Literal["done", "awaiting", "approved", "refused", "expired", "withdrawn", "failed"]
_STATES = {
    "type": "string",
    "enum": ["done", "awaiting", "approved", "refused", "expired", "withdrawn", "failed"],
}
Until = Annotated[str, text(10, least=10, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example="2026-04-30")]


class RequestDetails(Taken):
    """What more an action needs: see `details` of the action."""

    until: Until | None = None


class NewCareRequest(Taken):
    """What is to be done for whom. `amount` only where the action asks for it, or to say what you have seen."""

    action: Annotated[str, text(40, example="goodwill_credit")]
    customer_id: Id
    subject: Annotated[str, text(80, pattern=SUBJECT_PATTERN, example="account:0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07")]
    amount: MoneyTaken | None = None
    details: RequestDetails = RequestDetails()
    reason: Reason


class ActionGiven(Given):
    """Something that can be done for a customer; `subject` is of what kind its subjects are."""

    code: str
    words: str
    subject: str
    has_amount: bool
    asks_amount: bool
    details: list[str]


class ActionList(Given):
    """All that can be done."""

    actions: list[ActionGiven]


class RequestStepGiven(Given):
    """A step in the life of a request, by whom, and to whom it went."""

    kind: str
    words: str
    at: datetime
    by: str
    to: UUID | None
    note: str


class CareRequestGiven(Given):
    """A request. `beyond` names the bound of the asker's limit that it was beyond; `split`, that it looks like one of several pieces."""

    id: UUID
    action: str
    customer_id: UUID
    subject: str
    amount: MoneyGiven | None
    details: dict[str, str]
    reason: str
    state: State
    beyond: str | None
    split: bool
    asked_by: UUID
    asked_at: datetime
    assigned_to: UUID | None
    due_at: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    done_at: datetime | None
    failure: str
    steps: list[RequestStepGiven]


class CareRequestList(Page):
    """Requests, the latest first, without their steps."""

    requests: list[CareRequestGiven]


class RequestPaging(Paging):
    """A page of requests, of one state or customer if asked."""

    state: Annotated[State | None, WithJsonSchema(_STATES)] = None
    customer_id: Annotated[Id | None, WithJsonSchema({"type": "string", "format": "uuid", "pattern": ID_PATTERN})] = (
        None
    )


class AuthorityLimitGiven(Given):
    """What the key's holder may grant of an action, minor units, and what of today's is used; null bounds nothing."""

    action: str
    currency: Annotated[str, Field(max_length=3)]
    per_act_minor: str | None
    per_day_minor: str | None
    per_customer_minor: str | None
    per_day_count: int | None
    per_customer_count: int | None
    window_days: int
    day: date
    used_minor: str
    used_count: int


class AuthorityLimitList(Given):
    """The limits of the key's holder; an action that is not here may not be done without asking."""

    limits: list[AuthorityLimitGiven]


class GrantedGiven(Given):
    """What one person granted of one action on one business date."""

    action: str
    staff_id: UUID
    day: date
    acts: int
    amount: MoneyGiven | None
    split: int
    approved: int


class GrantedList(Given):
    """What was granted, the latest first."""

    granted: list[GrantedGiven]


class GrantedDays(Taken):
    """From one business date to another, both of them too."""

    since: Day
    until: Day


def _any() -> Iterable[str]:
    yield from (ASK, APPROVE, VIEW)


@mending.get("/care/actions", any_of=_any, answer=ActionList)
def list_actions(request: ApiRequest) -> ActionList:
    """List what can be done for customers."""
    with override(request.language):
        told = [
            ActionGiven(
                code=each.code, words=gettext(each.words), subject=each.subject, has_amount=each.has_amount,
                asks_amount=each.asks_amount, details=list(each.details),
            )
            for each in authority.actions()
        ]  # fmt: skip
    return ActionList(actions=told)


@mending.get("/care/limits", permission=ASK, answer=AuthorityLimitList)
def my_limits(request: ApiRequest) -> AuthorityLimitList:
    """List what the key's holder may do without asking, and what of today's is used."""
    caller = request.caller
    found = authority.my_limits(authority.staff_behind(caller.author), caller.institution_id, by=caller.author)
    return AuthorityLimitList(limits=[_limit(each) for each in found])


@mending.get("/care/requests", any_of=_any, answer=CareRequestList, refuses=(422,))
def list_requests(request: ApiRequest, page: Query[RequestPaging]) -> CareRequestList:
    """List what was asked for at the institution."""
    caller = request.caller
    only = authority.RequestFilter(
        state=None if page.state is None else authority.RequestState(page.state), customer_id=page.customer_id
    )
    found = authority.requests(caller.institution_id, by=caller.author, only=only, before=page.after, limit=page.limit)
    return CareRequestList(requests=[_request(each, request.language) for each in found.requests], next=found.next)


@mending.get("/care/requests/{request_id}", any_of=_any, answer=CareRequestGiven)
def show_request(request: ApiRequest, request_id: Path[Id]) -> CareRequestGiven:
    """Show a request with its steps."""
    return _request(_here(request, request_id), request.language)


@mending.put(
    "/care/requests/{request_id}", permission=ASK, answer=CareRequestGiven, refuses=(404, 409, 422),
    example={
        "action": "goodwill_credit", "customer_id": "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07",
        "subject": "account:0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07",
        "amount": {"amount_minor": "5000", "currency": "EGP"}, "reason": "the transfer took two days",
    },
    links={"request": ("show_request", "request_id"), "withdrawal": ("withdraw_request", "request_id")},
)  # fmt: skip
def ask_request(request: ApiRequest, request_id: Path[Id], new: NewCareRequest) -> CareRequestGiven:
    """Do something for a customer under an id of yours, within your limits; beyond them it waits for whoever decides.

    Only with a key that a member of staff issued for themselves. The same id with the same content answers the same.
    """
    caller = request.caller
    details = {} if new.details.until is None else {"until": new.details.until}
    amount = None if new.amount is None else Money(new.amount.amount_minor, currency(new.amount.currency))
    asked = authority.ask(
        id=request_id, action=new.action, institution_id=caller.institution_id, customer_id=new.customer_id,
        subject=new.subject, amount=amount, details=details, reason=new.reason, by=caller.author,
    )  # fmt: skip
    return _request(asked, request.language)


@mending.post("/care/requests/{request_id}/withdraw", permission=ASK, answer=CareRequestGiven, refuses=(404, 409))
def withdraw_request(request: ApiRequest, request_id: Path[Id]) -> CareRequestGiven:
    """Take back a request of the key's holder that waits."""
    _here(request, request_id)
    return _request(authority.withdraw(request_id, by=request.caller.author), request.language)


@mending.get("/care/granted", permission=VIEW, answer=GrantedList, refuses=(422,))
def list_granted(request: ApiRequest, days: Query[GrantedDays]) -> GrantedList:
    """Report what was granted per action, person and business date."""
    caller = request.caller
    found = authority.granted(caller.institution_id, since=days.since, until=days.until, by=caller.author)
    return GrantedList(granted=[
        GrantedGiven(
            action=each.action, staff_id=each.staff_id, day=each.day, acts=each.acts,
            amount=None if each.amount is None else MoneyGiven.of(each.amount), split=each.split, approved=each.approved,
        )
        for each in found
    ])  # fmt: skip


def _here(request: ApiRequest, request_id: UUID) -> authority.Request:
    """Return a request of the caller's institution."""
    found = authority.request(request_id, by=request.caller.author)
    if found.institution_id != request.caller.institution_id:
        raise authority.UnknownRequest(field="request_id")
    return found


def _request(of: authority.Request, language: str) -> CareRequestGiven:
    with override(language):
        steps = [
            RequestStepGiven(
                kind=each.kind.value, words=gettext(authority.STEP_WORDS[each.kind]), at=each.at, by=each.by, to=each.to,
                note=each.note,
            )
            for each in of.steps
        ]  # fmt: skip
    return CareRequestGiven(
        id=of.id, action=of.action, customer_id=of.customer_id, subject=of.subject,
        amount=None if of.amount is None else MoneyGiven.of(of.amount), details=dict(of.details), reason=of.reason,
        state=of.state.value, beyond=None if of.beyond is None else of.beyond.value, split=of.split,
        asked_by=of.asked_by, asked_at=of.asked_at, assigned_to=of.assigned_to, due_at=of.due_at,
        decided_by=of.decided_by, decided_at=of.decided_at, done_at=of.done_at, failure=of.failure, steps=steps,
    )  # fmt: skip


def _limit(use: authority.LimitUse) -> AuthorityLimitGiven:
    bounds = use.limit.bounds

    def said(minor: int | None) -> str | None:
        return None if minor is None else str(minor)

    return AuthorityLimitGiven(
        action=use.limit.action, currency=use.limit.currency, per_act_minor=said(bounds.per_act_minor),
        per_day_minor=said(bounds.per_day_minor), per_customer_minor=said(bounds.per_customer_minor),
        per_day_count=bounds.per_day_count, per_customer_count=bounds.per_customer_count, window_days=bounds.window_days,
        day=use.day, used_minor=str(use.used_minor), used_count=use.used_count,
    )  # fmt: skip


resources = (mending,)

"""Standing orders at the management API: given, looked at, changed, paused, resumed and ended by the key's holder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.banking import api as banking
from raseed.banking.api import BusinessDayRule, Cursor
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency
from raseed.platform.api import error_body
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_JSON, FROM_TEXT, Day, Given, Id, MoneyGiven, MoneyTaken, Taken, text, whole
from raseed.platform.rest.routes import Resource

from .. import api as payments_api
from ..standing.domain import COUNT_MAX, EVERY_MAX
from .rest_orders import RefusalGiven

standing = Resource("Standing orders", "The same amount to the same recipient, on dates of its own, each time once.")
SEE_OWN = "people.self.view"
PAY = "people.self.pay"
VIEW_ORDERS = "payments.orders.view"
_PLACE = "^[1-9][0-9]{0,17}$"
_EXAMPLE_ID = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"
_EXAMPLE: dict[str, Any] = {
    "from_account_id": _EXAMPLE_ID,
    "to": {"kind": "phone", "value": "+201001234567"},
    "amount": {"amount_minor": "12550", "currency": "EGP"},
    "note": "rent",
    "timetable": {"first_on": "2030-01-31", "last_of_month": True, "count": 12},
}
_KINDS: Final[Mapping[banking.AliasKind, Literal["phone", "iban", "number"]]] = {
    banking.AliasKind.PHONE: "phone",
    banking.AliasKind.IBAN: "iban",
    banking.AliasKind.NUMBER: "number",
}
_Rule = Literal["unchanged", "following", "modified_following", "preceding"]
_Count = Annotated[int, whole(1, COUNT_MAX, example=12), FROM_JSON]


class StandingRecipient(Taken):
    """Whom to pay: a phone number (E.164), an IBAN or an account number; without an institution the payer's own comes first."""

    kind: Literal["phone", "iban", "number"]
    value: Annotated[str, text(60, example="+201001234567")]
    institution_id: Id | None = None


class TimetableTaken(Taken):
    """On which dates: every so many months or weeks from the first; `until` a date, for a `count`, or without end."""

    first_on: Day
    every: Annotated[int, whole(1, EVERY_MAX), FROM_JSON] = 1
    unit: Literal["months", "weeks"] = "months"
    last_of_month: bool = False
    until: Day | None = None
    count: _Count | None = None
    business_days: _Rule = "following"


class NewStanding(Taken):
    """A standing order to be given; `note` goes with each payment to the recipient."""

    from_account_id: Id
    to: StandingRecipient
    amount: MoneyTaken
    note: Annotated[str, text(payments_api.NOTE_LENGTH_MAX, least=0, example="rent")] = ""
    timetable: TimetableTaken


class StandingChange(Taken):
    """All that can be changed, as it is to be from now on."""

    amount: MoneyTaken
    note: Annotated[str, text(payments_api.NOTE_LENGTH_MAX, least=0, example="rent")] = ""
    until: Day | None = None
    count: _Count | None = None


class StandingRecipientGiven(Given):
    """The recipient as it was named; `outside`: at a bank that only other books name, by `bank` and account."""

    kind: Literal["phone", "iban", "number", "outside"]
    value: str
    bank: str
    institution_id: UUID | None


class TimetableGiven(Given):
    """On which dates."""

    first_on: date
    every: int
    unit: Literal["months", "weeks"]
    last_of_month: bool
    until: date | None
    count: int | None
    business_days: _Rule


class StandingGiven(Given):
    """A standing order. `try_on` is when the next occurrence is paid, or tried again after `refusal`; null: never as it is."""

    id: UUID
    state: Literal["active", "waiting", "paused", "ended"]
    words: str
    purpose: str
    from_account_id: UUID
    to: StandingRecipientGiven
    amount: MoneyGiven
    note: str
    timetable: TimetableGiven
    next_number: int
    next_planned_on: date | None
    try_on: date | None
    tries: int
    refusal: RefusalGiven | None
    made_at: datetime
    ended_at: datetime | None


class StandingList(Given):
    """Standing orders, newest first; ``next`` asks for those that follow, as ``after``; null: there are none."""

    standing_orders: list[StandingGiven]
    next: str | None


class DateGiven(Given):
    """An occurrence to come: planned for a date, due where the business-day rule puts it."""

    number: int
    planned_on: date
    due_on: date


class DateList(Given):
    """Occurrences to come, in order."""

    dates: list[DateGiven]


class RunGiven(Given):
    """What became of an occurrence; `refusal` says why it was passed over."""

    number: int
    planned_on: date
    due_on: date
    outcome: Literal["paid", "skipped"]
    words: str
    payment_id: UUID | None
    refusal: RefusalGiven | None
    at: datetime


class RunList(Given):
    """Runs, newest first; ``next`` asks for those that follow, as ``after``; null: there are none."""

    runs: list[RunGiven]
    next: str | None


class StandingPageAsked(Taken):
    """A page of standing orders."""

    after: Annotated[str | None, Field(pattern=_PLACE), WithJsonSchema({"type": "string", "pattern": _PLACE})] = None
    limit: Annotated[int, whole(1, payments_api.STANDING_PER_PAGE), FROM_TEXT] = payments_api.STANDING_PER_PAGE


class RunsAsked(Taken):
    """A page of runs."""

    after: Annotated[str | None, Field(pattern=_PLACE), WithJsonSchema({"type": "string", "pattern": _PLACE})] = None
    limit: Annotated[int, whole(1, payments_api.STANDING_PER_PAGE), FROM_TEXT] = payments_api.STANDING_PER_PAGE


class DatesAsked(Taken):
    """How many dates."""

    limit: Annotated[int, whole(1, payments_api.DATES_SHOWN_MAX), FROM_TEXT] = 12


@standing.put(
    "/standing-orders/{standing_order_id}", own=PAY, answer=StandingGiven, refuses=(404, 409, 422), example=_EXAMPLE,
    links={"standing order": ("show_standing_order", "standing_order_id")},
)  # fmt: skip
def give_standing_order(request: ApiRequest, standing_order_id: Path[Id], new: NewStanding) -> StandingGiven:
    """Give a standing order under an id that you have made and kept; nothing is paid before its first date.

    A recipient at another institution is taken too: the order waits until payments between institutions work. The same id
    with the same content answers the same; with other content it is refused (409).
    """
    _check_here(request.caller, new.from_account_id)
    asked = new.timetable
    given = payments_api.give_standing_order(
        id=standing_order_id, actor_customer_id=_holder(request.caller), from_account_id=new.from_account_id,
        to=banking.Alias(banking.AliasKind(new.to.kind), new.to.value, new.to.institution_id), amount=_money(new.amount),
        note=new.note, timetable=payments_api.Timetable(
            first_on=asked.first_on, every=asked.every, unit=payments_api.Unit(asked.unit),
            last_of_month=asked.last_of_month, until=asked.until, count=asked.count,
            business_days=BusinessDayRule(asked.business_days),
        ),
    )  # fmt: skip
    return _given(given, request.language)


@standing.get("/standing-orders", own=SEE_OWN, answer=StandingList)
def list_standing_orders(request: ApiRequest, page: Query[StandingPageAsked]) -> StandingList:
    """List the standing orders of the key's holder that have not ended, newest first; a page may have fewer than `limit`."""
    before = None if page.after is None else Cursor.parse(page.after)
    found = payments_api.standing_orders(_holder(request.caller), before=before, limit=page.limit)
    return _page(request, found)


@standing.get("/accounts/{account_id}/standing-orders", permission=VIEW_ORDERS, answer=StandingList)
def list_accounts_standing_orders(
    request: ApiRequest, account_id: Path[Id], page: Query[StandingPageAsked]
) -> StandingList:
    """List the standing orders that leave an account, newest first, ended ones too."""
    before = None if page.after is None else Cursor.parse(page.after)
    found = payments_api.standing_orders_about(account_id, by=request.caller.author, before=before, limit=page.limit)
    return _page(request, found)


@standing.get("/standing-orders/{standing_order_id}", own=SEE_OWN, answer=StandingGiven)
def show_standing_order(request: ApiRequest, standing_order_id: Path[Id]) -> StandingGiven:
    """Show a standing order and when it pays next."""
    return _given(_here(request.caller, standing_order_id), request.language)


@standing.get("/standing-orders/{standing_order_id}/dates", own=SEE_OWN, answer=DateList)
def list_dates(request: ApiRequest, standing_order_id: Path[Id], asked: Query[DatesAsked]) -> DateList:
    """List the dates to come of a standing order."""
    _here(request.caller, standing_order_id)
    coming = payments_api.next_dates(standing_order_id, customer_id=_holder(request.caller), limit=asked.limit)
    return DateList(
        dates=[DateGiven(number=each.number, planned_on=each.planned_on, due_on=each.due_on) for each in coming]
    )


@standing.get("/standing-orders/{standing_order_id}/runs", own=SEE_OWN, answer=RunList)
def list_runs(request: ApiRequest, standing_order_id: Path[Id], page: Query[RunsAsked]) -> RunList:
    """List what became of a standing order's dates, newest first: the payment, or why it was passed over."""
    _here(request.caller, standing_order_id)
    below = None if page.after is None else Cursor.parse(page.after).position
    found = payments_api.runs_of(standing_order_id, customer_id=_holder(request.caller), below=below, limit=page.limit)
    runs = [
        RunGiven(
            number=each.number, planned_on=each.planned_on, due_on=each.due_on, outcome=each.outcome.value,
            words=payments_api.run_words(each, request.language), payment_id=each.payment_id,
            refusal=_refusal(each.refusal, request.language), at=each.at,
        )
        for each in found.runs
    ]  # fmt: skip
    return RunList(runs=runs, next=None if found.next is None else str(found.next))


@standing.patch(
    "/standing-orders/{standing_order_id}", own=PAY, answer=StandingGiven, refuses=(409, 422),
    example={"amount": _EXAMPLE["amount"], "note": "rent", "count": 24},
)  # fmt: skip
def change_standing_order(request: ApiRequest, standing_order_id: Path[Id], change: StandingChange) -> StandingGiven:
    """Change a standing order's amount, note and end: all four are as they come here, from the next date on.

    Another recipient, account or rhythm is another standing order.
    """
    _here(request.caller, standing_order_id)
    changed = payments_api.change_standing_order(
        standing_order_id=standing_order_id, customer_id=_holder(request.caller), amount=_money(change.amount),
        note=change.note, until=change.until, count=change.count,
    )  # fmt: skip
    return _given(changed, request.language)


@standing.post("/standing-orders/{standing_order_id}/pause", own=PAY, answer=StandingGiven, refuses=(409,))
def pause_standing_order(request: ApiRequest, standing_order_id: Path[Id]) -> StandingGiven:
    """Pause a standing order; dates that pass meanwhile are not made up for. Pausing again changes nothing."""
    _here(request.caller, standing_order_id)
    paused = payments_api.pause_standing_order(standing_order_id=standing_order_id, customer_id=_holder(request.caller))
    return _given(paused, request.language)


@standing.post("/standing-orders/{standing_order_id}/resume", own=PAY, answer=StandingGiven, refuses=(409,))
def resume_standing_order(request: ApiRequest, standing_order_id: Path[Id]) -> StandingGiven:
    """Let a paused standing order go on with its first date from today on. Resuming again changes nothing."""
    _here(request.caller, standing_order_id)
    resumed = payments_api.resume_standing_order(
        standing_order_id=standing_order_id, customer_id=_holder(request.caller)
    )
    return _given(resumed, request.language)


@standing.post("/standing-orders/{standing_order_id}/end", own=PAY, answer=StandingGiven)
def end_standing_order(request: ApiRequest, standing_order_id: Path[Id]) -> StandingGiven:
    """End a standing order for good; what was paid stays. Ending again changes nothing."""
    _here(request.caller, standing_order_id)
    ended = payments_api.end_standing_order(standing_order_id=standing_order_id, customer_id=_holder(request.caller))
    return _given(ended, request.language)


def _holder(caller: Caller) -> UUID:
    assert caller.customer_id is not None, "only customers' keys come here"
    return caller.customer_id


def _check_here(caller: Caller, account_id: UUID) -> None:
    """Refuse an account that is not kept at the key's institution."""
    found = banking.accounts([account_id], with_aliases=False).get(account_id)
    if found is None or found.institution_id != caller.institution_id:
        raise banking.AccountUnknown(field="from_account_id")


def _here(caller: Caller, standing_order_id: UUID) -> payments_api.StandingOrder:
    """Return a standing order of the key's holder, at the key's institution.

    Raises:
        StandingOrderUnknown: it is none.
    """
    found = payments_api.standing_order(standing_order_id, customer_id=_holder(caller))
    if found.institution_id != caller.institution_id:
        raise payments_api.StandingOrderUnknown(field="standing_order_id")
    return found


def _money(amount: MoneyTaken) -> Money:
    return Money(amount.amount_minor, currency(amount.currency))


def _page(request: ApiRequest, found: payments_api.StandingPage) -> StandingList:
    here = [each for each in found.orders if each.institution_id == request.caller.institution_id]
    return StandingList(
        standing_orders=[_given(each, request.language) for each in here],
        next=None if found.next is None else found.next.text(),
    )


def _given(order: payments_api.StandingOrder, language: str) -> StandingGiven:
    timetable = order.timetable
    return StandingGiven(
        id=order.id,
        state=order.state.value,
        words=payments_api.standing_state_words(order, language),
        purpose=payments_api.purpose_words(order, language),
        from_account_id=order.from_account_id,
        to=_recipient(order.to),
        amount=MoneyGiven.of(order.amount),
        note=order.note,
        timetable=TimetableGiven(
            first_on=timetable.first_on, every=timetable.every, unit=timetable.unit.value,
            last_of_month=timetable.last_of_month, until=timetable.until, count=timetable.count,
            business_days=timetable.business_days.value,
        ),
        next_number=order.next_number,
        next_planned_on=order.next_planned_on,
        try_on=order.try_on,
        tries=order.tries,
        refusal=_refusal(order.refusal, language),
        made_at=order.made_at,
        ended_at=order.ended_at,
    )  # fmt: skip


def _recipient(to: banking.Alias | payments_api.Outside) -> StandingRecipientGiven:
    if isinstance(to, payments_api.Outside):
        return StandingRecipientGiven(kind="outside", value=to.account, bank=to.bank, institution_id=None)
    return StandingRecipientGiven(kind=_KINDS[to.kind], value=to.value, bank="", institution_id=to.institution_id)


def _refusal(error: RaseedError | None, language: str) -> RefusalGiven | None:
    return None if error is None else RefusalGiven(**error_body(error, language)["error"])

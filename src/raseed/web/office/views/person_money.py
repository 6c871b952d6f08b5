"""A person's payments and payment orders as staff see them: those at institutions where the reader may look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.payments import api as payments
from raseed.web.days import InvalidDay, day_in, midnight
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.receipts import receipt_of, to_shown
from raseed.web.rendering import words

from .person import ORDERS, PAYMENTS, Seen, note_opened, person_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

TEXT_MAX: Final = 30
PROBLEMS_SHOWN: Final = 50
ORDER_LOOKS: Final = {
    payments.OrderState.DONE: "good",
    payments.OrderState.REFUSED: "bad",
    payments.OrderState.ACCEPTED: "warn",
    payments.OrderState.EXECUTING: "warn",
}


@dataclass(frozen=True, slots=True)
class State:
    """The state of a payment in a word, and the look of its mark."""

    words: str
    look: str


def state_of(payment: payments.Payment) -> State:
    """Return the state of a payment in a word."""
    looks = {payments.PaymentState.SETTLED: "good", payments.PaymentState.REFUSED: "bad"}
    return State(gettext(payments.STATE_WORDS[payment.state]), looks.get(payment.state, "warn"))


@dataclass(frozen=True, slots=True)
class Entered:
    """The filters of the payments, as they stand in the address: none of them names anybody."""

    state: str = ""
    sent: str = ""
    first: str = ""
    last: str = ""

    @classmethod
    def of(cls, request: StaffRequest) -> Entered:
        """Read them from the address."""
        return cls(**{name: request.GET.get(name, "").strip()[:TEXT_MAX] for name in cls.__slots__})

    @property
    def query(self) -> str:
        """Return them for an address, without those left out."""
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})

    def understood(self, zone: str) -> tuple[payments.PaymentFilter, dict[str, RaseedError]]:
        """Return what to ask for, and every reason why that can't be, by field."""
        errors: dict[str, RaseedError] = {}
        days: dict[str, date | None] = {}
        for name in ("first", "last"):
            try:
                days[name] = day_in(getattr(self, name), field=name)
            except InvalidDay as error:
                errors[name] = error
        first, last = days.get("first"), days.get("last")
        if first is not None and last is not None and last < first:
            errors["last"] = InvalidDay(field="last")
        known = self.state in set(payments.PaymentState)
        return payments.PaymentFilter(
            states=frozenset({payments.PaymentState(self.state)}) if known else None,
            since=None if first is None else midnight(first, zone),
            until=None if last is None else midnight(last + timedelta(days=1), zone),
            sent={"out": True, "in": False}.get(self.sent),
        ), errors


@require_safe
@staff_only(PAYMENTS)
def payments_page(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """List the payments that left or reached a person's accounts, the latest first."""
    seen = person_for(request, customer_id, PAYMENTS)
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    if before is None:
        note_opened(request, seen, "payments")
    entered = Entered.of(request)
    wanted, errors = entered.understood(seen.here.zone)
    page = payments.PaymentPage()
    if not errors:
        page = payments.payments_about(by=request.author, customer_id=customer_id, wanted=wanted, before=before)
    others = payments.counterparties(page.payments, customer_id=customer_id, language=request.reader.language)
    return render(
        request,
        "office/person_payments.html",
        status=400 if errors else 200,
        tab="search",
        seen=seen,
        entered=entered,
        states=[(state.value, gettext(words)) for state, words in payments.STATE_WORDS.items()],
        payments=[(one, others[one.id], state_of(one), one.actor_customer_id == customer_id) for one in page.payments],
        next=page.next.text() if page.next else "",
        zone=seen.here.zone,
        country=seen.here.country,
        errors={field: words(request, error) for field, error in errors.items()},
    )


@require_safe
@staff_only(PAYMENTS)
def payment_page(request: StaffRequest, customer_id: UUID, payment_id: UUID) -> HttpResponseBase:
    """Show what became of a payment that a person sent or received, step by step."""
    seen = person_for(request, customer_id, PAYMENTS)
    payment = payments.payment(payment_id, customer_id)
    ends = banking.accounts([one for one in (payment.from_account_id, payment.to_account_id) if one])
    theirs = [one for one in ends.values() if one.owner_id == customer_id or one.id == payment.from_account_id]
    if not any(request.rights.may(PAYMENTS, one.institution_id) for one in theirs):
        raise payments.PaymentUnknown(field="payment_id")
    note_opened(request, seen, "payment")
    receipt = receipt_of(payment, seen.customer, request.reader)
    return render(
        request,
        "office/payment.html",
        tab="search",
        seen=seen,
        payment=payment,
        receipt=receipt,
        state=state_of(payment),
        to_shown=to_shown(payment.to),
        billed=payment.to.kind is banking.AliasKind.BILL
        and payment.state is payments.PaymentState.SETTLED
        and request.rights.may("bills.view"),
        from_linked=_may_open(request, ends.get(payment.from_account_id)),
        to_linked=_may_open(request, ends.get(payment.to_account_id) if payment.to_account_id else None),
    )


def _may_open(request: StaffRequest, account: banking.BankAccount | None) -> bool:
    return account is not None and request.rights.may("banking.accounts.view", account.institution_id)


@require_safe
@staff_only(ORDERS)
def orders_page(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """List the payment orders that a person has handed in as files, the latest first."""
    seen = person_for(request, customer_id, ORDERS)
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    if before is None:
        note_opened(request, seen, "orders")
    page = payments.orders_about(customer_id, by=request.author, before=before)
    language = request.reader.language
    return render(
        request,
        "office/person_orders.html",
        tab="search",
        seen=seen,
        orders=[
            (one, payments.order_state_words(one, language), ORDER_LOOKS.get(one.state, "")) for one in page.orders
        ],
        next=page.next.text() if page.next else "",
        zone=seen.here.zone,
        country=seen.here.country,
    )


def _order_for(request: StaffRequest, seen: Seen, order_id: UUID) -> payments.Order:
    """Return an order of a person's, if the reader may look at it: one of another institution is as if it were not there.

    Raises:
        OrderUnknown: there is none, or it is not for this reader.
    """
    found = payments.order(order_id, customer_id=seen.customer.id)
    if found.institution_id is not None and not request.rights.may(ORDERS, found.institution_id):
        raise payments.OrderUnknown(field="order_id")
    return found


@require_safe
@staff_only(ORDERS)
def order_page(request: StaffRequest, customer_id: UUID, order_id: UUID) -> HttpResponseBase:
    """Show an order: what it holds, how far it is, and what is wrong with its file."""
    seen = person_for(request, customer_id, ORDERS)
    found = _order_for(request, seen, order_id)
    note_opened(request, seen, "order")
    language, digits = request.reader.language, request.reader.digits
    problems = payments.order_errors(order_id, customer_id=customer_id)
    shown = [
        (payments.place_words(one, language, digits=digits), words(request, one.error))
        for one in problems[:PROBLEMS_SHOWN]
    ]
    accounts = banking.accounts({block.from_account_id for block in found.blocks})
    return render(
        request,
        "office/order.html",
        tab="search",
        seen=seen,
        order=found,
        state_words=payments.order_state_words(found, language),
        look=ORDER_LOOKS.get(found.state, ""),
        blocks=[(block, _may_open(request, accounts.get(block.from_account_id))) for block in found.blocks],
        problems=shown,
        problems_left=len(problems) > PROBLEMS_SHOWN,
        zone=seen.here.zone,
        country=seen.here.country,
    )


@require_safe
@staff_only(ORDERS)
def order_results(request: StaffRequest, customer_id: UUID, order_id: UUID) -> HttpResponseBase:
    """Give out the results of an order as its sender gets them (pain.002)."""
    seen = person_for(request, customer_id, ORDERS)
    found = _order_for(request, seen, order_id)
    note_opened(request, seen, "order")
    pieces = payments.order_results_pain002(order_id, customer_id=customer_id, language=request.reader.language)
    response = StreamingHttpResponse(pieces, content_type="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="pain002-{found.id.hex[-10:]}.xml"'
    return response

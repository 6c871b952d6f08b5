"""What ``bills`` offers at the management API: the catalogue, one's bills, a quote, and paying under an id of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext, override
from ninja import Path
from pydantic import Field

from raseed.banking import api as banking
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.platform.api import error_body
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import Given, Id, MoneyGiven, MoneyTaken, Taken, text
from raseed.platform.rest.routes import Resource

from .. import api as bills_api
from ..permissions import VIEW_BILLS
from .rest_disputes import disputes
from .rest_receipts import receipts

bills = Resource("Bills", "Billers, and the bills of the key's holder: fetched, quoted, and paid once.")
SEE_OWN = "people.self.view"
PAY = "people.self.pay"
FETCH_COST = 5
FIELDS_MAX = 8
_EXAMPLE_ID = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"
_EXAMPLE: Mapping[str, Any] = {"biller_id": _EXAMPLE_ID, "fields": {"account": "12345678"}}
_PAID: Mapping[str, Any] = {
    **_EXAMPLE,
    "bills": [{"bill_id": _EXAMPLE_ID, "amount": {"amount_minor": "12550", "currency": "EGP"}}],
}
Typed = Annotated[
    dict[Annotated[str, text(30, example="account")], Annotated[str, text(240, least=0, example="12345678")]],
    Field(max_length=FIELDS_MAX),
]
"""What the biller asks for, by the code of each of its fields."""


class Asking(Taken):
    """A biller, and what it asks for."""

    biller_id: Id
    fields: Typed


class BillPaid(Taken):
    """A bill, and what is paid on it."""

    bill_id: Id
    amount: MoneyTaken


class Wanted(Asking):
    """What is to be paid: bills where the biller has some, else an amount."""

    bills: Annotated[list[BillPaid], Field(max_length=bills_api.BILLS_MAX)] = []
    amount: MoneyTaken | None = None


class QuoteAsked(Wanted):
    """What is thought of, and the account that would pay."""

    from_account_id: Id | None = None


class NewBillPayment(Wanted):
    """What is paid, and from which account."""

    from_account_id: Id
    note: Annotated[str, text(payments.NOTE_LENGTH_MAX, least=0, example="our flat")] = ""


class FieldGiven(Given):
    """One thing that a biller asks for. `mask`: 9 is a digit, A a letter, X either; anything else stands for itself."""

    code: str
    name: str
    kind: Literal["number", "account", "meter", "student", "code", "phone", "text"]
    length_min: int
    length_max: int
    mask: str
    example: str
    help: str
    required: bool


class BillerGiven(Given):
    """A biller: `fetch` has bills, `validate` checks what was typed, `direct` takes what is paid."""

    id: UUID
    code: str
    name: str
    category: str
    category_name: str
    model: Literal["fetch", "validate", "direct"]
    currency: str
    least: MoneyGiven | None
    most: MoneyGiven | None
    fields: list[FieldGiven]


class BillerList(Given):
    """Billers, by category and name."""

    billers: list[BillerGiven]


class BillGiven(Given):
    """A bill. `owed` is what can be paid on it now; `held` is under way. `pay_by` is `due_on`, or a later day that was granted."""

    id: UUID
    biller_id: UUID
    reference: str
    number: str
    period: str
    issued_on: date
    due_on: date | None
    pay_by: date | None
    state: Literal["open", "partly_paid", "paid", "cancelled", "disputed"]
    amount: MoneyGiven
    owed: MoneyGiven
    least: MoneyGiven
    held: MoneyGiven
    part_payments: Literal["exact", "minimum", "any"]
    customer_name: str


class BillList(Given):
    """Bills, those first that are due first."""

    bills: list[BillGiven]


class PartGiven(Given):
    """A part of what is paid; a `waiver` and `credit_used` are taken off. `waiver` is the name of the waiver, else empty."""

    kind: Literal["bill", "penalty", "waiver", "credit", "credit_used"]
    name: str
    amount: MoneyGiven
    bill_id: UUID | None
    waiver: str


class QuoteGiven(Given):
    """What paying would cost; nothing is held yet."""

    biller_id: UUID
    customer_name: str
    parts: list[PartGiven]
    amount: MoneyGiven
    fee: MoneyGiven
    total: MoneyGiven


class BillPaymentGiven(Given):
    """A payment of bills: `held`, `sent` and `unknown` are under way; `settled`, `returned` and `refused` are its ends."""

    id: UUID
    biller_id: UUID
    biller: str
    state: str
    words: str
    parts: list[PartGiven]
    amount: MoneyGiven
    fee: MoneyGiven
    reference: str
    biller_reference: str
    refusal_code: str | None
    refusal: str | None
    made_at: datetime
    ended_at: datetime | None


@bills.get("/billers", own=SEE_OWN, permission=VIEW_BILLS, answer=BillerList)
def list_billers(request: ApiRequest) -> BillerList:
    """List the billers that can be paid at the key's institution, with what each asks for."""
    sections = bills_api.catalogue(request.caller.institution_id, request.language)
    return BillerList(billers=[_biller(each, request.language) for section in sections for each in section.billers])


@bills.post(
    "/bills/fetch", own=SEE_OWN, answer=BillList, refuses=(404, 409, 422, 503), cost=FETCH_COST, example=_EXAMPLE
)
def fetch_bills(request: ApiRequest, asking: Asking) -> BillList:
    """Ask a biller for the bills of what was typed; they are among the key's holder's own from then on."""
    of = _biller_here(request.caller, asking.biller_id)
    found = bills_api.fetch_bills(biller_id=of.id, fields=asking.fields, customer_id=_payer(request.caller))
    return BillList(bills=[_bill(each) for each in found.bills])


@bills.get("/bills", own=SEE_OWN, answer=BillList)
def list_bills(request: ApiRequest) -> BillList:
    """List what the key's holder has to pay at the key's institution, as their billers last told it: due first."""
    found = bills_api.bills_of(_payer(request.caller), institution_id=request.caller.institution_id)
    return BillList(bills=[_bill(each) for each in found])


@bills.post(
    "/bills/quote", own=SEE_OWN, answer=QuoteGiven, refuses=(404, 409, 422, 503), cost=FETCH_COST, example=_PAID
)
def quote_bills(request: ApiRequest, asked: QuoteAsked) -> QuoteGiven:
    """Say what paying would cost, part by part. Nothing is changed."""
    of = _biller_here(request.caller, asked.biller_id)
    if asked.from_account_id is not None:
        _check_account(request.caller, asked.from_account_id)
    said = bills_api.quote(
        biller_id=of.id, customer_id=_payer(request.caller), fields=asked.fields, bills=_wanted(asked),
        amount=_money(asked.amount), from_account_id=asked.from_account_id,
    )  # fmt: skip
    return QuoteGiven(
        biller_id=of.id,
        customer_name=said.customer_name,
        parts=_parts(said.parts, request.language),
        amount=MoneyGiven.of(said.amount),
        fee=MoneyGiven.of(said.fee),
        total=MoneyGiven.of(said.total),
    )


@bills.get("/bills/{bill_id}", own=SEE_OWN, answer=BillGiven)
def show_bill(request: ApiRequest, bill_id: Path[Id]) -> BillGiven:
    """Show a bill of the key's holder, as its biller last told it."""
    found = bills_api.bill(bill_id, _payer(request.caller))
    if bills_api.biller(found.biller_id).institution_id != request.caller.institution_id:
        raise bills_api.BillUnknown(field="bill_id")
    return _bill(found)


@bills.put(
    "/bill-payments/{payment_id}", own=PAY, answer=BillPaymentGiven, refuses=(404, 409, 422, 503), cost=FETCH_COST,
    example={**_PAID, "from_account_id": _EXAMPLE_ID}, links={"bill payment": ("show_bill_payment", "payment_id")},
)  # fmt: skip
def pay_bills(request: ApiRequest, payment_id: Path[Id], new: NewBillPayment) -> BillPaymentGiven:
    """Pay bills of one biller under an id that you have made and kept; a bill is paid once.

    The money is held, the biller is asked, and then it is settled or returned: ask again how it went. The same id with the
    same content answers the same, and nothing is paid twice; with other content it is refused (409).
    """
    of, payer = _biller_here(request.caller, new.biller_id), _payer(request.caller)
    _check_account(request.caller, new.from_account_id)
    order = bills_api.order(
        id=payment_id,
        customer_id=payer,
        biller_id=of.id,
        fields=new.fields,
        bills=_wanted(new),
        amount=_money(new.amount),
    )
    paid = bills_api.pay(order_id=order.id, customer_id=payer, from_account_id=new.from_account_id, note=new.note)
    return _payment(request, bills_api.bill_order(order.id, payer), paid, of)


@bills.get("/bill-payments/{payment_id}", own=SEE_OWN, answer=BillPaymentGiven)
def show_bill_payment(request: ApiRequest, payment_id: Path[Id]) -> BillPaymentGiven:
    """Show how a payment of bills of the key's holder stands."""
    payer = _payer(request.caller)
    order = bills_api.bill_order(payment_id, payer)
    if order.institution_id != request.caller.institution_id:
        raise bills_api.BillOrderUnknown(field="payment_id")
    return _payment(request, order, payments.payment(payment_id, payer), bills_api.biller(order.biller_id))


resources = (bills, disputes, receipts)


def _payer(caller: Caller) -> UUID:
    assert caller.customer_id is not None, "only customers' keys come here"
    return caller.customer_id


def _biller_here(caller: Caller, biller_id: UUID) -> bills_api.Biller:
    found = bills_api.biller(biller_id)
    if found.institution_id != caller.institution_id:
        raise bills_api.BillerUnknown(field="biller_id")
    return found


def _check_account(caller: Caller, account_id: UUID) -> None:
    """Refuse accounts that are not kept at the key's institution, or that its holder may not pay from."""
    found = banking.accounts([account_id], with_aliases=False).get(account_id)
    if found is None or found.institution_id != caller.institution_id or not banking.may_pay(_payer(caller), found):
        raise banking.AccountUnknown(field="from_account_id")


def _wanted(asked: Wanted) -> list[tuple[UUID, Money]]:
    return [(each.bill_id, Money(each.amount.amount_minor, currency(each.amount.currency))) for each in asked.bills]


def _money(amount: MoneyTaken | None) -> Money | None:
    return None if amount is None else Money(amount.amount_minor, currency(amount.currency))


def _given(amount: Money | None) -> MoneyGiven | None:
    return None if amount is None else MoneyGiven.of(amount)


def _biller(of: bills_api.Biller, language: str) -> BillerGiven:
    with override(language):
        category = gettext(bills_api.CATEGORY_WORDS[of.category])
    return BillerGiven(
        id=of.id,
        code=of.code,
        name=of.name(language),
        category=of.category.value,
        category_name=category,
        model=of.model.value,
        currency=of.currency.code,
        least=_given(of.least),
        most=_given(of.most),
        fields=[
            FieldGiven(
                code=each.code,
                name=each.name(language),
                kind=each.kind.value,
                length_min=each.length_min,
                length_max=each.length_max,
                mask=each.mask,
                example=each.example,
                help=each.help.get(language, ""),
                required=each.required,
            )
            for each in of.fields
        ],
    )


def _bill(of: bills_api.Bill) -> BillGiven:
    return BillGiven(
        id=of.id,
        biller_id=of.biller_id,
        reference=of.reference,
        number=of.number,
        period=of.period,
        issued_on=of.issued_on,
        due_on=of.due_on,
        pay_by=of.pay_by,
        state=of.state.value,
        amount=MoneyGiven.of(of.amount),
        owed=MoneyGiven.of(of.owed),
        least=MoneyGiven.of(of.least),
        held=MoneyGiven.of(of.held),
        part_payments=of.part_payments.value,
        customer_name=of.customer_name,
    )


def _parts(parts: Sequence[bills_api.Part], language: str) -> list[PartGiven]:
    waivers = bills_api.waivers_by_id(each.waiver_id for each in parts)
    with override(language):
        return [
            PartGiven(
                kind=each.kind.value,
                name=gettext(bills_api.PART_WORDS[each.kind]),
                amount=MoneyGiven.of(each.amount),
                bill_id=each.bill_id,
                waiver=waivers[each.waiver_id].name(language) if each.waiver_id in waivers else "",
            )
            for each in parts
        ]


def _payment(
    request: ApiRequest, order: bills_api.BillOrder, payment: payments.Payment, of: bills_api.Biller
) -> BillPaymentGiven:
    refusal = None if payment.refusal is None else error_body(payment.refusal, request.language)["error"]
    return BillPaymentGiven(
        id=order.id,
        biller_id=of.id,
        biller=of.name(request.language),
        state=payment.state.value,
        words=payments.step_words(payment.timeline[-1], request.language),
        parts=_parts(order.parts, request.language),
        amount=MoneyGiven.of(order.amount),
        fee=MoneyGiven.of(payment.fee),
        reference=payment.reference,
        biller_reference=order.biller_reference,
        refusal_code=None if refusal is None else refusal["code"],
        refusal=None if refusal is None else refusal["message"],
        made_at=order.made_at,
        ended_at=order.ended_at,
    )

"""What ``payments`` offers at the management API: preview, one payment, many at once, and their timelines."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency
from raseed.platform.api import error_body
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_TEXT, Given, Id, MoneyGiven, MoneyTaken, Taken, text, whole
from raseed.platform.rest.routes import Resource

from .. import api as payments_api
from .rest_orders import RefusalGiven, orders
from .rest_standing import standing

payments = Resource("Payments", "Payments of the key's holder: previewed, sent once, each with its timeline.")
SEE_OWN = "people.self.view"
PAY = "people.self.pay"
VIEW = "payments.view"
BULK_COST = 20
State = Literal["accepted", "held", "sent", "unknown", "referred", "settled", "returned", "refused"]
_PLACE = "^[1-9][0-9]{0,17}$"
_EXAMPLE_ID = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"
_EXAMPLE: Mapping[str, Any] = {
    "from_account_id": _EXAMPLE_ID,
    "to": {"kind": "phone", "value": "+201001234567"},
    "amount": {"amount_minor": "12550", "currency": "EGP"},
}


class Recipient(Taken):
    """Whom to pay: a phone number (E.164), an IBAN or an account number; without an institution the payer's own comes first."""

    kind: Literal["phone", "iban", "number"]
    value: Annotated[str, text(60, example="+201001234567")]
    institution_id: Id | None = None


class Intent(Taken):
    """A payment that is thought of."""

    from_account_id: Id
    to: Recipient
    amount: MoneyTaken


class NewPayment(Intent):
    """A payment to be sent; ``note`` goes with it to the recipient."""

    note: Annotated[str, text(payments_api.NOTE_LENGTH_MAX, least=0, example="rent for March")] = ""


class PaymentOfMany(NewPayment):
    """One of many payments."""

    id: Id


class ManyPayments(Taken):
    """Payments, each under an id of its own."""

    payments: Annotated[list[PaymentOfMany], Field(min_length=1, max_length=payments_api.BATCH_MAX)]


class RecipientGiven(Given):
    """The recipient as the payer named it; for a bill the value is the id of its order."""

    kind: Literal["phone", "iban", "number", "bill"]
    value: str
    institution_id: UUID | None


class PreviewGiven(Given):
    """What the payer is shown before confirming; the recipient's name is masked."""

    from_account_id: UUID
    to: RecipientGiven
    recipient_name: str
    recipient_institution_id: UUID
    recipient_institution: str
    amount: MoneyGiven
    fee: MoneyGiven
    total: MoneyGiven


class StepGiven(Given):
    """One step of a payment's timeline, in words too."""

    at: datetime
    state: State
    words: str


class ResultGiven(Given):
    """What became of a payment. A refusal is an answer, not an error: nothing moved, and the id stays used.

    What goes outside is `held`, `sent` and then `settled` or `returned`; `unknown` and `referred` are neither: the money stays
    held until it is known. `refusal` says why, if it was refused or returned.
    """

    id: UUID
    state: State
    refusal: RefusalGiven | None
    reference: str
    fee: MoneyGiven


class PaymentGiven(ResultGiven):
    """A payment with its timeline; ``counterparty`` is who is on the other side, as the key's holder may read it."""

    from_account_id: UUID
    to: RecipientGiven
    counterparty: str
    amount: MoneyGiven
    note: str
    instructed_at: datetime
    booked_on: date
    timeline: list[StepGiven]


class PaymentList(Given):
    """Payments, newest first; ``next`` asks for those that follow, as ``after``; null: there are none."""

    payments: list[PaymentGiven]
    next: str | None


class ResultList(Given):
    """A result for each payment, in the order in which they came."""

    results: list[ResultGiven]


class PageAsked(Taken):
    """A page of payments."""

    after: Annotated[str | None, Field(pattern=_PLACE), WithJsonSchema({"type": "string", "pattern": _PLACE})] = None
    limit: Annotated[int, whole(1, payments_api.PAYMENTS_PER_PAGE), FROM_TEXT] = payments_api.PAYMENTS_PER_PAGE


@payments.post("/payments/preview", own=PAY, answer=PreviewGiven, refuses=(404, 409, 422), example=_EXAMPLE)
def preview_payment(request: ApiRequest, intent: Intent) -> PreviewGiven:
    """Say what a payment would be: the recipient's masked name and institution, the fee. Nothing is changed.

    What would be refused is refused here, as far as it can be told beforehand.
    """
    _check_here(request.caller, [intent.from_account_id])
    shown = payments_api.preview(
        actor_customer_id=_payer(request.caller), from_account_id=intent.from_account_id, to=_alias(intent.to),
        amount=_money(intent.amount), language=request.language,
    )  # fmt: skip
    return PreviewGiven(
        from_account_id=shown.from_account.id,
        to=_recipient(shown.to),
        recipient_name=shown.recipient_name,
        recipient_institution_id=shown.recipient_institution_id,
        recipient_institution=shown.recipient_institution,
        amount=MoneyGiven.of(shown.amount),
        fee=MoneyGiven.of(shown.fee),
        total=MoneyGiven.of(shown.total),
    )


@payments.post(
    "/payments/bulk", own=PAY, answer=ResultList, refuses=(404, 409, 422), cost=BULK_COST,
    example={"payments": [{"id": _EXAMPLE_ID, **_EXAMPLE, "note": "salary"}]},
)  # fmt: skip
def send_payments(request: ApiRequest, many: ManyPayments) -> ResultList:
    """Send up to 8,190 payments in one call, with a result for each.

    Each settles or is refused by itself, in order; the whole may be sent again, like a single payment. What can't be read as
    a payment at all (an IBAN that is none, an account that is not the payer's) refuses the call, and nothing of it is sent.
    """
    here = _accounts_here(request.caller, {each.from_account_id for each in many.payments})
    payer = _payer(request.caller)
    instructions = []
    for place, each in enumerate(many.payments):
        with _named_by_place(place):
            instructions.append(payments_api.checked(_instruction(payer, each, here)))
    sent = payments_api.send_many(instructions)
    return ResultList(results=[ResultGiven(**_result(each, request.language)) for each in sent])


@payments.put(
    "/payments/{payment_id}", own=PAY, answer=PaymentGiven, refuses=(409, 422),
    example={**_EXAMPLE, "note": "rent for March"}, links={"payment": ("show_payment", "payment_id")},
)  # fmt: skip
def send_payment(request: ApiRequest, payment_id: Path[Id], new: NewPayment) -> PaymentGiven:
    """Send a payment under an id that you have made and kept; the answer says whether it settled or was refused.

    What goes outside is `held` at first: ask for it again, or take the events. The same id with the same content answers the same, however often, and nothing is paid twice; with other content it is
    refused (409). After an answer that did not come, send it again.
    """
    _check_here(request.caller, [new.from_account_id])
    sent = payments_api.send(
        id=payment_id, actor_customer_id=_payer(request.caller), from_account_id=new.from_account_id,
        to=_alias(new.to), amount=_money(new.amount), note=new.note,
    )  # fmt: skip
    return _payments(request, [sent])[0]


@payments.get("/payments", own=SEE_OWN, answer=PaymentList)
def list_payments(request: ApiRequest, page: Query[PageAsked]) -> PaymentList:
    """List the payments that the key's holder sent from accounts here, newest first; a page may have fewer than `limit`."""
    before = None if page.after is None else banking.Cursor.parse(page.after)
    found = payments_api.payments_of(_payer(request.caller), before=before, limit=page.limit)
    here = _accounts_here(request.caller, {each.from_account_id for each in found.payments})
    seen = [each for each in found.payments if each.from_account_id in here]
    return PaymentList(payments=_payments(request, seen), next=None if found.next is None else found.next.text())


@payments.get("/customers/{customer_id}/payments", permission=VIEW, answer=PaymentList)
def list_customers_payments(request: ApiRequest, customer_id: Path[Id], page: Query[PageAsked]) -> PaymentList:
    """List the payments that left or reached a customer's accounts at the key's institution, newest first."""
    before = None if page.after is None else banking.Cursor.parse(page.after)
    found = payments_api.payments_about(
        by=request.caller.author, customer_id=customer_id, before=before, limit=page.limit
    )
    seen = _payments(request, found.payments, customer_id)
    return PaymentList(payments=seen, next=None if found.next is None else found.next.text())


@payments.get("/payments/{payment_id}", own=SEE_OWN, answer=PaymentGiven)
def show_payment(request: ApiRequest, payment_id: Path[Id]) -> PaymentGiven:
    """Show a payment that the key's holder sent, or that has reached them."""
    found = payments_api.payment(payment_id, _payer(request.caller))
    ends = {id_ for id_ in (found.from_account_id, found.to_account_id) if id_}
    if not _accounts_here(request.caller, ends):
        raise payments_api.PaymentUnknown(field="payment_id")
    return _payments(request, [found])[0]


def _payer(caller: Caller) -> UUID:
    assert caller.customer_id is not None, "only customers' keys come here"
    return caller.customer_id


def _check_here(caller: Caller, account_ids: Iterable[UUID]) -> None:
    """Refuse accounts that are not kept at the key's institution."""
    wanted = set(account_ids)
    if _accounts_here(caller, wanted) != wanted:
        raise banking.AccountUnknown(field="from_account_id")


def _accounts_here(caller: Caller, account_ids: Iterable[UUID]) -> set[UUID]:
    found = banking.accounts(account_ids, with_aliases=False).values()
    return {each.id for each in found if each.institution_id == caller.institution_id}


def _instruction(payer: UUID, new: PaymentOfMany, here: Container[UUID]) -> payments_api.Instruction:
    if new.from_account_id not in here:
        raise banking.AccountUnknown(field="from_account_id")
    return payments_api.Instruction(
        id=new.id, actor_customer_id=payer, from_account_id=new.from_account_id, to=_alias(new.to),
        amount=_money(new.amount), note=new.note,
    )  # fmt: skip


@contextmanager
def _named_by_place(place: int) -> Iterator[None]:
    """Let what refuses one of many payments say which it is."""
    try:
        yield
    except RaseedError as error:
        value = {"to": "to.value"}.get(error.field or "", error.field)
        error.field = f"payments[{place}]" if value is None else f"payments[{place}].{value}"
        raise


def _alias(to: Recipient) -> banking.Alias:
    return banking.Alias(banking.AliasKind(to.kind), to.value, to.institution_id)


def _money(amount: MoneyTaken) -> Money:
    return Money(amount.amount_minor, currency(amount.currency))


def _recipient(to: banking.Alias) -> RecipientGiven:
    return RecipientGiven(kind=to.kind.value, value=to.value, institution_id=to.institution_id)


def _payments(
    request: ApiRequest, found: Sequence[payments_api.Payment], customer_id: UUID | None = None
) -> list[PaymentGiven]:
    """Return payments as a customer reads them: the key's holder, if nobody is named."""
    reader = customer_id or _payer(request.caller)
    names = payments_api.counterparties(found, customer_id=reader, language=request.language)
    return [
        PaymentGiven(
            **_result(each, request.language),
            from_account_id=each.from_account_id,
            to=_recipient(each.to),
            counterparty=names[each.id],
            amount=MoneyGiven.of(each.amount),
            note=each.note,
            instructed_at=each.instructed_at,
            booked_on=each.booked_on,
            timeline=[
                StepGiven(at=step.at, state=step.state.value, words=payments_api.step_words(step, request.language))
                for step in each.timeline
            ],
        )
        for each in found
    ]


def _result(payment: payments_api.Payment, language: str) -> dict[str, Any]:
    refusal = payment.refusal
    return {
        "id": payment.id,
        "state": payment.state.value,
        "refusal": None if refusal is None else _refusal(refusal, language),
        "reference": payment.reference,
        "fee": MoneyGiven.of(payment.fee),
    }


def _refusal(error: RaseedError, language: str) -> RefusalGiven:
    return RefusalGiven(**error_body(error, language)["error"])


resources = (payments, orders, standing)

"""Sending money: a form, a confirmation with the recipient's masked name, a receipt.

The payment's id is made when the form is first shown and travels in a hidden field through all of it. Tapping twice,
loading the confirmation again, or sending it once more after a lost answer names the same payment, and ``payments``
answers with what happened the first time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import InvalidAmount, Money, parse_amount
from raseed.kernel.text import UnacceptableText, ascii_digits, clean_text
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.accounts import ShownAccount, accounts_of
from raseed.web.receipts import proof_of, receipt_of, to_shown
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

from .bill_payment import bill_payment

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 200
"""Characters of one entered value that are looked at."""
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}\Z")
BY_PHONE: Final = "phone"
BY_ACCOUNT: Final = "account"
TO_OWN: Final = "own"
"""To another account of the customer's own, which is chosen from a list."""
_NAMED_BY: Final = (banking.AliasKind.IBAN, banking.AliasKind.NUMBER, banking.AliasKind.PHONE)
"""By which of its numbers an own account is named, the first that it has."""
_FIELD_OF_ERROR: Final[tuple[tuple[type[RaseedError], str], ...]] = (
    (people.InvalidPhone, "to"),
    (banking.InvalidAlias, "to"),
    (banking.InvalidIban, "to"),
    (payments.RecipientUnknown, "to"),
    (payments.RecipientBlocked, "to"),
    (payments.RecipientClosed, "to"),
    (payments.SelfTransfer, "to"),
    (payments.SwitchNotConnected, "to"),
    (payments.AmountNotPositive, "amount"),
    (payments.NotEnoughMoney, "amount"),
    (InvalidAmount, "amount"),
    (banking.LimitPerTransfer, "amount"),
    (banking.LimitPerDay, "amount"),
    (UnacceptableText, "note"),
    (banking.AccountUnknown, "from"),
    (banking.AccountBlocked, "from"),
    (banking.AccountClosed, "from"),
    (banking.AccountDormant, "from"),
    (banking.NotForPayments, "from"),
    (banking.MoreThanOwed, "amount"),
)


_NAMES: Final = ("id", "from", "by", "to", "own", "amount", "note")


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form, as typed."""

    id: str
    from_account: str = ""
    by: str = BY_PHONE
    to: str = ""
    own: str = ""
    amount: str = ""
    note: str = ""

    @classmethod
    def of(cls, post: QueryDict) -> Entered:
        """Read a sent form."""
        text = {name: post.get(name, "")[:ENTERED_MAX] for name in _NAMES}
        by = text["by"] if text["by"] in (BY_ACCOUNT, TO_OWN) else BY_PHONE
        return cls(text["id"] or str(new_id()), text["from"], by, text["to"], text["own"], text["amount"], text["note"])


@dataclass(frozen=True, slots=True)
class Order:
    """What stands in the form, understood."""

    id: UUID
    source: ShownAccount
    to: banking.Alias
    amount: Money
    note: str


def field_of(error: RaseedError) -> str:
    """Return the field of the form beside which an error is said; empty for the form as a whole."""
    return next((field for kind, field in _FIELD_OF_ERROR if isinstance(error, kind)), "")


def alias_of(by: str, text: str, region: str) -> banking.Alias:
    """Return the recipient that was typed: a phone number, or an account's number or IBAN.

    Raises:
        InvalidPhone, InvalidIban, InvalidAlias: it is not one.
    """
    if by == BY_PHONE:
        return banking.Alias(banking.AliasKind.PHONE, people.normal_phone(text, region))
    plain = ascii_digits("".join(text.split())).upper()
    kind = banking.AliasKind.IBAN if _IBAN.match(plain) else banking.AliasKind.NUMBER
    return banking.normal_alias(banking.Alias(kind, plain))


def own_alias(account_id: str, accounts: list[ShownAccount]) -> banking.Alias:
    """Return how an account of the customer's own is named, at the institution that keeps it.

    Raises:
        AccountUnknown: none was chosen, or it is none of theirs.
    """
    chosen = next((one.account for one in accounts if str(one.id) == account_id), None)
    for kind in _NAMED_BY:
        value = chosen.alias(kind) if chosen is not None else None
        if chosen is not None and value is not None:
            return banking.Alias(kind, value, chosen.institution_id)
    raise banking.AccountUnknown(field="to")


def understand(entered: Entered, accounts: list[ShownAccount]) -> tuple[Order | None, dict[str, RaseedError]]:
    """Return the order, or every reason why it is none, by field."""
    errors: dict[str, RaseedError] = {}
    source = next((account for account in accounts if str(account.id) == entered.from_account), None)
    if source is None:
        return None, {"from": banking.AccountUnknown(field="from")}
    payment_id = to = amount = None
    note = ""
    try:
        payment_id = parse_id(entered.id)
    except InvalidId as error:
        errors[""] = error
    try:
        if entered.by == TO_OWN:
            to = own_alias(entered.own, accounts)
        else:
            to = alias_of(entered.by, entered.to, source.institution.default_region)
    except RaseedError as error:
        errors["to"] = error
    try:
        amount = parse_amount(entered.amount, source.account.currency, field="amount")
    except InvalidAmount as error:
        errors["amount"] = error
    try:
        if entered.note.strip():
            note = clean_text(entered.note, field="note", length_max=payments.NOTE_LENGTH_MAX)
    except UnacceptableText as error:
        errors["note"] = error
    if payment_id is None or to is None or amount is None or errors:
        return None, errors
    return Order(payment_id, source, to, amount, note), {}


def _form(
    request: CustomerRequest,
    entered: Entered,
    accounts: list[ShownAccount],
    errors: dict[str, RaseedError] | None = None,
    *,
    sent: payments.Payment | None = None,
) -> HttpResponse:
    said = {field or "form": words(request, error) for field, error in (errors or {}).items()}
    paying = [one for one in accounts if one.is_open and not one.is_loan]
    chosen = entered.from_account or next((str(one.id) for one in paying if str(one.id) != entered.own), "")
    return render(
        request,
        "web/send.html",
        status=400 if said else 200,
        tab="send",
        entered=entered,
        chosen=chosen,
        accounts=paying,
        own_accounts=[one for one in accounts if one.receives] if len(accounts) > 1 else [],
        unit=next((request.reader.unit(a.account.currency) for a in accounts if str(a.id) == chosen), ""),
        note_length_max=payments.NOTE_LENGTH_MAX,
        errors=said,
        sent=sent,
    )


def _begun(request: CustomerRequest) -> Entered:
    """Return the empty form; links may say which account it is from, or to which of one's own."""
    source, own = (request.GET.get(name, "")[:ENTERED_MAX] for name in ("from", "own"))
    return Entered(str(new_id()), source, TO_OWN if own else BY_PHONE, own=own)


def _already_sent(request: CustomerRequest, payment_id: UUID) -> payments.Payment | None:
    try:
        return payments.payment(payment_id, request.customer.id)
    except payments.PaymentUnknown:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def send_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the form; when it is sent, show what would be paid to whom, and ask."""
    accounts = accounts_of(request.customer, request.reader)
    if request.method != "POST":
        return _form(request, _begun(request), accounts)
    entered = Entered.of(request.POST)
    order, errors = understand(entered, accounts)
    if order is None:
        return _form(request, entered, accounts, errors)
    sent = _already_sent(request, order.id)
    if sent is not None:
        return _form(request, Entered(str(new_id()), entered.from_account), accounts, sent=sent)
    try:
        preview = payments.preview(
            actor_customer_id=request.customer.id,
            from_account_id=order.source.id,
            to=order.to,
            amount=order.amount,
            language=request.reader.language,
        )
    except RaseedError as error:
        return _form(request, entered, accounts, {field_of(error): error})
    return render(
        request,
        "web/send_confirm.html",
        tab="send",
        entered=entered,
        order=order,
        preview=preview,
        to_shown=to_shown(order.to),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def send_edit(request: CustomerRequest) -> HttpResponseBase:
    """Go back from the confirmation to the form, with everything that was entered still there."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("send"), status=303)
    return _form(request, Entered.of(request.POST), accounts_of(request.customer, request.reader))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def send_confirmed(request: CustomerRequest) -> HttpResponseBase:
    """Send the money, and show the receipt; the same confirmation sent again shows the same receipt."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("send"), status=303)
    entered = Entered.of(request.POST)
    accounts = accounts_of(request.customer, request.reader)
    order, errors = understand(entered, accounts)
    if order is None:
        return _form(request, entered, accounts, errors)
    try:
        payment = payments.send(
            id=order.id,
            actor_customer_id=request.customer.id,
            from_account_id=order.source.id,
            to=order.to,
            amount=order.amount,
            note=order.note,
        )
    except RaseedError as error:
        return _form(request, entered, accounts, {field_of(error): error})
    return HttpResponseRedirect(reverse("receipt", args=[payment.id]), status=303)


@require_safe
@signed_in
def receipt(request: CustomerRequest, payment_id: UUID) -> HttpResponseBase:
    """Show what became of a payment, step by step."""
    payment = payments.payment(payment_id, request.customer.id)
    if payment.to.kind is banking.AliasKind.BILL and (page := bill_payment(request, payment)) is not None:
        return page
    return render(
        request,
        "web/receipt.html",
        tab="send",
        receipt=receipt_of(payment, request.customer, request.reader),
        proof=proof_of(payment, request),
        payment=payment,
        to_shown=to_shown(payment.to),
    )

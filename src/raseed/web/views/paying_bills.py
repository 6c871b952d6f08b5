"""Paying a biller: its fields, the bills found or an amount, what it costs, and a confirmation that is carried out once.

The id of the order, which is also the payment's, is made when the confirmation is shown and travels in it: tapped twice,
loaded again or sent once more after a lost answer, it leads to the same payment.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import InvalidAmount, Money, parse_amount
from raseed.payments import api as payments
from raseed.platform.api import ErrorText, error_status
from raseed.web.accounts import ShownAccount, accounts_of, shown
from raseed.web.bills import (
    ShownBill,
    ShownBiller,
    accounts_for,
    named_values,
    shown_billers,
    shown_bills,
    shown_fields,
    shown_parts,
)
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 300
"""Characters of one entered value that are looked at."""
FIELD: Final = "field-"
"""What the names of a biller's inputs begin with, so that none is taken for one of ours."""
_AT_AMOUNT: Final = (
    bills.AmountNeeded,
    bills.ExactAmountNeeded,
    bills.LessThanMinimum,
    bills.MoreThanBill,
    InvalidAmount,
)
_AT_ACCOUNT: Final = (
    payments.NotEnoughMoney,
    banking.LimitPerTransfer,
    banking.LimitPerDay,
    banking.AccountUnknown,
    banking.AccountBlocked,
    banking.AccountClosed,
    banking.AccountDormant,
    banking.NotForPayments,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be paid to whom: bills with an amount each, or an amount for what was typed."""

    biller: ShownBiller
    values: dict[str, str]
    bills: tuple[tuple[ShownBill, Money], ...] = ()
    amount: Money | None = None

    @property
    def pairs(self) -> list[tuple[UUID, Money]]:
        """The bills, as ``bills`` takes them."""
        return [(each.bill.id, money) for each, money in self.bills]

    @property
    def alone(self) -> ShownBill | None:
        """The bill, where it is one by itself."""
        return self.bills[0][0] if len(self.bills) == 1 else None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a confirmation carries beside what is to be paid."""

    id: str = ""
    account: str = ""
    total: str = ""
    typed_amount: str = ""
    errors: dict[str, ErrorText] = field(default_factory=dict)
    changed: bool = False
    status: int = 200


def place_of(error: RaseedError) -> str:
    """Return the field beside which an error is said; ``form`` for the page as a whole."""
    if isinstance(error, _AT_AMOUNT):
        return "amount"
    if isinstance(error, _AT_ACCOUNT):
        return "from"
    if isinstance(error, bills.NotTheBillersCustomer):
        return "number"
    return error.field if error.field and error.field.startswith("fields.") else "form"


def _said(request: CustomerRequest, error: RaseedError | None) -> dict[str, ErrorText]:
    return {} if error is None else {place_of(error): words(request, error)}


@require_safe
@signed_in
def catalogue_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the billers that can be paid, by category, those of all the banks where the customer has an account."""
    accounts = accounts_of(request.customer, request.reader)
    houses = list(dict.fromkeys(one.account.institution_id for one in accounts if one.is_open))
    language = request.reader.language
    by_category: dict[bills.Category, list[bills.Biller]] = {}
    for house in houses:
        for section in bills.catalogue(house, language):
            by_category.setdefault(section.category, []).extend(section.billers)
    told = shown_billers([one for billers in by_category.values() for one in billers], request.reader)
    sections = [
        (each.value, gettext(bills.CATEGORY_WORDS[each]), [told[one.id] for one in by_category[each]])
        for each in bills.Category
        if each in by_category
    ]
    return render(
        request,
        "web/billers.html",
        tab="bills",
        sections=sections,
        several_houses=len({one.institution_name for one in told.values()}) > 1,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def biller_page(request: CustomerRequest, biller_id: UUID) -> HttpResponseBase:
    """Ask for what the biller asks for; then find the bills, or show what paying would cost, and carry it out."""
    (biller,) = shown_billers([bills.biller(biller_id)], request.reader).values()
    if request.method != "POST":
        return _form(request, biller, _saved(request, biller_id))
    if "change" in request.POST:
        return _form(request, biller, _typed(request.POST), request.POST.get("amount", "")[:ENTERED_MAX])
    typed, amount_text = _typed(request.POST), request.POST.get("amount", "")[:ENTERED_MAX]
    try:
        if biller.biller.model is bills.BillerModel.FETCH:
            return _found(request, biller, typed)
        amount = parse_amount(amount_text, biller.biller.currency, field="amount")
    except RaseedError as error:
        return _form(request, biller, typed, amount_text, error)
    sent = _sent(request.POST)
    wanted = Wanted(biller, typed, amount=amount)
    try:
        return _carry_out(request, wanted, sent) if sent.id else _confirmation(request, wanted, sent)
    except RaseedError as error:
        return _form(request, biller, typed, amount_text, error)


def _saved(request: CustomerRequest, biller_id: UUID) -> dict[str, str]:
    """Return what was saved for a biller, where a saved one leads here."""
    with suppress(InvalidId, bills.SavedBillerUnknown):
        saved = bills.saved_biller(parse_id(request.GET.get("saved", "")[:ENTERED_MAX]), request.customer.id)
        return dict(saved.values) if saved.biller_id == biller_id else {}
    return {}


def _typed(entered: QueryDict) -> dict[str, str]:
    return {name.removeprefix(FIELD): entered.get(name, "")[:ENTERED_MAX] for name in entered if name.startswith(FIELD)}


def _form(
    request: CustomerRequest,
    biller: ShownBiller,
    typed: dict[str, str],
    amount: str = "",
    error: RaseedError | None = None,
    *,
    nothing_waits: bool = False,
) -> HttpResponse:
    errors = _said(request, error)
    return render(
        request,
        "web/biller.html",
        status=400 if error else 200,
        tab="bills",
        biller=biller,
        fields=shown_fields(biller.biller, typed, errors, request.reader),
        fetches=biller.biller.model is bills.BillerModel.FETCH,
        amount=amount,
        unit=request.reader.unit(biller.biller.currency),
        errors=errors,
        nothing_waits=nothing_waits,
    )


def _found(request: CustomerRequest, biller: ShownBiller, typed: dict[str, str]) -> HttpResponseBase:
    """Ask the biller; one bill leads to its confirmation, several to the list of them."""
    looked_up = bills.fetch_bills(biller_id=biller.id, fields=typed, customer_id=request.customer.id)
    payable = [each for each in looked_up.bills if each.owed.amount_minor and not _ended(each)]
    if not payable:
        return _form(request, biller, typed, nothing_waits=True)
    if len(payable) == 1:
        return HttpResponseRedirect(f"{reverse('bills-pay')}?bill={payable[0].id}", status=303)
    return HttpResponseRedirect(reverse("bills-choose", args=[payable[0].id]), status=303)


def _ended(bill: bills.Bill) -> bool:
    return bill.state not in (bills.BillState.OPEN, bills.BillState.PARTLY_PAID)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def pay_page(request: CustomerRequest) -> HttpResponseBase:
    """Show what paying the chosen bills costs, and carry it out when it is confirmed."""
    entered = request.POST if request.method == "POST" else request.GET
    ids = [parse_id(text) for text in dict.fromkeys(entered.getlist("bill")[: bills.BILLS_MAX + 1])]
    if not ids:
        return HttpResponseRedirect(reverse("bills"), status=303)
    chosen = shown_bills([bills.bill(id_, request.customer.id) for id_ in ids], request.reader)
    if len({each.bill.biller_id for each in chosen}) > 1:
        raise bills.WrongBills(field="bills")
    sent, biller = _sent(entered), chosen[0].biller
    values = bills.values_of(biller.biller.fields, chosen[0].bill.reference)
    wanted = Wanted(biller, values, tuple((each, each.bill.owed) for each in chosen))
    try:
        if sent.typed_amount.strip() and len(chosen) == 1:
            amount = parse_amount(sent.typed_amount, biller.biller.currency, field="amount")
            wanted = Wanted(biller, values, ((chosen[0], amount),))
        return _carry_out(request, wanted, sent) if request.method == "POST" else _confirmation(request, wanted, sent)
    except RaseedError as error:
        errors = _said(request, error)
        shown = Sent(typed_amount=sent.typed_amount, errors=errors, status=error_status(error))
        return _page(request, wanted, shown, None)


def _sent(entered: QueryDict) -> Sent:
    id_, account, total, amount = (entered.get(name, "")[:ENTERED_MAX] for name in ("id", "from", "total", "amount"))
    return Sent(id_, account, total, amount)


def _confirmation(request: CustomerRequest, wanted: Wanted, sent: Sent) -> HttpResponse:
    """Show what would be paid, from which account, at what cost.

    Raises:
        What ``bills.quote`` raises.
    """
    accounts = accounts_for(wanted.biller.biller, accounts_of(request.customer, request.reader))
    chosen = next((one for one in accounts if str(one.id) == sent.account), accounts[0] if accounts else None)
    quote = bills.quote(
        biller_id=wanted.biller.id,
        customer_id=request.customer.id,
        fields=wanted.values,
        bills=wanted.pairs,
        amount=wanted.amount,
        from_account_id=chosen.id if chosen else None,
    )
    return _page(request, wanted, sent, quote, accounts, chosen)


def _page(
    request: CustomerRequest,
    wanted: Wanted,
    sent: Sent,
    quote: bills.Quote | None,
    accounts: list[ShownAccount] | None = None,
    chosen: ShownAccount | None = None,
) -> HttpResponse:
    biller = wanted.biller
    values = named_values(biller.biller, wanted.values, request.reader)
    keeps_credit = wanted.alone is not None and bills.keeps_credit(biller.id, biller.today)
    single = wanted.alone if wanted.alone is not None and (wanted.alone.in_parts or keeps_credit) else None
    return render(
        request,
        "web/bills_pay.html",
        status=sent.status,
        tab="bills",
        biller=biller,
        wanted=wanted,
        single=single,
        keeps_credit=keeps_credit,
        disputable=wanted.alone if wanted.alone is not None and not wanted.alone.bill.held.amount_minor else None,
        values=values,
        hidden=[(f"{FIELD}{code}", value) for code, value in wanted.values.items()] if not wanted.bills else [],
        parts=shown_parts(quote.parts, {each.bill.id: each.bill for each, _ in wanted.bills}) if quote else [],
        quote=quote,
        total=quote.total.decimal_text() if quote else "",
        accounts=accounts or [],
        chosen=chosen,
        id=sent.id or str(new_id()),
        typed_amount=sent.typed_amount,
        unit=request.reader.unit(biller.biller.currency),
        errors=sent.errors,
        changed=sent.changed,
    )


def _carry_out(request: CustomerRequest, wanted: Wanted, sent: Sent) -> HttpResponseBase:
    """Pay what was confirmed, once; whatever speaks against it is said on the confirmation, with all that was chosen.

    Raises:
        What ``bills.quote`` raises where not even the confirmation can be shown again.
    """
    order_id = parse_id(sent.id)
    if (there := _there(order_id, request.customer.id)) is not None:
        return there
    try:
        account = shown(accounts_of(request.customer, request.reader), _account_id(sent.account))
        order = bills.order(
            id=order_id,
            customer_id=request.customer.id,
            biller_id=wanted.biller.id,
            fields=wanted.values,
            bills=wanted.pairs,
            amount=wanted.amount,
        )
        seen = payments.preview(
            actor_customer_id=request.customer.id,
            from_account_id=account.id,
            to=bills.alias_of(order.id),
            amount=order.amount,
            language=request.reader.language,
        )
        if (order.amount + seen.fee).decimal_text() != sent.total:
            again = Sent(account=sent.account, typed_amount=sent.typed_amount, changed=True, status=409)
            return _confirmation(request, wanted, again)
        bills.pay(order_id=order.id, customer_id=request.customer.id, from_account_id=account.id)
    except bills.BillOrderOutdated:
        return _confirmation(
            request, wanted, Sent(account=sent.account, typed_amount=sent.typed_amount, changed=True, status=409)
        )
    except RaseedError as error:
        if (there := _there(order_id, request.customer.id)) is not None:
            return there
        if place_of(error) not in ("from", "form"):
            raise
        status, errors = error_status(error), _said(request, error)
        again = Sent(sent.id, sent.account, "", sent.typed_amount, errors, status=status)
        return _confirmation(request, wanted, again)
    return HttpResponseRedirect(reverse("receipt", args=[order_id]), status=303)


def _there(order_id: UUID, customer_id: UUID) -> HttpResponseBase | None:
    """Return the way to the payment under this id, if it was sent already."""
    with suppress(payments.PaymentUnknown):
        return HttpResponseRedirect(reverse("receipt", args=[payments.payment(order_id, customer_id).id]), status=303)
    return None


def _account_id(text: str) -> UUID:
    try:
        return parse_id(text)
    except InvalidId:
        raise banking.AccountUnknown(field="from") from None

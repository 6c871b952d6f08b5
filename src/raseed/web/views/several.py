"""Bills of several billers paid at once: chosen, confirmed biller by biller, and each told of by itself.

An order's id is made for each biller's part when the confirmation is shown and travels in it, so a repeat pays nothing
twice. One that can't be paid hides none of the others.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.web.accounts import ShownAccount, accounts_of
from raseed.web.bills import ShownBill, accounts_for, shown_bills, sum_of, waiting
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

    from raseed.platform.api import ErrorText

SEPARATOR: Final = "."
"""Between an order's id and the first bill of its part, in the address of the results."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one biller is paid for one number: an order of its own.

    ``total`` is what leaves the account; without it ``error`` says why nothing can be paid. ``purse`` names the accounts that
    can pay it.
    """

    bills: tuple[ShownBill, ...]
    order_id: str
    total: Money | None
    fee: Money | None = None
    error: ErrorText | None = None

    @property
    def first(self) -> ShownBill:
        """Its first bill, by which the form names it."""
        return self.bills[0]

    @property
    def purse(self) -> str:
        """The bank and the currency in which it is paid."""
        of = self.first.biller.biller
        return f"{of.institution_id}-{of.currency.code}"


@dataclass(frozen=True, slots=True)
class Purse:
    """The accounts that can pay what is owed at a bank in a currency, how much that is, and the fee in it."""

    key: str
    institution_name: str
    accounts: tuple[ShownAccount, ...]
    chosen: ShownAccount | None
    total: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class Paid:
    """What became of one biller's part."""

    first: ShownBill
    payment: payments.Payment | None
    error: ErrorText | None

    @property
    def amount(self) -> Money:
        """What was paid, or would have been."""
        return self.payment.amount + self.payment.fee if self.payment else self.first.bill.owed

    @property
    def settled(self) -> bool:
        """Whether the biller has it."""
        return self.payment is not None and self.payment.state is payments.PaymentState.SETTLED

    @property
    def under_way(self) -> bool:
        """Whether it is on its way."""
        return self.payment is not None and self.payment.is_open


@require_safe
@signed_in
def several_page(request: CustomerRequest) -> HttpResponseBase:
    """Show all bills that wait, to be ticked; then what paying those that were costs, biller by biller."""
    if "bill" in request.GET:
        return _confirmation(request, _chosen(request, request.GET), request.GET)
    return render(request, "web/bills_several.html", tab="bills", waiting=waiting(request.customer.id, request.reader))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def several_paid(request: CustomerRequest) -> HttpResponseBase:
    """Pay each biller's part once, and lead to what became of them; a changed sum is shown again before any is paid."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("bills-several"), status=303)
    groups = _chosen(request, request.POST)
    if not groups:
        return HttpResponseRedirect(reverse("bills-several"), status=303)
    ids = [_order_id(request.POST, group) for group in groups]
    portions = _portions(request, groups, request.POST)
    new = [each for each in portions if _payment(UUID(each.order_id), request.customer.id) is None]
    changed = [each for each in new if each.total and each.total.decimal_text() != _said(request.POST, "total", each)]
    if len(new) == len(portions) and changed:
        return _confirmation(request, groups, request.POST, changed=True)
    for each in new:
        if each not in changed:
            _pay(request, each)
    ends = "&".join(f"paid={id_}{SEPARATOR}{group[0].bill.id}" for id_, group in zip(ids, groups, strict=True))
    return HttpResponseRedirect(f"{reverse('bills-several-done')}?{ends}", status=303)


@require_safe
@signed_in
def several_done(request: CustomerRequest) -> HttpResponseBase:
    """Say what became of each biller's part: one line each, with the way to its receipt or the reason why not."""
    asked = [_pair(text) for text in request.GET.getlist("paid")[: bills.BILLS_MAX]]
    if not asked:
        return HttpResponseRedirect(reverse("bills"), status=303)
    found = shown_bills([bills.bill(bill_id, request.customer.id) for _, bill_id in asked], request.reader)
    results = [_became(request, order_id, first) for (order_id, _), first in zip(asked, found, strict=True)]
    return render(
        request,
        "web/bills_several_done.html",
        tab="bills",
        results=results,
        under_way=any(each.under_way for each in results),
        failed=[each for each in results if not each.settled and not each.under_way],
    )


def _chosen(request: CustomerRequest, entered: QueryDict) -> list[list[ShownBill]]:
    """Return the ticked bills, in groups of one biller and one number."""
    ids = [parse_id(text) for text in dict.fromkeys(entered.getlist("bill"))]
    if len(ids) > bills.BILLS_MAX:
        raise bills.WrongBills(field="bills")
    groups: dict[tuple[UUID, str], list[ShownBill]] = {}
    for each in shown_bills([bills.bill(id_, request.customer.id) for id_ in ids], request.reader):
        groups.setdefault((each.bill.biller_id, each.bill.reference), []).append(each)
    return list(groups.values())


def _said(entered: QueryDict, name: str, portion: Portion) -> str:
    return entered.get(f"{name}-{portion.first.bill.id}", "")[:100]


def _order_id(entered: QueryDict, group: Sequence[ShownBill]) -> UUID:
    return parse_id(entered.get(f"id-{group[0].bill.id}", ""), field="id")


def _account_id(entered: QueryDict, purse: str) -> UUID | None:
    with suppress(InvalidId):
        return parse_id(entered.get(f"from-{purse}", ""))
    return None


def _portions(request: CustomerRequest, groups: Sequence[list[ShownBill]], entered: QueryDict) -> list[Portion]:
    """Return what each biller would get, or why nothing."""
    found = []
    for group in groups:
        order_id = entered.get(f"id-{group[0].bill.id}", "") or str(new_id())
        empty = Portion(tuple(group), order_id, None)
        try:
            quote = bills.quote(
                biller_id=group[0].biller.id,
                customer_id=request.customer.id,
                fields=bills.values_of(group[0].biller.biller.fields, group[0].bill.reference),
                bills=[(each.bill.id, each.bill.owed) for each in group],
                from_account_id=_payer(request, entered, empty),
            )
        except RaseedError as error:
            found.append(Portion(tuple(group), order_id, None, None, words(request, error)))
        else:
            found.append(Portion(tuple(group), order_id, quote.total, quote.fee))
    return found


def _payer(request: CustomerRequest, entered: QueryDict, portion: Portion) -> UUID | None:
    """Return the account that was chosen for a part, or the first that can pay it; ``None``: there is none."""
    accounts = accounts_for(portion.first.biller.biller, accounts_of(request.customer, request.reader))
    wanted = _account_id(entered, portion.purse)
    chosen = next((one for one in accounts if one.id == wanted), accounts[0] if accounts else None)
    return chosen.id if chosen else None


def _confirmation(
    request: CustomerRequest, groups: Sequence[list[ShownBill]], entered: QueryDict, *, changed: bool = False
) -> HttpResponse:
    portions = _portions(request, groups, entered)
    accounts = accounts_of(request.customer, request.reader)
    purses: dict[str, Purse] = {}
    for key in dict.fromkeys(each.purse for each in portions if each.total):
        owed = [each for each in portions if each.purse == key and each.total]
        could = accounts_for(owed[0].first.biller.biller, accounts)
        wanted = _account_id(entered, key)
        chosen = next((one for one in could if one.id == wanted), could[0] if could else None)
        total = sum_of([each.total for each in owed if each.total])
        fee = sum_of([each.fee for each in owed if each.fee])
        purses[key] = Purse(key, owed[0].first.biller.institution_name, tuple(could), chosen, total, fee)
    payable = [each for each in portions if each.total and purses[each.purse].accounts]
    return render(
        request,
        "web/bills_several_pay.html",
        status=409 if changed else 200,
        tab="bills",
        portions=portions,
        purses=list(purses.values()),
        payable=payable,
        changed=changed,
    )


def _pay(request: CustomerRequest, portion: Portion) -> None:
    """Pay one part; what speaks against it is told with the results, and keeps none of the others."""
    first = portion.first
    account_id = _account_id(request.POST, portion.purse)
    if portion.total is None or account_id is None:
        return
    with suppress(RaseedError):
        mine = {one.id for one in accounts_for(first.biller.biller, accounts_of(request.customer, request.reader))}
        if account_id not in mine:
            raise banking.AccountUnknown(field="from")
        order = bills.order(
            id=UUID(portion.order_id),
            customer_id=request.customer.id,
            biller_id=first.biller.id,
            fields=bills.values_of(first.biller.biller.fields, first.bill.reference),
            bills=[(each.bill.id, each.bill.owed) for each in portion.bills],
            amount=portion.total - portion.fee if portion.fee else portion.total,
        )
        bills.pay(order_id=order.id, customer_id=request.customer.id, from_account_id=account_id)


def _payment(order_id: UUID, customer_id: UUID) -> payments.Payment | None:
    with suppress(payments.PaymentUnknown):
        return payments.payment(order_id, customer_id)
    return None


def _pair(text: str) -> tuple[UUID, UUID]:
    order_id, _, bill_id = text.partition(SEPARATOR)
    return parse_id(order_id, field="paid"), parse_id(bill_id, field="paid")


def _became(request: CustomerRequest, order_id: UUID, first: ShownBill) -> Paid:
    payment = _payment(order_id, request.customer.id)
    if payment is not None:
        return Paid(first, payment, words(request, payment.refusal) if payment.refusal else None)
    try:
        bills.quote(
            biller_id=first.biller.id,
            customer_id=request.customer.id,
            fields=bills.values_of(first.biller.biller.fields, first.bill.reference),
            bills=[(first.bill.id, first.bill.owed)],
        )
    except RaseedError as error:
        return Paid(first, None, words(request, error))
    return Paid(first, None, None)

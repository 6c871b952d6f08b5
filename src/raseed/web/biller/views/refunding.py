"""Giving money back: a form, a confirmation that shows it once more, and the refund, whose id travels with both."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import new_id, parse_id
from raseed.kernel.money import Money, parse_amount
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only
from raseed.web.rendering import words

from .payment import shown_refunds

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import QueryDict
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 1_000
FIELDS: Final = ("amount", "reason", "bill")
REOPENS: Final = {"reopen": True, "stays": False}


class BillChoiceMissing(InputError):
    """Neither of the two things that may become of the bill was chosen."""

    code = "refund_choice_missing"
    sentence = mark("Say what becomes of the bill.")
    hint = mark("Choose one of the two.")


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form, as typed."""

    id: str
    amount: str = ""
    reason: str = ""
    bill: str = ""

    @classmethod
    def of(cls, sent: QueryDict) -> Entered:
        """Read a sent form."""
        return cls(**{name: sent.get(name, "")[:ENTERED_MAX] for name in cls.__slots__})


def understood(entered: Entered, of: bills.Collection) -> tuple[Money, bool]:
    """Return the amount, and whether the bill can be paid again.

    Raises:
        RefundAmountNeeded, RefundTooMuch, InvalidAmount, UnacceptableText, BillChoiceMissing: what is wrong, with its field.
    """
    money = of.amount.currency
    if not entered.amount.strip():
        raise bills.RefundAmountNeeded(field="amount")
    amount = parse_amount(entered.amount, money, field="amount")
    if amount.amount_minor <= 0:
        raise bills.RefundAmountNeeded(field="amount")
    if of.refundable < amount:
        left = of.refundable
        raise bills.RefundTooMuch(field="amount", amount=left.decimal_text(), currency=money.code)
    if of.bills and entered.bill not in REOPENS:
        raise BillChoiceMissing(field="bill")
    people.clean_reason(entered.reason)
    return amount, REOPENS.get(entered.bill, True)


@require_http_methods(["GET", "HEAD", "POST"])
@clerk_only(weighty=True)
def refund(request: ClerkRequest, payment_id: UUID) -> HttpResponseBase:
    """Ask how much and why, show it once more, and give it back."""
    found = bills.collection(request.biller.id, payment_id)
    if not request.clerk.may_refund:
        raise bills.RefundNotDelegated
    if request.method != "POST":
        return _form(request, found, Entered(str(new_id()), _most(request.clerk, found).decimal_text()))
    entered, step = Entered.of(request.POST), request.POST.get("step", "")
    try:
        id_ = parse_id(entered.id)
        if step == "send":
            # What was sent before is answered as it was, though less is left to give back now.
            bills.refund(
                id=id_, order_id=found.id, amount=parse_amount(entered.amount, found.amount.currency, field="amount"),
                reason=entered.reason, clerk=request.clerk, reopens=REOPENS.get(entered.bill, True),
            )  # fmt: skip
            return HttpResponseRedirect(reverse("portal:payment", args=[found.id]) + "?done=1", status=303)
        if step == "change":
            return _form(request, found, entered)
        amount, reopens = understood(entered, found)
    except RaseedError as error:
        fresh = replace(entered, id=str(new_id())) if isinstance(error, bills.RefundDiffers) else entered
        return _form(request, found, fresh, error)
    return render(
        request, "refund_confirm.html", tab="search", one=found, entered=entered, amount=amount, reopens=reopens,
        hidden=asdict(entered).items(),
    )  # fmt: skip


@require_safe
@clerk_only()
def refund_list(request: ClerkRequest) -> HttpResponseBase:
    """List what was given back of late, the latest first."""
    found = bills.refunds_of_biller(request.biller.id)
    return render(request, "refunds.html", tab="refunds", refunds=shown_refunds(found, request.reader.language))


def _most(clerk: bills.Clerk, of: bills.Collection) -> Money:
    assert clerk.refund_most is not None, "asked only where refunds are delegated"
    return min(clerk.refund_most, of.refundable, key=lambda money: money.amount_minor)


def _form(
    request: ClerkRequest, of: bills.Collection, entered: Entered, error: RaseedError | None = None
) -> HttpResponseBase:
    beside = error.field if error is not None and error.field in FIELDS else "form"
    return render(
        request,
        "refund.html",
        status=error_status(error) if error else 200,
        tab="search",
        one=of,
        entered=entered,
        reason=entered.reason,
        most=request.clerk.refund_most,
        most_day=request.clerk.refund_most_day,
        unit=request.reader.unit(of.amount.currency),
        errors={beside: words(request, error)} if error else {},
    )

"""What was paid to a biller as staff of the bank see it: refunds, the biller's signed yes, and refunding it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.web.biller.views.payment import proof_file
from raseed.web.biller.views.refunding import FIELDS, Entered, understood
from raseed.web.bills import named_values, shown_parts
from raseed.web.office.forms import said, status_of
from raseed.web.office.naming import names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "bills.view"
REFUND: Final = "bills.refund"


def _found(request: StaffRequest, payment_id: UUID, permission: str) -> tuple[bills.Collection, bills.Biller]:
    """Return a paid order where the reader may see it.

    Raises:
        BillOrderUnknown: there is none. NotPermitted: it is another institution's.
    """
    order = bills.orders_by_id([payment_id]).get(payment_id)
    if order is None:
        raise bills.BillOrderUnknown(field="payment_id")
    request.rights.require(permission, order.institution_id)
    return bills.collection(order.biller_id, payment_id), bills.biller(order.biller_id)


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Show what was paid to a biller, what went back, and that the biller's signed yes is kept."""
    found, biller = _found(request, payment_id, VIEW)
    names = names_of([each.actor for each in found.refunds], request)
    return render(
        request,
        "office/billed.html",
        tab="billers",
        one=found,
        biller_name=biller.name(request.reader.language),
        values=named_values(biller, dict(found.values), request.reader),
        parts=shown_parts(found.parts, dict(found.bills)),
        refunds=[(each, names[each.actor]) for each in found.refunds],
        yes=bills.signed_yes(biller.id, payment_id),
        may_refund=request.rights.may(REFUND, biller.institution_id) and found.refundable.amount_minor > 0,
        done="done" in request.GET,
    )


@require_safe
@staff_only(VIEW)
def proof(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Hand out the biller's signed answer as a file, for disputes."""
    found, biller = _found(request, payment_id, VIEW)
    return proof_file(found, biller)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(REFUND, weighty=True)
def refund(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Give money back; what one person does not give alone becomes a proposal."""
    found, biller = _found(request, payment_id, REFUND)
    error: RaseedError | None = None
    entered = Entered.of(request.POST) if request.method == "POST" else Entered(str(new_id()))
    if request.method == "POST":
        try:
            return _given(request, found, entered)
        except RaseedError as refused:
            error = refused
    return render(
        request,
        "office/billed_refund.html",
        status=status_of(error),
        tab="billers",
        one=found,
        biller_name=biller.name(request.reader.language),
        entered=entered,
        reason=entered.reason,
        unit=request.reader.unit(found.amount.currency),
        errors=said(request, error, FIELDS),
    )


def _given(request: StaffRequest, found: bills.Collection, entered: Entered) -> HttpResponseBase:
    id_ = parse_id(entered.id)
    if any(each.id == id_ for each in found.refunds):  # sent twice
        return HttpResponseRedirect(reverse("office:billed", args=[found.id]) + "?done=1", status=303)
    amount, reopens = understood(entered, found)
    try:
        bills.refund(
            id=id_, order_id=found.id, amount=amount, reason=entered.reason, by=request.author, reopens=reopens
        )
    except bills.RefundNeedsSecondPerson:
        change = bills.propose_refund(
            id=id_, order_id=found.id, amount=amount, reason=entered.reason, by=request.author, reopens=reopens
        )
        return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    return HttpResponseRedirect(reverse("office:billed", args=[found.id]) + "?done=1", status=303)

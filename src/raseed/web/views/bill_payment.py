"""What became of a payment to a biller: its timeline, which reads itself again while it is on its way, and its receipt."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from raseed.bills import api as bills
from raseed.payments import api as payments
from raseed.web.bills import named_values, shown_billers, shown_parts, sum_of
from raseed.web.receipts import proof_of, receipt_of
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

PAUSES_S: Final = (1, 2, 3, 5, 8, 13, 20, 30)
"""Seconds before the page looks again by itself, the first time, the second, …; then it leaves it to the reader."""
UNDER_WAY: Final = frozenset({payments.PaymentState.HELD, payments.PaymentState.SENT})


def bill_payment(request: CustomerRequest, payment: payments.Payment) -> HttpResponse | None:
    """Show a payment to a biller to whoever made it; ``None`` where it is none, or they did not."""
    if payment.actor_customer_id != request.customer.id:
        return None
    order = bills.orders_by_id([payment.id]).get(payment.id)
    if order is None:
        return None
    (biller,) = shown_billers([bills.biller(order.biller_id)], request.reader).values()
    looks = _looks(request)
    refunds = bills.refunds_of_orders([order.id]).get(order.id, ())
    return render(
        request,
        "web/parts/bill_payment.html" if request.htmx else "web/bill_payment.html",
        tab="bills",
        payment=payment,
        order=order,
        biller=biller,
        receipt=receipt_of(payment, request.customer, request.reader),
        proof=proof_of(payment, request),
        values=named_values(biller.biller, dict(order.values), request.reader),
        parts=shown_parts(order.parts, _bills(order, request.customer.id)),
        bill_ids=order.bill_ids,
        refunds=refunds,
        refunded=sum_of([each.amount for each in refunds]) if refunds else None,
        ended_at=payment.timeline[-1].at,
        under_way=payment.state in UNDER_WAY,
        finding_out=payment.state in (payments.PaymentState.UNKNOWN, payments.PaymentState.REFERRED),
        pause=PAUSES_S[looks] if looks < len(PAUSES_S) else None,
        looks=looks + 1,
        may_withdraw=payment.state is payments.PaymentState.HELD,
        too_late="late" in request.GET,
        next_time=payment.state not in (payments.PaymentState.REFUSED, payments.PaymentState.RETURNED),
        fetches=biller.biller.model is bills.BillerModel.FETCH,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def withdrawn(request: CustomerRequest, payment_id: UUID) -> HttpResponseBase:
    """Take back a payment that is held and has not left; its receipt says what came of it."""
    late = ""
    if request.method == "POST":
        try:
            payments.withdraw_payment(payment_id=payment_id, actor_customer_id=request.customer.id)
        except payments.OnItsWay:
            late = "?late=1"
    return HttpResponseRedirect(reverse("receipt", args=[payment_id]) + late, status=303)


def _looks(request: CustomerRequest) -> int:
    """Return how often the page has looked again by itself."""
    text = request.GET.get("looks", "")[:3]
    return int(text) if text.isascii() and text.isdigit() else 0


def _bills(order: bills.BillOrder, customer_id: UUID) -> dict[UUID, bills.Bill]:
    found = {}
    for id_ in order.bill_ids:
        with suppress(bills.BillUnknown):
            found[id_] = bills.bill(id_, customer_id)
    return found

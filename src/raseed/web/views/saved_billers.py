"""Saved billers on a customer's pages: naming one, renaming and removing it; and the days on which bills are reminded of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.platform.api import error_status
from raseed.web.bills import named_values, shown_billers
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 200


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def save_page(request: CustomerRequest, order_id: UUID) -> HttpResponseBase:
    """Ask for a name for the biller of a payment, with what was typed for it; save it."""
    order = bills.bill_order(order_id, request.customer.id)
    nickname, error = request.POST.get("nickname", "")[:ENTERED_MAX], None
    if request.method == "POST":
        try:
            bills.save_biller(
                id=parse_id(request.POST.get("id", "")[:ENTERED_MAX]),
                customer_id=request.customer.id,
                biller_id=order.biller_id,
                fields=order.values,
                nickname=nickname,
            )
        except RaseedError as refusal:
            error = refusal
        else:
            return HttpResponseRedirect(f"{reverse('bills')}?done=saved", status=303)
    return _form(request, order.biller_id, dict(order.values), reverse("saved-new", args=[order_id]), nickname, error)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def saved_page(request: CustomerRequest, saved_id: UUID) -> HttpResponseBase:
    """Rename a saved biller, or remove it."""
    if request.method == "POST" and "remove" in request.POST:
        bills.remove_saved_biller(saved_id=saved_id, customer_id=request.customer.id)
        return HttpResponseRedirect(f"{reverse('bills')}?done=removed", status=303)
    saved = bills.saved_biller(saved_id, request.customer.id)
    nickname, error = saved.nickname, None
    if request.method == "POST":
        nickname = request.POST.get("nickname", "")[:ENTERED_MAX]
        try:
            bills.rename_saved_biller(saved_id=saved_id, customer_id=request.customer.id, nickname=nickname)
        except RaseedError as refusal:
            error = refusal
        else:
            return HttpResponseRedirect(f"{reverse('bills')}?done=saved", status=303)
    place = reverse("saved", args=[saved_id])
    return _form(request, saved.biller_id, dict(saved.values), place, nickname, error, there=True)


def _form(
    request: CustomerRequest,
    biller_id: UUID,
    values: dict[str, str],
    place: str,
    nickname: str,
    error: RaseedError | None,
    *,
    there: bool = False,
) -> HttpResponse:
    (biller,) = shown_billers([bills.biller(biller_id)], request.reader).values()
    return render(
        request,
        "web/saved_biller.html",
        status=error_status(error) if error else 200,
        tab="bills",
        biller=biller,
        values=named_values(biller.biller, values, request.reader),
        place=place,
        nickname=nickname,
        nickname_max=bills.NICKNAME_LENGTH_MAX,
        id=request.POST.get("id", "")[:ENTERED_MAX] or str(new_id()),
        there=there,
        error=words(request, error) if error else None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reminders_page(request: CustomerRequest) -> HttpResponseBase:
    """Show on which days before the due date bills are reminded of by text; keep another choice."""
    if request.method == "POST":
        offered = {str(days): days for days in bills.REMINDER_DAYS}
        ticked = [offered[text] for text in request.POST.getlist("days") if text in offered]
        bills.set_reminder_days(customer_id=request.customer.id, days=ticked)
        return HttpResponseRedirect(f"{reverse('reminders')}?done=saved", status=303)
    return render(
        request,
        "web/reminders.html",
        tab="bills",
        offered=bills.REMINDER_DAYS,
        chosen=bills.reminder_days(request.customer.id),
        done=request.GET.get("done", "")[:10],
    )

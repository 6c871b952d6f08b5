"""The Pay tab: bills that wait, what is due when, what was paid; and the billers' pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, mark
from raseed.kernel.text import ascii_digits
from raseed.web.assets import FOREVER
from raseed.web.bills import ShownBill, ShownBiller, beside, shown_billers, shown_bills, sum_of, together, waiting
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from raseed.kernel.money import Money

_MONTH: Final = re.compile(r"(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])\Z")
DISPUTES_SHOWN_FOR: Final = timedelta(days=30)
"""How long the tab shows what became of an objection."""
PICTURE_POLICY: Final = "default-src 'none'; style-src 'none'; sandbox"
"""A picture opened by itself runs nothing and loads nothing."""


class InvalidMonth(InputError):
    """The month in the address is none."""

    code = "invalid_month"
    sentence = mark("This is not a month.")
    hint = mark("Begin again from this month.")


@dataclass(frozen=True, slots=True)
class ShownDispute:
    """A bill that its customer said is wrong, and how that stands."""

    dispute: bills.Dispute
    biller: ShownBiller
    words: str


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """What was paid to a biller, or is on its way."""

    order: bills.BillOrder
    biller: ShownBiller
    refunded: Money | None = None

    @property
    def paid(self) -> bool:
        """Whether the biller has it."""
        return self.order.state is bills.OrderState.PAID

    @property
    def returned(self) -> bool:
        """Whether the money came back."""
        return self.order.state is bills.OrderState.RETURNED


@require_safe
@signed_in
def bills_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the bills that wait, due first; each is paid in two taps. Then what was paid of late."""
    found = waiting(request.customer.id, request.reader)
    return render(
        request,
        "web/bills.html",
        tab="bills",
        waiting=found,
        together=together(found),
        overdue=sum(each.overdue for each in found),
        paid=_orders(request, limit=3),
        disputed=_disputed(request),
        saved=_saved(request),
        several=len({each.bill.id for each in found}) > 1,
        autopays=len(bills.autopays(request.customer.id)),
        done=request.GET.get("done", "")[:10],
    )


@dataclass(frozen=True, slots=True)
class ShownSaved:
    """A saved biller: ``values`` are what its form sends."""

    saved: bills.Saved
    biller: ShownBiller

    @property
    def values(self) -> list[tuple[str, str]]:
        """What is typed for it, by field."""
        return list(self.saved.values.items())

    @property
    def fetches(self) -> bool:
        """Whether one tap finds its bills; else its amount is typed first."""
        return self.biller.biller.model is bills.BillerModel.FETCH


def _saved(request: CustomerRequest) -> list[ShownSaved]:
    found = bills.saved_billers(request.customer.id)
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), request.reader)
    return [ShownSaved(each, billers[each.biller_id]) for each in found]


@require_safe
@signed_in
def history_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the bills that were paid or are on their way, newest first; each leads to its receipt."""
    return render(request, "web/bills_paid.html", tab="bills", paid=_orders(request, limit=50))


def _orders(request: CustomerRequest, *, limit: int) -> list[ShownOrder]:
    found = bills.bill_orders(request.customer.id, limit=limit)
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), request.reader)
    refunds = bills.refunds_of_orders([each.id for each in found])
    return [
        ShownOrder(
            each,
            billers[each.biller_id],
            sum_of([back.amount for back in refunds[each.id]]) if each.id in refunds else None,
        )
        for each in found
    ]


def _disputed(request: CustomerRequest) -> list[ShownDispute]:
    """Return what the customer objected to of late."""
    since = SYSTEM_CLOCK.now() - DISPUTES_SHOWN_FOR
    found = [each for each in bills.disputes_of(request.customer.id) if (each.ended_at or since) >= since]
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), request.reader)
    return [
        ShownDispute(each, billers[each.biller_id], gettext(bills.DISPUTE_STATE_WORDS[each.state])) for each in found
    ]


@require_safe
@signed_in
def choose_page(request: CustomerRequest, bill_id: UUID) -> HttpResponseBase:
    """Show all that waits of a bill's number, to be ticked and paid at once."""
    (asked,) = shown_bills([bills.bill(bill_id, request.customer.id)], request.reader)
    found = beside(asked, request.customer.id, request.reader)
    values = bills.values_of(asked.biller.biller.fields, asked.bill.reference)
    return render(
        request,
        "web/bills_choose.html",
        tab="bills",
        biller=asked.biller,
        reference=asked.bill.reference,
        customer_name=asked.bill.customer_name,
        waiting=found,
        total=sum_of([each.bill.owed for each in found]) if found else None,
        values=list(values.items()),
    )


@require_safe
@signed_in
def calendar_page(request: CustomerRequest) -> HttpResponseBase:
    """Show what is due in a month, day by day; with this month, what is overdue and what has no day."""
    found = waiting(request.customer.id, request.reader)
    today = found[0].biller.today if found else SYSTEM_CLOCK.now().date()
    this = today.replace(day=1)
    first = _month(request.GET["month"]) if "month" in request.GET else this
    following = (first + timedelta(days=32)).replace(day=1)
    days: dict[date, list[ShownBill]] = defaultdict(list)
    for each in found:
        if each.bill.pay_by is not None and first <= each.bill.pay_by < following:
            days[each.bill.pay_by].append(each)
    due: list[Money] = [each.bill.owed for day in days.values() for each in day]
    return render(
        request,
        "web/bills_calendar.html",
        tab="bills",
        first=first,
        country=found[0].biller.country if found else "",
        before=(first - timedelta(days=1)).replace(day=1),
        following=following,
        is_this=first == this,
        days=sorted(days.items()),
        today=today,
        totals=[sum_of([each for each in due if each.currency == one]) for one in {each.currency for each in due}],
        overdue=[each for each in found if each.overdue and not first <= (each.bill.pay_by or first) < following]
        if first == this
        else [],
        dayless=[each for each in found if each.bill.pay_by is None] if first == this else [],
    )


def _month(text: str) -> date:
    found = _MONTH.match(ascii_digits(text[:20]))
    if found is None:
        raise InvalidMonth(field="month")
    return date(int(found["year"]), int(found["month"]), 1)


@require_safe
def biller_logo(request: HttpRequest, biller_id: UUID, version: str) -> HttpResponse:
    """Answer with a biller's picture; the address changes with the picture, so it may be kept."""
    del request
    picture = bills.logo(biller_id)
    response = HttpResponse(picture.data, content_type=picture.kind)
    response["Cache-Control"] = FOREVER if picture.digest.startswith(version) else "public, max-age=60"
    response["Content-Security-Policy"] = PICTURE_POLICY
    return response

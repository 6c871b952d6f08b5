"""The biller's bills: how many wait, are overdue, are disputed; and the list of each, due first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import mark
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only

if TYPE_CHECKING:
    from datetime import date

    from django.http.response import HttpResponseBase

PER_PAGE: Final = 50
SHOWS: Final = {"open": mark("To be paid"), "overdue": mark("Overdue"), "disputed": mark("Disputed")}


@require_safe
@clerk_only()
def bill_list(request: ClerkRequest) -> HttpResponseBase:
    """Show the bills that wait, the overdue ones, or the disputed ones."""
    chosen = request.GET.get("show", "open")
    chosen = chosen if chosen in SHOWS else "open"
    biller_id = request.biller.id
    today = bills.today_of(biller_id, SYSTEM_CLOCK.now())
    counts = bills.bill_counts(biller_id, today=today)
    page = bills.bills_waiting(
        biller_id,
        disputed=chosen == "disputed",
        overdue_on=today if chosen == "overdue" else None,
        after=request.GET.get("after") or None,
        limit=PER_PAGE,
    )
    return render(
        request,
        "bills.html",
        tab="bills",
        chosen=chosen,
        shows=[(name, gettext(text), getattr(counts, name)) for name, text in SHOWS.items()],
        bills=[(each, _is_late(each, today), gettext(bills.BILL_STATE_WORDS[each.state])) for each in page.bills],
        next=page.next,
    )


def _is_late(bill: bills.Bill, today: date) -> bool:
    """Whether a bill is late by its biller's own day, as the list counts it, whatever its customer was granted; the list holds what waits."""
    return bill.due_on is not None and bill.due_on < today and bill.state is not bills.BillState.DISPUTED

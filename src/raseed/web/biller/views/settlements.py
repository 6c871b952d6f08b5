"""What a biller was paid day by day, as the bank has closed it, with the files of each day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.bills import api as bills
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only
from raseed.web.settlement_files import settlement_file

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase


@require_safe
@clerk_only()
def settlement_list(request: ClerkRequest) -> HttpResponseBase:
    """List the closed days, the latest first."""
    try:
        before = date.fromisoformat(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        before = None
    found = bills.settlements(request.biller.id, clerk=request.clerk, before=before)
    return render(
        request,
        "settlements.html",
        tab="settlements",
        settlements=[(each, gettext(bills.SETTLEMENT_STATE_WORDS[each.state])) for each in found],
        next=found[-1].day.isoformat() if len(found) >= bills.SETTLEMENTS_PER_PAGE else "",
    )


@require_safe
@clerk_only()
def file(request: ClerkRequest, settlement_id: UUID, form: str) -> HttpResponseBase:
    """Send a day's file, as CSV or as camt.054, to whom it is for; another biller's is not there."""
    found = bills.settlement(settlement_id)
    if found.biller_id != request.biller.id:
        raise bills.SettlementUnknown(field="settlement_id")
    return settlement_file(found, request.biller, form)

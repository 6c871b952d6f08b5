"""Disputing a bill: what is wrong with it in one's own words, how it stands, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import parse_id
from raseed.platform.api import error_status
from raseed.web.bills import shown_bills
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

REASON_MAX: Final = 600
"""Characters of what was written that are looked at."""
OUTCOME_WORDS: Final = {
    bills.DisputeState.OPEN: mark(
        "We are looking into this bill. Until then it can't be paid, and nothing is added to it."
    ),
    bills.DisputeState.CANCELLED: mark("You were right: the bill is cancelled. There is nothing to pay."),
    bills.DisputeState.LOWERED: mark("You were right: the bill was lowered. Only the new amount is to be paid."),
    bills.DisputeState.REJECTED: mark("The bill stays as it is. No penalty was added for the days we looked into it."),
    bills.DisputeState.WITHDRAWN: mark("You took your objection back. The bill is to be paid as before."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def dispute_page(request: CustomerRequest, bill_id: UUID) -> HttpResponseBase:
    """Ask what is wrong with a bill and take it down; show how that stands, and let it be taken back."""
    customer_id, error = request.customer.id, None
    bill = bills.bill(bill_id, customer_id)
    reason = request.POST.get("reason", "")[:REASON_MAX]
    if request.method == "POST":
        try:
            if "withdraw" in request.POST:
                bills.withdraw_dispute(parse_id(request.POST["withdraw"]), customer_id=customer_id)
            else:
                bills.dispute(bill_id=bill_id, customer_id=customer_id, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("bill-dispute", args=[bill_id]), status=303)
    found = bills.dispute_of(bill_id, customer_id)
    (shown,) = shown_bills([bill], request.reader)
    payable = bill.state in (bills.BillState.OPEN, bills.BillState.PARTLY_PAID)
    may_dispute = payable and (found is None or found.state is bills.DisputeState.WITHDRAWN)
    return render(
        request,
        "web/bill_dispute.html",
        status=200 if error is None else error_status(error),
        tab="bills",
        one=shown,
        state_words=gettext(bills.BILL_STATE_WORDS[bill.state]),
        dispute=found,
        outcome=gettext(OUTCOME_WORDS[found.state]) if found else "",
        is_open=found is not None and found.state is bills.DisputeState.OPEN,
        payable=payable,
        may_dispute=may_dispute,
        reason=reason,
        at_reason=error is not None and error.field == "reason",
        error=words(request, error) if error else None,
    )

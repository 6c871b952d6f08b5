"""Bills that customers dispute: those that wait, the oldest first, and the decision about one with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.money import Money, parse_amount
from raseed.web.office.forms import ENTERED_MAX, said, status_of
from raseed.web.office.naming import Named, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "bills.view"
DECIDE: Final = "bills.disputes.decide"
LOOKS: Final = {
    bills.DisputeState.OPEN: "warn",
    bills.DisputeState.CANCELLED: "good",
    bills.DisputeState.LOWERED: "good",
    bills.DisputeState.REJECTED: "bad",
}
OUTCOMES: Final = (
    (
        bills.DisputeState.REJECTED,
        mark("The bill is right"),
        mark("It is to be paid; the days of the dispute don't count for any penalty."),
    ),
    (bills.DisputeState.LOWERED, mark("It asks for too much"), mark("It asks for the amount below from now on.")),
    (bills.DisputeState.CANCELLED, mark("It is not owed"), mark("It is cancelled, also if the biller tells it again.")),
)


class DecisionMissing(InputError):
    """Nothing was chosen."""

    code = "decision_missing"
    sentence = mark("Choose what becomes of the bill.")
    hint = mark("Nothing is decided yet.")


@dataclass(frozen=True, slots=True)
class ShownDispute:
    """A dispute in words."""

    dispute: bills.Dispute
    biller: str
    bill: bills.Bill | None
    customer: Named
    state_words: str
    look: str


def shown_disputes(found: tuple[bills.Dispute, ...], request: StaffRequest) -> list[ShownDispute]:
    """Return disputes ready for a page, everything they name looked up at once."""
    billers = bills.billers({each.biller_id for each in found})
    known = bills.bills_by_id(each.bill_id for each in found)
    names = names_of({f"customer:{each.customer_id}" for each in found}, request)
    return [
        ShownDispute(
            each,
            billers[each.biller_id].name(request.reader.language),
            known.get(each.bill_id),
            names[f"customer:{each.customer_id}"],
            gettext(bills.DISPUTE_STATE_WORDS[each.state]),
            LOOKS.get(each.state, ""),
        )
        for each in found
    ]


@require_safe
@staff_only(VIEW)
def dispute_list(request: StaffRequest) -> HttpResponseBase:
    """List what customers dispute: what waits, the oldest first; or all, the latest first."""
    request.rights.require(VIEW)
    everything = "all" in request.GET
    page = bills.disputes(
        request.institution.id, by=request.author, only_open=not everything, before=request.GET.get("before") or None
    )
    return render(
        request,
        "office/disputes.html",
        tab="disputes",
        disputes=shown_disputes(page.disputes, request),
        everything=everything,
        next=page.next or "",
        done="decided" in request.GET,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW, weighty=True)
def one(request: StaffRequest, dispute_id: UUID) -> HttpResponseBase:
    """Show a dispute with what the customer wrote, and take the decision of whoever may decide."""
    found = bills.dispute_by_id(dispute_id)
    if not request.rights.may(VIEW, found.institution_id):
        raise bills.DisputeUnknown(field="dispute_id")
    error: RaseedError | None = None
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in ("outcome", "amount", "reason")}
    if request.method == "POST":
        try:
            _decide(request, found, entered)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:disputes") + "?decided=1", status=303)
    (shown,) = shown_disputes((found,), request)
    errors = dict(said(request, error, ("outcome", "amount", "reason", "lowered_to")))
    if "lowered_to" in errors:
        errors["amount"] = errors.pop("lowered_to")
    by = names_of({found.ended_by}, request)[found.ended_by] if found.ended_by else None
    return render(
        request,
        "office/dispute.html",
        status=status_of(error),
        tab="disputes",
        shown=shown,
        one=found,
        by=by,
        may_decide=found.state is bills.DisputeState.OPEN and request.rights.may(DECIDE, found.institution_id),
        outcomes=[(state.value, gettext(words), gettext(what)) for state, words, what in OUTCOMES],
        entered=entered,
        reason=entered["reason"],
        unit=request.reader.unit(found.amount.currency),
        errors=errors,
    )


def _decide(request: StaffRequest, found: bills.Dispute, entered: dict[str, str]) -> None:
    request.rights.require(DECIDE, found.institution_id)
    outcome = next((state for state, _, _ in OUTCOMES if state.value == entered["outcome"]), None)
    if outcome is None:
        raise DecisionMissing(field="outcome")
    lowered_to: Money | None = None
    if outcome is bills.DisputeState.LOWERED:
        lowered_to = parse_amount(entered["amount"], found.amount.currency, field="amount")
    bills.decide_dispute(found.id, outcome=outcome, note=entered["reason"], by=request.author, lowered_to=lowered_to)

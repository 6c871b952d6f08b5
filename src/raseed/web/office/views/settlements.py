"""Settlements as staff see them: what billers were paid day by day, the files of it, and where each is paid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind
from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, said, status_of
from raseed.web.office.naming import account_words
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.settlement_files import settlement_file

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "bills.settlement.view"
PROPOSE: Final = "bills.payout.propose"
WORK: Final = "bills.reconciliation.work"
LOOKS: Final = {
    bills.SettlementState.CLOSED: "warn",
    bills.SettlementState.PAID_OUT: "good",
    bills.SettlementState.CARRIED: "",
}


@dataclass(frozen=True, slots=True)
class ShownSettlement:
    """A settlement in words."""

    settlement: bills.Settlement
    biller: str
    state_words: str
    look: str


def biller_in(request: StaffRequest) -> UUID | None:
    """Return the biller that a list is asked for, if one is."""
    try:
        return parse_id(request.GET["biller"]) if request.GET.get("biller") else None
    except InvalidId:
        return None


def _shown(found: list[bills.Settlement], language: str) -> list[ShownSettlement]:
    known = bills.billers({each.biller_id for each in found})
    return [
        ShownSettlement(
            each,
            known[each.biller_id].name(language),
            gettext(bills.SETTLEMENT_STATE_WORDS[each.state]),
            LOOKS[each.state],
        )
        for each in found
    ]


@require_safe
@staff_only(VIEW)
def settlement_list(request: StaffRequest) -> HttpResponseBase:
    """List what the billers of this institution were paid, the latest day first."""
    request.rights.require(VIEW)
    biller_id = biller_in(request)
    try:
        before = date.fromisoformat(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        before = None
    found = bills.settlements_at(request.institution.id, by=request.author, biller_id=biller_id, before=before)
    return render(
        request,
        "office/settlements.html",
        tab="settlements",
        settlements=_shown(found, request.reader.language),
        biller_id=biller_id,
        may_work=request.rights.may(WORK),
        next=found[-1].day.isoformat() if len(found) >= bills.SETTLEMENTS_PER_PAGE else "",
    )


def settlement_for(request: StaffRequest, settlement_id: UUID) -> tuple[bills.Settlement, bills.Biller]:
    """Return a settlement that this person may see, and whose it is.

    Raises:
        SettlementUnknown: none, or not theirs to see.
    """
    found = bills.settlement(settlement_id)
    biller = bills.biller(found.biller_id)
    if not request.rights.may(VIEW, biller.institution_id):
        raise bills.SettlementUnknown(field="settlement_id")
    return found, biller


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, settlement_id: UUID) -> HttpResponseBase:
    """Show a settlement: its sums, what was brought and carried, where it went, and its files."""
    found, biller = settlement_for(request, settlement_id)
    house = people.institution(biller.institution_id)
    account_id = found.payout_account_id or bills.payout_account(biller.id)
    return render(
        request,
        "office/settlement.html",
        tab="settlements",
        settlement=found,
        biller=biller,
        name=biller.name(request.reader.language),
        state_words=gettext(bills.SETTLEMENT_STATE_WORDS[found.state]),
        look=LOOKS[found.state],
        payout_account=account_words(banking.account(account_id)) if account_id else "",
        reconciliations=bills.reconciliations_of(settlement_id),
        may_propose=request.rights.may(PROPOSE, biller.institution_id),
        may_work=request.rights.may(WORK, biller.institution_id),
        zone=house.zone,
        country=house.country,
    )


@require_safe
@staff_only(VIEW)
def file(request: StaffRequest, settlement_id: UUID, form: str) -> HttpResponseBase:
    """Send a settlement's file, as CSV or as camt.054, piece by piece."""
    found, biller = settlement_for(request, settlement_id)
    return settlement_file(found, biller, form)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def payout_account(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Propose to which account a biller is paid out; a second person confirms it among the changes."""
    biller = bills.biller(biller_id)
    request.rights.require(PROPOSE, biller.institution_id)
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX] for name in ("account", "reason", "id")}
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            change = bills.propose_payout_account(
                id=parse_id(entered["id"]),
                biller_id=biller_id,
                account_id=_account_id(entered["account"], biller),
                reason=entered["reason"],
                by=request.author,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    now = bills.payout_account(biller_id)
    return render(
        request,
        "office/payout_account.html",
        status=status_of(error),
        tab="settlements",
        biller=biller,
        name=biller.name(request.reader.language),
        now=account_words(banking.account(now)) if now else "",
        entered=entered,
        id=entered["id"] or new_id(),
        reason=entered["reason"],
        errors=said(request, error, ("account", "reason")),
    )


def _account_id(text: str, biller: bills.Biller) -> UUID:
    try:
        alias = banking.normal_alias(Alias(AliasKind.NUMBER, text.strip()), field="account")
    except RaseedError:
        raise bills.PayoutAccountUnfit(field="account") from None
    found = banking.find_by_alias(alias.kind, alias.value, biller.institution_id)
    if found is None:
        raise bills.PayoutAccountUnfit(field="account")
    return found.id

"""People who work for a biller: who they are, naming them and what they may refund (two people), ending it (one)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import Money, parse_amount
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import shown_changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import QueryDict
    from django.http.response import HttpResponseBase

    from raseed.kernel.money import Currency

VIEW: Final = "bills.view"
PROPOSE: Final = "bills.clerks.propose"
FIELDS: Final = ("login", "refund_most", "refund_most_day", "reason")
_FIELD_OF_ERROR: Final = {"staff_id": "login", "subject": "login"}


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form, as typed."""

    id: str
    login: str = ""
    refund_most: str = ""
    refund_most_day: str = ""
    reason: str = ""

    @classmethod
    def of(cls, sent: QueryDict) -> Entered:
        """Read a sent form."""
        return cls(**{name: sent.get(name, "").strip()[:ENTERED_MAX] for name in cls.__slots__})


@require_safe
@staff_only(VIEW)
def clerk_list(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """List who works for a biller, and what waits to be confirmed."""
    of = bills.biller(biller_id)
    request.rights.require(VIEW, of.institution_id)
    clerks = [(each, people.staff(each.id)) for each in bills.clerks_of(biller_id, by=request.author)]
    waiting = [
        each
        for each in people.changes(institution_id=of.institution_id, state=people.ChangeState.OPEN).changes
        if each.kind == "bills.clerk" and each.payload.get("biller_id") == str(biller_id)
    ]
    return render(
        request,
        "office/clerks.html",
        tab="billers",
        biller=of,
        biller_name=of.name(request.reader.language),
        clerks=[(each, one, name_in(one.names, request.reader.language)) for each, one in clerks],
        changes=shown_changes(waiting, request),
        may_propose=request.rights.may(PROPOSE, of.institution_id),
        done="done" in request.GET,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def name(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Propose that somebody works for a biller, or what they may refund; a second person confirms it."""
    of = bills.biller(biller_id)
    request.rights.require(PROPOSE, of.institution_id)
    error: RaseedError | None = None
    entered = Entered.of(request.POST) if request.method == "POST" else _as_it_is(request, of)
    if request.method == "POST":
        try:
            change = bills.propose_clerk(
                id=parse_id(entered.id),
                staff_id=people.staff_by_login(entered.login).id,
                biller_id=biller_id,
                refund_most=_amount(entered.refund_most, of.currency, "refund_most"),
                refund_most_day=_amount(entered.refund_most_day, of.currency, "refund_most_day"),
                reason=entered.reason,
                by=request.author,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    errors = said(request, error, (*FIELDS, *_FIELD_OF_ERROR))
    return render(
        request,
        "office/clerk_form.html",
        status=status_of(error),
        tab="billers",
        biller=of,
        biller_name=of.name(request.reader.language),
        entered=entered,
        reason=entered.reason,
        unit=request.reader.unit(of.currency),
        errors={_FIELD_OF_ERROR.get(field, field): text for field, text in errors.items()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def end(request: StaffRequest, biller_id: UUID, staff_id: UUID) -> HttpResponseBase:
    """Ask for the reason of ending what somebody does for a biller, and end it."""
    of = bills.biller(biller_id)
    request.rights.require(PROPOSE, of.institution_id)
    if all(each.biller_id != of.id for each in bills.clerk_of(staff_id)):
        raise bills.NotAClerk(field="staff_id")
    someone = people.staff(staff_id)
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            bills.end_clerk(staff_id=staff_id, biller_id=biller_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:clerks", args=[biller_id]) + "?done=1", status=303)
    return act_page(
        request,
        Act(
            gettext("No longer works for the biller"),
            gettext("From this instant they see nothing more there, also in windows that are open."),
            gettext("End it"),
            danger=True,
        ),
        back=reverse("office:clerks", args=[biller_id]),
        subject=f"{name_in(someone.names, request.reader.language)} · {of.name(request.reader.language)}",
        tab="billers",
        reason=reason,
        error=error,
    )


def _as_it_is(request: StaffRequest, of: bills.Biller) -> Entered:
    """Return an empty form, or that of a clerk who is named in the address, with what they may today."""
    blank = Entered(str(new_id()))
    try:
        staff_id = parse_id(request.GET.get("staff", ""))
    except InvalidId:
        return blank
    clerk = next((each for each in bills.clerk_of(staff_id) if each.biller_id == of.id), None)
    if clerk is None:
        return blank
    return Entered(blank.id, people.staff(staff_id).login, _typed(clerk.refund_most), _typed(clerk.refund_most_day))


def _typed(amount: Money | None) -> str:
    return amount.decimal_text() if amount else ""


def _amount(text: str, currency: Currency, field: str) -> Money | None:
    return parse_amount(text, currency, field=field) if text else None

"""Waivers of loans' late penalties: those in force and those proposed, a new one for a second person to confirm, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.banking.api import WaiverScope
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.text import ascii_digits
from raseed.web.days import needed_day
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.naming import names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .waivers import END, NUMBERS_LENGTH_MAX, NUMBERS_MAX, ShownWaiver, customers_of_numbers, lines_of, waiver_state

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "banking.accounts.view"
PROPOSE: Final = "banking.waivers.propose"
CONFIRM: Final = "banking.waivers.confirm"
_FIELDS: Final = ("biller", "whom", "numbers", "names_ar", "names_he", "names_en", "first_day", "last_day", "reason")
_PLACES: Final = {"names": "names_ar", "member_ids": "numbers", "product_id": "biller", "phone": "numbers"}
"""Under which field of the form a refusal is shown; the form is that of waivers of bills, its ``biller`` is a product here."""


class LoanNumberUnknown(InputError):
    """Some of the account numbers entered are no loans here; ``number`` is the first of them."""

    code = "loan_number_unknown"
    sentence = mark("No loan here has this account number: %(number)s")
    hint = mark("One number a line, as it stands on the loan's page.")


@require_safe
@staff_only(VIEW)
def waiver_list(request: StaffRequest) -> HttpResponseBase:
    """List the waivers of loans' penalties of this institution, the latest first."""
    request.rights.require(VIEW)
    here, reader = request.institution.id, request.reader
    found = banking.penalty_waivers(here, by=request.author)
    products = {one.id: one.name(reader.language) for one in banking.products_of(here)}
    names = names_of({each.made_by for each in found}, request)
    today = banking.business_date(here, SYSTEM_CLOCK.now())
    may_end = request.rights.may(CONFIRM)
    shown = []
    for each in found:
        words, look = waiver_state(each, today)
        ends = may_end and each.state is banking.WaiverState.ACTIVE and each.ended_on is None and today <= each.last_day
        whom = gettext(banking.SCOPE_WORDS[each.scope])
        shown.append(
            ShownWaiver(
                each,
                each.name(reader.language),
                f"{whom}: {reader.number(each.members)}" if each.members else whom,
                products[each.product_id] if each.product_id else gettext("All loans of the institution"),
                words,
                look,
                names[each.made_by],
                reverse("office:loan-waiver-end", args=[each.id]) if ends else "",
            )
        )
    return render(
        request,
        "office/waivers.html",
        tab="loan-waivers",
        title=gettext("Waivers of loans"),
        what=gettext("Days on which being late with an instalment costs nothing."),
        of_label=gettext("Loans"),
        new_url=reverse("office:loan-waiver-new"),
        waivers=shown,
        may_propose=request.rights.may(PROPOSE),
        may_changes=request.rights.may(PROPOSE) or may_end,
        done="ended" if "ended" in request.GET else "",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def new(request: StaffRequest) -> HttpResponseBase:
    """Propose a waiver: for whom, of which loans, over which days, and why."""
    request.rights.require(PROPOSE)
    here = request.institution.id
    today = banking.business_date(here, SYSTEM_CLOCK.now())
    entered = dict.fromkeys(_FIELDS, "") | {"whom": "some", "first_day": today.isoformat()}
    error, waiver_id = None, new_id()
    if request.method == "POST":
        entered = {
            name: request.POST.get(name, "")[: NUMBERS_LENGTH_MAX if name == "numbers" else ENTERED_MAX].strip()
            for name in _FIELDS
        }
        waiver_id = form_id(request)
        try:
            wanted = _wanted(request, waiver_id, entered)
            change = banking.propose_penalty_waiver(wanted, reason=entered["reason"], by=request.author)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    errors = {_PLACES.get(name, name): text for name, text in said(request, error, (*_FIELDS, *_PLACES)).items()}
    return render(
        request,
        "office/waiver_form.html",
        status=status_of(error),
        tab="loan-waivers",
        back=reverse("office:loan-waivers"),
        labels={
            "names": gettext("What customers see it called"),
            "of": gettext("Loans"),
            "all": gettext("All loans of the institution"),
            "numbers": gettext("Phone numbers, or account numbers of loans"),
            "loans": gettext("For some loans"),
        },
        choices=[
            (str(one.id), one.name(request.reader.language))
            for one in banking.products_of(here)
            if one.kind is banking.ProductKind.LOAN
        ],
        entered=entered,
        names=[("ar", entered["names_ar"]), ("he", entered["names_he"]), ("en", entered["names_en"])],
        reason=entered["reason"],
        most=NUMBERS_MAX,
        id=waiver_id,
        errors=errors,
    )


def _wanted(request: StaffRequest, waiver_id: UUID, entered: dict[str, str]) -> banking.NewPenaltyWaiver:
    try:
        product_id = parse_id(entered["biller"]) if entered["biller"] else None
    except InvalidId:
        raise banking.ProductNotOffered(field="product_id") from None
    members: list[UUID] = []
    scope = WaiverScope.CUSTOMERS
    if entered["whom"] == "everyone":
        scope = WaiverScope.EVERYONE
    elif entered["whom"] == "loans":
        scope, members = WaiverScope.LOANS, _loans(request, entered["numbers"])
    else:
        members = customers_of_numbers(request, entered["numbers"])
    return banking.NewPenaltyWaiver(
        id=waiver_id,
        institution_id=request.institution.id,
        names={language: entered[f"names_{language}"] for language in ("ar", "he", "en")},
        first_day=needed_day(entered["first_day"], field="first_day"),
        last_day=needed_day(entered["last_day"], field="last_day"),
        product_id=product_id,
        scope=scope,
        member_ids=members,
    )


def _loans(request: StaffRequest, text: str) -> list[UUID]:
    """Return the loans whose account numbers were entered, one a line."""
    found = []
    for line in lines_of(text):
        number = "".join(ascii_digits(line).split())
        account = banking.find_by_alias(banking.AliasKind.NUMBER, number, request.institution.id)
        if account is None or account.product.kind is not banking.ProductKind.LOAN:
            raise LoanNumberUnknown(field="numbers", number=line)
        found.append(account.id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CONFIRM, weighty=True)
def end(request: StaffRequest, waiver_id: UUID) -> HttpResponseBase:
    """Ask for the reason of ending a waiver early, and end it."""
    found = banking.penalty_waivers_by_id([waiver_id]).get(waiver_id)
    if found is None or not request.rights.may(CONFIRM, found.institution_id):
        raise banking.PenaltyWaiverUnknown(field="waiver_id")
    error, reason = None, request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            banking.end_penalty_waiver(waiver_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:loan-waivers") + "?ended=1", status=303)
    return act_page(
        request,
        Act(gettext(END.title), gettext(END.what), gettext(END.button), danger=END.danger),
        back=reverse("office:loan-waivers"),
        subject=found.name(request.reader.language),
        tab="loan-waivers",
        reason=reason,
        error=error,
    )

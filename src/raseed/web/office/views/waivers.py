"""Waivers of late penalties: those in force and those proposed, a new one for a second person to confirm, and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.people import api as people
from raseed.web.days import needed_day
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.naming import Named, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import STATE_LOOKS, STATE_WORDS

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "bills.view"
PROPOSE: Final = "bills.waivers.propose"
CONFIRM: Final = "bills.waivers.confirm"
NUMBERS_MAX: Final = 500
"""How many phone numbers the form takes; longer lists come over the interface for programs."""
NUMBERS_LENGTH_MAX: Final = 20_000
_FIELDS: Final = ("biller", "whom", "numbers", "names_ar", "names_he", "names_en", "first_day", "last_day", "reason")
_PLACES: Final = {"names": "names_ar", "customer_ids": "numbers", "biller_id": "biller", "phone": "numbers"}
END: Final = Act(
    mark("End the waiver early"),
    mark("From tomorrow on it covers nothing more; the days until today stay covered."),
    mark("End it"),
    danger=True,
)


class NumbersUnknown(InputError):
    """Some of the phone numbers entered are nobody's here; ``numbers`` names the first of them."""

    code = "numbers_unknown"
    sentence = mark("Nobody has this phone number: %(numbers)s")
    hint = mark("One number a line, at most %(most)s of them.")


@dataclass(frozen=True, slots=True)
class ShownWaiver:
    """A waiver in words."""

    waiver: bills.Waiver | banking.PenaltyWaiver
    name: str
    whom: str
    of: str
    state_words: str
    look: str
    made_by: Named
    end_url: str


@require_safe
@staff_only(VIEW)
def waiver_list(request: StaffRequest) -> HttpResponseBase:
    """List the waivers of this institution, the latest first."""
    request.rights.require(VIEW)
    found = bills.waivers(request.institution.id, by=request.author)
    known = bills.billers({each.biller_id for each in found if each.biller_id})
    names = names_of({each.made_by for each in found}, request)
    today = banking.business_date(request.institution.id, SYSTEM_CLOCK.now())
    may_end, language = request.rights.may(CONFIRM), request.reader.language
    shown = []
    for each in found:
        words, look = waiver_state(each, today)
        biller = known[each.biller_id].name(language) if each.biller_id else gettext("All billers of the institution")
        ends = may_end and each.state is bills.WaiverState.ACTIVE and each.ended_on is None and today <= each.last_day
        whom = gettext("All customers")
        if each.customers is not None:
            whom = f"{gettext('Customers')}: {request.reader.number(each.customers)}"
        end_url = reverse("office:waiver-end", args=[each.id]) if ends else ""
        shown.append(ShownWaiver(each, each.name(language), whom, biller, words, look, names[each.made_by], end_url))
    return render(
        request,
        "office/waivers.html",
        tab="waivers",
        title=gettext("Waivers"),
        what=gettext("Days on which being late with a bill costs nothing."),
        of_label=gettext("Billers"),
        new_url=reverse("office:waiver-new"),
        waivers=shown,
        may_propose=request.rights.may(PROPOSE),
        may_changes=request.rights.may(PROPOSE) or may_end,
        done="ended" if "ended" in request.GET else "",
    )


def waiver_state(waiver: bills.Waiver | banking.PenaltyWaiver, today: date) -> tuple[str, str]:
    """Return where a waiver is, in words, and how that looks."""
    if waiver.state.value == "proposed":
        change = people.change(waiver.id)
        return gettext(STATE_WORDS[change.state]), STATE_LOOKS.get(change.state, "")
    if waiver.covers_until < today or waiver.ended_on is not None:
        return gettext("Over"), ""
    if today < waiver.first_day:
        return gettext("Begins later"), "warn"
    return gettext("In force"), "good"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def new(request: StaffRequest) -> HttpResponseBase:
    """Propose a waiver: for whom, of which biller, over which days, and why."""
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
            change = bills.propose_waiver(wanted, reason=entered["reason"], by=request.author)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    errors = {_PLACES.get(name, name): text for name, text in said(request, error, (*_FIELDS, *_PLACES)).items()}
    return render(
        request,
        "office/waiver_form.html",
        status=status_of(error),
        tab="waivers",
        back=reverse("office:waivers"),
        labels={
            "names": gettext("What it is called on receipts"),
            "of": gettext("Billers"),
            "all": gettext("All billers of the institution"),
            "numbers": gettext("Phone numbers"),
        },
        choices=[(str(one.id), one.name(request.reader.language)) for one in bills.billers_of(here, by=people.SYSTEM)],
        entered=entered,
        names=[("ar", entered["names_ar"]), ("he", entered["names_he"]), ("en", entered["names_en"])],
        reason=entered["reason"],
        most=NUMBERS_MAX,
        id=waiver_id,
        errors=errors,
    )


def _wanted(request: StaffRequest, waiver_id: UUID, entered: dict[str, str]) -> bills.NewWaiver:
    try:
        biller_id = parse_id(entered["biller"]) if entered["biller"] else None
    except InvalidId:
        raise bills.BillerUnknown(field="biller") from None
    return bills.NewWaiver(
        id=waiver_id,
        institution_id=request.institution.id,
        names={language: entered[f"names_{language}"] for language in ("ar", "he", "en")},
        first_day=needed_day(entered["first_day"], field="first_day"),
        last_day=needed_day(entered["last_day"], field="last_day"),
        biller_id=biller_id,
        customer_ids=None if entered["whom"] == "everyone" else customers_of_numbers(request, entered["numbers"]),
    )


def lines_of(text: str) -> list[str]:
    """Return the numbers that were entered, one a line.

    Raises:
        NumbersUnknown: more than ``NUMBERS_MAX``.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > NUMBERS_MAX:
        raise NumbersUnknown(field="numbers", numbers=lines[NUMBERS_MAX], most=NUMBERS_MAX)
    return lines


def customers_of_numbers(request: StaffRequest, text: str) -> list[UUID]:
    """Return whose phone numbers were entered, one a line."""
    region = request.institution.default_region
    found = []
    for line in lines_of(text):
        try:
            found.append(people.customer_by_phone(people.normal_phone(line, region)).id)
        except RaseedError:
            raise NumbersUnknown(field="numbers", numbers=line, most=NUMBERS_MAX) from None
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CONFIRM, weighty=True)
def end(request: StaffRequest, waiver_id: UUID) -> HttpResponseBase:
    """Ask for the reason of ending a waiver early, and end it."""
    found = bills.waivers_by_id([waiver_id]).get(waiver_id)
    if found is None or not request.rights.may(CONFIRM, found.institution_id):
        raise bills.WaiverUnknown(field="waiver_id")
    error, reason = None, request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            bills.end_waiver(waiver_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:waivers") + "?ended=1", status=303)
    return act_page(
        request,
        Act(gettext(END.title), gettext(END.what), gettext(END.button), danger=END.danger),
        back=reverse("office:waivers"),
        subject=found.name(request.reader.language),
        tab="waivers",
        reason=reason,
        error=error,
    )

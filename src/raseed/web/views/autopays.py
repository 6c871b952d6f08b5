"""Autopays on a customer's pages: which there are, giving one, and what became of its bills; pausing, changing, ending."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import InvalidAmount, Money, parse_amount
from raseed.kernel.text import ascii_digits
from raseed.payments import api as payments
from raseed.platform.api import ErrorText, error_status
from raseed.web.accounts import ShownAccount, accounts_of
from raseed.web.bills import ShownBill, ShownBiller, accounts_for, named_values, shown_billers, shown_bills
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 600
"""Characters of one entered value that are looked at: a biller's id and what was once typed for it."""
SEPARATOR: Final = "/"
_DAYS_DIGITS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class ShownAutopay:
    """An autopay in a list."""

    autopay: bills.Autopay
    biller: ShownBiller
    state: str


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One thing that became of a bill, in words; ``what`` says which bill, ``paid_by`` is the payment's id, where one can be looked at."""

    run: bills.AutopayRun
    what: str
    words: str
    why: str
    paid_by: UUID | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form, as typed. ``of`` names biller and reference."""

    id: str
    of: str = ""
    account: str = ""
    ceiling: str = ""
    days_before: str = "0"

    @classmethod
    def of_form(cls, post: QueryDict) -> Entered:
        """Read a sent form."""
        text = {name: post.get(name, "").strip()[:ENTERED_MAX] for name in ("id", "of", "from", "ceiling", "days")}
        return cls(text["id"] or str(new_id()), text["of"], text["from"], text["ceiling"], text["days"] or "0")


@dataclass(frozen=True, slots=True)
class Of:
    """The biller and the reference that an autopay is for."""

    biller: ShownBiller
    reference: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """How the form names it."""
        return f"{self.biller.id}{SEPARATOR}{self.reference}"


@require_safe
@signed_in
def autopays_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the autopays that run or rest, and those that ended of late."""
    running, ended = bills.autopays(request.customer.id), bills.autopays(request.customer.id, ended=True)
    return render(
        request,
        "web/autopays.html",
        tab="bills",
        running=_shown(request, running),
        ended=_shown(request, ended[:5]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_autopay(request: CustomerRequest) -> HttpResponseBase:
    """Ask for which number, then for account, ceiling and day; give the autopay."""
    if request.method != "POST":
        of = _of_order(request)
        return _which(request) if of is None else _form(request, of, Entered(str(new_id()), of.key))
    entered = Entered.of_form(request.POST)
    found = _of(request, entered.of)
    if found is None:
        return _which(request)
    if "ceiling" not in request.POST:
        return _form(request, found, entered)
    try:
        account_id, ceiling, days = _understood(found.biller.biller, entered)
        given = bills.give_autopay(
            id=parse_id(entered.id),
            customer_id=request.customer.id,
            biller_id=found.biller.id,
            fields=found.values,
            from_account_id=account_id,
            ceiling=ceiling,
            days_before=days,
        )
    except RaseedError as error:
        return _form(request, found, entered, error)
    return HttpResponseRedirect(f"{reverse('autopay', args=[given.id])}?done=given", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def autopay_page(request: CustomerRequest, autopay_id: UUID) -> HttpResponseBase:
    """Show an autopay, what it will pay and what became of what was; change, pause, resume or end it."""
    if request.method != "POST":
        return _one(request, bills.autopay(autopay_id, request.customer.id))
    do = request.POST.get("do", "")
    if do in _DOES:
        _DOES[do](autopay_id=autopay_id, customer_id=request.customer.id)
        return HttpResponseRedirect(f"{reverse('autopay', args=[autopay_id])}?done={do}", status=303)
    found = bills.autopay(autopay_id, request.customer.id)
    entered = Entered.of_form(request.POST)
    try:
        account_id, ceiling, days = _understood(bills.biller(found.biller_id), entered)
        bills.change_autopay(
            autopay_id=autopay_id,
            customer_id=request.customer.id,
            from_account_id=account_id,
            ceiling=ceiling,
            days_before=days,
        )
    except RaseedError as error:
        return _one(request, found, entered, error)
    return HttpResponseRedirect(f"{reverse('autopay', args=[autopay_id])}?done=changed", status=303)


_DOES: Final = {"pause": bills.pause_autopay, "resume": bills.resume_autopay, "end": bills.end_autopay}


def _shown(request: CustomerRequest, found: list[bills.Autopay]) -> list[ShownAutopay]:
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), request.reader)
    language = request.reader.language
    return [ShownAutopay(each, billers[each.biller_id], bills.autopay_state_words(each, language)) for each in found]


def _understood(of: bills.Biller, entered: Entered) -> tuple[UUID, Money, int]:
    """Return account, ceiling and days as typed.

    Raises:
        AccountUnknown, InvalidAmount, InvalidAutopay: they are none.
    """
    try:
        account_id = parse_id(entered.account)
    except InvalidId:
        raise banking.AccountUnknown(field="from") from None
    ceiling = parse_amount(entered.ceiling, of.currency, field="ceiling")
    days = ascii_digits(entered.days_before)
    if not (days.isascii() and days.isdecimal() and len(days) <= _DAYS_DIGITS_MAX):
        raise bills.InvalidAutopay(field="days_before")
    return account_id, ceiling, int(days)


def _of_order(request: CustomerRequest) -> Of | None:
    """Return the biller and the reference of a payment, where a receipt leads here."""
    with suppress(InvalidId, bills.BillOrderUnknown):
        order = bills.bill_order(parse_id(request.GET.get("order", "")[:ENTERED_MAX]), request.customer.id)
        return _of(request, f"{order.biller_id}{SEPARATOR}{order.reference}")
    return None


def _of(request: CustomerRequest, key: str) -> Of | None:
    """Return the biller and the reference that a form names, if this customer has asked about them."""
    return next((each for each in _asked(request) if each.key == key), None)


def _asked(request: CustomerRequest) -> list[Of]:
    found = bills.asked_references(request.customer.id)
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), request.reader)
    return [Of(billers[each.biller_id], each.reference, dict(each.values)) for each in found]


def _which(request: CustomerRequest) -> HttpResponse:
    """Ask which bills are to be paid by themselves: of what the customer has asked about, and has no autopay for."""
    there = {(each.biller_id, each.reference) for each in bills.autopays(request.customer.id)}
    offered = [each for each in _asked(request) if (each.biller.id, each.reference) not in there]
    return render(request, "web/autopay_which.html", tab="bills", offered=offered)


def _form(request: CustomerRequest, of: Of, entered: Entered, error: RaseedError | None = None) -> HttpResponse:
    accounts = accounts_for(of.biller.biller, accounts_of(request.customer, request.reader))
    return render(
        request,
        "web/autopay_new.html",
        status=error_status(error) if error else 200,
        tab="bills",
        of=of,
        values=named_values(of.biller.biller, of.values, request.reader),
        **_terms(request, of.biller, accounts, entered, error),
    )


def _terms(
    request: CustomerRequest,
    biller: ShownBiller,
    accounts: list[ShownAccount],
    entered: Entered,
    error: RaseedError | None,
) -> dict[str, object]:
    """Return what the inputs for account, ceiling and day need."""
    known = entered.account in {str(one.id) for one in accounts}
    errors: dict[str, ErrorText] = {} if error is None else {_place_of(error): words(request, error)}
    return {
        "entered": entered,
        "accounts": accounts,
        "chosen": entered.account if known else str(accounts[0].id) if accounts else "",
        "unit": request.reader.unit(biller.biller.currency),
        "days": [(number, request.reader.number(number)) for number in range(bills.DAYS_BEFORE_MAX + 1)],
        "errors": errors,
    }


def _place_of(error: RaseedError) -> str:
    if isinstance(error, InvalidAmount) or error.field == "ceiling":
        return "ceiling"
    if error.field == "days_before":
        return "days"
    return "from" if error.field in ("from", "from_account_id") else "form"


def _one(
    request: CustomerRequest, found: bills.Autopay, entered: Entered | None = None, error: RaseedError | None = None
) -> HttpResponse:
    (shown,) = _shown(request, [found])
    biller = shown.biller
    accounts = accounts_for(biller.biller, accounts_of(request.customer, request.reader))
    plain = Entered("", "", str(found.from_account_id), found.ceiling.decimal_text(), str(found.days_before))
    return render(
        request,
        "web/autopay.html",
        status=error_status(error) if error else 200,
        tab="bills",
        one=shown,
        autopay=found,
        biller=biller,
        values=named_values(biller.biller, dict(found.values), request.reader),
        waiting=_coming(request, found),
        runs=_runs(request, found),
        ended_why=_ended_why(request, found),
        done=request.GET.get("done", "")[:10],
        account=next((one for one in accounts if one.id == found.from_account_id), None),
        **_terms(request, biller, accounts, entered or plain, error),
    )


def _ended_why(request: CustomerRequest, found: bills.Autopay) -> str:
    error = payments.Refusal(found.ended_code).error() if found.ended_code else None
    return words(request, error).message if error else ""


def _coming(request: CustomerRequest, found: bills.Autopay) -> list[ShownBill]:
    """Return what waits of the reference, due first."""
    mine = [
        each
        for each in bills.bills_of(found.customer_id, institution_id=found.institution_id)
        if (each.biller_id, each.reference) == (found.biller_id, found.reference) and each.owed.amount_minor
    ]
    return shown_bills(mine, request.reader)


def _runs(request: CustomerRequest, found: bills.Autopay) -> list[ShownRun]:
    language = request.reader.language
    told = {each.id: each.period or each.number for each in bills.bills_of(request.customer.id, only_open=False)}
    shown = []
    for run in bills.autopay_runs(found.id, request.customer.id):
        why = words(request, run.refused.error()).message if run.refused else ""
        by = run.order_id if run.outcome in (bills.AutopayOutcome.SENT, bills.AutopayOutcome.PAID) else None
        shown.append(ShownRun(run, told.get(run.bill_id, ""), bills.autopay_run_words(run, language), why, by))
    return shown

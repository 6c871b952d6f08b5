"""An account's particulars: its number, what it costs, what may leave it, a loan's instalments; renaming, waking, closing it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.accounts import ShownAccount, accounts_of, shown
from raseed.web.penalties import penalty_facts, penalty_kind
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in
from raseed.web.terms import Term, contract_rate, fee_lines, limit_lines, other_lines

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader

NAME: Final = "name"
WAKE: Final = "wake"
CLOSE: Final = "close"
CREDITS_SHOWN: Final = 12
"""How many credits of interest stand on the page: a year of months."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def details(request: CustomerRequest, account_id: UUID) -> HttpResponseBase:
    """Show an account's particulars, or do what its owner asks: another name, use it again, close it."""
    account = shown(accounts_of(request.customer, request.reader), account_id)
    error, field = None, ""
    if request.method == "POST":
        field = next((deed for deed in (NAME, WAKE, CLOSE) if deed in request.POST), NAME)
        try:
            _do(request, account, field)
        except RaseedError as refusal:
            error = refusal
        else:
            return HttpResponseRedirect(f"{reverse('details', args=[account_id])}?done={field}", status=303)
    return _show(request, account, error, field)


def _do(request: CustomerRequest, account: ShownAccount, deed: str) -> None:
    customer_id = request.customer.id
    author = people.Author(f"customer:{customer_id}")
    if deed == WAKE:
        banking.reactivate_account(account_id=account.id, by=author)
    elif deed == CLOSE:
        banking.close_account(account_id=account.id, by=author)
    else:
        banking.rename_account(
            account_id=account.id, customer_id=customer_id, name=request.POST.get(NAME, ""), actor=author.actor
        )


def _show(request: CustomerRequest, account: ShownAccount, error: RaseedError | None, field: str) -> HttpResponseBase:
    reader, now = request.reader, SYSTEM_CLOCK.now()
    of = account.account
    terms = banking.terms_of(of.product.id, banking.business_day(of, now))
    limits, left = banking.left_today(account.id, now=now)
    savings = banking.accrued_interest(account.id, on=banking.business_day(of, now)) if account.is_savings else None
    loan = banking.loan(account.id, customer_id=request.customer.id) if account.is_loan else None
    return render(
        request,
        "web/details.html",
        status=platform.error_status(error) if error else 200,
        tab="home",
        account=account,
        mine=of.owner_id == request.customer.id,
        blocked=words(request, banking.AccountBlocked()) if of.state is banking.AccountState.BLOCKED else None,
        product_name=of.product.name(reader.language),
        number_copy="".join(account.number.split()),
        limits=[] if account.is_loan else limit_lines(limits, of.currency, reader),
        left=left,
        fees=fee_lines(terms, reader),
        other=[contract_rate(loan.terms, reader)] if loan else other_lines(terms, reader),
        savings=savings,
        credits=banking.interest_credits(account.id, limit=CREDITS_SHOWN) if savings else (),
        loan=loan,
        penalty=_penalty(loan, reader) if loan else (),
        spared_until=_spared_until(loan) if loan else None,
        instalments=[
            (each, gettext(banking.INSTALMENT_STATE_WORDS[each.state])) for each in (loan.schedule if loan else ())
        ],
        entered_name=request.POST.get(NAME, of.name),
        done=request.GET.get("done", ""),
        errors={field: words(request, error)} if error else {},
    )


def _penalty(loan: banking.Loan, reader: Reader) -> list[Term]:
    """Return what being late costs by a loan's contract, in words; that it costs nothing too."""
    rule = loan.penalty_rule
    return [
        Term(gettext("Late penalty"), penalty_kind(rule)),
        *penalty_facts(rule, loan.account.currency, reader),
    ]


def _spared_until(loan: banking.Loan) -> date | None:
    """Return the last of the days from today on that waivers take out, if today is one of them."""
    last = None
    for each in sorted(loan.spared, key=lambda days: days.first):
        if each.first <= (loan.as_of if last is None else last + timedelta(days=1)) and loan.as_of <= each.last:
            last = each.last if last is None else max(last, each.last)
    return last

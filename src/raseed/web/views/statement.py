"""The statement: fifty movements a page, newest first, each with the balance after it; and what is looked for in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.web.accounts import accounts_of, shown
from raseed.web.filters import Filters
from raseed.web.movements import days_of, movement_of
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase


@require_safe
@signed_in
def first_statement(request: CustomerRequest) -> HttpResponseBase:
    """Go to the statement of the customer's first account."""
    for account in banking.accounts_of(request.customer.id):
        return HttpResponseRedirect(reverse("statement", args=[account.id]), status=303)
    return render(request, "web/statement_none.html", tab="statement")


@require_safe
@signed_in
def statement(request: CustomerRequest, account_id: UUID) -> HttpResponseBase:
    """Show a page of an account's movements; a request by htmx gets only the lines, to be put below those above."""
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    accounts = accounts_of(request.customer, request.reader)
    account = shown(accounts, account_id)
    filters = Filters.of(request.GET)
    sought, errors = filters.understood(account.account.currency)
    page = banking.StatementPage(account_id, ())
    if not errors:
        page = banking.statement(
            account_id,
            before=before,
            language=request.reader.language,
            customer_id=request.customer.id,
            filter=sought if filters else None,
        )
    movements = [movement_of(line, account.zone) for line in page.lines]
    fragment = bool(request.htmx) and before is not None
    return render(
        request,
        "web/parts/statement_lines.html" if fragment else "web/statement.html",
        status=400 if errors else 200,
        tab="statement",
        account=account,
        accounts_in_switch=sorted(accounts, key=lambda one: one.id != account_id),
        days=days_of(movements, under=request.GET.get("under", "") if fragment else ""),
        next=page.next.text() if page.next else "",
        looked_to=page.searched_back_to if filters else None,
        last_day=page.lines[-1].booked_on.isoformat() if page.lines else request.GET.get("under", ""),
        older=before is not None,
        is_free=not fragment and _is_free(account.account),
        opened="opened" in request.GET,
        filters=filters,
        errors={field: words(request, error) for field, error in errors.items()},
    )


def _is_free(account: banking.BankAccount) -> bool:
    """Say whether everything is free by the schedule of fees that holds today."""
    today = banking.business_day(account, SYSTEM_CLOCK.now())
    return all(fee.amount.amount_minor == 0 for fee in banking.fee_schedule(account.product.id, today))

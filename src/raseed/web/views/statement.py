"""The statement: fifty movements a page, newest first, each with the balance after it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.web.accounts import accounts_of
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from django.http.response import HttpResponseBase


@dataclass(frozen=True, slots=True)
class Day:
    """The movements that are booked on one day and stand together; ``headed`` says whether to name the day."""

    booked_on: date
    lines: tuple[banking.StatementLine, ...]
    headed: bool = True


def days(lines: Iterable[banking.StatementLine], *, under: str = "") -> list[Day]:
    """Group movements by the day they count for. ``under`` is the day (ISO 8601) already named above the first."""
    grouped = [Day(on, tuple(those)) for on, those in groupby(lines, key=lambda line: line.booked_on)]
    if grouped and grouped[0].booked_on.isoformat() == under:
        grouped[0] = Day(grouped[0].booked_on, grouped[0].lines, headed=False)
    return grouped


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
    page = banking.statement(
        account_id, before=before, language=request.reader.language, customer_id=request.customer.id
    )
    accounts = accounts_of(request.customer, request.reader)
    fragment = bool(request.htmx) and before is not None
    return render(
        request,
        "web/parts/statement_lines.html" if fragment else "web/statement.html",
        tab="statement",
        account=next(account for account in accounts if account.id == account_id),
        accounts=accounts,
        days=days(page.lines, under=request.GET.get("under", "") if fragment else ""),
        next=page.next.text() if page.next else "",
        last_day=page.lines[-1].booked_on.isoformat() if page.lines else "",
        older=before is not None,
        opened="opened" in request.GET,
    )

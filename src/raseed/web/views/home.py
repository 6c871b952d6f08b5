"""The home page: what I have, the last movements, what I can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.people import api as people
from raseed.web.accounts import accounts_of
from raseed.web.chats import unread_of
from raseed.web.movements import Movement, movement_of
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

LINES_ON_HOME: Final = 5


@require_safe
@signed_in
def home(request: CustomerRequest) -> HttpResponseBase:
    """Show the first account's balance (a loan is never the first where there is another), the others below it, and the last movements of the first."""
    accounts = accounts_of(request.customer, request.reader)
    first = next((one for one in accounts if not one.is_loan), accounts[0] if accounts else None)
    movements: list[Movement] = []
    if first is not None:
        page = banking.statement(
            first.id, limit=LINES_ON_HOME, language=request.reader.language, customer_id=request.customer.id
        )
        movements = [movement_of(line, first.zone) for line in page.lines]
    return render(
        request,
        "web/home.html",
        tab="home",
        name=people.display_name(request.customer, request.reader.language),
        first=first,
        others=[one for one in accounts if one is not first],
        movements=movements,
        unread=unread_of(request.customer.id, people.institutions_of(request.customer.id)),
    )

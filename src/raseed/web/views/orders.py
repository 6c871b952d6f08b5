"""Payment orders: a file is handed in, its sender sees what it holds or what is wrong with it, confirms, and takes the results.

The order's id is made when the form is first shown and travels with it (ADR 0033), and the file itself is known by its
content: handing the same file in twice leads to the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.payments import api as payments
from raseed.platform import api as platform
from raseed.web.accounts import accounts_of
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader

PROBLEMS_SHOWN: Final = 50
WORKING: Final = frozenset(
    {payments.OrderState.RECEIVED, payments.OrderState.VALIDATING, payments.OrderState.EXECUTING}
)
"""States in which a worker is at it, and the page looks again by itself."""
_NO_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """What is wrong, in words, and where."""

    where: str
    message: str
    hint: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def orders_page(request: CustomerRequest) -> HttpResponseBase:
    """Show the form and the orders handed in so far, or take a file in."""
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(reverse("order", args=[_receive(request)]), status=303)
        except RaseedError as refusal:
            error = refusal
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    page = payments.orders(request.customer.id, before=before)
    return render(
        request,
        "web/orders.html",
        status=platform.error_status(error) if error else 200,
        tab="send",
        id=request.POST.get("id", "") if error else str(new_id()),
        orders=[(each, payments.order_state_words(each, request.reader.language)) for each in page.orders],
        next=page.next.text() if page.next else "",
        payments_max_shown=request.reader.number(payments.PAYMENTS_MAX),
        errors={"file": words(request, error)} if error else {},
        zone=_zone(request),
    )


@require_safe
@signed_in
def order_page(request: CustomerRequest, order_id: UUID) -> HttpResponseBase:
    """Show an order: how far it is, what it holds, what is wrong with it, what has become of it."""
    return _show(request, payments.order(order_id, customer_id=request.customer.id))


@require_POST
@signed_in
def order_confirmed(request: CustomerRequest, order_id: UUID) -> HttpResponseBase:
    """Have an order carried out; confirming again changes nothing."""
    try:
        payments.confirm_order(order_id=order_id, actor_customer_id=request.customer.id)
    except payments.OrderNotWaiting as error:
        return _show(request, payments.order(order_id, customer_id=request.customer.id), error)
    return HttpResponseRedirect(reverse("order", args=[order_id]), status=303)


@require_POST
@signed_in
def order_withdrawn(request: CustomerRequest, order_id: UUID) -> HttpResponseBase:
    """Withdraw an order, or what of it waits still."""
    try:
        payments.withdraw_order(order_id=order_id, actor_customer_id=request.customer.id)
    except payments.OrderNotWaiting as error:
        return _show(request, payments.order(order_id, customer_id=request.customer.id), error)
    return HttpResponseRedirect(reverse("order", args=[order_id]), status=303)


@require_safe
@signed_in
def order_results(request: CustomerRequest, order_id: UUID) -> HttpResponseBase:
    """Send the status report (pain.002) of an order as it is now."""
    pieces = payments.order_results_pain002(order_id, customer_id=request.customer.id, language=request.reader.language)
    first = next(pieces, b"")
    response = StreamingHttpResponse(chain((first,), pieces), content_type="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="results-{order_id}.pain002.xml"'
    return response


def _receive(request: CustomerRequest) -> UUID:
    """Take the file of a sent form in and return its order's id.

    Raises:
        FileEmpty: no file came. What ``receive_order_file`` raises. InvalidId: the form's id is none.
    """
    file = request.FILES.get("file")
    if file is None:
        raise payments.FileEmpty(field="file")
    received = payments.receive_order_file(
        id=parse_id(request.POST.get("id", "")),
        stream=file,
        actor_customer_id=request.customer.id,
        file_name=(file.name or "")[-payments.FILE_NAME_LENGTH_MAX :],
    )
    return received.id


def _show(request: CustomerRequest, order: payments.Order, error: RaseedError | None = None) -> HttpResponseBase:
    accounts = {each.id: each for each in accounts_of(request.customer, request.reader)}
    problems = payments.order_errors(order.id, customer_id=request.customer.id) if order.problem_count else ()
    return render(
        request,
        "web/parts/order.html" if request.htmx else "web/order.html",
        status=platform.error_status(error) if error else 200,
        tab="send",
        order=order,
        state_words=payments.order_state_words(order, request.reader.language),
        working=order.state in WORKING,
        percent=100 * order.progress.done // order.progress.total if order.progress.total else 0,
        blocks=[(block, accounts.get(block.from_account_id)) for block in order.blocks],
        problems=[_problem(each, request.reader) for each in problems[:PROBLEMS_SHOWN]],
        problems_left=max(0, len(problems) - PROBLEMS_SHOWN),
        problems_at_most=order.problem_count >= payments.PROBLEMS_MAX,
        errors={"form": words(request, error)} if error else {},
        zone=next((each.zone for each in accounts.values()), _NO_ZONE),
    )


def _problem(problem: payments.Problem, reader: Reader) -> ShownProblem:
    told = platform.translate_error(problem.error, reader.language, digits=reader.digits)
    return ShownProblem(payments.place_words(problem, reader.language, digits=reader.digits), told.message, told.hint)


def _zone(request: CustomerRequest) -> str:
    """Return the zone in which instants are told: that of the customer's first account."""
    return next((account.zone for account in banking.accounts_of(request.customer.id)), _NO_ZONE)

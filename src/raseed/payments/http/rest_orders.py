"""Payment orders from files (pain.001): handed in, looked at, confirmed, followed, and their results as pain.002."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.banking.api import Cursor
from raseed.platform.api import error_body
from raseed.platform.rest.bodies import TEXT_KINDS
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_TEXT, Given, Id, MoneyGiven, Taken, whole
from raseed.platform.rest.routes import Resource

from .. import api as payments_api

orders = Resource(
    "Payment orders", "Files of up to 100,000 payments (pain.001.001.09), read whole before the first moves."
)
SEE_OWN = "people.self.view"
PAY = "people.self.pay"
VIEW_ORDERS = "payments.orders.view"
UPLOAD_COST = 20
_PLACE = "^[1-9][0-9]{0,17}$"
_XML = "application/xml"


class RefusalGiven(Given):
    """Why something was refused, in the shape of every error."""

    code: str
    message: str
    hint: str
    field: str | None
    params: dict[str, Any]


class BlockGiven(Given):
    """Payments from one account on one date, and how far they are."""

    number: int
    payment_information_id: str
    from_account_id: UUID
    execution_on: date
    count: int
    total: MoneyGiven
    settled: int
    settled_total: MoneyGiven
    refused: int
    fees: MoneyGiven


class ProgressGiven(Given):
    """How far the work at hand is: bytes while the file is read, payments while they are carried out."""

    done: int
    total: int
    ends_at: datetime | None
    waits_until: date | None


class OrderGiven(Given):
    """An order. ``similar_to``: an earlier one with the very same payments, to be looked at before confirming."""

    id: UUID
    state: Literal["received", "validating", "refused", "accepted", "executing", "done", "withdrawn"]
    words: str
    file_name: str
    file_bytes: int
    message_id: str | None
    count: int
    totals: list[MoneyGiven]
    settled: int
    refused: int
    problem_count: int
    similar_to: UUID | None
    received_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    progress: ProgressGiven
    blocks: list[BlockGiven]


class OrderList(Given):
    """Orders, newest first; ``next`` asks for those that follow, as ``after``; null: there are none."""

    orders: list[OrderGiven]
    next: str | None


class ProblemGiven(Given):
    """Something wrong with a file: the line, the place in the document's own words, and why."""

    line: int | None
    place: str
    words: str
    refusal: RefusalGiven


class ProblemList(Given):
    """What is wrong with a file, in its order."""

    problems: list[ProblemGiven]


class PageAsked(Taken):
    """A page of orders."""

    after: Annotated[str | None, Field(pattern=_PLACE), WithJsonSchema({"type": "string", "pattern": _PLACE})] = None
    limit: Annotated[int, whole(1, payments_api.ORDERS_PER_PAGE), FROM_TEXT] = payments_api.ORDERS_PER_PAGE


class FileAsked(Taken):
    """What the file is called, for its sender."""

    file_name: Annotated[str, Field(max_length=payments_api.FILE_NAME_LENGTH_MAX)] = ""


@orders.put(
    "/payment-orders/{order_id}", own=PAY, answer=OrderGiven, refuses=(409, 422), takes=TEXT_KINDS, cost=UPLOAD_COST,
    bytes_max=payments_api.FILE_BYTES_MAX,
)  # fmt: skip
def hand_in_order(request: ApiRequest, order_id: Path[Id], file: Query[FileAsked]) -> OrderGiven:
    """Hand in a payment file (pain.001.001.09) as the body; nothing moves before it is confirmed.

    A small file has been read when this answers: it is accepted or refused. A large one is read meanwhile: ask again for the
    order. The same content again is the same order, whatever its id.
    """
    received = payments_api.receive_order_file(
        id=order_id, stream=request, actor_customer_id=_sender(request.caller), file_name=file.file_name
    )
    return _order(received, request.language)


@orders.get("/payment-orders", own=SEE_OWN, answer=OrderList)
def list_orders(request: ApiRequest, page: Query[PageAsked]) -> OrderList:
    """List the orders that the key's holder has handed in, newest first; a page may have fewer than `limit`."""
    before = None if page.after is None else Cursor.parse(page.after)
    found = payments_api.orders(_sender(request.caller), before=before, limit=page.limit)
    return _page(request, found)


@orders.get("/customers/{customer_id}/payment-orders", permission=VIEW_ORDERS, answer=OrderList)
def list_customers_orders(request: ApiRequest, customer_id: Path[Id], page: Query[PageAsked]) -> OrderList:
    """List the orders that a customer has handed in, newest first; a page may have fewer than `limit`."""
    before = None if page.after is None else Cursor.parse(page.after)
    found = payments_api.orders_about(customer_id, by=request.caller.author, before=before, limit=page.limit)
    return _page(request, found)


@orders.get("/payment-orders/{order_id}", own=SEE_OWN, answer=OrderGiven)
def show_order(request: ApiRequest, order_id: Path[Id]) -> OrderGiven:
    """Show an order and how far it is."""
    return _order(_order_here(request.caller, order_id), request.language)


@orders.get("/payment-orders/{order_id}/problems", own=SEE_OWN, answer=ProblemList)
def list_problems(request: ApiRequest, order_id: Path[Id]) -> ProblemList:
    """List what is wrong with an order's file, line by line."""
    _order_here(request.caller, order_id)
    found = payments_api.order_errors(order_id, customer_id=request.caller.customer_id)
    language = request.language
    problems = [
        ProblemGiven(
            line=each.line,
            place=each.place,
            words=payments_api.problem_words(each, language),
            refusal=RefusalGiven(**error_body(each.error, language)["error"]),
        )
        for each in found
    ]
    return ProblemList(problems=problems)


@orders.post("/payment-orders/{order_id}/confirm", own=PAY, answer=OrderGiven, refuses=(409,))
def confirm_order(request: ApiRequest, order_id: Path[Id]) -> OrderGiven:
    """Have an accepted order carried out: what is due at once, the rest on its dates. Confirming again changes nothing."""
    _order_here(request.caller, order_id)
    confirmed = payments_api.confirm_order(order_id=order_id, actor_customer_id=_sender(request.caller))
    return _order(confirmed, request.language)


@orders.post("/payment-orders/{order_id}/withdraw", own=PAY, answer=OrderGiven, refuses=(409,))
def withdraw_order(request: ApiRequest, order_id: Path[Id]) -> OrderGiven:
    """Withdraw an order that is not carried out yet, or what of it waits still. Withdrawing again changes nothing."""
    _order_here(request.caller, order_id)
    withdrawn = payments_api.withdraw_order(order_id=order_id, actor_customer_id=_sender(request.caller))
    return _order(withdrawn, request.language)


@orders.get("/payment-orders/{order_id}/pain002", own=SEE_OWN, answer=None, gives=(_XML,), cost=10)
def order_results(request: ApiRequest, order_id: Path[Id]) -> HttpResponseBase:
    """Give an order's status report as it is now (pain.002.001.12), payment by payment."""
    _order_here(request.caller, order_id)
    report = payments_api.order_results_pain002(
        order_id, customer_id=request.caller.customer_id, language=request.language
    )
    response = StreamingHttpResponse(report, content_type=_XML)
    response.headers["Content-Disposition"] = f'attachment; filename="order-{order_id}.pain002.xml"'
    return response


def _sender(caller: Caller) -> UUID:
    assert caller.customer_id is not None, "only customers' keys come here"
    return caller.customer_id


def _order_here(caller: Caller, order_id: UUID) -> payments_api.Order:
    """Return an order of the key's holder, of the key's institution as far as that is known.

    Raises:
        OrderUnknown: it is none.
    """
    found = payments_api.order(order_id, customer_id=_sender(caller))
    if found.institution_id not in {None, caller.institution_id}:
        raise payments_api.OrderUnknown(field="order_id")
    return found


def _page(request: ApiRequest, found: payments_api.OrderPage) -> OrderList:
    here = [each for each in found.orders if each.institution_id in {None, request.caller.institution_id}]
    return OrderList(
        orders=[_order(each, request.language) for each in here],
        next=None if found.next is None else found.next.text(),
    )


def _order(order: payments_api.Order, language: str) -> OrderGiven:
    progress = order.progress
    return OrderGiven(
        id=order.id,
        state=order.state.value,
        words=payments_api.order_state_words(order, language),
        file_name=order.file_name,
        file_bytes=order.file_bytes,
        message_id=order.message_id,
        count=order.count,
        totals=[MoneyGiven.of(total) for total in order.totals],
        settled=order.settled,
        refused=order.refused,
        problem_count=order.problem_count,
        similar_to=order.similar_to,
        received_at=order.received_at,
        confirmed_at=order.confirmed_at,
        ended_at=order.ended_at,
        progress=ProgressGiven(
            done=progress.done, total=progress.total, ends_at=progress.ends_at, waits_until=progress.waits_until
        ),
        blocks=[_block(each) for each in order.blocks],
    )


def _block(block: payments_api.Block) -> BlockGiven:
    return BlockGiven(
        number=block.number,
        payment_information_id=block.payment_information_id,
        from_account_id=block.from_account_id,
        execution_on=block.execution_on,
        count=block.count,
        total=MoneyGiven.of(block.total),
        settled=block.settled,
        settled_total=MoneyGiven.of(block.settled_total),
        refused=block.refused,
        fees=MoneyGiven.of(block.fees),
    )

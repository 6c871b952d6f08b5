"""Reads of payment orders, for their senders and for the package itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.banking.api import Cursor
from raseed.kernel.errors import mark
from raseed.kernel.money import Money, currency
from raseed.platform import api as platform

from ..reasons import remembered
from .domain import ORDERS_PER_PAGE, STATE_WORDS, Block, Order, OrderPage, OrderState, Problem, Progress
from .errors import OrderUnknown
from .models import OrderBlockRow, OrderProblemRow, OrderRow

LINE: Final = mark("Line %(line)s")
LINE_AND_PLACE: Final = mark("Line %(line)s, %(place)s")


def order(order_id: UUID, *, customer_id: UUID | None = None) -> Order:
    """Return an order; with ``customer_id``, only if they sent it.

    Raises:
        OrderUnknown: there is none, or it is someone else's.
    """
    row = order_row(order_id, customer_id=customer_id)
    return told_orders([row])[0]


def orders(customer_id: UUID, *, before: Cursor | None = None, limit: int = ORDERS_PER_PAGE) -> OrderPage:
    """Return the orders that a customer has sent, newest first, at most ``ORDERS_PER_PAGE``."""
    wanted = min(max(limit, 1), ORDERS_PER_PAGE)
    rows = OrderRow.objects.filter(actor_customer_id=customer_id).order_by("-position")
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    page = list(rows[: wanted + 1])
    more = len(page) > wanted
    return OrderPage(tuple(told_orders(page[:wanted])), Cursor(page[wanted - 1].position) if more else None)


def order_errors(order_id: UUID, *, customer_id: UUID | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with an order's file, in the order of the file; with ``customer_id``, only to its sender.

    Raises:
        OrderUnknown: there is no such order, or it is someone else's.
    """
    order_row(order_id, customer_id=customer_id)
    found = [
        Problem(row.line, row.place, remembered(row.code, row.params))
        for row in OrderProblemRow.objects.filter(order_id=order_id).order_by("number")
    ]
    return tuple(sorted(found, key=lambda problem: (problem.line is None, problem.line or 0)))


def problem_words(problem: Problem, language: str) -> str:
    """Return a problem as a person reads it: the line, the place, what is wrong and what to do, in their language."""
    told = platform.translate_error(problem.error, language)
    where = place_words(problem, language)
    what = f"{told.message} {told.hint}".strip()
    return f"{where}: {what}" if where else what


def place_words(problem: Problem, language: str, *, digits: platform.Digits | None = None) -> str:
    """Return where a problem is, in words; empty for what concerns the file as a whole."""
    if problem.line is None:
        return ""
    line = platform.number_text(problem.line, language, digits=digits)
    with override(language):
        if not problem.place:
            return gettext(LINE) % {"line": line}
        return gettext(LINE_AND_PLACE) % {"line": line, "place": platform.isolated(problem.place, language)}


def order_state_words(order_: Order, language: str) -> str:
    """Return where an order is, in words."""
    with override(language):
        return gettext(STATE_WORDS[order_.state])


def order_row(order_id: UUID, *, customer_id: UUID | None = None) -> OrderRow:
    """Return the row of an order: for the package itself."""
    rows = OrderRow.objects.filter(id=order_id)
    row = (rows if customer_id is None else rows.filter(actor_customer_id=customer_id)).first()
    if row is None:
        raise OrderUnknown(field="order_id")
    return row


def told_orders(rows: Iterable[OrderRow]) -> list[Order]:
    """Return the orders that rows tell of, with their blocks: for the package itself."""
    rows = list(rows)
    blocks: dict[UUID, list[OrderBlockRow]] = defaultdict(list)
    for block in OrderBlockRow.objects.filter(order_id__in=[row.id for row in rows]).order_by("order_id", "number"):
        blocks[block.order_id].append(block)
    return [_order(row, blocks[row.id]) for row in rows]


def _order(row: OrderRow, blocks: list[OrderBlockRow]) -> Order:
    return Order(
        id=row.id,
        state=OrderState(row.state),
        actor_customer_id=row.actor_customer_id,
        institution_id=row.institution_id,
        file_name=row.file_name,
        file_bytes=row.file_bytes,
        message_id=row.message_id,
        count=row.payment_count,
        blocks=tuple(_block(block) for block in blocks),
        problem_count=row.problem_count,
        similar_to=row.similar_to,
        received_at=row.received_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
        progress=_progress(row, blocks),
    )


def _block(row: OrderBlockRow) -> Block:
    money = currency(row.currency)
    return Block(
        number=row.number,
        payment_information_id=row.payment_information_id,
        from_account_id=row.from_account_id,
        execution_on=row.execution_on,
        count=row.payment_count,
        total=Money(row.sum_minor, money),
        settled=row.settled_count,
        settled_total=Money(row.settled_minor, money),
        refused=row.refused_count,
        fees=Money(row.fees_minor, money),
    )


def _progress(row: OrderRow, blocks: list[OrderBlockRow]) -> Progress:
    if row.state in (OrderState.RECEIVED, OrderState.VALIDATING):
        return Progress(row.read_bytes, row.file_bytes, _ends_at(row, row.read_bytes, row.file_bytes))
    done = sum(block.settled_count + block.refused_count for block in blocks)
    if row.state != OrderState.EXECUTING:
        return Progress(done, row.payment_count)
    due = [block for block in _open(blocks) if block.due_at <= row.touched_at]
    if due:
        left = sum(block.first_position + block.payment_count - block.next_position for block in due)
        return Progress(done, row.payment_count, ends_at=_ends_at(row, done, done + left))
    return Progress(done, row.payment_count, waits_until=_waits_until(blocks))


def _ends_at(row: OrderRow, done: int, total: int) -> datetime | None:
    """Return when a run will be over, by what it has done since it began: no speed is assumed, none is kept."""
    if row.run_began_at is None or row.touched_at <= row.run_began_at or done <= row.run_began_done:
        return None
    return row.touched_at + (row.touched_at - row.run_began_at) * (total - done) / (done - row.run_began_done)


def _open(blocks: list[OrderBlockRow]) -> Iterator[OrderBlockRow]:
    return (block for block in blocks if block.next_position < block.first_position + block.payment_count)


def _waits_until(blocks: list[OrderBlockRow]) -> date | None:
    return min((block.execution_on for block in _open(blocks)), default=None)

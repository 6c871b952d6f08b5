"""What a biller has collected: the newest payments, what fits a search, sums of a day, and the bills that are open.

Every list is read by key and by an index (``bills_order_collected…``, ``bills_bill_waiting``, ``bills_bill_disputed``), whatever
a biller's size. What is told of a payer is what the payment tells the biller: the reference, and the masked name on the bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.money import Money
from raseed.kernel.text import ascii_digits
from raseed.payments import api as payments
from raseed.platform.api import InvalidCursor, decode_cursor, encode_cursor

from ..domain import PAYABLE, Bill, Biller, BillState, OrderState, Part
from ..errors import BillOrderUnknown
from ..fields import normal_value
from ..models import BillOrderRow, BillRow, PartRow
from ..queries import biller
from ..refunds.domain import Refund, refundable_minor
from ..refunds.models import RefundRow
from ..refunds.reading import refunds_of_orders
from ..rows import bills_by_id, orders_by_id

PAGE_MAX: Final = 100
TYPED_MAX: Final = 120
ORDERS_OF_BILL_MAX: Final = 1_000
"""The most payments of one bill that a search looks at."""
_LIST: Final = "bills.collections"
_BILL_LIST: Final = "bills.waiting"
_SHORT: Final = re.compile(r"[0-9A-Fa-f]{10}\Z")
_CREATED: Final = re.compile(r";created=(\d{1,12})")
_MICROSECONDS: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class CollectionSearch:
    """What is looked for; what is empty or ``None`` leaves open.

    Attributes:
        text: the customer's reference, a bill's number, the biller's own reference of the payment, or ours (in full, or the
            ten characters that people quote).
        since, until: days, both included, in the zone of the biller's account.
        amount: exactly this.
    """

    text: str = ""
    since: date | None = None
    until: date | None = None
    amount: Money | None = None

    def __bool__(self) -> bool:
        """Say whether anything is looked for."""
        return bool(self.text.strip() or self.since or self.until or self.amount)


EVERYTHING: Final = CollectionSearch()


@dataclass(frozen=True, slots=True)
class Collection:
    """A payment that a biller has collected.

    Attributes:
        id: the payment's, and its order's.
        our_reference: the ten characters that people quote.
        reference: the customer's at the biller.
        values: what was typed, by field.
        customer_name: masked, as the bill has it; else empty.
        refundable: what can still go back.
    """

    id: UUID
    biller_id: UUID
    our_reference: str
    reference: str
    values: Mapping[str, str]
    customer_name: str
    amount: Money
    refunded: Money
    refundable: Money
    biller_reference: str
    paid_at: datetime
    parts: tuple[Part, ...]
    refunds: tuple[Refund, ...]
    bills: Mapping[UUID, Bill]


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """Payments, the newest first, and the marker of the next page if there is one."""

    collections: tuple[Collection, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class DaySum:
    """What a biller collected and gave back on a day."""

    day: date
    count: int
    amount: Money
    refunds: int
    refunded: Money


@dataclass(frozen=True, slots=True)
class BillCounts:
    """How many bills of a biller wait, of which overdue, and are disputed."""

    open: int
    overdue: int
    disputed: int


@dataclass(frozen=True, slots=True)
class BillPage:
    """Bills, due first, and the marker of the next page if there is one."""

    bills: tuple[Bill, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class SignedYes:
    """The biller's own signed answer to a payment: by which of its keys, when, and all that proves it."""

    key_id: str
    at: datetime | None
    kept: Mapping[str, str]


def collections(
    biller_id: UUID, *, search: CollectionSearch = EVERYTHING, before: str | None = None, limit: int = 50
) -> CollectionPage:
    """Return what a biller has collected, the newest first. Whoever calls has checked that the asker works for it.

    Raises:
        BillerUnknown. InvalidCursor: ``before`` is no marker of this list.
    """
    of, size = biller(biller_id), min(max(limit, 1), PAGE_MAX)
    place = _place(biller_id, before) if before else None
    found: dict[UUID, BillOrderRow] = {}
    for rows in _branches(_paid(of, search), of, search.text):
        for row in _after(rows, place).order_by("-ended_at", "-id")[: size + 1]:
            found[row.id] = row
    rows_in_order = sorted(found.values(), key=lambda row: (row.ended_at, row.id), reverse=True)
    page = rows_in_order[:size]
    more = len(rows_in_order) > size
    return CollectionPage(
        tuple(_told(row.id for row in page)),
        _marker(_list_of(biller_id), page[-1].ended_at, page[-1].id) if more else None,
    )


def collection(biller_id: UUID, order_id: UUID) -> Collection:
    """Return one payment that a biller has collected.

    Raises:
        BillOrderUnknown: there is none, it was not paid, or another biller has it.
    """
    rows = BillOrderRow.objects.filter(id=order_id, biller_id=biller_id, state=OrderState.PAID.value)
    found = _told(rows.values_list("id", flat=True))
    if not found:
        raise BillOrderUnknown(field="order_id")
    return found[0]


def day_sum(biller_id: UUID, day: date) -> DaySum:
    """Return how many payments a biller collected on a day of its account's zone, and their sum; and what it gave back."""
    of = biller(biller_id)
    paid = _within(_all_paid(of), day, day, _zone(of)).aggregate(count=Count("*"), sum=Sum("amount_minor"))
    back = RefundRow.objects.filter(biller_id=biller_id, booked_on=day).aggregate(
        count=Count("*"), sum=Sum("amount_minor")
    )
    return DaySum(
        day,
        paid["count"],
        Money(int(paid["sum"] or 0), of.currency),
        back["count"],
        Money(int(back["sum"] or 0), of.currency),
    )


def bill_counts(biller_id: UUID, *, today: date) -> BillCounts:
    """Return how many of a biller's bills wait, are overdue, and are disputed."""
    rows = BillRow.objects.filter(biller_id=biller_id)
    waiting = rows.filter(state__in=_WAITING).aggregate(
        open=Count("id"), overdue=Count("id", filter=Q(due_on__lt=today))
    )
    return BillCounts(**waiting, disputed=rows.filter(state=BillState.DISPUTED.value).count())


def bills_waiting(
    biller_id: UUID,
    *,
    disputed: bool = False,
    overdue_on: date | None = None,
    after: str | None = None,
    limit: int = 50,
) -> BillPage:
    """Return a biller's bills that wait to be paid, or its disputed ones, due first, those without a day last.

    Args:
        biller_id: whose.
        disputed: those that are disputed, in place of those that wait.
        overdue_on: only those that should have been paid before this day.
        after: where the last page ended.
        limit: at most ``PAGE_MAX``.

    Raises:
        BillerUnknown. InvalidCursor: ``after`` is no marker of this list.
    """
    biller(biller_id)
    size = min(max(limit, 1), PAGE_MAX)
    rows = BillRow.objects.filter(biller_id=biller_id)
    rows = rows.filter(state=BillState.DISPUTED.value) if disputed else rows.filter(state__in=_WAITING)
    if overdue_on is not None:
        rows = rows.filter(due_on__lt=overdue_on)
    name = f"{_BILL_LIST}:{biller_id}"
    if after:
        rows = rows.filter(_later(*decode_cursor(name, after)))
    page = list(rows.order_by(F("due_on").asc(nulls_last=True), "id")[: size + 1])
    shown = page[:size]
    found = bills_by_id(row.id for row in shown)
    end = shown[-1] if len(page) > size else None
    due = end.due_on.isoformat() if end is not None and end.due_on is not None else None
    return BillPage(
        tuple(found[row.id] for row in shown),
        encode_cursor(name, due, str(end.id)) if end is not None else None,
    )


def signed_yes(biller_id: UUID, order_id: UUID) -> SignedYes | None:
    """Return the biller's own signed answer to a payment, as it was kept; ``None`` where its answers come by files.

    Raises:
        BillOrderUnknown: no such payment, or another biller's.
    """
    found = BillOrderRow.objects.filter(id=order_id, biller_id=biller_id).values_list("proof", flat=True)[:1]
    if not found:
        raise BillOrderUnknown(field="order_id")
    kept = found[0]
    if not kept or "signature" not in kept:
        return None
    created = _CREATED.search(str(kept.get("base", "")))
    at = _EPOCH + timedelta(seconds=int(created[1])) if created else None
    return SignedYes(str(kept.get("key", "")), at, {name: str(value) for name, value in kept.items()})


def today_of(biller_id: UUID, now: datetime) -> date:
    """Return the date that it is for a biller's account."""
    return now.astimezone(_zone(biller(biller_id))).date()


_WAITING: Final = [state.value for state in sorted(PAYABLE)]


def _zone(of: Biller) -> ZoneInfo:
    return ZoneInfo(banking.account(of.collection_account_id).zone)


def _all_paid(of: Biller) -> QuerySet[BillOrderRow]:
    return BillOrderRow.objects.filter(biller_id=of.id, state=OrderState.PAID.value)


def _paid(of: Biller, search: CollectionSearch) -> QuerySet[BillOrderRow]:
    rows = _within(_all_paid(of), search.since, search.until, _zone(of)).select_related("biller")
    return rows if search.amount is None else rows.filter(amount_minor=search.amount.amount_minor)


def _within(
    rows: QuerySet[BillOrderRow], since: date | None, until: date | None, zone: ZoneInfo
) -> QuerySet[BillOrderRow]:
    if since is not None:
        rows = rows.filter(ended_at__gte=datetime.combine(since, time(), zone))
    if until is not None and until < date.max:
        rows = rows.filter(ended_at__lt=datetime.combine(until + timedelta(days=1), time(), zone))
    return rows


def _branches(rows: QuerySet[BillOrderRow], of: Biller, typed: str) -> Iterable[QuerySet[BillOrderRow]]:
    """Yield what a text may mean, each in the words of an index; where none is typed, everything."""
    text = " ".join(typed[:TYPED_MAX].split())
    if not text:
        yield rows
        return
    for reference in sorted(_references(of, text)):
        yield rows.annotate(first_value=RawSQL("split_part(bills_order.reference, '/', 1)", ())).filter(
            first_value=reference
        )
    yield rows.filter(biller_reference=text)
    plain = ascii_digits(text)
    bill_ids = BillRow.objects.filter(biller_id=of.id, number__in={text, plain}).values("id")
    ids = PartRow.objects.filter(bill_id__in=bill_ids).values_list("order_id", flat=True)
    yield rows.filter(id__in=set(ids[:ORDERS_OF_BILL_MAX]))
    if _SHORT.match(plain):
        yield rows.filter(id__in=_with_ending(of, plain.lower()))
    try:
        yield rows.filter(id=parse_id(plain.lower()))
    except InvalidId:
        return


def _with_ending(of: Biller, ending: str) -> set[UUID]:
    """Return the payments whose id ends so: looked up before they are ordered, which the planner would do by walking all."""
    short = RawSQL("right(bills_order.id::text, 10)", ())
    return set(_all_paid(of).annotate(short=short).filter(short=ending).values_list("id", flat=True)[:PAGE_MAX])


def _references(of: Biller, text: str) -> set[str]:
    """Return the normal forms that a reference may have, of the first thing that the biller asks for."""
    found = {text}
    for field in of.fields[:1]:
        try:
            found.add(normal_value(field, text))
        except RaseedError:
            found.add("".join(ascii_digits(text).split()))
    return found


def _after(rows: QuerySet[BillOrderRow], place: tuple[datetime, UUID] | None) -> QuerySet[BillOrderRow]:
    if place is None:
        return rows
    at, id_ = place
    return rows.filter(ended_at__lte=at).filter(Q(ended_at__lt=at) | Q(id__lt=id_))


def _later(due: object, id_: object) -> Q:
    """Return what comes after a bill in the list of bills."""
    last = UUID(str(id_))
    if due is None:
        return Q(due_on=None, id__gt=last)
    on = date.fromisoformat(str(due))
    return Q(due_on__gt=on) | Q(due_on=on, id__gt=last) | Q(due_on=None)


def _list_of(biller_id: UUID) -> str:
    return f"{_LIST}:{biller_id}"


def _marker(name: str, at: datetime | None, id_: UUID) -> str:
    assert at is not None, "what was paid has ended"
    return encode_cursor(name, (at - _EPOCH) // _MICROSECONDS, str(id_))


def _place(biller_id: UUID, text: str) -> tuple[datetime, UUID]:
    at, id_ = decode_cursor(_list_of(biller_id), text)
    if not isinstance(at, int):
        raise InvalidCursor(field="cursor")
    return _EPOCH + timedelta(microseconds=at), UUID(str(id_))


def _told(order_ids: Iterable[UUID]) -> list[Collection]:
    """Return orders as collections, with their bills and refunds, in three statements for all."""
    orders = list(orders_by_id(order_ids).values())
    refunds = refunds_of_orders([each.id for each in orders])
    known = bills_by_id(id_ for each in orders for id_ in each.bill_ids)
    told = []
    for each in orders:
        assert each.ended_at is not None, "what was paid has ended"
        money, its = each.amount.currency, refunds.get(each.id, ())
        back = sum(one.amount.amount_minor for one in its)
        bills = {id_: known[id_] for id_ in each.bill_ids if id_ in known}
        told.append(
            Collection(
                id=each.id,
                biller_id=each.biller_id,
                our_reference=payments.reference_of(each.id),
                reference=each.reference,
                values=each.values,
                customer_name=next((bill.customer_name for bill in bills.values() if bill.customer_name), ""),
                amount=each.amount,
                refunded=Money(back, money),
                refundable=Money(refundable_minor(each.parts, each.amount.amount_minor) - back, money),
                biller_reference=each.biller_reference,
                paid_at=each.ended_at,
                parts=each.parts,
                refunds=its,
                bills=bills,
            )
        )
    return told

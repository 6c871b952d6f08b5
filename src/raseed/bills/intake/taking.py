"""Taking a file of bills in: all of it in one transaction, by COPY; the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import Biller, OrderState
from ..findings import keep_finding
from ..models import BillerRow, BillOrderRow, IntakeRow
from ..permissions import TAKE_IN, VIEW_BILLS
from ..queries import biller
from ..rows import orders_by_id
from ..sql import STATEMENTS, run
from ..wrongs import AnswerRefused, FindingKind
from .errors import BillsFileRefused
from .reading import END, Row, look, rows_of

LINES_AT_ONCE: Final = 5_000
ORDERS_AT_ONCE: Final = 500
NAMED_MAX: Final = 10
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Intake:
    """A file that was taken in: how many bills it has, how many of them were new, and how many were left as they are.

    What is left as it is would lower a bill below what was paid on it, or give it to another customer: that is a finding.
    """

    id: UUID
    biller_id: UUID
    digest: str
    bills: int
    fresh: int
    left: int
    taken_at: datetime


def take_in_bills(
    biller_id: UUID, file: BinaryIO, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Intake:
    """Take a biller's file of bills in, whole or not at all; the same file again returns the first intake.

    Raises:
        NotPermitted: ``by`` lacks ``bills.intake``. UnacceptableText, BillerUnknown.
        BillsFileRefused: one of its kinds, with the line; nothing of the file counts.
    """
    of = biller(biller_id)
    people.require(by, TAKE_IN, of.institution_id)
    said, looked = people.clean_reason(reason), look(file)
    region = people.institution(of.institution_id).default_region
    rows = rows_of(file, looked, of, lambda text: people.normal_phone(text, region))
    with transaction.atomic():
        BillerRow.objects.select_for_update(no_key=True).get(id=of.id)
        there = IntakeRow.objects.filter(biller_id=of.id, digest=looked.digest).first()
        if there is not None:
            return _intake(there)
        row = _merged(of, rows, looked.digest, clock.now())
        platform.record(
            actor=by.actor,
            action="bills.file_taken_in",
            subject=f"biller:{of.id}",
            after={"intake": str(row.id), "bills": row.bills, "fresh": row.fresh, "left": row.left},
            reason=said,
            institution_id=of.institution_id,
            clock=clock,
        )
        if row.left:
            numbers = [number for (number,) in run("left_of_intake", {"most": NAMED_MAX, "biller": of.id})]
            keep_finding(
                AnswerRefused(FindingKind.CHANGED_UNDER_PAYMENT, bills=",".join(numbers), count=row.left),
                biller_id=of.id,
                institution_id=of.institution_id,
                asked="file",
                order_id=None,
                clock=clock,
            )
    return _intake(row)


def payments_out_csv(biller_id: UUID, *, day: datetime, by: people.Author) -> Iterator[bytes]:
    """Return the pieces of the file that tells a biller what it was paid on a business day (``day``'s, by its institution).

    Raises:
        NotPermitted: ``by`` lacks ``bills.view``. BillerUnknown.
    """
    of = biller(biller_id)
    people.require(by, VIEW_BILLS, of.institution_id)
    zone = ZoneInfo(people.institution(of.institution_id).zone)
    begins = day.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return _pieces(of, begins, begins + timedelta(days=1))


def _pieces(of: Biller, begins: datetime, ends: datetime) -> Iterator[bytes]:
    head = f"raseed-payments,1,{of.code},{of.currency.code},{of.currency.scale},{begins:%Y-%m-%d}\r\n"
    yield head.encode() + b"payment,reference,bills,amount,paid_at,biller_reference\r\n"
    rows = BillOrderRow.objects.filter(
        biller_id=of.id, state=OrderState.PAID.value, ended_at__gte=begins, ended_at__lt=ends
    )
    count, total, after = 0, 0, (begins, UUID(int=0))
    while page := list(rows.filter(ended_at__gte=after[0]).order_by("ended_at", "id")[: ORDERS_AT_ONCE + 1]):
        page = [row for row in page if (row.ended_at, row.id) > after] if count else page
        if not page:
            break
        numbers = _numbers([row.id for row in page])
        for order in orders_by_id(row.id for row in page).values():
            count, total = count + 1, total + order.amount.amount_minor
            assert order.ended_at is not None, "what is paid has ended"
            cells = (
                str(order.id), order.reference, " ".join(numbers.get(order.id, [])), order.amount.decimal_text(),
                order.ended_at.isoformat(timespec="seconds"), order.biller_reference,
            )  # fmt: skip
            yield (",".join(_cell(cell) for cell in cells) + "\r\n").encode()
        last = page[-1]
        assert last.ended_at is not None, "what is paid has ended"
        after = (last.ended_at, last.id)
    whole, part = divmod(total, 10**of.currency.scale)
    said = f"{whole}.{part:0{of.currency.scale}d}" if of.currency.scale else str(whole)
    yield f"{END},{count},{said}\r\n".encode()


def _numbers(order_ids: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for row in run("asks", {"ids": order_ids}):
        if row[6]:
            found.setdefault(row[0], []).append(row[6])
    return found


def _cell(text: str) -> str:
    """Return a cell as RFC 4180 has it; what a spreadsheet would take for a formula gets an apostrophe."""
    safe = f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
    return '"' + safe.replace('"', '""') + '"' if any(sign in safe for sign in ',"\r\n') else safe


def _merged(of: Biller, rows: Iterator[Row], digest: str, now: datetime) -> IntakeRow:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["intake_table"])
        with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_intake"]) as copy:
            while lines := [_line(row) for row in islice(rows, LINES_AT_ONCE)]:
                copy.write("".join(lines).encode())
    run("lock_taken_bills", {"biller": of.id})
    ((bills, fresh, left),) = run("merge_intake", {"biller": of.id, "now": now})
    if not bills:
        raise BillsFileRefused(line=0)
    row = IntakeRow(id=new_id(), biller_id=of.id, digest=digest, bills=bills, fresh=fresh, left=left, taken_at=now)
    row.save(force_insert=True)
    return row


def _line(row: Row) -> str:
    return (
        f"{new_id()}\t{row.reference.translate(_ESCAPED)}\t{row.number}\t{row.issued_on}\t{row.due_on or chr(92) + 'N'}\t"
        f"{row.period.translate(_ESCAPED)}\t{row.amount_minor}\t{row.minimum_minor or chr(92) + 'N'}\t{row.part_payments}\t"
        f"{row.customer_name.translate(_ESCAPED)}\n"
    )


def _intake(row: IntakeRow) -> Intake:
    return Intake(row.id, row.biller_id, row.digest, row.bills, row.fresh, row.left, row.taken_at)

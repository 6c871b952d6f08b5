"""A day of a biller that is paid and in the books, for the benchmark of reconciliation: as many payments as are wanted.

Postings go through the ledger's own door. Orders and bills are put into their tables by a superuser without their triggers:
how they come about one by one is what the benchmark of bills measures.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from raseed.bills.api import Biller

AMOUNT_MINOR: Final = 12_550
POSTED_AT_ONCE: Final = 8_190
PLANTED: Final = 100
"""How many breaks of each of four kinds a file has: lines that lack, another amount, twice, unknown."""

_ROWS: Final = (
    """INSERT INTO bills_bill (id, biller_id, reference, number, issued_on, due_on, period, amount_minor, part_payments,
           paid_minor, held_minor, elsewhere_minor, state, customer_name, seen_at)
       SELECT md5('bill' || id::text)::uuid, %(biller)s, lpad(place::text, 8, '0'), 'R-' || place, %(day)s, NULL, '', %(minor)s,
           'exact', %(minor)s, 0, 0, 'paid', '', %(at)s FROM planted""",
    """INSERT INTO bills_order (id, biller_id, customer_id, values, reference, amount_minor, state, made_at, ended_at,
           biller_reference)
       SELECT id, %(biller)s, %(customer)s, '{}', lpad(place::text, 8, '0'), %(minor)s, 'paid', %(at)s, %(at)s, 'B-' || place
       FROM planted""",
    """INSERT INTO bills_part (order_id, number, kind, bill_id, amount_minor, is_held)
       SELECT id, 1, 'bill', md5('bill' || id::text)::uuid, %(minor)s, false FROM planted""",
    "ANALYZE bills_bill, bills_order, bills_part",
)


@dataclass(frozen=True)
class SettledDay:
    """What was planted: the payments of a day, in order."""

    biller: Biller
    day: date
    payments: list[UUID]


def plant(biller: Biller, count: int, day: date, database: Any) -> SettledDay:
    """Let a biller have been paid so often on a day."""
    import psycopg  # noqa: PLC0415

    from raseed.kernel.ids import new_id  # noqa: PLC0415

    payments = [new_id() for _ in range(count)]
    with psycopg.connect(database.superuser_dsn) as admin, admin.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("CREATE TEMPORARY TABLE planted (id uuid, place int)")
        with cursor.copy("COPY planted FROM STDIN") as copy:
            for place, id_ in enumerate(payments):
                copy.write_row((id_, place))
        told = {
            "biller": biller.id, "customer": biller.customer_id, "day": day, "minor": AMOUNT_MINOR,
            "at": datetime.combine(day, time(12), UTC),
        }  # fmt: skip
        for statement in _ROWS:
            cursor.execute(statement, told if "%(" in statement else None)
    _post(biller, payments, day)
    return SettledDay(biller, day, payments)


def _post(biller: Biller, payments: list[UUID], day: date) -> None:
    from raseed.banking import api as banking  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.ledger import api as ledger  # noqa: PLC0415

    till = banking.internal_account(biller.institution_id, banking.InternalRole.CASH, biller.currency.code)
    account = banking.account(biller.collection_account_id)
    waiting = iter(payments)
    while some := list(islice(waiting, POSTED_AT_ONCE)):
        results = ledger.create_transfers(
            [
                ledger.NewTransfer(
                    id=new_id(), debit_account_id=till.id, credit_account_id=account.id, amount=AMOUNT_MINOR,
                    ledger=account.ledger, code=100, user_data=id_, booked_on=day,
                )
                for id_ in some
            ]
        )  # fmt: skip
        assert set(results) == {ledger.CreateTransferResult.OK}


def file_of(planted: SettledDay) -> tuple[bytes, int]:
    """Return the biller's file of that day with breaks planted in it, and how many breaks it has."""
    lines = list(_lines(planted))
    total = sum(minor for _, minor in lines)
    of = planted.biller
    out = io.StringIO()
    out.write(f"raseed-received,1,{of.code},{of.currency.code},{of.currency.scale},{planted.day}\n")
    out.write("payment,biller_reference,bills,amount,received_at\n")
    out.writelines(f"{text},{minor // 100}.{minor % 100:02d},{planted.day}T12:00:00Z\n" for text, minor in lines)
    out.write(f"end,{len(lines)},{total // 100}.{total % 100:02d}\n")
    return out.getvalue().encode(), 4 * _planted(planted)


def _planted(planted: SettledDay) -> int:
    return min(PLANTED, len(planted.payments) // 10)


def _lines(planted: SettledDay) -> Iterator[tuple[str, int]]:
    from raseed.kernel.ids import new_id  # noqa: PLC0415

    each = _planted(planted)
    for place, id_ in enumerate(planted.payments):
        if place < each:
            continue
        told = f"{id_},B-{place},R-{place}"
        yield told, AMOUNT_MINOR + (1 if place < 2 * each else 0)
        if 2 * each <= place < 3 * each:
            yield told, AMOUNT_MINOR
    for place in range(each):
        yield f"{new_id()},X-{place},R-0", AMOUNT_MINOR

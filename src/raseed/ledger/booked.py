"""An account's history by booked date: what a statement of a period is made of (decision 11).

One statement reads all of it, so sums and postings are of one view of the books, whatever is posted meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, LiteralString, cast
from uuid import UUID

import psycopg
from django.db import connection

from raseed.kernel.errors import RaseedError, mark

from .domain import Balances
from .errors import AccountNotFound

HISTORY_STEPS_MAX: Final = 1_000_000
"""The longest history that is read by booked date: a walk of some ten seconds."""
BOOKED_ENTRIES_MAX: Final = 100_000
"""The most postings that one call returns."""

_BOOKED: Final = cast(
    "LiteralString",
    re.findall(
        r"^-- name: booked\n(.*?);$",
        (Path(__file__).parent / "sql" / "booked.sql").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )[0],
)


class HistoryTooLong(RaseedError):
    """More was posted than one answer may hold, or than may be read for it."""

    code = "history_too_long"
    sentence = mark("There are more than %(limit)s movements, which is too many for one answer.")
    hint = mark("Ask for a shorter period.")


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """A transfer that moved an account's money; ``counterparty_id`` is the account on its other side."""

    seq: int
    transfer_id: UUID
    counterparty_id: UUID
    is_debit: bool
    amount: int
    user_data: UUID | None
    code: int
    booked_on: date
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class BookedPeriod:
    """An account's four sums before a period's first day and after its last, and what was posted in it.

    ``entries`` are in booked order: by booked date, then sequence. What was only held is in the sums, not among them.
    """

    opening: Balances
    closing: Balances
    entries: tuple[BookedEntry, ...]


def booked_period(
    account_id: UUID, first_day: date, last_day: date, *, limit: int = BOOKED_ENTRIES_MAX
) -> BookedPeriod:
    """Return what was booked on an account from one day to another, both included.

    Raises:
        AccountNotFound: there is none.
        HistoryTooLong: more than ``limit`` postings (at most ``BOOKED_ENTRIES_MAX``) are in the period, or the account
            has more than ``HISTORY_STEPS_MAX`` transfers in all.
    """
    limit = max(1, min(limit, BOOKED_ENTRIES_MAX))
    rows = _read(
        {
            "account": account_id,
            "first": first_day,
            "last": last_day,
            "lines_max": limit,
            "steps_max": HISTORY_STEPS_MAX + 1,
        }
    )
    if not rows:
        raise AccountNotFound
    steps, *sums = rows[0][:9]
    if steps > HISTORY_STEPS_MAX:
        raise HistoryTooLong(limit=HISTORY_STEPS_MAX)
    if len(rows) > limit:
        raise HistoryTooLong(limit=limit)
    return BookedPeriod(
        opening=Balances(*sums[:4]),
        closing=Balances(*sums[4:]),
        entries=tuple(_entry(account_id, row[9:]) for row in rows) if rows[0][9] is not None else (),
    )


def _read(parameters: dict[str, object]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        return cursor.execute(_BOOKED, parameters, binary=True).fetchall()


def _entry(account_id: UUID, row: tuple[Any, ...]) -> BookedEntry:
    transfer_id, debit_id, credit_id, amount, user_data, code, booked_on, seq, posted_at = row
    is_debit = debit_id == account_id
    return BookedEntry(
        seq=seq,
        transfer_id=transfer_id,
        counterparty_id=credit_id if is_debit else debit_id,
        is_debit=is_debit,
        amount=amount,
        user_data=user_data if user_data.int else None,
        code=code,
        booked_on=booked_on,
        posted_at=posted_at,
    )

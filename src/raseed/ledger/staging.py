"""An account's postings handed on as a table of the transaction, for a caller that joins them with rows of its own.

A closing or a reconciliation of a million payments is one statement over sets; postings that came as values would have to
be read out and put in again. What crosses the border is a temporary table of plain columns, filled by the ledger.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from raseed.platform.statements import named_statements

from .booked import HistoryTooLong
from .errors import AccountNotFound
from .queries import look_up_accounts

STAGED: Final = "ledger_staged"
"""The table: transfer_id, seq, is_debit, amount, user_data (zero: none), code, booked_on, posted_at."""
STAGED_MAX: Final = 20_000_000
"""The most postings that are staged at once."""

_STATEMENTS: Final = named_statements("raseed.ledger", "sql/booked.sql")


def stage_postings(account_id: UUID, *, after_seq: int = -1) -> int:
    """Fill ``ledger_staged`` with what was posted on an account after a place in the order; return how many there are.

    In the caller's transaction, and gone with it. It costs a walk over those transfers, not over the account's history.

    Raises:
        AccountNotFound: there is none. HistoryTooLong: more than ``STAGED_MAX``.
    """
    assert connection.in_atomic_block, "what is staged lasts as long as the transaction"
    if not look_up_accounts([account_id]):
        raise AccountNotFound
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS["stage_table"])
        cursor.execute("TRUNCATE ledger_staged")
        cursor.execute(
            _STATEMENTS["stage"],
            {"account": account_id, "after": after_seq, "most": STAGED_MAX + 1},
        )
        staged: int = cursor.rowcount
        cursor.execute("ANALYZE ledger_staged")
    if staged > STAGED_MAX:
        raise HistoryTooLong(limit=STAGED_MAX)
    return staged

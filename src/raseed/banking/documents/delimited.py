"""The statement of a period as CSV (RFC 4180), for spreadsheets and programs.

UTF-8 with a byte order mark, without which Excel takes Arabic for Latin-1. Names of columns are fixed English words;
dates and instants are ISO 8601, amounts plain decimals with all digits of the currency (ISO 4217).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC
from typing import Final

from raseed.banking.domain import StatementLine

from .period import PeriodStatement
from .plain import plain

COLUMNS: Final = (
    "booked_on", "posted_at", "amount", "currency", "balance_after", "counterparty", "counterparty_kind", "note",
    "reference", "payment_id", "end_to_end_id", "sequence",
)  # fmt: skip
ROWS_AT_ONCE: Final = 500
_STARTS_A_FORMULA: Final = tuple("=+-@\t\r＝＋－＠")


def statement_csv(period: PeriodStatement) -> Iterator[bytes]:
    """Yield the file piece by piece."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    rows.writerow(COLUMNS)
    for at in range(0, len(period.lines), ROWS_AT_ONCE):
        rows.writerows(map(_row, period.lines[at : at + ROWS_AT_ONCE]))
        yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def _row(line: StatementLine) -> tuple[str | int, ...]:
    return (
        line.booked_on.isoformat(),
        line.posted_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        line.amount.decimal_text(),
        line.amount.currency.code,
        line.balance_after.decimal_text(),
        _harmless(line.counterparty),
        line.counterparty_kind.value,
        _harmless(line.note),
        _harmless(line.reference),
        str(line.payment_id or ""),
        _harmless(line.end_to_end_id),
        line.seq,
    )


def _harmless(text: str) -> str:
    """Return words so that no spreadsheet takes them for a formula (OWASP, CSV injection): an apostrophe goes before."""
    seen = plain(text)
    return f"'{seen}" if seen.startswith(_STARTS_A_FORMULA) else seen

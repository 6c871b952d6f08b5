"""The end-of-day file of a settlement: CSV, as docs/biller-files.md has it, and what a line of it is.

A settlement never changes, so its file is the same whenever it is written, byte for byte, and ends with its own digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from raseed.kernel.money import Currency, Money

from ..domain import Biller
from ..queries import biller
from ..sql import run
from .domain import Settlement
from .models import LineKind
from .queries import settlement

MARK: Final = "raseed-settlement"
COLUMNS: Final = (
    "kind", "payment", "biller_reference", "reference", "bills", "amount", "bill", "penalty", "waiver", "credit",
    "credit_used", "booked_on", "paid_at", "refund",
)  # fmt: skip
LINES_AT_ONCE: Final = 2_000
"""How many lines are written at once."""


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A payment or a refund of a settlement, as its files tell of it. Amounts in minor units, never negative.

    Attributes:
        order_id: the payment's id at us; of a refund, of what is given back.
        numbers: of the bills that were paid, parted by spaces.
        bill, penalty, waiver, credit, credit_used: what the payment was made of.
    """

    seq: int
    kind: LineKind
    order_id: UUID
    refund_id: UUID | None
    transfer_id: UUID
    amount_minor: int
    booked_on: date
    posted_at: datetime
    reference: str
    biller_reference: str
    numbers: str
    bill: int
    penalty: int
    waiver: int
    credit: int
    credit_used: int


def settled_lines(settlement_id: UUID) -> Iterator[SettledLine]:
    """Yield what was settled, in the order of the ledger, read page by page."""
    after = -1
    while rows := run("settlement_lines", {"settlement": settlement_id, "after": after}):
        for seq, kind, order_id, refund_id, transfer_id, minor, booked_on, posted_at, *told in rows:
            reference, biller_reference, numbers, *parts = told
            yield SettledLine(
                seq, LineKind(kind), order_id, refund_id, transfer_id, abs(minor), booked_on, posted_at, reference or "",
                biller_reference or "", numbers or "", *parts,
            )  # fmt: skip
        after = rows[-1][0]


def settlement_csv(settlement_id: UUID) -> Iterator[bytes]:
    """Return the pieces of a settlement's file; callers have checked who asks.

    Raises:
        SettlementUnknown: there is none.
    """
    of = settlement(settlement_id)
    return _digested(_pieces(of, biller(of.biller_id)))


def _digested(pieces: Iterator[str]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        data = piece.encode()
        digest.update(data)
        yield data
    yield f"digest,sha256,{digest.hexdigest()}\r\n".encode()


def _pieces(of: Settlement, whose: Biller) -> Iterator[str]:
    money = whose.currency
    yield f"{MARK},1,{whose.code},{money.code},{money.scale},{of.day.isoformat()},{of.id}\r\n{','.join(COLUMNS)}\r\n"
    lines: list[str] = []
    for line in settled_lines(of.id):
        lines.append(_row(line, money))
        if len(lines) == LINES_AT_ONCE:
            yield "".join(lines)
            lines.clear()
    sums = (of.payments, of.collected.decimal_text(), of.refunds, of.refunded.decimal_text(), of.net.decimal_text())
    lines.append(",".join(["end", *map(str, sums)]) + "\r\n")
    yield "".join(lines)


def _row(line: SettledLine, money: Currency) -> str:
    amounts = [line.amount_minor]
    if line.kind is LineKind.PAYMENT:
        amounts += [line.bill, line.penalty, line.waiver, line.credit, line.credit_used]
    texts = [Money(minor, money).decimal_text() for minor in amounts] + [""] * (6 - len(amounts))
    cells = (
        line.kind.value, str(line.order_id), line.biller_reference, line.reference, line.numbers, *texts,
        line.booked_on.isoformat(), line.posted_at.astimezone(UTC).isoformat(timespec="seconds"),
        str(line.refund_id or ""),
    )  # fmt: skip
    return ",".join(map(_cell, cells)) + "\r\n"


def _cell(text: str) -> str:
    """Return a cell as RFC 4180 has it; what a spreadsheet would take for a formula gets an apostrophe."""
    safe = (
        f"'{text}" if text.startswith(("=", "+", "@", "\t")) or (text[:1] == "-" and not text[1:2].isdigit()) else text
    )
    return '"' + safe.replace('"', '""') + '"' if any(sign in safe for sign in ',"\r\n') else safe

"""The books as their tables hold them, and the record that a batch's digest is over (docs/formats/ledger-log.md).

Numbers are big-endian, times Unix microseconds, dates days since 2000-01-01, ids 16 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

UNIX_TO_POSTGRES_US: Final = 946_684_800_000_000
NEVER_US: Final = (1 << 63) - 1
"""PostgreSQL's 'infinity'; it is not shifted to the Unix epoch."""
SEQS_PER_BATCH_BITS: Final = 13
"""seq = batch * 8192 + place in the batch."""
PLACES_MAX: Final = 8190
RECORD_BYTES: Final = 124
DIGEST_PREFIX: Final = b"raseed-batch-v1\n"
LEAF_PREFIX: Final = b"raseed-leaf-v1\n"
MARK_SPACING: Final = 128

DEBITS_LIMITED: Final = 2
CREDITS_LIMITED: Final = 4
CLOSED: Final = 32
ACCOUNT_FLAGS: Final = 1 | DEBITS_LIMITED | CREDITS_LIMITED | 8 | CLOSED
LINKED: Final = 1
PENDING: Final = 2
POST: Final = 4
VOID: Final = 8
EXPIRED: Final = 1024
KEPT_RESULTS: Final = (0, 21, 22, 25, 65, 66, 54, 55)
"""0 for what was posted, and TigerBeetle's transient codes, which an id keeps for good."""

_KINDS: Final = {
    "int8": ("int8send({})", ">i8"),
    "int4": ("int4send({})", ">i4"),
    "int2": ("int2send({})", ">i2"),
    "uuid": ("uuid_send({})", "V16"),
    "time": ("timestamptz_send({})", ">i8"),
    "date": ("date_send({})", ">i4"),
    "hash": ("CASE WHEN length({0}) = 32 THEN {0} END", "V32"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns in the order in which they are read, and the one that puts its rows in order.

    Attributes:
        name: the table's.
        columns: column name and kind, separated by a blank.
        key: the column by which rows are put in order; empty where no order is needed.
    """

    name: str
    columns: tuple[str, ...]
    key: str = ""

    @property
    def dtype(self) -> np.dtype[Any]:
        """One row, packed."""
        return np.dtype([(name, _KINDS[kind][1]) for name, kind in self._split()])

    @property
    def expression(self) -> str:
        """The SQL that packs one row; NULL where a value is missing or has another length."""
        return " || ".join(_KINDS[kind][0].format(name) for name, kind in self._split())

    @property
    def times(self) -> list[str]:
        """The columns that are times."""
        return [name for name, kind in self._split() if kind == "time"]

    def _split(self) -> list[tuple[str, str]]:
        return [(name, kind) for name, _, kind in (column.partition(" ") for column in self.columns)]


TRANSFERS: Final = Table(
    "ledger_transfer",
    (
        "seq int8", "posted_at time", "id uuid", "debit_account_id uuid", "credit_account_id uuid", "amount int8",
        "pending_id uuid", "user_data uuid", "ledger int4", "code int4", "timeout_s int4", "booked_on date", "flags int2",
        "result int2", "debit_prev uuid", "credit_prev uuid",
    ),
    "seq",
)  # fmt: skip
"""Its first 124 bytes are the record."""
BATCHES: Final = Table("ledger_batch", ("number int8", "posted_at time", "transfers int4", "digest hash"), "number")
"""What a leaf is over, after its prefix."""
LEAVES: Final = Table("ledger_leaf", ("batch int8", "leaf_index int8", "hash hash"), "batch")
ACCOUNTS: Final = Table("ledger_account", ("id uuid", "ledger int4", "code int4", "flags int4"))
BALANCES: Final = Table(
    "ledger_balance",
    (
        "id uuid", "debits_pending int8", "debits_posted int8", "credits_pending int8", "credits_posted int8",
        "entries int8", "last_id uuid", "ledger int4", "flags int4",
    ),
)  # fmt: skip
PENDINGS: Final = Table(
    "ledger_pending",
    (
        "id uuid", "debit_account_id uuid", "credit_account_id uuid", "amount int8", "user_data uuid", "expires_at time",
        "ledger int4", "code int4",
    ),
)  # fmt: skip
MARKS: Final = Table(
    "ledger_mark",
    (
        "account_id uuid", "seq int8", "posted_at time", "transfer_id uuid", "debits_pending int8", "debits_posted int8",
        "credits_pending int8", "credits_posted int8",
    ),
)  # fmt: skip
SUMS: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


def words(column: NDArray[Any]) -> NDArray[np.uint64]:
    """Return ids as two machine words each, shape (n, 2): good for comparing and hashing, not for reading."""
    return np.ascontiguousarray(column).view(np.uint64).reshape(-1, 2)


def differ(these: NDArray[np.uint64], those: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say for each pair of ids, given as two words each, whether they differ."""
    return np.asarray((these[:, 0] != those[:, 0]) | (these[:, 1] != those[:, 1]))


def id_of(cell: Any) -> UUID:
    """Return an id from a cell of 16 bytes, or from its two words."""
    return UUID(bytes=cell.tobytes())

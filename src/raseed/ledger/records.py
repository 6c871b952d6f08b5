"""What is appended for a batch: its rows, and the digest over their canonical records.

The record of a transfer is 124 bytes, big-endian, version 1 (docs/formats/ledger-log.md): seq 8, posted_at 8 (Unix
microseconds), id 16, debit account 16, credit account 16, amount 8, pending id 16, user data 16, ledger 4, code 4,
timeout 4 (seconds), booked on 4 (days since 2000-01-01), flags 2, result 2. A batch's digest is SHA-256 over the line
``raseed-batch-v1`` and the records in the order of seq.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from . import wire
from .columns import UNIX_TO_POSTGRES_US
from .domain import BATCH_MAX, TRANSIENT
from .domain import CreateTransferResult as Result
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

_INT2: Final = np.dtype(">i2")
SEQS_PER_BATCH: Final = 8192
COPY_FROM: Final = 192
"""Batches of at least this many rows go by COPY, smaller ones in one call: where the two cost the same."""
DIGEST_PREFIX: Final = b"raseed-batch-v1\n"

RECORD: Final = np.dtype(
    [
        ("seq", INT8),
        ("posted_us", INT8),
        ("id", ID),
        ("debit", ID),
        ("credit", ID),
        ("amount", INT8),
        ("pending_id", ID),
        ("user_data", ID),
        ("ledger", INT4),
        ("code", INT4),
        ("timeout_s", INT4),
        ("booked", INT4),
        ("flags", _INT2),
        ("result", _INT2),
    ]
)
_HEAD_BYTES: Final = 72
_MIDDLE: Final = np.dtype(
    [("head", f"V{_HEAD_BYTES}"), ("same", f"V{RECORD.itemsize - _HEAD_BYTES - 2}"), ("result", _INT2)]
)
"""A record's middle, from its pending id to its flags, is the same for most of a batch."""
_COLUMNS: Final = [
    ("seq", INT8),
    ("posted_at", INT8),
    ("amount", INT8),
    ("id", ID),
    ("debit_account_id", ID),
    ("credit_account_id", ID),
    ("debit_prev", ID),
    ("credit_prev", ID),
    ("user_data", ID),
    ("ledger", INT4),
    ("code", INT4),
    ("booked_on", INT4),
]
_PLAIN: Final = wire.Rows("ledger_transfer", _COLUMNS)
_ANY: Final = wire.Rows(
    "ledger_transfer",
    [*_COLUMNS, ("pending_id", ID), ("timeout_s", INT4), ("flags", _INT2), ("result", _INT2)],
)


def kept_code(result: Result) -> int:
    """Return what is kept of an answer: 0 for a posted transfer, the code of an id that stays failed, −1 for nothing."""
    if result is Result.OK:
        return 0
    return int(result) if result in TRANSIENT else -1


def digest(records: NDArray[Any]) -> bytes:
    """Return the digest of a batch's records, in the order of seq."""
    return hashlib.sha256(DIGEST_PREFIX + records.tobytes()).digest()


def batches_for(transfers: int) -> int:
    """Return how many batch numbers so many transfers take."""
    return -(-transfers // BATCH_MAX)


def seqs(batches: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sequence numbers of transfers at these positions of a call that took these batch numbers."""
    numbers: NDArray[np.int64] = batches.astype(np.int64)[positions // BATCH_MAX]
    return numbers * SEQS_PER_BATCH + positions % BATCH_MAX


def _are_alike(records: NDArray[Any]) -> bool:
    """Say whether these are plain transfers in unbroken order, of one ledger, code and date, with no data of the user's."""
    middles = np.frombuffer(records.tobytes(), _MIDDLE)["same"]
    plain = np.zeros(1, RECORD)
    for name in ("ledger", "code", "booked"):
        plain[name] = records[0][name]
    alike = np.frombuffer(plain.tobytes(), _MIDDLE)["same"]
    return bool((middles == alike).all()) and int(records[-1]["seq"] - records[0]["seq"]) == len(records) - 1


def append(
    connection: psycopg.Connection[Any], records: NDArray[Any], debit_prev: NDArray[Any], credit_prev: NDArray[Any]
) -> None:
    """Append transfers, with each side's link to its account's previous transfer, and each batch's digest.

    Raises:
        psycopg.errors.UniqueViolation: an id was posted by another transaction in the meantime.
    """
    first, last = (int(records[at]["seq"]) // SEQS_PER_BATCH for at in (0, -1))
    if first == last:
        _append_batch(connection, first, records, debit_prev, credit_prev)
        return
    numbers = records["seq"] // SEQS_PER_BATCH
    bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(records)]
    for start, end in itertools.pairwise(bounds):
        _append_batch(
            connection, int(numbers[start]), records[start:end], debit_prev[start:end], credit_prev[start:end]
        )


def _append_batch(
    connection: psycopg.Connection[Any],
    batch: int,
    records: NDArray[Any],
    debit_prev: NDArray[Any],
    credit_prev: NDArray[Any],
) -> None:
    at = wire.int8(int(records["posted_us"][0]) - UNIX_TO_POSTGRES_US)
    if len(records) < COPY_FROM:
        r, first = records, records[0]
        if _are_alike(records):
            wire.call(
                connection,
                b"SELECT ledger_append_alike($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
                [
                    wire.int8(batch), at, digest(records), wire.int8(int(first["seq"])), wire.int4(int(first["ledger"])),
                    wire.int4(int(first["code"])), wire.int4(int(first["booked"])), wire.int8s(r["amount"]),
                    wire.uuids(r["id"]), wire.uuids(r["debit"]), wire.uuids(r["credit"]), wire.uuids(debit_prev),
                    wire.uuids(credit_prev), wire.int4s(r["result"]),
                ],
            )  # fmt: skip
            return
        wire.call(
            connection,
            b"SELECT ledger_append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)",
            [
                wire.int8(batch), at, digest(records), wire.int8s(r["seq"]), wire.int8s(r["amount"]),
                wire.uuids(r["id"]), wire.uuids(r["debit"]), wire.uuids(r["credit"]), wire.uuids(debit_prev),
                wire.uuids(credit_prev), wire.uuids(r["pending_id"]), wire.uuids(r["user_data"]),
                wire.int4s(r["ledger"]), wire.int4s(r["code"]), wire.int4s(r["timeout_s"]), wire.dates(r["booked"]),
                wire.int4s(r["flags"]), wire.int4s(r["result"]),
            ],
        )  # fmt: skip
        return
    is_plain = not (records["flags"].any() or records["result"].any())
    table = _PLAIN if is_plain else _ANY
    rows = table.empty(len(records))
    rows["posted_at"] = records["posted_us"] - UNIX_TO_POSTGRES_US
    rows["debit_account_id"], rows["credit_account_id"] = records["debit"], records["credit"]
    rows["debit_prev"], rows["credit_prev"], rows["booked_on"] = debit_prev, credit_prev, records["booked"]
    for name in ("seq", "amount", "id", "user_data", "ledger", "code"):
        rows[name] = records[name]
    if not is_plain:
        for name in ("pending_id", "timeout_s", "flags", "result"):
            rows[name] = records[name]
    table.copy(connection, rows)
    wire.call(
        connection,
        b"INSERT INTO ledger_batch (number, posted_at, transfers, digest) VALUES ($1, $2, $3::int8, $4)",
        [wire.int8(batch), at, wire.int8(len(records)), digest(records)],
    )

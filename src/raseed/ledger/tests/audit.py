"""Looks through the books as an auditor would: reads the rows as they lie there, and works everything else out again.

Shares no code with posting; the layout of a record is written out from ``records``' documentation. Finds nothing where all
is well.
"""

from __future__ import annotations

import hashlib
import struct
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg

from raseed.ledger.api import AccountFlags, CreateTransferResult, NewAccount, NewTransfer, TransferFlags

from .model import Model, four

ZERO = UUID(int=0)
PENDING, POST, VOID, EXPIRED = 2, 4, 8, 1024
STATES = {1: "pending", 2: "posted", 3: "voided", 4: "expired"}
RECORD = struct.Struct(">qq16s16s16sq16s16siiiihh")
"""seq, posted at, id, debit, credit, amount, pending id, user data, ledger, code, timeout, booked on, flags, result."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_ZERO = date(2000, 1, 1)
_TRANSFERS = """
    SELECT seq, posted_at, id, debit_account_id, credit_account_id, amount, pending_id, user_data, ledger, code, timeout_s,
           booked_on, flags, result, debit_prev, credit_prev
    FROM ledger_transfer ORDER BY seq
"""


@dataclass
class Fold:
    """What an account comes to, from its transfers alone."""

    sums: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    last: UUID = ZERO
    entries: int = 0


@dataclass
class Audit:
    """One look at the books in one snapshot; ``wrong`` lists what does not hold."""

    wrong: list[str] = field(default_factory=list)
    folds: dict[UUID, Fold] = field(default_factory=lambda: defaultdict(Fold))
    states: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """Amount and state of each pending transfer."""
    marks: dict[tuple[UUID, int], tuple[Any, ...]] = field(default_factory=dict)
    posted: set[UUID] = field(default_factory=set)
    failed: set[UUID] = field(default_factory=set)

    def transfer(self, row: tuple[Any, ...], previous_seq: int) -> None:
        seq, posted_at, id_, debit, credit, amount, pending_id = row[:7]
        flags, result, debit_prev, credit_prev = row[12:16]
        if seq <= previous_seq:
            self.wrong.append(f"transfer {id_}: seq {seq} is not after {previous_seq}")
        if result:
            self.failed.add(id_)
            return
        self.posted.add(id_)
        pending, moved = 0, amount
        if flags & PENDING:
            pending, moved = amount, 0
            self.states[id_] = (amount, 1)
        elif flags & (POST | VOID):
            held, state = self.states.get(pending_id, (0, 0))
            if state != 1:
                self.wrong.append(f"transfer {id_} resolves {pending_id}, which was {STATES.get(state, 'not pending')}")
            pending, moved = -held, amount if flags & POST else 0
            self.states[pending_id] = (held, 4 if flags & EXPIRED else 2 if flags & POST else 3)
        for account, side, link in ((debit, 0, debit_prev), (credit, 2, credit_prev)):
            fold = self.folds[account]
            if link != fold.last:
                self.wrong.append(f"transfer {id_} links to {link} for account {account}, whose last was {fold.last}")
            fold.sums[side] += pending
            fold.sums[side + 1] += moved
            fold.last, fold.entries = id_, fold.entries + 1
            if fold.entries % 128 == 0:
                self.marks[account, seq] = (posted_at, id_, *fold.sums)

    def batch(self, rows: list[tuple[Any, ...]], kept: tuple[Any, ...] | None) -> None:
        number = rows[0][0] // 8192
        records = b"".join(record(row) for row in rows)
        digest = hashlib.sha256(b"raseed-batch-v1\n" + records).digest()
        if kept is None:
            self.wrong.append(f"batch {number} has no digest")
        elif kept[1] != len(rows) or bytes(kept[2]) != digest or kept[0] != rows[0][1]:
            self.wrong.append(f"batch {number} has another digest, count or time than its {len(rows)} transfers")

    def balances(self, rows: Iterator[tuple[Any, ...]]) -> None:
        by_ledger: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        seen = set()
        for id_, ledger, flags, entries, last_id, *sums in rows:
            seen.add(id_)
            fold = self.folds.get(id_, Fold())
            if (sums, entries, last_id) != (fold.sums, fold.entries, fold.last):
                self.wrong.append(f"account {id_} has {sums}, {entries} entries; its transfers make {fold}")
            if flags & 2 and sums[0] + sums[1] > sums[3]:
                self.wrong.append(f"account {id_}: debits past its credits, {sums}")
            if flags & 4 and sums[2] + sums[3] > sums[1]:
                self.wrong.append(f"account {id_}: credits past its debits, {sums}")
            for at, amount in enumerate(sums):
                by_ledger[ledger][at] += amount
        self.wrong += [f"account {id_} has transfers and no balance" for id_ in self.folds.keys() - seen]
        for ledger, (debits_pending, debits, credits_pending, credits_) in by_ledger.items():
            if (debits_pending, debits) != (credits_pending, credits_):
                self.wrong.append(f"ledger {ledger} does not sum to zero")


def record(row: tuple[Any, ...]) -> bytes:
    (
        seq,
        posted_at,
        id_,
        debit,
        credit,
        amount,
        pending_id,
        user_data,
        ledger,
        code,
        timeout_s,
        booked_on,
        flags,
        result,
    ) = row[:14]
    return RECORD.pack(
        seq, (posted_at - EPOCH) // timedelta(microseconds=1), id_.bytes, debit.bytes, credit.bytes, amount,
        pending_id.bytes, user_data.bytes, ledger, code, timeout_s, (booked_on - DAY_ZERO).days, flags, result,
    )  # fmt: skip


def audit(dsn: str) -> Audit:
    """Look through all books in one snapshot."""
    found = Audit()
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection, connection.cursor() as cursor:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        cursor.execute("SELECT number, posted_at, transfers, digest FROM ledger_batch")
        batches = {number: rest for number, *rest in cursor}
        cursor.execute(_TRANSFERS)
        previous_seq = -1
        for number, group in groupby(cursor, lambda row: row[0] // 8192):
            rows = list(group)
            found.batch(rows, tuple(batches.pop(number)) if number in batches else None)
            for row in rows:
                found.transfer(row, previous_seq)
                previous_seq = row[0]
        found.wrong += [f"batch {number} has a digest and no transfers" for number in batches]
        cursor.execute(
            "SELECT id, ledger, flags, entries, last_id, debits_pending, debits_posted, credits_pending, credits_posted"
            " FROM ledger_balance"
        )
        found.balances(iter(cursor))
        cursor.execute("SELECT id, amount FROM ledger_pending")
        kept = {id_: amount for id_, amount in cursor}  # noqa: C416 - so its type is known
        pending = {id_: amount for id_, (amount, state) in found.states.items() if state == 1}
        if kept != pending:
            differ = [id_ for id_ in kept.keys() | pending.keys() if kept.get(id_) != pending.get(id_)]
            found.wrong.append(f"pending transfers {differ[:3]} and {len(differ)} in all are kept otherwise")
        cursor.execute(
            "SELECT account_id, seq, posted_at, transfer_id, debits_pending, debits_posted, credits_pending, credits_posted"
            " FROM ledger_mark"
        )
        marks = {(account_id, seq): tuple(rest) for account_id, seq, *rest in cursor}
        if marks != found.marks:
            differing = [key for key in marks.keys() | found.marks.keys() if marks.get(key) != found.marks.get(key)]
            found.wrong.append(f"marks at {differing[:3]} and {len(differing)} in all differ")
    return found


def replay(dsn: str, chained: Collection[UUID] = ()) -> list[str]:
    """Ask the model for every row of the books again, one by one in the order of seq; return where it answers otherwise.

    So the order that seq gives is one in which all answers are right, whoever asked at the same time. ``chained`` are ids
    asked for in chains: what failed there failed with its chain's earlier members, which are not in the books.
    """
    wrong: list[str] = []
    model = Model()
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, ledger, code, flags, user_data FROM ledger_account")
        accounts = [NewAccount(id_, ledger, code, AccountFlags(flags)) for id_, ledger, code, flags, _ in cursor]
        model.ledgers.update(account.ledger for account in accounts)
        model.create_accounts(accounts)
        cursor.execute(_TRANSFERS)
        for row in cursor:
            (
                posted_at,
                id_,
                debit,
                credit,
                amount,
                pending_id,
                user_data,
                ledger,
                code,
                timeout_s,
                booked_on,
                flags,
                result,
            ) = row[1:14]
            if flags & EXPIRED and not result:
                if pending_id not in model.due(posted_at):
                    wrong.append(f"{pending_id} expired and was not due at {posted_at}")
                model.expire(pending_id, id_, posted_at)
                continue
            if result and id_ in chained:
                model.failed.add(id_)
                continue
            asked = NewTransfer(
                id_,
                debit,
                credit,
                amount,
                ledger,
                code,
                TransferFlags(flags & ~1),
                pending_id,
                timeout_s,
                user_data,
                booked_on,
            )
            [answer] = model.create_transfers([asked], posted_at)
            if answer != result:
                wrong.append(f"{asked} was answered {CreateTransferResult(result)!r}; the model says {answer!r}")
                break  # what follows would follow from it
        cursor.execute("SELECT id, debits_pending, debits_posted, credits_pending, credits_posted FROM ledger_balance")
        wrong += [
            f"account {id_} has {sums}; the model has {four(model.balances[id_])}"
            for id_, *sums in cursor
            if tuple(sums) != four(model.balances[id_])
        ]
    return wrong

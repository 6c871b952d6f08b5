"""The verification: one pass over the transfers in their order, then the tables that are derived from them.

Every step compares what it recomputes with what is kept, and the first difference ends it. The order of the books
decides which is first; in a batch, that its transfers were changed comes before what follows from the change.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.kernel.errors import mark

from ..log.checkpoint import KEY_LINE, origin_of
from ..log.note import Verifier
from .accounts import Accounts, Moves
from .checkpoints import HAND_OVERS_MAX, CheckpointChain, CheckpointRow, OutsideCheckpoint, trust
from .derived import check_balances, check_marks, check_pendings, check_sums, check_unique, load_accounts
from .findings import Difference, Found, differs
from .formats import BATCHES, LEAVES, MARKS, SEQS_PER_BATCH_BITS, TRANSFERS, id_of, words
from .partitions import Partitions
from .pendings import Pendings
from .reading import END, Ahead, Ordered, snapshot
from .rows import first_impossible
from .sealed import Log, Portion

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from uuid import UUID

    import psycopg
    from numpy.typing import NDArray

    from raseed.platform.api import Progress

_CHECKPOINTS_FETCHED: Final = 1000


@dataclass(slots=True)
class Report:
    """What was verified, and how long it took.

    Attributes:
        difference: the first one, or None where all is as it should be.
        outside: how many checkpoints kept outside the log was held against.
        spent_ms: milliseconds by step; the steps are message ids.
    """

    difference: Difference | None = None
    origin: str | None = None
    transfers: int = 0
    failed: int = 0
    batches: int = 0
    sealed: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    outside: int = 0
    accounts: int = 0
    pendings: int = 0
    marks: int = 0
    spent_ms: dict[str, int] = field(default_factory=dict)

    @contextlib.contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = time.monotonic_ns()
        try:
            yield
        finally:
            self.spent_ms[step] = self.spent_ms.get(step, 0) + (time.monotonic_ns() - began) // 1_000_000


def verify(
    connect: Callable[[], psycopg.Connection[Any]],
    *,
    keys_of: Callable[[UUID], Sequence[Verifier]],
    outside: Sequence[OutsideCheckpoint],
    progress: Progress,
) -> Report:
    """Verify the books as they are now, while posting goes on; report the first difference.

    Args:
        connect: opens a connection that may read.
        keys_of: the public keys to trust for the log with this id.
        outside: checkpoints kept outside, which were read before this call.
        progress: is told how far it is.
    """
    report = Report()
    with snapshot(connect) as connection, contextlib.ExitStack() as stack:
        try:
            _Verification(connection, report, stack, progress).run(keys_of, outside)
        except Found as found:
            report.difference = found.difference
    return report


class _Verification:
    """One run."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        report: Report,
        stack: contextlib.ExitStack,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._report = report
        self._stack = stack
        self._progress = progress
        self._accounts: Accounts
        self._pendings = Pendings()
        self._ids = Partitions([("id", "V16")], stack)
        self._marks = Partitions(MARKS.dtype, stack)

    def run(self, keys_of: Callable[[UUID], Sequence[Verifier]], outside: Sequence[OutsideCheckpoint]) -> None:
        report = self._report
        with report.timed(mark("Tables")):
            streams = [Ordered(self._connection, table) for table in (TRANSFERS, BATCHES, LEAVES)]
            log = self._open_log(streams[2], keys_of, outside)
        with report.timed(mark("Accounts")):
            self._accounts = load_accounts(self._connection)
            report.accounts = len(self._accounts)
        with report.timed(mark("Transfers")):
            ahead = Ahead(_portions(self._connection, *streams))
            try:
                for portion in ahead:
                    self._follow(portion, log)
                    self._progress(mark("Transfers"), report.transfers, streams[0].rows)
            finally:
                ahead.close()
        _raise(log.end())
        checks: tuple[tuple[str, Callable[[], Difference | None]], ...] = (
            (mark("Ids of transfers"), lambda: check_unique(self._connection, self._ids, self._progress)),
            (mark("Balances"), lambda: check_balances(self._connection, self._accounts, self._progress)),
            (mark("Pending transfers"), self._check_pendings),
            (mark("Marks"), lambda: check_marks(self._connection, self._marks, self._stack, self._progress)),
            (mark("Sums"), lambda: check_sums(self._accounts)),
        )
        for name, check in checks:
            with report.timed(name):
                _raise(check())

    def _check_pendings(self) -> Difference | None:
        still = self._pendings.still_open()
        self._report.pendings = len(still)
        return check_pendings(self._connection, still, self._progress)

    def _open_log(
        self, leaves: Ordered, keys_of: Callable[[UUID], Sequence[Verifier]], outside: Sequence[OutsideCheckpoint]
    ) -> Log:
        connection, report = self._connection, self._report
        opened = connection.execute("SELECT id FROM ledger_log").fetchone()
        [checkpoints] = connection.execute("SELECT count(*) FROM ledger_checkpoint").fetchone() or [0]
        if opened is None:
            if leaves.rows or checkpoints:
                raise Found(differs("log_nameless", leaves=leaves.rows, checkpoints=checkpoints))
            chain = CheckpointChain("", [])
        else:
            report.origin = origin_of(opened[0])
            hand_overs = connection.execute(
                "SELECT note FROM ledger_checkpoint WHERE position(%s IN note) > 0 ORDER BY number LIMIT %s",
                [f"\n{KEY_LINE}", HAND_OVERS_MAX],
            )
            chain = CheckpointChain(report.origin, trust(keys_of(opened[0]), (note for (note,) in hand_overs)))
        for kept in outside:
            _raise(chain.check_outside(kept))
        report.outside = len(outside)
        return Log(chain, sorted(outside, key=lambda each: each.checkpoint.size), leaves.last)

    def _follow(self, portion: Portion, log: Log) -> None:
        """Check a portion: first what was posted, then what follows from it."""
        report = self._report
        found = log.check(portion)
        rows = portion.transfers
        if found is not None:
            rows = rows[rows["seq"].astype(np.int64) >> SEQS_PER_BATCH_BITS < found[0]]
        _raise(self._books(rows))
        if found is not None:
            _raise(self._moved(portion, *found))
        report.transfers += len(rows)
        report.batches, report.unsealed, report.sealed = log.batches, log.unsealed, log.tree.size
        report.checkpoints = log.chain.checked

    def _books(self, rows: NDArray[Any]) -> Difference | None:
        """Follow transfers in the books; return what is wrong with the first that can't be followed."""
        wrong: tuple[int, Difference] | None = first_impossible(rows)
        posted = _posted(rows, wrong)
        moves, wrong_account = self._moves(posted)
        pending, posts, wrong_pending = self._pendings.apply(moves.rows)
        moves.pending, moves.posted = pending, posts
        if wrong_pending is not None:
            moves = _before(moves, wrong_pending[0])
        applied = self._accounts.apply(moves)
        if isinstance(applied, tuple):
            return applied[1]
        for later in (wrong_pending, wrong_account, wrong):
            if later is not None:
                return later[1]
        self._ids.add(np.ascontiguousarray(rows["id"]).view([("id", "V16")]), words(rows["id"]))
        self._marks.add(applied, words(applied["account_id"]))
        self._report.marks += len(applied)
        self._report.failed += len(rows) - len(posted)
        return None

    def _moves(self, posted: NDArray[Any]) -> tuple[Moves, tuple[int, Difference] | None]:
        """Find the accounts of posted transfers; what moves is not known yet."""
        accounts = self._accounts
        found: list[tuple[int, Difference]] = []
        places = []
        for side in ("debit_account_id", "credit_account_id"):
            place = accounts.index.find(words(posted[side]))
            places.append(place)
            unknown = place < 0
            other = accounts.ledger[place] != posted["ledger"] if len(accounts) else unknown
            if not (unknown | other).any():
                continue
            at = int(np.argmax(unknown | other))
            row = posted[at]
            named = {"id": id_of(row["id"]), "seq": int(row["seq"]), "account": id_of(row[side])}
            if unknown[at]:
                found.append((at, differs("row_account", **named)))
            else:
                ledgers = {"found": int(row["ledger"]), "expected": int(accounts.ledger[place[at]])}
                found.append((at, differs("row_ledger", **named, **ledgers)))
        nothing = np.zeros(len(posted), np.int64)
        moves = Moves(posted, places[0], places[1], nothing, nothing)
        if not found:
            return moves, None
        wrong = min(found, key=lambda each: each[0])
        return _before(moves, wrong[0]), wrong

    def _moved(self, portion: Portion, batch: int, difference: Difference) -> Difference:
        """Say more of an altered batch, where its transfers no longer follow on each other as they did."""
        if difference.code != "batch_altered":
            return difference
        rows = portion.transfers
        rows = rows[rows["seq"].astype(np.int64) >> SEQS_PER_BATCH_BITS == batch]
        moves, _ = self._moves(_posted(rows, first_impossible(rows)))
        moved = self._accounts.first_moved(moves)
        return difference if moved is None else differs("batch_moved", batch=batch, **moved.params)


def _posted(rows: NDArray[Any], wrong: tuple[int, Difference] | None) -> NDArray[Any]:
    """Return the posted ones of the transfers before the first impossible one."""
    possible = rows if wrong is None else rows[: wrong[0]]
    posted: NDArray[np.bool_] = possible["result"] == 0
    return possible if posted.all() else possible[posted]


def _before(moves: Moves, end: int) -> Moves:
    return Moves(moves.rows[:end], moves.debit[:end], moves.credit[:end], moves.pending[:end], moves.posted[:end])


def _raise(difference: Difference | None) -> None:
    if difference is not None:
        raise Found(difference)


def _portions(
    connection: psycopg.Connection[Any], transfers: Ordered, batches: Ordered, leaves: Ordered
) -> Generator[Portion, None, None]:
    """Yield everything that is sealed or waits for it, in the order of batches."""
    total_leaves = 0
    with connection.cursor("verify_checkpoints", binary=True) as cursor:
        cursor.itersize = _CHECKPOINTS_FETCHED
        cursor.execute("SELECT number, leaves, batch, peaks, note FROM ledger_checkpoint ORDER BY number")
        rows = (CheckpointRow(number, size, batch, bytes(peaks), note) for number, size, batch, peaks, note in cursor)
        waiting = next(rows, None)
        for moved, limit in transfers.portions(SEQS_PER_BATCH_BITS):
            end = limit if limit == END else limit >> SEQS_PER_BATCH_BITS
            sealed = leaves.below(end)
            total_leaves += len(sealed)
            covered = []
            while waiting is not None and (waiting.leaves <= total_leaves or limit == END):
                covered.append(waiting)
                waiting = next(rows, None)
            yield Portion(moved, batches.below(end), sealed, covered)

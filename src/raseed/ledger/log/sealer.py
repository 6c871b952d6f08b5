"""The sealer: takes committed batches into the log and signs its root, a moment after they were posted.

It reads ``ledger_batch`` below the horizon, in the order of numbers, and appends leaves and one checkpoint in one
transaction; then it writes the checkpoint outside the database. Killed at any instant it goes on from the last
checkpoint that was committed. Several may run: an advisory lock lets one at a time through. Posting never waits for it.

``python -m raseed.ledger.log.sealer`` runs until SIGTERM.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id

from .. import wire
from . import outside
from .checkpoint import LEAF_PREFIX, Checkpoint, origin_of
from .errors import LogForked
from .horizon import Horizon
from .keys import KEYS_MAX, LogKeys
from .note import Forged, Malformed, Signer, parse_note, sign_note
from .tree import HASH_BYTES, LEAF, CompactRange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from uuid import UUID

    import psycopg
    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock

SEAL_EVERY_MS: Final = 250
"""The least time between two looks at the books, and so between two checkpoints."""
FINAL_POLL_MS: Final = 20
"""How often to look again while postings that may come earlier in the order are on their way."""
LEAVES_PER_SEAL_MAX: Final = 1 << 16
_LOCK: Final = 0x7261_7365_6564_5F6C
"""The advisory lock of whoever seals: "raseed_l"."""
_UNIX_TO_POSTGRES_US: Final = 946_684_800_000_000
_BATCH: Final = np.dtype([("number", ">i8"), ("posted_us", ">i8"), ("transfers", ">i4"), ("digest", f"V{HASH_BYTES}")])
"""What a leaf is over, after its prefix; also what the database sends of a batch, but for the epoch of its time."""
_LEAVES: Final = wire.Rows(
    "ledger_leaf",
    [("leaf_index", np.dtype(">i8")), ("batch", np.dtype(">i8")), ("hash", np.dtype(f"V{HASH_BYTES}"))],
)

_LATEST: Final = "SELECT number, leaves, batch, peaks, note FROM ledger_checkpoint ORDER BY number DESC LIMIT 1"
_NOTE_AT: Final = "SELECT note FROM ledger_checkpoint WHERE leaves = %s ORDER BY number LIMIT 1"
_BATCHES: Final = """
    SELECT string_agg(int8send(number) || timestamptz_send(posted_at) || int4send(transfers) || digest, '' ORDER BY number)
    FROM (SELECT * FROM ledger_batch WHERE number > %s AND number <= %s ORDER BY number LIMIT %s) batches
"""
_OPEN: Final = "INSERT INTO ledger_log (id, opened_at) VALUES (%s, %s)"
_CHECKPOINT: Final = (
    "INSERT INTO ledger_checkpoint (number, leaves, batch, sealed_at, peaks, note) VALUES (%s, %s, %s, %s, %s, %s)"
)


@dataclass(slots=True)
class _Head:
    """The log as it stands: its last checkpoint's number, the last batch in it, and the tree to go on from."""

    number: int
    batch: int
    tree: CompactRange


class Sealer:
    """Seals what is final, one step at a time; not for use by several threads at once."""

    def __init__(self, connection: psycopg.Connection[Any], home: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        """Take a connection of the sealer's own, in autocommit, and the folder of keys and checkpoints."""
        self._connection = connection
        self._home = home
        self._clock = clock
        self._horizon = Horizon()
        self._keys: LogKeys | None = None
        self._head: _Head | None = None
        self._looked_at_ms = 0
        self._sealed_upto = -1

    def step(self) -> int:
        """Look once, seal what has become final, and return after how many milliseconds to look again.

        Raises:
            LogKeyMissing, UnreadableKey: the key can't be used.
            LogForked: the database's log is not what was sealed before; nothing is sealed until a person has looked.
            psycopg.Error: as the database answered; the next step goes on.
        """
        if not self._horizon.waits:
            self._looked_at_ms = _now_ms()
        final = self._horizon.advance(self._connection)
        if final > self._sealed_upto:
            sealed = self._seal(final)
            if sealed is None:
                return FINAL_POLL_MS
            if sealed == LEAVES_PER_SEAL_MAX:
                return 0
            self._sealed_upto = final
        if self._horizon.waits:
            return FINAL_POLL_MS
        return max(SEAL_EVERY_MS - (_now_ms() - self._looked_at_ms), 0)

    def seal_all(self, *, patience_ms: int = 60_000) -> int:
        """Seal everything that was committed before this call; return how many batches this sealer took in.

        Raises:
            TimeoutError: postings in flight, or another sealer, did not end in time.
        """
        deadline_ms = _now_ms() + patience_ms
        horizon = Horizon()
        total = 0
        while True:
            final = horizon.advance(self._connection)
            sealed = None if horizon.waits else self._seal(final)
            total += sealed or 0
            if sealed is not None and sealed < LEAVES_PER_SEAL_MAX:
                return total
            if _now_ms() > deadline_ms:
                raise TimeoutError("postings in flight, or another sealer, did not end")
            if not sealed:
                time.sleep(FINAL_POLL_MS / 1000)

    def begin_hand_over(self) -> Signer:
        """Let a new key sign beside the present one, from a checkpoint made now; return the new key.

        Raises:
            KeyHandOver: two keys sign already.
        """
        made: list[Signer] = []
        self._seal(0, before=lambda keys: made.append(keys.begin_hand_over()))
        return made[0]

    def finish_hand_over(self) -> None:
        """Let the newer of two keys sign alone, from a checkpoint made now.

        Raises:
            KeyHandOver: only one key signs.
        """
        self._seal(0, before=_need_two)  # signed by both, should the beginning have been interrupted
        self._seal(0, before=LogKeys.finish_hand_over)

    def checkpoint(self) -> str:
        """Return the note of the latest checkpoint; open the log if there is none."""
        self._seal(0, wait=True)
        [note] = self._connection.execute(
            "SELECT note FROM ledger_checkpoint ORDER BY number DESC LIMIT 1"
        ).fetchone() or [""]
        return str(note)

    def _seal(self, upto: int, *, before: Callable[[LogKeys], None] | None = None, wait: bool = False) -> int | None:
        """Seal batches up to a number, ``LEAVES_PER_SEAL_MAX`` at most; None where another sealer is at it.

        ``before`` is run under the lock; a checkpoint is then made in any case, and another sealer waited for.
        """
        connection = self._connection
        with connection.transaction():
            if before is not None or wait:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            elif not (connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone() or [False])[0]:
                return None
            keys, head = self._current()
            if before is not None:
                before(keys)
            found = connection.execute(_BATCHES, [head.batch, upto, LEAVES_PER_SEAL_MAX], binary=True).fetchone()
            batches = np.frombuffer(bytearray((found and found[0]) or b""), _BATCH)
            if not len(batches) and before is None and head.number:
                return 0
            batches["posted_us"] += _UNIX_TO_POSTGRES_US
            tree = head.tree.copy()
            self._append(tree, batches)
            last = int(batches["number"][-1]) if len(batches) else head.batch
            note, at = _signed(keys, tree), self._clock.now()
            values = [head.number + 1, tree.size, last, at, tree.to_bytes(), note]
            connection.execute(_CHECKPOINT, values)
        self._head = _Head(head.number + 1, last, tree)
        outside.keep(self._home, keys.log_id, note, at)
        return len(batches)

    def _append(self, tree: CompactRange, batches: NDArray[Any]) -> None:
        """Append the batches' leaves to the tree and to the table."""
        if not len(batches):
            return
        first, width, raw = tree.size, batches.itemsize, batches.tobytes()
        prefix = LEAF + LEAF_PREFIX
        hashes = [hashlib.sha256(prefix + raw[at : at + width]).digest() for at in range(0, len(raw), width)]
        for leaf in hashes:
            tree.append(leaf)
        rows = _LEAVES.empty(len(batches))
        rows["leaf_index"], rows["batch"] = np.arange(first, tree.size), batches["number"]
        rows["hash"] = np.frombuffer(b"".join(hashes), rows["hash"].dtype)
        _LEAVES.copy(self._connection, rows)

    def _current(self) -> tuple[LogKeys, _Head]:
        """Return the log's keys and where it stands; open the log where the database has none yet.

        Raises:
            LogForked: its last checkpoint is not ours, or falls short of the one kept outside.
        """
        opened = self._connection.execute("SELECT id FROM ledger_log").fetchone()
        latest = self._connection.execute(_LATEST).fetchone()
        if opened is None:
            if latest is not None:
                raise LogForked(checkpoint="ledger_log")
            return self._open()
        if self._keys is None or self._keys.log_id != opened[0]:
            self._keys, self._head = LogKeys(self._home, opened[0]), None
        keys = self._keys
        if latest is None:
            raise LogForked(checkpoint=origin_of(keys.log_id))
        if self._head is None or self._head.number != latest[0]:
            starting = self._head is None
            self._head = _adopt(latest, keys)
            if starting:
                self._compare_outside(keys, self._head)
        return keys, self._head

    def _open(self) -> tuple[LogKeys, _Head]:
        log_id: UUID = new_id()
        self._keys = LogKeys(self._home, log_id)
        self._keys.make()
        self._connection.execute(_OPEN, [log_id, self._clock.now()])
        return self._keys, _Head(0, 0, CompactRange())

    def _compare_outside(self, keys: LogKeys, head: _Head) -> None:
        """Refuse to seal a database that was set back, or changed, since the checkpoint outside was written."""
        path = outside.latest_path(self._home, keys.log_id)
        if path is None:
            return
        kept, _ = outside.read(path)
        found = self._connection.execute(_NOTE_AT, [kept.size]).fetchone()
        if kept.size > head.tree.size or found is None or _checkpoint_in(found[0]).root != kept.root:
            raise LogForked(checkpoint=str(path))


def _need_two(keys: LogKeys) -> None:
    keys.exactly(KEYS_MAX)


def _checkpoint_in(note: str) -> Checkpoint:
    return Checkpoint.parse(parse_note(note).text)


def _adopt(row: Sequence[Any], keys: LogKeys) -> _Head:
    """Return the head that a checkpoint's row gives, if one of our keys signed just that."""
    number, leaves, batch, peaks, text = row
    try:
        note = parse_note(text)
        checkpoint = Checkpoint.parse(note.text)
        tree = CompactRange.from_bytes(leaves, bytes(peaks))
        signed = note.signed_by(signer.verifier for signer in keys.signers())
    except (Malformed, Forged, ValueError):
        raise LogForked(checkpoint=number) from None
    if not signed or checkpoint != Checkpoint(origin_of(keys.log_id), leaves, tree.root(), checkpoint.handing_over):
        raise LogForked(checkpoint=number)
    return _Head(number, batch, tree)


def _signed(keys: LogKeys, tree: CompactRange) -> str:
    signers = keys.signers()
    handing_over = tuple(signer.verifier for signer in signers) if len(signers) > 1 else ()
    return sign_note(Checkpoint(origin_of(keys.log_id), tree.size, tree.root(), handing_over).text(), signers)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    from raseed.ledger.log.running import main

    main()

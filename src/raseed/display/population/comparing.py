"""The whole population compared: every shown balance of a generation against the ledger, the prover, or another generation.

The generation's rows are read in one snapshot and held as columns (36 bytes an account, and 28 to find them by); the truth
streams past them, read ahead by a thread of its own: so both of the server's processes and this one work at the same time.
Against the ledger both sides are exactly as of one batch; what differs is looked at a second time all the same, for it may
have been mended meanwhile.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.platform.api import Progress, no_progress

from ..connecting import Connect
from ..domain import DIFFERENCES_MAX, LOOK_AGAIN_MAX, Difference, DifferenceKind, PopulationReport
from ..errors import GenerationUnknown
from ..generations.columns import SHOWN
from ..generations.reading import generation as generation_called
from ..generations.rows import read_all, some_ids, uuids
from .classing import ORDER, counted, kinds_of
from .columns import PAIR, Places, mixed, words
from .looking import look_at
from .truths import ReadAhead, Truth, of_generation, of_ledger, of_prover, one_snapshot

SPOT_MAX: Final = 20_000
"""A sample of so many accounts, or fewer, is looked at one by one; the rest of the population is not read."""
RECENT_BATCHES: Final = 64
"""To a small sample belong the accounts that moved in so many of the latest batches."""
KEPT_MAX: Final = 1 << 20
"""So many differences are kept for the second look and to be classed together; what is beyond is only counted."""
_READING: Final = mark("Reading what is shown")
_COMPARING: Final = mark("Comparing with what is true")
_BUILT_TO: Final = "SELECT built_to, accounts FROM display_generation WHERE number = %s"
_WHOLE: Final = np.uint64((1 << 64) - 1)


@dataclass
class _Seen:
    """What the comparison has come to."""

    compared: int = 0
    kept: list[NDArray[Any]] = field(default_factory=list)
    counts: Counter[tuple[int, DifferenceKind]] = field(default_factory=Counter)
    beyond: int = 0

    def keep(self, pairs: NDArray[Any], scales: dict[int, int]) -> None:
        """Keep differences, or only count them once there are very many."""
        if not len(pairs):
            return
        if sum(map(len, self.kept)) < KEPT_MAX:
            self.kept.append(pairs)
        else:
            self.counts += counted(pairs, kinds_of(pairs, scales))
            self.beyond += len(pairs)


def compare_population(
    connect: Connect,
    *,
    generation: int,
    against: Literal["ledger", "prover"] | int = "ledger",
    sample: float = 1.0,  # tidy: allowed, a share and no money
    progress: Progress = no_progress,
) -> PopulationReport:
    """Hold what a generation shows against the truth, all of it or a share (0 to 1) that is drawn anew each time.

    Every account is a row of the books that belongs to a customer; a row of any other account is ``unexpected``.

    Raises:
        GenerationUnknown: there is no such generation.
    """
    began = time.monotonic()
    scales = {info.number: info.currency.scale for info in ledger.ledgers()}
    seen = _Seen()
    known = generation_called(generation)
    if isinstance(against, int):
        generation_called(against)
    if sample * known.accounts <= SPOT_MAX and sample < 1:
        batch = known.built_to
        with closing(connect()) as connection:
            ids = _drawn(connection, generation, round(sample * known.accounts), batch)
        seen.compared, pairs = look_at(ids, generation=generation, against=against)
        unexamined = 0
    else:
        batch = _compare_all(connect, generation, against, sample, scales, seen, progress)
        pairs, unexamined = _looked_at_again(seen, generation, against)
    kinds = kinds_of(pairs, scales)
    counts = seen.counts + (counted(pairs, kinds) if len(pairs) else Counter())
    return PopulationReport(
        generation=generation, against=str(against), batch=batch, compared=seen.compared,
        equal=seen.compared - counts.total(), differences=tuple(_told(pairs[:DIFFERENCES_MAX], kinds)),
        counts=dict(counts), unexamined=unexamined + seen.beyond, seconds=round(time.monotonic() - began),
    )  # fmt: skip


def _compare_all(
    connect: Connect,
    generation: int,
    against: str | int,
    sample: float,  # tidy: allowed, a share and no money
    scales: dict[int, int],
    seen: _Seen,
    progress: Progress,
) -> int:
    """Read both sides and note what differs; return the batch as of which the rows were."""
    drawn = _Draw(sample)
    with closing(connect()) as connection, connection.transaction():
        one_snapshot(connection)
        found = connection.execute(_BUILT_TO, [generation]).fetchone()
        if found is None:
            raise GenerationUnknown(generation=generation)
        batch, total = found
        with ReadAhead(_truth(connect, against, batch)) as truth:
            shown = _all_rows(read_all(connection, generation), drawn, total, progress)
            places = Places(shown["id"])
            met = np.zeros(len(shown), bool)
            for chunk in truth:
                mine = drawn.of(chunk)
                at = places.find(mine["id"])
                met[at[at >= 0]] = True
                seen.keep(_differing(mine, shown, at), scales)
                seen.compared += len(mine)
                progress(_COMPARING, min(seen.compared, total), max(total, 1))
    strangers = shown[~met]
    if against == "ledger":
        seen.compared += len(strangers)
    else:  # of who never moved there need be neither a leaf nor a row
        strangers = strangers[(strangers["booked"] | strangers["held"]) != 0]
    seen.keep(_unexpected(strangers), scales)
    progress(_COMPARING, max(total, 1), max(total, 1))
    return int(batch)


class _Draw:
    """Which accounts belong to the sample: the same on both sides, others each time."""

    def __init__(self, share: float) -> None:  # tidy: allowed, a share and no money
        self._bound = None if share >= 1 else np.uint64(int(share * (1 << 64)))
        self._salt = np.frombuffer(np.random.default_rng().bytes(8), np.uint64)[0]

    def of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return those of rows that belong to it."""
        if self._bound is None:
            return rows
        drawn: NDArray[Any] = rows[mixed(words(rows["id"]) ^ self._salt) < self._bound]
        return drawn


def _truth(connect: Connect, against: str | int, upto: int) -> Truth:
    if isinstance(against, int):
        return partial(of_generation, connect, against)
    return of_prover if against == "prover" else partial(of_ledger, connect, upto=upto)


def _all_rows(chunks: Iterator[NDArray[Any]], drawn: _Draw, total: int, progress: Progress) -> NDArray[Any]:
    """Return all rows of a generation in one column of them."""
    parts, count = [np.empty(0, SHOWN)], 0
    for chunk in chunks:
        parts.append(drawn.of(chunk))
        count += len(chunk)
        progress(_READING, min(count, total), max(total, 1))
    rows = np.concatenate(parts)
    parts.clear()
    return rows


def _differing(truth: NDArray[Any], shown: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
    """Return the pairs of what is true and what is shown of the same accounts that differ."""
    has_row = at >= 0
    if len(shown):
        rows = shown[at]
        same = (
            (rows["booked"] == truth["booked"]) & (rows["held"] == truth["held"]) & (rows["ledger"] == truth["ledger"])
        )
    else:
        rows, same = np.zeros(len(truth), SHOWN), np.zeros(len(truth), bool)
    differs = np.where(has_row, ~same, truth["position"] != 0)
    if not differs.any():
        return np.empty(0, PAIR)
    truth, rows, has_row = truth[differs], rows[differs], has_row[differs]
    pairs = np.zeros(len(truth), PAIR)
    pairs["id"], pairs["ledger"], pairs["has_row"], pairs["has_true"] = truth["id"], truth["ledger"], has_row, True
    pairs["true"], pairs["true_held"] = truth["booked"], truth["held"]
    pairs["shown_ledger"] = np.where(has_row, rows["ledger"], 0)
    pairs["shown"], pairs["shown_held"] = np.where(has_row, rows["booked"], 0), np.where(has_row, rows["held"], 0)
    return pairs


def _unexpected(rows: NDArray[Any]) -> NDArray[Any]:
    pairs = np.zeros(len(rows), PAIR)
    pairs["id"], pairs["has_row"] = rows["id"], True
    pairs["ledger"] = pairs["shown_ledger"] = rows["ledger"]
    pairs["shown"], pairs["shown_held"] = rows["booked"], rows["held"]
    return pairs


def _looked_at_again(seen: _Seen, generation: int, against: str | int) -> tuple[NDArray[Any], int]:
    """Return the differences that a second look leaves, and how many were too many for it."""
    first = np.concatenate([np.empty(0, PAIR), *seen.kept])
    _, again = look_at(uuids(first["id"][:LOOK_AGAIN_MAX]), generation=generation, against=against)
    return np.concatenate([again, first[LOOK_AGAIN_MAX:]]), max(0, len(first) - LOOK_AGAIN_MAX)


def _drawn(connection: psycopg.Connection[Any], generation: int, count: int, batch: int) -> list[UUID]:
    """Return so many accounts: those that moved last, and as many drawn from what is shown."""
    moved: list[UUID] = []
    for transfers in ledger.transfers_between(connection, after=max(0, batch - RECENT_BATCHES), upto=batch):
        moved += uuids(np.stack([transfers["debit"], transfers["credit"]], axis=1))
    found = list(dict.fromkeys(reversed(moved)))[: count // 2]
    return [*found, *(set(some_ids(connection, generation, count - len(found))) - set(found))]


def _told(pairs: NDArray[Any], kinds: NDArray[np.int8]) -> Iterator[Difference]:
    for pair, kind in zip(pairs, kinds.tolist(), strict=False):
        has_row, has_true = bool(pair["has_row"]), bool(pair["has_true"])
        yield Difference(
            account_id=UUID(bytes=pair["id"].tobytes()),
            ledger=int(pair["ledger"]),
            shown_minor=int(pair["shown"]) if has_row else None,
            true_minor=int(pair["true"]) if has_true else None,
            shown_held_minor=int(pair["shown_held"]) if has_row else None,
            true_held_minor=int(pair["true_held"]) if has_true else None,
            kind=ORDER[kind],
        )

"""Whether each transfer's row is one that posting can have left, taken by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .findings import Difference, differs
from .formats import (
    EXPIRED,
    KEPT_RESULTS,
    LINKED,
    PENDING,
    PLACES_MAX,
    POST,
    SEQS_PER_BATCH_BITS,
    VOID,
    id_of,
    words,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD_ONES: Final = np.uint64((1 << 64) - 1)
_KINDS: Final = (0, PENDING, POST, VOID, VOID | EXPIRED)
_LEGAL_FLAGS: Final = np.array([*_KINDS, *(kind | LINKED for kind in _KINDS)], np.int64)
_PLACE: Final = (1 << SEQS_PER_BATCH_BITS) - 1


def _is_zero(ids: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.asarray((ids[:, 0] | ids[:, 1]) == 0, bool)


def first_impossible(rows: NDArray[Any]) -> tuple[int, Difference] | None:
    """Return the first transfer, in order, that no posting can have left, by its place in ``rows``, and why."""
    flags, results = rows["flags"].astype(np.int64), rows["result"].astype(np.int64)
    seqs, amounts = rows["seq"].astype(np.int64), rows["amount"].astype(np.int64)
    own, pending_ids = words(rows["id"]), words(rows["pending_id"])
    posted = results == 0
    resolves = flags & (POST | VOID) != 0
    timeouts = rows["timeout_s"]
    same = (words(rows["debit_account_id"]) == words(rows["credit_account_id"])).all(axis=1)
    wrong = (
        ("seq", (seqs < 1 << SEQS_PER_BATCH_BITS) | (seqs & _PLACE >= PLACES_MAX)),
        ("id", _is_zero(own) | ((own[:, 0] & own[:, 1]) == _WORD_ONES)),
        ("flags", posted & ~np.isin(flags, _LEGAL_FLAGS)),
        ("result", ~np.isin(results, KEPT_RESULTS)),
        ("amount", posted & (amounts <= 0)),
        ("credit_account_id", posted & same),
        ("pending_id", posted & (_is_zero(pending_ids) == resolves)),
        ("timeout_s", posted & ((timeouts < 0) | ((timeouts > 0) & (flags & PENDING == 0)))),
        ("ledger", posted & (rows["ledger"] <= 0)),
        ("code", posted & (rows["code"] <= 0)),
    )
    found = [(int(np.argmax(bad)), name) for name, bad in wrong if bad.any()]
    first: tuple[int, Difference] | None = None
    if found:
        place, name = min(found)
        value = rows[place][name]
        told = id_of(value) if name.endswith("id") else int(value)
        first = place, differs("row_impossible", **_named(rows[place]), field=name, found=told)
    for other in (_linked_though_failed(rows, posted), _broken_chain(rows, flags, seqs, posted)):
        if other is not None and (first is None or other[0] < first[0]):
            first = other
    return first


def _linked_though_failed(rows: NDArray[Any], posted: NDArray[np.bool_]) -> tuple[int, Difference] | None:
    failed = np.flatnonzero(~posted)
    linked = ~(_is_zero(words(rows["debit_prev"][failed])) & _is_zero(words(rows["credit_prev"][failed])))
    if not linked.any():
        return None
    place = int(failed[np.argmax(linked)])
    return place, differs("row_failed_linked", **_named(rows[place]))


def _broken_chain(
    rows: NDArray[Any], flags: NDArray[np.int64], seqs: NDArray[np.int64], posted: NDArray[np.bool_]
) -> tuple[int, Difference] | None:
    """Find a posted transfer of a chain whose next one was not posted; a chain may go on in the call's next batch."""
    goes_on = posted & (flags & LINKED != 0) & (seqs & _PLACE != PLACES_MAX - 1)
    followed = np.zeros(len(rows), bool)
    followed[:-1] = posted[1:] & (seqs[1:] == seqs[:-1] + 1)
    wrong = goes_on & ~followed
    if not wrong.any():
        return None
    place = int(np.argmax(wrong))
    return place, differs("row_chain", **_named(rows[place]))


def _named(row: Any) -> dict[str, object]:
    return {"id": id_of(row["id"]), "seq": int(row["seq"])}

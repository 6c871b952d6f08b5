"""A second look, at a few accounts and precisely: what is shown, what is true as of the same batch, and whether it was true once.

What differed because the account moved between two reads agrees here; what is left is a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from raseed.ledger import api as ledger

from ..books import NOTHING, Amounts, as_of_batch, end_of
from ..customers import customer_codes
from ..generations.rows import rows_of
from ..proving import prover
from .columns import PAIR

ACCOUNTS_PER_LOOK: Final = 1_000
STALE_LOOKS_MAX: Final = 2_000
"""Of so many differences, at most, the account's history is looked through for what is shown."""
ENTRIES_BACK_MAX: Final = 50
_UNTOUCHED: Final = ledger.Balances(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody says of an account, as of a batch. ``there``: whether a row or a leaf says it, or the lack of one."""

    batch: int
    in_ledger: int
    amounts: Amounts
    there: bool

    def is_right(self, account: ledger.Account | None, sums: ledger.Balances) -> bool:
        """Whether the books say the same; who never moved needs no row."""
        if account is None:
            return not self.there
        if not self.there:
            return sums == _UNTOUCHED
        return (self.in_ledger, self.amounts) == (account.ledger, Amounts.of(sums))


def look_at(account_ids: Sequence[UUID], *, generation: int, against: str | int) -> tuple[int, NDArray[Any]]:
    """Hold what a generation shows of accounts against the truth; return how many there are, and the pairs that differ."""
    count = 0
    pairs: list[tuple[Any, ...]] = []
    for start in range(0, len(account_ids), ACCOUNTS_PER_LOOK):
        there, found = _look(
            account_ids[start : start + ACCOUNTS_PER_LOOK],
            generation,
            against,
            stale_looks=STALE_LOOKS_MAX - len(pairs),
        )
        count += there
        pairs += found
    return count, np.array(pairs, PAIR)


def _look(
    ids: Sequence[UUID], generation: int, against: str | int, *, stale_looks: int
) -> tuple[int, list[tuple[Any, ...]]]:
    """Look at a page of accounts; the books are read last, so that nothing else is ahead of them."""
    shown = _rows(ids, generation)
    others = _others(ids, against)
    codes = frozenset(customer_codes())
    accounts = {each.id: each for each in ledger.look_up_accounts(ids).values() if each.code in codes}
    was = _sums(accounts, shown)
    others_were = _sums(accounts, others)
    pairs: list[tuple[Any, ...]] = []
    for each, row in shown.items():
        account, other = accounts.get(each), others.get(each)
        right = row.is_right(account, was.get(each, _UNTOUCHED))
        if other is None:
            if right:
                continue
        elif (row.in_ledger, row.amounts) == (other.in_ledger, other.amounts) or (
            right and other.is_right(account, others_were.get(each, _UNTOUCHED))
        ):
            continue
        true = other.amounts if other is not None else Amounts.of(was.get(each, _UNTOUCHED))
        stale = len(pairs) < stale_looks and account is not None and row.there and _was_true_once(each, row, true)
        pairs.append(_pair(each, row, account, true, stale=stale))
    return sum(each in accounts or row.there for each, row in shown.items()), pairs


def _rows(ids: Sequence[UUID], generation: int) -> dict[UUID, _Said]:
    built_to, found = rows_of(ids, generation)
    return {
        each: _Said(built_to, found[each][0], Amounts(*found[each][1:]), there=True)
        if each in found
        else _Said(built_to, 0, NOTHING, there=False)
        for each in ids
    }


def _others(ids: Sequence[UUID], against: str | int) -> dict[UUID, _Said]:
    """Return what another generation or the prover says; nothing where the books are the other side."""
    if isinstance(against, int):
        return _rows(ids, against)
    if against == "ledger":
        return {}
    reached, leaves = prover().certified_to(), prover().certificates(ids)
    accounts = ledger.look_up_accounts(ids)
    return {
        each: _Said(
            leaves[each].batch, account.ledger, Amounts(leaves[each].booked_minor, leaves[each].held_minor), there=True
        )
        if each in leaves
        else _Said(reached.get(account.ledger, 0), account.ledger, NOTHING, there=False)
        for each, account in accounts.items()
    }


def _sums(accounts: Mapping[UUID, ledger.Account], said: Mapping[UUID, _Said]) -> dict[UUID, ledger.Balances]:
    """Return accounts' sums as of the batch as of which something is said of each."""
    found: dict[UUID, ledger.Balances] = {}
    for batch in {one.batch for one in said.values()}:
        of = [account for each, account in accounts.items() if each in said and said[each].batch == batch]
        found |= as_of_batch(of, batch)
    return found


def _was_true_once(account_id: UUID, row: _Said, true: Amounts) -> bool:
    """Whether an earlier balance of the account is what is shown of it."""
    if row.amounts == true:
        return False
    history = ledger.account_history(account_id, before_seq=end_of(row.batch) + 1, limit=ENTRIES_BACK_MAX)
    before = {Amounts.of(entry.balances) for entry in history[1:]}
    if len(history) < ENTRIES_BACK_MAX:
        before.add(NOTHING)
    return row.amounts in before


def _pair(
    account_id: UUID, row: _Said, account: ledger.Account | None, true: Amounts, *, stale: bool
) -> tuple[Any, ...]:
    return (
        account_id.bytes, account.ledger if account else row.in_ledger, row.there, account is not None, row.in_ledger,
        row.amounts.booked, row.amounts.held, true.booked, true.held, stale,
    )  # fmt: skip

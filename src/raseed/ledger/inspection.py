"""What checks of the books ask of the ledger: sums, and what does not follow from the transfers. Nothing is changed.

Everything runs on Django's connection, in its transaction if one is open, so that several questions can be asked of one
view of the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from raseed.platform.statements import named_statements, run_statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_SQL: Final = named_statements("raseed.ledger", "sql/inspection.sql")
FIRST_ID: Final = UUID(int=0)
WALKED_MAX: Final = 1_000
"""The most entries that one account's history is walked back; marks come every 128."""
SUM_NAMES: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "entries")


@dataclass(frozen=True, slots=True)
class CodeSums:
    """All balances of one ledger and one code (``None``: balances without an account), minor units.

    Attributes:
        owed: the sum of what is owed to those accounts whose credits exceed their debits.
        owing: the sum of what the others owe.
    """

    ledger: int
    code: int | None
    accounts: int
    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    owed: int
    owing: int


@dataclass(frozen=True, slots=True)
class Unlike:
    """A number of an account that is not what follows from its transfers; ``field`` is one of ``SUM_NAMES``."""

    account_id: UUID
    ledger: int
    field: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A transfer that is pending. ``posted_at`` is ``None`` where the transfer itself is not there."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    ledger: int
    code: int
    user_data: UUID
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class OddHold:
    """What stands as pending and should not, or the other way round. ``kind``: without_transfer, differs, resolved, forgotten."""

    id: UUID
    ledger: int
    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class LogGap:
    """Where the sealed log has a gap: which kind, at which number, and what is there instead."""

    kind: str
    number: int
    found: int


@dataclass(frozen=True, slots=True)
class Touch:
    """A posted transfer: in which batch, and which accounts it touched."""

    batch: int
    transfer_id: UUID
    debit_account_id: UUID
    credit_account_id: UUID


def sums_by_code() -> list[CodeSums]:
    """Add up all balances by ledger and code; one pass over the balances."""
    return [CodeSums(row[0], row[1], row[2], *(int(value) for value in row[3:])) for row in _run("sums_by_code")]


def unlike_their_transfers(*, limit: int) -> list[Unlike]:
    """Return what differs between the balances and the fold of all transfers: one pass over all transfers."""
    return [
        Unlike(account_id, number, name, int(expected), int(found))
        for account_id, number, folded, kept in _run("unlike_their_transfers", limit=limit)
        for name, expected, found in zip(SUM_NAMES, folded, kept, strict=True)
        if expected != found
    ][:limit]


def unlike_their_history(account_ids: Iterable[UUID]) -> list[Unlike]:
    """Walk accounts' histories back to their last marks (or their beginnings), and return what does not come to the balances.

    Where the walk does not arrive, ``field`` is ``history`` and ``found`` says how many entries there were. Ids that are no
    accounts are left out.
    """
    found = []
    for account_id, number, arrived, walked, kept, steps in _run(
        "walked_back", ids=list(account_ids), steps=WALKED_MAX
    ):
        if not arrived:
            found.append(Unlike(account_id, number, "history", steps + 1, steps))
            continue
        for name, expected, got in zip(SUM_NAMES, walked, kept, strict=False):
            if expected != got:
                found.append(Unlike(account_id, number, name, int(expected), int(got)))
    return found


def unlike_their_holds(*, limit: int) -> list[Unlike]:
    """Return the accounts whose pending sums are not those of what is pending."""
    found = []
    for account_id, number, debits, credits_, kept_debits, kept_credits in _run("unlike_their_holds", limit=limit):
        for name, expected, kept in (
            ("debits_pending", int(debits), kept_debits),
            ("credits_pending", int(credits_), kept_credits),
        ):
            if expected != kept:
                found.append(Unlike(account_id, number, name, expected, kept))
    return found[:limit]


def odd_holds(*, limit: int) -> list[OddHold]:
    """Return what stands as pending without its transfer, unlike it or though it was resolved, and what is forgotten."""
    odd = [
        OddHold(id_, number, "resolved" if resolved else "without_transfer" if of is None else "differs", amount)
        for id_, number, amount, of, resolved in _run("unfounded_holds", limit=limit)
    ]
    odd += [OddHold(id_, number, "forgotten", amount) for id_, number, amount in _run("forgotten_holds", limit=limit)]
    return odd[:limit]


def open_holds(*, after: UUID = FIRST_ID, limit: int) -> list[OpenHold]:
    """Return a page of what is pending, in the order of ids."""
    return [OpenHold(*row) for row in _run("open_holds", after=after, limit=limit)]


def pending_amounts(transfer_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return which of these transfers are pending, and what each holds (minor units)."""
    return dict(_run("pending_of", ids=list(transfer_ids)))


def log_gaps(*, limit: int) -> list[LogGap]:
    """Return where the sealed log does not follow on itself: ``limit`` of each kind."""
    return [LogGap(kind, number, found) for kind, number, found in _run("gaps", limit=limit)]


def batches_unlike(*, limit: int) -> list[LogGap]:
    """Return the batches that have other numbers of transfers than they were posted with: one pass over all transfers.

    ``number`` is the batch, ``kind`` says how many it was posted with.
    """
    return [LogGap(str(posted), number, found) for number, posted, found in _run("batches_unlike", limit=limit)]


def unsealed_before(before: datetime, *, limit: int) -> tuple[int, int | None]:
    """Return how many batches posted before an instant wait to be sealed (counted up to ``limit``), and the first of them."""
    ((count, first),) = _run("waits_to_be_sealed", before=before, limit=limit)
    return count, first


def sealed_batch() -> int:
    """Return up to which batch the log is sealed: everything up to it is final."""
    ((batch,),) = _run("sealed_batch")
    return int(batch)


def last_batch() -> int:
    """Return the last batch that is committed."""
    ((batch,),) = _run("last_batch")
    return int(batch)


def batches_wait(after: int, *, before: datetime) -> bool:
    """Return whether something was posted in batches above ``after``, and before an instant."""
    ((waits,),) = _run("batches_wait", after=after, before=before)
    return bool(waits)


def touched(*, after: int, upto: int, limit: int) -> list[Touch]:
    """Return what was posted in the batches above ``after`` and up to ``upto``, in order, ``limit`` at most."""
    return [Touch(*row) for row in _run("touched", after=after, upto=upto, limit=limit)]


def account_ids(*, codes: Iterable[int], after: UUID = FIRST_ID, limit: int) -> list[UUID]:
    """Return a page of the accounts that have one of these codes, in the order of ids."""
    return [id_ for (id_,) in _run("accounts_after", after=after, codes=list(codes), limit=limit)]


def account_bounds() -> tuple[UUID, UUID] | None:
    """Return the first and the last account, or ``None`` where there is none."""
    ((first, last),) = _run("account_bounds")
    return (first, last) if first is not None else None


def _run(name: str, **parameters: object) -> list[tuple[Any, ...]]:
    return run_statement(_SQL[name], parameters)

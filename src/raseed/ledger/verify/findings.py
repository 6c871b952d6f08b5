"""What verify finds: a difference between the books and what they should be, told in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.kernel.errors import mark

from .formats import NEVER_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SENTENCES: Final = {
    # The rows of transfers.
    "row_damaged": mark("A row of %(table)s in the pages from %(page)s on has a value that is missing or too long."),
    "row_impossible": mark("Transfer %(id)s at %(seq)s can't have been posted: its %(field)s is %(found)s."),
    "row_account": mark("Transfer %(id)s at %(seq)s names the account %(account)s, which does not exist."),
    "row_ledger": mark(
        "Transfer %(id)s at %(seq)s is in ledger %(found)s, its account %(account)s in ledger %(expected)s."
    ),
    "row_failed_linked": mark("Transfer %(id)s at %(seq)s failed, and yet stands in the history of an account."),
    "row_chain": mark("Transfer %(id)s at %(seq)s is linked to the one after it, which did not go through."),
    "id_twice": mark("The id %(id)s stands in the books twice, at %(seq)s and at %(other)s."),
    # Batches.
    "batch_row_missing": mark(
        "The transfers from %(first)s to %(last)s have no batch %(batch)s: they were put in, or its row was taken out."
    ),
    "batch_twice": mark("Batch %(batch)s has two rows."),
    "batch_short": mark("Batch %(batch)s was posted with %(expected)s transfers, and only %(found)s are there."),
    "batch_long": mark(
        "Batch %(batch)s was posted with %(expected)s transfers, and %(found)s are there: some were put in."
    ),
    "batch_time": mark("Transfer %(id)s at %(seq)s was posted at %(found)s, its batch at %(expected)s."),
    "batch_altered": mark(
        "The transfers of batch %(batch)s (from %(first)s to %(last)s) were altered: "
        "they give the digest %(found)s, the batch was posted with %(expected)s."
    ),
    "batch_moved": mark(
        "The transfers of batch %(batch)s were moved: %(id)s at %(seq)s followed %(found)s in the history of account "
        "%(account)s, and now stands after %(expected)s."
    ),
    # Leaves.
    "log_nameless": mark("The log has %(leaves)s leaves and %(checkpoints)s checkpoints, and its name is gone."),
    "leaf_without_batch": mark("Batch %(batch)s was sealed as leaf %(leaf)s, and is gone."),
    "leaf_missing": mark(
        "Batch %(batch)s was never sealed, though later ones were: it was put in, or its leaf taken out."
    ),
    "leaf_twice": mark("Batch %(batch)s was sealed twice."),
    "leaf_place": mark("Batch %(batch)s is leaf %(found)s, and should be leaf %(expected)s."),
    "leaf_altered": mark(
        "Leaf %(leaf)s was sealed over another batch %(batch)s: it is %(found)s, the batch gives %(expected)s."
    ),
    # Checkpoints.
    "checkpoint_gap": mark("Checkpoint %(expected)s is missing: the next one is %(found)s."),
    "checkpoint_unreadable": mark("Checkpoint %(number)s is not a signed note: %(reason)s."),
    "checkpoint_origin": mark("Checkpoint %(number)s is of the log %(found)s, and this is %(expected)s."),
    "checkpoint_forged": mark("The signature under checkpoint %(number)s is not that of the key it names, %(key)s."),
    "checkpoint_unsigned": mark("None of the keys that are trusted signed checkpoint %(number)s: %(keys)s."),
    "checkpoint_hand_over": mark("Checkpoint %(number)s names a new key, which did not sign it."),
    "checkpoint_field": mark("Checkpoint %(number)s should have %(field)s %(expected)s, and has %(found)s."),
    "checkpoint_back": mark("Checkpoint %(number)s covers %(found)s leaves, the one before it %(expected)s."),
    "checkpoint_root": mark(
        "The first %(leaves)s leaves give the root %(found)s, checkpoint %(number)s was signed over %(expected)s."
    ),
    "checkpoint_ahead": mark("Checkpoint %(number)s covers %(expected)s leaves, and only %(found)s are there."),
    "checkpoint_behind": mark("The last checkpoint covers %(expected)s leaves, and %(found)s are there."),
    # Checkpoints kept outside.
    "outside_origin": mark("The checkpoint in %(path)s is of the log %(expected)s, and this database holds %(found)s."),
    "outside_forged": mark("The checkpoint in %(path)s is signed by none of the keys that are trusted: %(keys)s."),
    "outside_ahead": mark(
        "The checkpoint in %(path)s covers %(expected)s leaves, and the database has %(found)s: the log was cut or set back."
    ),
    "outside_root": mark(
        "The first %(leaves)s leaves give the root %(found)s, the checkpoint in %(path)s was signed over %(expected)s: "
        "this is another log."
    ),
    # Pending transfers.
    "pending_unknown": mark("Transfer %(id)s at %(seq)s resolves %(pending)s, which is not pending there."),
    "pending_other": mark(
        "Transfer %(id)s at %(seq)s resolves %(pending)s with another %(field)s: %(found)s in place of %(expected)s."
    ),
    "pending_late": mark("Transfer %(id)s at %(seq)s resolves %(pending)s at %(found)s; it ended at %(expected)s."),
    "pending_early": mark("Transfer %(id)s at %(seq)s lets %(pending)s expire at %(found)s; its end is %(expected)s."),
    "pending_missing": mark("Transfer %(id)s is pending, and is not kept as such."),
    "pending_extra": mark("Transfer %(id)s is kept as pending, and is not."),
    "pending_differs": mark("The pending transfer %(id)s should have %(field)s %(expected)s, and has %(found)s."),
    # Accounts.
    "account_impossible": mark("Account %(account)s can't have been opened: its %(field)s is %(found)s."),
    "account_twice": mark("Account %(account)s has two rows in %(table)s."),
    "account_link": mark(
        "Transfer %(id)s at %(seq)s follows %(found)s in the history of account %(account)s, and should follow %(expected)s."
    ),
    "account_beyond": mark(
        "Transfer %(id)s at %(seq)s takes %(field)s of account %(account)s beyond what it can hold."
    ),
    "account_limit": mark(
        "Transfer %(id)s at %(seq)s takes account %(account)s past its limit: debits %(debits)s, credits %(credits)s."
    ),
    "balance_missing": mark("Account %(account)s has no balance."),
    "balance_extra": mark("There is a balance of account %(account)s, which does not exist."),
    "balance_differs": mark("Account %(account)s should have %(field)s %(expected)s, and has %(found)s."),
    "mark_missing": mark("Account %(account)s should have a mark at %(seq)s, and has none."),
    "mark_extra": mark("Account %(account)s has a mark at %(seq)s, where none belongs."),
    "mark_differs": mark(
        "The mark of account %(account)s at %(seq)s should have %(field)s %(expected)s, and has %(found)s."
    ),
    "ledger_unbalanced": mark(
        "In ledger %(ledger)s %(field)s come to %(debits)s on one side and %(credits)s on the other."
    ),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: which kind (a stable code), and what it concerns."""

    code: str
    params: dict[str, object]

    def __str__(self) -> str:
        return gettext(SENTENCES[self.code]) % self.params


def differs(code: str, **params: object) -> Difference:
    """Return a difference; ids, times and hashes are told as people read them."""
    return Difference(
        code, {name: value.hex() if isinstance(value, bytes) else value for name, value in params.items()}
    )


def instant(us: int) -> str:
    """Tell Unix microseconds as a time in UTC."""
    if us == NEVER_US:
        return "—"
    try:
        return (_EPOCH + timedelta(microseconds=us)).isoformat()
    except OverflowError:
        return f"{us} µs"


def ids(*values: UUID) -> str:
    """Tell several ids."""
    return ", ".join(str(value) for value in values)


class Found(Exception):
    """Ends the verification with the first difference."""

    def __init__(self, difference: Difference) -> None:
        self.difference = difference
        super().__init__(str(difference))

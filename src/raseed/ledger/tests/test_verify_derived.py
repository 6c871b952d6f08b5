"""Changed balances, links, marks and states of pending transfers are named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.kernel.ids import new_id
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.api import NewTransfer, TransferFlags

from . import tampering
from .tampering import Books, batch_of, rehash_batch, seqs_of

prepared, books = tampering.prepared, tampering.books
finds, settings_home = tampering.finds, tampering.settings_home

REST = "debit_account_id, credit_account_id, amount, user_data, expires_at, ledger, code"


@pytest.mark.parametrize("column", [
    "debits_pending", "debits_posted", "credits_pending", "credits_posted", "entries", "ledger", "flags",
])  # fmt: skip
def test_an_altered_balance_is_named(books: Books, finds, column) -> None:
    books.change(
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_within_limits",
        f"UPDATE ledger_balance SET {column} = {column} + 2 WHERE id = '{books.cash}'",
    )
    assert f"Account {books.cash} should have {column} " in finds("balance_differs")


def test_an_altered_last_transfer_is_named(books: Books, finds) -> None:
    books.change(f"UPDATE ledger_balance SET last_id = gen_random_uuid() WHERE id = '{books.wallets[1]}'")
    assert f"Account {books.wallets[1]} should have last_id " in finds("balance_differs")


def test_a_balance_taken_out_put_in_or_doubled_is_named(books: Books, finds) -> None:
    books.change(f"DELETE FROM ledger_balance WHERE id = '{books.shop}'")
    assert f"Account {books.shop} has no balance" in finds("balance_missing")
    books.change(f"INSERT INTO ledger_balance (id, ledger, flags) VALUES (gen_random_uuid(), {books.ledger}, 0)")
    finds("balance_extra")
    books.change(
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_pkey",
        f"UPDATE ledger_balance SET id = '{books.cash}' WHERE entries = 0",
    )
    finds("account_twice")


def test_an_account_altered_is_named(books: Books, finds) -> None:
    books.change(f"UPDATE ledger_account SET flags = 6 WHERE id = '{books.shop}'")
    assert f"Account {books.shop} can't have been opened: its flags is 6" in finds("account_impossible")
    books.change(f"UPDATE ledger_account SET flags = 4, ledger = 99 WHERE id = '{books.shop}'")
    assert "its ledger is 99" in finds("account_impossible")


def test_a_limit_taken_off_an_account_is_named(books: Books, finds) -> None:
    books.change(f"UPDATE ledger_balance SET flags = 0 WHERE id = '{books.wallets[0]}'")
    assert f"Account {books.wallets[0]} should have flags 2, and has 0" in finds("balance_differs")


def test_a_limit_that_was_broken_on_the_way_is_named(books: Books, finds) -> None:
    """The wallet is above zero in the end, but one transfer took it below."""
    books.change(
        f"UPDATE ledger_account SET flags = 2 WHERE id = '{books.cash}'",
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_within_limits",
        f"UPDATE ledger_balance SET flags = 2 WHERE id = '{books.cash}'",
    )
    assert f"takes account {books.cash} past its limit: debits 1 + 0, credits 0 + 0" in finds("account_limit")


def test_sums_beyond_what_an_account_can_hold_are_named(books: Books, finds) -> None:
    batch = batch_of(books, 11)
    books.change(
        f"UPDATE ledger_transfer SET amount = 9223372036854775807 WHERE seq >> 13 = {batch}", rehash_batch(batch)
    )
    finds("account_beyond")


@pytest.mark.parametrize("column", ["debit_prev", "credit_prev"])
def test_an_altered_link_is_named(books: Books, finds, column) -> None:
    seq = seqs_of(books, batch_of(books, 2))[1]
    books.change(f"UPDATE ledger_transfer SET {column} = gen_random_uuid() WHERE seq = {seq}")
    assert f"at {seq} follows " in finds("account_link")


@pytest.mark.parametrize(("change", "code"), [
    ("UPDATE ledger_mark SET credits_posted = credits_posted + 1", "mark_differs"),
    ("UPDATE ledger_mark SET posted_at = posted_at + interval '1 s'", "mark_differs"),
    ("UPDATE ledger_mark SET transfer_id = gen_random_uuid()", "mark_differs"),
    ("DELETE FROM ledger_mark", "mark_missing"),
    ("INSERT INTO ledger_mark SELECT account_id, seq + 1, posted_at, transfer_id, 0, 0, 0, 0 FROM ledger_mark", "mark_extra"),
])  # fmt: skip
def test_an_altered_mark_is_named(books: Books, finds, change, code) -> None:
    assert len(books.rows("SELECT FROM ledger_mark")) == 2
    books.change(change)
    assert f"ccount {books.cash} " in finds(code)


@pytest.mark.parametrize(("change", "code"), [
    ("UPDATE ledger_pending SET amount = amount + 1", "pending_differs"),
    ("UPDATE ledger_pending SET expires_at = '2030-01-01'", "pending_differs"),
    ("UPDATE ledger_pending SET user_data = gen_random_uuid()", "pending_differs"),
    ("UPDATE ledger_pending SET debit_account_id = gen_random_uuid()", "pending_differs"),
    ("DELETE FROM ledger_pending", "pending_missing"),
    (f"INSERT INTO ledger_pending SELECT gen_random_uuid(), {REST} FROM ledger_pending", "pending_extra"),
    (f"INSERT INTO ledger_pending SELECT '{{hold}}', {REST} FROM ledger_pending", "pending_extra"),
])  # fmt: skip
def test_what_is_kept_as_pending_and_is_not_so_is_named(books: Books, finds, change, code) -> None:
    books.change(change.format(hold=books.holds[0]))
    finds(code)


def last_as(books: Books, changes: str) -> str:
    """The last, unsealed transfer is made into another one."""
    return f"UPDATE ledger_transfer SET {changes} WHERE seq = {seqs_of(books, batch_of(books, 11))[0]}"


@pytest.mark.parametrize(("hold", "changes", "code"), [
    (0, "flags = 8, pending_id = '{hold}'", "pending_unknown"),
    (4, "flags = 4, pending_id = '{hold}', amount = 45", "pending_other"),
    (4, "flags = 8, pending_id = '{hold}', amount = 43", "pending_other"),
    (4, "flags = 4, pending_id = '{hold}', code = 2", "pending_other"),
    (4, "flags = 4, pending_id = '{hold}', amount = 44", "pending_other"),
])  # fmt: skip
def test_a_transfer_that_resolves_what_it_can_t_is_named(books: Books, finds, hold, changes, code) -> None:
    books.change(
        "DROP INDEX ledger_transfer_resolves",  # which else would refuse it
        last_as(books, changes.format(hold=books.holds[hold])), rehash_batch(batch_of(books, 11)),
    )  # fmt: skip
    finds(code)


def test_holds_are_resolved_in_time_and_expire_in_time(books: Books, finds) -> None:
    hold = books.move(books.cash, books.wallets[2], 9, flags=TransferFlags.PENDING, timeout_s=10)
    void = NewTransfer(new_id(), None, None, 0, 0, 0, TransferFlags.VOID_PENDING_TRANSFER, hold.id)
    assert books.post(hold) == [R.OK]
    assert books.post(void) == [R.OK]
    books.clock.advance(timedelta(seconds=1))
    [[batch]] = books.rows("SELECT max(number) FROM ledger_batch")
    books.change(f"UPDATE ledger_transfer SET flags = 1032 WHERE id = '{void.id}'", rehash_batch(batch))
    finds("pending_early")
    books.change(
        f"UPDATE ledger_transfer SET flags = 8, posted_at = posted_at + interval '9 s' WHERE id = '{void.id}'",
        f"UPDATE ledger_batch SET posted_at = posted_at + interval '9 s' WHERE number = {batch}", rehash_batch(batch),
    )  # fmt: skip
    finds("pending_late")

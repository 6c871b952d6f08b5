"""Books that nobody changed are clean; a changed transfer is named."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest
from django.db import connection as django_connection

from raseed.kernel.ids import new_id
from raseed.ledger import api, cli, verify
from raseed.ledger.log.api import Sealer, open_connection
from raseed.ledger.log.keys import LogKeys
from raseed.ledger.log.note import Signer
from raseed.ledger.verify.findings import SENTENCES

from . import tampering
from .tampering import Books, alter_down_to_the_leaf, batch_of, rehash_batch, resign, seqs_of

prepared, books = tampering.prepared, tampering.books
finds, settings_home = tampering.finds, tampering.settings_home


def test_books_that_nobody_touched_are_clean(books: Books, capsys) -> None:
    assert books.verify() == 0
    said = capsys.readouterr().out
    assert "Transfers: 263, of them refused for good: 1. Accounts: 5. Pending transfers: 1." in said
    assert "Batches: 12, sealed: 11, not sealed yet: 1. Checkpoints: 4, held against those kept outside: 1." in said


def test_empty_books_and_books_without_a_seal_are_clean(database, settings_home, capsys) -> None:
    assert cli.main(["verify"]) == 0
    assert "The books are empty." in capsys.readouterr().out


def test_the_reader_may_verify(books: Books, monkeypatch, capsys) -> None:
    """It needs no more than the role that only looks."""
    address = dict(django_connection.settings_dict)
    monkeypatch.setitem(django_connection.settings_dict, "USER", "raseed_read")
    django_connection.close()
    assert books.verify() == 0
    assert address["USER"] == "raseed_app"
    django_connection.close()


def test_verify_shares_no_code_with_posting() -> None:
    """Neither directly nor by what it imports of the log."""
    folder = Path(verify.__file__).parent
    allowed = {f"verify.{path.stem}" for path in folder.glob("*.py")} | {"log.checkpoint", "log.note", "log.tree"}
    modules = [
        *folder.glob("*.py"),
        *((folder.parent / "log" / f"{name}.py") for name in ("checkpoint", "note", "tree")),
    ]
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            if node.level == 1:
                assert f"{path.parent.name}.{node.module}" in allowed, path
            elif node.level == 2:
                assert node.module in allowed, path
            else:
                assert not (node.module or "").startswith("raseed.ledger"), path


def test_each_difference_has_a_test_that_meets_it() -> None:
    """But for those that another check always finds first; they stay, as a second look."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_verify*.py"))
    met = {code for code in SENTENCES if f'"{code}"' in tests}
    assert set(SENTENCES) - met == {"ledger_" + "unbalanced"}


def test_books_are_verified_while_others_post_and_seal(books: Books, capsys) -> None:
    stop, failures = threading.Event(), []

    def client(number: int) -> None:
        try:
            while not stop.is_set():
                api.create_transfers([books.move(books.cash, books.wallets[number], 1) for _ in range(number * 20 + 1)])
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)
        finally:
            django_connection.close()

    def sealer() -> None:
        with open_connection() as connection:
            working = Sealer(connection, books.home)
            while not stop.is_set():
                stop.wait(working.step() / 1000)

    threads = [
        *(threading.Thread(target=client, args=(number,)) for number in range(3)),
        threading.Thread(target=sealer),
    ]
    for thread in threads:
        thread.start()
    try:
        codes = [books.verify() for _ in range(8)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert codes == [0] * 8, capsys.readouterr().out
    assert books.verify() == 0


def test_an_altered_amount_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(f"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = {seqs_of(books, batch)[1]}")
    assert f"transfers of batch {batch} " in finds("batch_altered")


@pytest.mark.parametrize("column", [
    "user_data = gen_random_uuid()", "code = 2", "booked_on = booked_on + 1", "credit_account_id = '{shop}'", "timeout_s = 1",
    "flags = 1", "posted_at = posted_at + interval '1 microsecond'", "id = gen_random_uuid()", "result = 54", "ledger = 9",
])  # fmt: skip
def test_whatever_is_altered_of_a_transfer_is_noticed(books: Books, finds, column) -> None:
    seq = seqs_of(books, batch_of(books, 3))[0]
    books.change(f"UPDATE ledger_transfer SET {column.format(shop=books.shop)} WHERE seq = {seq}")
    finds(
        "batch_time"
        if "posted_at" in column
        else "batch_moved"
        if column.startswith(("id", "credit"))
        else "batch_altered"
    )


def test_a_dropped_transfer_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(f"DELETE FROM ledger_transfer WHERE seq = {seqs_of(books, batch)[1]}")
    assert f"Batch {batch} was posted with 3 transfers, and only 2" in finds("batch_short")


def test_a_batch_whose_transfers_are_all_gone_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(f"DELETE FROM ledger_transfer WHERE seq >> 13 = {batch}")
    assert f"Batch {batch} was posted with 3 transfers, and only 0" in finds("batch_short")


def test_a_dropped_batch_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(
        f"DELETE FROM ledger_transfer WHERE seq >> 13 = {batch}", f"DELETE FROM ledger_batch WHERE number = {batch}"
    )
    assert f"Batch {batch} was sealed as leaf 2, and is gone" in finds("leaf_without_batch")


def test_a_batch_dropped_with_its_leaf_leaves_a_gap(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(
        f"DELETE FROM ledger_transfer WHERE seq >> 13 = {batch}", f"DELETE FROM ledger_batch WHERE number = {batch}",
        f"DELETE FROM ledger_leaf WHERE batch = {batch}",
    )  # fmt: skip
    finds("leaf_place")


def test_a_batch_dropped_before_it_was_sealed_is_missed_in_its_accounts(books: Books, finds) -> None:
    batch = batch_of(books, 11)
    books.change(
        f"DELETE FROM ledger_transfer WHERE seq >> 13 = {batch}", f"DELETE FROM ledger_batch WHERE number = {batch}"
    )
    finds("balance_differs")


def test_a_dropped_batch_row_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(f"DELETE FROM ledger_batch WHERE number = {batch}")
    assert f"have no batch {batch}" in finds("batch_row_missing")


def swap(first: int, second: int) -> list[str]:
    return [
        f"UPDATE ledger_transfer SET seq = CASE seq WHEN {first} THEN {second} ELSE {first} END WHERE seq IN ({first}, {second})"
    ]


def test_transfers_that_changed_places_are_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    first, second, _ = seqs_of(books, batch)
    books.change(*swap(first, second))
    assert f"The transfers of batch {batch} were moved" in finds("batch_moved")


def test_transfers_that_changed_batches_are_named(books: Books, finds) -> None:
    first, second = seqs_of(books, batch_of(books, 2))[0], seqs_of(books, batch_of(books, 3))[0]
    books.change(*swap(first, second))
    finds("batch_time")


def test_a_forged_transfer_in_a_batch_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(forged(books, seqs_of(books, batch)[-1] + 1))
    assert f"Batch {batch} was posted with 3 transfers, and 4 are there" in finds("batch_long")


def forged(books: Books, seq: int) -> str:
    columns = (
        "amount, debit_account_id, credit_account_id, debit_prev, credit_prev, pending_id, user_data, ledger, code,"
    )
    columns += " timeout_s, booked_on, flags, result"
    return f"""
        INSERT INTO ledger_transfer (seq, posted_at, id, {columns})
        SELECT {seq}, posted_at, gen_random_uuid(), {columns} FROM ledger_transfer
        WHERE seq = (SELECT max(seq) FROM ledger_transfer WHERE seq < {seq})"""


def test_a_forged_batch_between_others_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    following = batch_of(books, 3)
    books.change(
        f"UPDATE ledger_transfer SET seq = seq + 8192 * 100 WHERE seq >> 13 > {batch}",
        f"UPDATE ledger_batch SET number = number + 100 WHERE number > {batch}",
        f"UPDATE ledger_leaf SET batch = batch + 100 WHERE batch > {batch}",
        forged(books, following << 13),
        f"INSERT INTO ledger_batch SELECT {following}, posted_at, 1, '' FROM ledger_batch WHERE number = {batch}".replace(
            "''", "digest"
        ),
        rehash_batch(following),
    )
    assert f"Batch {following} was never sealed" in finds("leaf_missing")


def test_a_forged_batch_at_the_end_does_not_fit_its_accounts(books: Books, finds) -> None:
    batch = batch_of(books, 11) + 1
    books.change(
        forged(books, batch << 13),
        f"INSERT INTO ledger_batch SELECT {batch}, posted_at, 1, digest FROM ledger_batch WHERE number = {batch - 1}",
        rehash_batch(batch),
    )
    finds("account_link")


def test_a_transfer_altered_with_its_batch_row_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(
        f"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = {seqs_of(books, batch)[0]}", rehash_batch(batch)
    )
    assert f"Leaf 2 was sealed over another batch {batch}" in finds("leaf_altered")


def test_a_transfer_altered_with_batch_and_leaf_is_named(books: Books, finds) -> None:
    alter_down_to_the_leaf(books)
    assert "The first 4 leaves give the root" in finds("checkpoint_root")


def test_a_whole_log_computed_anew_lacks_the_signature(books: Books, finds) -> None:
    alter_down_to_the_leaf(books)
    resign(books, None)
    finds("checkpoint_forged")


def test_a_whole_log_signed_by_somebody_else_is_named(books: Books, finds) -> None:
    alter_down_to_the_leaf(books)
    [[origin]] = books.rows("SELECT 'raseed.local/ledger/' || id FROM ledger_log")
    resign(books, [Signer.new(origin)])
    finds("checkpoint_unsigned")


def test_a_log_forged_with_the_stolen_key_is_found_by_a_checkpoint_kept_outside(books: Books, finds) -> None:
    alter_down_to_the_leaf(books)
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    resign(books, list(LogKeys(books.home, log_id).signers()))
    finds("outside_root")


def test_an_id_that_is_there_twice_is_named(books: Books, finds) -> None:
    [[id_]] = books.rows("SELECT id FROM ledger_transfer ORDER BY seq LIMIT 1")
    seq = seqs_of(books, batch_of(books, 11))[0]
    books.change(
        "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_pkey",
        f"UPDATE ledger_transfer SET id = '{id_}' WHERE seq = {seq}", rehash_batch(seq >> 13),
    )  # fmt: skip
    assert f"The id {id_} stands in the books twice" in finds("id_twice")


@pytest.mark.parametrize(("change", "field"), [
    ("id = '00000000-0000-0000-0000-000000000000'", "id"), ("flags = 16", "flags"), ("flags = 6", "flags"), ("result = 46", "result"),
    ("amount = 0", "amount"), ("credit_account_id = debit_account_id", "credit_account_id"), ("timeout_s = -1", "timeout_s"),
    ("pending_id = gen_random_uuid()", "pending_id"), ("timeout_s = 5", "timeout_s"), ("code = 0", "code"), ("ledger = -1", "ledger"),
    ("seq = seq | 8190", "seq"),
])  # fmt: skip
def test_a_transfer_that_can_t_be_is_named_even_where_no_seal_is_broken(books: Books, finds, change, field) -> None:
    seq = seqs_of(books, batch_of(books, 11))[0]
    books.change(
        "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_check",
        f"UPDATE ledger_transfer SET {change} WHERE seq = {seq}", rehash_batch(seq >> 13),
    )  # fmt: skip
    assert f"its {field} is" in finds("row_impossible")


def test_a_transfer_between_accounts_that_are_not_there_is_named(books: Books, finds) -> None:
    stranger = new_id()
    seq = seqs_of(books, batch_of(books, 11))[0]
    books.change(
        f"UPDATE ledger_transfer SET credit_account_id = '{stranger}' WHERE seq = {seq}", rehash_batch(seq >> 13)
    )
    assert f"names the account {stranger}, which does not exist" in finds("row_account")


def test_a_transfer_in_another_ledger_is_named(books: Books, finds) -> None:
    seq = seqs_of(books, batch_of(books, 11))[0]
    books.change(f"UPDATE ledger_transfer SET ledger = 77 WHERE seq = {seq}", rehash_batch(seq >> 13))
    assert f"is in ledger 77, its account {books.cash} in ledger {books.ledger}" in finds("row_ledger")


def test_a_failed_transfer_that_stands_in_a_history_is_named(books: Books, finds) -> None:
    books.change("UPDATE ledger_transfer SET debit_prev = id WHERE result <> 0")
    finds("row_failed_linked")


def test_a_chain_that_is_broken_is_named(books: Books, finds) -> None:
    seq = seqs_of(books, batch_of(books, 11))[0]
    books.change(f"UPDATE ledger_transfer SET flags = 1 WHERE seq = {seq}", rehash_batch(seq >> 13))
    finds("row_chain")


def test_a_row_with_a_value_missing_is_named(books: Books, finds) -> None:
    books.change(
        "ALTER TABLE ledger_transfer ALTER COLUMN amount DROP NOT NULL",
        "UPDATE ledger_transfer SET amount = NULL WHERE flags = 8",
    )
    assert "ledger_transfer" in finds("row_damaged")


def test_a_digest_of_another_length_is_named(books: Books, finds) -> None:
    books.change(
        "ALTER TABLE ledger_batch DROP CONSTRAINT ledger_batch_digest_check", "UPDATE ledger_batch SET digest = '\\x00'"
    )
    assert "ledger_batch" in finds("row_damaged")

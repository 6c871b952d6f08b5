"""Changed batches, leaves, checkpoints and keys are named."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from raseed.ledger.log import outside, tree
from raseed.ledger.log.api import Sealer, open_connection
from raseed.ledger.log.checkpoint import Checkpoint
from raseed.ledger.log.keys import LogKeys
from raseed.ledger.log.note import Signer, sign_note

from . import tampering
from .tampering import Books, alter_down_to_the_leaf, batch_of, resign, roots

prepared, books = tampering.prepared, tampering.books
finds, settings_home = tampering.finds, tampering.settings_home


def test_rows_that_are_there_twice_are_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(
        "ALTER TABLE ledger_batch DROP CONSTRAINT ledger_batch_pkey",
        f"INSERT INTO ledger_batch SELECT * FROM ledger_batch WHERE number = {batch}",
    )
    finds("batch_twice")


def test_a_leaf_that_is_there_twice_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(
        "ALTER TABLE ledger_leaf DROP CONSTRAINT ledger_leaf_pkey, DROP CONSTRAINT ledger_leaf_batch_key",
        f"INSERT INTO ledger_leaf SELECT * FROM ledger_leaf WHERE batch = {batch}",
    )
    finds("leaf_twice")


def test_a_leaf_that_is_gone_is_named(books: Books, finds) -> None:
    books.change(f"DELETE FROM ledger_leaf WHERE batch = {batch_of(books, 2)}")
    finds("leaf_missing")


def test_the_last_leaves_gone_are_missed_by_a_checkpoint(books: Books, finds) -> None:
    shutil.rmtree(books.home / "checkpoints")
    books.change(f"DELETE FROM ledger_leaf WHERE batch >= {batch_of(books, 9)}")
    finds("checkpoint_ahead")


def test_leaves_without_a_checkpoint_are_named(books: Books, finds) -> None:
    shutil.rmtree(books.home / "checkpoints")
    books.change("DELETE FROM ledger_checkpoint WHERE number = 4")
    finds("checkpoint_behind")


def test_an_altered_time_of_a_batch_is_named(books: Books, finds) -> None:
    batch = batch_of(books, 2)
    books.change(f"UPDATE ledger_batch SET posted_at = posted_at + interval '1 s' WHERE number = {batch}")
    finds("batch_time")


def test_a_signature_that_was_altered_is_named(books: Books, finds) -> None:
    [[note]] = books.rows("SELECT note FROM ledger_checkpoint WHERE number = 3")
    end = note.rstrip()[-6]
    books.change(
        f"UPDATE ledger_checkpoint SET note = overlay(note placing '{'A' if end != 'A' else 'B'}' from {len(note) - 6}) WHERE number = 3"
    )
    assert "under checkpoint 3" in finds("checkpoint_forged")


@pytest.mark.parametrize(("change", "code"), [
    ("DELETE FROM ledger_checkpoint WHERE number = 3", "checkpoint_gap"),
    ("UPDATE ledger_checkpoint SET note = 'x' WHERE number = 3", "checkpoint_unreadable"),
    ("UPDATE ledger_checkpoint SET note = regexp_replace(note, '/ledger/\\S+', '/ledger/x', 'g') WHERE number = 3", "checkpoint_origin"),
    ("UPDATE ledger_checkpoint SET batch = batch + 1 WHERE number = 3", "checkpoint_field"),
    ("UPDATE ledger_checkpoint SET peaks = sha256(peaks) WHERE number = 2", "checkpoint_field"),
    ("UPDATE ledger_checkpoint SET leaves = 5 WHERE number = 3", "checkpoint_field"),
    ("UPDATE ledger_checkpoint a SET (leaves, note) = (SELECT leaves, note FROM ledger_checkpoint WHERE number = 2) WHERE number = 4",
     "checkpoint_back"),
])  # fmt: skip
def test_checkpoints_are_held_to_what_they_say(books: Books, finds, change, code) -> None:
    books.change(change)
    finds(code)


def test_a_log_without_its_name_is_named(books: Books, finds) -> None:
    books.change("DELETE FROM ledger_log")
    finds("log_nameless")


def test_a_log_under_another_name_has_no_key(books: Books, capsys) -> None:
    books.change("UPDATE ledger_log SET id = gen_random_uuid()")
    assert books.verify() == 2
    assert "No such file" in capsys.readouterr().err


def test_keys_that_hand_over_are_followed_forwards_and_backwards(books: Books, tmp_path, capsys) -> None:
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    keys = LogKeys(books.home, log_id)
    [old] = keys.signers()
    with open_connection() as connection:
        sealer = Sealer(connection, books.home)
        new = sealer.begin_hand_over()
        books.post(books.move(books.cash, books.wallets[0], 1))
        sealer.seal_all()
        sealer.finish_hand_over()
        books.post(books.move(books.cash, books.wallets[0], 1))
        sealer.seal_all()
    for signer in (old, new):
        (tmp_path / "key").write_text(f"{signer.verifier}\n")
        assert books.verify("--key", str(tmp_path / "key")) == 0
    assert books.verify() == 0
    (tmp_path / "key").write_text(f"{Signer.new(old.name).verifier}\n")
    capsys.readouterr()
    assert books.verify("--key", str(tmp_path / "key")) == 1
    assert "is signed by none of the keys that are trusted" in capsys.readouterr().out


def test_a_new_key_that_only_its_thief_introduces_is_not_trusted(books: Books, finds) -> None:
    """Anybody can add a signature line; a hand-over counts only when the old key signed the text that names the new one."""
    [[origin]] = books.rows("SELECT 'raseed.local/ledger/' || id FROM ledger_log")
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    [own] = LogKeys(books.home, log_id).signers()
    thief = Signer.new(origin)
    shutil.rmtree(books.home / "checkpoints")
    alter_down_to_the_leaf(books)
    resign(books, [thief])
    found = roots(books)
    between = Checkpoint(origin, 0, found[0], (own.verifier, thief.verifier))
    note = sign_note(between.text(), [thief])
    with psycopg.connect(books.database.superuser_dsn) as connection:
        connection.execute("UPDATE ledger_checkpoint SET note = %s WHERE number = 1", [note])
    finds("checkpoint_unsigned")


def test_a_hand_over_that_the_new_key_did_not_sign_is_named(books: Books, finds) -> None:
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    [own] = LogKeys(books.home, log_id).signers()
    [[size]] = books.rows("SELECT leaves FROM ledger_checkpoint WHERE number = 2")
    between = Checkpoint(own.name, size, roots(books)[size], (own.verifier, Signer.new(own.name).verifier))
    with psycopg.connect(books.database.superuser_dsn) as connection:
        connection.execute("ALTER TABLE ledger_checkpoint DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE ledger_checkpoint SET note = %s WHERE number = 2", [sign_note(between.text(), [own])]
        )
    finds("checkpoint_hand_over")


def set_back(books: Books) -> None:
    """Post and seal once more, then put the database back to what it was before, in every table."""
    keys = {
        "ledger_balance": "id",
        "ledger_batch": "number",
        "ledger_leaf": "leaf_index",
        "ledger_checkpoint": "number",
    }
    last = {table: books.rows(f"SELECT max({key}) FROM {table}")[0][0] for table, key in keys.items() if key != "id"}
    balances = books.rows("SELECT id, debits_posted, credits_posted, entries, last_id FROM ledger_balance")
    [[seq]] = books.rows("SELECT max(seq) FROM ledger_transfer")
    books.post(books.move(books.cash, books.wallets[2], 1))
    books.seal()
    books.change(
        f"DELETE FROM ledger_transfer WHERE seq > {seq}",
        *(f"DELETE FROM {table} WHERE {keys[table]} > {value}" for table, value in last.items()),
        *(f"UPDATE ledger_balance SET (debits_posted, credits_posted, entries, last_id) = ({debits}, {credits_}, {entries}, '{id_}')"
          f" WHERE id = '{account}'" for account, debits, credits_, entries, id_ in balances),
    )  # fmt: skip


def test_a_database_set_back_is_found_by_the_checkpoint_kept_outside_and_by_nothing_else(
    books: Books, finds, tmp_path
) -> None:
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    older = (outside.folder_of(books.home, log_id) / "latest").read_text()
    set_back(books)
    newer = shutil.copy(outside.folder_of(books.home, log_id) / "latest", tmp_path / "newer")
    assert "covers 13 leaves, and the database has 11" in finds("outside_ahead")
    (outside.folder_of(books.home, log_id) / "latest").write_text(older)  # whoever set it back replays the old file too
    assert books.verify() == 0
    finds("outside_ahead", "--checkpoint", str(newer))
    shutil.rmtree(books.home / "checkpoints")
    assert books.verify() == 0


def test_a_checkpoint_of_another_log_or_by_another_hand_is_named(books: Books, finds, tmp_path) -> None:
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    [own] = LogKeys(books.home, log_id).signers()
    kept = tmp_path / "kept"
    other = Signer.new("raseed.local/ledger/other")
    kept.write_text(sign_note(Checkpoint(other.name, 0, tree.EMPTY_ROOT).text(), [other]))
    finds("outside_origin", "--checkpoint", str(kept))
    kept.write_text(sign_note(Checkpoint(own.name, 0, tree.EMPTY_ROOT).text(), [other]))
    finds("outside_forged", "--checkpoint", str(kept))
    kept.write_text(sign_note(Checkpoint(own.name, 3, bytes(32)).text(), [own]))
    assert "The first 3 leaves" in finds("outside_root", "--checkpoint", str(kept))
    kept.write_text(sign_note(Checkpoint(own.name, 3, roots(books)[3]).text(), [own]))
    assert books.verify("--checkpoint", str(kept), "--checkpoint", str(kept)) == 0


def test_what_is_no_checkpoint_or_key_can_t_be_verified_against(books: Books, tmp_path, capsys) -> None:
    (tmp_path / "text").write_text("text\n")
    assert books.verify("--checkpoint", str(tmp_path / "text")) == 2
    assert books.verify("--key", str(tmp_path / "text")) == 2
    assert "is not a key or checkpoint of a log" in capsys.readouterr().err

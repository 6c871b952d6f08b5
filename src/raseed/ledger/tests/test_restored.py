"""A dump that is restored holds the same books: they verify, can be posted to, and their log goes on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from raseed.ledger.api import CreateTransferResult as R

from . import tampering
from .tampering import Books

prepared, books, settings_home = tampering.prepared, tampering.books, tampering.settings_home


def run_program(books: Books, name: str, *words: str) -> None:
    program = books.database.server.binaries / name
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def dump(books: Books, file: Path) -> None:
    """Dump with the words of docs/operations.md."""
    run_program(books, "pg_dump", "--format=custom", f"--file={file}", f"--dbname={books.database.owner_dsn}")


def restore(books: Books, file: Path, *, into: str = "empty") -> None:
    """Restore with the words of docs/operations.md, into a database with nothing in it, or over the one that is there."""
    database = books.database
    connections.close_all()
    if into == "empty":
        with psycopg.connect(database.server.dsn(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {database.name} OWNER raseed_owner TEMPLATE template0".encode())
    run_program(
        books, "pg_restore", "--clean", "--if-exists", "--no-owner", "--role=raseed_owner",
        f"--dbname={database.superuser_dsn}", str(file),
    )  # fmt: skip


@pytest.mark.parametrize("into", ["empty", "there already"])
def test_a_restored_dump_verifies_and_goes_on(books: Books, tmp_path: Path, into: str, capsys) -> None:
    before = {table: books.rows(f"SELECT count(*) FROM {table}") for table in tampering.TABLES}
    dump(books, tmp_path / "dump")
    restore(books, tmp_path / "dump", into=into)
    assert {table: books.rows(f"SELECT count(*) FROM {table}") for table in tampering.TABLES} == before
    assert books.verify() == 0, capsys.readouterr().out
    assert books.post(books.move(books.cash, books.shop, 5)) == [R.OK]
    books.seal()
    assert books.verify() == 0, capsys.readouterr().out
    assert "not sealed yet: 0" in capsys.readouterr().out


def test_a_restored_dump_is_append_only_still(books: Books, tmp_path: Path) -> None:
    dump(books, tmp_path / "dump")
    restore(books, tmp_path / "dump")
    for statement in ("UPDATE ledger_transfer SET amount = 1", "DELETE FROM ledger_batch", "TRUNCATE ledger_mark"):
        with psycopg.connect(books.database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement.encode())
    with psycopg.connect(books.database.read_dsn) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("UPDATE ledger_balance SET entries = 0")


def test_what_a_dump_lacks_is_found_by_the_checkpoint_kept_outside(books: Books, tmp_path: Path, capsys) -> None:
    """Batches that were sealed after the dump are in the checkpoint beside the keys, not in the books."""
    dump(books, tmp_path / "dump")
    books.post(books.move(books.cash, books.shop, 5))
    books.seal()
    restore(books, tmp_path / "dump")
    assert books.verify() == 1
    assert "checkpoint" in capsys.readouterr().out.lower()

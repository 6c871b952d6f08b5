"""What a person at the terminal sees of the log, and what the sealer's process bears."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from raseed.ledger import cli
from raseed.ledger.log import outside
from raseed.ledger.log.api import log_status, open_connection, seal_until
from raseed.ledger.log.keys import LogKeys

from . import tampering
from .tampering import Books

prepared, books, settings_home = tampering.prepared, tampering.books, tampering.settings_home


def test_the_log_s_state_is_told(books: Books, capsys) -> None:
    assert cli.main(["status"]) == 0
    said = capsys.readouterr().out
    assert "Sealed: 11 batches" in said
    assert "Not sealed yet: 1 batches" in said
    assert cli.main(["status", "--language", "he"]) == 0
    assert "חתומות: 11 מנות" in capsys.readouterr().out


def test_before_the_first_seal_there_is_nothing_to_tell(database, settings_home, capsys) -> None:
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out == "Nothing is sealed yet.\n"


def test_the_latest_checkpoint_is_printed_for_keeping(books: Books, tmp_path, capsys) -> None:
    assert cli.main(["checkpoint"]) == 0
    (tmp_path / "kept").write_text(capsys.readouterr().out)
    checkpoint, _ = outside.read(tmp_path / "kept")
    assert checkpoint.size == 12, "what was posted by now is in it"
    assert cli.main(["verify", "--checkpoint", str(tmp_path / "kept"), "--language", "ar"]) == 0
    assert "الدفاتر كما قُيّدت." in capsys.readouterr().out


def test_a_key_is_changed_from_the_terminal(books: Books, capsys) -> None:
    assert cli.main(["rotate-key", "--finish"]) == 2
    assert "1 keys sign at present" in capsys.readouterr().err
    assert cli.main(["rotate-key"]) == 0
    [new] = capsys.readouterr().out.splitlines()[-1:]
    assert cli.main(["rotate-key"]) == 2
    assert cli.main(["rotate-key", "--finish"]) == 0
    [[log_id]] = books.rows("SELECT id FROM ledger_log")
    [signer] = LogKeys(books.home, log_id).signers()
    assert str(signer.verifier) == new
    assert cli.main(["verify"]) == 0


def test_the_words_of_the_command_are_explained(capsys) -> None:
    for words in (["--help"], ["verify", "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0
    assert "name the first difference" in " ".join(capsys.readouterr().out.split())


def test_a_sealer_outlives_its_connection(books: Books) -> None:
    stop = threading.Event()
    told: list[str] = []
    thread = threading.Thread(target=seal_until, args=(stop, books.home), kwargs={"say": told.append})
    thread.start()
    try:
        until(lambda: log_status().unsealed == 0)
        for _ in range(2):
            with psycopg.connect(books.database.superuser_dsn, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'raseed-log'"
                )
            books.post(books.move(books.cash, books.wallets[0], 1))
            until(lambda: log_status().unsealed == 0)
    finally:
        stop.set()
        thread.join()
    assert all(sentence.startswith("Nothing is sealed at present: ") for sentence in told)


def test_a_sealer_that_may_not_seal_says_so_once(books: Books) -> None:
    books.change("DELETE FROM ledger_log")
    stop = threading.Event()
    told: list[str] = []

    def say(sentence: str) -> None:
        told.append(sentence)
        threading.Timer(1.2, stop.set).start()

    seal_until(stop, books.home, connect=open_connection, say=say)
    assert told == [
        "Nothing is sealed at present: The log in the database does not continue what was sealed before (ledger_log)."
    ]


def until(holds) -> None:
    never = threading.Event()
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        never.wait(0.05)

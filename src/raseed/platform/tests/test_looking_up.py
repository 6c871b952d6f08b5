"""What is looked up at the same moment is looked up together, on one connection, by whoever's turn it is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from raseed.banking.tests.town import at_once
from raseed.platform.api import look_up, run_statement
from raseed.platform.standing import Desk

if TYPE_CHECKING:
    from raseed_testing import Database

asked: list[Sequence[int]] = []
first = threading.Event()


def squares(numbers: Sequence[int]) -> dict[int, int]:
    """Square positive numbers, by the database, slowly the first time."""
    asked.append(numbers)
    if len(asked) == 1:
        first.wait(0.2)
    if 13 in numbers:
        raise ValueError("thirteen")
    found = "SELECT n, n * n FROM unnest(%(all)s::bigint[]) AS n WHERE n > 0"
    return dict(run_statement(found, {"all": list(numbers)}))


def backend(_: Sequence[None]) -> dict[None, int]:
    """Return the number of the server's process that answers."""
    ((number,),) = run_statement("SELECT pg_backend_pid()", {})
    return {None: number}


@pytest.fixture(autouse=True)
def _nothing_asked(database: Database) -> None:
    del database
    asked.clear()


def test_who_asks_while_others_are_answered_is_answered_with_all_who_do() -> None:
    answers = at_once([partial(look_up, squares, number % 7 - 1) for number in range(42)])
    assert answers == [number * number if number > 0 else None for number in (n % 7 - 1 for n in range(42))]
    assert len(asked) < 42
    assert all(len(set(names)) == len(names) for names in asked), "each is asked for once"


def test_what_breaks_for_one_breaks_for_no_other() -> None:
    def one(number: int) -> object:
        try:
            return look_up(squares, number)
        except ValueError as error:
            return str(error)

    answers = at_once([partial(one, number) for number in range(10, 16)])
    assert answers == [100, 121, 144, "thirteen", 196, 225]


def test_all_threads_take_turns_on_one_connection_and_a_transaction_looks_for_itself() -> None:
    assert len(set(at_once([partial(look_up, backend, None) for _ in range(8)]))) == 1
    with transaction.atomic():
        ((own,),) = run_statement("SELECT pg_backend_pid()", {})
        assert look_up(backend, None) == own


def test_a_desk_whose_connection_the_server_has_ended_has_a_new_one(database: Database) -> None:
    import psycopg  # noqa: PLC0415

    desk = Desk()
    with desk.taken():
        before = backend([])[None]
        kept = connection.connection
    assert connection.connection is not kept
    with psycopg.connect(database.superuser_dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    with desk.taken():
        assert backend([])[None] != before
        assert run_statement("SHOW plan_cache_mode", {}) == [("force_generic_plan",)]
        connection.close()

"""Statements stand ready on their connection, take arrays of every type that they cast to, and survive a rollback."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from raseed.platform.api import run_statement

if TYPE_CHECKING:
    from raseed_testing import Database

VALUES: dict[str, list[object]] = {
    "uuid": [UUID(int=1), UUID(int=2**128 - 1)],
    "text": ["", "فاتورة", 'a "quoted", {braced} \\ word'],
    "smallint": [-(2**15), 0, 2**15 - 1],
    "int4": [-(2**31), 2**31 - 1],
    "bigint": [-(2**63), 2**63 - 1],
    "date": [date(1970, 1, 1), date(2026, 11, 22)],
    "timestamptz": [datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 11, 22, tzinfo=UTC)],
    "boolean": [True, False],
}


@pytest.mark.parametrize("type_name", VALUES)
def test_values_and_arrays_come_back_as_they_went_out(database: Database, type_name: LiteralString) -> None:
    del database
    for values in (VALUES[type_name], [], [None], [VALUES[type_name][0], None]):
        ((there,),) = run_statement("SELECT %(values)s::" + type_name + "[]", {"values": values})
        assert there == values
    for value in (*VALUES[type_name], None):
        assert run_statement("SELECT %(value)s::" + type_name, {"value": value}) == [(value,)]


def test_documents_go_in_as_text_and_come_out_as_text(database: Database) -> None:
    del database
    documents = [json.dumps({"name": "مياه", "n": 1}), "null", "[]"]
    ((there,),) = run_statement("SELECT array_agg(d::text) FROM unnest(%(all)s::jsonb[]) AS d", {"all": documents})
    assert [json.loads(each) for each in there] == [json.loads(each) for each in documents]


def test_what_is_cast_to_nothing_or_to_something_else_goes_out_as_psycopg_sends_it(database: Database) -> None:
    del database
    said = {"pause": timedelta(seconds=90), "most": 2, "word": "100 %"}
    rows = run_statement(
        "SELECT n, %(pause)s::interval, %(word)s FROM generate_series(1, 9) AS n WHERE n %% 2 = 1 LIMIT %(most)s", said
    )
    assert rows == [(1, said["pause"], "100 %"), (3, said["pause"], "100 %")]


def test_a_statement_is_prepared_once_and_stands_ready_after_a_rollback(database: Database) -> None:
    del database

    def prepared() -> int:
        ((count,),) = run_statement("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(like)s::text",
                                    {"like": "SELECT 41 +%"})  # fmt: skip
        return int(count)

    for number in range(3):
        with transaction.atomic():
            assert run_statement("SELECT 41 + %(number)s::bigint", {"number": number}) == [(41 + number,)]
            transaction.set_rollback(True)
    assert prepared() == 1


def test_what_the_server_refuses_says_which_constraint_it_was(database: Database) -> None:
    del database
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE once (id int CONSTRAINT only_once UNIQUE)")
    with pytest.raises(IntegrityError) as refused:
        run_statement("INSERT INTO once SELECT unnest(%(ids)s::int4[])", {"ids": [1, 1]})
    assert getattr(refused.value.__cause__, "diag").constraint_name == "only_once"  # noqa: B009  (of psycopg's error)
    assert run_statement("INSERT INTO once SELECT unnest(%(ids)s::int4[])", {"ids": [1]}) == []

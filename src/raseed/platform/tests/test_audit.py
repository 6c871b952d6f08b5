"""What was done stays written as it was, whoever would change it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from raseed.kernel.ids import new_id
from raseed.platform.api import append_only_trigger_sql, audit_trail, emit, record


def test_a_deed_is_found_by_its_subject_newest_first(database: Any) -> None:
    institution_id = new_id()
    record(actor="system", action="people.one", subject="customer:1", after={"a": 1}, institution_id=institution_id)
    record(
        actor="customer:1", action="people.two", subject="customer:1", before={"a": 1}, after={"a": 2}, reason="asked"
    )
    record(actor="system", action="people.other", subject="customer:2")
    two, one = audit_trail("customer:1")
    assert (two.action, two.before, two.after, two.reason) == ("people.two", {"a": 1}, {"a": 2}, "asked")
    assert (one.actor, one.institution_id, one.before) == ("system", institution_id, None)


def test_a_deed_that_was_rolled_back_is_not_written(database: Any) -> None:
    with transaction.atomic():
        record(actor="system", action="people.one", subject="customer:1")
        transaction.set_rollback(True)
    assert audit_trail("customer:1") == []


@pytest.mark.parametrize("table", ["platform_audit", "platform_event"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET position = position", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_neither_the_app_nor_the_owner_changes_what_is_written(database: Any, table: str, deed: str) -> None:
    with transaction.atomic():
        record(actor="system", action="people.one", subject="customer:1")
        emit("test.happened", {})
    statement = deed.format(table)
    with pytest.raises((IntegrityError, ProgrammingError)), connection.cursor() as cursor:
        cursor.execute(statement)
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement.encode())
    assert len(audit_trail("customer:1")) == 1


def test_the_owner_cannot_slip_past_as_a_replica(database: Any) -> None:
    record(actor="system", action="people.one", subject="customer:1")
    with psycopg.connect(database.superuser_dsn) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.RestrictViolation):
            superuser.execute("DELETE FROM platform_audit")


@pytest.mark.parametrize("name", ["", "a b", "a;drop table b", 'a"b', "A", "x" * 60])
def test_only_a_plain_table_name_becomes_sql(name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        append_only_trigger_sql(name)

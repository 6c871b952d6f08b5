"""What was done stays written as it was, whoever would change it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform import audit
from raseed.platform.api import InvalidCursor, append_only_trigger_sql, audit_records, audit_trail, emit, record


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


def told(**asked: Any) -> list[str]:
    return [one.action for one in audit_records(**asked).records]


def at(minute: int) -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(minutes=minute))


def test_deeds_are_found_by_subject_actor_institution_and_the_beginning_of_their_name(database: Any) -> None:
    here, there = new_id(), new_id()
    record(actor="staff:1", action="people.one", subject="role:1", institution_id=here, clock=at(1))
    record(actor="staff:2", action="banking.two", subject="role:1", institution_id=here, clock=at(2))
    record(actor="staff:1", action="people.three", subject="role:2", institution_id=there, clock=at(3))
    record(actor="staff:1", action="people.four", subject="role:2", clock=at(4))
    assert told(subject="role:1") == ["banking.two", "people.one"]
    assert told(actor="staff:1") == ["people.four", "people.three", "people.one"]
    assert told(institution_id=here) == ["banking.two", "people.one"]
    assert told(action="people.") == ["people.four", "people.three", "people.one"]
    assert told(actor="staff:1", institution_id=here, action="people.o") == ["people.one"]
    assert told(actor="staff:3") == []
    assert len(told()) == 4


def test_deeds_are_found_by_time_and_told_in_its_order(database: Any) -> None:
    for minute in (5, 1, 3):
        record(actor="system", action=f"people.{minute}", subject="role:1", clock=at(minute))
    assert told() == ["people.5", "people.3", "people.1"]
    assert told(since=at(3).now()) == ["people.5", "people.3"]
    assert told(until=at(3).now()) == ["people.1"]
    assert told(since=at(3).now(), until=at(5).now()) == ["people.3"]


def test_one_customers_day_is_found_across_packages(database: Any) -> None:
    mona, other, here, there = new_id(), new_id(), new_id(), new_id()
    customer = f"customer:{mona}"
    record(actor="system", action="people.customer_joined", subject=customer, institution_id=here, clock=at(1))
    record(actor=customer, action="people.language_chosen", subject=customer, clock=at(2))
    record(actor=customer, action="payments.sent", subject="payment:1", institution_id=here, clock=at(3))
    record(
        actor="staff:1", action="banking.account_blocked", subject="account:1", institution_id=here, customer_id=mona,
        clock=at(4),
    )  # fmt: skip
    record(
        actor=customer, action="payments.received", subject="payment:2", institution_id=there, customer_id=other,
        clock=at(5),
    )  # fmt: skip
    record(actor="staff:1", action="people.trail_viewed", subject=customer, institution_id=there, clock=at(6))
    mine = ["banking.account_blocked", "payments.sent", "people.language_chosen", "people.customer_joined"]
    assert told(customer_id=mona) == ["people.trail_viewed", *mine]
    assert told(customer_id=mona, institution_id=here) == mine
    assert told(customer_id=mona, institution_id=there) == ["people.trail_viewed", "people.language_chosen"]
    assert told(customer_id=other) == ["payments.received"]
    assert told(customer_id=mona, since=at(3).now(), until=at(4).now()) == ["payments.sent"]


def test_a_subject_that_only_looks_like_a_customer_is_nobodys(database: Any) -> None:
    record(actor="customer:x", action="people.one", subject="customer:1")
    assert audit_trail("customer:1")[0].customer_id is None


def test_pages_miss_nothing_and_repeat_nothing_while_deeds_go_on(database: Any) -> None:
    for number in range(25):
        record(actor="staff:1", action=f"people.n{number:02}", subject="role:1", clock=at(number // 4))
    seen, marker = [], None
    while True:
        page = audit_records(actor="staff:1", before=marker, limit=4)
        seen += [one.action for one in page.records]
        record(actor="staff:1", action="people.meanwhile", subject="role:1", clock=at(60))
        marker = page.next
        if marker is None:
            break
    assert seen == [f"people.n{number:02}" for number in range(24, -1, -1)]
    first = audit_records(actor="staff:1", limit=4).next
    for actor, subject in (("staff:2", None), ("staff:1", "role:1")):
        with pytest.raises(InvalidCursor):
            audit_records(actor=actor, subject=subject, before=first)
    assert len(audit_records(limit=10_000).records) == 32
    assert len(audit_records(limit=0).records) == 1


def test_what_was_altered_past_the_guards_is_seen(database: Any) -> None:
    for name in ("one", "two", "three"):
        record(
            actor="staff:1", action=f"people.{name}", subject="role:1", before={"level": 1}, after={"level": 2, "on": None},
            reason="agreed", institution_id=new_id(), customer_id=new_id(),
        )  # fmt: skip
    assert [one.intact for one in audit_trail("role:1")] == [True, True, True]
    with psycopg.connect(database.superuser_dsn, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE platform_audit DISABLE TRIGGER ALL")
        superuser.execute(
            "UPDATE platform_audit SET after = '{\"level\": 3, \"on\": null}' WHERE action = 'people.one'"
        )
        superuser.execute("UPDATE platform_audit SET actor = 'staff:2' WHERE action = 'people.two'")
    assert [one.intact for one in audit_trail("role:1")] == [True, False, False]


def test_what_was_made_up_inside_the_database_is_seen(database: Any) -> None:
    record(actor="staff:1", action="people.one", subject="role:1")
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO platform_audit (id, at, actor, action, subject, reason, seal)"
            " SELECT gen_random_uuid(), at, 'staff:2', action, subject, reason, seal FROM platform_audit"
        )
        owner.execute(
            "INSERT INTO platform_audit (id, at, actor, action, subject, reason)"
            " SELECT gen_random_uuid(), now(), 'staff:3', 'people.x', 'role:1', ''"
        )
    assert {one.actor: one.intact for one in audit_trail("role:1")} == {
        "staff:1": True, "staff:2": False, "staff:3": None,
    }  # fmt: skip


def test_without_the_key_nobody_can_tell(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record(actor="staff:1", action="people.one", subject="role:1")
    monkeypatch.setattr(audit, "_KEY", "another-key")
    assert audit_trail("role:1")[0].intact is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    facts=st.none()
    | st.dictionaries(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
        | st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))),
    )
)
def test_whatever_a_record_says_it_is_read_as_intact(database: Any, facts: Any) -> None:
    record(actor="staff:1", action="people.one", subject="role:1", before=facts, after=facts)
    latest = audit_trail("role:1", limit=1)[0]
    assert (latest.before, latest.intact) == (facts, True)


@pytest.mark.parametrize("asked", ["actor", "institution_id", "customer_id", "since", "action"])
def test_a_page_is_read_by_an_index_however_long_the_trail(database: Any, asked: str) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO platform_audit (id, at, actor, action, subject, institution_id, customer_id, reason)"
            " SELECT gen_random_uuid(), now() + n * interval '1 second', 'staff:' || n % 50, 'people.x', 'role:' || n,"
            " md5((n % 50)::text)::uuid, md5((n % 500)::text)::uuid, '' FROM generate_series(1, 20000) n"
        )
        owner.execute("ANALYZE platform_audit")
    seventh = UUID(hashlib.md5(b"7").hexdigest())  # noqa: S324
    questions: dict[str, dict[str, Any]] = {
        "actor": {"actor": "staff:7"},
        "institution_id": {"institution_id": seventh},
        "customer_id": {"customer_id": seventh},
        "since": {"since": SYSTEM_CLOCK.now() + timedelta(hours=1)},
        "action": {"institution_id": seventh, "action": "people.rare"},
    }
    record(actor="system", action="people.rare", subject="role:1", institution_id=seventh)
    with CaptureQueriesContext(connection) as queries:
        assert len(audit_records(**questions[asked], limit=20).records) == (1 if asked == "action" else 20)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan
    assert "Index Scan" in plan

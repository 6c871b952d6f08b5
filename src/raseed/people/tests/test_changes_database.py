"""What two people decided is guarded by the database itself, whatever the code above it says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.people.api import (
    Author,
    Institution,
    confirm_change,
)
from raseed.people.changes.domain import CHANGE_LIFE
from raseed.people.models import ChangeRow

from .office import an_author
from .tap import CONFIRM, PROPOSE, let_taps_be, proposed


@pytest.fixture(autouse=True)
def a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    let_taps_be(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def lina(bank: UUID) -> Author:
    return an_author(bank, PROPOSE, CONFIRM)


@pytest.fixture
def omar(bank: UUID) -> Author:
    return an_author(bank, PROPOSE, CONFIRM)


ROW = "UPDATE people_change SET state = 'applied', decided_by = {by}, decided_at = now()"


@pytest.mark.parametrize("by", ["proposed_by", "proposer", "subject", "'system'", "'key:1'", "''"])
def test_the_database_refuses_an_application_by_anyone_but_a_second_person(bank: UUID, by: str) -> None:
    author = an_author(bank, PROPOSE)
    proposed(author, bank, subject=f"staff:{new_id()}")
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(ROW.format(by=by))


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE people_change SET payload = '{\"level\": 9}'",
        "UPDATE people_change SET reason = 'another'",
        "UPDATE people_change SET expires_at = expires_at + interval '1 day'",
        "UPDATE people_change SET proposed_by = 'staff:2'",
        "UPDATE people_change SET state = 'expired', decided_by = 'system', decided_at = now()",  # with no step
        "DELETE FROM people_change",
        "TRUNCATE people_change CASCADE",
        "UPDATE people_change_step SET note = 'x'",
        "DELETE FROM people_change_step",
    ],
)
def test_what_was_proposed_is_not_altered_even_by_the_owner(database: Any, bank: UUID, lina: Author, deed: str) -> None:
    proposed(lina, bank)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(deed.encode())


def test_what_was_decided_is_not_altered_but_what_was_in_it_may_be_erased(
    database: Any, bank: UUID, lina: Author, omar: Author
) -> None:
    confirm_change(proposed(lina, bank).id, by=omar)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for deed in (
            "state = 'open', decided_by = '', decided_at = NULL",
            "decided_by = 'staff:1'",
            "decision_note = 'x'",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(f"UPDATE people_change SET {deed}".encode())
        owner.execute("UPDATE people_change SET payload = '{}'")
    assert ChangeRow.objects.get().payload == {}


def test_a_late_application_is_refused_by_the_database_too(bank: UUID, lina: Author, omar: Author) -> None:
    proposed(lina, bank, clock=ManualClock(SYSTEM_CLOCK.now() - CHANGE_LIFE))
    with pytest.raises(IntegrityError, match="people_change_in_time"), transaction.atomic():
        ChangeRow.objects.update(state="applied", decided_by=omar.actor, decided_at=SYSTEM_CLOCK.now())

"""The days on which a person needs their money are known by rule, seen by few, and every such view is written down."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    SYSTEM,
    Author,
    CriticalDate,
    Customer,
    DateKind,
    Institution,
    InvalidCriticalDate,
    NotPermitted,
    UnknownCriticalDate,
    UnknownCustomer,
    critical_dates,
    end_critical_date,
    set_critical_date,
)
from raseed.people.models import CriticalDateRow
from raseed.people.persons.critical_dates import DATES_MAX
from raseed.platform.api import SameIdOtherContent, audit_trail

from .office import an_author
from .world import a_customer, an_institution

CAIRO = "Africa/Cairo"


@pytest.fixture
def nile(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def mona(nile: UUID) -> Customer:
    return a_customer(nile)


@pytest.fixture
def herself(mona: Customer) -> Author:
    return Author(f"customer:{mona.id}")


def monthly(day: int, zone: str = CAIRO) -> CriticalDate:
    return CriticalDate(new_id(), DateKind.RENT, "", day, None, zone, "system", datetime(2026, 1, 1, tzinfo=UTC))


def payday(mona: Customer, by: Author, **more: Any) -> CriticalDate:
    said: dict[str, Any] = {
        "id": new_id(),
        "kind": "payday",
        "zone": CAIRO,
        "month_day": 28,
        "by": by,
        "reason": "told us",
    }
    return set_critical_date(customer_id=mona.id, **{**said, **more})


@pytest.mark.parametrize(
    ("day", "now", "next_day"),
    [
        (31, datetime(2026, 2, 10, tzinfo=UTC), date(2026, 2, 28)), (31, datetime(2028, 2, 10, tzinfo=UTC), date(2028, 2, 29)),
        (31, datetime(2026, 4, 30, 12, tzinfo=UTC), date(2026, 4, 30)), (30, datetime(2026, 3, 31, tzinfo=UTC), date(2026, 4, 30)),
        (1, datetime(2026, 12, 2, tzinfo=UTC), date(2027, 1, 1)), (1, datetime(2026, 11, 30, 22, 30, tzinfo=UTC), date(2026, 12, 1)),
        (1, datetime(2026, 12, 1, 21, 59, tzinfo=UTC), date(2026, 12, 1)), (1, datetime(2026, 12, 1, 22, tzinfo=UTC), date(2027, 1, 1)),
    ],
)  # fmt: skip
def test_a_day_of_the_month_comes_in_its_zone_and_the_31st_is_the_last_day(
    day: int, now: datetime, next_day: date
) -> None:
    assert monthly(day).next_from(now) == next_day


@given(st.integers(1, 31), st.integers(0, 40_000), st.integers(0, 86_399))
def test_the_next_day_is_the_first_that_the_rule_falls_on(day: int, days: int, seconds: int) -> None:
    rule, now = monthly(day, "UTC"), datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=seconds)
    found = rule.next_from(now)
    assert found is not None
    assert found >= now.date()
    assert [
        now.date() + timedelta(n) for n in range((found - now.date()).days) if rule.falls_on(now.date() + timedelta(n))
    ] == []
    assert rule.falls_on(found)
    assert found.day == min(day, calendar.monthrange(found.year, found.month)[1])


def test_one_date_comes_once() -> None:
    rule = CriticalDate(
        new_id(), DateKind.TAX, "", None, date(2026, 3, 31), CAIRO, "system", datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert rule.next_from(datetime(2026, 3, 31, 21, 59, tzinfo=UTC)) == date(2026, 3, 31)
    assert rule.next_from(datetime(2026, 3, 31, 22, 0, tzinfo=UTC)) is None
    assert rule.falls_on(date(2026, 3, 31))
    assert not rule.falls_on(date(2027, 3, 31))


def test_a_customer_sets_sees_and_ends_their_own(mona: Customer, herself: Author) -> None:
    day = payday(mona, herself, reason="")
    assert payday(mona, herself, id=day.id) == day
    assert critical_dates(mona.id, by=herself) == [day]
    assert (day.set_by, day.kind, day.month_day) == (herself.actor, DateKind.PAYDAY, 28)
    with pytest.raises(SameIdOtherContent):
        payday(mona, herself, id=day.id, month_day=1)
    end_critical_date(day.id, by=herself)
    assert critical_dates(mona.id, by=herself) == []
    with pytest.raises(UnknownCriticalDate):
        end_critical_date(day.id, by=herself)
    assert CriticalDateRow.objects.count() == 1


def test_staff_see_them_with_the_permission_and_every_view_is_written_down(
    nile: UUID, mona: Customer, herself: Author
) -> None:
    day = payday(mona, herself)
    agent = an_author(nile, "people.critical_dates.view")
    assert critical_dates(mona.id, by=agent, reason="planning maintenance") == [day]
    viewed = audit_trail(f"customer:{mona.id}")[0]
    assert (viewed.action, viewed.actor, viewed.reason) == (
        "people.critical_dates_viewed", agent.actor, "planning maintenance"
    )  # fmt: skip
    with pytest.raises(UnacceptableText):
        critical_dates(mona.id, by=agent)
    delta = an_institution("delta").id
    for by in (
        an_author(nile, "people.customers.view", "people.customers.edit"),
        an_author(delta, "people.critical_dates.view"),
        Author(f"customer:{new_id()}"),
    ):
        with pytest.raises(NotPermitted):
            critical_dates(mona.id, by=by, reason="looking")
    with pytest.raises(UnknownCustomer):
        critical_dates(new_id(), by=SYSTEM, reason="looking")


def test_the_trail_says_that_and_by_whom_never_which_day(nile: UUID, mona: Customer) -> None:
    clerk = an_author(nile, "people.critical_dates.edit")
    day = payday(mona, clerk, month_day=None, on=date(2031, 5, 17), label="Quarterly rent", kind="other")
    end_critical_date(day.id, by=clerk, reason="moved house")
    ended, set_, *_ = audit_trail(f"customer:{mona.id}")
    assert (set_.action, ended.action, ended.reason) == (
        "people.critical_date_set", "people.critical_date_ended", "moved house"
    )  # fmt: skip
    assert "2031" not in str(set_)
    assert "Quarterly" not in str(set_)
    with pytest.raises(NotPermitted):
        payday(mona, an_author(nile, "people.critical_dates.view"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"kind": "birthday"}, InvalidCriticalDate), ({"month_day": 0}, InvalidCriticalDate), ({"month_day": 32}, InvalidCriticalDate),
        ({"on": date(2026, 1, 1)}, InvalidCriticalDate), ({"month_day": None}, InvalidCriticalDate),
        ({"zone": "Africa/Atlantis"}, InvalidCriticalDate), ({"zone": "../etc/passwd"}, InvalidCriticalDate), ({"zone": ""}, InvalidCriticalDate),
        ({"kind": "other"}, InvalidCriticalDate), ({"label": "a\u202eb"}, UnacceptableText), ({"label": "x" * 61}, UnacceptableText),
        ({"reason": "x"}, UnacceptableText), ({"customer_id": None}, UnknownCustomer),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused(mona: Customer, change: dict[str, Any], refusal: type[RaseedError]) -> None:
    said: dict[str, Any] = {"id": new_id(), "customer_id": mona.id, "kind": "payday", "zone": CAIRO, "month_day": 28,
                            "by": SYSTEM, "reason": "told us"}  # fmt: skip
    if "customer_id" in change:
        change = {"customer_id": new_id()}
    with pytest.raises(refusal):
        set_critical_date(**{**said, **change})
    assert CriticalDateRow.objects.count() == 0


def test_no_more_than_so_many(mona: Customer, herself: Author) -> None:
    for _ in range(DATES_MAX):
        payday(mona, herself)
    with pytest.raises(InvalidCriticalDate):
        payday(mona, herself)


ANOTHER = """INSERT INTO people_critical_date (id, customer_id, kind, label, month_day, zone, set_by, since)
    SELECT gen_random_uuid(), customer_id, 'rent', '', {}, 'UTC', 'x', now() FROM people_critical_date"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people_critical_date SET month_day = 1",
        "DELETE FROM people_critical_date",
        "UPDATE people_critical_date SET until = since - interval '1 day'",
        ANOTHER.format("NULL"),
        ANOTHER.format("32"),
        ANOTHER.format("0"),
    ],
)
def test_the_database_takes_no_other_rule_and_alters_none(mona: Customer, herself: Author, statement: str) -> None:
    payday(mona, herself)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)

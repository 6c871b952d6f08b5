"""Who may read the audit trail reads their own institution's, and reading a customer's is itself written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    Customer,
    Institution,
    NotPermitted,
    UnknownCustomer,
    set_language,
    trail_of_customer,
    trail_of_institution,
)
from raseed.platform.api import record

from .office import an_author
from .world import a_customer, an_institution


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def mona(bank: UUID) -> Customer:
    return a_customer(bank)


def test_an_institutions_trail_is_its_own(bank: UUID, mona: Customer) -> None:
    delta = an_institution("delta").id
    a_customer(delta, phone="+201007654321")
    auditor = an_author(bank, "people.audit.view")
    page = trail_of_institution(bank, by=auditor)
    assert {one.institution_id for one in page.records} == {bank}
    assert page.records[0].action == "people.customer_joined"
    assert [one.action for one in trail_of_institution(bank, by=auditor, action="people.institution").records] == [
        "people.institution_registered"
    ]
    assert trail_of_institution(bank, by=auditor, subject=f"customer:{mona.id}", actor="system").records
    with pytest.raises(NotPermitted):
        trail_of_institution(delta, by=auditor)
    with pytest.raises(NotPermitted):
        trail_of_institution(bank, by=an_author(bank, "people.customers.view"))


def test_one_customers_day_is_read_with_a_reason_and_the_reading_is_in_it(bank: UUID, mona: Customer) -> None:
    now = SYSTEM_CLOCK.now()
    set_language(mona.id, "he")
    record(
        actor="staff:1", action="banking.account_blocked", subject="account:1", institution_id=bank, customer_id=mona.id
    )
    record(actor="staff:1", action="banking.opened", subject="account:2", institution_id=new_id(), customer_id=mona.id)
    auditor = an_author(bank, "people.audit.view")
    clock = ManualClock(SYSTEM_CLOCK.now() + timedelta(seconds=1))

    def read(**more: Any) -> list[str]:
        page = trail_of_customer(mona.id, institution_id=bank, by=auditor, reason="her complaint", clock=clock, **more)
        return [one.action for one in page.records]

    day = ["banking.account_blocked", "people.language_chosen", "people.customer_joined"]
    assert read() == day
    assert read() == ["people.trail_viewed", *day]
    assert read(since=now, until=clock.now()) == day[:2]
    viewed = trail_of_institution(bank, by=auditor, action="people.trail_viewed").records[0]
    assert (viewed.actor, viewed.subject, viewed.reason) == (auditor.actor, f"customer:{mona.id}", "her complaint")
    assert viewed.customer_id == mona.id


def test_turning_the_page_is_the_same_reading(bank: UUID, mona: Customer) -> None:
    auditor = an_author(bank, "people.audit.view")
    set_language(mona.id, "he")
    first = trail_of_customer(mona.id, institution_id=bank, by=auditor, reason="her complaint", limit=1)
    assert first.next is not None
    trail_of_customer(mona.id, institution_id=bank, by=auditor, reason="her complaint", limit=1, before=first.next)
    assert len(trail_of_institution(bank, by=auditor, action="people.trail_viewed").records) == 1


def test_without_right_reason_or_customer_nothing_is_read_or_written(bank: UUID, mona: Customer) -> None:
    auditor, clerk = an_author(bank, "people.audit.view"), an_author(bank, "people.customers.view")
    stranger = a_customer(an_institution("delta").id, phone="+201007654321")
    with pytest.raises(NotPermitted):
        trail_of_customer(mona.id, institution_id=bank, by=clerk, reason="curious")
    with pytest.raises(UnacceptableText):
        trail_of_customer(mona.id, institution_id=bank, by=auditor, reason="")
    with pytest.raises(UnknownCustomer):
        trail_of_customer(stranger.id, institution_id=bank, by=auditor, reason="her complaint")
    assert not trail_of_institution(bank, by=auditor, action="people.trail_viewed").records

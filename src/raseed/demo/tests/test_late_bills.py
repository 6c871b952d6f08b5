"""A newcomer sees what being late costs: one biller has a penalty, and the rest ask for nothing more than their bills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from raseed.bills import api as bills
from raseed.demo.billers import plant_billers
from raseed.demo.services import plant_world
from raseed.demo.world.billers import BILLERS
from raseed.demo.world.places import BANK
from raseed.kernel.clock import ManualClock
from raseed.people import api as people

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_a_late_bill_of_the_demo_has_a_penalty_that_is_seen_before_paying(tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    plant_world(people=60, clock=clock)
    with override_settings(HOME=tmp_path, BILLER_NETWORKS="127.0.0.0/8"):
        assert plant_billers(port=1, clock=clock) == len(BILLERS)
        assert plant_billers(port=1, clock=clock) == len(BILLERS)
    bank = people.institution_by_slug(BANK.slug)
    with_rules = {
        each.code: bills.biller_by_code(bank.id, each.code)
        for each in BILLERS
        if len(bills.penalty_rules(bills.biller_by_code(bank.id, each.code).id).rules)
    }
    assert set(with_rules) == {each.code for each in BILLERS if each.late}
    assert len(with_rules) == 1
    (of,) = with_rules.values()
    assert len(bills.penalty_rules(of.id).rules) == 1, "planted again, set once"
    late = [
        (customer, bill)
        for customer in people.customers_of(bank.id, limit=200)[0]
        for bill in bills.bills_of(customer.id)
        if bill.biller_id == of.id and bill.due_on and bill.due_on < NOON.date() - timedelta(days=5)
    ]
    assert late
    customer, bill = late[0]
    quote = bills.quote(
        biller_id=of.id, customer_id=customer.id, fields=bills.values_of(of.fields, bill.reference),
        bills=[(bill.id, bill.owed)], clock=clock,
    )  # fmt: skip
    assert [part.kind for part in quote.parts] == [bills.PartKind.BILL, bills.PartKind.PENALTY]

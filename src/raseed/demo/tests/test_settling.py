"""The demo has a settled day with differences in it, once, and says that it is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.demo.services import plant_world
from raseed.demo.settling import AMOUNTS_MINOR, CODE, plant_settled_day
from raseed.demo.world.places import BANK
from raseed.display import api as display
from raseed.kernel.clock import ManualClock
from raseed.people import api as people

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_yesterday_is_settled_paid_out_and_differs_in_three_ways() -> None:
    clock = ManualClock(NOON)
    assert not plant_settled_day(clock=clock)  # there is no world yet
    plant_world(people=30, clock=clock)
    assert plant_settled_day(clock=clock)
    assert not plant_settled_day(clock=clock)
    bank = people.institution_by_slug(BANK.slug)
    biller = bills.biller_by_code(bank.id, CODE)
    assert all("demo" in name or "הדגמה" in name or "تجريبية" in name for name in biller.names.values())
    (settled,) = bills.settlements(biller.id, by=people.SYSTEM)
    assert settled.day == banking.business_date(bank.id, NOON) - timedelta(days=1)
    assert (settled.payments, settled.others) == (len(AMOUNTS_MINOR), 0)
    assert settled.state is bills.SettlementState.PAID_OUT
    assert settled.payout_account_id is not None
    assert display.shown_balance(settled.payout_account_id).booked == settled.collected
    page = bills.breaks(bank.id, by=people.SYSTEM, clock=clock)
    assert sorted(each.kind.value for each in page.breaks) == ["amount_differs", "missing_there", "unknown_here"]
    assert {each.age_days(clock.now().date()) for each in page.breaks} == {1}

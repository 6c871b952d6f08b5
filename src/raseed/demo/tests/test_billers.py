"""The planted billers: what people owe is what the billers say, by term at the university, with habits to look at."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.test import override_settings

from raseed.bills import api as bills
from raseed.demo.api import who
from raseed.demo.biller.book import Book, terms
from raseed.demo.billers import CEILING_MINOR, SAVED_AS, plant_billers
from raseed.demo.services import plant_world
from raseed.demo.world.billers import BILLERS
from raseed.demo.world.people import SEED
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people

pytestmark = pytest.mark.usefixtures("database")


def test_a_newcomer_finds_an_autopay_a_saved_biller_and_two_terms(tmp_path: Path) -> None:
    plant_world(people=60)
    with override_settings(HOME=tmp_path, BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        assert plant_billers(port=8003) == len(BILLERS)
        assert plant_billers(port=8004) == len(BILLERS), "again changes nothing but the port"
    newcomers = [people.customer_by_phone(each.phone) for each in who()[:-1]]
    assert len(newcomers) == 6
    palms = next(each for each in BILLERS if each.term is not None)
    (last, _), (this, _) = terms(SYSTEM_CLOCK.now().date())
    for each in newcomers:
        (saved,) = bills.saved_billers(each.id)
        assert saved.nickname == SAVED_AS[each.language]
        (autopay,) = bills.autopays(each.id)
        assert autopay.ceiling.amount_minor == CEILING_MINOR
        fees = {bill.period: bill for bill in bills.bills_of(each.id) if bill.number.startswith("NAKH")}
        assert set(fees) == {last, this}
        assert fees[last].state is bills.BillState.PARTLY_PAID
        assert fees[this].state is bills.BillState.OPEN
        for term, bill in fees.items():
            (told,) = Book(SEED).bills(palms.code, palms.bills, bill.reference, SYSTEM_CLOCK.now().date()) or []
            assert (told["number"], told["period"], told["amount_minor"]) == (
                bill.number,
                term,
                bill.amount.amount_minor,
            )


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2026-09-01", ("2025-2", "2026-1")),
        ("2027-01-31", ("2025-2", "2026-1")),
        ("2027-02-08", ("2026-1", "2026-2")),
        ("2026-11-22", ("2025-2", "2026-1")),
    ],
)
def test_terms_follow_the_academic_year(today: str, expected: tuple[str, str]) -> None:
    assert tuple(code for code, _ in terms(date.fromisoformat(today))) == expected

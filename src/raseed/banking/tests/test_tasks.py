"""The worker does what is owed; where it is stopped in between, nothing is half done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking import savings, tasks
from raseed.banking.api import ProductKind
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.platform import api as platform

from .town import Town, booked, build_town


@pytest.fixture
def build() -> Callable[[], Town]:
    return town_with_rate


def town_with_rate() -> Town:
    town = build_town()
    banking.set_rate(
        product_id=town.product(ProductKind.SAVINGS).id, annual_rate_ppm=100_000, valid_from=town.clock.now().date(),
        actor="system", reason="test",
    )  # fmt: skip
    return town


def test_the_worker_runs_all_three_jobs(town: Town) -> None:
    town.clock = ManualClock(SYSTEM_CLOCK.now() - timedelta(days=70))
    owner = town.person("منى", "+201001234567")
    saved, current = town.savings(owner, money=3_650_000), town.current(owner)
    first_due_on = (town.clock.now() + timedelta(days=30)).date()
    loan = town.loan(current, 100_000, banking.LoanTerms(120_000, 2, first_due_on))
    for job in (tasks.charge_interest_of_loans, tasks.credit_interest_of_savings, tasks.let_unused_accounts_rest):
        job.defer(timestamp=0)  # type: ignore[call-arg]  # a periodic job gets the time that it is for
    platform.run_worker(wait=False, queues=["upkeep"])
    connection.close()
    assert booked(saved) > 3_650_000
    assert booked(loan.account) < -100_000
    assert banking.credit_interest() == 0
    assert banking.charge_loan_interest() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        assert cursor.fetchone() == (0,)


def test_what_is_stopped_before_its_posting_has_not_happened_and_is_done_by_the_next_run(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = town.savings(town.person("منى", "+201001234567"), money=3_650_000)
    town.clock.advance(timedelta(days=70))

    def stopped(*_: object, **__: object) -> None:
        raise banking.BooksBusy

    with monkeypatch.context() as patched:
        patched.setattr(savings, "post", stopped)
        assert banking.credit_interest(clock=town.clock) == 0
    assert banking.interest_credits(of.id) == []
    assert booked(of) == 3_650_000
    assert banking.credit_interest(clock=town.clock) == 2

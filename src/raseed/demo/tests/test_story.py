"""The story is told through the services that all use, in the order of time, and every interesting thing is there."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.demo.payroll import NAME, read_payroll
from raseed.demo.services import plant_world
from raseed.demo.story.stage import Scene
from raseed.demo.story.telling import Story
from raseed.demo.world.cast import NEW_PHONE, Cast, cast_of
from raseed.demo.world.people import SEED, people_of_block
from raseed.demo.world.places import BANK, ISSUERS, POWER
from raseed.kernel.clock import ManualClock
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
CLOCK = ManualClock(NOON)
PEOPLE = 60


def told_in(home: Path) -> Cast:
    plant_world(people=PEOPLE, home=home, clock=CLOCK)
    return cast_of(SEED, people_of_block(SEED, 0, 0, PEOPLE))


def waiting(slug: str) -> list[str]:
    found = people.changes(
        institution_id=people.institution_by_slug(slug).id, state=people.ChangeState.OPEN, clock=CLOCK
    )
    return sorted(change.kind for change in found.changes)


def kinds_of(person_id: UUID) -> dict[str, banking.BankAccount]:
    return {account.product.kind.value: account for account in banking.accounts_of(person_id)}


def test_each_of_those_who_may_sign_in_has_what_is_said_of_them(tmp_path: Path):
    cast = told_in(tmp_path)
    assert cast.saver.savings_id
    credits_ = banking.interest_credits(cast.saver.savings_id)
    assert len(credits_) >= 2
    assert all(each.amount.amount_minor > 0 for each in credits_)
    saver_account = kinds_of(cast.saver.id)["current"]
    paid = banking.loan(kinds_of(cast.borrower.id)["loan"].id, clock=CLOCK)
    assert paid.arrears.amount_minor == 0
    assert paid.schedule[1].state is banking.InstalmentState.PAID
    behind = banking.loan(kinds_of(cast.behind.id)["loan"].id, clock=CLOCK)
    assert behind.days_past_due > 0
    assert 0 < behind.arrears.amount_minor < behind.schedule[1].total.amount_minor, "half of one was paid"
    assert banking.account(cast.resting_id).state is banking.AccountState.DORMANT
    robbed = banking.account(cast.robbed.foreign[0].id)
    assert (robbed.state, robbed.block_reason) == (banking.AccountState.BLOCKED, banking.BlockReason.LOST_OR_STOLEN)
    shared = {account.id for account in banking.accounts_shared_with(cast.trusted.id)}
    assert saver_account.owner_id == cast.saver.id
    assert shared == {cast.saver.bank_id, cast.saver.savings_id}
    assert banking.may_pay(cast.rester.id, banking.account(cast.firm.account_id))


def test_staff_find_identity_numbers_consents_days_and_needs(tmp_path: Path):
    cast = told_in(tmp_path)
    bank = people.institution_by_slug(BANK.slug).id
    assert [len(people.civil_ids(one.id, by=people.SYSTEM)) for one in cast.named] == [1] * 6
    given = [people.consents(one.id, institution_id=bank, by=people.SYSTEM) for one in cast.named]
    assert {each.given for entries in given for each in entries} == {True, False}
    kinds = {day.kind for one in cast.named for day in people.critical_dates(one.id, by=people.SYSTEM, reason="a test")}
    assert kinds == {people.DateKind.PAYDAY, people.DateKind.RENT, people.DateKind.TAX}
    drivers = {
        each.driver
        for one in (*cast.named, *cast.others)
        for each in people.vulnerabilities(one.id, by=people.SYSTEM, reason="a test")
    }
    assert drivers == set(people.Driver)


def test_changes_wait_for_a_second_person_and_the_trail_tells_who_decided_the_others(tmp_path: Path):
    cast = told_in(tmp_path)
    assert waiting(BANK.slug) == ["banking.fees", "banking.limits", "people.phone", "people.role"]
    assert waiting(ISSUERS[0].slug) == ["banking.limits"]
    with pytest.raises(people.UnknownCustomer):
        people.customer_by_phone(NEW_PHONE)
    power = people.institution_by_slug(POWER.slug).id
    assert people.role_by_slug(power, "meter-office").permissions == {"people.customers.edit", "people.customers.view"}
    bank = people.institution_by_slug(BANK.slug).id
    states = Counter(change.state.value for change in people.changes(institution_id=bank, clock=CLOCK).changes)
    assert states == {"open": 4, "applied": 5, "rejected": 1}
    records = _trail(institution_id=bank)
    assert [record.at for record in records] == sorted((record.at for record in records), reverse=True)
    assert all(record.intact for record in records)
    assert any(record.actor.startswith("staff:") and record.customer_id == cast.robbed.id for record in records)


def test_the_firm_has_paid_salaries_from_files_one_of_which_was_refused_for_a_bad_iban(tmp_path: Path):
    cast = told_in(tmp_path)
    orders = payments.orders(cast.firm.id).orders
    states = Counter(order.state for order in orders)
    assert states[payments.OrderState.DONE] == len(orders) - 1 >= 2
    assert states[payments.OrderState.REFUSED] == 1
    done = next(order for order in orders if order.state is payments.OrderState.DONE)
    assert done.count == len(cast.workers)
    assert sum(block.refused for block in done.blocks) == 0
    payroll = read_payroll(tmp_path / NAME)
    assert payroll is not None
    assert [salary.amount_minor for salary in payroll.salaries] == [amount for _, amount in cast.workers]
    for salary, (person, _) in zip(payroll.salaries, cast.workers, strict=True):
        found = banking.find_by_alias(banking.AliasKind.IBAN, salary.iban)
        assert found is not None
        assert found.id == person.bank_id


def test_a_story_that_was_interrupted_goes_on_and_nothing_happens_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole, calls = Story.scenes, itertools.count(1)

    def interrupted(self: Story, day: int) -> list[Scene]:
        if next(calls) == 100:
            raise KeyboardInterrupt
        return whole(self, day)

    with monkeypatch.context() as patch:
        patch.setattr(Story, "scenes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            told_in(tmp_path)
    before = Counter((one.action, one.subject, one.at) for one in _trail())
    cast = told_in(tmp_path)
    after = Counter((one.action, one.subject, one.at) for one in _trail())
    assert sum(before.values()) > 50
    assert not before - after
    assert {key: count for key, count in after.items() if count > 1 and before[key] != count} == {}
    assert banking.loan(kinds_of(cast.borrower.id)["loan"].id, clock=CLOCK).arrears.amount_minor == 0
    again = sum(after.values())
    told_in(tmp_path)
    assert len(_trail()) == again, "what is planted is left as it is"


def _trail(institution_id: UUID | None = None) -> list[platform.AuditRecord]:
    records: list[platform.AuditRecord] = []
    marker: str | None = None
    while True:
        page = platform.audit_records(institution_id=institution_id, before=marker, limit=200)
        records += page.records
        if (marker := page.next) is None:
            return records

"""Waivers of loans' penalties: days that cost nothing, given by two people, taking back what is charged and not paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.banking import api as banking
from raseed.banking.api import Loan, NewPenaltyWaiver, PenaltyWaiver, WaiverScope, WaiverState
from raseed.banking.late.models import LoanPenaltyRow
from raseed.banking.models import LoanRow
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from .test_late_loans import INSTALMENT, PRINCIPAL, TERMS, charge, late_loan, minor, penalty_income
from .test_loans import now, pay
from .town import Town, at_once, booked, build_town

APRIL = (date(2026, 4, 1), date(2026, 4, 30))


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def wanted(
    town: Town,
    days: tuple[date, date] = APRIL,
    scope: WaiverScope = WaiverScope.EVERYONE,
    members: Sequence[UUID] = (),
    product_id: UUID | None = None,
) -> NewPenaltyWaiver:
    return NewPenaltyWaiver(
        id=new_id(), institution_id=town.bank, names={"en": "After the flood", "ar": "بعد الفيضان"}, first_day=days[0],
        last_day=days[1], product_id=product_id, scope=scope, member_ids=members,
    )  # fmt: skip


def proposed(town: Town, new: NewPenaltyWaiver) -> people.Change:
    by = town.staff("banking.waivers.propose")
    return banking.propose_penalty_waiver(new, reason="flood in the delta", by=by, clock=town.clock)


def confirmed(town: Town, new: NewPenaltyWaiver) -> None:
    change = proposed(town, new)
    people.confirm_change(change.id, by=town.staff("banking.waivers.confirm"), clock=town.clock)


def given(town: Town, new: NewPenaltyWaiver) -> PenaltyWaiver:
    return banking.give_penalty_waiver(new, reason="relief released", by=people.SYSTEM, clock=town.clock)


def due(town: Town, it: Loan) -> list[int]:
    found = now(town, it)
    return minor(found.due, found.penalties_due)


def test_a_waiver_counts_once_a_second_person_has_confirmed_it_and_takes_back_what_is_not_paid(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 8))
    assert due(town, it) == [INSTALMENT + 2_500, 2_500]
    new = wanted(town)
    change = proposed(town, new)
    assert (charge(town), due(town, it)) == (0, [INSTALMENT + 2_500, 2_500])
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=town.staff("banking.waivers.propose"), clock=town.clock)
    people.confirm_change(change.id, by=town.staff("banking.waivers.confirm"), clock=town.clock)
    assert due(town, it) == [INSTALMENT, 0], "shown at once"
    assert minor(now(town, it).owed) == [PRINCIPAL]
    assert charge(town) == 1
    assert (due(town, it), booked(it.account), penalty_income(town)) == ([INSTALMENT, 0], -PRINCIPAL, 0)
    assert charge(town) == 0
    assert list(LoanPenaltyRow.objects.order_by("number").values_list("amount_minor", flat=True)) == [2_500, -2_500]
    assert minor(now(town, it).repaid) == [0], "what was taken back was never paid"
    lines = people.describe_change(people.change(new.id), "en")
    assert [line.after for line in lines] == [
        "After the flood", "1 April 2026 – 30 April 2026", "All loans of the institution", "All customers",
    ]  # fmt: skip


def test_what_a_count_did_not_see_is_taken_back_by_the_next_one(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 8))
    confirmed(town, wanted(town))
    seen_too_early = town.clock.now() + timedelta(seconds=30)  # a count that began before the confirmation was there
    LoanRow.objects.filter(account_id=it.account.id).update(penalties_counted_at=seen_too_early)
    town.clock.advance(timedelta(hours=1))
    assert charge(town) == 1
    assert (due(town, it), booked(it.account), penalty_income(town)) == ([INSTALMENT, 0], -PRINCIPAL, 0)
    town.clock.advance(timedelta(hours=1))
    assert charge(town) == 0


def test_after_the_waiver_the_days_count_again_and_no_others(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 8))
    given(town, wanted(town))
    town.until(date(2026, 5, 5))  # two free days and three; the next instalment is due on the 3rd, after a weekend
    charge(town)
    assert minor(now(town, it).schedule[0].penalty) == [3 * 500]


def test_what_is_paid_stays_paid_and_counts_for_what_grows_later(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    pay(town, current, it, INSTALMENT + 1_000)
    given(town, wanted(town))
    charge(town)
    after = now(town, it)
    assert minor(after.due, after.schedule[0].penalty, after.schedule[0].paid_penalty) == [0, 1_000, 1_000]
    assert (minor(after.repaid), penalty_income(town)) == ([INSTALMENT + 1_000], 1_000)
    town.until(date(2026, 5, 3))
    assert due(town, it) == [INSTALMENT, 0]


@pytest.mark.parametrize("charged_between", [False, True])
def test_waived_and_then_paid_only_the_instalment_is_asked_for(town: Town, charged_between: bool) -> None:  # noqa: FBT001
    it, current = late_loan(town, until=date(2026, 4, 8))
    given(town, wanted(town, scope=WaiverScope.LOANS, members=[it.account.id]))
    if charged_between:
        charge(town)
    pay(town, current, it, INSTALMENT)
    charge(town)
    assert (due(town, it), booked(it.account), penalty_income(town)) == ([0, 0], -(PRINCIPAL - INSTALMENT), 0)


@pytest.mark.parametrize("whom", ["its owner", "the loan", "its product", "others", "another loan", "another product"])
def test_a_waiver_is_for_those_it_names_and_for_nobody_else(town: Town, whom: str) -> None:
    it, current = late_loan(town, until=date(2026, 4, 1))
    stranger = town.current(town.person("زياد", "+201001234568"))
    other = town.loan(stranger, PRINCIPAL, replace(TERMS, first_due_on=date(2026, 5, 3)))
    dear = banking.offer_product(
        institution_id=town.bank, kind=banking.ProductKind.LOAN, code="dear", names={"en": "Dear"}, clock=town.clock
    )
    customers, loans = WaiverScope.CUSTOMERS, WaiverScope.LOANS
    new = {
        "its owner": wanted(town, scope=customers, members=[current.owner_id]),
        "the loan": wanted(town, scope=loans, members=[it.account.id]),
        "its product": wanted(town, product_id=it.account.product.id),
        "others": wanted(town, scope=customers, members=[stranger.owner_id]),
        "another loan": wanted(town, scope=loans, members=[other.account.id]),
        "another product": wanted(town, product_id=dear.id),
    }[whom]
    given(town, new)
    town.until(date(2026, 4, 8))
    charge(town)
    spared = whom in ("its owner", "the loan", "its product")
    assert due(town, it) == ([INSTALMENT, 0] if spared else [INSTALMENT + 2_500, 2_500])


def test_ended_early_it_keeps_the_days_until_then(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 2))
    new = wanted(town)
    confirmed(town, new)
    by = town.staff("banking.waivers.confirm")
    with pytest.raises(people.NotPermitted):
        banking.end_penalty_waiver(
            new.id, reason="it is dry", by=town.staff("banking.waivers.propose"), clock=town.clock
        )
    ended = banking.end_penalty_waiver(new.id, reason="it is dry", by=by, clock=town.clock)
    assert (ended.covers_until, ended.end_reason) == (date(2026, 4, 2), "it is dry")
    with pytest.raises(banking.PenaltyWaiverEnded):
        banking.end_penalty_waiver(new.id, reason="again", by=by, clock=town.clock)
    with pytest.raises(banking.PenaltyWaiverUnknown):
        banking.end_penalty_waiver(new_id(), reason="which", by=by, clock=town.clock)
    town.until(date(2026, 4, 8))
    charge(town)
    assert due(town, it) == [INSTALMENT + 2_000, 2_000], "the 3rd and 4th are free, the 2nd is waived"
    assert platform.audit_trail(f"loan_waiver:{new.id}")[0].action == "banking.loan_waiver_ended"


def test_what_a_waiver_can_not_be_is_refused(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    good = wanted(town)
    wrong: list[dict[str, Any]] = [
        {"last_day": APRIL[0] - timedelta(days=1)},
        {"last_day": APRIL[0] + timedelta(days=5_000)},
        {"names": {"en": " "}},
        {"names": {"fr": "Crue"}},
        {"scope": WaiverScope.CUSTOMERS},
        {"member_ids": [current.owner_id]},
        {"scope": WaiverScope.CUSTOMERS, "member_ids": [new_id()]},
        {"scope": WaiverScope.LOANS, "member_ids": [current.id]},
        {"scope": WaiverScope.LOANS, "member_ids": [it.account.id, new_id()]},
    ]
    for change in wrong:
        with pytest.raises(banking.InvalidPenaltyWaiver):
            proposed(town, replace(good, **change))
    for product_id in (new_id(), town.product(banking.ProductKind.LOAN).id):
        with pytest.raises(banking.ProductNotOffered):
            given(town, replace(good, institution_id=town.other_bank, product_id=product_id))
    with pytest.raises(banking.InvalidTerms):
        proposed(town, replace(good, product_id=town.product(banking.ProductKind.SAVINGS).id))
    with pytest.raises(people.SecondPersonNeeded):
        banking.give_penalty_waiver(good, reason="alone", by=town.staff("banking.waivers.propose"), clock=town.clock)
    with pytest.raises(people.NotPermitted):
        banking.propose_penalty_waiver(good, reason="may not", by=town.staff(), clock=town.clock)


def test_a_repeat_is_the_same_waiver_and_the_same_id_with_other_days_is_refused(town: Town) -> None:
    new = wanted(town)
    first = given(town, new)
    assert given(town, new) == first
    with pytest.raises(platform.SameIdOtherContent):
        given(town, replace(new, last_day=date(2026, 5, 1)))
    (listed,) = banking.penalty_waivers(town.bank, by=town.staff("banking.accounts.view"))
    assert (listed, listed.state, listed.name("ar")) == (first, WaiverState.ACTIVE, "بعد الفيضان")
    with pytest.raises(people.NotPermitted):
        banking.penalty_waivers(town.bank, by=town.staff())


def test_a_waiver_a_payment_and_the_worker_at_the_same_second_lose_nothing(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    acts: list[Callable[[], object]] = [
        lambda: given(town, wanted(town)),
        lambda: pay(town, current, it, INSTALMENT + 2_500),
        lambda: banking.charge_loan_penalties(clock=town.clock),
    ]
    at_once(acts)
    town.clock.advance(timedelta(seconds=1))
    charge(town)
    after = now(town, it)
    assert minor(after.due, after.repaid) == [0, INSTALMENT + 2_500]
    paid_ahead = after.schedule[1].paid_principal.amount_minor
    assert penalty_income(town) + paid_ahead == 2_500
    assert booked(it.account) == -(PRINCIPAL - INSTALMENT - paid_ahead)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_penalty_waiver SET last_day = last_day + 1",
        "UPDATE banking_penalty_waiver SET state = 'proposed'",
        "DELETE FROM banking_penalty_waiver",
        "DELETE FROM banking_penalty_waiver_member",
    ],
)
def test_the_database_keeps_a_waiver_as_it_was_given(town: Town, statement: str) -> None:
    owner = town.person("منى", "+201001234567")
    given(town, wanted(town, scope=WaiverScope.CUSTOMERS, members=[owner.id]))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

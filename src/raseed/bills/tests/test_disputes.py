"""Disputes: a bill that a customer says is wrong is not paid, grows no penalty, and is decided once by staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from raseed.banking.tests.town import at_once
from raseed.bills import api as bills
from raseed.bills.adapters.protocol import FetchedBill
from raseed.bills.api import BillState, Dispute, DisputeState, PartKind
from raseed.bills.looking_up import keep_bills
from raseed.bills.models import BillRow
from raseed.bills.terms import disputes as disputing
from raseed.bills.terms.models import DisputeRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.payments.api import Payment, PaymentState
from raseed.people import api as people
from raseed.platform import api as platform

from .late import A_DAY, REFERENCE, Late, late, told
from .street import EGP, Street

BILL, PENALTY = PartKind.BILL, PartKind.PENALTY
WHY = "we were not there in March"


def dispute(at: Late, bill: bills.Bill) -> Dispute:
    return bills.dispute(bill_id=bill.id, customer_id=at.mona.id, reason=WHY, clock=at.street.town.clock)


def decide(at: Late, one: Dispute, outcome: DisputeState, minor: int | None = None) -> Dispute:
    return bills.decide_dispute(
        one.id, outcome=outcome, note="asked the biller", by=at.street.town.staff("bills.disputes.decide"),
        lowered_to=None if minor is None else Money(minor, EGP), clock=at.street.town.clock,
    )  # fmt: skip


def state(bill: bills.Bill) -> str:
    return BillRow.objects.get(id=bill.id).state


def tell_again(at: Late, bill: bills.Bill, minor: int = 10_000) -> None:
    fetched = FetchedBill(
        bill.number, bill.issued_on, Money(minor, EGP), Money(0, EGP), bill.part_payments, due_on=bill.due_on
    )
    keep_bills(at.biller, REFERENCE, [fetched], now=at.street.town.clock.now())


def test_a_disputed_bill_is_not_paid_until_it_is_decided(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    order = at.order(bill)
    made = dispute(at, bill)
    assert (made.state, made.reason, made.amount) == (DisputeState.OPEN, WHY, Money(10_000, EGP))
    assert state(bill) == BillState.DISPUTED
    with pytest.raises(bills.BillNotPayable):
        at.order(bill)
    refused = at.pay(order)
    assert isinstance(refused.refusal, bills.BillNotPayable)
    assert bill.id not in {each.id for each in bills.bills_of(at.mona.id)}
    assert bills.dispute_of(bill.id, at.mona.id) == made
    tell_again(at, bill)
    assert state(bill) == BillState.DISPUTED, "whatever the biller tells meanwhile"


def test_a_rejected_dispute_lets_the_bill_be_paid_and_its_days_do_not_count(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(days_late=3)
    made = dispute(at, bill)
    at.days_go_by(6)
    decided = decide(at, made, DisputeState.REJECTED)
    assert decided.note == "asked the biller"
    assert state(bill) == BillState.OPEN
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 200)], "neither its first day nor its last"
    at.days_go_by(1)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 300)]


def test_days_of_a_dispute_that_was_withdrawn_count(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(days_late=3)
    made = dispute(at, bill)
    at.days_go_by(6)
    with pytest.raises(bills.DisputeUnknown):
        bills.withdraw_dispute(made.id, customer_id=new_id(), clock=street.town.clock)
    assert bills.withdraw_dispute(made.id, customer_id=at.mona.id).state is DisputeState.WITHDRAWN
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 900)]
    assert dispute(at, bill).state is DisputeState.OPEN, "who withdrew may dispute it once more"


def test_an_upheld_dispute_cancels_the_bill_for_good(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    decide(at, dispute(at, bill), DisputeState.CANCELLED)
    assert state(bill) == BillState.CANCELLED
    tell_again(at, bill)
    assert state(bill) == BillState.CANCELLED, "although its biller tells it again"
    with pytest.raises(bills.BillNotPayable):
        at.order(bill)


def test_an_upheld_dispute_lowers_the_bill_and_it_is_never_raised_again(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    decide(at, dispute(at, bill), DisputeState.LOWERED, 6_000)
    assert told(at.quote(bill).parts) == [(BILL, 6_000)]
    tell_again(at, bill)
    assert told(at.quote(bill).parts) == [(BILL, 6_000)]
    tell_again(at, bill, 5_000)
    assert told(at.quote(bill).parts) == [(BILL, 5_000)]
    at.pay(at.order(bill))
    at.carry()
    assert state(bill) == BillState.PAID
    tell_again(at, bill, 5_000)
    assert state(bill) == BillState.PAID


def test_a_bill_is_disputed_once(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    made = dispute(at, bill)
    assert dispute(at, bill).id == made.id, "asked again while it is open: the same"
    decide(at, made, DisputeState.REJECTED)
    with pytest.raises(bills.DisputedBefore):
        dispute(at, bill)
    with pytest.raises(bills.DisputeEnded):
        decide(at, made, DisputeState.CANCELLED)
    with pytest.raises(bills.DisputeEnded):
        bills.withdraw_dispute(made.id, customer_id=at.mona.id)


def test_what_is_being_paid_or_is_paid_is_not_disputed(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    at.pay(at.order(bill, minor=4_000))
    with pytest.raises(bills.BillBeingPaid):
        dispute(at, bill)
    at.carry()
    decide(at, dispute(at, bill), DisputeState.REJECTED)
    assert state(bill) == BillState.PARTLY_PAID
    at.pay(at.order(bill))
    at.carry()
    with pytest.raises(bills.BillPaid):
        dispute(at, bill)


def test_paying_and_disputing_in_the_same_second_one_of_them_wins(street: Street) -> None:
    at = late(street)
    for _ in range(4):
        bill = at.owe()
        order = at.order(bill)
        paid, disputed = at_once([lambda o=order: at.pay(o), lambda b=bill: dispute(at, b)])  # type: ignore[misc]
        assert isinstance(paid, Payment)
        if isinstance(disputed, Dispute):
            assert paid.state is PaymentState.REFUSED
            assert state(bill) == BillState.DISPUTED
        else:
            assert isinstance(disputed, bills.BillBeingPaid)
            assert paid.state is PaymentState.HELD
            at.carry()


def test_two_of_staff_who_decide_at_once_decide_once(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    made = dispute(at, bill)
    answers = at_once([lambda o=outcome: decide(at, made, o) for outcome in (DisputeState.CANCELLED, DisputeState.REJECTED)])  # type: ignore[misc]  # fmt: skip
    assert sorted(type(each).__name__ for each in answers) == ["Dispute", "DisputeEnded"]


def test_who_may_dispute_and_who_may_decide(street: Street) -> None:
    at = late(street)
    bill = at.owe()
    ziad, _ = street.person()
    with pytest.raises(bills.BillUnknown):
        bills.dispute(bill_id=bill.id, customer_id=ziad.id, reason=WHY)
    with pytest.raises(UnacceptableText):
        bills.dispute(bill_id=bill.id, customer_id=at.mona.id, reason="  ")
    made = dispute(at, bill)
    with pytest.raises(people.NotPermitted):
        bills.decide_dispute(
            made.id, outcome=DisputeState.REJECTED, note="no reason", by=street.town.staff("bills.view")
        )
    with pytest.raises(UnacceptableText):
        bills.decide_dispute(made.id, outcome=DisputeState.REJECTED, note="", by=people.SYSTEM)
    with pytest.raises(people.NotPermitted):
        bills.disputes(street.town.bank, by=street.town.staff("bills.disputes.decide"))
    with pytest.raises(bills.DisputeUnknown):
        bills.decide_dispute(new_id(), outcome=DisputeState.REJECTED, note="asked them", by=people.SYSTEM)


@pytest.mark.parametrize("minor", [None, 0, -5, 3_999, 10_000, 10_001])
def test_a_bill_is_lowered_to_less_and_not_below_what_is_paid(street: Street, minor: int | None) -> None:
    at = late(street)
    bill = at.owe()
    at.pay(at.order(bill, minor=4_000))
    at.carry()
    made = dispute(at, bill)
    with pytest.raises(bills.InvalidLoweredAmount):
        decide(at, made, DisputeState.LOWERED, minor)
    assert state(bill) == BillState.DISPUTED


def test_a_bill_is_lowered_in_its_own_currency_and_only_when_it_is_lowered(street: Street) -> None:
    at = late(street)
    made = dispute(at, at.owe())
    by = street.town.staff("bills.disputes.decide")
    with pytest.raises(CurrencyMismatch):
        bills.decide_dispute(
            made.id, outcome=DisputeState.LOWERED, note="a slip", by=by, lowered_to=Money(5, currency("USD"))
        )
    with pytest.raises(bills.InvalidLoweredAmount):
        decide(at, made, DisputeState.REJECTED, 500)


def test_nobody_keeps_more_open_than_anybody_looks_at(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    at = late(street)
    monkeypatch.setattr(disputing, "OPEN_MAX", 2)
    first = dispute(at, at.owe())
    dispute(at, at.owe())
    third = at.owe()
    with pytest.raises(bills.TooManyDisputes):
        dispute(at, third)
    decide(at, first, DisputeState.REJECTED)
    dispute(at, third)


def test_the_queue_has_the_oldest_first_and_the_list_goes_on_by_pages(street: Street) -> None:
    at = late(street)
    made = []
    for _ in range(3):
        made.append(dispute(at, at.owe()))
        street.town.clock.advance(timedelta(minutes=1))
    decide(at, made[1], DisputeState.REJECTED)
    waiting = bills.disputes(street.town.bank, by=people.SYSTEM)
    assert [each.id for each in waiting.disputes] == [made[0].id, made[2].id]
    page = bills.disputes(street.town.bank, by=people.SYSTEM, only_open=False, limit=2)
    rest = bills.disputes(street.town.bank, by=people.SYSTEM, only_open=False, limit=2, before=page.next)
    assert [each.id for each in (*page.disputes, *rest.disputes)] == [each.id for each in reversed(made)]
    assert rest.next is None
    of_biller = bills.disputes_at(at.biller.id, only_open=False)
    assert [each.id for each in of_biller.disputes] == [each.id for each in reversed(made)]
    assert bills.disputes_at(street.biller("other", adapter=bills.AdapterKind.FILE).id).disputes == ()


def test_what_was_said_stays_out_of_the_trail_and_can_not_be_changed(street: Street) -> None:
    at = late(street)
    made = dispute(at, at.owe())
    decide(at, made, DisputeState.REJECTED)
    records = platform.audit_trail(f"dispute:{made.id}", limit=5)
    assert [each.action for each in records] == ["bills.dispute_decided", "bills.dispute_opened"]
    assert WHY not in str(records)
    for changed in ({"state": "cancelled"}, {"reason": "another"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DisputeRow.objects.update(**changed)
    with pytest.raises(IntegrityError), transaction.atomic():
        DisputeRow.objects.all().delete()

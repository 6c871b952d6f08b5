"""Where parts of paying bills meet: refunds and penalties, autopays and terms, orders and expiry in a biller's file."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from raseed.banking.tests.town import booked
from raseed.bills import api as bills
from raseed.bills import ordering
from raseed.bills.api import Part, PartKind
from raseed.bills.errors import BillOrderDiffers, BillUnknown
from raseed.bills.habits import paying
from raseed.bills.habits.models import AutopayRunRow, NoticeRow
from raseed.bills.models import BillOrderRow, BillRow
from raseed.bills.refunds.domain import penalties_back
from raseed.bills.refunds.models import RefundRow
from raseed.bills.sql import run
from raseed.bills.terms.outdated import expire_orders
from raseed.kernel.errors import TemporarilyUnavailable
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people

from .counter import money
from .habit import Household
from .late import A_DAY, REFERENCE, Late, late, told
from .settling import DAY, Told, direct, found, next_day, order, pay, reconcile
from .street import EGP, Street

BILL, PENALTY = PartKind.BILL, PartKind.PENALTY


def paid(at: Late, bill: bills.Bill) -> bills.BillOrder:
    made = at.order(bill)
    at.pay(made)
    at.carry()
    assert bills.bill_order(made.id, at.mona.id).state is bills.OrderState.PAID
    return made


def give(at: Late, of: bills.BillOrder, minor: int, *, reopens: bool = True) -> None:
    bills.refund(
        id=new_id(), order_id=of.id, amount=money(minor), reason="paid by mistake", by=people.SYSTEM, reopens=reopens,
        clock=at.street.town.clock,
    )  # fmt: skip
    at.street.town.clock.advance(timedelta(seconds=1))


def test_a_penalty_that_was_refunded_with_its_bill_is_asked_for_again(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(days_late=10)
    made = paid(at, bill)
    assert told(made.parts) == [(BILL, 10_000), (PENALTY, 1_000)]
    give(at, made, 10_400)
    assert told(at.quote(bill).parts) == [(BILL, 10_000)], "a part of it is not asked for again"
    give(at, made, 600)
    at.days_go_by(2)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 1_200)], "of all its days"
    again = paid(at, bill)
    assert booked(at.account) == 1_000_000 - again.amount.amount_minor


def test_a_penalty_of_a_bill_that_counts_as_paid_is_not_asked_for_again(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(days_late=10)
    made = paid(at, bill)
    give(at, made, 1_000, reopens=False)
    give(at, made, 9_000)
    give(at, made, 1_000, reopens=False)
    assert told(at.quote(bill, minor=9_000).parts) == [(BILL, 9_000)]


def test_penalties_go_back_whole_and_the_last_first() -> None:
    first, second = new_id(), new_id()
    parts = (
        Part(BILL, money(100), first), Part(BILL, money(50), second), Part(PENALTY, money(10), first),
        Part(PENALTY, money(9), second), Part(PartKind.WAIVER, money(4), second, new_id()),
    )  # fmt: skip
    assert penalties_back(parts, [(150, True)]) == set()
    assert penalties_back(parts, [(150, True), (4, True)]) == set()
    assert penalties_back(parts, [(150, True), (4, True), (1, True)]) == {second}
    assert penalties_back(parts, [(160, True)]) == {second}
    assert penalties_back(parts, [(165, True)]) == {first, second}
    assert penalties_back(parts, [(150, True), (15, False)]) == set()
    assert penalties_back(parts, [(100, False), (65, True)]) == {first, second}


def test_the_database_refuses_to_refund_what_is_kept_as_credit(street: Street) -> None:
    at = late(street)
    at.credit()
    bill = at.owe(days_late=0)
    made = at.order(bill, minor=10_500)
    at.pay(made)
    at.carry()
    for minor, refused in ((10_001, True), (10_000, False)):
        row = RefundRow(
            id=new_id(), order_id=made.id, biller_id=at.biller.id, amount_minor=minor, actor="system", reason="x",
            reopens=True, at=street.town.clock.now(), booked_on=street.town.clock.now().date(),
        )  # fmt: skip
        if refused:
            with pytest.raises(IntegrityError), transaction.atomic():
                row.save(force_insert=True)
        else:
            row.save(force_insert=True)


def test_an_autopay_whose_order_is_of_yesterday_makes_another_and_has_not_failed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = Household(street)
    bill = house.bill(5_000, due_in=0)
    house.give()

    def busy(**_: Any) -> payments.Payment:
        raise TemporarilyUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(paying, "pay", busy)
        house.run()
    assert BillOrderRow.objects.filter(state="open").count() == 1
    house.clock.advance(timedelta(days=1))
    house.run()
    house.clock.advance(timedelta(minutes=6))
    house.run()
    assert house.outcomes(bill) == ["changed", "sent", "paid"]
    assert house.notices() == ["paid"]


def autopaid(at: Late, ceiling: int = 20_000) -> bills.Autopay:
    return bills.give_autopay(
        id=new_id(), customer_id=at.mona.id, biller_id=at.biller.id, fields={"account": REFERENCE},
        from_account_id=at.account.id, ceiling=Money(ceiling, EGP), clock=at.street.town.clock,
    )  # fmt: skip


def test_an_autopay_whose_credit_somebody_else_used_meanwhile_has_not_failed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = late(street)
    at.credit()
    over = at.order(at.owe(days_late=0), minor=10_500)
    at.pay(over)
    at.carry()
    due, later = at.owe(days_late=0), at.owe(days_late=-20)
    given, times, original = autopaid(at), count(), ordering.order

    def overtaken(**wanted: Any) -> bills.BillOrder:
        made = original(**wanted)
        if next(times) == 0:
            assert at.pay(at.order(later)).state is payments.PaymentState.HELD
        return made

    monkeypatch.setattr(paying, "order", overtaken)
    bills.run_autopays(clock=street.town.clock)
    street.town.clock.advance(timedelta(hours=1, minutes=1))
    bills.run_autopays(clock=street.town.clock)
    runs = AutopayRunRow.objects.filter(autopay_id=given.id, bill_id=due.id).order_by("number")
    assert list(runs.values_list("outcome", "code")) == [("changed", "bill_credit_used"), ("sent", "")]
    assert not NoticeRow.objects.exists()


def test_a_bill_above_the_ceiling_is_told_of_once_though_its_penalty_grows_every_day(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(20_001, days_late=0)
    given = autopaid(at, 20_000)
    for _ in range(4):
        bills.run_autopays(clock=street.town.clock)
        at.days_go_by(1)
    runs = AutopayRunRow.objects.filter(autopay_id=given.id, bill_id=bill.id)
    assert list(runs.values_list("outcome", flat=True)) == ["over_ceiling"]


def test_who_is_refused_beside_others_with_the_same_id_keeps_it_from_nobody(street: Street) -> None:
    at = late(street)
    samir, _ = street.person()
    bill, id_ = at.owe(days_late=0), new_id()

    def asked(whose: people.Customer, bill_id: Any) -> Any:
        return ordering._Asked(id_, whose.id, at.biller.id, {"account": REFERENCE}, ((bill_id, bill.amount),), None)

    refused, made, another = ordering._make(
        [asked(samir, new_id()), asked(at.mona, bill.id), asked(samir, bill.id)], street.town.clock
    )
    assert isinstance(refused, BillUnknown)
    assert isinstance(made, bills.BillOrder)
    assert made.customer_id == at.mona.id
    assert isinstance(another, BillOrderDiffers)


def test_a_bill_that_is_being_paid_is_ordered_without_waiting(street: Street) -> None:
    at = late(street)
    bill, done = at.owe(days_late=0), threading.Event()

    def make() -> None:
        try:
            at.order(bill)
            done.set()
        finally:
            connection.close()

    maker = threading.Thread(target=make)
    with transaction.atomic():
        run("lock_bills", {"ids": [bill.id]})
        maker.start()
        assert done.wait(10), "orders refer to bills, and hold up nobody who pays them"
    maker.join(10)
    assert BillRow.objects.get(id=bill.id).held_minor == 0


def test_a_payment_whose_order_has_expired_is_unknown_here(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    never_sent = order(street, of, account, 700)
    pay(street, of, account, [900])
    next_day(street)
    next_day(street)
    day = next_day(street)
    assert expire_orders(clock=street.town.clock) == 1
    reconcile(street, of, [Told(never_sent.id, "town-1", 700)], day)
    assert ("unknown_here", day, str(never_sent.id)) in found(street)
    assert "other_day" not in {kind for kind, _, _ in found(street)}


def test_a_bill_whose_number_begins_another_is_not_taken_for_it(street: Street) -> None:
    at = late(street)
    made = paid(at, at.owe(days_late=0))
    assert at.numbers == 1
    next_day(street)
    for number, differs in (("B-12", True), ("B-12 B-1", False), ("B-12;B-1", False)):
        reconcile(street, at.biller, [Told(made.id, "late-1", 10_000, bills=number)], DAY)
        assert bool(found(street)) is differs, number

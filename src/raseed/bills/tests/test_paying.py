"""Bills paid through payments, the courier and the biller over HTTP: held, settled or returned, and told to the payer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once, booked
from raseed.bills import api as bills
from raseed.bills.models import BillRow
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.api import Payment, PaymentState
from raseed.payments.outside.courier import carry_due

from .street import EGP, Street


def pay(street: Street, order: bills.BillOrder, account: banking.BankAccount) -> Payment:
    return bills.pay(
        order_id=order.id, customer_id=order.customer_id, from_account_id=account.id, clock=street.town.clock
    )


def state(order: bills.BillOrder) -> PaymentState:
    return payments.payment(order.id, order.customer_id).state


def carry(street: Street, *, after: timedelta = timedelta(seconds=1)) -> None:
    street.town.clock.advance(after)
    carry_due(clock=street.town.clock)


def test_a_bill_is_held_asked_for_and_settled(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person(money=90_000)
    bill = street.fetch(nur, mona)[0]
    minor = bill.amount.amount_minor
    order = street.order(nur, mona, bill)
    held = pay(street, order, account)
    assert held.state is PaymentState.HELD
    assert display.shown_balance(account.id).available.amount_minor == 90_000 - minor
    carry(street)
    assert state(order) is PaymentState.SETTLED
    assert booked(account) == 90_000 - minor
    assert booked(banking.account(nur.collection_account_id)) == minor
    assert BillRow.objects.get(id=bill.id).state == "paid"
    (line,) = banking.statement(account.id, language="en").lines[:1]
    assert line.counterparty == "The nur"
    assert pay(street, order, account).state is PaymentState.SETTLED
    assert street.server.book.payments[str(order.id)].taken == 1


def test_a_refusal_of_the_biller_gives_the_money_and_the_bill_back(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person(money=90_000)
    bill = street.fetch(nur, mona)[0]
    street.server.turn("refuse", question="pay")
    order = street.order(nur, mona, bill)
    pay(street, order, account)
    carry(street)
    ended = payments.payment(order.id, mona.id)
    assert ended.state is PaymentState.RETURNED
    assert isinstance(ended.refusal, bills.RefusedByBiller)
    assert display.shown_balance(account.id).available.amount_minor == booked(account) == 90_000
    assert BillRow.objects.get(id=bill.id).held_minor == 0
    assert bills.bill_order(order.id, mona.id).state is bills.OrderState.RETURNED


def test_a_payment_that_is_refused_holds_no_bill(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person(money=10)
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill)
    refused = pay(street, order, account)
    assert (refused.state, type(refused.refusal)) == (PaymentState.REFUSED, payments.NotEnoughMoney)
    assert BillRow.objects.get(id=bill.id).held_minor == 0
    ziad, ziads = street.person(money=90_000)
    street.fetch(nur, ziad)
    assert pay(street, street.order(nur, ziad, bill), ziads).state is PaymentState.HELD


def test_two_phones_the_same_second_pay_a_bill_once(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person(money=90_000)
    ziad, ziads = street.person(money=90_000)
    bill = street.fetch(nur, mona)[0]
    orders = [(street.order(nur, who, bill), of) for who, of in ((mona, account), (ziad, ziads), (mona, account))]
    answers = at_once([lambda o=order, a=of: pay(street, o, a) for order, of in orders])  # type: ignore[misc]
    states = [answer.state for answer in answers if isinstance(answer, Payment)]
    assert sorted(states) == [PaymentState.HELD, PaymentState.REFUSED, PaymentState.REFUSED]
    carry(street)
    assert booked(banking.account(nur.collection_account_id)) == bill.amount.amount_minor
    assert sum(each.taken for each in street.server.book.payments.values()) == 1


@pytest.mark.parametrize("manner", ["unknown", "dead", "reply_lost", "changed_amount", "other_bill", "wrong_scale"])
def test_what_is_not_clear_stays_held_until_the_biller_says_yes(street: Street, manner: str) -> None:
    nur = street.biller()
    mona, account = street.person(money=90_000)
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill)
    street.server.turn(manner)
    pay(street, order, account)
    carry(street)
    assert state(order) is PaymentState.UNKNOWN
    assert booked(account) == 90_000
    carry(street, after=timedelta(seconds=10))
    assert state(order) is PaymentState.UNKNOWN
    street.server.turn("well")
    carry(street, after=timedelta(minutes=30))
    assert state(order) is PaymentState.SETTLED
    assert booked(account) == 90_000 - bill.amount.amount_minor
    assert street.server.book.payments[str(order.id)].taken == 1


def test_an_order_of_another_bank_or_of_nobody_is_refused(street: Street) -> None:
    mona, account = street.person(money=90_000)
    nobodys = new_id()
    stranger = payments.send(
        id=nobodys, actor_customer_id=mona.id, from_account_id=account.id, to=bills.alias_of(nobodys),
        amount=Money(500, EGP), clock=street.town.clock,
    )  # fmt: skip
    assert isinstance(stranger.refusal, bills.BillOrderUnknown)


def test_what_is_taken_back_while_it_leaves_is_either_back_or_paid_and_never_both(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person(money=900_000)
    bill = street.fetch(nur, mona)[0]
    sums = range(100, 116)
    orders = [street.order(nur, mona, bill, minor) for minor in sums]
    for order in orders:
        assert pay(street, order, account).state is PaymentState.HELD

    def taken_back(order: bills.BillOrder) -> Payment:
        return payments.withdraw_payment(payment_id=order.id, actor_customer_id=mona.id, clock=street.town.clock)

    def carried() -> int:
        return carry_due(clock=street.town.clock)

    answers = at_once([carried, *[lambda o=order: taken_back(o) for order in orders]])
    carry(street, after=timedelta(minutes=30))
    back = {each.id for each in answers[1:] if isinstance(each, Payment)}
    late = [each for each in answers[1:] if isinstance(each, payments.OnItsWay)]
    assert len(back) + len(late) == len(orders)
    for order in orders:
        taken = street.server.book.payments[str(order.id)].taken if str(order.id) in street.server.book.payments else 0
        expected = (PaymentState.RETURNED, 0) if order.id in back else (PaymentState.SETTLED, 1)
        assert (state(order), taken) == expected
    paid = sum(order.amount.amount_minor for order in orders if order.id not in back)
    assert booked(account) == 900_000 - paid
    row = BillRow.objects.get(id=bill.id)
    assert (row.paid_minor, row.held_minor) == (paid, 0)

"""Credit: what is paid over a bill, kept where the biller's terms say so, used on the next order and never twice."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from raseed.banking.tests.town import at_once, booked
from raseed.bills import api as bills
from raseed.bills.api import PartKind
from raseed.bills.terms.models import CreditRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments.api import Payment, PaymentState
from raseed.people import api as people

from .late import REFERENCE, TODAY, TWO_PERCENT, Late, late, told
from .street import EGP, Street

BILL, CREDIT, USED = PartKind.BILL, PartKind.CREDIT, PartKind.CREDIT_USED


def left(at: Late) -> int:
    return bills.credit(at.biller.id, REFERENCE).amount_minor


def with_credit(street: Street, minor: int = 3_000) -> Late:
    at = late(street)
    at.credit()
    at.pay(at.order(at.owe(1_000), minor=1_000 + minor))
    at.carry()
    assert left(at) == minor
    return at


def test_more_than_is_owed_is_refused_where_no_credit_is_kept(street: Street) -> None:
    at = late(street)
    with pytest.raises(bills.MoreThanBill):
        at.order(at.owe(1_000), minor=1_001)


def test_what_is_paid_over_a_bill_is_kept_once_it_is_paid(street: Street) -> None:
    at = late(street)
    at.credit()
    bill = at.owe(1_000)
    order = at.order(bill, minor=1_500)
    assert told(order.parts) == [(BILL, 1_000), (CREDIT, 500)]
    assert order.amount == Money(1_500, EGP)
    at.pay(order)
    assert left(at) == 0, "nothing is kept that may come back"
    at.carry()
    assert left(at) == 500
    assert booked(at.account) == 1_000_000 - 1_500


def test_what_comes_back_was_never_kept(street: Street) -> None:
    at = late(street)
    at.credit()
    order = at.order(at.owe(1_000), minor=1_500)
    at.pay(order)
    street.give_back(order, at.account)
    assert left(at) == 0
    assert not CreditRow.objects.exists()


def test_credit_is_used_on_the_next_order_whoever_pays_it(street: Street) -> None:
    at = with_credit(street)
    ziad, account = street.person()
    order = at.order(at.owe(10_000, whose=ziad), by=ziad)
    assert told(order.parts) == [(BILL, 10_000), (USED, 3_000)]
    at.pay(order, account)
    assert left(at) == 0, "what is about to be used can't be used again"
    at.carry()
    assert (left(at), booked(account)) == (0, 1_000_000 - 7_000)
    row = CreditRow.objects.get()
    assert (row.kept_minor, row.used_minor, row.held_minor) == (3_000, 3_000, 0)


def test_credit_lowers_penalties_too_and_leaves_the_least_that_can_be_paid(street: Street) -> None:
    at = with_credit(street)
    at.rule(TWO_PERCENT)
    assert told(at.quote(at.owe(2_000)).parts) == [(BILL, 2_000), (PartKind.PENALTY, 40), (USED, 2_039)]
    assert at.quote(at.owe(2_000)).amount == Money(1, EGP)
    assert told(at.quote(at.owe(1), minor=1).parts) == [(BILL, 1)]


def test_an_order_that_adds_credit_uses_none(street: Street) -> None:
    at = with_credit(street)
    assert told(at.quote(at.owe(1_000, days_late=0), minor=1_200).parts) == [(BILL, 1_000), (CREDIT, 200)]


def test_credit_of_an_order_that_came_back_can_be_used_again(street: Street) -> None:
    at = with_credit(street)
    order = at.order(at.owe(10_000))
    at.pay(order)
    assert left(at) == 0
    street.give_back(order, at.account)
    assert left(at) == 3_000


def test_two_phones_use_the_same_credit_once(street: Street) -> None:
    at = with_credit(street)
    ziad, account = street.person()
    pairs = [(at.mona, at.account), (ziad, account)] * 3
    orders = [(at.order(at.owe(10_000, whose=who), by=who), of) for who, of in pairs]
    answers = at_once([lambda o=order, a=of: at.pay(o, a) for order, of in orders])  # type: ignore[misc]
    made = [each for each in answers if isinstance(each, Payment)]
    assert [each.state for each in made].count(PaymentState.HELD) == 1
    refusals = {type(each.refusal) for each in made if each.state is PaymentState.REFUSED}
    assert refusals == {bills.CreditUsed}
    at.carry()
    row = CreditRow.objects.get()
    assert (row.kept_minor, row.used_minor, row.held_minor) == (3_000, 3_000, 0)


def test_two_orders_in_one_batch_use_the_same_credit_once(street: Street) -> None:
    at = with_credit(street)
    first, second = at.order(at.owe(10_000)), at.order(at.owe(10_000))
    with transaction.atomic():
        refused = street.route.reserve([street.payment(each, at.account) for each in (first, second)])
    assert {id_: type(why) for id_, why in refused.items()} == {second.id: bills.CreditUsed}


def test_a_payment_that_is_refused_later_holds_no_credit(street: Street) -> None:
    at = with_credit(street)
    poor, account = street.person(money=10)
    refused = at.pay(at.order(at.owe(10_000, whose=poor), by=poor), account)
    assert refused.state is PaymentState.REFUSED
    assert left(at) == 3_000


def test_many_who_pay_over_their_bills_at_once_are_all_kept(street: Street) -> None:
    at = late(street)
    at.credit()
    orders = [at.order(at.owe(1_000), minor=1_000 + more) for more in range(1, 9)]
    at_once([lambda o=order: at.pay(o) for order in orders])  # type: ignore[misc]
    at.carry()
    assert left(at) == sum(range(1, 9))


def test_whether_credit_is_kept_is_changed_by_two_people(street: Street) -> None:
    at = late(street)
    change = bills.propose_credit_terms(
        id=new_id(), biller_id=at.biller.id, keeps=True, valid_from=TODAY, reason="they agreed",
        by=street.town.staff("bills.terms.propose"), clock=street.town.clock,
    )  # fmt: skip
    assert not bills.keeps_credit(at.biller.id, TODAY)
    people.confirm_change(change.id, by=street.town.staff("bills.terms.confirm"), clock=street.town.clock)
    assert bills.keeps_credit(at.biller.id, TODAY)
    (line, *_) = people.describe_change(people.change(change.id), "en")
    assert (line.before, line.after) == ("no", "yes")


def test_the_database_refuses_more_use_than_there_is_and_forgets_nothing(street: Street) -> None:
    with_credit(street)
    for changed in ({"used_minor": 3_001}, {"held_minor": 3_001}, {"held_minor": -1}, {"kept_minor": 2_999}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CreditRow.objects.update(**changed)
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditRow.objects.all().delete()

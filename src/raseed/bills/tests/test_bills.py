"""Bills fetched, quoted, ordered, reserved, paid and given back: paid once, whoever pays, however often, from wherever."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from raseed.banking.tests.town import at_once
from raseed.bills import api as bills
from raseed.bills.adapters.protocol import FetchedBill
from raseed.bills.api import BillState
from raseed.bills.errors import (
    BillBeingPaid,
    BillerNotAnswering,
    BillerSuspended,
    BillOrderDiffers,
    BillOrderUnknown,
    BillPaid,
    BillUnknown,
    ExactAmountNeeded,
    LessThanMinimum,
    MoreThanBill,
    NotTheBillersCustomer,
    TooManyLookUps,
    WrongBills,
)
from raseed.bills.looking_up import keep_bills
from raseed.bills.models import BillOrderRow, BillRow, PartRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.payments.api import No, NotSeen, Unknown, Yes
from raseed.people import api as people

from .street import EGP, Street

LYING = {
    "rubbish": "not_signed",
    "rubbish_signed": "unreadable",
    "unsigned": "not_signed",
    "wrong_key": "wrong_signature",
    "stale": "stale",
    "redirect": "redirected",
    "too_large": "too_large",
    "twice": "answered_twice",
    "other_biller": "other_biller",
    "other_payment": "other_payment",
    "other_account": "other_account",
    "other_bill": "other_bill",
    "changed_amount": "amount_changed",
    "wrong_currency": "wrong_currency",
    "wrong_scale": "wrong_currency",
}


def row(bill: bills.Bill) -> BillRow:
    return BillRow.objects.get(id=bill.id)


def test_bills_are_fetched_over_http_and_are_the_customers_from_then_on(street: Street) -> None:
    nur = street.biller()
    mona, _ = street.person()
    ziad, _ = street.person()
    found = street.fetch(nur, mona, " ١٢٣٤-٥٦٧٨ ")
    assert found
    assert {each.reference for each in found} == {"12345678"}
    assert [each.id for each in bills.bills_of(mona.id)] == [each.id for each in found]
    assert bills.bill(found[0].id, mona.id) == found[0]
    assert bills.bills_of(ziad.id) == []
    with pytest.raises(BillUnknown):
        bills.bill(found[0].id, ziad.id)
    assert {each.id for each in street.fetch(nur, mona)} == {each.id for each in found}


def test_a_number_that_nobody_has_is_said(street: Street) -> None:
    mona, _ = street.person()
    with pytest.raises(NotTheBillersCustomer):
        street.fetch(street.biller(), mona, "12345000")
    assert bills.bills_of(mona.id) == []


def test_somebody_who_asks_for_one_number_after_another_is_stopped(street: Street) -> None:
    nur = street.biller()
    mona, _ = street.person()
    for n in range(30):
        street.fetch(nur, mona, f"{n:08d}1")
    with pytest.raises(TooManyLookUps):
        street.fetch(nur, mona, "99999991")
    street.fetch(nur, mona, "000000011")
    street.town.clock.advance(timedelta(hours=2))
    street.fetch(nur, mona, "99999991")


@pytest.mark.parametrize("model", [bills.BillerModel.FETCH, bills.BillerModel.VALIDATE])
def test_somebody_who_guesses_numbers_is_stopped_also_where_nobody_has_them(
    street: Street, model: bills.BillerModel
) -> None:
    of = street.biller(model=model)
    mona, _ = street.person()

    def ask(number: str) -> None:
        if model is bills.BillerModel.FETCH:
            street.fetch(of, mona, number)
        else:
            bills.quote(
                biller_id=of.id, customer_id=mona.id, fields={"account": number}, amount=Money(1_500, EGP),
                clock=street.town.clock,
            )  # fmt: skip

    for n in range(30):
        with pytest.raises(NotTheBillersCustomer):
            ask(f"{n:05d}000")
    with pytest.raises(NotTheBillersCustomer):
        ask("00000000")  # not a new one
    with pytest.raises(TooManyLookUps):
        ask("12345678")
    assert bills.bills_of(mona.id) == []


def test_bills_that_are_told_again_are_locked_in_the_order_in_which_they_are_paid(street: Street) -> None:
    nur = street.biller()
    told = [
        FetchedBill(number, date(2026, 1, 1), Money(1_000, EGP), Money(0, EGP), bills.PartPayments.EXACT)
        for number in ("B-2", "B-1")
    ]
    keep_bills(nur, "12345678", told, now=street.town.clock.now())
    first, second = BillRow.objects.filter(biller_id=nur.id).order_by("id")
    assert (first.number, second.number) == ("B-2", "B-1"), "their ids are in another order than their numbers"

    def tell_again() -> None:
        keep_bills(nur, "12345678", told, now=street.town.clock.now())
        connection.close()

    teller = threading.Thread(target=tell_again)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM bills_bill WHERE id = %s FOR UPDATE", [first.id])
        teller.start()
        waiting = 0
        while not waiting:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            ((waiting,),) = cursor.fetchall()
        cursor.execute("SELECT FROM bills_bill WHERE id = %s FOR UPDATE NOWAIT", [second.id])
    teller.join(10)
    assert not teller.is_alive()


def test_a_bill_is_paid_once_and_its_proof_is_kept(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill)
    assert street.reserve(order, account) == {}
    assert (row(bill).held_minor, row(bill).paid_minor) == (bill.amount.amount_minor, 0)
    yes = street.ask(order)
    assert isinstance(yes, Yes)
    street.settle(order, account, yes)
    kept = row(bill)
    assert (kept.held_minor, kept.paid_minor, kept.state) == (0, bill.amount.amount_minor, BillState.PAID)
    done = bills.bill_order(order.id, mona.id)
    assert (done.state, done.biller_reference) == (bills.OrderState.PAID, yes.reference)
    proof = BillOrderRow.objects.get(id=order.id).proof
    assert proof is not None
    assert proof["key"] == "nur-1"
    assert bill.id not in {each.id for each in street.fetch(nur, mona)}
    with pytest.raises(BillPaid):
        street.order(nur, mona, bill, 100)


def test_two_phones_two_channels_the_same_second_pay_once(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    ziad, ziads = street.person()
    bill = street.fetch(nur, mona)[0]
    pairs = [(mona, account)] * 4 + [(ziad, ziads)] * 4
    orders = [(street.order(nur, who, bill), of) for who, of in pairs]
    answers = at_once([lambda o=order, a=of: street.reserve(o, a) for order, of in orders])  # type: ignore[misc]
    won = [place for place, answer in enumerate(answers) if answer == {}]
    assert len(won) == 1
    for place, answer in enumerate(answers):
        if place not in won:
            assert isinstance(answer, dict)
            assert isinstance(answer[orders[place][0].id], BillBeingPaid)
    assert row(bill).held_minor == bill.amount.amount_minor
    assert PartRow.objects.filter(is_held=True).count() == 1


def test_two_payments_of_one_bill_in_one_batch_pay_once(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    first, second = street.order(nur, mona, bill), street.order(nur, mona, bill)
    with transaction.atomic():
        refused = street.route.reserve([street.payment(first, account), street.payment(second, account)])
    assert {id_: type(why) for id_, why in refused.items()} == {second.id: BillBeingPaid}
    assert row(bill).held_minor == bill.amount.amount_minor


def test_what_is_given_back_can_be_paid_again(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill)
    street.reserve(order, account)
    street.server.turn("refuse", question="pay")
    said = street.ask(order)
    assert said == No("refused_by_biller", {"reason": "not_accepted"})
    street.give_back(order, account)
    assert (row(bill).held_minor, row(bill).state) == (0, BillState.OPEN)
    again = street.order(nur, mona, bill)
    assert street.reserve(again, account) == {}
    with pytest.raises(IntegrityError), transaction.atomic():
        BillOrderRow.objects.filter(id=order.id).update(state="paid")


def test_part_payments_add_up_and_never_pass_what_is_owed(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    whole = bill.amount.amount_minor
    with pytest.raises(MoreThanBill):
        street.order(nur, mona, bill, whole + 1)
    first, same, second = (
        street.order(nur, mona, bill, 500),
        street.order(nur, mona, bill, 500),
        street.order(nur, mona, bill, whole - 500),
    )
    assert street.reserve(first, account) == {}
    assert isinstance(street.reserve(same, account)[same.id], BillBeingPaid)
    assert street.reserve(second, account) == {}
    for order in (first, second):
        street.settle(order, account, street.ask(order))
    assert (row(bill).paid_minor, row(bill).held_minor, row(bill).state) == (whole, 0, BillState.PAID)


def test_exact_and_least_amounts_are_held_to(street: Street) -> None:
    exact, least = street.biller("exact"), street.biller("least", part_payments="minimum")
    mona, _ = street.person()
    bill = street.fetch(exact, mona)[0]
    for minor in (bill.amount.amount_minor - 1, bill.amount.amount_minor + 1):
        with pytest.raises(ExactAmountNeeded):
            street.order(exact, mona, bill, minor)
    other = street.fetch(least, mona)[0]
    assert other.minimum is not None
    with pytest.raises(LessThanMinimum):
        street.order(least, mona, other, other.minimum.amount_minor - 1)
    assert street.order(least, mona, other, other.minimum.amount_minor).amount == other.minimum


def test_several_bills_of_one_biller_go_in_one_order_and_never_those_of_others(street: Street) -> None:
    nur, bahr = street.biller("nur"), street.biller("bahr")
    mona, account = street.person()
    found, others = street.fetch(nur, mona), street.fetch(bahr, mona)
    wanted = [(each.id, each.owed) for each in found]
    quote = bills.quote(
        biller_id=nur.id, customer_id=mona.id, fields={"account": "12345678"}, bills=wanted, from_account_id=account.id,
        clock=street.town.clock,
    )  # fmt: skip
    assert quote.amount.amount_minor == quote.total.amount_minor == sum(each.owed.amount_minor for each in found)
    order = bills.order(
        id=new_id(),
        customer_id=mona.id,
        biller_id=nur.id,
        fields={"account": "12345678"},
        bills=wanted,
        clock=street.town.clock,
    )
    street.reserve(order, account)
    street.settle(order, account, street.ask(order))
    assert {row(each).state for each in found} == {BillState.PAID}
    for wrong in ([*wanted, wanted[0]], [], [(others[0].id, others[0].owed)], [(new_id(), wanted[0][1])]):
        with pytest.raises((WrongBills, BillUnknown)):
            bills.order(id=new_id(), customer_id=mona.id, biller_id=nur.id, fields={"account": "12345678"}, bills=wrong)


def test_an_order_repeated_is_the_first_and_never_another(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, _ = street.person()
    bill, id_ = street.fetch(nur, mona)[0], new_id()
    first = street.order(nur, mona, bill, 500, id_)
    assert street.order(nur, mona, bill, 500, id_) == first
    with pytest.raises(BillOrderDiffers):
        street.order(nur, mona, bill, 501, id_)
    other = new_id()
    answers = at_once([lambda: street.order(nur, mona, bill, 700, other)] * 4)
    assert len({answer.id for answer in answers if isinstance(answer, bills.BillOrder)}) == 1


def test_a_payment_that_is_not_its_orders_is_refused(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person()
    ziad, ziads = street.person()
    order = street.order(nur, mona, street.fetch(nur, mona)[0], 500)
    stranger = street.payment(order, ziads)
    object.__setattr__(stranger, "actor_customer_id", ziad.id)
    dearer = street.payment(order, account)
    object.__setattr__(dearer, "amount", Money(501, EGP))
    for payment, error in ((stranger, BillOrderUnknown), (dearer, BillOrderDiffers)):
        with transaction.atomic():
            assert isinstance(street.route.reserve([payment])[order.id], error)
    bills.suspend_biller(nur.id, by=people.SYSTEM, reason="they are ill")
    assert isinstance(street.reserve(order, account)[order.id], BillerSuspended)


@pytest.mark.parametrize(("manner", "kind"), LYING.items())
def test_an_answer_that_lies_is_named_and_is_never_a_yes(street: Street, manner: str, kind: str) -> None:
    nur = street.biller()
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill)
    street.reserve(order, account)
    street.server.turn(manner, question="pay")
    assert street.ask(order) == Unknown(kind)
    assert street.findings() == [kind]
    assert row(bill).held_minor == bill.amount.amount_minor
    street.server.turn("well")
    after = street.ask(order, again=True)
    after = street.ask(order) if after == NotSeen() else after
    assert isinstance(after, Yes)
    assert street.server.book.payments[str(order.id)].taken == 1


def test_a_recorded_answer_is_not_believed(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    first, second = street.order(nur, mona, bill, 500), street.order(nur, mona, bill, 600)
    assert isinstance(street.ask(first), Yes)
    street.server.turn("replayed", question="pay")
    assert street.ask(second) == Unknown("wrong_signature")
    del account


@pytest.mark.parametrize(
    ("manner", "code", "again"),
    [
        ("dead", "connection_lost", NotSeen),
        ("error", "http_500", NotSeen),
        ("busy", "http_503", NotSeen),
        ("reply_lost", "connection_lost", Yes),
        ("unknown", "biller_pending", Yes),
    ],
)
def test_no_answer_is_unknown_and_asking_again_tells(street: Street, manner: str, code: str, again: type) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = street.order(nur, mona, street.fetch(nur, mona)[0])
    street.reserve(order, account)
    street.server.turn(manner, question="pay")
    assert street.ask(order) == Unknown(code, reached=manner == "unknown")
    street.server.turn("well")
    assert isinstance(street.ask(order, again=True), again)
    yes = street.ask(order)
    assert isinstance(yes, Yes)
    assert street.ask(order) == yes or street.server.book.payments[str(order.id)].taken == 1
    assert street.findings() == []


@pytest.mark.parametrize("manner", ["rubbish", "wrong_key", "wrong_scale", "other_biller", "dead", "error"])
def test_bills_that_can_not_be_trusted_are_not_shown(street: Street, manner: str) -> None:
    nur = street.biller()
    mona, _ = street.person()
    street.server.turn(manner, question="fetch")
    with pytest.raises(BillerNotAnswering):
        street.fetch(nur, mona)
    assert not BillRow.objects.exists()
    assert len(street.findings()) == (0 if manner in ("dead", "error") else 1)


def test_a_sick_biller_is_left_alone_for_a_while_and_others_are_not(street: Street) -> None:
    sick, well = street.biller("sick"), street.biller("well")
    mona, _ = street.person()
    street.server.turn("dead", biller="sick")
    for _ in range(5):
        with pytest.raises(BillerNotAnswering):
            street.fetch(sick, mona)
    assert street.server.billers.switch.state()[0]["times"] == 10**9 - 3
    assert street.fetch(well, mona)


def test_a_bill_lowered_below_what_was_paid_is_a_finding_and_stays(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill, 500)
    street.reserve(order, account)
    street.settle(order, account, street.ask(order))
    street.server.turn("lowered", question="fetch")
    street.fetch(nur, mona)
    assert row(bill).amount_minor == bill.amount.amount_minor
    assert street.findings() == ["changed_under_payment"]


def test_a_key_that_has_ended_signs_nothing_any_more(street: Street) -> None:
    nur = street.biller()
    mona, _ = street.person()
    bills.end_biller_key(nur.id, "nur-1", by=people.SYSTEM, reason="it was stolen")
    with pytest.raises(BillerNotAnswering):
        street.fetch(nur, mona)
    assert street.findings() == ["wrong_signature"]


def test_validate_and_pay_and_direct_pay(street: Street) -> None:
    mona, account = street.person()
    checks = street.biller("checks", model=bills.BillerModel.VALIDATE, least=Money(500, EGP), most=Money(20_000, EGP))
    direct = street.biller("direct", model=bills.BillerModel.DIRECT)
    for of in (checks, direct):
        order = bills.order(
            id=new_id(), customer_id=mona.id, biller_id=of.id, fields={"account": "12345678"}, amount=Money(1_500, EGP),
            clock=street.town.clock,
        )  # fmt: skip
        assert street.reserve(order, account) == {}
        street.settle(order, account, street.ask(order))
        assert bills.bill_order(order.id, mona.id).state is bills.OrderState.PAID
    with pytest.raises(NotTheBillersCustomer):
        bills.quote(biller_id=checks.id, customer_id=mona.id, fields={"account": "12345000"}, amount=Money(1_500, EGP))
    with pytest.raises(LessThanMinimum):
        bills.quote(biller_id=checks.id, customer_id=mona.id, fields={"account": "12345678"}, amount=Money(499, EGP))
    with pytest.raises(MoreThanBill):
        bills.quote(biller_id=checks.id, customer_id=mona.id, fields={"account": "12345678"}, amount=Money(20_001, EGP))
    with pytest.raises(CurrencyMismatch):
        bills.quote(
            biller_id=checks.id,
            customer_id=mona.id,
            fields={"account": "12345678"},
            amount=Money(1_500, currency("USD")),
        )


def test_the_database_holds_what_is_owed_against_everyone(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person()
    bill = street.fetch(nur, mona)[0]
    order = street.order(nur, mona, bill, 500)
    street.reserve(order, account)
    rows = BillRow.objects.filter(id=bill.id)
    too_much = bill.amount.amount_minor
    for change in (
        {"paid_minor": too_much},
        {"held_minor": -1},
        {"number": "X"},
        {"reference": "9"},
        {"state": "lost"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()
    for other in ({"amount_minor": 1}, {"state": "open"}, {"reference": "9"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BillOrderRow.objects.filter(id=order.id).update(**other)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartRow.objects.filter(order_id=order.id).update(amount_minor=1)

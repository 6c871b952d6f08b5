"""Autopays: paid on their day and once, never above the ceiling, tried again, told; changed, paused and ended at once."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once, booked, pay_in
from raseed.bills import api as bills
from raseed.bills.api import AutopayState, BillState
from raseed.bills.habits import looking, running
from raseed.bills.habits.models import AutopayRow, AutopayRunRow
from raseed.bills.models import BillRow
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people

from .habit import NUMBER, Household
from .street import EGP, Street


@pytest.fixture
def house(street: Street) -> Household:
    return Household(street)


def test_a_bill_is_paid_on_its_day_once_and_told(house: Household) -> None:
    bill = house.bill(5_000, due_in=4)
    given = house.give(days_before=2)
    house.run()
    house.pass_days(1)
    assert house.outcomes(bill) == []
    house.pass_days(1)
    assert house.outcomes(bill) == ["sent", "paid"]
    house.pass_days(4)
    assert house.outcomes(bill) == ["sent", "paid"]
    assert booked(house.account) == 85_000
    assert house.state(bill) is BillState.PAID
    assert house.notices() == ["paid"]
    (sent,) = [run for run in bills.autopay_runs(given.id, house.mona.id) if run.outcome is bills.AutopayOutcome.SENT]
    assert sent.on == bill.due_on - timedelta(days=2)  # type: ignore[operator]
    assert sent.order_id is not None
    assert payments.payment(sent.order_id, house.mona.id).state is payments.PaymentState.SETTLED


def test_an_extended_bill_is_paid_by_its_new_day_and_tried_until_then(street: Street) -> None:
    house = Household(street, money=0)
    bill = house.bill(5_000, due_in=2)
    house.extend(bill, 10)
    house.give(days_before=2)
    house.pass_days(7)
    assert house.outcomes(bill) == [], "nothing is paid by the biller's own day"
    house.pass_days(2)
    assert set(house.outcomes(bill)) == {"refused"}
    pay_in(house.account, 5_000)
    house.pass_days(1)
    assert house.outcomes(bill)[-1] == "paid"


def test_an_extension_is_to_a_later_day_than_the_last(house: Household) -> None:
    bill = house.bill(5_000, due_in=2)
    house.extend(bill, 10)
    with pytest.raises(bills.InvalidExtension):
        house.extend(bill, 9)
    assert house.extend(bill, 11).pay_by == house.today + timedelta(days=11)


def test_what_is_due_already_is_paid_at_once_and_so_is_what_has_no_day(house: Household) -> None:
    due, dayless, later = house.bill(1_000), house.bill(2_000, due_in=None), house.bill(4_000, due_in=9)
    house.give()
    house.run()
    house.clock.advance(timedelta(minutes=6))
    house.run()
    assert [house.outcomes(each) for each in (due, dayless, later)] == [["sent", "paid"], ["sent", "paid"], []]
    assert booked(house.account) == 87_000


def test_above_the_ceiling_nothing_is_paid_it_is_told_once_and_a_higher_ceiling_pays(house: Household) -> None:
    bill = house.bill(10_001, due_in=3)
    given = house.give(10_000, days_before=3)
    house.pass_days(2)
    assert house.outcomes(bill) == ["over_ceiling"]
    assert house.notices() == ["over_ceiling"]
    assert booked(house.account) == 90_000
    bills.change_autopay(
        autopay_id=given.id, customer_id=house.mona.id, from_account_id=house.account.id, ceiling=Money(10_001, EGP),
        days_before=3, clock=house.clock,
    )  # fmt: skip
    house.run()
    assert house.outcomes(bill) == ["over_ceiling", "sent"]
    assert booked(house.account) == 90_000 - 10_001


def test_without_money_it_is_tried_again_on_working_days_up_to_the_due_date_then_told(street: Street) -> None:
    house = Household(street, money=100)
    bill = house.bill(5_000, due_in=7)  # a Sunday; the Friday and Saturday before it are no working days
    house.give(days_before=4)
    house.pass_days(9)
    runs = AutopayRunRow.objects.filter(bill_id=bill.id).order_by("number")
    assert [row.outcome for row in runs] == ["refused", "refused", "refused", "given_up"]
    assert [(row.on - bill.due_on).days for row in runs] == [-4, -3, 0, 0]  # type: ignore[operator]
    assert house.notices() == ["tried", "given_up"]
    assert booked(house.account) == 100


def test_money_that_comes_in_time_pays_it(street: Street) -> None:
    house = Household(street, money=100)
    bill = house.bill(5_000, due_in=3)
    house.give(days_before=3)
    house.run()
    assert house.outcomes(bill) == ["refused"]
    house.run()
    assert house.outcomes(bill) == ["refused"], "once a day"
    pay_in(house.account, 10_000)
    house.pass_days(2)
    assert house.outcomes(bill) == ["refused", "sent", "paid"]
    assert house.notices() == ["tried", "paid"]


def test_what_the_biller_refuses_is_tried_again_on_another_day_under_another_id(street: Street) -> None:
    house = Household(street, money=900_000, adapter=bills.AdapterKind.HTTP)
    house.clock.advance(SYSTEM_CLOCK.now() - house.clock.now())
    number = next(
        each
        for each in map(str, range(10_000_001, 10_000_050))
        if any(
            (bill.due_on or house.today) > house.today + timedelta(days=4)
            for bill in street.fetch(house.nur, house.mona, each)
        )
    )
    bill = street.fetch(house.nur, house.mona, number)[-1]
    bills.give_autopay(
        id=new_id(), customer_id=house.mona.id, biller_id=house.nur.id, fields={"account": number},
        from_account_id=house.account.id, ceiling=Money(90_000, EGP), days_before=10, clock=house.clock,
    )  # fmt: skip
    house.clock.advance((bill.due_on or house.today) - timedelta(days=5) - house.today)
    street.server.turn("refuse", question="pay")
    house.run()
    house.clock.advance(timedelta(minutes=6))
    house.run()
    assert house.outcomes(bill) == ["sent", "returned"]
    street.server.turn("well")
    house.pass_days(4)
    assert house.outcomes(bill)[-2:] == ["sent", "paid"]
    tries = AutopayRunRow.objects.filter(bill_id=bill.id, outcome="sent").values_list("order_id", flat=True)
    assert len(set(tries)) == 2
    assert sum(each.taken for each in street.server.book.payments.values() if bill.number in each.bills) == 1


def test_what_its_customer_takes_back_is_not_paid_again(house: Household) -> None:
    bill = house.bill(5_000, due_in=2)
    house.give(days_before=2)
    house.run(carried=False)
    (row,) = AutopayRunRow.objects.filter(bill_id=bill.id)
    assert row.order_id is not None
    payments.withdraw_payment(payment_id=row.order_id, actor_customer_id=house.mona.id, clock=house.clock)
    house.pass_days(3)
    assert house.outcomes(bill) == ["sent", "returned", "given_up"]
    assert house.notices() == []
    assert booked(house.account) == 90_000


def test_a_disputed_bill_is_left_and_told(house: Household) -> None:
    bill = house.bill(5_000)
    BillRow.objects.filter(id=bill.id).update(state="disputed")
    house.give()
    house.pass_days(2)
    assert house.outcomes(bill) == ["disputed"]
    assert house.notices() == ["disputed"]


def test_a_suspended_biller_is_tried_again_and_given_up_after_the_due_date(house: Household) -> None:
    bill = house.bill(5_000, due_in=1)
    house.give(days_before=1)
    bills.suspend_biller(house.nur.id, by=people.SYSTEM, reason="on strike", clock=house.clock)
    house.pass_days(3)
    assert house.outcomes(bill) == ["refused", "refused", "given_up"]
    assert house.notices() == ["tried", "given_up"]
    assert booked(house.account) == 90_000


def test_a_closed_account_ends_it_and_is_told(street: Street) -> None:
    house = Household(street, money=0)
    bill = house.bill(5_000, due_in=1)
    given = house.give()
    banking.close_account(
        account_id=house.account.id, by=people.SYSTEM, reason="asked for", clock=house.clock
    )  # fmt: skip
    house.run()
    ended = bills.autopay(given.id, house.mona.id)
    assert (ended.state, ended.ended_code) == (AutopayState.ENDED, "account_closed")
    assert house.notices() == ["ended"]
    assert house.outcomes(bill) == []
    house.pass_days(2)
    assert house.notices() == ["ended"]


def test_a_biller_that_does_not_answer_is_asked_less_and_less_and_nothing_is_paid_unasked(street: Street) -> None:
    house = Household(street, adapter=bills.AdapterKind.HTTP)
    bill = house.bill(5_000, due_in=1)
    given = house.give(days_before=1)
    street.server.turn("dead", question="fetch")
    asked = []
    for _ in range(30):
        if house.run():
            asked.append(house.clock.now())
        house.clock.advance(timedelta(minutes=30))
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert pauses == sorted(pauses)
    assert len(asked) < 10
    assert house.outcomes(bill) == []
    assert bills.autopay(given.id, house.mona.id).state is AutopayState.ACTIVE
    house.pass_days(3)
    assert house.outcomes(bill) == ["refused", "given_up"], "the due date is over"
    assert booked(house.account) == 90_000


def test_many_autopays_of_a_biller_that_does_not_answer_ask_it_twice(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = Household(street, adapter=bills.AdapterKind.HTTP)
    street.server.turn("dead", question="fetch")
    for number in range(10_000_001, 10_000_009):
        known = bills.KnownBills(house.mona.id, {"account": str(number)}, [])
        bills.keep_known_bills(house.nur.id, [known], clock=house.clock)
        bills.give_autopay(
            id=new_id(), customer_id=house.mona.id, biller_id=house.nur.id, fields={"account": str(number)},
            from_account_id=house.account.id, ceiling=Money(100, EGP), clock=house.clock,
        )  # fmt: skip
    asked: list[bool] = []

    def noted(row: AutopayRow, clock: Clock, *, leave_alone: bool) -> looking.Look:
        asked.append(leave_alone)
        return looking.ask_biller(row, clock, leave_alone=leave_alone)

    monkeypatch.setattr(running, "ask_biller", noted)
    assert house.run() == 8
    assert asked == [False] * 2 + [True] * 6
    assert not AutopayRow.objects.filter(next_look_at__lte=house.clock.now()).exists()


def test_paused_it_pays_nothing_and_resumed_it_does(house: Household) -> None:
    bill = house.bill(5_000, due_in=3)
    given = house.give(days_before=3)
    bills.pause_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    bills.pause_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    house.pass_days(1)
    assert house.outcomes(bill) == []
    bills.resume_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    house.run()
    assert house.outcomes(bill) == ["sent"]
    bills.end_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    assert bills.end_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock).ended_code == ""
    with pytest.raises(bills.AutopayEnded):
        bills.resume_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    assert [each.id for each in bills.autopays(house.mona.id)] == []
    assert [each.id for each in bills.autopays(house.mona.id, ended=True)] == [given.id]


def test_paused_while_the_worker_is_at_it_nothing_is_paid(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = house.bill(5_000)
    given = house.give()

    def slow(row: AutopayRow, clock: Clock, *, leave_alone: bool) -> looking.Look:
        look = looking.ask_biller(row, clock, leave_alone=leave_alone)
        bills.pause_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
        return look

    monkeypatch.setattr(running, "ask_biller", slow)
    house.run()
    assert house.outcomes(bill) == []
    assert booked(house.account) == 90_000
    assert bills.autopay(given.id, house.mona.id).state is AutopayState.PAUSED


def test_a_bill_paid_by_hand_is_left_alone(house: Household) -> None:
    bill = house.bill(5_000, due_in=1)
    house.give(days_before=1)
    bills.pay(
        order_id=house.street.order(house.nur, house.mona, bill).id, customer_id=house.mona.id,
        from_account_id=house.account.id, clock=house.clock,
    )  # fmt: skip
    house.pass_days(2)
    assert house.outcomes(bill) == []
    assert booked(house.account) == 85_000


def test_two_workers_and_a_thumb_pay_a_bill_once(house: Household) -> None:
    bill = house.bill(5_000)
    house.give()
    made = house.street.order(house.nur, house.mona, bill)

    def thumb() -> object:
        return bills.pay(
            order_id=made.id, customer_id=house.mona.id, from_account_id=house.account.id, clock=house.clock
        )

    at_once([lambda: house.run(carried=False), lambda: house.run(carried=False), thumb])
    house.pass_days(2)
    assert booked(house.account) == 85_000
    assert house.state(bill) is BillState.PAID


def test_two_workers_that_both_hold_the_same_autopay_pay_once(house: Household) -> None:
    bill = house.bill(5_000)
    house.give()
    rows = running._claim(house.clock)
    at_once([lambda: running._run_group(rows, house.clock), lambda: running._run_group(rows, house.clock)])
    assert house.outcomes(bill) == ["sent"]
    carry_due(clock=house.clock)
    assert booked(house.account) == 85_000


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"ceiling": Money(0, EGP)}, "invalid_autopay"),
        ({"ceiling": Money(100, currency("USD"))}, "wrong_currency"),
        ({"days_before": 11}, "invalid_autopay"),
        ({"days_before": -1}, "invalid_autopay"),
        ({"fields": {"account": "99999999"}}, "not_the_billers_customer"),
        ({"fields": {"account": "1"}}, "biller_field_shape"),
        ({"fields": {}}, "biller_field_missing"),
        ({"biller_id": new_id()}, "biller_unknown"),
        ({"from_account_id": new_id()}, "account_unknown"),
    ],
)
def test_bad_input_is_refused_and_keeps_nothing(house: Household, changed: dict[str, object], refusal: str) -> None:
    house.look_up()
    asked: dict[str, object] = {
        "id": new_id(), "customer_id": house.mona.id, "biller_id": house.nur.id, "fields": {"account": NUMBER},
        "from_account_id": house.account.id, "ceiling": Money(100, EGP), "days_before": 0, "clock": house.clock,
    }  # fmt: skip
    with pytest.raises(RaseedError) as refused:
        bills.give_autopay(**(asked | changed))  # type: ignore[arg-type]
    assert refused.value.code == refusal
    assert not AutopayRow.objects.exists()


def test_somebody_else_s_account_another_bank_s_and_a_biller_without_bills_are_refused(house: Household) -> None:
    house.look_up()
    _, ziads = house.street.person()
    gift = house.street.biller("gift", model=bills.BillerModel.DIRECT)
    wrongs = [({"from_account_id": ziads.id}, "account_unknown"), ({"biller_id": gift.id}, "autopay_not_possible")]
    for changed, refusal in wrongs:
        asked: dict[str, object] = {
            "id": new_id(), "customer_id": house.mona.id, "biller_id": house.nur.id, "fields": {"account": NUMBER},
            "from_account_id": house.account.id, "ceiling": Money(100, EGP), "clock": house.clock,
        }  # fmt: skip
        with pytest.raises(RaseedError) as refused:
            bills.give_autopay(**(asked | changed))  # type: ignore[arg-type]
        assert refused.value.code == refusal


def test_the_same_id_is_the_same_autopay_and_a_reference_has_one(house: Household) -> None:
    house.look_up()
    given = house.give()
    assert house.give(id_=given.id) == given
    with pytest.raises(bills.AutopayIdTaken):
        house.give(20_000, id_=given.id)
    with pytest.raises(bills.AutopayThere):
        house.give()
    answers = at_once([lambda: house.give(id_=given.id) for _ in range(3)])
    assert [answer == given for answer in answers] == [True] * 3
    bills.end_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    assert house.give().id != given.id
    other, _ = house.street.person()
    with pytest.raises(bills.AutopayUnknown):
        bills.end_autopay(autopay_id=given.id, customer_id=other.id, clock=house.clock)


def test_the_database_holds_what_the_code_says(house: Household) -> None:
    bill = house.bill(5_000)
    given = house.give()
    house.run()
    wrongs = [
        "UPDATE bills_autopay_run SET outcome = 'paid'",
        "DELETE FROM bills_autopay_run",
        "DELETE FROM bills_autopay",
        "UPDATE bills_autopay SET customer_id = gen_random_uuid()",
        "UPDATE bills_autopay SET days_before = 11",
        "UPDATE bills_autopay SET state = 'paused'",
        _added(given.id, bill.id, 3, "paid"),
        _added(given.id, bill.id, 2, "given_up"),
        _added(given.id, bill.id, 2, "sent"),
    ]
    for wrong in wrongs:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(wrong)
    bills.end_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE bills_autopay SET ceiling_minor = 1")


def _added(autopay_id: object, bill_id: object, number: int, outcome: str) -> str:
    return (
        'INSERT INTO bills_autopay_run (autopay_id, bill_id, number, outcome, amount_minor, order_id, "on", at) '
        f"VALUES ('{autopay_id}', '{bill_id}', {number}, '{outcome}', 1, gen_random_uuid(), now()::date, now())"
    )

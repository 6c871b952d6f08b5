"""Late penalties of billers: a rule with dates that two people set, asked for once, of the day on which it is paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from raseed.banking.api import NO_PENALTY, InvalidTerms, PenaltyKind, PenaltyRule
from raseed.banking.tests.town import at_once, booked
from raseed.bills import api as bills
from raseed.bills.api import PartKind
from raseed.bills.models import BillOrderRow, BillRow
from raseed.bills.terms.changes import PENALTIES
from raseed.bills.terms.models import PenaltyRuleRow
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.payments.api import Payment, PaymentState
from raseed.people import api as people
from raseed.platform import api as platform

from .late import A_DAY, TODAY, TWO_PERCENT, Late, late, told
from .street import Street

BILL, PENALTY = PartKind.BILL, PartKind.PENALTY


def test_without_a_rule_a_late_bill_costs_what_it_says(street: Street) -> None:
    at = late(street)
    assert told(at.quote(at.owe()).parts) == [(BILL, 10_000)]
    assert bills.penalty_rule(at.biller.id, TODAY) == NO_PENALTY


def test_a_late_bill_costs_its_penalty_and_the_biller_gets_both(street: Street) -> None:
    at = late(street)
    at.rule(TWO_PERCENT)
    in_grace, bill = at.owe(days_late=5), at.owe(days_late=6)
    assert told(at.quote(in_grace).parts) == [(BILL, 10_000)]
    order = at.order(bill)
    assert told(order.parts) == [(BILL, 10_000), (PENALTY, 200)]
    assert order.parts[1].bill_id == bill.id
    assert at.pay(order).state is PaymentState.HELD
    at.carry()
    assert bills.bill_order(order.id, at.mona.id).state is bills.OrderState.PAID
    assert booked(at.account) == 1_000_000 - 10_200
    row = BillRow.objects.get(id=bill.id)
    assert (row.paid_minor, row.state) == (10_000, "paid")


def test_each_bill_has_the_rule_of_the_day_on_which_it_was_due(street: Street) -> None:
    at = late(street)
    at.rule(PenaltyRule(PenaltyKind.FIXED, amount_minor=300), date(2026, 2, 10))
    at.rule(PenaltyRule(PenaltyKind.FIXED, amount_minor=700), date(2026, 2, 20))
    at.rule(NO_PENALTY, date(2026, 2, 25))
    asked = [
        [part.amount.amount_minor for part in at.quote(at.owe(days_late=days)).parts if part.kind is PENALTY]
        for days in (30, 15, 9, 4)
    ]
    assert asked == [[], [300], [700], []]


def test_what_was_paid_of_a_penalty_is_not_asked_for_again(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe(days_late=10)
    first = at.order(bill, minor=4_000)
    assert told(first.parts) == [(BILL, 4_000), (PENALTY, 1_000)]
    at.pay(first)
    assert told(at.quote(bill, minor=6_000).parts) == [(BILL, 6_000)], "what is under way counts as settled"
    at.carry()
    assert told(at.quote(bill).parts) == [(BILL, 6_000)]
    at.days_go_by(3)
    assert told(at.quote(bill).parts) == [(BILL, 6_000), (PENALTY, 300)], "only the days since"
    at.days_go_by(90)
    assert told(at.quote(bill).parts) == [(BILL, 6_000), (PENALTY, 1_000)], "the cap is one for all"


def test_a_penalty_that_came_back_is_asked_for_again(street: Street) -> None:
    at = late(street)
    at.rule(TWO_PERCENT)
    bill = at.owe()
    order = at.order(bill)
    at.pay(order)
    street.give_back(order, at.account)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 200)]


def test_two_phones_that_pay_parts_of_a_late_bill_pay_its_penalty_once(street: Street) -> None:
    at = late(street)
    at.rule(PenaltyRule(PenaltyKind.FIXED, amount_minor=500))
    bill = at.owe()
    orders = [at.order(bill, minor=minor) for minor in (3_000, 4_000)]
    answers = at_once([lambda o=order: at.pay(o) for order in orders])  # type: ignore[misc]
    states = sorted(answer.state for answer in answers if isinstance(answer, Payment))
    assert states == [PaymentState.HELD, PaymentState.REFUSED]
    refused = next(each for each in answers if isinstance(each, Payment) and each.state is PaymentState.REFUSED)
    assert isinstance(refused.refusal, bills.BillOrderOutdated)
    at.carry()
    assert told(at.quote(bill).parts)[0][0] is BILL
    assert len(at.quote(bill).parts) == 1


def test_two_phones_that_pay_all_of_a_late_bill_pay_it_once_and_the_other_is_told_so(street: Street) -> None:
    at = late(street)
    at.rule(TWO_PERCENT)
    bill = at.owe()
    orders = [at.order(bill) for _ in range(3)]
    answers = at_once([lambda o=order: at.pay(o) for order in orders])  # type: ignore[misc]
    made = [each for each in answers if isinstance(each, Payment)]
    assert sorted(each.state for each in made) == [PaymentState.HELD, PaymentState.REFUSED, PaymentState.REFUSED]
    refusals = {type(each.refusal) for each in made if each.refusal is not None}
    assert refusals == {bills.BillBeingPaid}


def test_of_two_orders_in_one_batch_the_second_does_not_pay_the_penalty_again(street: Street) -> None:
    at = late(street)
    at.rule(PenaltyRule(PenaltyKind.FIXED, amount_minor=500))
    bill = at.owe()
    first, second = at.order(bill, minor=3_000), at.order(bill, minor=4_000)
    with transaction.atomic():
        refused = street.route.reserve([street.payment(first, at.account), street.payment(second, at.account)])
    assert {id_: type(why) for id_, why in refused.items()} == {second.id: bills.BillOrderOutdated}


def test_an_order_of_another_day_is_refused_and_a_new_one_has_todays_penalty(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe()
    order = at.order(bill)
    at.days_go_by(1)
    with pytest.raises(bills.BillOrderOutdated):
        at.pay(order)
    with transaction.atomic():
        (why,) = street.route.reserve([street.payment(order, at.account)]).values()
    assert isinstance(why, bills.BillOrderOutdated), "also whoever comes past the first look"
    assert BillRow.objects.get(id=bill.id).held_minor == 0
    assert told(at.order(bill).parts) == [(BILL, 10_000), (PENALTY, 1_100)]


def test_a_payment_of_yesterday_has_its_first_answer_today(street: Street) -> None:
    at = late(street)
    order = at.order(at.owe())
    first = at.pay(order)
    at.days_go_by(1)
    assert at.pay(order).id == first.id
    broke, empty = street.person(money=1)
    refused_order = at.order(at.owe(whose=broke), by=broke)
    refused = at.pay(refused_order, empty)
    assert refused.state is PaymentState.REFUSED
    at.days_go_by(1)
    assert at.pay(refused_order, empty).state is PaymentState.REFUSED


def test_orders_that_nobody_sent_expire_by_an_index_and_nothing_else_does(street: Street) -> None:
    at = late(street)
    old, paid = at.order(at.owe()), at.order(at.owe())
    at.pay(paid)
    at.days_go_by(1)
    assert bills.expire_orders(clock=street.town.clock) == 0
    at.days_go_by(2)
    fresh = at.order(at.owe())
    assert bills.expire_orders(clock=street.town.clock) == 1
    assert bills.expire_orders(clock=street.town.clock) == 0
    states = dict(BillOrderRow.objects.values_list("id", "state"))
    assert (states[old.id], states[paid.id], states[fresh.id]) == ("expired", "held", "open")
    with pytest.raises(bills.BillOrderOutdated):
        at.pay(old)
    assert old.id not in {each.id for each in bills.bill_orders(at.mona.id)}
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE bills_order SET state = 'open', ended_at = NULL WHERE id = %s", [old.id])
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM bills_order WHERE state = 'open' AND made_at < now() ORDER BY made_at")
        plan = " ".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "bills_order_open" in plan


def proposed(at: Late, rule: PenaltyRule, valid_from: date = TODAY) -> people.Change:
    return bills.propose_penalty_rule(
        id=new_id(), biller_id=at.biller.id, rule=rule, valid_from=valid_from, reason="the contract with them",
        by=at.street.town.staff("bills.terms.propose"), clock=at.street.town.clock,
    )  # fmt: skip


def test_a_rule_is_changed_by_two_people_and_counts_for_bills_due_from_its_date(street: Street) -> None:
    at = late(street)
    with pytest.raises(people.NotPermitted):
        bills.propose_penalty_rule(
            id=new_id(), biller_id=at.biller.id, rule=A_DAY, valid_from=TODAY, reason="because",
            by=street.town.staff("bills.view"), clock=street.town.clock,
        )  # fmt: skip
    change, later = proposed(at, A_DAY), proposed(at, TWO_PERCENT, TODAY - timedelta(days=90))
    assert bills.penalty_rule(at.biller.id, TODAY) == NO_PENALTY
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=street.town.staff("bills.terms.propose"), clock=street.town.clock)
    people.confirm_change(change.id, by=street.town.staff("bills.terms.confirm"), clock=street.town.clock)
    assert bills.penalty_rule(at.biller.id, TODAY) == A_DAY
    assert bills.penalty_rule(at.biller.id, TODAY - timedelta(days=1)) == NO_PENALTY, "nothing changes for the past"
    with pytest.raises(people.ChangeOutdated):
        people.confirm_change(later.id, by=street.town.staff("bills.terms.confirm"), clock=street.town.clock)
    for language in ("ar", "he", "en"):
        lines = people.describe_change(people.change(change.id), language)
        assert len(lines) == 4
        assert all(line.label and line.after for line in lines)
    (record, *_) = platform.audit_trail(f"biller:{at.biller.id}", limit=1)
    assert (record.action, record.after and record.after["penalty"]) == ("people.change_applied", "fixed_a_day")


def test_people_do_not_set_rules_by_themselves_and_the_system_leaves_a_record(street: Street) -> None:
    at = late(street)
    with pytest.raises(people.SecondPersonNeeded):
        bills.set_penalty_rule(
            at.biller.id, A_DAY, valid_from=TODAY, by=street.town.staff("bills.terms.propose"), reason="in a hurry"
        )
    at.rule(A_DAY)
    (record, *_) = platform.audit_trail(f"biller:{at.biller.id}", limit=1)
    assert record.action == "bills.penalty_set"


@pytest.mark.parametrize(
    ("field", "payload"),
    [
        ("rate_ppm", {"penalty": "percent", "rate_ppm": -5}),
        ("rate_ppm", {"penalty": "percent", "rate_ppm": "5"}),
        ("cap_minor", {"penalty": "fixed", "amount_minor": 5, "cap_minor": -1}),
        ("grace_days", {"penalty": "fixed", "amount_minor": 5, "grace_days": None}),
        ("penalty", {"penalty": "sometimes"}),
        ("valid_from", {"penalty": "none", "valid_from": "soon"}),
    ],
)
def test_a_proposal_that_can_not_be_a_rule_is_refused(street: Street, field: str, payload: dict[str, Any]) -> None:
    at = late(street)
    with pytest.raises(InvalidTerms) as refused:
        people.propose_change(
            id=new_id(), kind=PENALTIES, institution_id=street.town.bank, subject=f"biller:{at.biller.id}",
            payload={"valid_from": TODAY.isoformat(), **payload}, reason="a slip",
            by=street.town.staff("bills.terms.propose"), clock=street.town.clock,
        )  # fmt: skip
    assert refused.value.field == field


def test_a_proposal_for_what_is_no_biller_of_the_institution_is_refused(street: Street) -> None:
    at = late(street)
    for subject in ("biller:x", f"product:{at.biller.id}"):
        with pytest.raises(InputError):
            people.propose_change(
                id=new_id(), kind=PENALTIES, institution_id=street.town.bank, subject=subject,
                payload={"penalty": "none", "valid_from": TODAY.isoformat()}, reason="a slip",
                by=street.town.staff("bills.terms.propose"), clock=street.town.clock,
            )  # fmt: skip


def test_rules_are_never_changed_or_removed_and_the_database_knows_what_one_is(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    for act in (
        lambda: PenaltyRuleRow.objects.update(amount_minor=1),
        lambda: PenaltyRuleRow.objects.all().delete(),
        lambda: PenaltyRuleRow.objects.create(
            biller_id=at.biller.id, valid_from=TODAY, kind="percent", rate_ppm=-1, set_at=street.town.clock.now()
        ),
        lambda: PenaltyRuleRow.objects.create(
            biller_id=at.biller.id, valid_from=TODAY, kind="fixed", amount_minor=5, cap_minor=-1,
            set_at=street.town.clock.now(),
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            act()

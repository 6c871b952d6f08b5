"""Standing orders: paid on their dates, each once, tried again, passed over and told; changed by their customers alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount, BusinessDayRule, LoanTerms
from raseed.banking.tests.town import Town, at_once, booked, build_town, pay_in
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.payments import api as payments
from raseed.payments import routes
from raseed.payments.api import RunOutcome, StandingOrder, StandingState, Timetable, Unit
from raseed.payments.standing.domain import OPEN_MAX, TRIES_MAX, run_payment_id
from raseed.people.api import SYSTEM, NotPermitted
from raseed.platform.api import audit_trail
from raseed.platform.models import EventRow

EGP = currency("EGP")
RENT = 5_000
TODAY = date(2026, 3, 1)  # a Sunday; the weekend is Friday and Saturday


class House:
    """A tenant with money and a landlady, whom the tenant pays."""

    def __init__(self, money: int = 100_000) -> None:
        self.town: Town = build_town()
        self.tenant = self.town.person("منى علي", "+201001234567")
        self.landlady = self.town.person("ليلى حسن", "+201001234568")
        self.payer: BankAccount = self.town.current(self.tenant, money=money)
        self.payee: BankAccount = self.town.current(self.landlady)
        self.to = Alias(AliasKind.NUMBER, self.payee.alias(AliasKind.NUMBER) or "")

    def give(
        self,
        timetable: Timetable | None = None,
        *,
        id_: UUID | None = None,
        amount: int = RENT,
        to: Alias | None = None,
    ) -> StandingOrder:
        return payments.give_standing_order(
            id=id_ or new_id(), actor_customer_id=self.tenant.id, from_account_id=self.payer.id, to=to or self.to,
            amount=Money(amount, EGP), timetable=timetable or Timetable(TODAY), note="الإيجار", clock=self.town.clock,
        )  # fmt: skip

    def run(self, day: date | None = None) -> int:
        """Do what the worker does, on a day."""
        if day is not None:
            self.town.until(day)
        return payments.run_standing_orders(clock=self.town.clock)

    def now(self, order: StandingOrder) -> StandingOrder:
        return payments.standing_order(order.id)

    def runs(self, order: StandingOrder) -> list[tuple[int, RunOutcome, str | None]]:
        found = payments.runs_of(order.id).runs
        return [(each.number, each.outcome, each.refused.code if each.refused else None) for each in reversed(found)]

    def deed(self, verb: str, order: StandingOrder, by: UUID | None = None) -> StandingOrder:
        done: StandingOrder = getattr(payments, f"{verb}_standing_order")(
            standing_order_id=order.id, customer_id=by or self.tenant.id, clock=self.town.clock
        )
        return done


def a_house() -> House:
    return House()


@pytest.fixture
def build() -> Callable[[], House]:
    return a_house


@pytest.fixture
def house(built: House) -> House:
    return built


def told(name: str) -> list[dict[str, object]]:
    return [row.payload for row in EventRow.objects.filter(name=f"payments.{name}").order_by("occurred_at", "id")]


def deeds(order: StandingOrder) -> list[str]:
    return sorted(each.action.removeprefix("payments.standing_") for each in audit_trail(f"standing_order:{order.id}"))


def test_it_pays_on_its_dates_and_ends_after_the_last(house: House) -> None:
    order = house.give(Timetable(date(2026, 3, 5), count=2))
    assert (order.state, order.next_number, order.try_on) == (StandingState.ACTIVE, 1, date(2026, 3, 5))
    assert house.run() == 0
    assert house.run(date(2026, 3, 5)) == 1
    assert house.run() == 0
    assert (booked(house.payee), house.now(order).try_on) == (RENT, date(2026, 4, 5))
    (run,) = payments.runs_of(order.id).runs
    paid = payments.payment(run.payment_id or new_id(), house.tenant.id)
    assert (paid.id, paid.note, paid.booked_on) == (
        run_payment_id(order.id, date(2026, 3, 5), 0), "الإيجار", date(2026, 3, 5),
    )  # fmt: skip
    assert house.run(date(2026, 4, 6)) == 1
    ended = house.now(order)
    assert (ended.state, ended.ended_by, ended.try_on) == (StandingState.ENDED, "system", None)
    assert booked(house.payee) == 2 * RENT
    assert [each["standing_order_id"] for each in told("standing_ended")] == [str(order.id)]
    assert house.run(date(2026, 6, 1)) == 0


def test_a_date_on_the_weekend_is_paid_on_the_next_working_day_or_as_its_rule_says(house: House) -> None:
    friday = date(2026, 3, 6)
    after = house.give(Timetable(friday))
    before = house.give(Timetable(friday, business_days=BusinessDayRule.PRECEDING))
    assert (after.try_on, before.try_on) == (date(2026, 3, 8), date(2026, 3, 5))
    assert house.run(date(2026, 3, 5)) == 1
    assert house.run(date(2026, 3, 7)) == 0
    assert house.run(date(2026, 3, 8)) == 1
    assert [each.due_on for each in payments.next_dates(after.id, limit=2)] == [date(2026, 4, 6), date(2026, 5, 6)]


def test_days_on_which_no_worker_ran_are_made_up_for_in_order_and_booked_on_their_dates(house: House) -> None:
    order = house.give(Timetable(date(2026, 3, 2), unit=Unit.WEEKS))
    assert house.run(date(2026, 3, 25)) == 4
    runs = list(reversed(payments.runs_of(order.id).runs))
    paid = [payments.payment(each.payment_id or new_id(), house.tenant.id) for each in runs]
    assert [each.booked_on for each in paid] == [date(2026, 3, day) for day in (2, 9, 16, 23)]
    assert booked(house.payee) == 4 * RENT
    assert house.run() == 0


def test_what_is_too_long_ago_is_passed_over_and_told_and_not_paid(house: House) -> None:
    order = house.give(Timetable(date(2026, 3, 2)))
    assert house.run(date(2026, 5, 20)) == 3
    assert house.runs(order) == [
        (1, RunOutcome.SKIPPED, "standing_missed_too_long"),
        (2, RunOutcome.SKIPPED, "standing_missed_too_long"),
        (3, RunOutcome.PAID, None),
    ]
    assert booked(house.payee) == RENT
    assert [(each["number"], each["code"]) for each in told("standing_skipped")] == [
        (1, "standing_missed_too_long"), (2, "standing_missed_too_long"),
    ]  # fmt: skip


def test_without_money_it_is_tried_again_on_working_days_then_passed_over_and_told(database: object) -> None:
    del database
    house = House(money=100)
    order = house.give(Timetable(date(2026, 3, 5)))
    days = []
    day = date(2026, 3, 5)
    while not house.runs(order):
        if house.run(day):
            days.append(day)
        assert house.run() == 0, "once a day"
        day += timedelta(days=1)
    assert days == [date(2026, 3, each) for each in (5, 8, 9, 10, 11)]
    assert len(days) == TRIES_MAX
    assert house.runs(order) == [(1, RunOutcome.SKIPPED, "not_enough_money")]
    (skipped,) = told("standing_skipped")
    assert skipped == {
        "standing_order_id": str(order.id), "customer_id": str(house.tenant.id), "number": 1, "code": "not_enough_money",
    }  # fmt: skip
    refused = payments.payments_of(house.tenant.id).payments
    assert [each.state for each in refused] == [payments.PaymentState.REFUSED] * TRIES_MAX
    now = house.now(order)
    assert (now.next_number, now.tries, now.try_on) == (2, 0, date(2026, 4, 5))


def test_money_that_comes_in_time_is_taken_at_the_next_try_and_booked_then(database: object) -> None:
    del database
    house = House(money=100)
    order = house.give(Timetable(date(2026, 3, 5)))
    house.run(date(2026, 3, 5))
    waiting = house.now(order)
    assert (waiting.tries, waiting.try_on) == (1, date(2026, 3, 8))
    assert isinstance(waiting.refusal, payments.NotEnoughMoney)
    pay_in(house.payer, RENT)
    assert house.run(date(2026, 3, 8)) == 1
    (run,) = payments.runs_of(order.id).runs
    paid = payments.payment(run.payment_id or new_id(), house.tenant.id)
    assert (run.due_on, paid.booked_on, paid.state) == (
        date(2026, 3, 5), date(2026, 3, 8), payments.PaymentState.SETTLED,
    )  # fmt: skip
    assert (house.now(order).tries, house.now(order).refusal) == (0, None)


def test_a_try_never_reaches_into_the_next_date(database: object) -> None:
    del database
    house = House(money=0)
    order = house.give(Timetable(date(2026, 3, 2), unit=Unit.WEEKS, count=2))
    for day in range(2, 18):
        house.run(date(2026, 3, day))
    assert house.runs(order) == [
        (1, RunOutcome.SKIPPED, "not_enough_money"),
        (2, RunOutcome.SKIPPED, "not_enough_money"),
    ]
    assert house.now(order).state is StandingState.ENDED


def test_one_that_can_t_be_paid_stands_in_nobody_s_way(house: House) -> None:
    broke = house.town.current(house.landlady)
    poor = payments.give_standing_order(
        id=new_id(), actor_customer_id=house.landlady.id, from_account_id=broke.id,
        to=Alias(AliasKind.NUMBER, house.payer.alias(AliasKind.NUMBER) or ""), amount=Money(1, EGP),
        timetable=Timetable(TODAY), clock=house.town.clock,
    )  # fmt: skip
    order = house.give()
    assert house.run() == 2
    assert (house.runs(order), house.runs(poor)) == ([(1, RunOutcome.PAID, None)], [])
    assert booked(house.payee) == RENT


def test_the_same_id_with_the_same_content_is_the_same_order_even_after_a_change(house: House) -> None:
    order = house.give(Timetable(TODAY, count=9))
    payments.change_standing_order(
        standing_order_id=order.id, customer_id=house.tenant.id, amount=Money(1, EGP), note="", until=None, count=5,
        clock=house.town.clock,
    )  # fmt: skip
    assert house.give(Timetable(TODAY, count=9), id_=order.id) == house.now(order)
    for timetable, amount in ((Timetable(TODAY, count=8), RENT), (Timetable(TODAY, count=9), RENT + 1)):
        with pytest.raises(payments.StandingOrderIdTaken):
            house.give(timetable, id_=order.id, amount=amount)
    assert deeds(order) == ["changed", "given"]


def test_bad_input_is_refused_and_nothing_is_kept(house: House) -> None:
    cases: tuple[tuple[Callable[[], object], type[Exception]], ...] = (
        (lambda: house.give(Timetable(date(2026, 2, 28))), payments.InvalidTimetable),
        (lambda: house.give(amount=0), payments.AmountNotPositive),
        (lambda: house.give(to=Alias(AliasKind.NUMBER, "12345")), payments.RecipientUnknown),
        (
            lambda: house.give(to=Alias(AliasKind.NUMBER, house.payer.alias(AliasKind.NUMBER) or "")),
            payments.SelfTransfer,
        ),
        (
            lambda: payments.give_standing_order(
                id=new_id(), actor_customer_id=house.landlady.id, from_account_id=house.payer.id, to=house.to,
                amount=Money(1, EGP), timetable=Timetable(TODAY), clock=house.town.clock,
            ),
            banking.AccountUnknown,
        ),
        (
            lambda: payments.give_standing_order(
                id=new_id(), actor_customer_id=house.tenant.id, from_account_id=house.payer.id, to=house.to,
                amount=Money(1, currency("USD")), timetable=Timetable(TODAY), clock=house.town.clock,
            ),
            CurrencyMismatch,
        ),
    )  # fmt: skip
    for wrong, error in cases:
        with pytest.raises(error):
            wrong()
    assert payments.standing_orders(house.tenant.id, ended=True).orders == ()


def test_nobody_has_more_than_the_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert OPEN_MAX > 2
    monkeypatch.setattr("raseed.payments.standing.services.OPEN_MAX", 2)
    orders = [house.give() for _ in range(2)]
    with pytest.raises(payments.TooManyStandingOrders):
        house.give()
    house.deed("end", orders[0])
    house.give()


def test_a_pause_pays_nothing_and_is_not_made_up_for(house: House) -> None:
    order = house.give(Timetable(date(2026, 3, 2), unit=Unit.WEEKS))
    house.run(date(2026, 3, 2))
    assert house.deed("pause", order).try_on is None
    assert house.deed("pause", order).state is StandingState.PAUSED
    assert house.run(date(2026, 3, 20)) == 0
    resumed = house.deed("resume", order)
    assert (resumed.state, resumed.next_number, resumed.try_on) == (StandingState.ACTIVE, 4, date(2026, 3, 23))
    house.run(date(2026, 3, 23))
    assert booked(house.payee) == 2 * RENT
    assert deeds(order) == ["given", "paused", "resumed"]


def test_an_order_resumed_after_its_end_has_ended(house: House) -> None:
    order = house.give(Timetable(date(2026, 3, 2), until=date(2026, 4, 2)))
    house.deed("pause", order)
    house.town.until(date(2026, 5, 1))
    assert house.deed("resume", order).state is StandingState.ENDED
    for verb in ("pause", "resume"):
        with pytest.raises(payments.StandingOrderEnded):
            house.deed(verb, order)


def test_an_end_is_the_end_and_only_who_may_pay_from_the_account_sees_or_touches_it(house: House) -> None:
    order = house.give()
    with pytest.raises(payments.StandingOrderUnknown):
        payments.standing_order(order.id, customer_id=house.landlady.id)
    for verb in ("pause", "resume", "end"):
        with pytest.raises(payments.StandingOrderUnknown):
            house.deed(verb, order, by=house.landlady.id)
    assert payments.standing_orders(house.landlady.id).orders == ()
    assert house.deed("end", order).ended_by == f"customer:{house.tenant.id}"
    assert house.deed("end", order).state is StandingState.ENDED
    assert house.run() == 0
    assert (booked(house.payee), payments.next_dates(order.id)) == (0, ())
    assert payments.standing_orders(house.tenant.id).orders == ()
    assert [each.id for each in payments.standing_orders(house.tenant.id, ended=True).orders] == [order.id]


def test_a_change_holds_from_the_next_payment_on(house: House) -> None:
    order = house.give()
    house.run()
    changed = payments.change_standing_order(
        standing_order_id=order.id, customer_id=house.tenant.id, amount=Money(7_000, EGP), note="أجرة", until=None,
        count=2, clock=house.town.clock,
    )  # fmt: skip
    assert (changed.amount.amount_minor, changed.note, changed.timetable.count) == (7_000, "أجرة", 2)
    with pytest.raises(payments.InvalidTimetable):
        payments.change_standing_order(
            standing_order_id=order.id, customer_id=house.tenant.id, amount=Money(7_000, EGP), note="", until=None,
            count=1, clock=house.town.clock,
        )  # fmt: skip
    house.run(date(2026, 4, 1))
    assert booked(house.payee) == RENT + 7_000
    assert house.now(order).state is StandingState.ENDED


def test_who_lost_the_right_to_pay_from_the_account_pays_nothing_more(house: House) -> None:
    staff = house.town.staff("banking.accounts.open")
    banking.give_right(
        account_id=house.payer.id, customer_id=house.landlady.id, right=banking.AccountRight.MAY_PAY, by=staff,
        reason="asked for", clock=house.town.clock,
    )  # fmt: skip
    order = payments.give_standing_order(
        id=new_id(), actor_customer_id=house.landlady.id, from_account_id=house.payer.id, to=house.to,
        amount=Money(RENT, EGP), timetable=Timetable(TODAY), clock=house.town.clock,
    )  # fmt: skip
    assert [each.id for each in payments.standing_orders(house.tenant.id).orders] == [order.id]
    banking.end_right(
        account_id=house.payer.id, customer_id=house.landlady.id, by=staff, reason="asked for", clock=house.town.clock
    )
    house.run()
    assert house.runs(order) == [(1, RunOutcome.SKIPPED, "account_unknown")]
    assert booked(house.payee) == 0


def test_a_recipient_at_another_institution_waits_for_the_switch_and_wakes_when_there_is_a_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    abroad = Alias(AliasKind.IBAN, "IL620108000000099999999")
    order = house.give(Timetable(date(2026, 3, 2)), to=abroad)
    assert (order.state, order.try_on) == (StandingState.WAITING, None)
    assert house.run(date(2026, 3, 20)) == 0
    assert payments.wake_waiting_orders(clock=house.town.clock) == 0

    class Way:
        code = "way"

        def find(self, orders: object) -> list[object]:
            return [
                payments.Destination("way", house.payee.id, house.town.bank, house.landlady.id)
                if to == abroad
                else None
                for _, to in orders  # type: ignore[attr-defined]
            ]

    monkeypatch.setattr(routes, "_routes", [*routes._routes, Way()])
    assert payments.wake_waiting_orders(clock=house.town.clock) == 1
    woken = house.now(order)
    assert (woken.state, woken.next_number, woken.try_on) == (StandingState.ACTIVE, 2, date(2026, 4, 2))
    house.run(date(2026, 4, 2))
    assert booked(house.payee) == RENT


def test_a_loan_is_paid_what_is_owed_and_no_more_and_the_order_ends_with_it(house: House) -> None:
    it = house.town.loan(house.payer, 12_000, LoanTerms(0, 2, date(2026, 4, 1)))
    order = house.give(to=Alias(AliasKind.NUMBER, it.number))
    for month in (3, 4, 5, 6):
        house.run(date(2026, month, 2))
    assert booked(it.account) == 0
    assert house.runs(order) == [(number, RunOutcome.PAID, None) for number in (1, 2, 3)]
    ended = house.now(order)
    assert (ended.state, ended.refusal and ended.refusal.code) == (StandingState.ENDED, "standing_loan_is_repaid")


@pytest.mark.parametrize(("money", "paid"), [(20_000, 4_000 + 400), (4_200, 4_000)])
def test_an_order_to_ones_own_loan_pays_its_late_penalty_too_where_there_is_enough_for_both(
    house: House, money: int, paid: int
) -> None:
    rule = banking.PenaltyRule(banking.PenaltyKind.FIXED_A_DAY, amount_minor=100)
    loan = house.town.product(banking.ProductKind.LOAN)
    banking.set_loan_penalty_rule(loan.id, rule, valid_from=TODAY, by=SYSTEM, reason="planted", clock=house.town.clock)
    it = house.town.loan(house.payer, 12_000, LoanTerms(0, 3, date(2026, 4, 1)))
    house.town.book(house.payer, money - booked(house.payer))
    house.give(Timetable(date(2026, 4, 5), count=1), amount=4_000, to=Alias(AliasKind.NUMBER, it.number))
    house.town.until(date(2026, 4, 4))
    banking.charge_loan_penalties(clock=house.town.clock)
    house.run(date(2026, 4, 5))
    banking.charge_loan_penalties(clock=house.town.clock)
    stands = banking.loan(it.account.id, clock=house.town.clock)
    assert (stands.repaid.amount_minor, stands.due.amount_minor) == (paid, 4_000 + 400 - paid)


def test_two_workers_at_once_pay_each_date_once(house: House) -> None:
    orders = [house.give(amount=100) for _ in range(30)]
    at_once([house.run for _ in range(3)])
    while house.run():
        pass
    assert booked(house.payee) == 100 * len(orders)
    assert all(house.runs(order) == [(1, RunOutcome.PAID, None)] for order in orders)


def test_pausing_and_running_at_once_end_in_one_of_the_two_orders(house: House) -> None:
    orders = [house.give(amount=100) for _ in range(20)]
    at_once([house.run, *(lambda order=order: house.deed("pause", order) for order in orders[:4])])
    while house.run():
        pass
    for order in orders[:4]:
        now = house.now(order)
        assert now.state is StandingState.PAUSED
        assert house.runs(order) in ([], [(1, RunOutcome.PAID, None)])
    assert booked(house.payee) == 100 * sum(len(house.runs(order)) for order in orders)


def test_a_payment_that_somebody_made_under_a_run_s_id_is_not_taken_for_it(house: House) -> None:
    order = house.give()
    payments.send(
        id=run_payment_id(order.id, TODAY, 0), actor_customer_id=house.tenant.id, from_account_id=house.payer.id,
        to=house.to, amount=Money(1, EGP), clock=house.town.clock,
    )  # fmt: skip
    assert house.run() == 1
    assert house.runs(order) == [(1, RunOutcome.SKIPPED, "payment_id_taken")]


def test_staff_see_an_account_s_orders_where_they_may(house: House) -> None:
    order = house.give()
    staff = house.town.staff("payments.orders.view")
    assert [each.id for each in payments.standing_orders_about(house.payer.id, by=staff).orders] == [order.id]
    with pytest.raises(NotPermitted):
        payments.standing_orders_about(
            house.payer.id, by=house.town.staff("payments.orders.view", at=house.town.other_bank)
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_standing SET to_value = '9'",
        "UPDATE payments_standing SET first_on = first_on + 1",
        "UPDATE payments_standing SET next_number = 1, next_planned_on = '2026-03-01'",
        "DELETE FROM payments_standing",
        "UPDATE payments_standing_run SET outcome = 'skipped', refused_code = 'x'",
        "DELETE FROM payments_standing_run",
        "UPDATE payments_standing SET try_on = NULL",
    ],
)
def test_the_database_holds_what_was_given_and_what_was_run(house: House, change: str) -> None:
    house.give()
    house.run()
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(change)

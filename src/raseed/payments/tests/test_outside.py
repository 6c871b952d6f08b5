"""What goes outside: held, asked, posted or let go; what is unknown stays so until it is known; the money once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import FeeEvent, ProductKind
from raseed.banking.tests.town import build_town, by_owner
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.api import Breaker, LaneTerms, PaymentState
from raseed.people import api as people
from raseed_testing import Database

from .outside import EGP, Biller, NoSuchBill, Route, World, change, registered

A = "biller:a"
SEE = "payments.view"
PROPOSE = "payments.outcome.propose"
CONFIRM = "payments.outcome.confirm"
EDIT = "payments.lanes.edit"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    biller = Biller()
    with registered(Route(biller)):
        yield World(build_town(), biller, database)


def carry(world: World) -> int:
    return payments.carry_due(clock=world.town.clock)


def states(world: World, payment: payments.Payment) -> list[str]:
    return [step.state.value for step in world.now(payment).timeline]


def event_names() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM platform_event WHERE name LIKE 'payments.%%' ORDER BY position")
        return [name for (name,) in cursor.fetchall()]


def test_held_then_asked_then_posted(world: World) -> None:
    payment = world.pay()
    assert (payment.state, payment.is_open, payment.refusal) == (PaymentState.HELD, True, None)
    assert (world.balances(), world.held()) == ((100_000, 0), 1_000)
    assert world.biller.heard == []
    assert carry(world) == 1
    assert (world.state(payment), world.order_state(payment)) == (PaymentState.SETTLED, "paid")
    assert states(world, payment) == ["accepted", "held", "sent", "settled"]
    assert (world.balances(), world.held()) == ((99_000, 1_000), 0)
    assert world.biller.asked(payment.id) == ["pay"]
    assert carry(world) == 0
    assert event_names() == ["payments.settled_outside"]


def test_a_definite_no_gives_the_money_the_limit_and_the_bill_back(world: World) -> None:
    world.biller.moods[A] = "no"
    payment = world.pay(amount_minor=90_000)
    left = banking.left_today(world.payer.id, now=world.town.clock.now())[1]
    assert left == Money(160_000, EGP)
    carry(world)
    now = world.now(payment)
    assert (now.state, world.order_state(payment)) == (PaymentState.RETURNED, "let_go")
    assert isinstance(now.refusal, NoSuchBill)
    assert payments.step_words(now.timeline[-1], "en").endswith("There is no such bill (7).")
    assert (world.balances(), world.held()) == ((100_000, 0), 0)
    assert banking.left_today(world.payer.id, now=world.town.clock.now())[1] == Money(250_000, EGP)
    assert event_names() == ["payments.returned"]


def test_a_no_of_yesterday_leaves_todays_limit_alone(world: World) -> None:
    world.biller.moods[A] = "pending"
    world.pay(amount_minor=90_000)
    carry(world)
    world.town.clock.advance(timedelta(hours=20))
    world.biller.moods["biller:b"] = "pending"
    world.pay("biller:b", amount_minor=1_000)
    world.biller.moods[A] = "no"
    carry(world)
    assert banking.left_today(world.payer.id, now=world.town.clock.now())[1] == Money(249_000, EGP)


def test_a_lost_answer_is_unknown_and_then_found_out_without_paying_again(world: World) -> None:
    world.biller.moods[A] = "lose"
    payment = world.pay()
    carry(world)
    now = world.now(payment)
    assert (now.state, now.refusal, world.held()) == (PaymentState.UNKNOWN, None, 1_000)
    assert "no answer yet" in payments.step_words(now.timeline[-1], "en")
    world.town.clock.advance(timedelta(seconds=2))
    carry(world)
    assert world.state(payment) is PaymentState.SETTLED
    assert world.biller.asked(payment.id) == ["pay", "status"]
    assert world.balances() == (99_000, 1_000)


def test_what_was_never_seen_there_is_sent_once_more_under_the_same_id(world: World) -> None:
    world.biller.moods[A] = "broken"
    payment = world.pay()
    carry(world)
    world.biller.moods[A] = "yes"
    world.town.clock.advance(timedelta(seconds=2))
    carry(world)
    assert world.state(payment) is PaymentState.SETTLED
    assert world.biller.asked(payment.id) == ["pay", "status", "pay"]
    assert world.biller.ids_heard() == {payment.id.hex}
    staff = world.town.staff(SEE)
    attempts = payments.attempts_of(payment.id, by=staff)
    assert [(each.number, each.asked.value, each.answer, each.code) for each in attempts] == [
        (1, "ask", "unknown", "ConnectionError"),
        (2, "ask_after_all", "yes", ""),
    ]


def test_unknown_is_asked_about_with_growing_pauses_for_a_day_and_then_referred(world: World) -> None:
    world.biller.moods[A] = "pending"
    payment = world.pay()
    began = world.town.clock.now()
    asked_at = []
    for _ in range(400):
        if carry(world):
            asked_at.append(world.town.clock.now() - began)
        if world.state(payment) is PaymentState.REFERRED:
            break
        (waiting,) = payments.payments_open(world.town.bank, by=world.town.staff(SEE)).payments
        assert waiting.due_at is not None
        world.town.clock.advance(waiting.due_at - world.town.clock.now())
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert [pause.total_seconds() for pause in pauses[:5]] == [2, 4, 8, 16, 32]
    assert max(pauses) == timedelta(minutes=15)
    assert asked_at[-1] == timedelta(hours=24)
    assert len(asked_at) < 120
    assert states(world, payment) == ["accepted", "held", "sent", "unknown", "referred"]
    assert (world.held(), world.biller.asked(payment.id).count("pay")) == (1_000, 1)
    assert event_names() == ["payments.referred"]
    world.town.clock.advance(timedelta(days=30))
    assert carry(world) == 0


def test_rubbish_hanging_and_errors_are_unknown_never_failed(world: World) -> None:
    for place, mood in enumerate(("rubbish", "hang", "broken")):
        lane = f"biller:{mood}"
        world.biller.moods[lane] = mood
        payment = world.pay(lane)
        payments.set_lane_terms(
            lane, terms=LaneTerms(deadline_ms=50), by=world.town.staff(EDIT), reason="test", clock=world.town.clock
        )
        carry(world)
        assert world.state(payment) is PaymentState.UNKNOWN
        assert world.held() == 1_000 * (place + 1)
    codes = {
        each.lane: each.last_code for each in payments.payments_open(world.town.bank, by=world.town.staff(SEE)).payments
    }
    assert codes == {"biller:rubbish": "no_answer", "biller:hang": "timed_out", "biller:broken": "ConnectionError"}


@pytest.mark.parametrize(("outcome", "balances"), [("settled", (99_000, 1_000)), ("returned", (100_000, 0))])
def test_two_persons_decide_what_nobody_answers_for(world: World, outcome: str, balances: tuple[int, int]) -> None:
    payment = refer(world)
    proposer, confirmer = world.town.staff(PROPOSE), world.town.staff(CONFIRM)
    wanted = PaymentState(outcome)
    change = payments.propose_outcome(
        id=new_id(), payment_id=payment.id, outcome=wanted, reason="their books say so", by=proposer, reference="T-7",
        clock=world.town.clock,
    )  # fmt: skip
    lines = people.describe_change(change, "en") if hasattr(people, "describe_change") else []
    assert not lines or lines[0].before == "Before a person"
    with pytest.raises(people.SecondPersonNeeded):
        people.confirm_change(
            change.id, by=people.Author(proposer.actor, {world.town.bank: frozenset({CONFIRM})}), clock=world.town.clock
        )
    people.confirm_change(change.id, by=confirmer, clock=world.town.clock)
    assert (world.state(payment), world.balances(), world.held()) == (wanted, balances, 0)
    assert world.order_state(payment) == {"settled": "paid", "returned": "let_go"}[outcome]
    with pytest.raises(payments.OutcomeNotOpen):
        payments.propose_outcome(
            id=new_id(), payment_id=payment.id, outcome=wanted, reason="again", by=proposer, clock=world.town.clock
        )


def test_only_who_may_proposes_and_only_what_is_unknown_is_decided(world: World) -> None:
    payment = world.pay()
    ask = {
        "payment_id": payment.id,
        "outcome": PaymentState.SETTLED,
        "reason": "they say so",
        "clock": world.town.clock,
    }
    with pytest.raises(payments.OutcomeNotOpen):
        payments.propose_outcome(id=new_id(), by=world.town.staff(PROPOSE), **ask)  # type: ignore[arg-type]
    with pytest.raises(people.NotPermitted):
        payments.propose_outcome(id=new_id(), by=world.town.staff(SEE), **ask)  # type: ignore[arg-type]
    with pytest.raises(payments.PaymentUnknown):
        payments.propose_outcome(id=new_id(), by=world.town.staff(PROPOSE), **(ask | {"payment_id": new_id()}))  # type: ignore[arg-type]


def test_an_answer_from_outside_overtakes_a_proposal(world: World) -> None:
    world.biller.moods[A] = "lose"
    payment = world.pay()
    carry(world)
    change = payments.propose_outcome(
        id=new_id(), payment_id=payment.id, outcome=PaymentState.RETURNED, reason="they say so",
        by=world.town.staff(PROPOSE), clock=world.town.clock,
    )  # fmt: skip
    world.town.clock.advance(timedelta(seconds=2))
    carry(world)
    with pytest.raises(people.ChangeOutdated):
        people.confirm_change(change.id, by=world.town.staff(CONFIRM), clock=world.town.clock)
    assert (world.state(payment), world.balances()) == (PaymentState.SETTLED, (99_000, 1_000))


def test_a_fee_is_held_and_goes_with_the_payment(world: World) -> None:
    product = world.town.product(ProductKind.WALLET)
    banking.set_fee(
        product_id=product.id, event=FeeEvent.TRANSFER_ON_US, amount_minor=50, valid_from=date(2026, 1, 1),
        actor="staff:1", reason="test", clock=world.town.clock,
    )  # fmt: skip
    payment = world.pay()
    assert (payment.fee, world.held()) == (Money(50, EGP), 1_050)
    carry(world)
    assert (world.balances(), world.fees(), world.held()) == ((98_950, 1_000), 50, 0)
    lines = banking.statement(world.payer.id, language="en").lines
    assert [(line.counterparty, line.amount.amount_minor) for line in lines[:2]] == [
        ("Fee", -50),
        ("The electricity", -1_000),
    ]
    assert {line.payment_id for line in lines[:2]} == {payment.id}
    world.biller.moods[A] = "no"
    world.pay()
    carry(world)
    assert (world.balances(), world.fees(), world.held()) == ((98_950, 1_000), 50, 0)


def test_the_payer_reads_the_billers_name_and_the_biller_the_payers(world: World) -> None:
    payment = world.pay()
    carry(world)
    settled = world.now(payment)
    for customer, language, expected in (
        (world.payer.owner_id, "ar", "شركة الكهرباء"),
        (world.payer.owner_id, "en", "The electricity"),
        (world.collects.owner_id, "ar", "منى"),
    ):
        assert payments.counterparties([settled], customer_id=customer, language=language) == {payment.id: expected}
    (line,) = banking.statement(world.collects.id, language="ar").lines
    assert line.counterparty == "منى"


def test_a_route_that_refuses_to_reserve_refuses_the_payment_and_keeps_nothing(world: World) -> None:
    id_ = world.order()
    first = world.pay(id_=id_)
    assert first.state is PaymentState.HELD
    taken, fresh, poor = world.order(), world.order(), world.order()
    change([taken], "open", "paid")
    batch = [world.instruction(taken), world.instruction(fresh), world.instruction(poor, 99_500)]
    answers = payments.send_many(batch, clock=world.town.clock)
    assert [answer.state.value for answer in answers] == ["refused", "held", "refused"]
    assert [answer.timeline[-1].reason_code for answer in answers] == ["test_no_such_bill", None, "not_enough_money"]
    assert [world.order_state(answer) for answer in answers] == ["paid", "reserved", "open"]
    assert world.held() == 2_000


def test_the_same_id_again_is_the_same_payment_and_another_bill_under_it_is_refused(world: World) -> None:
    id_ = world.order()
    first = world.pay(id_=id_)
    assert world.pay(id_=id_) == first
    carry(world)
    assert world.pay(id_=id_).state is PaymentState.SETTLED
    with pytest.raises(payments.PaymentIdTaken):
        world.pay(id_=id_, amount_minor=2_000)
    other = world.instruction(world.order())
    with pytest.raises(banking.InvalidAlias):
        payments.send_many(
            [payments.Instruction(new_id(), other.actor_customer_id, other.from_account_id, other.to, other.amount)]
        )
    assert world.biller.asked(id_) == ["pay"]


def test_a_closed_lane_refuses_gives_back_what_is_held_and_still_asks_about_what_has_left(world: World) -> None:
    world.biller.moods[A] = "lose"
    left = world.pay()
    carry(world)
    waits = world.pay()
    lane = payments.close_lane(A, by=world.town.staff(EDIT), reason="they are bankrupt", clock=world.town.clock)
    assert (lane.closed, lane.held, lane.unknown) == (True, 1, 1)
    refused = world.pay()
    assert isinstance(refused.refusal, payments.LaneClosed)
    one = world.instruction(world.order())
    with pytest.raises(payments.LaneClosed):
        payments.preview(
            actor_customer_id=one.actor_customer_id, from_account_id=one.from_account_id, to=one.to, amount=one.amount,
            clock=world.town.clock,
        )  # fmt: skip
    world.town.clock.advance(timedelta(seconds=2))
    carry(world)
    assert (world.state(left), world.state(waits)) == (PaymentState.SETTLED, PaymentState.RETURNED)
    assert isinstance(world.now(waits).refusal, payments.LaneClosed)
    assert (world.balances(), world.held()) == ((99_000, 1_000), 0)
    payments.open_lane(A, by=world.town.staff(EDIT), reason="they are back", clock=world.town.clock)
    assert world.pay().state is PaymentState.HELD
    with pytest.raises(people.NotPermitted):
        payments.close_lane(A, by=world.town.staff(SEE), reason="no right", clock=world.town.clock)
    with pytest.raises(payments.LaneUnknown):
        payments.close_lane("biller:none", by=people.SYSTEM, reason="no such", clock=world.town.clock)


def test_the_payer_takes_back_what_has_not_left_and_nothing_else(world: World) -> None:
    payment = world.pay()
    back = payments.withdraw_payment(
        payment_id=payment.id, actor_customer_id=world.payer.owner_id, clock=world.town.clock
    )
    assert isinstance(back.refusal, payments.Withdrawn)
    again = payments.withdraw_payment(
        payment_id=payment.id, actor_customer_id=world.payer.owner_id, clock=world.town.clock
    )
    assert again == back
    assert (world.held(), carry(world), world.biller.heard) == (0, 0, [])
    gone = world.pay()
    carry(world)
    with pytest.raises(payments.OnItsWay):
        payments.withdraw_payment(payment_id=gone.id, actor_customer_id=world.payer.owner_id, clock=world.town.clock)
    with pytest.raises(payments.PaymentUnknown):
        payments.withdraw_payment(payment_id=new_id(), actor_customer_id=world.payer.owner_id, clock=world.town.clock)


def test_a_breaker_opens_half_opens_and_closes_and_the_rest_waits(world: World) -> None:
    world.biller.moods[A] = "broken"
    for _ in range(5):
        world.pay()
    carry(world)
    assert lane_of(world).breaker is Breaker.OPEN
    waits = [world.pay() for _ in range(3)]
    world.biller.heard.clear()
    carry(world)
    assert world.biller.heard == []
    assert {world.state(each) for each in waits} == {PaymentState.HELD}
    world.town.clock.advance(timedelta(seconds=5))
    assert lane_of(world).breaker is Breaker.HALF_OPEN
    assert carry(world) == 1
    assert (lane_of(world).breaker, len(world.biller.ids_heard())) == (Breaker.OPEN, 1)
    world.town.clock.advance(timedelta(seconds=9))
    assert carry(world) == 0
    world.biller.moods[A] = "yes"
    world.town.clock.advance(timedelta(minutes=1))
    carry(world)
    assert lane_of(world).breaker is Breaker.CLOSED
    for _ in range(10):
        world.town.clock.advance(timedelta(minutes=15))
        carry(world)
    assert {world.state(each) for each in waits} == {PaymentState.SETTLED}
    assert world.balances() == (92_000, 8_000)


def test_a_lane_that_is_well_but_undecided_keeps_its_breaker_closed(world: World) -> None:
    world.biller.moods[A] = "pending"
    for _ in range(8):
        world.pay()
    carry(world)
    assert (lane_of(world).breaker, lane_of(world).unknown) == (Breaker.CLOSED, 8)


def test_what_can_not_leave_for_a_day_is_given_back(world: World) -> None:
    world.biller.moods[A] = "broken"
    for _ in range(5):
        world.pay()
    carry(world)
    waits = world.pay()
    world.town.clock.advance(timedelta(hours=24))
    carry(world)
    assert isinstance(world.now(waits).refusal, payments.NotReached)


def test_staff_see_what_is_open_the_worst_first_page_by_page(world: World) -> None:
    referred = refer(world)
    world.biller.moods["biller:b"] = "pending"
    unknown = world.pay("biller:b")
    carry(world)
    held = [world.pay("biller:c") for _ in range(2)]
    see = world.town.staff(SEE)
    found, before = [], None
    for _ in range(4):
        page = payments.payments_open(world.town.bank, by=see, before=before, limit=1)
        found += [each.payment.id for each in page.payments]
        before = page.next
    assert (found, before) == ([referred.id, unknown.id, *(each.id for each in held)], None)
    only = payments.payments_open(world.town.bank, by=see, state=PaymentState.HELD, lane="biller:c").payments
    assert [each.payment.id for each in only] == [each.id for each in held]
    lanes = {each.code: each for each in payments.lanes(world.town.bank, by=see, clock=world.town.clock)}
    assert (lanes[A].referred, lanes["biller:b"].unknown, lanes["biller:c"].held) == (1, 1, 2)
    for call in (payments.payments_open, payments.lanes):
        with pytest.raises(people.NotPermitted):
            call(world.town.bank, by=by_owner(people.customer(world.payer.owner_id)))


def test_the_database_refuses_illegal_steps_and_money_held_for_nobody(world: World, database: Database) -> None:
    payment = world.pay()
    for wrong in (
        f"UPDATE payments_payment SET state = 'settled' WHERE id = '{payment.id}'",
        f"UPDATE payments_payment SET state = 'accepted' WHERE id = '{payment.id}'",
        f"DELETE FROM payments_errand WHERE payment_id = '{payment.id}'",
        f"UPDATE payments_errand SET state = 'sent', attempt = 1, first_sent_at = now() WHERE payment_id = '{payment.id}'",
        f"UPDATE payments_errand SET due_at = NULL WHERE payment_id = '{payment.id}'",
        f"INSERT INTO payments_step VALUES ('{payment.id}', 3, now(), 'settled', NULL, NULL)",
    ):
        with psycopg.connect(database.owner_dsn, autocommit=True) as other, pytest.raises(psycopg.Error):
            other.execute(wrong.encode())
    carry(world)
    for wrong in ("UPDATE payments_attempt SET answer = 'no'", "DELETE FROM payments_attempt"):
        with psycopg.connect(database.owner_dsn) as other, pytest.raises(psycopg.Error):
            other.execute(wrong.encode())


def refer(world: World) -> payments.Payment:
    """Return a payment that is before a person."""
    world.biller.moods[A] = "pending"
    payment = world.pay()
    carry(world)
    world.town.clock.advance(timedelta(days=1))
    carry(world)
    assert world.state(payment) is PaymentState.REFERRED
    return payment


def lane_of(world: World, code: str = A) -> payments.Lane:
    (found,) = [
        each
        for each in payments.lanes(world.town.bank, by=world.town.staff(SEE), clock=world.town.clock)
        if each.code == code
    ]
    return found

"""What the other side says after the end: kept for persons where it is the opposite, and nothing is booked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from raseed.banking.tests.town import build_town
from raseed.payments import api as payments
from raseed.payments.api import Errand, No, Payment, PaymentState, Yes
from raseed.payments.models import ContradictionRow
from raseed.payments.outside import concluding
from raseed.payments.outside.domain import Asked, Claim, Heard
from raseed.people import api as people
from raseed.platform.models import EventRow
from raseed_testing import Database

from .outside import Biller, Route, World, registered

A = "biller:a"
NO = No("test_no_such_bill")
NOBODY = people.Author("staff:x", {})


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    biller = Biller()
    with registered(Route(biller)):
        yield World(build_town(), biller, database, money=1_000_000)


def hear(world: World, payment: Payment, *answers: payments.Answer) -> None:
    """Let answers to one attempt be concluded, at once."""
    now = world.town.clock.now()
    errand = Errand(payment.id, A, payment.amount, 1, now)
    claim = Claim(errand, Route.code, True, timedelta(seconds=10), 32)
    heard = [Heard(claim, Asked.ASK, answer, now, 1) for answer in answers]
    concluding.conclude(heard, clock=world.town.clock)


def told(world: World, *, closed: bool = False) -> list[tuple[str, str]]:
    page = payments.contradictions(world.town.bank, by=people.SYSTEM, closed=closed)
    return [(each.kind.value, each.reference or each.code) for each in page.contradictions]


def given_back(world: World) -> Payment:
    world.biller.moods[A] = "no"
    payment = world.pay()
    payments.carry_due(clock=world.town.clock)
    assert world.state(payment) is PaymentState.RETURNED
    return payment


def test_a_yes_after_the_money_was_given_back_is_kept_told_once_and_books_nothing(world: World) -> None:
    payment = given_back(world)
    before = (world.balances(), world.held())
    hear(world, payment, Yes("R-7"))
    hear(world, payment, Yes("R-7"))
    assert told(world) == [("taken_after_return", "R-7")]
    (event,) = EventRow.objects.filter(name="payments.contradicted")
    assert event.payload == {"payment_id": str(payment.id), "lane": A, "kind": "taken_after_return"}
    assert event.institution_id == world.town.bank
    assert (world.balances(), world.held()) == before
    assert world.state(payment) is PaymentState.RETURNED


def test_a_no_after_it_was_paid_is_kept_and_the_same_answer_again_is_not(world: World) -> None:
    payment = world.pay()
    payments.carry_due(clock=world.town.clock)
    assert world.state(payment) is PaymentState.SETTLED
    hear(world, payment, Yes("R-1"), Yes("R-2"))
    assert told(world) == []
    hear(world, payment, NO)
    assert told(world) == [("not_taken_after_settling", NO.code)]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [((NO, Yes("R-9")), "taken_after_return"), ((Yes("R-9"), NO), "not_taken_after_settling")],
)
def test_answers_of_one_batch_that_contradict_each_other_are_seen_too(
    world: World, answers: tuple[payments.Answer, ...], kind: str
) -> None:
    world.biller.moods[A] = "pending"
    payment = world.pay()
    payments.carry_due(clock=world.town.clock)
    hear(world, payment, *answers)
    assert [each for each, _ in told(world)] == [kind]


def test_whoever_deals_with_it_says_how_and_it_leaves_the_list(world: World) -> None:
    payment = given_back(world)
    hear(world, payment, Yes("R-7"))
    with pytest.raises(people.NotPermitted):
        payments.close_contradictions(payment.id, by=NOBODY, reason="I called them")
    with pytest.raises(people.NotPermitted):
        payments.contradictions(world.town.bank, by=NOBODY)
    payments.close_contradictions(
        payment.id, by=people.SYSTEM, reason="they gave it back to us", clock=world.town.clock
    )
    assert told(world) == []
    assert told(world, closed=True) == [("taken_after_return", "R-7")]
    (kept,) = payments.contradictions_of(payment.id, by=people.SYSTEM)
    assert (kept.closed_by, kept.closing_reason) == (people.SYSTEM.actor, "they gave it back to us")
    with pytest.raises(payments.ContradictionClosed):
        payments.close_contradictions(payment.id, by=people.SYSTEM, reason="once more")
    with pytest.raises(payments.ContradictionUnknown):
        payments.close_contradictions(world.pay().id, by=people.SYSTEM, reason="nothing there")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_contradiction SET reference = 'other'",
        "DELETE FROM payments_contradiction",
        "TRUNCATE payments_contradiction",
        "UPDATE payments_contradiction SET closed_at = now()",
    ],
)
def test_nobody_changes_what_was_answered_by_sql(world: World, statement: str) -> None:
    payment = given_back(world)
    hear(world, payment, Yes("R-7"))
    with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert ContradictionRow.objects.get().reference == "R-7"

"""The story of a payment in words is what its timeline says, and what happens next is what payments will do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from raseed.banking.api import Alias, AliasKind
from raseed.banking.tests.town import build_town
from raseed.care import api as care
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.tests.outside import EGP, Biller, Route, World, registered
from raseed.people import api as people
from raseed_testing import Database

from .test_balances import card, recheck

A = "biller:a"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    biller = Biller()
    with registered(Route(biller)):
        yield World(build_town(), biller, database)


@pytest.fixture
def mona(world: World) -> people.Customer:
    return people.customer(world.payer.owner_id)


def carry(world: World) -> None:
    payments.carry_due(clock=world.town.clock)


def paid(world: World, mona: people.Customer, language: str = "en") -> care.Fact:
    (fact,) = card(world.town, mona, "payments", language=language, reply_language=language).facts
    return fact


def test_a_payment_that_settled_tells_its_steps_with_their_times(world: World, mona: people.Customer) -> None:
    payment = world.pay()
    carry(world)
    fact = paid(world, mona)
    assert fact.words == "EGP\u00a010.00 to The electricity: Arrived"
    assert [(each.words, each.ahead) for each in fact.steps] == [
        ("sent to The electricity", False),
        ("arrived", False),
    ]
    assert all(each.at for each in fact.steps)
    reference = payments.reference_of(payment.id)
    assert fact.reply == (
        f"Your payment of EGP\u00a010.00 to The electricity (reference {reference}): "
        "sent to The electricity 14:00; arrived 14:00."
    )
    assert (fact.look, fact.link) == ("good", f"payment:{payment.id}")


def test_a_payment_without_an_answer_says_when_it_is_asked_again_and_when_a_person_gets_it(
    world: World, mona: people.Customer
) -> None:
    world.biller.moods[A] = "hang"
    payment = world.pay()
    payments.set_lane_terms(
        A, terms=payments.LaneTerms(deadline_ms=50, first_pause_s=360, longest_pause_s=360, unknown_max_s=1_980),
        by=people.SYSTEM, reason="a test", clock=world.town.clock,
    )  # fmt: skip
    world.town.clock.advance(timedelta(minutes=3))
    carry(world)
    fact = paid(world, mona)
    words = [each.words for each in fact.steps]
    assert words == [
        "sent to The electricity", "no answer yet", "will be asked again 14:09", "goes to a person 14:36 if nobody has answered",
    ]  # fmt: skip
    assert [each.ahead for each in fact.steps] == [False, False, True, True]
    assert (
        "sent to The electricity 14:03; no answer yet 14:03; will be asked again 14:09; goes to a person 14:36"
        in fact.reply
    )
    recheck(world.town, mona, fact)
    world.town.clock.advance(
        timedelta(minutes=5, seconds=30)
    )  # half a minute before it is asked again, what was said is true
    soon = paid(world, mona)
    assert "is being asked again in a moment" in [each.words for each in soon.steps]
    recheck(world.town, mona, fact)
    world.town.clock.advance(timedelta(minutes=2))
    carry(world)
    with pytest.raises(care.FactChanged) as refused:
        recheck(world.town, mona, fact)
    (changed,) = refused.value.changed
    assert changed.now is not None
    assert "payment" in changed.ref.key
    assert str(payment.id) in changed.ref.key


def test_held_money_says_since_when_for_whom_and_when_it_comes_free_by_itself(
    world: World, mona: people.Customer
) -> None:
    world.pay()
    payments.set_lane_terms(
        A, terms=payments.LaneTerms(held_max_s=1_800), by=people.SYSTEM, reason="a test", clock=world.town.clock
    )
    (held,) = card(world.town, mona, "holds", reply_language="en").facts
    assert held.words == "EGP\u00a010.00 held since 14:00 for The electricity"
    assert "given back by itself 14:30 if it can't be sent" in held.reply
    carry(world)
    assert card(world.town, mona, "holds").facts == ()
    with pytest.raises(care.FactChanged) as refused:
        recheck(world.town, mona, held)
    assert [each.now for each in refused.value.changed] == [None]


def test_a_refusal_says_why_in_the_readers_language(world: World, mona: people.Customer) -> None:
    world.biller.moods[A] = "no"
    world.pay()
    carry(world)
    fact = paid(world, mona)
    assert fact.steps[-1].words == "not taken, the money was given back (There is no such bill (7))"
    assert fact.look == "bad"
    arabic = paid(world, mona, "ar")
    assert "شركة الكهرباء" in arabic.reply
    assert "١٠٫٠٠" in arabic.reply


def test_money_that_arrived_is_told_to_who_received_it(world: World, mona: people.Customer) -> None:
    ziad = world.town.person("زياد", "+201001234599")
    world.town.wallet(ziad)
    given = payments.Instruction(new_id(), mona.id, world.payer.id, Alias(AliasKind.PHONE, ziad.phone), Money(250, EGP))
    (sent,) = payments.send_many([given], clock=world.town.clock)
    (got,) = card(world.town, ziad, "payments", reply_language="en").facts
    assert got.words == "EGP\u00a02.50 from منى: Arrived".replace("منى", "\u2068منى\u2069")
    recheck(world.town, ziad, got)
    stranger = world.town.person("غريب", "+201001234598")
    with pytest.raises(care.FactChanged):  # a fact of somebody else's is not there for this customer
        recheck(world.town, stranger, got)
    assert sent.state is payments.PaymentState.SETTLED


def test_a_payment_that_fell_off_the_card_is_looked_at_again_all_the_same(world: World, mona: people.Customer) -> None:
    first = world.pay()
    carry(world)
    fact = paid(world, mona)
    for _ in range(7):
        world.town.clock.advance(timedelta(seconds=1))
        world.pay()
    shown = card(world.town, mona, "payments")
    assert shown.more
    assert f"payment:{first.id}" not in [each.key for each in shown.facts]
    recheck(world.town, mona, fact)

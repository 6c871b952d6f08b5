"""Payments that are sent together: what breaks for one of them breaks for no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from raseed.banking.tests.town import at_once, build_town
from raseed.payments import api as payments
from raseed.payments import execution, gather, services
from raseed.payments.api import Instruction, Payment, PaymentState
from raseed.payments.sending import Outcome
from raseed_testing import Database

from .outside import Biller, Route, World, registered


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with registered(Route(Biller())):
        yield World(build_town(), Biller(), database, money=1_000_000)


def test_one_payment_that_breaks_something_breaks_it_for_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = services.send_many
    wanted = [world.instruction(world.order(), 10) for _ in range(24)]
    all_wait = threading.Event()
    sizes = []

    def breaking(instructions: list[Instruction], **more: Any) -> list[Payment]:
        sizes.append(len(instructions))
        all_wait.wait(0.1)
        if any(each.id == wanted[7].id for each in instructions):
            raise ValueError("a mistake of ours")
        return original(instructions, **more)

    def send(one: Instruction) -> object:
        try:
            return payments.send_together(one)
        except ValueError as error:
            return error

    monkeypatch.setattr(gather, "send_many", breaking)
    answers = at_once([partial(send, one) for one in wanted])
    assert max(sizes) > 1
    assert isinstance(answers.pop(7), ValueError)
    assert {each.state for each in answers if isinstance(each, Payment)} == {PaymentState.HELD}
    assert (len(answers), world.held()) == (23, 230)


def test_a_deadlock_begins_it_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    original, tries = execution.carry_out, []

    def locked_once(*arguments: Any, **more: Any) -> Outcome:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError from DeadlockDetected()
        return original(*arguments, **more)

    monkeypatch.setattr(services, "carry_out", locked_once)
    assert payments.send_together(world.instruction(world.order(), 10)).state is PaymentState.HELD
    assert (len(tries), world.held()) == (2, 10)


def test_nobody_sends_together_out_of_a_transaction_for_whoever_carries_it_out_may_wait_for_its_locks(
    world: World,
) -> None:
    one = world.instruction(world.order(), 10)
    with transaction.atomic(), pytest.raises(transaction.TransactionManagementError):
        payments.send_together(one)
    assert payments.send_together(one).state is PaymentState.HELD

"""The projection: whatever is posted, and whenever it is looked at or killed, the rows are the books' own numbers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from numpy.typing import NDArray

from raseed.display import api as display
from raseed.display.api import GenerationState
from raseed.display.connecting import open_connection
from raseed.display.generations import building, following, projectors
from raseed.display.generations.projection import Building, Following, keep_projecting
from raseed.display.generations.rows import copy_in
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger

from .world import HOLD, POST, VOID, Town, post, project, rows

pytestmark = pytest.mark.usefixtures("database")
NOON = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


class Killed(BaseException):
    """As a kill: nothing of ours handles it."""


class Broken(display.Fold):
    """A projector that raises whenever it is followed."""

    def apply(self, transfers: NDArray[Any]) -> NDArray[Any]:
        del transfers
        raise ValueError("no such column")


class Doubling(display.Fold):
    """A projector that counts twice."""

    def build(self, balances: NDArray[Any], *, upto: int) -> NDArray[Any]:
        found = super().build(balances, upto=upto)
        found["booked"] *= 2
        return found


@pytest.fixture
def projector() -> Iterator[Any]:
    """A function that registers a projector for the length of a test."""
    before = dict(projectors._projectors)
    yield display.register_projector
    projectors._projectors.clear()
    projectors._projectors.update(before)


class Shown(RuleBasedStateMachine):
    """One example: a town of its own in the one database, and generations that are opened and retired on the way."""

    @initialize()
    def begin(self) -> None:
        self.town = Town.built(3)
        self.model: dict[UUID, list[int]] = {}
        self.held: dict[UUID, tuple[UUID, UUID, int]] = {}

    def note(self, account: UUID, booked: int, held: int) -> None:
        if account != self.town.till:
            amounts = self.model.setdefault(account, [0, 0])
            amounts[0] += booked
            amounts[1] += held

    @rule(
        moves=st.lists(
            st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 500), st.booleans()), min_size=1, max_size=6
        )
    )
    def pay(self, moves: list[tuple[int, int, int, bool]]) -> None:
        everybody = [self.town.till, *self.town.wallets]
        batch = []
        for left, right, amount, hold in moves:
            debit, credit = everybody[left % len(everybody)], everybody[right % len(everybody)]
            if debit == credit:
                continue
            move = self.town.move(debit, credit, amount, HOLD if hold else ledger.TransferFlags.NONE)
            batch.append(move)
            self.note(debit, 0 if hold else -amount, amount if hold else 0)
            self.note(credit, 0 if hold else amount, 0)
            if hold:
                self.held[move.id] = (debit, credit, amount)
        if batch:
            post(batch)

    @rule(which=st.integers(0, 20), part=st.integers(1, 600), void=st.booleans())
    def resolve(self, *, which: int, part: int, void: bool) -> None:
        if not self.held:
            return
        pending = sorted(self.held)[which % len(self.held)]
        debit, credit, held = self.held.pop(pending)
        amount = 0 if void else min(part, held)
        flags = VOID if void else POST
        post([ledger.NewTransfer(new_id(), None, None, amount, 0, 0, flags, pending)])
        self.note(debit, -amount, -held)
        self.note(credit, amount, 0)

    @rule(count=st.integers(1, 3))
    def accounts_are_opened(self, count: int) -> None:
        self.town.open(count)

    @rule()
    def the_projection_looks(self) -> None:
        project()
        self.compare()

    @rule(at=st.sampled_from(("add", "copy_in")))
    def the_projection_is_killed_at_work(self, at: str) -> None:
        real = getattr(following, at)

        def killed(*given: Any) -> None:
            real(*given)
            raise Killed

        with mock.patch.object(following, at, killed), closing(Following(open_connection)) as loop:
            try:
                while loop.step() in {0, 20}:
                    pass
            except Killed:
                pass

    @rule()
    def another_generation_is_opened_and_killed_while_it_is_built(self) -> None:
        for old in display.generations():
            if old.number != 1 and old.state is not GenerationState.RETIRED:
                display.retire_generation(old.number, actor="system", reason="next one")
        display.open_generation(projector="fold-1", actor="system")
        real = copy_in

        def killed(*given: Any) -> None:
            real(*given)
            raise Killed

        with mock.patch.object(building, "copy_in", killed), closing(Building(open_connection)) as loop:
            try:
                while loop.step() in {0, 20}:
                    pass
            except Killed:
                pass

    def compare(self) -> None:
        mine = set(self.town.wallets)
        for generation in display.generations():
            if generation.state in {GenerationState.CANDIDATE, GenerationState.LIVE}:
                found = {key: list(row[1:]) for key, row in rows(generation.number).items() if key in mine}
                moved = {key: row for key, row in found.items() if key in self.model}
                assert moved == self.model
                assert all(found[key] == [0, 0] for key in found.keys() - self.model.keys())

    def teardown(self) -> None:
        if hasattr(self, "town"):
            project()
            self.compare()

    @invariant()
    def one_generation_is_live_or_none_ever_was(self) -> None:
        at = display.pointer()
        live = [each.number for each in display.generations() if each.state is GenerationState.LIVE]
        assert live == ([at.live] if at else [])


def test_whatever_happens_the_rows_are_the_books(database: object) -> None:
    run_state_machine_as_test(Shown, settings=settings(max_examples=10, stateful_step_count=20))
    counts = [
        each.accounts == len(rows(each.number))
        for each in display.generations()
        if each.state is not GenerationState.RETIRED
    ]
    assert all(counts)


def test_the_first_start_opens_a_generation_and_lets_it_go_live() -> None:
    town = Town.built(2)
    town.pay_in(town.wallets[0], 700)
    project()
    at, [first] = display.pointer(), display.generations()
    assert at is not None
    assert (at.live, at.epoch, first.projector, first.state) == (1, 1, "fold-1", GenerationState.LIVE)
    assert rows(1) == {town.wallets[0]: (town.number, 700, 0), town.wallets[1]: (town.number, 0, 0)}
    project()
    assert display.pointer() == at


def test_accounts_of_the_house_are_not_shown() -> None:
    town = Town.built(1)
    project()
    town.pay_in(town.wallets[0], 5)
    town.pay_in(town.wallets[0], 5)
    project()
    assert set(rows(1)) == set(town.wallets)


def test_a_projector_that_raises_fails_its_generation_and_no_other(projector: Any) -> None:
    projector("broken", Broken())
    town = Town.built(1)
    project()
    town.pay_in(town.wallets[0], 1)
    display.open_generation(projector="broken", actor="system")
    project()
    assert display.generation(2).state is GenerationState.CANDIDATE
    town.pay_in(town.wallets[0], 10)
    project()
    failed = display.generation(2)
    assert (failed.state, failed.reason) == (GenerationState.FAILED, "ValueError: no such column")
    assert rows(1)[town.wallets[0]][1] == 11
    assert rows(2)[town.wallets[0]][1] == 1


def test_what_makes_rows_that_can_t_be_fails_and_leaves_none(projector: Any) -> None:
    class Negative(display.Fold):
        def build(self, balances: NDArray[Any], *, upto: int) -> NDArray[Any]:
            found = super().build(balances, upto=upto)
            found["held"] = -1
            return found

    projector("negative", Negative())
    Town.built(1)
    project()
    display.open_generation(projector="negative", actor="system")
    project()
    assert display.generation(2).state is GenerationState.FAILED
    assert "display_shown_sane" in display.generation(2).reason
    assert not rows(2)


def test_generations_stand_side_by_side_each_as_its_projector_says(projector: Any) -> None:
    projector("doubling", Doubling())
    town = Town.built(1)
    town.pay_in(town.wallets[0], 30)
    project()
    display.open_generation(projector="doubling", actor="system")
    project()
    assert (rows(1)[town.wallets[0]][1], rows(2)[town.wallets[0]][1]) == (30, 60)


def test_a_generation_of_a_projector_that_only_another_release_brings_is_left_to_it() -> None:
    Town.built(1)
    project()
    with mock.patch.dict(projectors._projectors, {"of-tomorrow": display.Fold()}):
        display.open_generation(projector="of-tomorrow", actor="system")
    project()
    assert display.generation(2).state is GenerationState.BUILDING


def test_what_is_retired_is_taken_out() -> None:
    town = Town.built(3)
    project()
    display.open_generation(projector="fold-1", actor="system")
    project()
    display.retire_generation(2, actor="system", reason="tidy")
    project()
    with closing(Building(open_connection)) as loop:
        while loop.step() == 0:
            pass
    assert not rows(2)
    assert display.generation(2).accounts == 0
    assert set(rows(1)) == set(town.wallets)


def test_several_projections_count_each_movement_once() -> None:
    town = Town.built(5)
    stop = threading.Event()
    threads = [threading.Thread(target=keep_projecting, args=(stop,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        post([
            town.move(town.till, wallet, amount)
            for amount, wallet in zip(itertools.count(number + 1), town.wallets, strict=False)
        ])  # fmt: skip
        if number == 30:
            town.open(1)
    expected = {wallet: _booked(wallet) for wallet in town.wallets}
    waited = threading.Event()
    for _ in range(300):
        if {wallet: row[1] for wallet, row in rows(1).items() if row[1]} == expected:
            break
        waited.wait(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    [first] = display.generations()
    assert (first.state, first.reason) == (GenerationState.LIVE, "")
    assert {wallet: row[1] for wallet, row in rows(1).items()} == expected
    connection.close()


def _booked(wallet: UUID) -> int:
    balances = ledger.look_up_accounts([wallet])[wallet].balances
    return balances.credits_posted - balances.debits_posted

"""A prover that goes on from where trees stood, each at a batch of its own, killed or closed, and after damage."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest
from django.db import OperationalError

from raseed.display.proof.refusals import UnknownKey
from raseed.display.prover import fold, operating, rounds, tables
from raseed.display.prover.building import build
from raseed.display.prover.certificates import checked, proofs
from raseed.display.prover.hashing import RECORD
from raseed.display.prover.keys import DisplayKeys
from raseed.display.prover.running import prove_until
from raseed.display.prover.whole import unlike_itself
from raseed.ledger.log.api import KeyHandOver

if TYPE_CHECKING:
    from .world import World

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def second_ledger(world: World) -> tuple[UUID, UUID]:
    """Open another ledger, with a house's and a customer's account."""
    other = world.new_ledger("ILS")
    return world.open_accounts(1, code=9_001, ledger=other)[0], world.open_accounts(1, ledger=other)[0]


def test_trees_that_stand_at_different_batches_count_nothing_twice(world: Any) -> None:
    """The quiet tree is an older root's; what moved in the other since is in that one's already."""
    world.join(2)
    house, customer = second_ledger(world)
    world.move(house, customer, 7)
    world.customers.append(customer)
    world.prove()
    world.move(house, customer, 100)
    world.prove()
    world.restart()
    world.move(house, customer, 1)
    world.prove()
    world.look()
    assert world.certificate(customer).booked_minor == 108


@pytest.mark.parametrize("seed", [1, 2])
def test_whichever_ledger_moves_and_whenever_it_is_killed(world: Any, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    world.join(2)
    pairs = [(world.house, world.customers[0]), second_ledger(world), second_ledger(world)]
    world.customers += [customer for _, customer in pairs[1:]]
    for _ in range(12):
        for house, customer in chance.sample(pairs, chance.randint(0, 2)):
            world.move(house, customer, chance.randint(1, 1000))
        world.prove()
        if chance.random() < 0.5:
            world.restart() if chance.random() < 0.5 else world.drop()
    world.prove()
    world.look()


def test_a_tree_too_far_behind_is_worked_out_anew(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long time without a prover, or an import: what changed is not all held in memory."""
    world.join(4)
    house, customer = second_ledger(world)
    world.move(house, customer, 7)
    world.prove()
    monkeypatch.setattr(fold, "CHANGED_MAX", 3)
    built: list[int] = []

    def counted(*args: Any, **named: Any) -> Any:
        built.append(len(args[2]))
        return build(*args, **named)

    monkeypatch.setattr(rounds, "build", counted)
    for killed in (False, True):
        for account in world.customers[:4]:
            world.move(world.house, account, 5)
        world.move(house, customer, 1)
        if killed:
            world.drop()
        world.prove()
        world.look()
    assert built == [1, 1]
    assert world.certificate(customer).booked_minor == 9
    world.move(world.house, world.customers[0], 5)
    world.prove()
    world.look()
    assert built == [1, 1]


def test_a_tree_whose_secrets_were_lost_is_not_trusted_under_others(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it builds, the next one finds fresh secrets beside the old files, and must not go on from those."""
    world.join(3)
    world.prove()
    world.restart()
    [row] = tables.trees(world.connection)
    (world.home / "keys" / f"display-blinding-{row.tree_id}").unlink()

    def killed(*_: Any, **__: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as context:
        context.setattr(rounds, "build", killed)
        with pytest.raises(SystemExit):
            world.prove()
    world.drop()
    world.prove()
    world.look()


def test_a_look_at_all_of_a_tree_finds_nothing_wrong_while_it_grows(world: Any) -> None:
    """An account that is in the index and not published yet, and a row read before the files, are no damage."""
    world.join(3)
    [tree] = (world.prove()._trees or {}).values()
    [row] = tables.trees(world.connection)
    reader = proofs().reader(row.tree_id)
    assert reader is not None
    fresh = np.zeros(1, RECORD)
    fresh["id"] = np.frombuffer(UUID(int=9).bytes, "V16")
    tree.store.add(fresh)
    assert unlike_itself(reader, accounts=3, note=row.note) == []
    assert unlike_itself(reader, accounts=2, note="of before") == []
    assert unlike_itself(reader, accounts=2, note=row.note) == ["accounts"]


@pytest.mark.parametrize(("error", "trouble"), [(OperationalError("gone"), ""), (ValueError("no note"), "bug")])
def test_the_loop_outlives_whatever_a_step_meets(
    world: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, trouble: str
) -> None:
    world.join(1)
    world.prove()
    world.restart()
    stop, told = threading.Event(), []

    def step(_: object) -> int:
        raise error

    def say(sentence: str) -> None:
        told.append(sentence)
        stop.set()

    monkeypatch.setattr(rounds.Prover, "step", step)
    prove_until(stop, world.home, say=say)
    assert len(told) == 1
    assert tables.trees(world.connection)[0].trouble == trouble


def test_a_damaged_file_of_trusted_keys_is_an_unknown_key_and_is_mended(world: Any) -> None:
    [customer] = world.join(1)
    world.prove()
    [file] = (world.home / "keys").glob("*.trusted")
    file.write_text("nonsense")
    proofs()._looked = -1.0
    certificate = world.certificate(customer)
    with pytest.raises(UnknownKey):
        checked(certificate, now=certificate.as_of)
    world.restart()
    world.prove()
    world.look()


def test_a_change_of_keys_that_was_cut_short_goes_on(world: Any) -> None:
    world.join(1)
    house, customer = second_ledger(world)
    world.move(house, customer, 7)
    world.prove()
    keys = [DisplayKeys(world.home, row.tree_id) for row in tables.trees(world.connection)]
    for finish, count in ((False, 2), (True, 1)):
        keys[0].finish_hand_over() if finish else keys[0].begin_hand_over()
        operating.rotate_keys(finish=finish, home=world.home)
        assert [len(each.signers()) for each in keys] == [count, count]
        with pytest.raises(KeyHandOver):
            operating.rotate_keys(finish=finish, home=world.home)

"""The prover on a real database: what it signs is what the ledger has, and what is not, it does not sign."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from django.db import connection as django_connection

from raseed.display.proof import refusals
from raseed.display.proof.certificate import Certificate
from raseed.display.proof.checkpoint import SignedRoot
from raseed.display.prover import building, operating, rounds, tables
from raseed.display.prover.certificates import certificates_of, checked, proofs, proven_population, public_keys
from raseed.display.prover.certificates import rounds as signed_rounds
from raseed.display.prover.keys import DisplayKeys
from raseed.display.prover.rounds import AnotherProver, Prover
from raseed.display.prover.running import prove_until
from raseed.display.prover.source import LogUntrusted
from raseed.display.prover.trees import Disagrees
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.ledger import api
from raseed.ledger.log.api import KeyHandOver, LogKeyMissing, open_connection, parse_note

if TYPE_CHECKING:
    from .world import World

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def tree_rows(world: World) -> list[Any]:
    return tables.trees(world.connection)


def shift_balance(database: Any, account: UUID, by: int) -> None:
    with psycopg.connect(database.superuser_dsn, autocommit=True) as thief:
        thief.execute("UPDATE ledger_balance SET credits_posted = credits_posted + %s WHERE id = %s", [by, account])


def test_each_customer_gets_a_certificate_that_proves_what_the_ledger_has(world) -> None:
    world.join(5)
    world.prove()
    world.look()
    assert certificates_of([world.house, UUID(int=3)]) == {}
    certificate = world.certificate(world.customers[0])
    assert Certificate.parse(certificate.to_json()) == certificate
    [row] = signed_rounds()
    assert (row.ledger, row.accounts, row.owed, row.owing, row.trouble) == (world.ledger, 5, 5000, 0, "")
    assert row.note == certificate.note
    assert public_keys()
    assert all(key.startswith(certificate.root.origin + "+") for key in public_keys())


def test_round_after_round_whatever_is_posted(world) -> None:
    world.join(12)
    held: list[UUID] = []
    for turn in range(12):
        world.live(5, held)
        if turn % 4 == 3:
            world.join(2, 7)
        if turn == 6:
            world.restart()
        world.prove()
        world.look()
    [row] = signed_rounds()
    sums = [account.balances for account in api.look_up_accounts(world.customers).values()]
    booked = [each.credits_posted - each.debits_posted for each in sums]
    assert row.owed == sum(amount for amount in booked if amount > 0)
    assert row.owing == -sum(amount for amount in booked if amount < 0)


def test_a_customer_who_never_moved_is_proven_to_have_nothing(world) -> None:
    world.join(1)
    world.prove()
    world.customers += world.open_accounts(3)
    world.prove()
    world.look()
    assert world.certificate(world.customers[-1]).booked_minor == 0


def test_what_is_not_sealed_is_not_proven(world) -> None:
    first, second = world.join(2)
    prover = world.prove()
    world.move(first, second, 300)
    prover.step()
    assert world.certificate(first).booked_minor == 1000
    world.prove()
    assert world.certificate(first).booked_minor == 700


def test_the_as_of_moves_on_when_nothing_else_does_and_never_past_what_is_not_sealed(world, monkeypatch) -> None:
    monkeypatch.setattr(rounds, "SIGN_EVERY_MS_MAX", 0)
    first, second = world.join(2)
    prover = world.prove()
    before = world.certificate(first)
    prover.step()
    after = world.certificate(first)
    assert after.as_of > before.as_of
    assert (after.batch, after.booked_minor) == (before.batch, before.booked_minor)
    committed = SYSTEM_CLOCK.now()
    world.move(first, second, 1)
    for _ in range(3):
        prover.step()
        assert world.certificate(first).as_of <= SYSTEM_CLOCK.now()
        assert world.certificate(first).as_of < committed + timedelta(seconds=1)
    stuck = world.certificate(first).as_of
    prover.step()
    assert world.certificate(first).as_of == stuck
    world.prove()
    prover.step()
    assert world.certificate(first).as_of > stuck


def test_each_ledger_has_a_tree_of_its_own(world) -> None:
    world.join(2)
    world.prove()
    other = world.new_ledger("ILS")
    house, customer = world.open_accounts(1, code=9_001, ledger=other)[0], world.open_accounts(1, ledger=other)[0]
    world.move(customer, house, 55)  # a loan
    world.customers.append(customer)
    world.prove()
    world.look()
    certificate = world.certificate(customer)
    assert (certificate.currency, certificate.booked_minor) == ("ILS", -55)
    assert [(row.currency, row.owed, row.owing) for row in signed_rounds()] == [("EGP", 2000, 0), ("ILS", 0, 55)]
    assert len({row.tree_id for row in signed_rounds()}) == 2
    world.restart()
    world.prove()
    world.look()


def test_the_whole_proven_population_can_be_read(world) -> None:
    world.join(9)
    world.prove()
    found = np.concatenate(list(proven_population(world.ledger)))
    assert {UUID(bytes=row["id"].tobytes()): int(row["booked"]) for row in found} == dict.fromkeys(
        world.customers, 1000
    )
    assert list(proven_population(world.ledger + 1)) == []


def test_what_was_signed_is_kept_and_can_t_be_changed(world, database, monkeypatch) -> None:
    monkeypatch.setattr("raseed.display.prover.trees.HISTORY_MS", 0)
    world.join(1)
    world.prove()
    world.join(1)
    world.prove()
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        kept = owner.execute("SELECT why, accounts, note FROM display_round ORDER BY id").fetchall()
        assert [row[:2] for row in kept] == [("built", 1), ("minute", 2)]
        for statement in (
            "UPDATE display_round SET owed = 1",
            "DELETE FROM display_round",
            "DELETE FROM display_tree",
            "UPDATE display_tree SET batch = batch - 1",
            "UPDATE display_tree SET tree_id = gen_random_uuid()",
            "UPDATE display_tree SET as_of = as_of - interval '1 second'",
            "UPDATE display_tree SET note = '', as_of = NULL, signed_at = NULL",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement.encode())
    [row] = tree_rows(world)
    assert row.note == kept[-1][2]
    outside = world.home / "checkpoints" / str(row.tree_id) / "latest"
    assert outside.read_text() == row.note


def test_secrets_and_keys_are_for_the_prover_s_eyes(world) -> None:
    world.join(1)
    world.prove()
    [row] = tree_rows(world)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (world.home / "keys").glob("display-*")}
    name = f"display-{row.tree_id}"
    assert modes == {
        name: 0o600, f"display-blinding-{row.tree_id}": 0o600, f"{name}.pub": 0o644, f"{name}.trusted": 0o644,
    }  # fmt: skip
    assert (world.home / "display" / str(row.tree_id)).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("lost", ["files", "secrets", "torn", "root"])
def test_a_tree_that_is_lost_or_damaged_is_worked_out_again(world, lost) -> None:
    world.join(6)
    world.prove()
    world.live(6, [])
    world.prove()
    [row] = tree_rows(world)
    folder = world.home / "display" / str(row.tree_id)
    world.restart()
    if lost == "files":
        shutil.rmtree(folder)
    elif lost == "secrets":
        (world.home / "keys" / f"display-blinding-{row.tree_id}").unlink()
    elif lost == "torn":
        raw = bytearray((folder / "head").read_bytes())
        raw[8] |= 1
        (folder / "head").write_bytes(raw)
    else:
        raw = bytearray((folder / "nodes").read_bytes())
        raw[48 * 1023] ^= 1
        (folder / "nodes").write_bytes(raw)
    world.live(3, [])
    world.prove()
    world.look()


def test_a_change_of_the_codes_of_customers_is_a_tree_worked_out_again(world, monkeypatch) -> None:
    world.join(2)
    world.prove()
    world.restart()
    monkeypatch.setattr(rounds, "customer_codes", lambda: (world.code, 9_001))
    world.customers.append(world.house)
    world.prove()
    world.look()
    assert world.certificate(world.house).booked_minor == -2000


def test_a_balance_that_was_changed_in_the_ledger_is_not_signed(world, database, monkeypatch) -> None:
    """The prover folds for itself, and so notices: it stops, names the check, and does not forget the account."""
    monkeypatch.setattr(rounds, "SIGN_EVERY_MS_MAX", 0)
    first, second = world.join(2)
    world.prove()
    shift_balance(database, first, 5)
    world.move(first, second, 1)
    with pytest.raises(Disagrees, match="account_is_not_as_in_the_ledger") as found:
        world.prove()
    before = world.certificate(first)
    assert before.booked_minor == 1000  # as it was signed last; it grows old
    world.prover.trouble(found.value.name, found.value.suspect)
    [row] = tree_rows(world)
    assert (row.trouble, row.suspects) == ("account_is_not_as_in_the_ledger", (first,))
    monkeypatch.setattr("raseed.display.prover.trees.CHECKED_PER_ROUND", 0)  # luck alone would let it pass now
    world.drop()
    with pytest.raises(Disagrees):
        world.prove()
    world.drop()
    shutil.rmtree(world.home / "display")  # a tree worked out from wrong balances would agree with them
    with pytest.raises(Disagrees, match="suspects_and_no_tree"):
        world.prove()
    world.drop()
    shift_balance(database, first, -5)
    operating.forget_suspects()
    world.prove()
    world.look()
    assert tree_rows(world)[0].trouble == ""


def test_a_suspect_that_is_right_again_is_cleared(world, database) -> None:
    first, second = world.join(2)
    world.prove()
    shift_balance(database, first, 5)
    world.move(first, second, 1)
    with pytest.raises(Disagrees) as found:
        world.prove()
    world.prover.trouble(found.value.name, found.value.suspect)
    shift_balance(database, first, -5)
    world.drop()
    world.prove()
    world.look()
    assert (tree_rows(world)[0].trouble, tree_rows(world)[0].suspects) == ("", ())


def test_books_that_do_not_come_to_zero_are_not_built_from(world, database) -> None:
    first, _ = world.join(2)
    shift_balance(database, first, 5)
    with pytest.raises(building.BooksDisagree):
        world.prove()
    assert certificates_of([first]) == {}


@pytest.mark.parametrize("seals", [1, 2])
def test_a_ledger_that_was_set_back_is_not_signed(world, database, seals) -> None:
    for _ in range(seals):
        world.join(2)
        world.prove()
    world.restart()
    with psycopg.connect(database.superuser_dsn, autocommit=True) as thief:
        thief.execute("ALTER TABLE ledger_checkpoint DISABLE TRIGGER append_only")
        thief.execute("DELETE FROM ledger_checkpoint WHERE number = (SELECT max(number) FROM ledger_checkpoint)")
    prover = Prover(world.connection, world.home)
    with pytest.raises(Disagrees, match="ledger_went_back"):
        prover.step()


def test_a_checkpoint_of_the_ledger_that_nobody_signed_is_not_built_on(world, database) -> None:
    world.join(1)
    world.prove()
    with psycopg.connect(database.superuser_dsn, autocommit=True) as thief:
        thief.execute("ALTER TABLE ledger_checkpoint DISABLE TRIGGER append_only")
        thief.execute("UPDATE ledger_checkpoint SET note = replace(note, leaves::text, (leaves + 1)::text)")
    with pytest.raises(LogUntrusted):
        world.prover.step()


def test_without_its_key_nothing_is_signed(world) -> None:
    world.join(1)
    world.prove()
    world.restart()
    [row] = tree_rows(world)
    (world.home / "keys" / f"display-{row.tree_id}").unlink()
    with pytest.raises(LogKeyMissing):
        world.prove()


def test_a_key_hands_over_to_the_next(world, monkeypatch, capsys) -> None:
    monkeypatch.setattr(rounds, "SIGN_EVERY_MS_MAX", 10**9)
    [customer] = world.join(1)
    world.prove()
    [old] = public_keys()
    operating.rotate_keys(finish=False, home=world.home)
    new = capsys.readouterr().out.strip()
    world.prover.step()
    proofs()._looked = -1.0
    assert public_keys() == [old, new]
    both = world.certificate(customer)
    assert [str(key) for key in both.root.handing_over] == [old, new]
    with pytest.raises(KeyHandOver):
        operating.rotate_keys(finish=False, home=world.home)
    operating.rotate_keys(finish=True, home=world.home)
    world.prover.step()
    proofs()._looked = -1.0
    assert public_keys() == [new]
    world.look()
    assert not world.certificate(customer).root.handing_over
    kept = world.connection.execute("SELECT why FROM display_round ORDER BY id").fetchall()
    assert [row[0] for row in kept] == ["built", "key", "key"]
    early = replace(both, note=both.note)  # of the hand-over: the newer key's signature is still good
    checked(early, now=early.as_of)


def test_there_is_one_prover_at_a_time(world) -> None:
    world.join(1)
    world.prove()
    with open_connection() as other, pytest.raises(AnotherProver):
        Prover(other, world.home)


def test_a_certificate_read_from_damaged_files_does_not_check(world) -> None:
    """Whatever is flipped in a tree's files, either nothing changes for the account or what comes out is refused."""
    world.join(4)
    world.prove()
    [row] = tree_rows(world)
    folder, chance = world.home / "display" / str(row.tree_id), random.Random(2)  # noqa: S311
    wrong = 0
    for name, span in (("records", 4 * 40), ("nodes", 2 * 1024 * 48)):
        for _ in range(150):
            path, at = folder / name, chance.randrange(span)
            with path.open("r+b") as file:
                file.seek(at)
                good = file.read(1)
                file.seek(at)
                file.write(bytes([good[0] ^ 1 << chance.randrange(8)]))
            found = certificates_of(world.customers)
            for account in world.customers:
                try:
                    if account in found:
                        checked(found[account], now=found[account].as_of, account_id=account, booked_minor=1000)
                except refusals.CertificateRefused:
                    wrong += 1
            with path.open("r+b") as file:
                file.seek(at)
                file.write(good)
    assert wrong > 50
    world.look()


def test_readers_are_never_given_half_of_a_round(world) -> None:
    """Two threads read certificates as fast as they can while rounds go on: each of them checks."""
    world.join(30)
    world.prove()
    stop, wrong, read = threading.Event(), [], []

    def read_on() -> None:
        while not stop.is_set():
            for account, certificate in certificates_of(world.customers).items():
                try:
                    checked(certificate, now=certificate.as_of, account_id=account)
                    read.append(certificate.batch)
                except refusals.CertificateRefused as error:
                    wrong.append(error)

    threads = [threading.Thread(target=read_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    held: list[UUID] = []
    for _ in range(15):
        world.live(3, held)
        world.prove()
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(set(read)) > 3


def test_the_loop_proves_tells_its_trouble_once_and_goes_on(world, database, monkeypatch) -> None:
    monkeypatch.setattr("raseed.platform.loops.PAUSE_MS_MIN", 10)
    first, second = world.join(2)
    told: list[str] = []
    stop = threading.Event()
    loop = threading.Thread(target=prove_until, args=(stop, world.home), kwargs={"say": told.append})
    world.sealer.seal_all()
    loop.start()
    try:
        until(lambda: first in certificates_of([first]))
        shift_balance(database, first, 5)
        world.move(first, second, 1)
        world.sealer.seal_all()
        until(lambda: tree_rows(world)[0].trouble == "account_is_not_as_in_the_ledger")
        shift_balance(database, first, -5)
        until(lambda: world.certificate(first).booked_minor == 999)
    finally:
        stop.set()
        loop.join()
        django_connection.close()
    assert len([sentence for sentence in told if "account_is_not_as_in_the_ledger" in sentence]) == 1
    world.prove()  # the files were closed in order, and are gone on with
    world.look()


def until(holds: Any, seconds: float = 30) -> None:
    waiting, deadline = threading.Event(), SYSTEM_CLOCK.now() + timedelta(seconds=seconds)
    while not holds():
        assert SYSTEM_CLOCK.now() < deadline
        waiting.wait(0.02)


def test_a_signed_root_names_the_ledger_s_checkpoint(world) -> None:
    world.join(1)
    world.prove()
    root = SignedRoot.parse(parse_note(tree_rows(world)[0].note).text)
    leaves, batch = world.connection.execute(
        "SELECT leaves, batch FROM ledger_checkpoint ORDER BY number DESC LIMIT 1"
    ).fetchone()
    assert (root.ledger_leaves, root.batch) == (leaves, batch)
    assert DisplayKeys(Path(world.home), tree_rows(world)[0].tree_id).origin == root.origin


def test_the_process_proves_until_it_is_asked_to_stop(world, database) -> None:
    """Killed outright, the next one goes on from what was published; asked to stop, it puts its files in order."""
    [first, second] = world.join(2)
    for signal_, amount, expected in ((signal.SIGKILL, 100, 900), (signal.SIGTERM, 50, 850)):
        world.move(first, second, amount)
        world.sealer.seal_all()
        with subprocess.Popen(
            [sys.executable, "-m", "raseed.display.prover"],
            env={**os.environ, "DATABASE_URL": database.url(), "RASEED_HOME": str(world.home)},
        ) as process:
            try:
                until(lambda expected=expected: found_of(first) == expected)
                process.send_signal(signal_)
                ended = process.wait(20)
            finally:
                process.kill()
        assert ended == (0 if signal_ == signal.SIGTERM else -signal.SIGKILL)
    world.prove()
    world.look()


def found_of(account: UUID) -> int | None:
    certificate = certificates_of([account]).get(account)
    return None if certificate is None else certificate.booked_minor

"""The bad upgrade is played on a house that runs: caught in shadow, let past by force, taken back, and playable at any time again."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django.db
import numpy as np
import pytest
from django.conf import settings
from django.utils import translation

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import ReleaseState as S
from raseed.assurance.guard.going_on import unfinished
from raseed.banking import api as banking
from raseed.demo.api import Act, HouseNotRunning, play_bad_upgrade
from raseed.demo.cli import main
from raseed.demo.services import plant_world
from raseed.demo.staff import plant_staff
from raseed.demo.upgrade import acts, living
from raseed.demo.upgrade.projector import BadFold, Fault, faults_of
from raseed.demo.upgrade.stage import SYSTEM
from raseed.demo.upgrade.telling import Teller
from raseed.demo.world.people import SEED, people_of_block
from raseed.display import api as display
from raseed.display.generations.projection import keep_projecting
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people

PEOPLE = 150
WAIT_SECONDS_MAX = 60
BALANCE = ledger.BALANCE
TRANSFER = ledger.TRANSFER


class Killed(BaseException):
    """The story was interrupted."""


def planted() -> None:
    """Plant a small world with staff, and nothing of the story."""
    plant_world(people=PEOPLE)
    with tempfile.TemporaryDirectory() as folder:
        plant_staff(seed=SEED, file=Path(folder) / "staff.json")


@pytest.fixture
def build() -> Callable[[], None]:
    """What plants the world."""
    return planted


@pytest.fixture
def world(built: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A planted world, with keys and files in a folder of the test's own."""
    del built
    monkeypatch.setattr(settings, "HOME", tmp_path)


@pytest.fixture
def house(world: None) -> Iterator[None]:
    """What runs beside the story in a house: the projection, and a worker who goes on with releases."""
    del world
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            for each in unfinished():
                guard.go_on(each)
        django.db.connection.close()

    threads = [threading.Thread(target=keep_projecting, args=(stop,)), threading.Thread(target=work)]
    for each in threads:
        each.start()
    ends_at = time.monotonic() + WAIT_SECONDS_MAX
    while display.pointer() is None and time.monotonic() < ends_at:
        stop.wait(0.05)
    yield
    stop.set()
    for each in threads:
        each.join()


def played(only: Act | None = None) -> tuple[bool | None, str]:
    """Play, and return how it ended and what was told."""
    lines: list[str] = []
    with translation.override("en"):
        return play_bad_upgrade(only=only, teller=Teller(lines.append)), "\n".join(lines)


def last_release() -> guard.Release:
    house = people.institution_by_slug("yasmin").id
    return guard.releases(house, by=people.SYSTEM, system=SYSTEM)[0]


def money() -> dict[Any, int]:
    """Return what everybody has, by their wallet."""
    wallets = [person.wallet_id for person in people_of_block(SEED, 0, 0, PEOPLE)]
    sums = {each.id: each.balances for each in ledger.look_up_accounts(wallets).values()}
    return {each: one.credits_posted - one.debits_posted for each, one in sums.items()}


def test_it_is_caught_in_shadow_and_let_past_and_taken_back(house: None) -> None:
    before, live = money(), display.pointer()
    is_right, told = played()
    assert is_right, told
    assert "The story ended as it should" in told
    assert "Shadow red" in told
    assert "Being verified; no number is shown." in told
    assert "shown a wrong number as one to rely on: 0." in told
    last = last_release()
    states = [step.state for step in last.timeline]
    assert states[-3:] == [S.VERIFYING, S.ROLLING_BACK, S.ROLLED_BACK]
    assert last.timeline[-1].actor == "system"
    report = guard.report(last.id)
    assert report.is_intact
    assert report.content["forced"]["proposed_by"] != report.content["forced"]["confirmed_by"]
    assert {path.suffix for path in guard.folder_of(last.id).iterdir()} >= {".html", ".pdf", ".json"}
    assert str(guard.folder_of(last.id)) in told
    kinds = {kind.value for run in guard.runs_of(last.id) for _, kind in run.tallies}
    assert {"other", "stale", "swapped"} <= kinds
    assert money() == before, "what people paid meanwhile was paid back"
    now = display.pointer()
    assert live is not None
    assert now is not None
    assert now.live == live.live
    assert {each.state for each in display.generations() if each.number != live.live} == {
        display.GenerationState.RETIRED
    }


def test_the_first_act_shows_it_to_nobody(house: None) -> None:
    before = display.pointer()
    is_right, told = played(Act.CAUGHT)
    assert is_right, told
    assert (last_release().state, display.pointer()) == (S.REFUSED, before)
    assert "Slipped past" not in told


@pytest.mark.parametrize(
    ("module", "verb"),
    [
        (acts, "candidate"),
        (guard, "register_release"),
        (guard, "take_baseline"),
        (guard, "run_shadow"),
        (people, "confirm_change"),
        (guard, "cut_over"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_interrupted_at_any_step_it_can_be_played_again(
    house: None, monkeypatch: pytest.MonkeyPatch, module: Any, verb: str
) -> None:
    plain = getattr(module, verb)

    def dies(*arguments: Any, **named: Any) -> None:
        plain(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, verb, dies)
        with pytest.raises(Killed):
            played(Act.SLIPPED)
    is_right, told = played(Act.CAUGHT)
    assert is_right, told
    shown = display.pointer()
    assert shown is not None
    assert display.generation(shown.live).projector == "fold-1"


def test_a_story_that_ends_otherwise_is_said_to(
    house: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = display.Fold()
    monkeypatch.setattr(BadFold, "build", lambda _, balances, *, upto: right.build(balances, upto=upto))
    monkeypatch.setattr(BadFold, "apply", lambda _, transfers: right.apply(transfers))
    assert main(["bad-upgrade", "--shadow"]) == 1
    assert "did not end as it should" in capsys.readouterr().out


def test_where_no_house_runs_a_sentence_says_so(world: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HouseNotRunning):
        played()
    assert main(["bad-upgrade", "--language", "he"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "./raseed run" in said.err
    assert "המערכת אינה פועלת" in said.err


@pytest.mark.usefixtures("database")
def test_where_no_world_is_planted_a_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bad-upgrade"]) == 1
    assert "not planted yet" in capsys.readouterr().err


def test_people_have_back_what_they_paid(world: None) -> None:
    everyone, before = people_of_block(SEED, 0, 0, PEOPLE), money()
    favours = living.pay_each_other(everyone)
    assert favours
    assert {faults_of([each.payee.wallet_id])[each.payee.wallet_id] for each in favours} == {Fault.LOST}
    assert not faults_of(each.payer.wallet_id for each in favours)
    assert money() != before
    living.pay_back(favours)
    assert money() == before


def test_the_trial_accounts_are_nobodys_and_planted_once(world: None) -> None:
    from raseed.demo.upgrade.trial_accounts import FUNDS_MINOR, plant_trial_accounts  # noqa: PLC0415

    bank = people.institution_by_slug("yasmin").id
    both = plant_trial_accounts(bank)
    assert plant_trial_accounts(bank) == both
    assert [display.shown_balance(each).booked.amount_minor for each in both] == [FUNDS_MINOR] * 2
    assert not faults_of(both), "a trial says how the release is, not how the lots fell"
    assert len({banking.account(each).owner_id for each in both}) == 2


def test_each_fault_hits_somebody_who_may_sign_in() -> None:
    named = [person for person in people_of_block(SEED, 0, 0, 2_000) if person.named]
    assert set(faults_of(person.wallet_id for person in named).values()) == set(Fault)


def balances(count: int) -> np.ndarray:
    rows = np.zeros(count, BALANCE)
    rows["id"] = np.frombuffer(b"".join(new_id().bytes for _ in range(count)), "V16")
    rows["ledger"] = np.arange(count) % 2 + 1
    rows["credits_posted"] = np.arange(count) + 1
    return rows


def test_the_bad_projector_is_right_but_for_its_lots() -> None:
    books = balances(5_000)
    right, bad = display.Fold().build(books, upto=7), BadFold().build(books, upto=7)
    ids = display_ids(right["id"])
    faults = faults_of(ids)
    same = (right["booked"] == bad["booked"]).tolist()
    hit = {Fault.DOUBLED, Fault.SWAPPED}
    wrong = sum(faults.get(each) in hit for each in ids)
    assert all(same[at] for at, each in enumerate(ids) if faults.get(each) not in hit)
    assert wrong - 2 <= same.count(False) <= wrong, "the odd ones out of a swap keep their own"
    assert sorted(bad["booked"][[faults.get(each) is Fault.SWAPPED for each in ids]]) == sorted(
        right["booked"][[faults.get(each) is Fault.SWAPPED for each in ids]]
    )
    for number in (1, 2):
        mine = [faults.get(each) is Fault.SWAPPED for each in ids] & (right["ledger"] == number)
        assert sorted(bad["booked"][mine]) == sorted(right["booked"][mine]), "never across ledgers"


def test_the_bad_projector_doubles_some_movements_and_loses_others() -> None:
    books = balances(2_000)
    moved = np.zeros(1_000, TRANSFER)
    moved["debit"], moved["credit"], moved["amount"] = books["id"][:1_000], books["id"][1_000:], 500
    right, bad = display.Fold().apply(moved), BadFold().apply(moved)
    faults = faults_of(display_ids(right["id"]))
    expected = {
        each: amount * (2 if faults.get(each) is Fault.DOUBLED else 1)
        for each, amount in zip(display_ids(right["id"]), right["booked"].tolist(), strict=True)
        if faults.get(each) is not Fault.LOST
    }
    assert dict(zip(display_ids(bad["id"]), bad["booked"].tolist(), strict=True)) == expected
    assert len(expected) < len(right)


def display_ids(column: np.ndarray) -> list[Any]:
    from raseed.display.generations.rows import uuids  # noqa: PLC0415

    return uuids(column)

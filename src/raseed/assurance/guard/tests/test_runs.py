"""Comparisons: of nobody nothing is said; one that was cut off goes on only as what it was begun as; nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard import runs
from raseed.assurance.guard.api import DifferenceKind, ReleaseState, RunKind
from raseed.assurance.guard.domain import Batch
from raseed.assurance.guard.subjects import Told
from raseed.assurance.guard.tests.shop import ISSUER, Killed, Town

S = ReleaseState
SIGN = (ISSUER, DifferenceKind.SIGN)


def baselined(town: Town) -> guard.Release:
    return guard.take_baseline(town.release().id, by=town.first, clock=town.clock)


def cut_off(town: Town, of: guard.Release, *, at: int, sample_permille: int = 1_000) -> None:
    """Begin a shadow, and let it be killed before the batch at a position."""

    def dies(position: int) -> None:
        if position == at:
            raise Killed

    town.shop.before_batch = dies
    with pytest.raises(Killed):
        guard.run_shadow(of.id, by=town.first, sample_permille=sample_permille, clock=town.clock)
    town.shop.before_batch = lambda _position: None


def shadows(of: guard.Release) -> list[guard.Run]:
    return [run for run in guard.runs_of(of.id) if run.kind is RunKind.SHADOW_TRUE]


def test_of_nobody_there_is_no_baseline(town: Town) -> None:
    of = town.release()
    town.shop.true = {}
    with pytest.raises(guard.NobodyCompared):
        guard.take_baseline(of.id, by=town.first, clock=town.clock)
    assert guard.release(of.id).state is S.REGISTERED
    assert list(guard.folder_of(of.id).iterdir()) == []


@pytest.mark.parametrize("batches", [[], [Batch(0, position=5), Batch(0, position=10)]])
def test_of_nobody_no_shadow_is_green_and_nothing_is_verified(
    town: Town, monkeypatch: pytest.MonkeyPatch, batches: list[Batch]
) -> None:
    of, plain = baselined(town), town.shop.compare
    monkeypatch.setattr(town.shop, "compare", lambda *_, **__: iter(batches))
    for _ in range(2):
        with pytest.raises(guard.NobodyCompared):
            guard.run_shadow(of.id, by=town.first, clock=town.clock)
    assert guard.release(of.id).state is S.BASELINED
    monkeypatch.setattr(town.shop, "compare", plain)
    assert guard.run_shadow(of.id, by=town.first, clock=town.clock).state is S.SHADOWED_GREEN
    assert shadows(of)[-1].compared == 20
    guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)
    monkeypatch.setattr(town.shop, "compare", lambda *_, **__: iter(batches))
    with pytest.raises(guard.NobodyCompared):
        guard.verify(of.id, clock=town.clock, pause=town.pause)
    assert guard.release(of.id).state is S.VERIFYING
    guard.roll_back(of.id, by=town.first, reason="nobody is there", clock=town.clock)
    guard.go_on(of.id, clock=town.clock, pause=town.pause)
    last = guard.runs_of(of.id)[-1]
    assert (last.kind, last.compared, last.clean) == (RunKind.RESTORED, 0, False)


def test_a_shadow_of_another_sample_is_begun_anew(town: Town) -> None:
    of = baselined(town)
    town.shop.wrong = {"account-2": DifferenceKind.SIGN}
    cut_off(town, of, at=10, sample_permille=10)
    of = guard.run_shadow(of.id, by=town.first, clock=town.clock)
    left, whole = shadows(of)
    assert (left.sample_permille, left.compared, left.clean, left.facts[runs.LEFT]) == (10, 10, False, True)
    assert (whole.sample_permille, whole.compared, whole.tallies) == (1_000, 20, {SIGN: 1})
    assert of.timeline[-1].facts == {"compared": 20, "sample_permille": 1_000}


def test_a_shadow_beside_another_baseline_is_begun_anew(town: Town) -> None:
    of = baselined(town)
    cut_off(town, of, at=10)
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    guard.run_shadow(of.id, by=town.first, clock=town.clock)
    assert [run.compared for run in shadows(of)] == [10, 20]


def test_what_begins_from_its_beginning_again_is_counted_and_kept_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = town.shop.compare

    def compare(kind: RunKind, *, sample_permille: int, position: int, told: Told) -> Iterator[Batch]:
        del position
        return plain(kind, sample_permille=sample_permille, position=0, told=told)

    monkeypatch.setattr(town.shop, "resumable", False)
    monkeypatch.setattr(town.shop, "compare", compare)
    town.shop.wrong = {"account-2": DifferenceKind.SIGN, "account-7": DifferenceKind.SIGN}
    of = baselined(town)
    for at in (5, 10, 15):
        cut_off(town, of, at=at)
    guard.run_shadow(of.id, by=town.first, clock=town.clock)
    (run,) = shadows(of)
    assert (run.compared, run.tallies, len(guard.examples_of([run.id]))) == (20, {SIGN: 2}, 2)

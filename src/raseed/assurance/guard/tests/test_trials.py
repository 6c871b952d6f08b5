"""Trial payments can fail: they are judged by what the generation has made of them, and busy books are no refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard import trials
from raseed.assurance.guard.api import ReleaseState, System, SystemKind, Terms
from raseed.assurance.guard.tests.shop import ALL
from raseed.assurance.guard.tests.test_projection import Street
from raseed.banking import api as banking
from raseed.display import api as display
from raseed.display.generations import projectors
from raseed.display.generations.columns import CHANGE
from raseed.display.tests.world import project
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.people.tests.office import an_author

S = ReleaseState


class Loses(display.Fold):
    """Builds rightly, and loses postings while it is told to."""

    loses = True

    def apply(self, transfers: Any) -> Any:
        return np.zeros(0, CHANGE) if Loses.loses else super().apply(transfers)


@pytest.fixture
def build() -> Callable[[], Street]:
    return Street


@pytest.fixture
def by(built: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[people.Author]:
    """Who releases; meanwhile the projection is kept up, as in a house."""
    from django.conf import settings  # noqa: PLC0415

    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setattr(trials, "SHOWN_SECONDS_MAX", 3.0)
    monkeypatch.setattr(trials, "_AGAIN_S", 0.0)
    monkeypatch.setattr(Loses, "loses", True)
    monkeypatch.setitem(projectors._projectors, "loses-1", Loses())
    stop = threading.Event()
    thread = threading.Thread(target=display.keep_projecting, args=(stop,))
    thread.start()
    yield an_author(built.house, *ALL)
    stop.set()
    thread.join()


def shadowed(street: Street, by: people.Author, *, projector: str) -> guard.Release:
    payer, payee = street.wallets[10], street.wallets[11]
    terms = Terms(watch_seconds=0, trial_payer=str(payer.id), trial_payee=str(payee.id))
    guard.register_system(
        System("shown", SystemKind.GENERATION, street.house, "Shown balances", terms), by=by, reason="is guarded"
    )
    candidate = 2
    if projector != "fold-1":
        candidate = display.open_generation(projector=projector, actor="system").number
        project()
    of = guard.register_release(id=new_id(), system_code="shown", candidate=str(candidate), by=by, reason="a new fold")
    guard.take_baseline(of.id, by=by)
    of = guard.run_shadow(of.id, by=by)
    assert of.state is S.SHADOWED_GREEN
    return of


def verdicts(of: guard.Release) -> list[tuple[str, str]]:
    return [(each.leg, each.verdict) for each in guard.trials_of(of.id)]


def test_a_candidate_that_loses_postings_does_not_go_live(built: Street, by: people.Author) -> None:
    of = shadowed(built, by, projector="loses-1")
    with pytest.raises(guard.TrialFailed):
        guard.cut_over(of.id, by=by, reason="it is time")
    assert verdicts(of)[0] == ("before", "wrong")
    facts = guard.trials_of(of.id)[0].facts
    assert facts["shown"] == facts["true"] != facts["candidate"]
    at = display.pointer()
    assert at is not None
    assert at.live == 1


def test_what_begins_to_lose_postings_once_it_is_live_is_taken_back(built: Street, by: people.Author) -> None:
    Loses.loses = False
    of = shadowed(built, by, projector="loses-1")
    guard.cut_over(of.id, by=by, reason="it is time")
    Loses.loses = True
    of = guard.go_on(of.id)
    assert (of.state, of.timeline[-2].actor) == (S.ROLLED_BACK, "system")
    assert verdicts(of) == [
        ("before", "right"), ("before", "right"), ("after", "wrong"), ("after", "right"),
        ("restored", "right"), ("restored", "right"),
    ]  # fmt: skip


def test_busy_books_are_waited_for_and_never_kept_as_a_refusal(
    built: Street, by: people.Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = shadowed(built, by, projector="fold-1")
    plain, busy = payments.send, [100]

    def send(**told: Any) -> payments.Payment:
        if busy[0]:
            busy[0] -= 1
            raise banking.BooksBusy
        return plain(**told)

    monkeypatch.setattr(payments, "send", send)
    with pytest.raises(banking.BooksBusy):
        guard.cut_over(of.id, by=by, reason="it is time")
    assert (busy[0], verdicts(of), guard.release(of.id).state) == (100 - trials.ATTEMPTS_MAX, [], S.SHADOWED_GREEN)
    busy[0] = 2
    guard.cut_over(of.id, by=by, reason="it is time")
    busy[0] = trials.ATTEMPTS_MAX + 1
    of = guard.go_on(of.id, pause=lambda _: None)
    assert of.state is S.VERIFIED
    assert {verdict for _, verdict in verdicts(of)} == {"right"}

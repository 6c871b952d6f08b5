"""What is shown, held against the real prover: proven by its certificates, and never where one of the two is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from raseed.display import api as display
from raseed.display.api import DifferenceKind, Proof
from raseed.display.prover.certificates import proofs
from raseed.display.prover.rounds import Prover
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.ledger.log.api import Sealer, open_connection

from .world import HOLD, Town, flip, post, project


class Proven:
    """A town whose shown balances are projected and certified when told to."""

    def __init__(self, home: Path, connection: Any) -> None:
        self.town = Town.built(4)
        self._sealer = Sealer(connection, home)
        self._prover = Prover(connection, home)

    def certify(self) -> None:
        self._sealer.seal_all()
        self._prover.step()
        proofs()._looked = -1.0

    def proofs(self) -> list[Proof]:
        shown = display.shown_balances(self.town.wallets)
        return [shown[each].proof for each in self.town.wallets]


@pytest.fixture
def proven(database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proven]:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    with closing(open_connection()) as connection:
        made = Proven(tmp_path, connection)
        for place, wallet in enumerate(made.town.wallets):
            made.town.pay_in(wallet, 100 + place)
        project()
        made.certify()
        yield made


def test_balances_are_proven_by_their_certificates(proven: Proven) -> None:
    assert proven.proofs() == [Proof.PROVEN] * 4
    post([proven.town.move(proven.town.wallets[0], proven.town.wallets[1], 7, HOLD)])
    assert proven.proofs() == [Proof.JUST_CHANGED, *[Proof.PROVEN] * 3]
    project()
    proven.certify()
    assert proven.proofs() == [Proof.PROVEN] * 4


def test_a_wrong_row_has_no_certificate_and_the_last_proven_number_is_the_true_one(proven: Proven) -> None:
    account = proven.town.wallets[2]
    flip(account, 1, booked=1_000_000)
    shown = display.shown_balance(account)
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "row_differs")
    assert shown.last_proven is not None
    assert shown.booked.amount_minor == shown.last_proven.booked.amount_minor == 102


def test_what_was_certified_too_long_ago_is_the_last_that_was_proven(proven: Proven) -> None:
    later = ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=5))
    shown = display.shown_balance(proven.town.wallets[0], clock=later)
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "too_old")
    assert shown.last_proven is not None
    assert shown.last_proven.booked.amount_minor == 100


def test_what_is_shown_is_compared_with_the_leaves(proven: Proven) -> None:
    report = display.compare_population(display.open_connection, generation=1, against="prover")
    assert (report.compared, report.equal) == (4, 4)
    flip(proven.town.wallets[3], 1, booked=-103)
    proven.town.pay_in(proven.town.wallets[0], 5)
    project()
    report = display.compare_population(display.open_connection, generation=1, against="prover")
    assert [(each.account_id, each.kind) for each in report.differences] == [
        (proven.town.wallets[3], DifferenceKind.SIGN)
    ]

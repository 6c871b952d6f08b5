"""A notary for the tests of pages: says of each balance how far it is proven, and signs certificates that check, or that don't."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from raseed.display import api as display
from raseed.display.proof.certificate import Certificate
from raseed.display.standalone.tests.grove import KEY, Grove, TestKey, note
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import Money

DEPTH: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Notary:
    """Stands where projection and prover stand: balances are the books', everything else is as the test says.

    Attributes:
        states: how far a balance is proven; not named: proven.
        last: what was proven last, minor units and when; for balances that are being verified.
        lies: minor units by which the number on the screen differs from the books and the certificate.
        lag: how old the signed root is.
        epoch: of the pointer.
    """

    def __init__(self) -> None:
        self._read = display.shown_balances
        self.states: dict[UUID, display.Proof] = {}
        self.last: dict[UUID, tuple[int, datetime]] = {}
        self.lies: dict[UUID, int] = {}
        self.lag = timedelta()
        self.key: TestKey = KEY
        self.epoch = 1

    def shown_balances(self, ids: Iterable[UUID], **how: Any) -> dict[UUID, display.ShownBalance]:
        """Return balances with their states."""
        return {id_: self._stated(balance) for id_, balance in self._read(ids, **how).items()}

    def _stated(self, balance: display.ShownBalance) -> display.ShownBalance:
        unit, id_ = balance.booked.currency, balance.account_id
        more = Money(self.lies.get(id_, 0), unit)
        last = None
        if id_ in self.last:
            minor, when = self.last[id_]
            last = display.LastProven(Money(minor, unit), Money(minor, unit), when)
        state = self.states.get(id_, display.Proof.PROVEN)
        return replace(
            balance,
            booked=Money(balance.booked.amount_minor + more.amount_minor, unit),
            available=Money(balance.available.amount_minor + more.amount_minor, unit),
            proof=state,
            last_proven=last,
            generation=1,
            reason="row_differs" if state is display.Proof.BEING_VERIFIED else "",
        )

    def certificates_of(self, ids: Iterable[UUID]) -> dict[UUID, Certificate]:
        """Return certificates of what the books hold, each from a tree in its currency signed this moment."""
        return {
            id_: Certificate.parse(json.dumps(self._certified(balance)).encode())
            for id_, balance in self._read(ids).items()
        }

    def _certified(self, balance: display.ShownBalance) -> dict[str, Any]:
        grove, unit = Grove(DEPTH), balance.booked.currency
        held = balance.booked.amount_minor - balance.available.amount_minor
        grove.plant(str(balance.account_id), balance.booked.amount_minor, places=(5, 200), held=held)
        as_of = (SYSTEM_CLOCK.now() - self.lag - _EPOCH) // timedelta(microseconds=1)
        signed = note(grove.text(as_of_us=as_of, currency=unit.code, origin=self.key.name), self.key)
        return {**grove.certificate(str(balance.account_id), signed), "currency": unit.code}

    def public_keys(self) -> list[str]:
        """Return the one key."""
        return [str(self.key)]

    def pointer(self) -> display.Pointer:
        """Return a pointer with the epoch."""
        return display.Pointer(1, None, None, 0, 0, self.epoch, SYSTEM_CLOCK.now())


@pytest.fixture
def notary(monkeypatch: pytest.MonkeyPatch) -> Notary:
    """A notary that everybody asks."""
    one = Notary()
    for verb in ("shown_balances", "certificates_of", "public_keys", "pointer"):
        monkeypatch.setattr(display, verb, getattr(one, verb))
    return one

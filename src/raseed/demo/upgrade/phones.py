"""What phones show while a wrong release is out: looked at many times a second, through the door that all screens use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

import numpy as np
from django.db import connection

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK

from .projector import Fault, faults_of

if TYPE_CHECKING:
    from raseed.demo.world.people import Person
    from raseed.kernel.money import Money

LOOK_EVERY_S: Final = 0.02
OF_EACH_FAULT: Final = 2
STOP_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody's phone: what the candidate would show there, in minor units (``None``: nothing), and what is wrong with it."""

    person: Person
    fault: Fault
    wrong_minor: int | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a phone showed from an instant on; ``shown`` is no number to rely on where ``proof`` is ``BEING_VERIFIED``."""

    at: datetime
    proof: display.Proof
    shown: Money
    last_proven: display.LastProven | None

    @property
    def is_verifying(self) -> bool:
        """Whether it said that the balance is being verified."""
        return self.proof is display.Proof.BEING_VERIFIED


def hit_phones(everyone: Sequence[Person], number: int) -> list[Phone]:
    """Return a few phones for which a generation's row is wrong, of each fault, in the order of the people."""
    faults = faults_of(person.wallet_id for person in everyone)
    wanted = np.frombuffer(b"".join(each.bytes for each in faults), "S16")
    with closing(display.open_connection()) as books, books.transaction():
        books.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        rows = {
            UUID(bytes=row["id"].tobytes()): int(row["booked"])
            for chunk in display.shown_rows(books, number)
            for row in chunk[np.isin(chunk["id"].view("S16"), wanted)]
        }
    true = display.shown_balances(faults)
    found: list[Phone] = []
    for person in everyone:
        fault, row = faults.get(person.wallet_id), rows.get(person.wallet_id)
        is_wrong = fault is not None and row != true[person.wallet_id].booked.amount_minor
        if fault and is_wrong and sum(phone.fault is fault for phone in found) < OF_EACH_FAULT:
            found.append(Phone(person, fault, row))
    return found


@dataclass
class Watch:
    """Looks at phones in a thread of its own, from ``with`` to its end, and keeps what changed on each."""

    phones: Sequence[Phone]
    look: Callable[..., dict[UUID, display.ShownBalance]] = display.shown_balances
    seen: dict[UUID, list[Sight]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: BaseException | None = None

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._keep_looking, name="phones", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)
        if self._error is not None:
            raise self._error
        self._look()

    def _keep_looking(self) -> None:
        try:
            while not self._stop.wait(LOOK_EVERY_S):
                self._look()
        except BaseException as error:  # noqa: BLE001  (told by whoever waits for the thread)
            self._error = error
        finally:
            connection.close()

    def _look(self) -> None:
        found = self.look([phone.person.wallet_id for phone in self.phones])
        now = SYSTEM_CLOCK.now()
        for account_id, shown in found.items():
            before = self.seen.setdefault(account_id, [])
            sight = Sight(now, shown.proof, shown.booked, shown.last_proven)
            if not before or _differ(before[-1], sight):
                before.append(sight)

    def wrong(self) -> list[Phone]:
        """Return the phones that ever showed what the candidate would have, as a number to rely on."""
        return [
            phone
            for phone in self.phones
            for sight in self.seen.get(phone.person.wallet_id, ())
            if not sight.is_verifying and sight.shown.amount_minor == phone.wrong_minor
        ]

    def verifying(self) -> int:
        """Return how many phones said at some time that the balance is being verified."""
        return sum(any(sight.is_verifying for sight in sights) for sights in self.seen.values())

    def all_have_numbers(self) -> bool:
        """Whether no phone says at present that the balance is being verified."""
        return not any(sights[-1].is_verifying for sights in self.seen.values())

    def all_right_at(self) -> datetime | None:
        """Return since when all phones show numbers again; ``None`` where one does not."""
        last = [sights[-1] for sights in self.seen.values()]
        return None if any(sight.is_verifying for sight in last) else max((sight.at for sight in last), default=None)


def _differ(one: Sight, other: Sight) -> bool:
    """Whether a phone shows something else; the same as of a later instant is not."""
    was, now = one.last_proven, other.last_proven
    return (one.proof, one.shown, was and was.booked) != (other.proof, other.shown, now and now.booked)

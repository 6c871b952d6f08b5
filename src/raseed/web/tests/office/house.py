"""A back office for the tests of its pages: the street's bank and issuer, and colleagues with roles, enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.test import Client

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people.staff_passwords import _hasher
from raseed.people.tests.office import PASSWORD, Colleague, a_colleague
from raseed.web.tests.street import DELTA, NILE, Street, browser, build_street

STEP = timedelta(seconds=30)
"""How long a code of an authenticator app lives."""


@dataclass(frozen=True, slots=True)
class House:
    """Who works there.

    All at Nile Cash: Salma serves customers, Hoda supervises, Adam and Amal administer, Tamer audits, and Basma is of the
    back office, where she proposes limits and fees.
    """

    street: Street
    salma: Colleague
    hoda: Colleague
    adam: Colleague
    amal: Colleague
    tamer: Colleague
    basma: Colleague


def build_house() -> House:
    """Build the street, and let colleagues enrol."""
    street = build_street()
    return House(
        street,
        salma=a_colleague(NILE, login="salma", roles=("agent",)),
        hoda=a_colleague(NILE, login="hoda", roles=("supervisor",)),
        adam=a_colleague(NILE, login="adam", roles=("administrator",)),
        amal=a_colleague(NILE, login="amal", roles=("administrator",)),
        tamer=a_colleague(NILE, login="tamer", roles=("auditor",)),
        basma=a_colleague(NILE, login="basma", roles=("back-office",)),
    )


def code_of(colleague: Colleague, *, at: datetime | None = None) -> str:
    """Return the code that a colleague's app shows next: the present one was used when they enrolled."""
    return colleague.phone.code((at or SYSTEM_CLOCK.now()) + STEP)


def at_desk(colleague: Colleague, language: str = "en") -> Client:
    """Return a browser in which a colleague has signed in, with a recovery code: each test may do so at any instant."""
    client = browser(language)
    answer = client.post("/office/sign-in", {"login": colleague.staff.login, "password": PASSWORD})
    assert answer.status_code == 303, answer.content.decode()
    answer = client.post("/office/sign-in/code", {"code": next_recovery_code(colleague)})
    assert answer.status_code == 303, answer.content.decode()
    return client


def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hashing a password cost next to nothing: its price is what protects it, and what tests would wait for."""
    monkeypatch.setattr(_hasher, "time_cost", 1)
    monkeypatch.setattr(_hasher, "memory_cost", 64)


_used: dict[str, int] = {}


def next_recovery_code(colleague: Colleague) -> str:
    """Return a recovery code that was not used yet."""
    place = _used.get(colleague.recovery_codes[0], 0)
    _used[colleague.recovery_codes[0]] = place + 1
    return colleague.recovery_codes[place]


__all__ = ["DELTA", "NILE", "PASSWORD", "STEP", "House", "at_desk", "build_house", "code_of", "next_recovery_code"]

"""A back office for the tests of its pages: the street's bank and issuer, and colleagues with roles, enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from django.test import Client

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.staff.passwords import _hasher
from raseed.people.tests.office import PASSWORD, Colleague, Phone
from raseed.web.tests.street import DELTA, NILE, Street, browser, build_street

STEP = timedelta(seconds=30)
"""How long a code of an authenticator app lives."""


COLLEAGUES: Final = {
    "salma": ({"ar": "سلمى فؤاد", "he": "סלמא פואד", "en": "Salma Fouad"}, "agent"),
    "hoda": ({"ar": "هدى منصور", "he": "הודא מנסור", "en": "Hoda Mansour"}, "supervisor"),
    "adam": ({"ar": "آدم يوسف", "he": "אדם יוסף", "en": "Adam Youssef"}, "administrator"),
    "amal": ({"ar": "أمل حداد", "he": "אמל חדאד", "en": "Amal Haddad"}, "administrator"),
    "tamer": ({"ar": "تامر الجندي", "he": "תאמר אל-גנדי", "en": "Tamer El-Guindy"}, "auditor"),
    "basma": ({"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}, "back-office"),
}


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
    """Build the street, and let colleagues enrol, with cheap passwords."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_passwords(patch)
        return House(build_street(), **{login: enrolled(login, *those) for login, those in COLLEAGUES.items()})


def enrolled(login: str, names: dict[str, str], role: str, *, at: UUID = NILE) -> Colleague:
    """Return someone who has a role at an institution and has enrolled."""
    newcomer = people.add_staff(
        id=new_id(),
        login=login,
        names=names,
        language="ar",
        institution_id=at,
        role_ids=[people.role_by_slug(at, role).id],
        by=people.SYSTEM,
        reason="begins today",
    )
    token = people.issue_invitation(newcomer.id, by=people.SYSTEM, reason="first day").token
    phone = Phone(people.begin_enrolment(token=token, password=PASSWORD).secret_text)
    proven = people.finish_enrolment(token=token, code=phone.code(SYSTEM_CLOCK.now()))
    return Colleague(proven.staff, phone, proven.recovery_codes)


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


def next_recovery_code(colleague: Colleague) -> str:
    """Return a recovery code that was not used yet."""
    code, *left = colleague.recovery_codes
    colleague.recovery_codes = tuple(left)
    return code


__all__ = ["DELTA", "NILE", "PASSWORD", "STEP", "House", "at_desk", "build_house", "code_of", "next_recovery_code"]

"""Staff, authors and their authenticator apps, for tests."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people.api import (
    SYSTEM,
    Author,
    Staff,
    add_staff,
    begin_enrolment,
    finish_enrolment,
    issue_invitation,
    role_by_slug,
)
from raseed.people.staff import passwords

TEST_HASH = {"time_cost": 1, "memory_cost": 64, "parallelism": 1}
PASSWORD = "wet lamp seven oranges"


def make_hashes_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let argon2 take a thousandth of its time, for tests that hash often."""
    for name, value in TEST_HASH.items():
        monkeypatch.setattr(passwords._hasher, name, value)
    monkeypatch.setattr(passwords, "_nobodys", cache(passwords._nobodys.__wrapped__))


@dataclass
class Phone:
    """An authenticator app, written here from RFC 6238 by another library's word: it knows a secret and the time."""

    secret: str

    def code(self, at: datetime) -> str:
        key = base64.b32decode(self.secret.replace(" ", ""))
        return TOTP(key, 6, SHA1(), 30).generate(int(at.timestamp())).decode()  # noqa: S303


@dataclass
class Colleague:
    """Someone who is enrolled, with their phone and recovery codes."""

    staff: Staff
    phone: Phone
    recovery_codes: tuple[str, ...] = field(default_factory=tuple)


def an_author(institution_id: UUID, *permissions: str, staff_id: UUID | None = None) -> Author:
    """Return a member of staff as an author, with these permissions; they need not be in the database."""
    return Author(f"staff:{staff_id or new_id()}", {institution_id: frozenset(permissions)})


def a_newcomer(institution_id: UUID, *, login: str = "salma", roles: tuple[str, ...] = ("agent",)) -> Staff:
    """Return someone who was added on the command line and is not enrolled yet."""
    return add_staff(
        id=new_id(),
        login=login,
        names={"ar": "سلمى", "en": "Salma"},
        language="ar",
        institution_id=institution_id,
        role_ids=[role_by_slug(institution_id, slug).id for slug in roles],
        by=SYSTEM,
        reason="begins today",
    )


def a_colleague(
    institution_id: UUID, *, login: str = "salma", roles: tuple[str, ...] = ("agent",), clock: Clock = SYSTEM_CLOCK
) -> Colleague:
    """Return someone who has enrolled."""
    newcomer = a_newcomer(institution_id, login=login, roles=roles)
    token = issue_invitation(newcomer.id, by=SYSTEM, reason="first day", clock=clock).token
    phone = Phone(begin_enrolment(token=token, password=PASSWORD, clock=clock).secret_text)
    enrolled = finish_enrolment(token=token, code=phone.code(clock.now()), clock=clock)
    return Colleague(enrolled.staff, phone, enrolled.recovery_codes)

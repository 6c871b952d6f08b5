"""Enrolling: who was invited sets a password, scans a secret into an app, and proves it with one code.

The invitation stays good until then, so that a page may be read again; what was entered waits in its row, the password
hashed and the secret encrypted. Proven once, the invitation is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import record

from ..authority import STAFF, Author, clean_reason, require
from ..domain import Limit, network_of
from ..models import StaffRow
from ..permissions import STAFF_PROPOSE
from ..sign_in.tries import count_one
from .errors import InvitationInvalid, StaffStateRefuses, WrongSecondFactor
from .passwords import clean_password, hash_password
from .queries import Staff, StaffState, UnknownStaff, read_staff
from .second_factor import (
    decrypted,
    encrypted,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
    secret_for_people,
    step_of,
)
from .tickets import INVITATION, LIVES, issue_ticket, locked_ticket, ticket_of, void_tickets

PER_NETWORK: Final = Limit(120, timedelta(minutes=10))
_TRIES: Final = "staff-enrolment"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What was handed out: ``token`` is shown this once."""

    token: str
    staff_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """Whose invitation it is, for the page that greets them."""

    login: str
    names: Mapping[str, str]
    language: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret to be put into an authenticator app: scanned as ``otpauth_uri``, or typed as ``secret_text``."""

    login: str
    otpauth_uri: str
    secret_text: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Someone who may sign in now, and their recovery codes, shown this once."""

    staff: Staff
    recovery_codes: tuple[str, ...]


@transaction.atomic
def issue_invitation(staff_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Invitation:
    """Return a new invitation for someone who is not enrolled; an earlier one is void from now on.

    Raises:
        UnknownStaff, NotPermitted, UnacceptableText: what they say.
        StaffStateRefuses: they are enrolled, locked, or have left.
    """
    now, cleaned = clock.now(), clean_reason(reason)
    row = StaffRow.objects.select_for_update().filter(id=staff_id).first()
    if row is None:
        raise UnknownStaff(field="staff_id")
    require(by, STAFF_PROPOSE, row.institution_id)
    if row.state != StaffState.INVITED.value:
        raise StaffStateRefuses(state=row.state)
    invitation = Invitation(issue_ticket(row, INVITATION, now), staff_id, now + LIVES[INVITATION])
    record(
        actor=by.actor,
        action="people.staff_invited",
        subject=f"{STAFF}{staff_id}",
        after={"hours": LIVES[INVITATION] // timedelta(hours=1)},
        reason=cleaned,
        institution_id=row.institution_id,
        clock=clock,
    )
    return invitation


def invited(token: str, *, clock: Clock = SYSTEM_CLOCK) -> Invited:
    """Return whose invitation this is.

    Raises:
        InvitationInvalid: it is no good, or not any more.
    """
    ticket = ticket_of(token, INVITATION, clock.now())
    if ticket is None:
        raise InvitationInvalid(field="token")
    return Invited(ticket.staff.login, ticket.staff.names, ticket.staff.language, ticket.expires_at)


def begin_enrolment(
    *, token: str, password: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> Enrolment:
    """Take the password of someone invited, and return a new secret for their app; again, with another, replaces both.

    Raises:
        InvitationInvalid: the invitation is no good, or not any more.
        WeakPassword: see there.
        TooManyRequests: too many tries from this network. TemporarilyUnavailable: too many passwords are worked on.
    """
    _count(client_address, clock)
    login = invited(token, clock=clock).login
    kept = hash_password(clean_password(password, login=login))
    with transaction.atomic():
        ticket = locked_ticket(token, INVITATION, clock.now())
        if ticket is None:
            raise InvitationInvalid(field="token")
        secret = new_secret()
        ticket.password, ticket.totp_secret = kept, encrypted(secret, ticket.staff_id)
        ticket.save(update_fields=["password", "totp_secret"])
    return Enrolment(login, otpauth_uri(secret, login), secret_for_people(secret))


def finish_enrolment(
    *, token: str, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> Enrolled:
    """Let someone in for good who has put the secret into their app: ``code`` is what it shows.

    Raises:
        InvitationInvalid: the invitation is no good, or no password was taken with it.
        WrongSecondFactor: it is not the code of this moment. TooManyRequests: too many tries from this network.
    """
    _count(client_address, clock)
    with transaction.atomic():
        now = clock.now()
        ticket = locked_ticket(token, INVITATION, now)
        if ticket is None or not ticket.password:
            raise InvitationInvalid(field="token")
        row = ticket.staff
        secret = decrypted(bytes(ticket.totp_secret), row.id)
        step = None if secret is None else step_of(secret, code, now)
        if step is None:
            raise WrongSecondFactor(field="code")
        row.password, row.totp_secret, row.totp_step = ticket.password, bytes(ticket.totp_secret), step
        row.state, row.session_epoch = StaffState.ACTIVE.value, row.session_epoch + 1
        row.save()
        void_tickets(row)
        codes = new_recovery_codes(row)
        record(
            actor=f"{STAFF}{row.id}",
            action="people.staff_enrolled",
            subject=f"{STAFF}{row.id}",
            before={"state": StaffState.INVITED.value},
            after={"state": row.state},
            institution_id=row.institution_id,
            clock=clock,
        )
        return Enrolled(read_staff([row])[0], codes)


def _count(client_address: str | None, clock: Clock) -> None:
    """Count a try, whatever becomes of it.

    Raises:
        TooManyRequests: too many from this network.
    """
    if client_address is not None:
        with transaction.atomic():
            count_one(PER_NETWORK, _TRIES, network_of(client_address), clock.now())

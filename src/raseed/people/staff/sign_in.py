"""Signing in as staff: login and password, then a second factor; who guesses learns nothing and is soon stopped.

A try is counted before it is looked at, in a transaction of its own, so that tries at the same instant are all counted and
no lock is held while argon2 works. A login that nobody has costs the same statements and the same hash as one that
somebody has, is locked after as many tries, and gets the same answers. Per network only what went wrong is limited: a
whole office may stand behind one address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.platform.api import keyed_hash, record

from ..authority import STAFF, SYSTEM
from ..domain import Limit, network_of
from ..models import StaffRow, TicketRow
from ..sign_in.tries import PEPPER, close, closed, count_one, forgive, gate, give_back
from .errors import SignInLocked, SignInOver, WrongLogin, WrongSecondFactor
from .passwords import hash_password, is_outdated, is_password
from .queries import LOGIN_LENGTH_MAX, Staff, StaffNotActive, StaffState, folded_login, read_staff
from .second_factor import use_code
from .tickets import CHALLENGE, LIVES, issue_ticket, locked_ticket, ticket_of

TRIES_MAX: Final = 5
"""Wrong passwords, or wrong codes, until a login is locked: for 1, 5, 15, then 60 minutes."""
LOCKS_MAX: Final = 5
"""Locks for wrong codes in a row, which take the right password, until the account itself is locked."""
PER_NETWORK: Final = Limit(60, timedelta(minutes=10))
_PASSWORDS: Final = "staff-password"
_CODES: Final = "staff-code"
_NOBODY: Final = "staff:unknown"


@dataclass(frozen=True, slots=True)
class StaffChallenge:
    """The password was right; ``token`` is shown again with the second factor, before ``expires_at``."""

    token: str
    expires_at: datetime


def start_staff_sign_in(
    *, login: str, password: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> StaffChallenge:
    """Check login and password. Call it outside any transaction.

    Raises:
        WrongLogin: nobody has this login, or it isn't their password, or they are not enrolled.
        StaffNotActive: the password is right, but they are locked.
        SignInLocked: too many tries for this login; TooManyRequests: too much went wrong from this network.
        TemporarilyUnavailable: too many passwords are being checked; the try does not count.
    """
    name = folded_login(login)[: LOGIN_LENGTH_MAX + 1]
    key, network = _password_gate(name), None if client_address is None else network_of(client_address)
    _reserve(key, _PASSWORDS, network, name, clock)
    staff_id, kept = StaffRow.objects.filter(login=name).values_list("id", "password").first() or (None, "")
    try:
        right = is_password(password, kept)
        newer = hash_password(password) if right and is_outdated(kept) else kept
    except TemporarilyUnavailable:
        _take_back(key, _PASSWORDS, network, clock)
        raise
    with transaction.atomic(durable=True):
        outcome = _judge(key, name, staff_id if right else None, kept, newer, clock)
        if isinstance(outcome, StaffChallenge) and network is not None:
            give_back(_PASSWORDS, network)
    if isinstance(outcome, RaseedError):
        raise outcome
    return outcome


def finish_staff_sign_in(
    *, token: str, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> Staff:
    """Return the member of staff who was challenged, if ``code`` is theirs (of the app, or for recovery). It works once.

    Call it outside any transaction.

    Raises:
        SignInOver: no such challenge waits any more.
        WrongSecondFactor: the code is wrong or was used; SignInLocked: too many were; the tries are counted.
        StaffNotActive: after too many locks for wrong codes the account itself was locked.
        TooManyRequests: too much went wrong from this network.
    """
    network = None if client_address is None else network_of(client_address)
    with transaction.atomic(durable=True):
        if network is not None:
            count_one(PER_NETWORK, _CODES, network, clock.now())
        outcome = _finish(token, code, clock)
        if isinstance(outcome, Staff) and network is not None:
            give_back(_CODES, network)
    if isinstance(outcome, RaseedError):
        raise outcome
    return outcome


def try_code(row: StaffRow, code: str, clock: Clock) -> str | RaseedError:
    """Use up a second factor; return which (``totp``, ``recovery``), or the refusal, whose counting the caller commits.

    The caller took the member of staff's gate (``code_gate``) and then their row.
    """
    now = clock.now()
    door = gate(_code_gate(row.id), now, tries=TRIES_MAX)
    if minutes := closed(door, now):
        return SignInLocked(minutes=minutes)
    if used := use_code(row, code, now):
        forgive(door, tries=TRIES_MAX)
        return used
    door.tries_left = max(0, door.tries_left - 1)
    if door.tries_left:
        door.save()
        return WrongSecondFactor(field="code")
    minutes = close(door, now, tries=TRIES_MAX)
    _record_lock(f"{STAFF}{row.id}", "second_factor", row.institution_id, clock)
    if door.times_locked < LOCKS_MAX:
        return SignInLocked(minutes=minutes)
    _lock_account(row, clock)
    return StaffNotActive()


def lock_code_gate(staff_id: UUID, now: datetime) -> None:
    """Lock the gate of someone's codes until the transaction ends: it comes before their row, in every verb."""
    gate(_code_gate(staff_id), now, tries=TRIES_MAX)


def forgive_staff(row: StaffRow, now: datetime) -> None:
    """Forget the wrong codes that were tried for someone."""
    forgive(gate(_code_gate(row.id), now, tries=TRIES_MAX), tries=TRIES_MAX)


def _reserve(key: bytes, kind: str, network: str | None, name: str, clock: Clock) -> None:
    """Count a try that is about to be made, and commit that.

    Raises:
        SignInLocked, TooManyRequests: it may not be made.
    """
    now = clock.now()
    with transaction.atomic(durable=True):
        if network is not None:
            count_one(PER_NETWORK, kind, network, now)
        row = gate(key, now, tries=TRIES_MAX)
        minutes = closed(row, now)
        if minutes is None and not row.tries_left:  # as many as may be are being looked at this instant
            minutes = close(row, now, tries=TRIES_MAX)
            _record_password_lock(name, clock)
        if minutes is None:
            row.tries_left -= 1
            row.save(update_fields=["tries_left"])
    if minutes is not None:
        raise SignInLocked(minutes=minutes)


def _take_back(key: bytes, kind: str, network: str | None, clock: Clock) -> None:
    with transaction.atomic(durable=True):
        if network is not None:
            give_back(kind, network)
        row = gate(key, clock.now(), tries=TRIES_MAX)
        row.tries_left = min(TRIES_MAX, row.tries_left + 1)
        row.save(update_fields=["tries_left"])


def _judge(
    key: bytes, name: str, right_id: UUID | None, kept: str, newer: str, clock: Clock
) -> StaffChallenge | RaseedError:
    """Say what becomes of a try; ``right_id`` is whose password ``kept`` was right. The caller commits."""
    now = clock.now()
    door = gate(key, now, tries=TRIES_MAX)
    row = StaffRow.objects.select_for_update().filter(id=right_id, password=kept).first() if right_id else None
    if row is None:
        if minutes := closed(door, now):
            return SignInLocked(minutes=minutes)
        if door.tries_left:
            return WrongLogin(field="password")
        _record_password_lock(name, clock)
        return SignInLocked(minutes=close(door, now, tries=TRIES_MAX))
    forgive(door, tries=TRIES_MAX)
    if row.state != StaffState.ACTIVE.value:
        return StaffNotActive()
    if newer != kept:
        row.password = newer
        row.save(update_fields=["password"])
    return StaffChallenge(issue_ticket(row, CHALLENGE, now), now + LIVES[CHALLENGE])


def _finish(token: str, code: str, clock: Clock) -> Staff | RaseedError:
    now = clock.now()
    seen = ticket_of(token, CHALLENGE, now)
    if seen is None:
        return SignInOver(field="token")
    lock_code_gate(seen.staff_id, now)
    ticket = locked_ticket(token, CHALLENGE, now)
    if ticket is None or ticket.staff.state != StaffState.ACTIVE.value:
        return SignInOver(field="token")
    used = try_code(ticket.staff, code, clock)
    if isinstance(used, RaseedError):
        return used
    TicketRow.objects.filter(token_hash=bytes(ticket.token_hash)).delete()
    record(
        actor=f"{STAFF}{ticket.staff_id}",
        action="people.staff_signed_in",
        subject=f"{STAFF}{ticket.staff_id}",
        after={"second_factor": used},
        institution_id=ticket.staff.institution_id,
        clock=clock,
    )
    return read_staff([ticket.staff])[0]


def _lock_account(row: StaffRow, clock: Clock) -> None:
    before, row.state = row.state, StaffState.LOCKED.value
    row.session_epoch += 1
    row.save(update_fields=["state", "session_epoch"])
    record(
        actor=SYSTEM.actor,
        action="people.staff_locked",
        subject=f"{STAFF}{row.id}",
        before={"state": before},
        after={"state": row.state},
        reason="wrong codes after the right password",
        institution_id=row.institution_id,
        clock=clock,
    )


def _record_password_lock(name: str, clock: Clock) -> None:
    found = StaffRow.objects.filter(login=name).values_list("id", "institution_id").first()
    _record_lock(f"{STAFF}{found[0]}" if found else _NOBODY, "password", found[1] if found else None, clock)


def _record_lock(subject: str, factor: str, institution_id: UUID | None, clock: Clock) -> None:
    record(
        actor=SYSTEM.actor,
        action="people.staff_sign_in_locked",
        subject=subject,
        after={"factor": factor},
        institution_id=institution_id,
        clock=clock,
    )


def _password_gate(name: str) -> bytes:
    return keyed_hash(PEPPER, "staff-login", name)


def _code_gate(staff_id: UUID) -> bytes:
    return keyed_hash(PEPPER, "staff-code", str(staff_id))

"""What members of staff do to their own way in, while signed in; each asks for the second factor once more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.platform.api import record

from ..authority import STAFF
from ..domain import network_of
from ..models import StaffRow
from ..sign_in.tries import count_one, give_back
from .errors import WrongLogin
from .keeping import end_sessions, locked_staff
from .passwords import clean_password, hash_password, is_password
from .queries import Staff, StaffNotActive, StaffState, read_staff, staff
from .second_factor import new_recovery_codes
from .sign_in import PER_NETWORK, lock_code_gate, try_code
from .tickets import void_tickets

T = TypeVar("T")
_TRIES: Final = "staff-own"


def give_second_factor(
    staff_id: UUID, *, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> datetime:
    """Prove once more that someone signed in is who they are, and return when: before a deed with weight.

    Raises:
        WrongSecondFactor, SignInLocked, StaffNotActive, TooManyRequests: as ``finish_staff_sign_in``.
    """
    _with_code(staff_id, code, client_address, clock, lambda _: None)
    return clock.now()


def renew_recovery_codes(
    staff_id: UUID, *, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> tuple[str, ...]:
    """Give someone new recovery codes, shown this once, in place of the earlier ones.

    Raises:
        WrongSecondFactor, SignInLocked, StaffNotActive, TooManyRequests: as ``finish_staff_sign_in``.
    """

    def renew(row: StaffRow) -> tuple[str, ...]:
        codes = new_recovery_codes(row)
        _record(row, "people.staff_recovery_codes_renewed", clock)
        return codes

    return _with_code(staff_id, code, client_address, clock, renew)


def change_staff_password(
    staff_id: UUID,
    *,
    password: str,
    new_password: str,
    code: str,
    client_address: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Staff:
    """Give someone another password; all their sessions end, the present one too unless it takes the new epoch.

    Raises:
        WeakPassword: the new one is. WrongLogin: the old one is wrong.
        WrongSecondFactor, SignInLocked, StaffNotActive, TooManyRequests: as ``finish_staff_sign_in``.
        TemporarilyUnavailable: too many passwords are worked on.
    """
    someone = staff(staff_id)
    kept = StaffRow.objects.values_list("password", flat=True).get(id=staff_id)
    newer = clean_password(new_password, login=someone.login)

    # The code comes first: it is what is counted, so that a stolen session can't be used to guess the password.
    _with_code(staff_id, code, client_address, clock, lambda _: None)
    if not is_password(password, kept):
        raise WrongLogin(field="password")
    hashed = hash_password(newer)
    with transaction.atomic():
        row = _active(locked_staff(staff_id))
        if row.password != kept:
            raise WrongLogin(field="password")
        row.password = hashed
        end_sessions(row)
        row.save(update_fields=["password", "session_epoch"])
        void_tickets(row)
        _record(row, "people.staff_password_changed", clock)
        return read_staff([row])[0]


@transaction.atomic
def end_staff_sessions(staff_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Staff:
    """Sign someone out everywhere, at their own wish.

    Raises:
        UnknownStaff, StaffNotActive: what they say.
    """
    row = _active(locked_staff(staff_id))
    end_sessions(row)
    row.save(update_fields=["session_epoch"])
    void_tickets(row)
    _record(row, "people.staff_sessions_ended", clock)
    return read_staff([row])[0]


def _with_code(staff_id: UUID, code: str, client_address: str | None, clock: Clock, deed: Callable[[StaffRow], T]) -> T:
    """Do something with the row of someone who proves themselves; wrong codes are counted and committed."""
    network = None if client_address is None else network_of(client_address)
    with transaction.atomic(durable=True):
        if network is not None:
            count_one(PER_NETWORK, _TRIES, network, clock.now())
        lock_code_gate(staff_id, clock.now())
        row = _active(locked_staff(staff_id))
        used = try_code(row, code, clock)
        if not isinstance(used, RaseedError):
            if network is not None:
                give_back(_TRIES, network)
            return deed(row)
    raise used


def _active(row: StaffRow) -> StaffRow:
    if row.state != StaffState.ACTIVE.value:
        raise StaffNotActive
    return row


def _record(row: StaffRow, action: str, clock: Clock) -> None:
    record(
        actor=f"{STAFF}{row.id}",
        action=action,
        subject=f"{STAFF}{row.id}",
        institution_id=row.institution_id,
        clock=clock,
    )

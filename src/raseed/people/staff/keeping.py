"""What one administrator may do alone, since it only takes rights away: lock someone, or say that they have left.

Giving rights (new staff, roles, unlocking, a new second factor) takes two: ``changes``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import record

from ..authority import STAFF, Author, clean_reason, require
from ..models import GrantRow, StaffRow
from ..permissions import STAFF_PROPOSE
from .errors import StaffStateRefuses
from .queries import Staff, StaffState, UnknownStaff, read_staff
from .second_factor import forget_recovery_codes
from .tickets import void_tickets

_MAY_BE_LOCKED: Final = {StaffState.INVITED.value, StaffState.ACTIVE.value}


@transaction.atomic
def lock_staff(staff_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Staff:
    """Keep someone out from this instant: their sessions end, their invitation is void. Unlocking takes two people.

    Raises:
        UnknownStaff, NotPermitted, UnacceptableText: what they say. StaffStateRefuses: they are locked, or have left.
    """
    row = locked_staff(staff_id)
    require(by, STAFF_PROPOSE, row.institution_id)
    if row.state not in _MAY_BE_LOCKED:
        raise StaffStateRefuses(state=row.state)
    return _move(row, StaffState.LOCKED, by.actor, "people.staff_locked", clean_reason(reason), clock)


@transaction.atomic
def end_staff(staff_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Staff:
    """Say that someone has left: their roles end, what they proved themselves with is deleted, the login stays theirs.

    Raises:
        UnknownStaff, NotPermitted, UnacceptableText: what they say. StaffStateRefuses: they have left already.
    """
    row, now = locked_staff(staff_id), clock.now()
    require(by, STAFF_PROPOSE, row.institution_id)
    if row.state == StaffState.LEFT.value:
        raise StaffStateRefuses(state=row.state)
    end_grants(row, now)
    forget_proofs(row)
    return _move(row, StaffState.LEFT, by.actor, "people.staff_left", clean_reason(reason), clock)


def locked_staff(staff_id: UUID) -> StaffRow:
    """Return someone's row, locked FOR UPDATE until the transaction ends.

    Raises:
        UnknownStaff: there is none with this id.
    """
    row = StaffRow.objects.select_for_update().filter(id=staff_id).first()
    if row is None:
        raise UnknownStaff(field="staff_id")
    return row


def end_grants(row: StaffRow, now: datetime) -> None:
    """End every role of someone whose row is locked."""
    GrantRow.objects.filter(staff=row, until=None).update(until=now)


def forget_proofs(row: StaffRow) -> None:
    """Delete password, second factor, recovery codes and tickets of someone whose row is locked; the caller saves it."""
    row.password, row.totp_secret, row.totp_step = "", b"", 0
    forget_recovery_codes(row)
    void_tickets(row)


def end_sessions(row: StaffRow) -> None:
    """End the sessions of someone whose row is locked; the caller saves it."""
    assert connection.in_atomic_block, "the row is locked until the new epoch is committed"
    row.session_epoch += 1


def _move(row: StaffRow, state: StaffState, actor: str, action: str, reason: str, clock: Clock) -> Staff:
    before, row.state = row.state, state.value
    end_sessions(row)
    row.save()
    record(
        actor=actor,
        action=action,
        subject=f"{STAFF}{row.id}",
        before={"state": before},
        after={"state": row.state},
        reason=reason,
        institution_id=row.institution_id,
        clock=clock,
    )
    return read_staff([row])[0]

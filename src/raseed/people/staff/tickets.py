"""Tokens handed out once: an invitation to enrol, and the step between password and second factor.

A token is 256 random bits; only its keyed hash is kept. It is worth nothing once used, once its time is over, once another
of its kind takes its place, or once its owner's sessions have been ended since.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.platform.api import keyed_hash
from raseed.platform.jobs import app

from ..models import StaffRow, TicketRow
from .second_factor import KEY

INVITATION: Final = "invitation"
CHALLENGE: Final = "challenge"
LIVES: Final = {INVITATION: timedelta(hours=72), CHALLENGE: timedelta(minutes=5)}
TOKEN_BYTES: Final = 32
TOKEN_LENGTH_MAX: Final = 64
CHALLENGES_MAX: Final = 10
"""Of one member of staff at a time: as many as they have windows open."""


def issue_ticket(row: StaffRow, kind: str, now: datetime) -> str:
    """Return a new token of ``kind`` for the member of staff whose row the caller has locked; the oldest give way."""
    assert connection.in_atomic_block, "the row of the member of staff is locked until the ticket is committed"
    keep = CHALLENGES_MAX - 1 if kind == CHALLENGE else 0
    earlier = (
        TicketRow.objects.filter(staff=row, kind=kind).order_by("-expires_at").values_list("token_hash", flat=True)
    )
    TicketRow.objects.filter(token_hash__in=[bytes(one) for one in earlier[keep:]]).delete()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    TicketRow.objects.create(
        token_hash=_hash(token), kind=kind, staff=row, session_epoch=row.session_epoch, expires_at=now + LIVES[kind]
    )
    return token


def ticket_of(token: str, kind: str, now: datetime) -> TicketRow | None:
    """Return a ticket that is still good, with its ``staff``; look again under the lock of the member of staff."""
    ticket = TicketRow.objects.select_related("staff").filter(token_hash=_hash(token), kind=kind).first()
    if ticket is None or now >= ticket.expires_at or ticket.session_epoch != ticket.staff.session_epoch:
        return None
    return ticket


def locked_ticket(token: str, kind: str, now: datetime) -> TicketRow | None:
    """Return a ticket that is still good, its member of staff locked FOR UPDATE: their row first, then the ticket again."""
    seen = ticket_of(token, kind, now)
    if seen is None:
        return None
    StaffRow.objects.select_for_update().get(id=seen.staff_id)
    return ticket_of(token, kind, now)


def void_tickets(row: StaffRow) -> None:
    """Void every ticket of a member of staff."""
    TicketRow.objects.filter(staff=row).delete()


def _hash(token: str) -> bytes:
    return keyed_hash(KEY, "ticket", token[:TOKEN_LENGTH_MAX].encode("ascii", "replace").decode("ascii"))


@app.periodic(cron="27 * * * *")
@app.task(name="people.forget_tickets", queue="upkeep", queueing_lock="people.forget_tickets")
def forget_tickets(timestamp: int) -> None:
    """Delete tickets whose time is over, and the password and secret that may wait in them."""
    del timestamp
    TicketRow.objects.filter(expires_at__lte=SYSTEM_CLOCK.now()).delete()

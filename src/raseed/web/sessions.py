"""Who is signed in: a server-side session that is renewed at sign-in and ends by itself.

A session ends after ``RASEED_IDLE_MINUTES`` without use, and at the latest ``RASEED_SESSION_HOURS`` after sign-in,
whatever is done in it; and at once when the customer's ``session_epoch`` is no longer the one that it began under (signed
out everywhere, another phone number). What is kept is a customer's id and epoch and two instants; nothing else. Above all no
proof by which one may change what one signs in with: that would be the thief's too (ADR 0049).
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.middleware.csrf import rotate_token

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

_CUSTOMER: Final = "customer"
_BEGAN: Final = "began"
_SEEN: Final = "seen"
_EPOCH: Final = "epoch"
SEEN_STEP_S: Final = 60
"""The last use is written down at most this often, so that reading pages does not write to the database each time."""


class Standing(Enum):
    """What a session is worth."""

    NOBODY = auto()
    SIGNED_IN = auto()
    ENDED = auto()


def idle_limit() -> timedelta:
    """Return how long a session may lie unused."""
    return timedelta(minutes=settings.IDLE_MINUTES)


def session_limit() -> timedelta:
    """Return how long a session lasts at most."""
    return timedelta(hours=settings.SESSION_HOURS)


def begin(request: HttpRequest, customer_id: UUID, *, epoch: int, now: datetime) -> None:
    """Sign a customer in, in a new session with a new key and a new CSRF secret (no fixation).

    ``epoch`` is the customer's ``session_epoch``.

    Sessions that have run out meanwhile are deleted: a few rows each time, found by their index.
    """
    request.session.clear_expired()
    request.session.flush()
    seconds = int(now.timestamp())
    request.session[_CUSTOMER] = str(customer_id)
    request.session[_BEGAN] = seconds
    request.session[_SEEN] = seconds
    request.session[_EPOCH] = epoch
    rotate_token(request)


def same_epoch(session: SessionBase, epoch: int) -> bool:
    """Whether the session began under the customer's present epoch."""
    return bool(session.get(_EPOCH) == epoch)


def end(request: HttpRequest) -> None:
    """Sign out: the session is deleted, and its key is worth nothing from now on."""
    request.session.flush()
    rotate_token(request)


def look(session: SessionBase, *, now: datetime, used: bool = True) -> tuple[Standing, UUID | None]:
    """Say whose session this is, and note that it is in use (unless it is a page that asks by itself: ``used=False``).

    Returns:
        SIGNED_IN with the customer's id; ENDED when the session lay unused or lasted too long; NOBODY otherwise.
    """
    customer, began, seen = session.get(_CUSTOMER), session.get(_BEGAN), session.get(_SEEN)
    if not (isinstance(customer, str) and isinstance(began, int) and isinstance(seen, int)):
        return Standing.NOBODY, None
    seconds = int(now.timestamp())
    if seconds - seen > idle_limit().total_seconds() or seconds - began > session_limit().total_seconds():
        return Standing.ENDED, None
    if used and seconds - seen >= SEEN_STEP_S:
        session[_SEEN] = seconds
    return Standing.SIGNED_IN, UUID(customer)

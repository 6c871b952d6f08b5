"""Who of the staff is signed in: sessions of their own, apart from customers'.

They have a cookie of their own that is sent below ``/office/`` only, and are signed under a name of their own: the key of a
customer's session opens nothing here, and one of these opens nothing there. A session ends after
``RASEED_OFFICE_IDLE_MINUTES`` without use, ``RASEED_OFFICE_HOURS`` after signing in, and as soon as the person is locked
or may do more or less than when it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.middleware.csrf import rotate_token

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

COOKIE: Final = "office"
PATH: Final = "/office/"
SEEN_STEP_S: Final = 60
"""The last use is written down at most this often."""
_STAFF: Final = "staff"
_BEGAN: Final = "began"
_SEEN: Final = "seen"
_FACTOR: Final = "factor"
_EPOCH: Final = "epoch"
_HOUSE: Final = "institution"


class OfficeSession(SessionStore):
    """A session of staff. Its name is part of what signs its data, so no other kind of session reads it."""


class Standing(Enum):
    """What a session is worth; the last two say why it ended: unused for too long, or the person's rights changed."""

    NOBODY = auto()
    SIGNED_IN = auto()
    IDLE = auto()
    CHANGED = auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a session knows: who, when the second factor was last shown, the staff's epoch then, the chosen institution."""

    staff_id: UUID
    factor_at: int
    epoch: int
    institution_id: UUID | None


def idle_limit() -> timedelta:
    """Return how long a session of staff may lie unused."""
    return timedelta(minutes=settings.OFFICE_IDLE_MINUTES)


def session_limit() -> timedelta:
    """Return how long a session of staff lasts at most."""
    return timedelta(hours=settings.OFFICE_HOURS)


def factor_limit() -> timedelta:
    """Return for how long a second factor that was shown is good for weighty acts."""
    return timedelta(minutes=settings.OFFICE_FACTOR_MINUTES)


def load(request: HttpRequest) -> OfficeSession:
    """Return the session that the request's cookie names; an empty one where it names none."""
    return OfficeSession(request.COOKIES.get(COOKIE))


def begin(request: HttpRequest, session: OfficeSession, *, staff_id: UUID, epoch: int, now: datetime) -> None:
    """Sign a person of staff in: a new session with a new key and a new CSRF secret (no fixation)."""
    session.clear_expired()
    session.flush()
    seconds = int(now.timestamp())
    session.update({_STAFF: str(staff_id), _BEGAN: seconds, _SEEN: seconds, _FACTOR: seconds, _EPOCH: epoch})
    session.set_expiry(session_limit())
    rotate_token(request)


def end(request: HttpRequest, session: OfficeSession) -> None:
    """Sign out: the session is deleted, and its key is worth nothing from now on."""
    session.flush()
    rotate_token(request)


def look(session: OfficeSession, *, now: datetime, in_use: bool = True) -> tuple[Standing, Facts | None]:
    """Say whose session this is, and note that it is in use; a page that looks again by itself does not count as use."""
    staff, began, seen = session.get(_STAFF), session.get(_BEGAN), session.get(_SEEN)
    factor, epoch, house = session.get(_FACTOR), session.get(_EPOCH), session.get(_HOUSE)
    if not (isinstance(staff, str) and isinstance(began, int) and isinstance(seen, int)):
        return Standing.NOBODY, None
    if not (isinstance(factor, int) and isinstance(epoch, int)):
        return Standing.NOBODY, None
    seconds = int(now.timestamp())
    if seconds - seen > idle_limit().total_seconds() or seconds - began > session_limit().total_seconds():
        return Standing.IDLE, None
    if in_use and seconds - seen >= SEEN_STEP_S:
        session[_SEEN] = seconds
    return Standing.SIGNED_IN, Facts(UUID(staff), factor, epoch, UUID(house) if house else None)


def factor_is_fresh(facts: Facts, *, now: datetime) -> bool:
    """Say whether the second factor was shown recently enough for a weighty act."""
    return int(now.timestamp()) - facts.factor_at <= factor_limit().total_seconds()


def note_factor(session: OfficeSession, *, now: datetime) -> None:
    """Note that the second factor was shown just now."""
    session[_FACTOR] = int(now.timestamp())


def choose_institution(session: OfficeSession, institution_id: UUID) -> None:
    """Keep the institution whose books the person looks at."""
    session[_HOUSE] = str(institution_id)


def keep(
    session: OfficeSession, response: HttpResponseBase, *, had_cookie: bool, cookie: str = COOKIE, path: str = PATH
) -> None:
    """Write the session down, if it changed, and tell the browser its key; take the key back where there is none left."""
    if session.is_empty():
        if had_cookie:
            response.delete_cookie(cookie, path=path, samesite="Strict")
        return
    if not session.modified:
        return
    try:
        session.save()
    except UpdateError:  # signed out meanwhile, in another window: the next request says so
        return
    response.set_cookie(
        cookie,
        session.session_key or "",
        path=path,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )

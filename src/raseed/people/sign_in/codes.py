"""One-time codes: the pure rules. Six random digits, kept only as a keyed hash, for five minutes and five tries."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from raseed.kernel.errors import InputError, mark
from raseed.platform.domain import TooManyRequests

from ..domain import Limit

CODE_DIGITS: Final = 6
CODE_LIFE: Final = timedelta(minutes=5)
TRIES_MAX: Final = 5
LOCKS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""How long a phone number is locked after the first, second … code whose tries were used up; the last one repeats."""
LOCKS_FORGOTTEN_AFTER: Final = timedelta(hours=24)

PER_PHONE_SHORT: Final = Limit(5, timedelta(minutes=10))
PER_PHONE_DAY: Final = Limit(20, timedelta(hours=24))
PER_ADDRESS_REQUESTS: Final = Limit(60, timedelta(minutes=10))
PER_ADDRESS_TRIES: Final = Limit(120, timedelta(minutes=10))
"""Generous, because a whole village may stand behind one address of a mobile company."""


class WrongCode(InputError):
    """Not the code that was sent; ``tries_left`` more may be made."""

    code = "wrong_code"
    sentence = mark("That is not the code we sent.")
    hint = mark("Look at the latest message. Tries left: %(tries_left)s.")


class CodeExpired(InputError):
    """No code is waiting: it is too old, was used, or a newer one was asked for."""

    code = "code_expired"
    sentence = mark("This code is no longer valid.")
    hint = mark("Ask for a new code.")


class TooManyTries(TooManyRequests):
    """The tries of a code are used up, and the phone number is locked for ``minutes``."""

    code = "too_many_tries"
    sentence = mark("Too many wrong codes were entered.")
    hint = mark("Wait %(minutes)s min, then ask for a new code.")


def lock_for(times_locked: int) -> timedelta:
    """Return how long to lock a phone number that was locked ``times_locked`` times before."""
    return LOCKS[min(times_locked, len(LOCKS) - 1)]


def whole_minutes(wait: timedelta) -> int:
    """Return a wait in minutes, rounded up, at least one."""
    return max(1, -(-int(wait.total_seconds()) // 60))

"""How fast a line may send, and how much one person may get: the generic cell rate algorithm (ITU-T I.371), one row a bucket.

A row holds the instant at which its bucket is empty again. A message takes its place in the line's bucket once, even if that is
in the future, and leaves at that instant; so a thousand that wait do not all come back at once. The table is unlogged: a crash
forgives everybody, and counting waits for no disk.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from ..adapters.wires import RATES

FORGET_ROWS_MAX: Final = 50_000
_RATE: Final = re.compile(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})(?: ([1-9][0-9]{0,4}))?\Z")
_RESERVE: Final = """
INSERT INTO channels_bucket AS bucket (key, empty_at) VALUES (%(key)s, %(now)s + make_interval(secs => %(price)s))
ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, %(now)s) + make_interval(secs => %(price)s)
RETURNING empty_at, paused_until
"""
_TAKE: Final = """
INSERT INTO channels_bucket AS bucket (key, empty_at) VALUES (%(key)s, %(now)s + make_interval(secs => %(price)s))
ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, %(now)s) + make_interval(secs => %(price)s)
    WHERE greatest(bucket.empty_at, %(now)s) + make_interval(secs => %(price)s) <= %(now)s + make_interval(secs => %(burst)s)
RETURNING empty_at
"""
_LEVEL: Final = "SELECT empty_at, paused_until FROM channels_bucket WHERE key = %(key)s"
_PAUSE: Final = """
INSERT INTO channels_bucket AS bucket (key, empty_at, paused_until) VALUES (%(key)s, %(full_at)s, %(until)s)
ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, %(full_at)s),
    paused_until = greatest(bucket.paused_until, %(until)s)
"""
_FORGET: Final = """
DELETE FROM channels_bucket WHERE key IN (
    SELECT key FROM channels_bucket WHERE empty_at < %(now)s AND coalesce(paused_until, %(now)s) <= %(now)s
    LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in so many seconds, and so many at once."""

    messages: int
    seconds: int
    at_once: int

    @property
    def price(self) -> timedelta:
        """What one message costs."""
        return timedelta(seconds=self.seconds) / self.messages

    @property
    def burst(self) -> timedelta:
        """How far ahead of now the bucket may be empty."""
        return self.price * self.at_once


def rates_of(channel: str, line_settings: Mapping[str, str]) -> tuple[Rate, Rate]:
    """Return the rates of a line and of one person on it: its settings ``rate`` and ``rate_pair``, else the channel's."""
    usual = RATES[channel]
    line_rate, pair_rate = (
        read_rate(line_settings.get(name, "")) or read_rate(known)
        for name, known in zip(("rate", "rate_pair"), usual, strict=True)
    )
    assert line_rate is not None, "ours can be read"
    assert pair_rate is not None, "ours can be read"
    return line_rate, pair_rate


def read_rate(text: str) -> Rate | None:
    """Read ``80/1`` (80 messages a second) or ``1/6 10`` (one every six seconds, ten at once)."""
    found = _RATE.match(text.strip())
    if found is None:
        return None
    messages, seconds = int(found[1]), int(found[2])
    return Rate(messages, seconds, int(found[3]) if found[3] else messages)


def line_key(line_id: UUID) -> str:
    """Return the name of a line's bucket."""
    return f"line:{line_id}"


def pair_key(line_id: UUID, external_id: str) -> str:
    """Return the name of one person's bucket on a line; it names nobody."""
    return f"pair:{line_id}:{hashlib.sha256(external_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def take_pair(key: str, rate: Rate, now: datetime) -> datetime | None:
    """Count a message to one person; if that were too many, count nothing and return when to come back."""
    burst = max(rate.burst, rate.price)
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {"key": key, "now": now, "price": rate.price.total_seconds(), "burst": burst.total_seconds()},
        )
        if cursor.fetchone() is not None:
            return None
        cursor.execute(_LEVEL, {"key": key})
        empty_at: datetime = cursor.fetchone()[0]
    return max(empty_at + rate.price - burst, now + timedelta(milliseconds=1))


def reserve(key: str, rate: Rate, now: datetime) -> datetime:
    """Take a place in the line's bucket and return the instant at which its message may leave."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"key": key, "now": now, "price": rate.price.total_seconds()})
        row: tuple[datetime, datetime | None] = cursor.fetchone()
    empty_at, rests_until = row
    return max(now, empty_at - max(rate.burst, rate.price), rests_until or now)


def paused_until(key: str, now: datetime) -> datetime | None:
    """Return until when the provider has asked for rest, if it has."""
    with connection.cursor() as cursor:
        cursor.execute(_LEVEL, {"key": key})
        row = cursor.fetchone()
    return row[1] if row is not None and row[1] is not None and row[1] > now else None


def pause(key: str, rate: Rate, until: datetime) -> None:
    """Let nothing leave until an instant, and nothing at once even then: the bucket is full when the rest is over."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PAUSE, {"key": key, "until": until, "full_at": until + max(rate.burst - rate.price, timedelta())}
        )


def forget_buckets(now: datetime) -> None:
    """Delete the rows of buckets that are empty."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"now": now, "rows_max": FORGET_ROWS_MAX})

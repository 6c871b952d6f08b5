"""How often a key may come: the generic cell rate algorithm (ITU-T I.371), one row a key, shared by all pages processes.

A row holds the instant at which the key's bucket is empty again. Its table is unlogged: a crash forgives everybody, and
counting waits for no disk.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK

from ..jobs import app
from .errors import RateExceeded

BURST_SECONDS: Final = 2
"""A key may use so many seconds' worth of requests at once."""
FORGET_ROWS_MAX: Final = 100_000

_TAKE: Final = """
INSERT INTO platform_rate AS rate (key_id, empty_at) VALUES (%(key)s, %(now)s + make_interval(secs => %(price)s))
ON CONFLICT (key_id) DO UPDATE SET empty_at = greatest(rate.empty_at, %(now)s) + make_interval(secs => %(price)s)
    WHERE greatest(rate.empty_at, %(now)s) + make_interval(secs => %(price)s) <= %(full)s
RETURNING empty_at
"""
_WAIT: Final = "SELECT empty_at FROM platform_rate WHERE key_id = %(key)s"
_FORGET: Final = """
DELETE FROM platform_rate WHERE key_id IN (
    SELECT key_id FROM platform_rate WHERE empty_at < %(now)s LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED)
"""


def take(key_id: UUID, *, cost: int, per_second: int, now: datetime) -> None:
    """Count a request that is worth ``cost`` plain ones against a key that may send ``per_second`` of them.

    Raises:
        RateExceeded: it is too many; nothing was counted.
    """
    if per_second <= 0:
        return
    price = timedelta(seconds=1) * cost / per_second
    burst = max(timedelta(seconds=BURST_SECONDS), price)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key_id, "now": now, "price": price.total_seconds(), "full": now + burst})
        if cursor.fetchone() is not None:
            return
        cursor.execute(_WAIT, {"key": key_id})
        row = cursor.fetchone()
    wait = (row[0] + price - now - burst) if row else price
    raise RateExceeded(seconds=max(math.ceil(wait.total_seconds()), 1))


@app.periodic(cron="41 * * * *")
@app.task(name="platform.forget_rates", queue="upkeep", queueing_lock="platform.forget_rates")
def forget_rates(timestamp: int) -> None:
    """Delete the rows of keys whose buckets are empty."""
    del timestamp
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"now": SYSTEM_CLOCK.now(), "rows_max": FORGET_ROWS_MAX})

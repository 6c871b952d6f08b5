"""Where the log stands: how much is sealed, and how far the seal is behind the postings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK

from .checkpoint import origin_of

if TYPE_CHECKING:
    from datetime import datetime

    from raseed.kernel.clock import Clock

UNSEALED_COUNTED_MAX: Final = 1_000_000
_STATUS: Final = """
    WITH latest AS (SELECT leaves, batch, sealed_at FROM ledger_checkpoint ORDER BY number DESC LIMIT 1)
    SELECT (SELECT id FROM ledger_log), (SELECT leaves FROM latest), (SELECT sealed_at FROM latest), count(*), min(posted_at)
    FROM (SELECT posted_at FROM ledger_batch WHERE number > coalesce((SELECT batch FROM latest), 0)
          ORDER BY number LIMIT %s) unsealed
"""


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The log as it stands.

    Attributes:
        origin: the log's name, or None before the first seal.
        sealed: how many batches are sealed.
        sealed_at: when the last checkpoint was made.
        unsealed: how many committed batches are not sealed yet; counted up to ``UNSEALED_COUNTED_MAX``.
        lag_ms: how long ago the first of those was posted; 0 where there is none.
    """

    origin: str | None
    sealed: int
    sealed_at: datetime | None
    unsealed: int
    lag_ms: int


def log_status(*, clock: Clock = SYSTEM_CLOCK) -> LogStatus:
    """Return how much is sealed, and how far the seal is behind (its lag; the goal is a second at most)."""
    with connection.cursor() as cursor:
        cursor.execute(_STATUS, [UNSEALED_COUNTED_MAX])
        log_id, sealed, sealed_at, unsealed, oldest = cursor.fetchone()
    behind = clock.now() - oldest if oldest else None
    lag_ms = max(behind.days * 86_400_000 + behind.seconds * 1000 + behind.microseconds // 1000, 0) if behind else 0
    return LogStatus(origin_of(log_id) if log_id else None, sealed or 0, sealed_at, unsealed, lag_ms)

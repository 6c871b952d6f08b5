"""Questions whose time has passed climb: at once, and then every day until they are answered or promised anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform import api as platform
from raseed.platform.jobs import app

from ..events import GAP_OVERDUE
from ..models.promises import GapRow
from .domain import GapState, StepCode
from .rows import step

CLIMBS_EVERY: Final = timedelta(days=1)
CLIMBED_A_ROUND_MAX: Final = 500
TIMES_MAX: Final = 32_000


def climb(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let overdue questions climb one step each, and say so by ``care.gap_overdue``; returns how many did."""
    with transaction.atomic():
        now = clock.now()
        rows = list(
            GapRow.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(climbs_at__lte=now, state=GapState.OPEN.value)
            .order_by("id")[:CLIMBED_A_ROUND_MAX]
        )
        for row in rows:
            row.overdue_times = min(row.overdue_times + 1, TIMES_MAX)
            row.climbs_at = now + CLIMBS_EVERY
            row.save(update_fields=["overdue_times", "climbs_at"])
            step(row.id, StepCode.OVERDUE, actor="system", at=now)
            platform.emit(
                GAP_OVERDUE,
                {"gap_id": str(row.id), "owner": str(row.owner), "times": row.overdue_times},
                institution_id=row.institution_id,
                clock=clock,
            )
        return len(rows)


@app.periodic(cron="* * * * *")
@app.task(name="care.climb_gaps", queue="upkeep", queueing_lock="care.climb_gaps")
def climb_gaps(timestamp: int) -> None:
    """Every minute, let overdue questions climb."""
    del timestamp
    climb()

"""Whether a release of our own shown balances is on its way, so that nobody mends what it is to be judged by."""

from __future__ import annotations

from typing import Final

from .domain import ReleaseState, SystemKind
from .models import ReleaseRow

_JUDGED: Final = (
    ReleaseState.CANARY,
    ReleaseState.CUTTING_OVER,
    ReleaseState.LIVE,
    ReleaseState.VERIFYING,
    ReleaseState.ROLLING_BACK,
)


def ours_is_on_its_way() -> bool:
    """Whether some or all are shown a generation that is not verified yet, or are about to be shown another again."""
    return ReleaseRow.objects.filter(
        system__kind=SystemKind.GENERATION.value, state__in=[state.value for state in _JUDGED]
    ).exists()

"""What else moves the same pointer: the release that has taken another's place, and the one that is to come next."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from .domain import ENDED, ReleaseState
from .models import ReleaseRow, StepRow

_S = ReleaseState
_STAYED = [state.value for state in (_S.LIVE, _S.VERIFYING, _S.VERIFIED, _S.ROLLING_BACK)]
"""Where a release that once went live is shown yet."""


def _others(row: ReleaseRow) -> QuerySet[ReleaseRow]:
    return ReleaseRow.objects.filter(pointer=row.pointer).exclude(id=row.id)


def was_replaced(row: ReleaseRow) -> bool:
    """Whether a later release has gone live in its place, and stands there yet, or is just going live."""
    if row.state != _S.VERIFIED.value:
        return False  # it is on its way itself, and one at a time is
    others = _others(row)
    if others.filter(state=_S.CUTTING_OVER.value).exists():
        return True
    since = StepRow.objects.filter(release_id=row.id, state=_S.LIVE.value).values_list("at", flat=True).first()
    shown = list(others.filter(state__in=_STAYED).values_list("id", flat=True))
    return StepRow.objects.filter(release_id__in=shown, state=_S.LIVE.value, at__gt=since).exists()


def going_beside(row: ReleaseRow) -> ReleaseRow | None:
    """Lock and return the release that is on its way to follow this one; call it in a transaction."""
    ended = [state.value for state in (*ENDED, _S.ROLLING_BACK)]
    return _others(row).select_related("system").select_for_update(of=("self",)).exclude(state__in=ended).first()


def going_back_after(release_id: UUID) -> list[UUID]:
    """Return the releases that came after this one and are being rolled back: they are taken back first."""
    row = ReleaseRow.objects.get(id=release_id)
    later = _others(row).filter(state=_S.ROLLING_BACK.value, registered_at__gte=row.registered_at)
    return list(later.values_list("id", flat=True))

"""Reads of generations and of the pointer."""

from __future__ import annotations

from ..domain import Generation, GenerationState, Pointer
from ..errors import GenerationUnknown
from .models import CanaryRow, GenerationRow, PointerRow


def as_generation(row: GenerationRow) -> Generation:
    """Return what other packages see of a row."""
    return Generation(
        number=row.number,
        projector=row.projector,
        state=GenerationState(row.state),
        built_to=row.built_to,
        accounts=row.accounts,
        opened_at=row.opened_at,
        reason=row.reason,
    )


def generations() -> list[Generation]:
    """Return all generations there ever were, the latest first."""
    return [as_generation(row) for row in GenerationRow.objects.order_by("-number")]


def generation(number: int) -> Generation:
    """Return one generation.

    Raises:
        GenerationUnknown: there is none of this number.
    """
    row = GenerationRow.objects.filter(number=number).first()
    if row is None:
        raise GenerationUnknown(generation=number)
    return as_generation(row)


def pointer() -> Pointer | None:
    """Return which generation is shown to whom; ``None`` until the first has gone live."""
    row = PointerRow.objects.filter(one=True).first()
    if row is None:
        return None
    return Pointer(
        live=row.live_id,
        previous=row.previous_id,
        canary=row.canary_id,
        percent=row.percent,
        named=CanaryRow.objects.count(),
        epoch=row.epoch,
        changed_at=row.changed_at,
    )

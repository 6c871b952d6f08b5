"""What was seen of what never changes, so that a change is seen: a keyed digest of the rows, by what they are about.

The key lies outside the database. What changes between being made and being seen first, a minute later, is not seen here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from django.db import transaction

from raseed.kernel.clock import Clock
from raseed.platform import api as platform

from .models import MemoryRow

KEY: Final = "assurance-memory"
ALTERED: Final = "altered"
GONE: Final = "gone"
ROWS_AT_ONCE: Final = 1_000


def compare_and_remember(
    family: str, seen: Iterable[tuple[str, tuple[str, ...]]], *, clock: Clock
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is not as it was seen before: code, what it is about, the digest then, the digest now; remember what is new.

    Args:
        family: of which part of the house this is; what of it was remembered and is not among ``seen`` is gone.
        seen: what each thing is called, and its rows in their order; rows may have been added to those that were seen.
        clock: when.
    """
    with transaction.atomic():
        known = {
            row.about: row for row in MemoryRow.objects.select_for_update().filter(family=family).order_by("about")
        }
        new: list[MemoryRow] = []
        grown: list[MemoryRow] = []
        for about, rows in seen:
            row = known.pop(about, None)
            if row is None:
                new.append(
                    MemoryRow(family=family, about=about, rows=len(rows), digest=_digest(rows), seen_at=clock.now())
                )
                continue
            found = _digest(rows[: row.rows])
            if len(rows) < row.rows or found != bytes(row.digest):
                yield ALTERED, about, bytes(row.digest).hex()[:16], found.hex()[:16]
            elif len(rows) > row.rows:
                row.rows, row.digest, row.seen_at = len(rows), _digest(rows), clock.now()
                grown.append(row)
        for about, row in known.items():
            yield GONE, about, bytes(row.digest).hex()[:16], ""
        MemoryRow.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
        MemoryRow.objects.bulk_update(grown, ["rows", "digest", "seen_at"], batch_size=ROWS_AT_ONCE)


def _digest(rows: tuple[str, ...]) -> bytes:
    return platform.keyed_hash(KEY, *rows)

"""A comparison is kept as it goes: what was compared, what differed, how far it is; cut off, it is taken up again.

What a batch found and how far the comparison has come by it are one transaction, so nothing is counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from raseed.kernel.ids import new_id

from .domain import EXAMPLES_MAX, SHOWS_NOTHING, Batch, RunKind
from .models import DifferenceRow, RunRow, TallyRow

if TYPE_CHECKING:
    from raseed.kernel.clock import Clock

    from .subjects import Subject

TOLD_EVERY_S: Final = 0.4
REFUSED: Final = "refused"
"""The fact of a comparison that says why it was cut off: an error's code."""
_THOUSAND: Final = 1_000


def opened(release_id: UUID, kind: RunKind, *, clock: Clock, sample_permille: int = 1_000) -> RunRow:
    """Return the comparison of this kind that was begun and not ended, or a new one."""
    row, _ = RunRow.objects.get_or_create(
        release_id=release_id,
        kind=kind.value,
        ended_at=None,
        defaults={"id": new_id(), "began_at": clock.now(), "sample_permille": sample_permille},
    )
    if row.facts.pop(REFUSED, None):
        row.save(update_fields=["facts"])
    return row


def note_refusal(release_id: UUID, code: str) -> None:
    """Keep why a step that a worker took was refused, with the comparison that it left open, until it is taken again."""
    for row in RunRow.objects.filter(release_id=release_id, ended_at=None):
        note(row, {REFUSED: code})


def ended(release_id: UUID, kind: RunKind) -> RunRow | None:
    """Return the last comparison of this kind that has ended, if there is one."""
    return (
        RunRow.objects.filter(release_id=release_id, kind=kind.value)
        .exclude(ended_at=None)
        .order_by("-ended_at")
        .first()
    )


def batches(row: RunRow, subject: Subject, told: Any) -> Iterator[Batch]:
    """Compare, keep each batch and yield it; who asks may stop at any."""
    counted = row.compared if subject.resumable else 0
    last_at = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last_at
        now = time.monotonic()
        if now - last_at >= TOLD_EVERY_S or done >= total:
            last_at = now
            RunRow.objects.filter(id=row.id, ended_at=None).update(compared=max(counted, done), total=total)
        told(done, total)

    for batch in subject.compare(
        RunKind(row.kind), sample_permille=row.sample_permille, position=row.position, told=tell
    ):
        counted += batch.compared
        keep(row, batch, compared=counted)
        yield batch


def keep(row: RunRow, batch: Batch, *, compared: int | None = None) -> None:
    """Keep what a batch found, and how far the comparison is by it."""
    with transaction.atomic():
        now = RunRow.objects.select_for_update().get(id=row.id)
        _count(row.id, batch)
        if compared is not None:
            now.compared, now.position = compared, batch.position
            now.total = max(now.total, compared)
            now.save(update_fields=["compared", "position", "total"])
    row.compared, row.position = now.compared, now.position


def _count(run_id: UUID, batch: Batch) -> None:
    room: dict[tuple[str, str], int] = {}
    for (issuer, kind), count in batch.counts.items():
        tally, is_new = TallyRow.objects.get_or_create(
            run_id=run_id, issuer=issuer, kind=kind.value, defaults={"count": count}
        )
        room[issuer, kind.value] = EXAMPLES_MAX - (0 if is_new else min(tally.count, EXAMPLES_MAX))
        if not is_new:
            TallyRow.objects.filter(run_id=run_id, issuer=issuer, kind=kind.value).update(count=F("count") + count)
    rows = []
    for one in batch.found:
        key = (one.issuer, one.kind.value)
        if room.get(key, 0) <= 0:
            continue
        room[key] -= 1
        rows.append(
            DifferenceRow(
                run_id=run_id,
                account=one.account,
                issuer=one.issuer,
                kind=one.kind.value,
                shown_minor=one.shown_minor,
                true_minor=one.true_minor,
                currency=one.currency,
                shown_currency=one.shown_currency,
                note=one.note,
            )
        )
    DifferenceRow.objects.bulk_create(rows)


def is_clean(batch: Batch, *, unanswered_permille: int) -> bool:
    """Whether nothing that counts differs in a batch: no wrong number, and no more silence than is allowed."""
    silent = sum(count for (_, kind), count in batch.counts.items() if kind in SHOWS_NOTHING)
    return batch.different == silent and silent * _THOUSAND <= unanswered_permille * batch.compared


def run_is_clean(row: RunRow, *, unanswered_permille: int) -> bool:
    """Whether nothing that counts has differed in a comparison so far."""
    tallies = TallyRow.objects.filter(run_id=row.id)
    silent = [kind.value for kind in SHOWS_NOTHING]
    if tallies.exclude(kind__in=silent).exists():
        return False
    quiet = tallies.aggregate(sum=Sum("count"))["sum"] or 0
    return bool(quiet * _THOUSAND <= unanswered_permille * row.compared)


def note(row: RunRow, facts: Mapping[str, Any]) -> None:
    """Say more of a comparison that goes on."""
    row.facts = {**row.facts, **facts}
    RunRow.objects.filter(id=row.id, ended_at=None).update(facts=row.facts)


def end(row: RunRow, *, clean: bool, clock: Clock, facts: Mapping[str, Any] | None = None) -> None:
    """End a comparison, in the caller's transaction if there is one; one that has ended stays as it is."""
    row.facts = {**row.facts, **(facts or {})}
    row.ended_at = max(clock.now(), row.began_at)
    row.is_clean = clean
    RunRow.objects.filter(id=row.id, ended_at=None).update(ended_at=row.ended_at, is_clean=clean, facts=row.facts)

"""A comparison is kept as it goes: what was compared, what differed, how far it is; cut off, it is taken up again.

What a batch found and how far the comparison has come by it are one transaction, so nothing is counted twice.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from raseed.kernel.ids import new_id

from .domain import EXAMPLES_MAX, SHOWS_NOTHING, Batch, RunKind
from .errors import NobodyCompared
from .models import DifferenceRow, RunRow, TallyRow

if TYPE_CHECKING:
    from raseed.kernel.clock import Clock

    from .subjects import Subject

TOLD_EVERY_S: Final = 0.4
REFUSED: Final = "refused"
"""The fact of a comparison that says why it was cut off: an error's code."""
LEFT: Final = "left"
"""The fact of a comparison that was ended unfinished, because another was asked for."""
BASELINE: Final = "baseline"
"""The fact of a shadow that says beside which baseline it was begun."""
_SHADOWS: Final = frozenset({RunKind.SHADOW_LIVE, RunKind.SHADOW_TRUE})
_THOUSAND: Final = 1_000


def opened(release_id: UUID, kind: RunKind, *, clock: Clock, sample_permille: int = 1_000) -> RunRow:
    """Return the comparison of this kind that was begun and not ended, or a new one.

    One that was begun with another sample, or beside an earlier baseline, is ended: what it found is not what is asked now.
    """
    facts = _begun_with(release_id, kind)
    with transaction.atomic():
        left = RunRow.objects.select_for_update().filter(release_id=release_id, kind=kind.value, ended_at=None).first()
        if left is not None and (left.sample_permille != sample_permille or _differ(left.facts, facts)):
            end(left, clean=False, clock=clock, facts={LEFT: True})
        row, _ = RunRow.objects.get_or_create(
            release_id=release_id,
            kind=kind.value,
            ended_at=None,
            defaults={"id": new_id(), "began_at": clock.now(), "sample_permille": sample_permille, "facts": facts},
        )
    if row.facts.pop(REFUSED, None):
        row.save(update_fields=["facts"])
    return row


def _begun_with(release_id: UUID, kind: RunKind) -> dict[str, Any]:
    """Return what a comparison of this kind depends on, as it is kept with it: a shadow on the baseline before it."""
    if kind not in _SHADOWS:
        return {}
    taken = ended(release_id, RunKind.BASELINE)
    return {} if taken is None else {BASELINE: str(taken.id)}


def _differ(facts: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return any(facts.get(name) != value for name, value in now.items())


def note_refusal(release_id: UUID, code: str) -> None:
    """Keep why a step that a worker took was refused, with the comparison that it left open, until it is taken again."""
    for row in RunRow.objects.filter(release_id=release_id, ended_at=None):
        note(row, {REFUSED: code})


def ended(release_id: UUID, kind: RunKind) -> RunRow | None:
    """Return the last comparison of this kind that has ended, if there is one."""
    return (
        RunRow.objects.filter(release_id=release_id, kind=kind.value)
        .exclude(ended_at=None)
        .order_by("-ended_at", "-id")
        .first()
    )


def batches(row: RunRow, subject: Subject, told: Any) -> Iterator[Batch]:
    """Compare, keep each batch and yield it; who asks may stop at any. What can't be taken up again begins anew.

    Raises:
        NobodyCompared: there was nobody to compare, so nothing can be said of them.
    """
    counted = row.compared if subject.resumable else 0
    if not subject.resumable:
        TallyRow.objects.filter(run_id=row.id).delete()
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
    if not counted and RunKind(row.kind) is not RunKind.RESTORED:
        RunRow.objects.filter(id=row.id, ended_at=None).update(compared=0, position=0)
        raise NobodyCompared


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
    there: dict[tuple[str, str], set[str]] = defaultdict(set)
    if batch.found:
        for issuer, kept, account in DifferenceRow.objects.filter(run_id=run_id).values_list(
            "issuer", "kind", "account"
        ):
            there[issuer, kept].add(account)
    for (issuer, kind), count in batch.counts.items():
        _, is_new = TallyRow.objects.get_or_create(
            run_id=run_id, issuer=issuer, kind=kind.value, defaults={"count": count}
        )
        if not is_new:
            TallyRow.objects.filter(run_id=run_id, issuer=issuer, kind=kind.value).update(count=F("count") + count)
    rows = []
    for one in batch.found:
        examples = there[one.issuer, one.kind.value]
        if len(examples) >= EXAMPLES_MAX or one.account in examples:
            continue
        examples.add(one.account)
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
    """Whether somebody was compared, and nothing that counts has differed in a comparison so far."""
    if not row.compared:
        return False
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

"""Holding a biller's file against our payments and the ledger: what agrees is counted, what does not is named.

All of it is one transaction under the biller's lock, and nearly all of it is a handful of statements over sets. What an
earlier difference was about and this file explains closes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..domain import Biller
from ..intake.reading import look
from ..models import BillerRow
from ..permissions import WORK_ON_BREAKS
from ..queries import biller
from ..settlement.closing import close_day
from ..settlement.domain import Settlement
from ..sql import run
from .books import heal
from .domain import BREAKS_MAX, OF_FILE, UNENDED, BreakKind, Found, Outcome, Reconciliation
from .errors import TooManyBreaks
from .keeping import Step, end_by_itself, keep_found, take
from .models import BreakRow, ReconciliationRow
from .reading import Received, head_of, stage_received

FILES_SHOWN_MAX = 20
_ELSEWHERE: dict[BreakKind, BreakKind] = {
    BreakKind.OTHER_DAY: BreakKind.MISSING_THERE,
    BreakKind.MISSING_THERE: BreakKind.OTHER_DAY,
}
"""What a payment that the biller tells of on another day than we leaves behind on the one day and on the other."""


class _Compared(NamedTuple):
    """How many lines agree, and what does not."""

    matched: int
    found: list[Found]


def reconcile(
    biller_id: UUID, file: BinaryIO, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Reconciliation:
    """Hold a biller's file of what it received on a day against what we settled; the same file again is the first answer.

    The day is closed first, if that was not done yet. A later file of the same day counts in place of the earlier one: breaks
    that it does not tell any more close themselves, those that it tells again are open again.

    Raises:
        NotPermitted: ``by`` lacks ``bills.reconciliation.work``. UnacceptableText, BillerUnknown.
        BillsFileRefused: one of its kinds, with the line. TooManyBreaks. DayNotOver, SettlementUnknown: no such closed day.
            Nothing of the file counts.
    """
    of = biller(biller_id)
    people.require(by, WORK_ON_BREAKS, of.institution_id)
    said, looked = people.clean_reason(reason), look(file)
    there = ReconciliationRow.objects.filter(biller_id=of.id, digest=looked.digest).first()
    if there is not None:
        return reconciliation(there.id)
    settled = close_day(of.id, head_of(file, looked, of).day, clock=clock)
    with transaction.atomic():
        BillerRow.objects.select_for_update(no_key=True).get(id=of.id)
        there = ReconciliationRow.objects.filter(biller_id=of.id, digest=looked.digest).first()
        if there is not None:
            return reconciliation(there.id)
        received = stage_received(file, looked, of)
        row = _held_against(of, settled, received, looked.digest, clock)
        platform.record(
            actor=by.actor,
            action="bills.reconciled",
            subject=f"biller:{of.id}",
            after={
                "reconciliation": str(row.id), "day": settled.day.isoformat(), "lines": row.lines,
                "matched": row.matched, "found": row.found, "explained": row.explained,
            },
            reason=said,
            institution_id=of.institution_id,
            clock=clock,
        )  # fmt: skip
        platform.emit(
            events.RECONCILED,
            {"biller_id": str(of.id), "reconciliation_id": str(row.id)},
            institution_id=of.institution_id,
            clock=clock,
        )
    return reconciliation(row.id)


def reconciliation(reconciliation_id: UUID) -> Reconciliation:
    """Return what became of a file, for whoever has looked who asks."""
    return _told(ReconciliationRow.objects.select_related("settlement").get(id=reconciliation_id))


def reconciliations_of(settlement_id: UUID) -> list[Reconciliation]:
    """Return the files that were held against a settlement, the latest first, for whoever has looked who asks."""
    rows = ReconciliationRow.objects.filter(settlement_id=settlement_id).select_related("settlement")
    return [_told(row) for row in rows.order_by("-taken_at", "-id")[:FILES_SHOWN_MAX]]


def _told(row: ReconciliationRow) -> Reconciliation:
    return Reconciliation(
        row.id, row.biller_id, row.settlement_id, row.settlement.day, row.lines,
        Money(row.sum_minor, biller(row.biller_id).currency), row.matched, row.found, row.explained, row.taken_at,
    )  # fmt: skip


def _held_against(of: Biller, settled: Settlement, received: Received, digest: str, clock: Clock) -> ReconciliationRow:
    compared = _compared(of, settled)
    now = clock.now()
    row = ReconciliationRow(
        id=new_id(), biller_id=of.id, settlement_id=settled.id, digest=digest, lines=received.lines,
        sum_minor=received.total_minor, matched=compared.matched, found=0, explained=0, taken_at=now,
    )  # fmt: skip
    steps = _told_elsewhere(of, settled)
    found, more = _without_explained(of, settled, compared.found)
    steps += more
    wanted = {(each.kind.value, each.subject) for each in found}
    gone = BreakRow.objects.select_for_update().filter(
        biller_id=of.id,
        day=settled.day,
        kind__in=[kind.value for kind in OF_FILE],
        state__in=[s.value for s in UNENDED],
    )
    steps += end_by_itself([each for each in gone if (each.kind, each.subject) not in wanted], Outcome.NO_LONGER_TOLD)
    steps = list({step.row.id: step for step in steps}.values())
    row.found, row.explained = len(found), len(steps)
    row.save(force_insert=True)
    take(steps, at=now, reconciliation_id=row.id)
    heal(of, clock=clock, reconciliation_id=row.id)
    keep_found(of, settled.day, found, reconciliation_id=row.id, clock=clock)
    return row


def _compared(of: Biller, settled: Settlement) -> _Compared:
    rows = run("find_breaks", {"biller": of.id, "settlement": settled.id, "most": BREAKS_MAX + 1})
    matched = next(row[4] for row in rows if row[0] is None)
    found = [_found(row) for row in rows if row[0] is not None]
    if len(found) > BREAKS_MAX:
        raise TooManyBreaks(limit=BREAKS_MAX)
    return _Compared(matched, found)


def _found(row: Sequence[Any]) -> Found:
    kind, subject, order_id, transfer_id, line, their_reference, ours, theirs, _ = row
    return Found(
        BreakKind(kind),
        subject,
        order_id,
        transfer_id,
        None if line is None else line + 2,
        their_reference,
        ours,
        theirs,
    )


def _told_elsewhere(of: Biller, settled: Settlement) -> list[Step]:
    """Close the breaks of other days that said that the biller lacks what this file tells of."""
    ids = [id_ for (id_,) in run("told_now", {"biller": of.id, "day": settled.day})]
    return end_by_itself(BreakRow.objects.select_for_update().filter(id__in=ids), Outcome.TOLD_ON_OTHER_DAY)


def _without_explained(of: Biller, settled: Settlement, found: list[Found]) -> tuple[list[Found], list[Step]]:
    """Leave out what another day's file explains: a payment told a day late or early differs once, not twice.

    On the one day it is told of though it is another day's, on the other it is missing; whichever comes second ends the first.
    """
    shifted = {each.order_id: each for each in found if each.kind in _ELSEWHERE}
    if not shifted:
        return found, []
    pairs: dict[UUID, BreakRow] = {}
    rows = BreakRow.objects.select_for_update().filter(
        biller_id=of.id, order_id__in=list(shifted), kind__in=[kind.value for kind in _ELSEWHERE]
    )
    for row in rows.exclude(day=settled.day):
        assert row.order_id is not None, "it was found by its order"
        each = shifted[row.order_id]
        amounts = (row.ours_minor, each.ours_minor)
        if row.kind == _ELSEWHERE[each.kind].value and amounts[0] == amounts[1]:
            pairs[row.order_id] = row
    kept = [each for each in found if each.kind not in _ELSEWHERE or each.order_id not in pairs]
    return kept, end_by_itself(pairs.values(), Outcome.TOLD_ON_OTHER_DAY)

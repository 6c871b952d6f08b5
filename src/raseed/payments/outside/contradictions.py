"""Answers that come after the end and say the opposite: taken, although it was given back; not taken, although it was paid.

The first definite answer stands, and the money is where it says. What came afterwards is kept for persons, who find out with
the other side who has whose money; nothing is booked by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.banking.api import Cursor
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, NotFound, mark
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from ..domain import PAYMENTS_PER_PAGE, No, Payment, PaymentState, Yes
from ..errors import PaymentUnknown
from ..events import CONTRADICTED
from ..models import PaymentRow
from ..oversight import VIEW_PAYMENTS
from ..queries import told
from ..sql import STATEMENTS, run
from .domain import Heard
from .models import ContradictionRow
from .outcome import PROPOSE


class ContradictionKind(StrEnum):
    """What was said after the end."""

    TAKEN_AFTER_RETURN = "taken_after_return"
    NOT_TAKEN_AFTER_SETTLING = "not_taken_after_settling"


CONTRADICTION_WORDS: Final = {
    ContradictionKind.TAKEN_AFTER_RETURN: mark(
        "The recipient has taken it, although the money was given back to the payer: the recipient is owed."
    ),
    ContradictionKind.NOT_TAKEN_AFTER_SETTLING: mark(
        "The recipient says that it has not taken it, although it was paid: the payer may be owed."
    ),
}
_SAYS: Final = {
    (Yes, PaymentState.RETURNED): ContradictionKind.TAKEN_AFTER_RETURN,
    (No, PaymentState.SETTLED): ContradictionKind.NOT_TAKEN_AFTER_SETTLING,
}


class ContradictionUnknown(NotFound):
    """There is no such answer about this payment."""

    code = "contradiction_unknown"
    sentence = mark("No answer came after the end of this payment that contradicts it.")


class ContradictionClosed(Conflict):
    """Somebody has dealt with it."""

    code = "contradiction_closed"
    sentence = mark("This was dealt with already.")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An answer that came after a payment's end and says the opposite.

    Attributes:
        lane: of whom it came.
        reference: the other side's name for what it took; ``code``: why it did not.
        closed_at, closed_by, closing_reason: when, by whom and how it was dealt with; ``None`` and empty while it was not.
    """

    payment: Payment
    kind: ContradictionKind
    lane: str
    reference: str
    code: str
    heard_at: datetime
    closed_at: datetime | None
    closed_by: str
    closing_reason: str


@dataclass(frozen=True, slots=True)
class ContradictionPage:
    """Contradictions, the latest first, and where the next page begins if there is one."""

    contradictions: tuple[Contradiction, ...]
    next: Cursor | None = None


def keep_contradictions(
    late: Sequence[Heard], decided: Mapping[UUID, Yes | No], *, now: datetime, clock: Clock
) -> None:
    """Keep those of the answers that came after the end which say the opposite, once each, and tell of them.

    In the concluding transaction, before the ledger. ``decided`` are the ends that this very transaction brings about.
    """
    states = dict(
        PaymentRow.objects.filter(id__in={each.claim.errand.payment_id for each in late}).values_list("id", "state")
    )
    for each in late:
        errand = each.claim.errand
        end = decided.get(errand.payment_id)
        state = PaymentState(states[errand.payment_id])
        if end is not None:
            state = PaymentState.SETTLED if isinstance(end, Yes) else PaymentState.RETURNED
        kind = _SAYS.get((type(each.answer), state))
        if kind is None:
            continue
        kept = run(
            STATEMENTS["keep_contradiction"],
            {
                "id": errand.payment_id,
                "kind": kind.value,
                "lane": errand.lane,
                "reference": each.answer.reference if isinstance(each.answer, Yes) else "",
                "code": each.answer.code if isinstance(each.answer, No) else "",
                "now": now,
            },
        )
        if kept:
            payload: platform.Payload = {"payment_id": str(errand.payment_id), "lane": errand.lane, "kind": kind.value}
            ((institution_id,),) = kept
            platform.emit(CONTRADICTED, payload, institution_id=institution_id, clock=clock)


def contradictions(
    institution_id: UUID,
    *,
    by: Author,
    closed: bool = False,
    before: Cursor | None = None,
    limit: int = PAYMENTS_PER_PAGE,
) -> ContradictionPage:
    """Return what an institution's recipients said after the end, the latest first: what nobody has dealt with, or what was.

    Raises:
        NotPermitted: ``by`` may not see payments there.
    """
    people.require(by, VIEW_PAYMENTS.code, institution_id)
    size = min(max(limit, 1), PAYMENTS_PER_PAGE)
    rows = ContradictionRow.objects.filter(institution_id=institution_id, closed_at__isnull=not closed)
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    page = list(rows.order_by("-position")[: size + 1])
    more = len(page) > size
    return ContradictionPage(tuple(_told(page[:size])), Cursor(page[size - 1].position) if more else None)


def contradictions_of(payment_id: UUID, *, by: Author) -> list[Contradiction]:
    """Return what was said about a payment after its end.

    Raises:
        PaymentUnknown: no such payment. NotPermitted: ``by`` may not see payments there.
    """
    people.require(by, VIEW_PAYMENTS.code, _institution_of(payment_id))
    return _told(list(ContradictionRow.objects.filter(payment_id=payment_id).order_by("position")))


def close_contradictions(payment_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say that what was said about a payment after its end was dealt with, and how.

    Raises:
        PaymentUnknown: no such payment. ContradictionUnknown, ContradictionClosed: there is none, or none any more.
        NotPermitted: ``by`` lacks ``payments.outcome.propose``. UnacceptableText: the reason.
    """
    institution_id = _institution_of(payment_id)
    people.require(by, PROPOSE.code, institution_id)
    said = people.clean_reason(reason)
    with transaction.atomic():
        rows = list(ContradictionRow.objects.select_for_update().filter(payment_id=payment_id).order_by("position"))
        if not rows:
            raise ContradictionUnknown(field="payment_id")
        still_open = [row for row in rows if row.closed_at is None]
        if not still_open:
            raise ContradictionClosed(field="payment_id")
        for row in still_open:
            row.closed_at, row.closed_by, row.closing_reason = clock.now(), by.actor, said
            row.save(update_fields=["closed_at", "closed_by", "closing_reason"])
        platform.record(
            actor=by.actor,
            action="payments.contradiction_closed",
            subject=f"payment:{payment_id}",
            after={"count": len(still_open)},
            reason=said,
            institution_id=institution_id,
            clock=clock,
        )


def _institution_of(payment_id: UUID) -> UUID:
    row = PaymentRow.objects.filter(id=payment_id).first()
    if row is None:
        raise PaymentUnknown(field="payment_id")
    return banking.account(row.from_account_id).institution_id


def _told(rows: Sequence[ContradictionRow]) -> list[Contradiction]:
    known = {each.id: each for each in told(row.payment_id for row in rows)}
    return [
        Contradiction(
            payment=known[row.payment_id],
            kind=ContradictionKind(row.kind),
            lane=row.lane,
            reference=row.reference,
            code=row.code,
            heard_at=row.heard_at,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
            closing_reason=row.closing_reason,
        )
        for row in rows
    ]

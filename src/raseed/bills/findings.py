"""What billers answered that can't be right: each is a row with a name, never a yes, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.banking.api import Cursor
from raseed.kernel.clock import Clock
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .models import FindingRow
from .permissions import VIEW_BILLS
from .wrongs import AnswerRefused, FindingKind

FINDINGS_PER_PAGE: Final = 50
_log = structlog.get_logger("raseed.bills")


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong answer: to which question, about which payment if about one, and what was expected and said."""

    position: int
    biller_id: UUID
    order_id: UUID | None
    kind: FindingKind
    asked: str
    facts: Mapping[str, str | int]
    at: datetime


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Findings, the latest first, and where the next page begins if there is one."""

    findings: tuple[Finding, ...]
    next: Cursor | None = None


def keep_finding(
    refusal: AnswerRefused, *, biller_id: UUID, institution_id: UUID, asked: str, order_id: UUID | None, clock: Clock
) -> None:
    """Keep a wrong answer, and tell of it."""
    _log.warning("biller_answered_wrongly", biller=str(biller_id), kind=refusal.kind.value, asked=asked)
    with transaction.atomic():
        FindingRow.objects.create(
            biller_id=biller_id,
            order_id=order_id,
            kind=refusal.kind.value,
            asked=asked,
            facts=refusal.facts,
            at=clock.now(),
        )
        platform.emit(
            events.FINDING,
            {"biller_id": str(biller_id), "kind": refusal.kind.value},
            institution_id=institution_id,
            clock=clock,
        )


def findings(
    institution_id: UUID,
    *,
    by: people.Author,
    biller_id: UUID | None = None,
    order_id: UUID | None = None,
    before: Cursor | None = None,
    limit: int = FINDINGS_PER_PAGE,
) -> FindingPage:
    """Return what billers of an institution answered wrongly, the latest first.

    Raises:
        NotPermitted: ``by`` lacks ``bills.view``.
    """
    people.require(by, VIEW_BILLS, institution_id)
    wanted = min(max(limit, 1), FINDINGS_PER_PAGE)
    rows = FindingRow.objects.filter(biller__institution_id=institution_id).order_by("-position")
    if biller_id is not None:
        rows = rows.filter(biller_id=biller_id)
    if order_id is not None:
        rows = rows.filter(order_id=order_id)
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    page = list(rows[: wanted + 1])
    more = len(page) > wanted
    return FindingPage(
        tuple(
            Finding(row.position, row.biller_id, row.order_id, FindingKind(row.kind), row.asked, row.facts, row.at)
            for row in page[:wanted]
        ),
        Cursor(page[wanted - 1].position) if more else None,
    )

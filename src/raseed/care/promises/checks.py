"""What came of the check of replies: stopped and changed, or sent for a reason. Rules and counts, never the words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.api import Author

from ..models.promises import ReplyCheckRow
from ..replies.domain import Verdict


class Outcome(StrEnum):
    """What came of a reply that was stopped."""

    STOPPED = "stopped"
    OVERRIDDEN = "overridden"


def keep_check(
    verdict: Verdict,
    *,
    institution_id: UUID,
    conversation_id: UUID | None,
    language: str,
    outcome: Outcome,
    by: Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Keep what came of a reply that was stopped. In its own transaction or the caller's.

    A refusal rolls its transaction back: keep ``STOPPED`` in one of its own, after it.

    Raises:
        UnacceptableText: it was overridden without a reason that can be read.
    """
    why = people.clean_reason(reason) if outcome is Outcome.OVERRIDDEN else ""
    with transaction.atomic():
        ReplyCheckRow.objects.create(
            id=new_id(), institution_id=institution_id, conversation_id=conversation_id, actor=by.actor, at=clock.now(),
            language=language, rules=[finding.rule for finding in verdict.findings if finding.stops],
            outcome=outcome.value, reason=why,
        )  # fmt: skip


def check_counts(institution_id: UUID, *, since: datetime, until: datetime) -> dict[tuple[str, Outcome], int]:
    """Return how often each rule stopped a reply of a time span, and how often it was overridden."""
    found: dict[tuple[str, Outcome], int] = {}
    rows = ReplyCheckRow.objects.filter(institution_id=institution_id, at__gte=since, at__lt=until)
    for rules, outcome in rows.values_list("rules", "outcome").iterator():
        for rule in rules:
            key = (rule, Outcome(outcome))
            found[key] = found.get(key, 0) + 1
    return found

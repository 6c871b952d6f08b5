"""What operations look at: how each line stands, and messages of which a person has to say what became."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from ..authority import MESSAGES_VIEW, Authority, require
from ..lines.services import lines
from ..models import OutgoingRow, StandingRow
from .domain import OutgoingMessage
from .queries import as_message
from .reasons import Reason, reason
from .states import OutgoingState

PAGE_MAX: Final = 200
NO_SIGN: Final = "no_sign_of_delivery"


@dataclass(frozen=True, slots=True)
class LineStanding:
    """How a line stands.

    Attributes:
        needs_token_since: its messages wait for a new access token since then.
        rests_until: its provider does not answer, and is asked again then.
        trouble: what was the matter last.
        waiting: how many messages wait now; ``oldest_due_at``: since when the first of those that are due.
        unknown: of how many a person has to say what became.
        no_sign: how many were taken by the provider, who has not said anything of them since.
        failed: how many failed and were not sent again.
    """

    line_id: UUID
    needs_token_since: datetime | None
    rests_until: datetime | None
    failures: int
    trouble: Reason | None
    taken_at: datetime | None
    waiting: int
    oldest_due_at: datetime | None
    unknown: int
    no_sign: int
    failed: int


def line_standings(institution_id: UUID, *, by: Authority) -> list[LineStanding]:
    """Return how each of an institution's lines stands.

    Raises:
        ChannelsNotPermitted: the author may not see it.
    """
    require(by, MESSAGES_VIEW, institution_id)
    theirs = [line.id for line in lines(institution_id)]
    standings = {row.line_id: row for row in StandingRow.objects.filter(line_id__in=theirs)}
    open_ones = Q(state__in=["waiting", "unknown"]) | Q(state="failed") | Q(state="sent", reason_code=NO_SIGN)
    counted = OutgoingRow.objects.filter(open_ones, line_id__in=theirs).values("line_id")
    counts: dict[UUID, dict[str, object]] = {
        row["line_id"]: dict(row)
        for row in counted.annotate(
            waiting=Count("position", filter=Q(state="waiting")),
            oldest=Min("next_try_at", filter=Q(state="waiting")),
            unknown=Count("position", filter=Q(state="unknown")),
            no_sign=Count("position", filter=Q(state="sent")),
            failed=Count("position", filter=Q(state="failed")),
        )
    }
    return [
        _standing(line_id, standings.get(line_id) or StandingRow(line_id=line_id), counts.get(line_id, {}))
        for line_id in theirs
    ]


def unknown_messages(
    institution_id: UUID, *, by: Authority, line_id: UUID | None = None, limit: int = 50
) -> list[OutgoingMessage]:
    """Return the messages of which a person has to say what became, oldest first; of one line, where one is named.

    Raises:
        ChannelsNotPermitted: the author may not see them.
    """
    rows = _theirs(institution_id, by, line_id).filter(state=OutgoingState.UNKNOWN.value).order_by("position")
    return [as_message(row) for row in rows[: min(limit, PAGE_MAX)]]


def messages_without_sign(
    institution_id: UUID, *, by: Authority, line_id: UUID | None = None, limit: int = 50
) -> list[OutgoingMessage]:
    """Return the messages that the provider took and has not spoken of since, the latest first; else as ``unknown_messages``."""
    rows = _theirs(institution_id, by, line_id).filter(state=OutgoingState.SENT.value, reason_code=NO_SIGN)
    return [as_message(row) for row in rows.order_by("-position")[: min(limit, PAGE_MAX)]]


def failed_messages(
    institution_id: UUID, *, by: Authority, line_id: UUID | None = None, limit: int = 50
) -> list[OutgoingMessage]:
    """Return the messages that failed and were not sent again, the latest first; else as ``unknown_messages``."""
    rows = _theirs(institution_id, by, line_id).filter(state=OutgoingState.FAILED.value).order_by("-position")
    return [as_message(row) for row in rows[: min(limit, PAGE_MAX)]]


def _theirs(institution_id: UUID, by: Authority, line_id: UUID | None) -> QuerySet[OutgoingRow]:
    require(by, MESSAGES_VIEW, institution_id)
    theirs = [line.id for line in lines(institution_id) if line_id in (None, line.id)]
    return OutgoingRow.objects.filter(line_id__in=theirs)


def _standing(line_id: UUID, row: StandingRow, count: dict[str, object]) -> LineStanding:
    oldest = count.get("oldest")
    return LineStanding(
        line_id=line_id,
        needs_token_since=row.needs_token_since,
        rests_until=row.retry_at,
        failures=row.failures,
        trouble=reason(row.code, row.told) if row.code else None,
        taken_at=row.taken_at,
        waiting=_number(count, "waiting"),
        oldest_due_at=oldest if isinstance(oldest, datetime) else None,
        unknown=_number(count, "unknown"),
        no_sign=_number(count, "no_sign"),
        failed=_number(count, "failed"),
    )


def _number(count: dict[str, object], name: str) -> int:
    found = count.get(name, 0)
    return found if isinstance(found, int) else 0

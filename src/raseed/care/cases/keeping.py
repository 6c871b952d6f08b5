"""Cases as they are kept: numbered without gaps, locked, changed by steps that stay."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from raseed.kernel.clock import Clock
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..conversations.permissions import VIEW
from ..models import CaseRow, CaseStepRow
from .domain import CaseState, Outcome
from .errors import UnknownCase

UNENDED: Final = frozenset({CaseState.OPEN, CaseState.WAITING})
_NEXT: Final = """
INSERT INTO care_case_counter (institution_id, year, last) VALUES (%s, %s, 1)
ON CONFLICT (institution_id, year) DO UPDATE SET last = care_case_counter.last + 1
RETURNING last
"""


def next_number(institution_id: UUID, now: datetime) -> tuple[int, int]:
    """Return the year and number of an institution's next case, held until the transaction ends: no number is left out."""
    year = now.astimezone(ZoneInfo(people.institution(institution_id).zone)).year
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [institution_id, year])
        (number,) = cursor.fetchone()
    return year, number


def reference_of(year: int, number: int) -> str:
    """Return a reference as it is told to people."""
    return f"R-{year}-{number:06}"


def locked_case(case_id: UUID, by: people.Author, permission: str) -> CaseRow:
    """Return a case's row, locked FOR NO KEY UPDATE.

    Raises:
        UnknownCase: none, or one that ``by`` may not see. NotPermitted: seen, but not for this.
    """
    row = CaseRow.objects.select_for_update(no_key=True).filter(id=case_id).first()
    if row is None or not (by.may(VIEW, row.institution_id) or by.may(permission, row.institution_id)):
        raise UnknownCase(field="case_id")
    people.require(by, permission, row.institution_id)
    return row


def add_step(
    row: CaseRow, actor: str, state: CaseState, note: str, *, now: datetime, outcome: Outcome | None = None
) -> None:
    """Take a step of a locked case; the caller saves its row."""
    row.steps += 1
    row.state, row.changed_at = state.value, now
    CaseStepRow.objects.create(
        case=row, number=row.steps, at=now, actor=actor, state=state.value,
        outcome=outcome.value if outcome else None, note=note,
    )  # fmt: skip


def tell_case(row: CaseRow, clock: Clock) -> None:
    """Tell others that a case has changed."""
    platform.emit(
        events.CASE_CHANGED,
        {"case_id": str(row.id), "state": row.state},
        institution_id=row.institution_id,
        clock=clock,
    )

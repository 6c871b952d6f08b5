"""What staff do with findings: look, take one up or give it to somebody, write down what is known, close it, open it again."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError
from raseed.people import api as people
from raseed.platform import api as platform

from ..errors import FinderUnfit, FindingEnded, FindingUnknown
from ..permissions import VIEW_BOOKS, WORK_ON_BOOKS
from .domain import (
    BY_PERSONS,
    FINDINGS_PER_PAGE,
    UNENDED,
    CheckStanding,
    Finding,
    FindingFilter,
    FindingPage,
    FindingState,
    FindingStep,
    KnownFinding,
    Outcome,
    Severity,
)
from .keeping import Step, take, tell_cleared, tell_raised
from .models import CheckRow, FindingRow, FindingStepRow
from .registry import registered_checks

EVERYTHING: Final = FindingFilter()


def standing(institution_id: UUID, *, by: people.Author) -> list[CheckStanding]:
    """Return how every check stands, with what is open of it at an institution or in no institution's books.

    Raises:
        NotPermitted: ``by`` lacks ``assurance.books.view``.
    """
    people.require(by, VIEW_BOOKS, institution_id)
    rows = {row.name: row for row in CheckRow.objects.all()}
    open_: dict[str, tuple[int, datetime]] = {
        name: (count, oldest)
        for name, count, oldest in _here(institution_id)
        .filter(state__in=[state.value for state in UNENDED])
        .values_list("check_name")
        .annotate(Count("id"), Min("first_seen"))
    }
    found = []
    for check in registered_checks():
        row = rows.get(check.name)
        count, oldest = open_.get(check.name, (0, None))
        found.append(
            CheckStanding(
                check, row.ran_at if row else None, row.took_ms if row else 0, row.looked_at if row else 0,
                row.failed if row else "", count, oldest,
            )
        )  # fmt: skip
    return found


def findings(
    institution_id: UUID,
    *,
    by: people.Author,
    wanted: FindingFilter = EVERYTHING,
    after: str = "",
    limit: int = FINDINGS_PER_PAGE,
) -> FindingPage:
    """Return findings at an institution or in no institution's books, the oldest first; ``after``: where the last page ended.

    Raises:
        NotPermitted: ``by`` lacks ``assurance.books.view``. InputError: ``after`` is no place.
    """
    people.require(by, VIEW_BOOKS, institution_id)
    rows = _here(institution_id)
    if wanted.check is not None:
        rows = rows.filter(check_name=wanted.check)
    if wanted.is_open is not None:
        open_ = Q(state__in=[state.value for state in UNENDED])
        rows = rows.filter(open_ if wanted.is_open else ~open_)
    if wanted.assignee_id is not None:
        rows = rows.filter(assignee_id=wanted.assignee_id)
    if after:
        seen, id_ = _place(after)
        rows = rows.filter(Q(first_seen__gt=seen) | Q(first_seen=seen, id__gt=id_))
    most = min(max(limit, 1), FINDINGS_PER_PAGE)
    page = list(rows.order_by("first_seen", "id")[: most + 1])
    last = page[most - 1] if len(page) > most else None
    return FindingPage(
        tuple(_told(row) for row in page[:most]), f"{last.first_seen.isoformat()}~{last.id}" if last else None
    )


def finding_of(finding_id: UUID, *, institution_id: UUID, by: people.Author) -> KnownFinding:
    """Return a finding.

    Raises:
        FindingUnknown: none, or not of this institution. NotPermitted.
    """
    return _told(_permitted(finding_id, institution_id, by, VIEW_BOOKS))


def finding_history(finding_id: UUID, *, institution_id: UUID, by: people.Author) -> list[FindingStep]:
    """Return the steps of a finding, the first first.

    Raises:
        As ``finding_of``.
    """
    row = _permitted(finding_id, institution_id, by, VIEW_BOOKS)
    return [
        FindingStep(
            each.number, each.at, FindingState(each.state), each.actor, each.assignee_id,
            Outcome(each.outcome) if each.outcome else None, each.note,
        )
        for each in FindingStepRow.objects.filter(of_id=row.id).order_by("number")
    ]  # fmt: skip


def assign_finding(
    finding_id: UUID, *, institution_id: UUID, to: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> KnownFinding:
    """Make a finding somebody's work: one's own, or a colleague's.

    Raises:
        FindingUnknown, NotPermitted, UnacceptableText. FindingEnded. FinderUnfit: ``to`` may not work on findings here.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _permitted(finding_id, institution_id, by, WORK_ON_BOOKS, lock=True)
        _check(row, UNENDED)
        _check_assignee(to, institution_id)
        _do(
            row,
            Step(row, FindingState.ASSIGNED, by.actor, note=said, assignee_id=to),
            "assurance.finding_assigned",
            clock,
        )
    return _told(row)


def note_on_finding(
    finding_id: UUID, *, institution_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> KnownFinding:
    """Write down what is known of a finding; nothing else changes.

    Raises:
        FindingUnknown, NotPermitted, UnacceptableText. FindingEnded.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _permitted(finding_id, institution_id, by, WORK_ON_BOOKS, lock=True)
        _check(row, UNENDED)
        step = Step(row, FindingState(row.state), by.actor, note=said, assignee_id=row.assignee_id)
        _do(row, step, "assurance.finding_noted", clock)
    return _told(row)


def close_finding(
    finding_id: UUID,
    *,
    institution_id: UUID,
    outcome: Outcome,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> KnownFinding:
    """Say what became of a finding, and why. If the check finds it again it is open again, unless it was accepted as it is.

    Raises:
        FindingUnknown, NotPermitted, UnacceptableText. FindingEnded. InputError: an outcome that is not a person's to say.
    """
    said = people.clean_reason(reason)
    if outcome not in BY_PERSONS:
        raise InputError(field="outcome")
    with transaction.atomic():
        row = _permitted(finding_id, institution_id, by, WORK_ON_BOOKS, lock=True)
        _check(row, UNENDED)
        step = Step(row, FindingState.CLOSED, by.actor, outcome, said, row.assignee_id)
        _do(row, step, "assurance.finding_closed", clock)
        tell_cleared(row, outcome, clock)
    return _told(row)


def reopen_finding(
    finding_id: UUID, *, institution_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> KnownFinding:
    """Open a finding again that a person had closed.

    Raises:
        FindingUnknown, NotPermitted, UnacceptableText. FindingEnded: it is open, or is gone.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _permitted(finding_id, institution_id, by, WORK_ON_BOOKS, lock=True)
        _check(row, frozenset({FindingState.CLOSED}))
        _do(row, Step(row, FindingState.OPEN, by.actor, note=said), "assurance.finding_reopened", clock)
        tell_raised(row, clock)
    return _told(row)


def _do(row: FindingRow, step: Step, action: str, clock: Clock) -> None:
    before = {"state": row.state, "assignee": str(row.assignee_id) if row.assignee_id else None}
    take([step], at=clock.now())
    after = {"state": row.state, "assignee": str(row.assignee_id) if row.assignee_id else None}
    platform.record(
        actor=step.actor,
        action=action,
        subject=f"finding:{row.id}",
        before=before,
        after=after | ({"outcome": step.outcome.value} if step.outcome else {}),
        reason=step.note,
        institution_id=row.institution_id,
        clock=clock,
    )


def _here(institution_id: UUID) -> QuerySet[FindingRow]:
    return FindingRow.objects.filter(Q(institution_id=institution_id) | Q(institution_id=None))


def _permitted(
    finding_id: UUID, institution_id: UUID, by: people.Author, permission: str, *, lock: bool = False
) -> FindingRow:
    people.require(by, permission, institution_id)
    rows = _here(institution_id)
    row = (rows.select_for_update() if lock else rows).filter(id=finding_id).first()
    if row is None:
        raise FindingUnknown(field="finding_id")
    return row


def _check(row: FindingRow, states: frozenset[FindingState]) -> None:
    if FindingState(row.state) not in states:
        raise FindingEnded(field="finding_id")


def _check_assignee(staff_id: UUID, institution_id: UUID) -> None:
    try:
        may = people.author_of_staff(staff_id).may(WORK_ON_BOOKS, institution_id)
    except RaseedError:
        may = False
    if not may:
        raise FinderUnfit(field="to")


def _place(text: str) -> tuple[datetime, UUID]:
    seen, _, id_ = text.partition("~")
    try:
        moment, last = datetime.fromisoformat(seen), UUID(id_)
    except ValueError:
        raise InputError(field="after") from None
    if moment.tzinfo is None:
        raise InputError(field="after")
    return moment, last


def _told(row: FindingRow) -> KnownFinding:
    return KnownFinding(
        id=row.id,
        finding=Finding(
            row.check_name, row.code, row.subject, row.expected, row.found, Severity(row.severity), row.institution_id,
            row.repair or None,
        ),
        state=FindingState(row.state),
        assignee_id=row.assignee_id,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        times=row.times,
        changed_at=row.changed_at,
    )  # fmt: skip

"""What staff do with breaks: look, take one up or give it to somebody, resolve it with a reason, open it again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.money import Currency, Money, currency
from raseed.people import api as people
from raseed.platform import api as platform

from ..permissions import WORK_ON_BREAKS
from .domain import (
    BREAKS_PER_PAGE,
    BY_PERSONS,
    UNENDED,
    Break,
    BreakFilter,
    BreakKind,
    BreakPage,
    BreakState,
    BreakStep,
    Outcome,
)
from .errors import AssigneeUnfit, BreakEnded, BreakUnknown
from .keeping import Step, take
from .models import BreakRow, BreakStepRow

EVERYTHING: Final = BreakFilter()


def breaks(
    institution_id: UUID,
    *,
    by: people.Author,
    wanted: BreakFilter = EVERYTHING,
    after: str = "",
    limit: int = BREAKS_PER_PAGE,
    clock: Clock = SYSTEM_CLOCK,
) -> BreakPage:
    """Return the breaks of an institution's billers, the oldest day first; ``after``: where the last page ended.

    Raises:
        NotPermitted: ``by`` lacks ``bills.reconciliation.work``. InputError: ``after`` is no place.
    """
    people.require(by, WORK_ON_BREAKS, institution_id)
    rows = BreakRow.objects.filter(biller__institution_id=institution_id).select_related("biller")
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind.value)
    if wanted.biller_id is not None:
        rows = rows.filter(biller_id=wanted.biller_id)
    if wanted.is_open is not None:
        open_ = Q(state__in=[state.value for state in UNENDED])
        rows = rows.filter(open_ if wanted.is_open else ~open_)
    if wanted.assignee_id is not None:
        rows = rows.filter(assignee_id=wanted.assignee_id)
    if wanted.days_min > 0:
        today = banking.business_date(institution_id, clock.now())
        rows = rows.filter(day__lte=today - timedelta(days=wanted.days_min))
    if after:
        day, id_ = _place(after)
        rows = rows.filter(Q(day__gt=day) | Q(day=day, id__gt=id_))
    most = min(max(limit, 1), BREAKS_PER_PAGE)
    page = list(rows.order_by("day", "id")[: most + 1])
    found = tuple(_break(row, currency(row.biller.currency)) for row in page[:most])
    return BreakPage(found, f"{found[-1].day.isoformat()}.{found[-1].id}" if len(page) > most else None)


def open_breaks(institution_id: UUID, *, by: people.Author) -> dict[BreakKind, tuple[int, date]]:
    """Return how many breaks of each kind are open, and of which day the oldest is.

    Raises:
        NotPermitted: ``by`` lacks ``bills.reconciliation.work``.
    """
    people.require(by, WORK_ON_BREAKS, institution_id)
    rows = BreakRow.objects.filter(
        biller__institution_id=institution_id, state__in=[state.value for state in UNENDED]
    ).values_list("kind")
    found = {BreakKind(kind): (count, oldest) for kind, count, oldest in rows.annotate(Count("id"), Min("day"))}
    return {kind: found[kind] for kind in BreakKind if kind in found}


def break_of(break_id: UUID, *, by: people.Author) -> Break:
    """Return a break.

    Raises:
        BreakUnknown: none, or at an institution where ``by`` may not work on breaks.
    """
    return _told(_permitted(break_id, by))


def break_history(break_id: UUID, *, by: people.Author) -> list[BreakStep]:
    """Return the steps of a break, the first first.

    Raises:
        BreakUnknown: as ``break_of``.
    """
    row = _permitted(break_id, by)
    return [
        BreakStep(
            each.number, each.at, BreakState(each.state), each.actor, each.assignee_id,
            Outcome(each.outcome) if each.outcome else None, each.note, each.reconciliation_id,
        )
        for each in BreakStepRow.objects.filter(of_id=row.id).order_by("number")
    ]  # fmt: skip


def assign_break(break_id: UUID, *, to: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Break:
    """Make a break somebody's work: one's own, or a colleague's.

    Raises:
        BreakUnknown, UnacceptableText. BreakEnded: it is resolved or closed. AssigneeUnfit: ``to`` may not work on breaks.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _permitted(break_id, by, lock=True)
        _check(row, UNENDED)
        _check_assignee(to, row.biller.institution_id)
        _do(row, Step(row, BreakState.ASSIGNED, by.actor, note=said, assignee_id=to), "bills.break_assigned", clock)
    return _told(row)


def resolve_break(
    break_id: UUID, *, outcome: Outcome, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Break:
    """Say what became of a break, and why.

    Raises:
        BreakUnknown, UnacceptableText. BreakEnded: it has ended. InputError: an outcome that is not a person's to say.
    """
    said = people.clean_reason(reason)
    if outcome not in BY_PERSONS:
        raise InputError(field="outcome")
    with transaction.atomic():
        row = _permitted(break_id, by, lock=True)
        _check(row, UNENDED)
        step = Step(row, BreakState.RESOLVED, by.actor, outcome, said, row.assignee_id)
        _do(row, step, "bills.break_resolved", clock)
    return _told(row)


def reopen_break(break_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Break:
    """Open a break again that had ended.

    Raises:
        BreakUnknown, UnacceptableText. BreakEnded: it has not.
    """
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _permitted(break_id, by, lock=True)
        _check(row, frozenset(BreakState) - UNENDED)
        _do(row, Step(row, BreakState.OPEN, by.actor, note=said), "bills.break_reopened", clock)
    return _told(row)


def _do(row: BreakRow, step: Step, action: str, clock: Clock) -> None:
    before = {"state": row.state, "assignee": str(row.assignee_id) if row.assignee_id else None}
    take([step], at=clock.now())
    after = {"state": row.state, "assignee": str(row.assignee_id) if row.assignee_id else None}
    platform.record(
        actor=step.actor,
        action=action,
        subject=f"break:{row.id}",
        before=before,
        after=after | ({"outcome": step.outcome.value} if step.outcome else {}),
        reason=step.note,
        institution_id=row.biller.institution_id,
        clock=clock,
    )


def _permitted(break_id: UUID, by: people.Author, *, lock: bool = False) -> BreakRow:
    rows = BreakRow.objects.select_related("biller")
    row = (rows.select_for_update(of=("self",)) if lock else rows).filter(id=break_id).first()
    if row is None or not by.may(WORK_ON_BREAKS, row.biller.institution_id):
        raise BreakUnknown(field="break_id")
    return row


def _check(row: BreakRow, states: frozenset[BreakState]) -> None:
    if BreakState(row.state) not in states:
        raise BreakEnded(field="break_id")


def _check_assignee(staff_id: UUID, institution_id: UUID) -> None:
    try:
        may = people.author_of_staff(staff_id).may(WORK_ON_BREAKS, institution_id)
    except RaseedError:
        may = False
    if not may:
        raise AssigneeUnfit(field="to")


def _place(text: str) -> tuple[date, UUID]:
    day, _, id_ = text.partition(".")
    try:
        return date.fromisoformat(day), UUID(id_)
    except ValueError:
        raise InputError(field="after") from None


def _told(row: BreakRow) -> Break:
    return _break(row, currency(row.biller.currency))


def _break(row: BreakRow, money: Currency) -> Break:
    return Break(
        id=row.id,
        biller_id=row.biller_id,
        day=row.day,
        kind=BreakKind(row.kind),
        order_id=row.order_id,
        transfer_id=row.transfer_id,
        line=row.line,
        their_reference=row.their_reference,
        ours=None if row.ours_minor is None else Money(row.ours_minor, money),
        theirs=None if row.theirs_minor is None else Money(row.theirs_minor, money),
        found_at=row.found_at,
        state=BreakState(row.state),
        assignee_id=row.assignee_id,
        changed_at=row.changed_at,
    )

"""Reads of standing orders, for their customers and for staff."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.banking.api import Cursor
from raseed.people.api import Author, NotPermitted

from .domain import (
    DATES_SHOWN_MAX,
    PURPOSE_WORDS,
    RUN_WORDS,
    STANDING_PER_PAGE,
    STATE_WORDS,
    PlannedRun,
    Run,
    RunPage,
    StandingOrder,
    StandingPage,
    StandingState,
    planned_runs,
)
from .errors import StandingOrderUnknown
from .models import StandingRow, StandingRunRow
from .rows import timetable_of, told_run, told_standing

VIEW = "payments.orders.view"


def standing_order(order_id: UUID, *, customer_id: UUID | None = None) -> StandingOrder:
    """Return a standing order; with ``customer_id``, only if it is theirs, or leaves an account that they may pay from.

    Raises:
        StandingOrderUnknown: there is none, or it is someone else's.
    """
    return told_standing(standing_row(order_id, customer_id=customer_id))


def standing_orders(
    customer_id: UUID, *, ended: bool = False, before: Cursor | None = None, limit: int = STANDING_PER_PAGE
) -> StandingPage:
    """Return a customer's standing orders, newest first: those that they gave, and those that leave accounts of their own.

    ``ended``: those that have ended too.
    """
    own = [each.id for each in banking.accounts_of(customer_id)]
    rows = StandingRow.objects.filter(Q(actor_customer_id=customer_id) | Q(from_account_id__in=own))
    return _page(rows if ended else rows.exclude(state=StandingState.ENDED.value), before, limit)


def standing_orders_about(
    account_id: UUID, *, by: Author, before: Cursor | None = None, limit: int = STANDING_PER_PAGE
) -> StandingPage:
    """Return the standing orders that leave an account, newest first, as staff see them.

    Raises:
        AccountUnknown: no such account. NotPermitted: ``by`` lacks ``payments.orders.view`` where it is kept.
    """
    account = banking.account(account_id)
    if not by.may(VIEW, account.institution_id):
        raise NotPermitted(permission=VIEW)
    return _page(StandingRow.objects.filter(from_account_id=account_id), before, limit)


def next_dates(order_id: UUID, *, customer_id: UUID | None = None, limit: int = 12) -> tuple[PlannedRun, ...]:
    """Return the occurrences to come, as the timetable has them; none of an order that has ended. Raises as ``standing_order``."""
    row = standing_row(order_id, customer_id=customer_id)
    if row.state == StandingState.ENDED.value:
        return ()
    account = banking.accounts([row.from_account_id], with_aliases=False)[row.from_account_id]
    runs = planned_runs(
        timetable_of(row), banking.workdays_of(account), number=row.next_number,
        earliest=row.next_due_on if row.next_due_on and row.tries == 0 else row.first_on, most=min(max(limit, 1), DATES_SHOWN_MAX),
    )  # fmt: skip
    return tuple(runs)


def runs_of(
    order_id: UUID, *, customer_id: UUID | None = None, below: int | None = None, limit: int = STANDING_PER_PAGE
) -> RunPage:
    """Return what became of an order's occurrences, newest first. Raises as ``standing_order``."""
    standing_row(order_id, customer_id=customer_id)
    size = min(max(limit, 1), STANDING_PER_PAGE)
    rows = StandingRunRow.objects.filter(order_id=order_id).order_by("-number")
    page = list((rows if below is None else rows.filter(number__lt=below))[: size + 1])
    more = len(page) > size
    return RunPage(tuple(told_run(row) for row in page[:size]), page[size - 1].number if more else None)


def standing_state_words(order: StandingOrder, language: str) -> str:
    """Return where a standing order is, in words."""
    with override(language):
        return gettext(STATE_WORDS[order.state])


def purpose_words(order: StandingOrder, language: str) -> str:
    """Return what a standing order is for, in words; empty where nobody said."""
    with override(language):
        return gettext(PURPOSE_WORDS[order.purpose]) if order.purpose else ""


def run_words(run: Run, language: str) -> str:
    """Return what became of an occurrence, in words."""
    with override(language):
        return gettext(RUN_WORDS[run.outcome])


def standing_row(order_id: UUID, *, customer_id: UUID | None = None) -> StandingRow:
    """Return the row of a standing order: for the package itself."""
    row = StandingRow.objects.filter(id=order_id).first()
    if row is None or (customer_id is not None and not is_theirs(row, customer_id)):
        raise StandingOrderUnknown(field="standing_order_id")
    return row


def is_theirs(row: StandingRow, customer_id: UUID) -> bool:
    """Whether a customer may see, pause, change and end a standing order: who gave it, and who may pay from its account."""
    if row.actor_customer_id == customer_id:
        return True
    account = banking.accounts([row.from_account_id], with_aliases=False).get(row.from_account_id)
    return account is not None and banking.may_pay(customer_id, account)


def _page(rows: QuerySet[StandingRow], before: Cursor | None, limit: int) -> StandingPage:
    size = min(max(limit, 1), STANDING_PER_PAGE)
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    page = list(rows.order_by("-position")[: size + 1])
    more = len(page) > size
    return StandingPage(
        tuple(told_standing(row) for row in page[:size]), Cursor(page[size - 1].position) if more else None
    )

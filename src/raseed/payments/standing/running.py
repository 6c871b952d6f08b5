"""Running standing orders: what is due is paid, each occurrence once, in order, however often the worker dies.

The transaction that pays takes the orders' rows first, checks that they stand where they were when their payments were made
up, pays, writes each run and moves each order on; so an occurrence is paid and moved past, or neither. That payments' ids
follow from order, date and try is a second wall. A first try is booked on its due date however late the worker comes: its
lateness is ours. A further try is booked when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from raseed.banking import api as banking
from raseed.banking.api import Alias, BankAccount, ProductKind, Workdays
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.platform import api as platform

from ..domain import Destination, Instruction, Refusal
from ..errors import NotEnoughMoney, PaymentIdTaken, RecipientBlocked, SwitchNotConnected
from ..events import STANDING_SKIPPED
from ..execution import RefusedLate, carry_out
from ..looking_up import sendings_of
from ..reasons import kept
from ..sending import Outcome, Sending
from ..sql import STATEMENTS, run
from .domain import CATCH_UP, TRIES_MAX, RunOutcome, StandingState, run_payment_id
from .errors import LoanIsRepaid, MissedTooLong
from .models import StandingRow, StandingRunRow
from .rows import STATE_FIELDS, put_next, put_refusal, recipient_of, timetable_of
from .services import close, go_on

ORDERS_AT_ONCE: Final = 500
RUN_AT_MOST: Final = timedelta(seconds=50)
"""After this a run ends, and the next minute's goes on."""
PASSES_MAX: Final = 200
"""How often a run looks again at what has become due by what it did: an order that is behind is paid date by date."""
ATTEMPTS_MAX: Final = 20
_MENDS: Final = (
    NotEnoughMoney,
    RecipientBlocked,
    banking.LimitPerDay,
    banking.AccountBlocked,
    banking.AccountDormant,
    banking.MoreThanOwed,
)
"""What another day may mend; everything else passes over the occurrence at once."""
_log = structlog.get_logger("raseed.payments")


class _Moved(Exception):
    """Some orders were changed, or run by another worker, since they were read."""

    def __init__(self, ids: set[UUID]) -> None:
        super().__init__(f"{len(ids)} standing orders have moved")
        self.ids = ids


@dataclass(frozen=True, slots=True)
class _Due:
    """An order as it was read, with the account that it leaves and its institution's day."""

    row: StandingRow
    account: BankAccount
    workdays: Workdays
    today: date

    @property
    def mark(self) -> tuple[object, ...]:
        """What must still be so under the row's lock."""
        return _mark(self.row)


def run_standing_orders(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Pay what is due of all standing orders, for at most ``RUN_AT_MOST``; return how many occurrences were dealt with."""
    began_at, done = clock.now(), 0
    for _ in range(PASSES_MAX):
        found = _pass(clock)
        done += found
        if not found or clock.now() - began_at > RUN_AT_MOST:
            break
    return done


def wake_waiting_orders(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let orders run whose recipients can be reached by now; return how many. Dates that passed are not made up for."""
    woken, after = 0, UUID(int=0)
    while True:
        rows = StandingRow.objects.filter(state=StandingState.WAITING.value, id__gt=after, to_bank="").order_by("id")
        page = list(rows[:ORDERS_AT_ONCE])
        if not page:
            return woken
        after = page[-1].id
        with transaction.atomic():
            woken += _wake(page, clock)


def _wake(page: Sequence[StandingRow], clock: Clock) -> int:
    reachable = {
        sending.instruction.id
        for sending in sendings_of([_instruction(row) for row in page], clock, refuse_strangers=True)
        if isinstance(sending.destination, Destination)
    }
    rows = StandingRow.objects.select_for_update().filter(
        id__in=[row.id for row in page if _payment_id(row) in reachable], state=StandingState.WAITING.value
    )
    woken = list(rows.order_by("id"))
    accounts = banking.accounts({row.from_account_id for row in woken}, with_aliases=False)
    for row in woken:
        row.state = StandingState.ACTIVE.value
        go_on(row, accounts[row.from_account_id], clock)
        row.save(update_fields=STATE_FIELDS)
        _record(row, "payments.standing_woken", clock)
    return len(woken)


def _pass(clock: Clock) -> int:
    """Go once through what is due, the longest due first; return how many occurrences were dealt with."""
    done, after = 0, (date.min, UUID(int=0))
    by = clock.now().date() + timedelta(days=1)  # where the day is furthest on; each institution has its own zone
    while True:
        rows = StandingRow.objects.filter(state=StandingState.ACTIVE.value, try_on__lte=by, try_on__gte=after[0])
        page = list(rows.exclude(try_on=after[0], id__lte=after[1]).order_by("try_on", "id")[:ORDERS_AT_ONCE])
        if not page:
            return done
        assert page[-1].try_on is not None, "an active order has a day on which it is tried"
        after = (page[-1].try_on, page[-1].id)
        done += _run_page(page, clock)


def _run_page(page: Sequence[StandingRow], clock: Clock) -> int:
    """Run some orders in one transaction; where that fails, each by itself, so that one stands in nobody's way."""
    due = _due(page, clock)
    try:
        return _run_unmoved(due, clock)
    except (RaseedError, DatabaseError):
        done = 0
        for each in due:
            try:
                done += _run_unmoved([each], clock)
            except (RaseedError, DatabaseError) as error:
                _log.exception("standing_order_not_run", standing_order=str(each.row.id), error=type(error).__name__)
        return done


def _run_unmoved(due: Sequence[_Due], clock: Clock) -> int:
    """Run those that nobody has moved meanwhile; return how many."""
    while due:
        try:
            _run_some(due, clock)
        except _Moved as moved:
            due = [each for each in due if each.row.id not in moved.ids]
        else:
            break
    return len(due)


def _due(page: Sequence[StandingRow], clock: Clock) -> list[_Due]:
    """Return those of a page whose day has come where their accounts are kept."""
    accounts = banking.accounts({row.from_account_id for row in page}, with_aliases=False)
    workdays: dict[UUID, Workdays] = {}
    found = []
    for row in page:
        account = accounts[row.from_account_id]
        if account.institution_id not in workdays:
            workdays[account.institution_id] = banking.workdays_of(account)
        today = banking.business_day(account, clock.now())
        if row.try_on is not None and row.try_on <= today:
            found.append(_Due(row, account, workdays[account.institution_id], today))
    return found


def _run_some(due: Sequence[_Due], clock: Clock) -> None:
    """Pay one occurrence of each order, pass over what is too old, and move each on, in one transaction.

    Raises:
        _Moved: some of them have moved; nothing was done. BooksBusy: nothing was done.
    """
    late: dict[UUID, RaseedError] = {each.row.id: MissedTooLong() for each in due if _is_too_late(each)}
    taken = {id_ for (id_,) in run(STATEMENTS["payments_there"], {"ids": [_payment_id(each.row) for each in due]})}
    late |= {each.row.id: PaymentIdTaken(field="id") for each in due if _payment_id(each.row) in taken}
    to_pay = [each for each in due if each.row.id not in late]
    sendings = sendings_of([_instruction(each.row) for each in to_pay], clock, refuse_strangers=True)
    sendings, repaid = _fitted(to_pay, sendings)
    moving = _Moving(due, late, repaid, clock)
    refused_late: dict[UUID, RaseedError] = {}
    for _ in range(ATTEMPTS_MAX):
        try:
            if sendings:
                carry_out(sendings, refused_late, clock, begin=moving.take, end=moving.move_on)
            else:
                moving.without_payments()
        except RefusedLate as refused:
            refused_late |= refused.refusals
        except ledger.LedgerBusy:
            continue
        else:
            return
    raise banking.BooksBusy


def _is_too_late(due: _Due) -> bool:
    row = due.row
    return row.tries == 0 and row.next_due_on is not None and row.next_due_on < due.today - CATCH_UP


def _payment_id(row: StandingRow) -> UUID:
    return run_payment_id(row.id, row.next_planned_on or row.first_on, row.tries)


def _instruction(row: StandingRow) -> Instruction:
    to = recipient_of(row)
    assert isinstance(to, Alias), "an order to an account outside never runs"
    return Instruction(
        id=_payment_id(row),
        actor_customer_id=row.actor_customer_id,
        from_account_id=row.from_account_id,
        to=to,
        amount=Money(row.amount_minor, currency(row.currency)),
        note=row.note,
        booked_on=row.next_due_on if row.tries == 0 else None,
    )


def _fitted(due: Sequence[_Due], sendings: Sequence[Sending]) -> tuple[list[Sending], set[UUID]]:
    """Return what is to be sent: to own loans the late penalties too, and to none more than is owed; and the orders of repaid ones."""
    ends = {each.destination.account_id for each in sendings if isinstance(each.destination, Destination)}
    loans = {
        id_: each
        for id_, each in banking.accounts(ends, with_aliases=False).items()
        if each.product.kind is ProductKind.LOAN
    }
    if not loans:
        return list(sendings), set()
    owed = {
        id_: each.balances.debits_posted - each.balances.credits_posted - each.balances.credits_pending
        for id_, each in ledger.look_up_accounts(loans).items()
    }
    late = _late_penalties(due, sendings, loans)
    sent, repaid = [], set[UUID]()
    for each, sending in zip(due, sendings, strict=True):
        left = owed.get(sending.destination.account_id) if isinstance(sending.destination, Destination) else None
        asked = sending.instruction.amount.amount_minor + late.get(each.row.id, 0)
        fitting = asked if left is None else min(asked, left)
        if fitting > 0:
            amount = Money(fitting, sending.instruction.amount.currency)
            sent.append(replace(sending, instruction=replace(sending.instruction, amount=amount)))
        else:
            repaid.add(each.row.id)
    return sent, repaid


def _late_penalties(
    due: Sequence[_Due], sendings: Sequence[Sending], loans: Mapping[UUID, BankAccount]
) -> dict[UUID, int]:
    """Return what is due of late penalties, by order: of loans of the payer's own, where the account has enough for both.

    Whoever has enough for the instalment only pays that, which ends its being late.
    """
    paying = {
        each.row.id: (each, sending.instruction.amount.amount_minor, sending.destination.account_id)
        for each, sending in zip(due, sendings, strict=True)
        if isinstance(sending.destination, Destination)
        and sending.destination.account_id in loans
        and loans[sending.destination.account_id].owner_id == each.account.owner_id
    }
    if not paying:
        return {}
    penalties = {
        id_: each.penalties_due.amount_minor
        for id_, each in banking.loans(
            {loan_id for _, _, loan_id in paying.values()}, on=min(each.today for each, _, _ in paying.values())
        ).items()
    }
    stand = ledger.look_up_accounts({each.account.id for each, _, _ in paying.values()})
    held = {
        id_: each.balances.credits_posted - each.balances.debits_posted - each.balances.debits_pending
        for id_, each in stand.items()
    }
    return {
        id_: penalties.pop(loan_id)  # of two orders to one loan, the first pays it
        for id_, (each, amount, loan_id) in paying.items()
        if loan_id in penalties
        and (each.account.overdraft_allowed or held[each.account.id] >= amount + penalties[loan_id])
    }


class _Moving:
    """What is done to the orders in the transaction that pays."""

    def __init__(self, due: Sequence[_Due], late: Mapping[UUID, RaseedError], repaid: set[UUID], clock: Clock) -> None:
        self._due = due
        self._late = late
        self._repaid = repaid
        self._clock = clock
        self._rows: dict[UUID, StandingRow] = {}

    def take(self) -> None:
        """Lock the orders, in order of id and before anything else is locked; refuse to go on where any has moved."""
        rows = StandingRow.objects.select_for_update().filter(id__in=[each.row.id for each in self._due])
        self._rows = {row.id: row for row in rows.order_by("id")}
        moved = {each.row.id for each in self._due if _mark(self._rows[each.row.id]) != each.mark}
        if moved:
            raise _Moved(moved)

    def move_on(self, outcome: Outcome) -> None:
        """Write what became of each occurrence, and let each order wait for its next."""
        self._move(outcome.refusals)

    def without_payments(self) -> None:
        """Do the same where nothing is to be paid."""
        with transaction.atomic(durable=True):
            self.take()
            self._move({})

    def _move(self, refusals: Mapping[UUID, RaseedError]) -> None:
        runs = []
        for each in self._due:
            row = self._rows[each.row.id]
            if row.id in self._repaid:
                put_refusal(row, LoanIsRepaid())
                close(row, "system", self._clock)
                _record(row, "payments.standing_ended", self._clock)
            elif row.id in self._late:
                runs.append(self._skip(row, each, self._late[row.id], None))
            elif (refusal := refusals.get(_payment_id(row))) is None:
                runs.append(self._run(row, RunOutcome.PAID, _payment_id(row), None))
                self._next(row, each)
            elif isinstance(refusal, SwitchNotConnected):
                row.state, row.try_on = StandingState.WAITING.value, None
                put_refusal(row, refusal)
                _record(row, "payments.standing_waits", self._clock)
            elif (again := _try_again_on(each, refusal)) is not None:
                put_refusal(row, refusal)
                row.try_on, row.tries = again, row.tries + 1
            else:
                runs.append(self._skip(row, each, refusal, _payment_id(row)))
        StandingRunRow.objects.bulk_create(runs)
        StandingRow.objects.bulk_update(self._rows.values(), STATE_FIELDS)

    def _skip(self, row: StandingRow, due: _Due, why: RaseedError, payment_id: UUID | None) -> StandingRunRow:
        """Pass over an occurrence and tell."""
        run = self._run(row, RunOutcome.SKIPPED, payment_id, why)
        payload: dict[str, str | int | bool | list[str] | None] = {
            "standing_order_id": str(row.id),
            "customer_id": str(row.actor_customer_id),
            "number": row.next_number,
            "code": why.code,
        }
        platform.emit(STANDING_SKIPPED, payload, institution_id=row.institution_id, clock=self._clock)
        if isinstance(why, banking.AccountClosed):
            close(row, "system", self._clock)
            _record(row, "payments.standing_ended", self._clock)
        else:
            self._next(row, due)
        return run

    def _run(
        self, row: StandingRow, outcome: RunOutcome, payment_id: UUID | None, why: RaseedError | None
    ) -> StandingRunRow:
        refusal = Refusal.of(why) if why else None
        assert row.next_planned_on is not None, "what runs has a date"
        assert row.next_due_on is not None, "what runs has a date"
        return StandingRunRow(
            order_id=row.id, number=row.next_number, planned_on=row.next_planned_on, due_on=row.next_due_on,
            outcome=outcome.value, payment_id=payment_id, refused_code=refusal.code if refusal else None,
            refused_params=kept(refusal) if refusal else None, at=self._clock.now(),
        )  # fmt: skip

    def _next(self, row: StandingRow, due: _Due) -> None:
        """Let an order wait for its next occurrence, and end it where there is none."""
        if not put_next(row, due.workdays, number=row.next_number + 1, earliest=date.min):
            close(row, "system", self._clock)
            _record(row, "payments.standing_ended", self._clock)


def _mark(row: StandingRow) -> tuple[object, ...]:
    return row.state, row.next_number, row.tries, row.try_on, row.amount_minor, row.note, row.until, row.count


def _try_again_on(due: _Due, refusal: RaseedError) -> date | None:
    """Return the working day on which a refused occurrence is tried again: before the next one is due, and not for ever."""
    row = due.row
    if not isinstance(refusal, _MENDS) or row.tries + 1 >= TRIES_MAX:
        return None
    again = due.workdays.moved(due.today + timedelta(days=1), banking.BusinessDayRule.FOLLOWING)
    following = timetable_of(row).due(row.next_number + 1, due.workdays)
    return again if following is None or again < following else None


def _record(row: StandingRow, action: str, clock: Clock) -> None:
    platform.record(
        actor="system",
        action=action,
        subject=f"standing_order:{row.id}",
        after={"state": row.state, "next_number": row.next_number, "refused": row.refused_code or ""},
        institution_id=row.institution_id,
        customer_id=row.actor_customer_id,
        clock=clock,
    )

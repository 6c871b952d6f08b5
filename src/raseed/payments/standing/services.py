"""What a customer does about standing orders: gives, changes, pauses, resumes and ends them.

Each verb locks the order's row first, as the run does (``running``): once it has returned, nothing more is paid by what was
before. Each leaves an audit record; none moves money.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.banking.api import Alias, BankAccount
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.platform import api as platform

from ..domain import Destination, Instruction
from ..errors import SelfTransfer, SwitchNotConnected
from ..events import STANDING_ENDED
from ..looking_up import sendings_of
from ..services import checked
from .domain import OPEN_MAX, Purpose, StandingOrder, StandingState, Timetable
from .errors import (
    InvalidTimetable,
    StandingOrderEnded,
    StandingOrderIdTaken,
    StandingOrderUnknown,
    TooManyStandingOrders,
)
from .models import OUTSIDE, StandingRow
from .queries import is_theirs
from .rows import (
    STATE_FIELDS,
    locked,
    put_next,
    recipient_columns,
    recipient_of,
    timetable_columns,
    timetable_of,
    told_standing,
)


def give_standing_order(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    actor_customer_id: UUID,
    from_account_id: UUID,
    to: Alias,
    amount: Money,
    timetable: Timetable,
    note: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> StandingOrder:
    """Take a standing order; nothing is paid before its first date. Same id, same content: the order that is there.

    A recipient at another institution is taken too and waits (``WAITING``) until there is a way.

    Raises:
        InvalidTimetable: the dates; the first must not be past. TooManyStandingOrders: ``OPEN_MAX`` are enough.
        AmountNotPositive, CurrencyMismatch, UnacceptableText, InvalidAlias, InvalidIban: bad input.
        AccountUnknown: no such account, or the actor may not pay from it. RecipientUnknown, SelfTransfer: the recipient.
        StandingOrderIdTaken: the id has an order with other content.
    """
    asked = checked(Instruction(id, actor_customer_id, from_account_id, to, amount, note))
    timetable.check()
    before = StandingRow.objects.filter(id=id).first()
    if before is not None:
        return _first_answer(before, asked, timetable)
    (sending,) = sendings_of([asked], clock)
    state = _reachable(sending.destination, sending.payer)
    today = banking.business_day(sending.payer, clock.now())
    if timetable.first_on < today:
        raise InvalidTimetable(field="first_on")
    row = StandingRow(
        id=id, state=state.value, actor_customer_id=actor_customer_id, from_account_id=from_account_id,
        institution_id=sending.payer.institution_id, amount_minor=amount.amount_minor, currency=amount.currency.code,
        note=asked.note, purpose=Purpose.NONE.value, made_at=clock.now(), **recipient_columns(asked.to),
        **timetable_columns(timetable),
    )  # fmt: skip
    put_next(row, banking.workdays_of(sending.payer), number=1, earliest=today)
    try:
        with transaction.atomic():
            _insert(row, clock)
    except IntegrityError:
        there = StandingRow.objects.filter(id=id).first()
        if there is None:
            raise
        return _first_answer(there, asked, timetable)
    return told_standing(row)


def change_standing_order(
    *,
    standing_order_id: UUID,
    customer_id: UUID,
    amount: Money,
    note: str,
    until: date | None,
    count: int | None,
    clock: Clock = SYSTEM_CLOCK,
) -> StandingOrder:
    """Let a standing order pay another amount, with another note, until another end; the same again changes nothing.

    What was paid stays, and an occurrence that is being tried again is tried with the new amount. Another recipient,
    account or rhythm is another standing order.

    Raises:
        StandingOrderUnknown, StandingOrderEnded. InvalidTimetable: the new end leaves no date to come.
        AmountNotPositive, CurrencyMismatch, UnacceptableText: bad input.
    """

    def change(row: StandingRow, account: BankAccount) -> None:
        if amount.currency.code != row.currency:
            raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=row.currency)
        said = checked(Instruction(row.id, customer_id, row.from_account_id, _any_alias(row), amount, note)).note
        row.amount_minor, row.note, row.until, row.count = amount.amount_minor, said, until, count
        timetable = timetable_of(row)
        timetable.check()
        if timetable.planned(row.next_number) is None:
            raise InvalidTimetable(field="until" if until is not None else "count")
        if row.next_planned_on is None:
            put_next(row, banking.workdays_of(account), number=row.next_number, earliest=row.first_on)

    return _change(standing_order_id, customer_id, "payments.standing_changed", change, clock)


def pause_standing_order(*, standing_order_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> StandingOrder:
    """Pause a standing order; dates that pass meanwhile are not made up for. Again changes nothing.

    Raises:
        StandingOrderUnknown, StandingOrderEnded.
    """

    def pause(row: StandingRow, account: BankAccount) -> None:
        del account
        if row.state == StandingState.ACTIVE.value:
            row.state, row.try_on = StandingState.PAUSED.value, None

    return _change(standing_order_id, customer_id, "payments.standing_paused", pause, clock)


def resume_standing_order(*, standing_order_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> StandingOrder:
    """Let a paused standing order go on with its first date from today on; without one it ends. Again changes nothing.

    Raises:
        StandingOrderUnknown, StandingOrderEnded.
    """

    def resume(row: StandingRow, account: BankAccount) -> None:
        if row.state != StandingState.PAUSED.value:
            return
        row.state = StandingState.ACTIVE.value
        go_on(row, account, clock)

    return _change(standing_order_id, customer_id, "payments.standing_resumed", resume, clock)


def end_standing_order(*, standing_order_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> StandingOrder:
    """End a standing order for good; what was paid stays. Again changes nothing.

    Raises:
        StandingOrderUnknown.
    """
    with transaction.atomic():
        row = _theirs(standing_order_id, customer_id)
        if row.state != StandingState.ENDED.value:
            before = _facts(row)
            close(row, f"customer:{customer_id}", clock)
            row.save(update_fields=STATE_FIELDS)
            _record(row, "payments.standing_ended", before, f"customer:{customer_id}", clock)
        return told_standing(row)


def go_on(row: StandingRow, account: BankAccount, clock: Clock) -> None:
    """Let a row wait for its first occurrence from today on, passing over those before; end it where there is none."""
    workdays, today = banking.workdays_of(account), banking.business_day(account, clock.now())
    number = timetable_of(row).first_due_from(today, workdays, number=row.next_number)
    if not put_next(row, workdays, number=number, earliest=today):
        close(row, "system", clock)


def close(row: StandingRow, by: str, clock: Clock) -> None:
    """End a row, in the caller's transaction, and tell."""
    row.state, row.ended_at, row.ended_by = StandingState.ENDED.value, clock.now(), by
    row.try_on = row.next_planned_on = row.next_due_on = None
    payload = {"standing_order_id": str(row.id), "customer_id": str(row.actor_customer_id)}
    platform.emit(STANDING_ENDED, payload, institution_id=row.institution_id, clock=clock)


def _reachable(destination: Destination | RaseedError, payer: BankAccount) -> StandingState:
    """Say in which state an order to a destination begins; raise what no later day will mend."""
    if isinstance(destination, SwitchNotConnected):
        return StandingState.WAITING
    if isinstance(destination, RaseedError):
        raise destination
    if destination.account_id == payer.id:
        raise SelfTransfer(field="to")
    return StandingState.ACTIVE


def _first_answer(row: StandingRow, asked: Instruction, timetable: Timetable) -> StandingOrder:
    """Return the order that is there if it was given with this content; what has been changed since is not asked."""
    given = (row.actor_customer_id, row.from_account_id, recipient_of(row), row.currency)
    if given != (asked.actor_customer_id, asked.from_account_id, asked.to, asked.amount.currency.code):
        raise StandingOrderIdTaken(field="id")
    first = row.given
    now = {
        "amount_minor": asked.amount.amount_minor,
        "note": asked.note,
        **{name: _plain(value) for name, value in timetable_columns(timetable).items()},
    }
    if first != now:
        raise StandingOrderIdTaken(field="id")
    return told_standing(row)


def _insert(row: StandingRow, clock: Clock) -> None:
    """Keep a new order, unless its customer has enough of them."""
    open_ones = StandingRow.objects.filter(actor_customer_id=row.actor_customer_id).exclude(
        state=StandingState.ENDED.value
    )
    if open_ones.count() >= OPEN_MAX:
        raise TooManyStandingOrders(limit=OPEN_MAX)
    row.given = given_columns(row)
    row.save(force_insert=True)
    _record(row, "payments.standing_given", None, f"customer:{row.actor_customer_id}", clock)


def given_columns(row: StandingRow) -> dict[str, Any]:
    """Return what was given first of all that may change later, so that a repeat of the first request is known."""
    columns = {"amount_minor": row.amount_minor, "note": row.note, **timetable_columns(timetable_of(row))}
    return {name: _plain(value) for name, value in columns.items()}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _theirs(order_id: UUID, customer_id: UUID) -> StandingRow:
    row = locked(order_id)
    if row is None or not is_theirs(row, customer_id):
        raise StandingOrderUnknown(field="standing_order_id")
    return row


def _change(
    order_id: UUID, customer_id: UUID, action: str, change: Callable[[StandingRow, BankAccount], None], clock: Clock
) -> StandingOrder:
    """Change an order under its lock; a change that changes nothing leaves no record."""
    with transaction.atomic():
        row = _theirs(order_id, customer_id)
        if row.state == StandingState.ENDED.value:
            raise StandingOrderEnded(field="standing_order_id")
        account = banking.accounts([row.from_account_id], with_aliases=False)[row.from_account_id]
        before, stood = _facts(row), [getattr(row, name) for name in STATE_FIELDS]
        change(row, account)
        if [getattr(row, name) for name in STATE_FIELDS] != stood:
            row.save(update_fields=STATE_FIELDS)
            _record(row, action, before, f"customer:{customer_id}", clock)
        return told_standing(row)


def _any_alias(row: StandingRow) -> Alias:
    """Return the recipient, or for one outside a stand-in: only amount and note are looked at."""
    to = recipient_of(row)
    return to if isinstance(to, Alias) else Alias(banking.AliasKind.NUMBER, "0")


def _facts(row: StandingRow) -> dict[str, Any]:
    """Return what an audit record tells of an order: no note, no recipient."""
    return {
        "state": row.state,
        "amount_minor": row.amount_minor,
        "until": _plain(row.until),
        "count": row.count,
        "note_length": len(row.note),
        "next_number": row.next_number,
    }


def _record(row: StandingRow, action: str, before: dict[str, Any] | None, actor: str, clock: Clock) -> None:
    platform.record(
        actor=actor,
        action=action,
        subject=f"standing_order:{row.id}",
        before=before,
        after={**_facts(row), "outside": row.to_kind == OUTSIDE},
        institution_id=row.institution_id,
        customer_id=row.actor_customer_id,
        clock=clock,
    )

"""Standing orders that another bank's books bring: many at once, in their importer's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import Alias, BankAccount
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money
from raseed.platform import api as platform

from ..domain import Instruction
from ..events import STANDING_BROUGHT_IN
from ..services import checked
from .domain import Outside, Purpose, StandingState, Timetable
from .models import StandingRow
from .rows import put_next, recipient_columns, timetable_columns
from .services import given_columns

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class BroughtOrder:
    """A standing order as another bank's books have it; ``Outside`` waits until there is a way there."""

    id: UUID
    actor_customer_id: UUID
    from_account_id: UUID
    to: Alias | Outside
    amount: Money
    timetable: Timetable
    purpose: Purpose = Purpose.NONE
    note: str = ""


def bring_in_standing_orders(
    orders: Iterable[BroughtOrder], *, institution_id: UUID, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Keep standing orders in the caller's transaction; return how many. None is paid for days before today.

    Ids must be new: whoever brings books in knows what it has brought. One audit record and one event tell of all.

    Raises:
        IntegrityError: an id is there. AmountNotPositive, InvalidTimetable: bad input. Nothing is kept.
    """
    assert connection.in_atomic_block, "brought orders are kept by their importer's transaction"
    rest, brought = iter(orders), 0
    workdays = None
    while chunk := list(islice(rest, CHUNK)):
        accounts = banking.accounts({each.from_account_id for each in chunk}, with_aliases=False)
        workdays = workdays or banking.workdays_of(accounts[chunk[0].from_account_id])
        StandingRow.objects.bulk_create(_rows(chunk, accounts, workdays, clock))
        brought += len(chunk)
    if brought:
        platform.record(
            actor="system",
            action="payments.standing_brought_in",
            subject=f"institution:{institution_id}",
            after={"count": brought},
            institution_id=institution_id,
            clock=clock,
        )
        platform.emit(STANDING_BROUGHT_IN, {"count": brought}, institution_id=institution_id, clock=clock)
    return brought


def _rows(
    chunk: Iterable[BroughtOrder], accounts: dict[UUID, BankAccount], workdays: banking.Workdays, clock: Clock
) -> Iterator[StandingRow]:
    now = clock.now()
    for each in chunk:
        account = accounts[each.from_account_id]
        each.timetable.check()
        to = each.to if isinstance(each.to, Alias) else Alias(banking.AliasKind.NUMBER, each.to.account)
        asked = checked(Instruction(each.id, each.actor_customer_id, account.id, to, each.amount, each.note))
        outside = isinstance(each.to, Outside)
        row = StandingRow(
            id=each.id, state=(StandingState.WAITING if outside else StandingState.ACTIVE).value,
            actor_customer_id=each.actor_customer_id, from_account_id=account.id, institution_id=account.institution_id,
            amount_minor=each.amount.amount_minor, currency=each.amount.currency.code, note=asked.note,
            purpose=each.purpose.value, made_at=now, **recipient_columns(each.to if outside else asked.to),
            **timetable_columns(each.timetable),
        )  # fmt: skip
        put_next(row, workdays, number=1, earliest=banking.business_day(account, now))
        row.given = given_columns(row)
        yield row

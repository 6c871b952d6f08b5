"""What an autopay's biller says is owed today: asked once a day, and bounded when it does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, Workdays
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.people import api as people

from ..domain import PAYABLE, Bill, Biller, BillState
from ..errors import BillerNotAnswering, NotTheBillersCustomer
from ..looking_up import fetch_bills
from ..models import BillRow
from ..queries import biller
from ..rows import bills_by_id
from .domain import AutopayOutcome, AutopayRun
from .models import AutopayRow, AutopayRunRow
from .rows import run_of

BILLS_LOOKED_AT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Look:
    """How things stand for an autopay now.

    Attributes:
        today: the institution's day.
        bills: what is open or disputed of its reference, and what is on its way, by id.
        runs: the last that became of each bill.
        trouble: why the biller could not be asked; nothing is paid then.
        asked_on: when it was last asked.
        unanswered: whether it was asked now and did not answer.
        left_alone: whether it was not asked because it does not answer others.
    """

    of: Biller
    account: BankAccount
    workdays: Workdays
    zone: str
    now: datetime
    today: date
    bills: dict[UUID, Bill]
    runs: dict[UUID, AutopayRun]
    trouble: RaseedError | None = None
    asked_on: date | None = None
    unanswered: bool = False
    left_alone: bool = False


def ask_biller(row: AutopayRow, clock: Clock, *, leave_alone: bool) -> Look:
    """Ask the biller for the bills of a reference, unless it was asked today or is to be left alone; say how things stand."""
    of, now = biller(row.biller_id), clock.now()
    account = banking.accounts([row.from_account_id], with_aliases=False)[row.from_account_id]
    today = banking.business_date(row.institution_id, now)
    asked_on, trouble, unanswered = row.asked_on, None, False
    if asked_on != today and not leave_alone:
        trouble = _asked(row, clock)
        unanswered = isinstance(trouble, BillerNotAnswering)
        asked_on = asked_on if unanswered else today
    left_alone = leave_alone and asked_on != today
    runs = _last_runs(row, of)
    return Look(
        of=of,
        account=account,
        workdays=banking.workdays_of(account),
        zone=people.institution(row.institution_id).zone,
        now=now,
        today=today,
        bills=_bills(row, of, runs),
        runs=runs,
        trouble=BillerNotAnswering() if left_alone else trouble,
        asked_on=asked_on,
        unanswered=unanswered,
        left_alone=left_alone,
    )


def _asked(row: AutopayRow, clock: Clock) -> RaseedError | None:
    """Ask; return why it could not be done. That the biller knows nobody by the reference now means that nothing is owed."""
    try:
        fetch_bills(biller_id=row.biller_id, fields=row.values, customer_id=row.customer_id, clock=clock)
    except NotTheBillersCustomer:
        return None
    except RaseedError as error:
        return error
    return None


def _last_runs(row: AutopayRow, of: Biller) -> dict[UUID, AutopayRun]:
    rows = AutopayRunRow.objects.filter(autopay_id=row.id).order_by("bill_id", "-number").distinct("bill_id")
    return {each.bill_id: run_of(each, of.currency) for each in rows}


def _bills(row: AutopayRow, of: Biller, runs: dict[UUID, AutopayRun]) -> dict[UUID, Bill]:
    states = [state.value for state in (*PAYABLE, BillState.DISPUTED)]
    rows = BillRow.objects.filter(biller_id=of.id, reference=row.reference, state__in=states)
    ids = list(rows.order_by("due_on", "issued_on", "id").values_list("id", flat=True)[:BILLS_LOOKED_AT_MAX])
    ids += [id_ for id_, run in runs.items() if run.outcome is AutopayOutcome.SENT and id_ not in ids]
    found = bills_by_id(ids)
    return {id_: found[id_] for id_ in ids if id_ in found}

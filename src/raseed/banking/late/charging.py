"""Charging what being late costs: what was counted and is not in the books yet goes there, or comes back out of them.

A charge is loan to penalty income, one transfer for each instalment and count, of the difference between what the days come
to and what is charged; a waiver makes that difference negative, and it is taken back as far as it is not paid. Rows and
postings are of one transaction under the loan's lock: killed at any instant, nothing is charged, and the next run does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from ..domain import BankAccount, InternalRole
from ..loans import Books, books_today
from ..models import LoanRow
from ..posting import PostingCode, derived_id, post
from ..queries import accounts, internal_account
from ..sql import STATEMENTS, run
from .models import LoanPenaltyRow

LOANS_AT_ONCE: Final = 100
"""How many loans are counted in one transaction."""
CHUNKS_MAX: Final = 2_000
"""How many of those one job does; the next one goes on."""
_log = structlog.get_logger("raseed.banking")


@dataclass(frozen=True, slots=True)
class _Movement:
    """What is to be charged on an instalment, or (below zero) taken back."""

    row: LoanPenaltyRow
    transfer: ledger.NewTransfer


def charge_loan_penalties(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Count the late penalties of loans through today, where that was not done since; return how many were charged or taken back.

    A loan that can't be charged is left out, told to the log, and tried again by the next run.
    """
    now, moved, after = clock.now(), 0, UUID(int=0)
    for _ in range(CHUNKS_MAX):
        ids = [
            id_ for (id_,) in run(STATEMENTS["loans_to_count"], {"now": now, "after": after, "limit": LOANS_AT_ONCE})
        ]
        if not ids:
            break
        moved += _count_chunk(ids, now, clock)
        after = ids[-1]
    return moved


def penalty_transfers(of: BankAccount, books: Books, now: datetime) -> list[ledger.NewTransfer]:
    """Keep what of a loan's penalties is not charged yet, and return its postings, which the caller makes in its transaction.

    The caller holds the loan's row. It counts as counted now, with what has come in until now.
    """
    assert connection.in_atomic_block, "what was charged is kept with its postings"
    if books.loan.penalty_rule_id is None:
        return []
    movements = list(_movements(of, books, now))
    LoanPenaltyRow.objects.bulk_create(each.row for each in movements)
    LoanRow.objects.filter(account_id=of.id).update(
        penalties_counted_at=now, penalties_counted_credits_minor=books.repaid_minor
    )
    return [each.transfer for each in movements]


def _movements(of: BankAccount, books: Books, now: datetime) -> Iterator[_Movement]:
    charged = books.lateness.charged
    wanted = [
        (each.period_end, whole - charged.get(each.period_end, 0))
        for each, whole in zip(books.instalments, books.penalties, strict=True)
        if whole != charged.get(each.period_end, 0)
    ]
    if not wanted:
        return
    income = internal_account(of.institution_id, InternalRole.PENALTY_INCOME, of.currency.code)
    last = dict(run(STATEMENTS["last_penalty_numbers"], {"ids": [of.id]})).get(of.id, 0)
    for number, (period_end, amount) in enumerate(wanted, start=last + 1):
        is_charge = amount > 0
        transfer = ledger.NewTransfer(
            id=derived_id("loan penalty", of.id, number),
            debit_account_id=of.id if is_charge else income.id,
            credit_account_id=income.id if is_charge else of.id,
            amount=abs(amount),
            ledger=of.ledger,
            code=PostingCode.LOAN_PENALTY if is_charge else PostingCode.LOAN_PENALTY_TAKEN_BACK,
            booked_on=books.on,
        )
        row = LoanPenaltyRow(
            loan_id=of.id, number=number, period_end=period_end, counted_on=books.on, amount_minor=amount,
            transfer_id=transfer.id, made_at=now,
        )  # fmt: skip
        yield _Movement(row, transfer)


def _count_chunk(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    """Count some loans in one transaction; where that fails, each by itself."""
    try:
        return _count_all(ids, now, clock)
    except (RaseedError, DatabaseError):
        moved = 0
        for id_ in ids:
            try:
                moved += _count_all([id_], now, clock)
            except (RaseedError, DatabaseError) as error:
                _log.exception("loan_penalty_not_charged", account=str(id_), error=type(error).__name__)
        return moved


def _count_all(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    with transaction.atomic():
        run(STATEMENTS["lock_accounts_for_change"], {"ids": list(ids)})
        found = accounts(ids, with_aliases=False)
        rows = list(LoanRow.objects.select_for_update().filter(account_id__in=ids).order_by("account_id"))
        uncounted = [row for row in rows if row.penalties_counted_at is None or row.penalties_counted_at <= now]
        transfers: list[ledger.NewTransfer] = []
        for books in books_today(uncounted, found, now):
            transfers += penalty_transfers(found[books.loan.account_id], books, now)
        post(transfers, clock=clock)
    return len(transfers)

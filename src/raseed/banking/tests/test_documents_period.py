"""The statement of a period: one view of the books, in booked order, and nothing untrue of days without movements."""

from __future__ import annotations

import itertools
import threading
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, InternalRole
from raseed.banking.documents import period as periods
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger

from .town import NOON, Town, build_town

TODAY = date(2026, 3, 1)


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def book(
    account: BankAccount,
    amount_minor: int,
    on: date,
    *,
    flags: ledger.TransferFlags = ledger.TransferFlags.NONE,
    pending_id: UUID | None = None,
    role: InternalRole = InternalRole.CASH,
) -> ledger.NewTransfer:
    """Move money between an account and its institution, booked on a day: in if positive, out if negative."""
    other = banking.internal_account(account.institution_id, role, account.currency.code).id
    transfer = ledger.NewTransfer(
        id=new_id(),
        debit_account_id=other if amount_minor > 0 else account.id,
        credit_account_id=account.id if amount_minor > 0 else other,
        amount=abs(amount_minor),
        ledger=account.ledger,
        code=1,
        booked_on=on,
        flags=flags,
        pending_id=pending_id,
    )
    assert ledger.create_transfers([transfer]) == [ledger.CreateTransferResult.OK]
    return transfer


def of(account: BankAccount, first: date, last: date, town: Town, language: str = "en") -> banking.PeriodStatement:
    return banking.period_statement(account.id, first, last, language=language, clock=town.clock)


def test_lines_stand_in_booked_order_with_the_balance_in_that_order(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    for amount, on in (
        (1_000, date(2026, 2, 10)),
        (500, date(2026, 1, 5)),
        (-200, date(2026, 2, 10)),
        (70, date(2026, 2, 1)),
        (9, date(2026, 2, 28)),
    ):
        book(wallet, amount, on)
    told = of(wallet, date(2026, 2, 1), date(2026, 2, 20), town)
    assert [line.amount.amount_minor for line in told.lines] == [70, 1_000, -200]
    assert [line.balance_after.amount_minor for line in told.lines] == [570, 1_570, 1_370]
    assert (told.opening.amount_minor, told.closing.amount_minor) == (500, 1_370)
    assert (told.money_in.amount_minor, told.money_out.amount_minor) == (1_070, 200)
    assert (told.count_in, told.count_out) == (2, 1)
    assert told.issued_at == NOON
    every = of(wallet, date(2026, 1, 1), TODAY, town)
    assert (every.opening.amount_minor, every.closing.amount_minor, len(every.lines)) == (0, 1_379, 5)


def test_one_period_ends_where_the_next_begins(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    for place in range(40):
        book(wallet, 100 + place, date(2026, 1, 1) + timedelta(days=place * 37 % 59))
    ends = [date(2026, 1, 1) + timedelta(days=7 * week) for week in range(9)]
    weeks = [of(wallet, first, after - timedelta(days=1), town) for first, after in itertools.pairwise(ends)]
    assert [week.closing for week in weeks[:-1]] == [week.opening for week in weeks[1:]]
    assert sum(len(week.lines) for week in weeks) == len(of(wallet, ends[0], ends[-1] - timedelta(days=1), town).lines)


def test_what_is_held_is_no_line_but_is_not_available(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    book(wallet, 1_000, date(2026, 2, 1))
    held = book(wallet, -300, date(2026, 2, 2), flags=ledger.TransferFlags.PENDING)
    other = book(wallet, -50, date(2026, 2, 3), flags=ledger.TransferFlags.PENDING)
    book(wallet, -300, date(2026, 2, 10), flags=ledger.TransferFlags.POST_PENDING_TRANSFER, pending_id=held.id)
    book(wallet, -50, date(2026, 2, 20), flags=ledger.TransferFlags.VOID_PENDING_TRANSFER, pending_id=other.id)
    for last, closing, available, lines in (
        (date(2026, 2, 1), 1_000, 1_000, 1),
        (date(2026, 2, 2), 1_000, 700, 1),
        (date(2026, 2, 5), 1_000, 650, 1),
        (date(2026, 2, 10), 700, 650, 2),
        (date(2026, 2, 20), 700, 700, 2),
    ):
        told = of(wallet, date(2026, 2, 1), last, town)
        assert (told.closing.amount_minor, told.available.amount_minor, len(told.lines)) == (closing, available, lines)


def test_before_the_account_existed_there_was_truly_nothing(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    book(wallet, 500, TODAY)
    told = of(wallet, date(2019, 1, 1), date(2019, 12, 31), town)
    assert (told.opening.amount_minor, told.closing.amount_minor, told.lines) == (0, 0, ())
    fresh = town.wallet(town.person("زياد", "+201001234568"))
    assert of(fresh, TODAY, TODAY, town).closing.amount_minor == 0


def test_a_period_that_can_t_be_is_refused_and_one_that_goes_on_ends_today(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    book(wallet, 500, TODAY)
    book(wallet, 70, date(2026, 3, 20))
    with pytest.raises(banking.PeriodUpsideDown):
        of(wallet, date(2026, 2, 2), date(2026, 2, 1), town)
    with pytest.raises(banking.PeriodInFuture):
        of(wallet, date(2026, 3, 2), date(2026, 3, 31), town)
    with pytest.raises(banking.PeriodTooLong) as refused:
        of(wallet, date(1900, 1, 1), TODAY, town)
    assert refused.value.params["years"] == banking.PERIOD_YEARS_MAX
    told = of(wallet, date(2026, 2, 1), date(2026, 12, 31), town)
    assert (told.last_day, told.closing.amount_minor) == (TODAY, 500)
    town.clock.advance(timedelta(days=30))
    assert of(wallet, date(2026, 2, 1), date(2026, 12, 31), town).closing.amount_minor == 570
    assert of(wallet, date(2016, 4, 1), date(2026, 3, 31), town).closing.amount_minor == 570  # ten years are allowed


def test_a_stranger_s_statement_is_unknown(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"), money=500)
    other = town.person("زياد", "+201001234568")
    with pytest.raises(banking.AccountUnknown):
        banking.period_statement(wallet.id, TODAY, TODAY, language="ar", customer_id=other.id)
    with pytest.raises(banking.AccountUnknown):
        banking.period_statement(new_id(), TODAY, TODAY, language="ar")


def test_too_many_lines_are_refused_by_name(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    for _ in range(3):
        book(wallet, 1, TODAY)
    monkeypatch.setattr(periods, "PERIOD_LINES_MAX", 3)
    assert len(of(wallet, TODAY, TODAY, town).lines) == 3
    monkeypatch.setattr(periods, "PERIOD_LINES_MAX", 2)
    with pytest.raises(ledger.HistoryTooLong) as refused:
        of(wallet, TODAY, TODAY, town)
    assert refused.value.params["limit"] == 2
    assert of(wallet, date(2020, 1, 1), date(2020, 1, 2), town).lines == ()


def test_a_statement_read_while_money_moves_adds_up(town: Town) -> None:
    """Its sums are checked as it is made, so one that mixed two views of the books could not be."""
    wallet = town.wallet(town.person("منى", "+201001234567"))
    book(wallet, 100, TODAY)
    stop = threading.Event()
    posted = 0

    def post() -> None:
        nonlocal posted
        try:
            while not stop.is_set():
                book(wallet, 7, TODAY)
                posted += 1
        finally:
            connection.close()

    writer = threading.Thread(target=post)
    writer.start()
    try:
        lengths = [len(of(wallet, TODAY, TODAY, town).lines) for _ in range(40)]
    finally:
        stop.set()
        writer.join()
    assert lengths == sorted(lengths)
    assert of(wallet, TODAY, TODAY, town).closing.amount_minor == 100 + 7 * posted


def test_any_period_is_what_the_history_says_entry_by_entry(town: Town) -> None:
    """Postings, holds, what became of them, all booked on days in no order: each period against a plain count."""
    wallet = town.wallet(town.person("منى", "+201001234567"))
    random = Random(7)  # noqa: S311  (of a test)
    held: list[ledger.NewTransfer] = []
    book(wallet, 100_000, date(2026, 1, 1))
    for _ in range(80):
        on = date(2026, 1, 1) + timedelta(days=random.randrange(40))
        kind = random.choice(("in", "out", "hold", "post", "void"))
        if kind == "hold":
            held.append(book(wallet, -random.randint(1, 900), on, flags=ledger.TransferFlags.PENDING))
        elif kind in {"post", "void"} and held:
            of_hold = held.pop(random.randrange(len(held)))
            part = random.randint(1, of_hold.amount) if kind == "post" else of_hold.amount
            flag = (
                ledger.TransferFlags.POST_PENDING_TRANSFER
                if kind == "post"
                else ledger.TransferFlags.VOID_PENDING_TRANSFER
            )
            book(wallet, -part, on, flags=flag, pending_id=of_hold.id)
        else:
            book(wallet, random.randint(1, 500) * (1 if kind == "in" else -1), on)
    entries = [
        (
            entry.transfer.booked_on,
            entry.transfer.seq,
            -entry.transfer.amount if entry.is_debit else entry.transfer.amount,
        )
        for entry in ledger.account_history(wallet.id, limit=1_000)
        if not entry.transfer.flags & (ledger.TransferFlags.PENDING | ledger.TransferFlags.VOID_PENDING_TRANSFER)
    ]
    for first, days in itertools.product(range(0, 42, 3), (0, 1, 10, 41)):
        start = date(2026, 1, 1) + timedelta(days=first)
        end = start + timedelta(days=days)
        told = of(wallet, start, end, town)
        within = sorted(entry for entry in entries if start <= entry[0] <= end)
        assert [(line.booked_on, line.seq, line.amount.amount_minor) for line in told.lines] == within
        assert told.opening.amount_minor == sum(amount for on, _, amount in entries if on < start)
        assert told.available.amount_minor == told.closing.amount_minor - _held(wallet, end)


def _held(wallet: BankAccount, last: date) -> int:
    (balances,) = ledger.balances_at([wallet.id], booked_on=last).values()
    return balances.debits_pending

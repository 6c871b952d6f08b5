"""What is wrong is refused by name, and nothing changes by it: alone, beside good transfers, and in a chain with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import AccountFlags, CreateAccountResult, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.api import CreateTransferResult as R

if TYPE_CHECKING:
    from raseed_testing import Database

pytestmark = pytest.mark.usefixtures("database")

ZERO, ONES = UUID(int=0), UUID(int=(1 << 128) - 1)
PENDING, POST, VOID = TransferFlags.PENDING, TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
MAX = api.AMOUNT_MAX


@dataclass
class Town:
    ledger: int
    other_ledger: int
    cash: UUID
    wallet: UUID
    closed: UUID
    abroad: UUID

    def move(self, amount: int = 5, **more: Any) -> NewTransfer:
        return replace(NewTransfer(new_id(), self.cash, self.wallet, amount, self.ledger, 1), **more)

    def books(self) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), sum(amount) FROM ledger_transfer WHERE result = 0")
            transfers = cursor.fetchone()
            cursor.execute("SELECT * FROM ledger_balance ORDER BY id")
            balances = [row[:6] for row in cursor.fetchall()]
            cursor.execute("SELECT id FROM ledger_pending ORDER BY id")
            return transfers, balances, cursor.fetchall()


@pytest.fixture
def town(database: object) -> Town:
    ledgers = [api.open_ledger(institution_id=new_id(), currency=currency("EGP")) for _ in range(2)]
    accounts = [
        NewAccount(new_id(), ledgers[0], 1),
        NewAccount(new_id(), ledgers[0], 1, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
        NewAccount(new_id(), ledgers[0], 1, AccountFlags.CLOSED),
        NewAccount(new_id(), ledgers[1], 1),
    ]
    assert set(api.create_accounts(accounts)) == {CreateAccountResult.OK}
    cash, wallet, closed, abroad = (account.id for account in accounts)
    made = Town(ledgers[0], ledgers[1], cash, wallet, closed, abroad)
    assert api.create_transfers([made.move(100)]) == [R.OK]
    return made


BAD = {
    "a negative amount": ({"amount": -1}, R.AMOUNT_MUST_NOT_BE_ZERO),
    "an amount of zero": ({"amount": 0}, R.AMOUNT_MUST_NOT_BE_ZERO),
    "an amount of 2^63": ({"amount": 1 << 63}, R.FIELD_OUT_OF_RANGE),
    "an amount of 2^128": ({"amount": 1 << 128}, R.FIELD_OUT_OF_RANGE),
    "an amount of -2^63": ({"amount": -(1 << 63)}, R.FIELD_OUT_OF_RANGE),
    "an amount that is too much with what is there": ({"amount": MAX - 99}, R.OVERFLOWS_DEBITS_POSTED),
    "a hold that is too much with what is there": ({"amount": MAX, "flags": PENDING}, R.OVERFLOWS_DEBITS_POSTED),
    "an amount of 2^63 to an unknown account": ({"amount": 1 << 63, "credit": "unknown"}, R.FIELD_OUT_OF_RANGE),
    "no ledger": ({"ledger": 0}, R.LEDGER_MUST_NOT_BE_ZERO),
    "a negative ledger": ({"ledger": -1}, R.LEDGER_MUST_NOT_BE_ZERO),
    "a ledger past 2^31": ({"ledger": 1 << 31}, R.FIELD_OUT_OF_RANGE),
    "another ledger": ({"ledger": "other"}, R.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS),
    "accounts of two ledgers": ({"credit": "abroad"}, R.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER),
    "no code": ({"code": 0}, R.CODE_MUST_NOT_BE_ZERO),
    "a code past 2^31": ({"code": 1 << 31}, R.FIELD_OUT_OF_RANGE),
    "a closed account to take from": ({"debit": "closed"}, R.DEBIT_ACCOUNT_ALREADY_CLOSED),
    "a closed account to give to": ({"credit": "closed"}, R.CREDIT_ACCOUNT_ALREADY_CLOSED),
    "an unknown account to take from": ({"debit": "unknown"}, R.DEBIT_ACCOUNT_NOT_FOUND),
    "an unknown account to give to": ({"credit": "unknown"}, R.CREDIT_ACCOUNT_NOT_FOUND),
    "nobody to take from": ({"debit": None}, R.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
    "account 0 to give to": ({"credit": ZERO}, R.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
    "account 2^128 - 1 to take from": ({"debit": ONES}, R.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
    "account 2^128 - 1 to give to": ({"credit": ONES}, R.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
    "from an account to itself": ({"debit": "wallet"}, R.ACCOUNTS_MUST_BE_DIFFERENT),
    "more than there is": ({"debit": "wallet", "credit": "cash", "amount": 999}, R.EXCEEDS_CREDITS),
    "id 0": ({"id": ZERO}, R.ID_MUST_NOT_BE_ZERO),
    "id 2^128 - 1": ({"id": ONES}, R.ID_MUST_NOT_BE_INT_MAX),
    "a flag that is reserved": ({"flags": TransferFlags(16)}, R.RESERVED_FLAG),
    "the system's own flag": ({"flags": TransferFlags.EXPIRED}, R.RESERVED_FLAG),
    "a timeout on what is not pending": ({"timeout_s": 1}, R.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
    "a negative timeout": ({"timeout_s": -1, "flags": PENDING}, R.OVERFLOWS_TIMEOUT),
    "a timeout past 2^31": ({"timeout_s": 1 << 31, "flags": PENDING}, R.FIELD_OUT_OF_RANGE),
    "a pending id without need": ({"pending_id": UUID(int=7)}, R.PENDING_ID_MUST_BE_ZERO),
    "a post of nothing": ({"flags": POST}, R.PENDING_ID_MUST_NOT_BE_ZERO),
    "a post of what is unknown": ({"flags": POST, "pending_id": UUID(int=7)}, R.PENDING_TRANSFER_NOT_FOUND),
    "a post of less than nothing": ({"flags": POST, "pending_id": UUID(int=7), "amount": -1}, R.AMOUNT_MUST_NOT_BE_ZERO),
    "a post of 2^63 of what is unknown": (
        {"flags": POST, "pending_id": UUID(int=7), "amount": 1 << 63}, R.FIELD_OUT_OF_RANGE,
    ),
    "a post and void": ({"flags": POST | VOID, "pending_id": UUID(int=7)}, R.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
}  # fmt: skip


def made_bad(town: Town, changes: dict[str, Any]) -> NewTransfer:
    named = {"unknown": new_id(), "other": town.other_ledger}
    fields = {"debit": "debit_account_id", "credit": "credit_account_id"}
    values: dict[str, Any] = {
        fields.get(name, name): (named.get(value) or getattr(town, value)) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    return town.move(**values)


@pytest.mark.parametrize(("changes", "answer"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_refused_by_name_and_changes_nothing(town: Town, changes: dict[str, Any], answer: R) -> None:
    before = town.books()
    assert api.create_transfers([made_bad(town, changes)]) == [answer]
    with transaction.atomic():
        assert api.post([made_bad(town, changes)]) == [answer]
    linked = replace(town.move(), flags=TransferFlags.LINKED)
    assert api.create_transfers([linked, made_bad(town, changes)]) == [R.LINKED_EVENT_FAILED, answer]
    assert town.books() == before
    assert api.create_transfers([town.move(), made_bad(town, changes), town.move()]) == [R.OK, answer, R.OK]
    assert api.look_up_accounts([town.wallet])[town.wallet].balances.credits_posted == 110


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 5.0), ("amount", 1.5), ("amount", "5"), ("amount", Decimal("1.5")), ("amount", None), ("amount", True),
        ("ledger", "1"), ("code", 1.0), ("id", "01890000-0000-7000-8000-000000000000"), ("debit_account_id", "x"),
        ("flags", "PENDING"), ("booked_on", "2025-01-01"), ("timeout_s", 1.5), ("user_data", 7),
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_our_own_bug_and_stops_the_work(town: Town, field: str, value: Any) -> None:
    before = town.books()
    batch = [town.move(), town.move(**{field: value})]
    with pytest.raises((TypeError, ValueError, AttributeError)):
        api.create_transfers(batch)
    with pytest.raises((TypeError, ValueError, AttributeError)), transaction.atomic():
        api.post(batch)
    with pytest.raises((TypeError, ValueError, AttributeError)):
        api.create_transfers([*batch, batch[0]])  # an id twice: the exact way
    assert town.books() == before
    assert api.create_transfers([town.move()]) == [R.OK]


def test_what_is_void_or_late_stays_so(town: Town) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    held = town.move(flags=PENDING, timeout_s=3)
    assert api.create_transfers([held], clock=clock) == [R.OK]
    before = town.books()

    def post(**more: Any) -> R:
        [answer] = api.create_transfers(
            [replace(NewTransfer(new_id(), None, None, 0, 0, 0, POST, held.id), **more)], clock=clock
        )
        return answer

    assert post(amount=6) is R.EXCEEDS_PENDING_TRANSFER_AMOUNT
    assert post(flags=VOID, amount=4) is R.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
    assert post(debit_account_id=town.wallet) is R.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID
    assert post(credit_account_id=town.cash) is R.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID
    assert post(ledger=town.other_ledger) is R.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER
    assert post(code=2) is R.PENDING_TRANSFER_HAS_DIFFERENT_CODE
    assert post(flags=VOID | TransferFlags.EXPIRED) is R.RESERVED_FLAG
    clock.advance(timedelta(seconds=3))
    assert post() is R.PENDING_TRANSFER_EXPIRED
    assert post(flags=VOID) is R.PENDING_TRANSFER_EXPIRED
    assert town.books() == before


def test_too_many_at_once_are_refused_as_a_whole(town: Town) -> None:
    before = town.books()
    with pytest.raises(api.BatchTooLarge):
        api.create_transfers([town.move()] * (api.BATCH_MAX + 1))
    with pytest.raises(api.BatchTooLarge), transaction.atomic():
        api.post([town.move()] * (api.POST_MAX + 1))
    with pytest.raises(api.BatchTooLarge):
        api.create_accounts([NewAccount(new_id(), town.ledger, 1)] * (api.POST_MAX + 1))
    assert town.books() == before
    assert api.create_transfers([]) == []


def test_post_wants_a_transaction_of_the_callers_and_create_transfers_none(town: Town) -> None:
    before = town.books()
    with pytest.raises(transaction.TransactionManagementError):
        api.post([town.move()])
    with transaction.atomic(), pytest.raises(RuntimeError):
        api.create_transfers([town.move()])
    assert town.books() == before


def test_posting_twice_is_not_kept_even_by_a_caller_who_looks_away(town: Town) -> None:
    before = town.books()
    with transaction.atomic():
        api.post([town.move()])
        with pytest.raises(api.PostedTwice):
            api.post([town.move()])
    assert town.books() == before


def test_accounts_that_are_wrong_are_refused_by_name(town: Town) -> None:
    good = NewAccount(new_id(), town.ledger, 1)
    both = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
    wrong = {
        CreateAccountResult.ID_MUST_NOT_BE_ZERO: {"id": ZERO},
        CreateAccountResult.ID_MUST_NOT_BE_INT_MAX: {"id": ONES},
        CreateAccountResult.LEDGER_MUST_NOT_BE_ZERO: {"ledger": 0},
        CreateAccountResult.LEDGER_NOT_FOUND: {"ledger": 4242},
        CreateAccountResult.CODE_MUST_NOT_BE_ZERO: {"code": -1},
        CreateAccountResult.FIELD_OUT_OF_RANGE: {"code": 1 << 31},
        CreateAccountResult.RESERVED_FLAG: {"flags": AccountFlags(16)},
        CreateAccountResult.FLAGS_ARE_MUTUALLY_EXCLUSIVE: {"flags": both},
    }
    before = town.books()
    assert api.create_accounts([replace(good, **changes) for changes in wrong.values()]) == list(wrong)  # type: ignore[arg-type]
    assert town.books() == before


def test_what_is_unknown_is_not_found(town: Town) -> None:
    for ask in (api.close_account, api.reopen_account, api.account_history):
        with pytest.raises(api.AccountNotFound):
            ask(new_id())
    with pytest.raises(api.AccountNotFound):
        api.balances_at([new_id()], at=SYSTEM_CLOCK.now())
    with pytest.raises(ValueError, match="one of"):
        api.balances_at([town.cash])
    with pytest.raises(api.LedgerNotFound):
        api.ledger_info(4242)
    assert api.look_up_accounts([new_id()]) == {}
    assert api.look_up_transfers([new_id(), ZERO, ONES]) == {}


def test_an_account_that_was_created_closed_opens(town: Town) -> None:
    assert api.look_up_accounts([town.closed])[town.closed].flags == AccountFlags.CLOSED
    api.reopen_account(town.closed)
    assert api.look_up_accounts([town.closed])[town.closed].flags == AccountFlags.NONE
    assert api.create_transfers([town.move(credit_account_id=town.closed)]) == [R.OK]
    again = NewAccount(town.closed, town.ledger, 1, AccountFlags.CLOSED, ZERO)
    assert api.create_accounts([again]) == [CreateAccountResult.EXISTS]


def test_a_connection_that_broke_is_an_operational_error(database: Database, town: Town) -> None:
    """Whatever statement meets it first; the same transfer can then be sent again."""
    sent = town.move()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with psycopg.connect(database.superuser_dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises((psycopg.OperationalError, OperationalError, InterfaceError)):
        api.create_transfers([sent])
    connection.close()
    assert api.create_transfers([sent]) == [R.OK]

"""The ledger's verbs on Django's connection: open, create, post, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from django.db import connection, transaction
from psycopg import errors as pg_errors

from raseed.kernel.clock import SYSTEM_CLOCK

from . import wire
from .columns import UNIX_TO_POSTGRES_US, unix_us
from .domain import BATCH_MAX, INT_MAX, AccountFlags, NewAccount
from .domain import CreateAccountResult as Result
from .engine import post_batch
from .errors import AccountNotFound, BatchTooLarge, LedgerBusy
from .evaluation import ONES, ZERO
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import psycopg

    from raseed.kernel.clock import Clock
    from raseed.kernel.money import Currency

    from .domain import CreateTransferResult, NewTransfer

TRIES_MAX: Final = 8
TRUST_FROM: Final = 64
"""From this size on a savepoint costs less than looking up every id."""
_KNOWN_FLAGS: Final = sum(int(flag) for flag in AccountFlags)
_LIMITS: Final = int(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
_BALANCE_FLAGS: Final = _LIMITS | int(AccountFlags.CLOSED)
_ACCOUNTS: Final = wire.Rows(
    "ledger_account",
    [("id", ID), ("created_at", INT8), ("ledger", INT4), ("code", INT4), ("flags", INT4), ("user_data", ID)],
)
_BALANCES: Final = wire.Rows("ledger_balance", [("id", ID), ("ledger", INT4), ("flags", INT4)])


class PostedTwice(RuntimeError):
    """A second post() in one transaction: a bug of the caller's, for it would take locks out of order."""


def raw_connection() -> psycopg.Connection[Any]:
    """Return the psycopg connection under Django's default one."""
    connection.ensure_connection()
    return cast("psycopg.Connection[Any]", connection.connection)


def open_ledger(*, institution_id: UUID, currency: Currency, clock: Clock = SYSTEM_CLOCK) -> int:
    """Return the number of an institution's ledger in a currency, opening it the first time; its scale never changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_ledger (institution_id, currency, scale, opened_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (institution_id, currency) DO NOTHING",
            [institution_id, currency.code, currency.scale, clock.now()],
        )
        cursor.execute(
            "SELECT number FROM ledger_ledger WHERE institution_id = %s AND currency = %s",
            [institution_id, currency.code],
        )
        return int(cursor.fetchone()[0])


def post(transfers: Sequence[NewTransfer], *, clock: Clock = SYSTEM_CLOCK) -> list[CreateTransferResult]:
    """Post transfers in the caller's open transaction: the last locks that it takes, and once.

    Refusals are results, one per transfer in order; the caller commits them (a failed id is kept only so). What makes the
    caller's own rows visible together with the postings is that one commit.

    Raises:
        PostedTwice: this transaction posted before.
        BatchTooLarge: more than ``POST_MAX`` transfers.
        LedgerBusy: another transaction posted one of the ids at the same moment, or a deadlock; roll back, try again.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("ledger.post() belongs into the caller's transaction")
    raw = raw_connection()
    try:
        results, xid = _post_trusting(raw, transfers, clock) or post_batch(raw, transfers, clock)
    except (pg_errors.UniqueViolation, pg_errors.DeadlockDetected, pg_errors.SerializationFailure) as error:
        connection.needs_rollback = True
        raise LedgerBusy from error
    connected, last = getattr(connection, "raseed_posted", (None, 0))
    if (
        xid and connected is raw and last == xid
    ):  # a server that has crashed gives a number again, on another connection
        connection.needs_rollback = True
        raise PostedTwice("one transaction posts once")
    connection.raseed_posted = (raw, xid)  # type: ignore[attr-defined]
    return results


def _post_trusting(
    raw: psycopg.Connection[Any], transfers: Sequence[NewTransfer], clock: Clock
) -> tuple[list[CreateTransferResult], int] | None:
    """Post a large batch without looking for ids that exist; None, and nothing changed, where one does.

    The savepoint goes with the transaction: posting is the last thing in it, and releasing it would be a round trip more.
    """
    if len(transfers) < TRUST_FROM:
        return None
    wire.set_savepoint(raw)
    try:
        return post_batch(raw, transfers, clock, check_ids=False)
    except BaseException as error:
        wire.go_back_to_savepoint(raw)
        if isinstance(error, pg_errors.UniqueViolation):
            return None
        raise


def create_transfers(transfers: Sequence[NewTransfer], *, clock: Clock = SYSTEM_CLOCK) -> list[CreateTransferResult]:
    """Post up to 8,190 transfers in a transaction of their own, committed on return; a result per transfer, in order.

    Raises:
        BatchTooLarge: more than 8,190 transfers.
        LedgerBusy: others stood in the way ``TRIES_MAX`` times; nothing was posted.
    """
    if len(transfers) > BATCH_MAX:
        raise BatchTooLarge(most=BATCH_MAX, count=len(transfers))
    for attempt in range(TRIES_MAX):
        try:
            with transaction.atomic(durable=True):
                return post_batch(raw_connection(), transfers, clock, check_ids=attempt > 0)[0]
        except (pg_errors.UniqueViolation, pg_errors.DeadlockDetected, pg_errors.SerializationFailure):
            continue
    raise LedgerBusy


def create_accounts(accounts: Sequence[NewAccount], *, clock: Clock = SYSTEM_CLOCK) -> list[Result]:
    """Create accounts, in the caller's transaction if there is one; a result per account, in order.

    Raises:
        BatchTooLarge: more than ``POST_MAX`` accounts.
    """
    if len(accounts) > 32 * BATCH_MAX:
        raise BatchTooLarge(most=32 * BATCH_MAX, count=len(accounts))
    for _ in range(TRIES_MAX):
        try:
            with transaction.atomic():
                return _create_accounts(accounts, clock)
        except pg_errors.UniqueViolation:
            continue
    raise LedgerBusy


def _create_accounts(accounts: Sequence[NewAccount], clock: Clock) -> list[Result]:
    known = _known_accounts([account.id for account in accounts])
    ledgers = _ledger_numbers()
    results: list[Result] = []
    chain_start: int | None = None
    broken = False
    for position, account in enumerate(accounts):
        linked = bool(account.flags & AccountFlags.LINKED)
        chain_start = position if linked and chain_start is None else chain_start
        if linked and position == len(accounts) - 1:
            result = Result.LINKED_EVENT_CHAIN_OPEN
        elif chain_start is not None and broken:
            result = Result.LINKED_EVENT_FAILED
        else:
            result = _account_result(account, known, ledgers)
        if result is Result.OK:
            known[account.id.bytes] = account
        results.append(result)
        if chain_start is not None:
            if result is not Result.OK and not broken:
                broken = True
                for earlier in range(chain_start, position):
                    known.pop(accounts[earlier].id.bytes, None)
                    results[earlier] = Result.LINKED_EVENT_FAILED
            if not linked:
                chain_start, broken = None, False
    _insert_accounts([a for a, result in zip(accounts, results, strict=True) if result is Result.OK], clock)
    return results


def _account_result(account: NewAccount, known: dict[bytes, NewAccount], ledgers: set[int]) -> Result:
    flags = int(account.flags)
    id_ = account.id.bytes
    if max(abs(account.ledger), abs(account.code)) > INT_MAX:
        return Result.FIELD_OUT_OF_RANGE
    if flags & ~_KNOWN_FLAGS:
        return Result.RESERVED_FLAG
    if id_ in {ZERO, ONES}:
        return Result.ID_MUST_NOT_BE_ZERO if id_ == ZERO else Result.ID_MUST_NOT_BE_INT_MAX
    first = known.get(id_)
    if first is not None:
        checks = (
            (flags != int(first.flags), Result.EXISTS_WITH_DIFFERENT_FLAGS),
            (_bytes(account.user_data) != _bytes(first.user_data), Result.EXISTS_WITH_DIFFERENT_USER_DATA_128),
            (account.ledger != first.ledger, Result.EXISTS_WITH_DIFFERENT_LEDGER),
            (account.code != first.code, Result.EXISTS_WITH_DIFFERENT_CODE),
        )
        return next((result for differs, result in checks if differs), Result.EXISTS)
    checks = (
        (flags & _LIMITS == _LIMITS, Result.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
        (account.ledger <= 0, Result.LEDGER_MUST_NOT_BE_ZERO),
        (account.code <= 0, Result.CODE_MUST_NOT_BE_ZERO),
        (account.ledger not in ledgers, Result.LEDGER_NOT_FOUND),
    )
    return next((result for applies, result in checks if applies), Result.OK)


def _bytes(user_data: UUID | None) -> bytes:
    return user_data.bytes if user_data else ZERO


def _known_accounts(ids: Sequence[UUID]) -> dict[bytes, NewAccount]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ledger, code, flags, user_data FROM ledger_account WHERE id = ANY(%s)", [list(ids)])
        return {
            row[0].bytes: NewAccount(row[0], row[1], row[2], AccountFlags(row[3]), row[4] if row[4].int else None)
            for row in cursor.fetchall()
        }


def _ledger_numbers() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM ledger_ledger")
        return {row[0] for row in cursor.fetchall()}


def _insert_accounts(accounts: Sequence[NewAccount], clock: Clock) -> None:
    if not accounts:
        return
    raw = raw_connection()
    # In the order of ids: two calls that create the same accounts wait for each other in one order, and never both ways.
    accounts = sorted(accounts, key=lambda account: account.id.int)
    rows = _ACCOUNTS.empty(len(accounts))
    ids = np.frombuffer(b"".join(a.id.bytes for a in accounts), ID)
    rows["id"], rows["created_at"] = ids, unix_us(clock.now()) - UNIX_TO_POSTGRES_US
    rows["ledger"], rows["code"] = [a.ledger for a in accounts], [a.code for a in accounts]
    flags = np.array([int(a.flags) for a in accounts])
    rows["flags"] = flags
    rows["user_data"] = np.frombuffer(b"".join(_bytes(a.user_data) for a in accounts), ID)
    balances = _BALANCES.empty(len(accounts))
    balances["id"], balances["ledger"], balances["flags"] = ids, rows["ledger"], flags & _BALANCE_FLAGS
    _ACCOUNTS.copy(raw, rows)
    _BALANCES.copy(raw, balances)


def close_account(account_id: UUID) -> None:
    """Refuse all further transfers on an account but the voiding of what is pending.

    Raises:
        AccountNotFound: there is none.
    """
    _set_closed(account_id, closed=True)


def reopen_account(account_id: UUID) -> None:
    """Take transfers on an account again.

    Raises:
        AccountNotFound: there is none.
    """
    _set_closed(account_id, closed=False)


def _set_closed(account_id: UUID, *, closed: bool) -> None:
    flag = int(AccountFlags.CLOSED)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET flags = CASE WHEN %s THEN flags | %s ELSE flags & ~%s END WHERE id = %s",
            [closed, flag, flag, account_id],
        )
        if not cursor.rowcount:
            raise AccountNotFound

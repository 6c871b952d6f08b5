"""Accounts, transfers and the codes that answer them: TigerBeetle's model, pure Python.

Names, numbers and meanings of flags and results are TigerBeetle's (docs/reference/transfer.md and requests/ of its
documentation); where we deviate, docs/adr/0005-ledger-model.md has the table. ``CreateTransferResult`` is total: every
transfer gets exactly one, the first that applies in the order in which the members are written below.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from raseed.kernel.money import Currency

BATCH_MAX: Final = 8190
"""The most accounts or transfers in one call, as TigerBeetle's one-megabyte message allows."""

POST_MAX: Final = 32 * BATCH_MAX
"""The most transfers that one transaction posts, all or none: a file of payments, an import."""

AMOUNT_MAX: Final = (1 << 63) - 1
"""The largest amount and balance, in minor units; as the amount of a post it means "all that is pending"."""

INT_MAX: Final = (1 << 31) - 1
"""The largest ledger, code and timeout."""

TIMEOUT_S_MAX: Final = INT_MAX


class AccountFlags(IntFlag):
    """What an account insists on."""

    NONE = 0
    LINKED = 1
    DEBITS_MUST_NOT_EXCEED_CREDITS = 2
    CREDITS_MUST_NOT_EXCEED_DEBITS = 4
    HISTORY = 8
    """Accepted and kept; every account has its history here."""
    CLOSED = 32


class TransferFlags(IntFlag):
    """What a transfer does. ``EXPIRED`` marks the system's own void after a timeout; callers get RESERVED_FLAG for it."""

    NONE = 0
    LINKED = 1
    PENDING = 2
    POST_PENDING_TRANSFER = 4
    VOID_PENDING_TRANSFER = 8
    EXPIRED = 1024


class CreateAccountResult(IntEnum):
    """The answer to one new account, in order of precedence."""

    OK = 0
    LINKED_EVENT_FAILED = 1
    LINKED_EVENT_CHAIN_OPEN = 2
    FIELD_OUT_OF_RANGE = 1003
    """Ours: a ledger or code past 2³¹ − 1, or below its negative."""
    RESERVED_FLAG = 5
    ID_MUST_NOT_BE_ZERO = 6
    ID_MUST_NOT_BE_INT_MAX = 7
    EXISTS_WITH_DIFFERENT_FLAGS = 15
    EXISTS_WITH_DIFFERENT_USER_DATA_128 = 16
    EXISTS_WITH_DIFFERENT_LEDGER = 19
    EXISTS_WITH_DIFFERENT_CODE = 20
    EXISTS = 21
    FLAGS_ARE_MUTUALLY_EXCLUSIVE = 8
    LEDGER_MUST_NOT_BE_ZERO = 13
    CODE_MUST_NOT_BE_ZERO = 14
    LEDGER_NOT_FOUND = 1001
    """Ours: ledgers are opened before accounts, because they fix the currency and its scale."""


class CreateTransferResult(IntEnum):
    """The answer to one new transfer, in order of precedence."""

    OK = 0
    LINKED_EVENT_FAILED = 1
    LINKED_EVENT_CHAIN_OPEN = 2
    FIELD_OUT_OF_RANGE = 1003
    """Ours: an amount past 2⁶³ − 1, or a ledger, code or timeout past 2³¹ − 1, or below the negative of these."""
    RESERVED_FLAG = 4
    ID_MUST_NOT_BE_ZERO = 5
    ID_MUST_NOT_BE_INT_MAX = 6
    EXISTS_WITH_DIFFERENT_FLAGS = 36
    EXISTS_WITH_DIFFERENT_PENDING_ID = 40
    EXISTS_WITH_DIFFERENT_TIMEOUT = 44
    EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID = 37
    EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID = 38
    EXISTS_WITH_DIFFERENT_AMOUNT = 39
    EXISTS_WITH_DIFFERENT_USER_DATA_128 = 41
    EXISTS_WITH_DIFFERENT_LEDGER = 67
    EXISTS_WITH_DIFFERENT_CODE = 45
    EXISTS_WITH_DIFFERENT_BOOKED_ON = 1002
    """Ours: the second date is part of what was asked."""
    EXISTS = 46
    ID_ALREADY_FAILED = 68
    FLAGS_ARE_MUTUALLY_EXCLUSIVE = 7
    DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO = 8
    DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX = 9
    CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO = 10
    CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX = 11
    ACCOUNTS_MUST_BE_DIFFERENT = 12
    PENDING_ID_MUST_BE_ZERO = 13
    PENDING_ID_MUST_NOT_BE_ZERO = 14
    PENDING_ID_MUST_NOT_BE_INT_MAX = 15
    PENDING_ID_MUST_BE_DIFFERENT = 16
    TIMEOUT_RESERVED_FOR_PENDING_TRANSFER = 17
    AMOUNT_MUST_NOT_BE_ZERO = 18
    """TigerBeetle's older rule, kept: a transfer of nothing is a mistake in a bank. Negative amounts land here too."""
    LEDGER_MUST_NOT_BE_ZERO = 19
    CODE_MUST_NOT_BE_ZERO = 20
    DEBIT_ACCOUNT_NOT_FOUND = 21
    CREDIT_ACCOUNT_NOT_FOUND = 22
    ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER = 23
    TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS = 24
    PENDING_TRANSFER_NOT_FOUND = 25
    PENDING_TRANSFER_NOT_PENDING = 26
    PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID = 27
    PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID = 28
    PENDING_TRANSFER_HAS_DIFFERENT_LEDGER = 29
    PENDING_TRANSFER_HAS_DIFFERENT_CODE = 30
    EXCEEDS_PENDING_TRANSFER_AMOUNT = 31
    PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT = 32
    PENDING_TRANSFER_ALREADY_POSTED = 33
    PENDING_TRANSFER_ALREADY_VOIDED = 34
    PENDING_TRANSFER_EXPIRED = 35
    DEBIT_ACCOUNT_ALREADY_CLOSED = 65
    CREDIT_ACCOUNT_ALREADY_CLOSED = 66
    OVERFLOWS_DEBITS_PENDING = 47
    OVERFLOWS_CREDITS_PENDING = 48
    OVERFLOWS_DEBITS_POSTED = 49
    OVERFLOWS_CREDITS_POSTED = 50
    OVERFLOWS_DEBITS = 51
    OVERFLOWS_CREDITS = 52
    OVERFLOWS_TIMEOUT = 53
    EXCEEDS_CREDITS = 54
    EXCEEDS_DEBITS = 55


TRANSIENT: Final = frozenset(
    {
        CreateTransferResult.DEBIT_ACCOUNT_NOT_FOUND,
        CreateTransferResult.CREDIT_ACCOUNT_NOT_FOUND,
        CreateTransferResult.PENDING_TRANSFER_NOT_FOUND,
        CreateTransferResult.DEBIT_ACCOUNT_ALREADY_CLOSED,
        CreateTransferResult.CREDIT_ACCOUNT_ALREADY_CLOSED,
        CreateTransferResult.EXCEEDS_CREDITS,
        CreateTransferResult.EXCEEDS_DEBITS,
    }
)
"""Refusals that depend on the state of the books. Their ids are kept and answer ``ID_ALREADY_FAILED`` ever after, so
that a late repeat can't succeed behind the back of a caller who was told no."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be created: ``ledger`` fixes its currency, ``code`` is the owner's own kind of account (> 0)."""

    id: UUID
    ledger: int
    code: int
    flags: AccountFlags = AccountFlags.NONE
    user_data: UUID | None = None


@dataclass(frozen=True, slots=True)
class Balances:
    """The four running sums of an account, in minor units, each from 0 to 2⁶³ − 1."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands: its four sums, how many transfers touched it, and the last of them."""

    id: UUID
    ledger: int
    code: int
    flags: AccountFlags
    user_data: UUID | None
    created_at: datetime
    balances: Balances
    entries: int
    last_transfer_id: UUID | None


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """A transfer to be made: ``amount`` minor units leave ``debit_account_id`` for ``credit_account_id``.

    The caller makes ``id`` and keeps it before sending. With POST or VOID, ``pending_id`` names the pending transfer;
    accounts, ledger and code may then be left out (None, 0), and an amount of 0 or ``AMOUNT_MAX`` means all of it.
    ``timeout_s`` (with PENDING) releases it by itself. ``booked_on`` is the second, immutable date (None: today, UTC).
    """

    id: UUID
    debit_account_id: UUID | None
    credit_account_id: UUID | None
    amount: int
    ledger: int
    code: int
    flags: TransferFlags = TransferFlags.NONE
    pending_id: UUID | None = None
    timeout_s: int = 0
    user_data: UUID | None = None
    booked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer in the books: ``seq`` is its place in the order of the ledger, ``posted_at`` (UTC) a label."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    ledger: int
    code: int
    flags: TransferFlags
    pending_id: UUID | None
    timeout_s: int
    user_data: UUID | None
    booked_on: date
    seq: int
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One transfer as one account saw it, with the account's four sums right after it."""

    transfer: Transfer
    is_debit: bool
    balances: Balances


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """A ledger: one institution's books in one currency."""

    number: int
    institution_id: UUID
    currency: Currency

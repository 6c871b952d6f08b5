"""The ledger's front door: all that other packages may use.

Decisions 8 and 9: ``post`` needs the caller's open transaction, is called once and last; a refusal is a result, not an
error, and the caller commits.
"""

from __future__ import annotations

from . import inspection
from .booked import BookedEntry, BookedPeriod, HistoryTooLong, booked_period
from .domain import (
    AMOUNT_MAX,
    BATCH_MAX,
    POST_MAX,
    TRANSIENT,
    Account,
    AccountFlags,
    Balances,
    CreateAccountResult,
    CreateTransferResult,
    HistoryEntry,
    LedgerInfo,
    NewAccount,
    NewTransfer,
    Transfer,
    TransferFlags,
)
from .errors import AccountNotFound, BatchTooLarge, LedgerBusy, LedgerNotFound, RowsMissing
from .log.horizon import Horizon
from .queries import (
    account_history,
    balances_at,
    ledger_info,
    ledgers,
    look_up_accounts,
    look_up_transfers,
)
from .services import (
    PostedTwice,
    close_account,
    create_accounts,
    create_transfers,
    open_ledger,
    post,
    reopen_account,
)
from .staging import STAGED_MAX, stage_postings
from .streams import ACCOUNT, BALANCE, TRANSFER, accounts_from, balances_as_of, effects_of, transfers_between

__all__ = [
    "ACCOUNT",
    "AMOUNT_MAX",
    "BALANCE",
    "BATCH_MAX",
    "POST_MAX",
    "STAGED_MAX",
    "TRANSFER",
    "TRANSIENT",
    "Account",
    "AccountFlags",
    "AccountNotFound",
    "Balances",
    "BatchTooLarge",
    "BookedEntry",
    "BookedPeriod",
    "CreateAccountResult",
    "CreateTransferResult",
    "HistoryEntry",
    "HistoryTooLong",
    "Horizon",
    "LedgerBusy",
    "LedgerInfo",
    "LedgerNotFound",
    "NewAccount",
    "NewTransfer",
    "PostedTwice",
    "RowsMissing",
    "Transfer",
    "TransferFlags",
    "account_history",
    "accounts_from",
    "balances_as_of",
    "balances_at",
    "booked_period",
    "close_account",
    "create_accounts",
    "create_transfers",
    "effects_of",
    "inspection",
    "ledger_info",
    "ledgers",
    "look_up_accounts",
    "look_up_transfers",
    "open_ledger",
    "post",
    "reopen_account",
    "stage_postings",
    "transfers_between",
]

"""What goes over the wire at ``/ledger/v1``, and how it becomes the ledger's own types and back.

Amounts are whole minor units. They are taken as JSON integers or as strings of digits, and always given as strings, because
many JSON readers lose integers past 2⁵³. Ids are lower-case UUIDs. Flags and results are TigerBeetle's names in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

import msgspec
from msgspec import Meta

from raseed.kernel.ids import InvalidId
from raseed.platform.rail.errors import WrongShape

from .. import domain
from ..domain import AMOUNT_MAX, BATCH_MAX, TIMEOUT_S_MAX

_INT4_MAX: Final = (1 << 31) - 1
Number = Annotated[int, Meta(ge=0, le=_INT4_MAX)]
Amount = Annotated[
    Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] | Annotated[str, Meta(pattern=r"^[0-9]{1,19}$(?!\n)")],
    Meta(description="Minor units: an integer, or a string of digits (use strings past 2^53). Less than 2^63."),
]
AmountShown = Annotated[str, Meta(description="Minor units, as a string of digits.", pattern="^[0-9]{1,19}$")]
TransferFlag = Literal["linked", "pending", "post_pending_transfer", "void_pending_transfer"]
AccountFlag = Literal["linked", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits", "history", "closed"]
_TRANSFER_FLAGS: Final = {flag.name.lower(): flag for flag in domain.TransferFlags if flag.name}
_NO_FLAGS: Final = domain.TransferFlags.NONE
_ACCOUNT_FLAGS: Final = {flag.name.lower(): flag for flag in domain.AccountFlags if flag.name}
_CANONICAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ID_FIELDS: Final = ("id", "debit_account_id", "credit_account_id", "pending_id", "user_data", "institution_id")
_UUID_HYPHENS: Final = 4
_DATE_HYPHENS: Final = 2


class NewTransfer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A transfer to be made. Posts and voids may leave accounts, amount, ledger and code out."""

    id: UUID
    debit_account_id: UUID | None = None
    credit_account_id: UUID | None = None
    amount: Amount = 0
    ledger: Number = 0
    code: Number = 0
    flags: list[TransferFlag] = []
    pending_id: UUID | None = None
    timeout_s: Annotated[int, Meta(ge=0, le=TIMEOUT_S_MAX, description="With pending: seconds until it lets go.")] = 0
    user_data: UUID | None = None
    booked_on: Annotated[date | None, Meta(description="The second date; today (UTC) where it is left out.")] = None


class NewAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An account to be created."""

    id: UUID
    ledger: Number
    code: Number
    flags: list[AccountFlag] = []
    user_data: UUID | None = None


class NewLedger(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A ledger to be opened: one institution's books in one currency (ISO 4217)."""

    institution_id: UUID
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)]


NewTransfers = NewTransfer | Annotated[list[NewTransfer], Meta(min_length=1, max_length=BATCH_MAX)]
NewAccounts = NewAccount | Annotated[list[NewAccount], Meta(min_length=1, max_length=BATCH_MAX)]


class TransferResult(msgspec.Struct, gc=False):
    """What became of one transfer: ``ok``, or the name of the first reason why not."""

    id: UUID
    result: str


class AccountResult(msgspec.Struct, gc=False):
    """What became of one new account."""

    id: UUID
    result: str


class Ledger(msgspec.Struct):
    """An open ledger; ``scale`` is the digits after the currency's decimal point."""

    number: int
    institution_id: UUID
    currency: str
    scale: int


class Balances(msgspec.Struct, gc=False):
    """An account's four sums."""

    debits_pending: AmountShown
    debits_posted: AmountShown
    credits_pending: AmountShown
    credits_posted: AmountShown


class Account(msgspec.Struct):
    """An account as it stands."""

    id: UUID
    ledger: int
    code: int
    flags: list[str]
    user_data: UUID | None
    created_at: datetime
    balances: Balances
    entries: int
    last_transfer_id: UUID | None


class Transfer(msgspec.Struct):
    """A transfer in the books; ``seq`` is its place in the order, a string of digits."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    amount: AmountShown
    ledger: int
    code: int
    flags: list[str]
    pending_id: UUID | None
    timeout_s: int
    user_data: UUID | None
    booked_on: date
    seq: AmountShown
    posted_at: datetime


class Entry(msgspec.Struct):
    """A transfer as one account saw it, and the account's sums right after it."""

    side: Literal["debit", "credit"]
    transfer: Transfer
    balances: Balances


class History(msgspec.Struct):
    """Entries, newest first; ``before`` asks for those that follow (null: there are none)."""

    entries: list[Entry]
    before: str | None


class BalancesAt(msgspec.Struct):
    """An account's sums as of what was asked for."""

    account_id: UUID
    balances: Balances


RESULTS: Final = {result: result.name.lower() for result in domain.CreateTransferResult}
ACCOUNT_RESULTS: Final = {result: result.name.lower() for result in domain.CreateAccountResult}


class _Transfer(msgspec.Struct, frozen=True, gc=False, eq=False):
    """The fields of ``domain.NewTransfer``, which is all that the engine reads; ten times cheaper to make."""

    id: UUID
    debit_account_id: UUID | None
    credit_account_id: UUID | None
    amount: int
    ledger: int
    code: int
    flags: domain.TransferFlags
    pending_id: UUID | None
    timeout_s: int
    user_data: UUID | None
    booked_on: date | None


def new_transfer(asked: NewTransfer, field: str = "amount") -> domain.NewTransfer:
    """Return a transfer as the ledger takes it.

    Raises:
        WrongShape: the amount is 2⁶³ or more.
    """
    amount = asked.amount
    if isinstance(amount, str):
        amount = int(amount)
        if amount > AMOUNT_MAX:
            raise WrongShape(field=field, detail="the amount must be less than 2^63")
    flags = _NO_FLAGS
    for name in asked.flags:
        flags |= _TRANSFER_FLAGS[name]
    transfer: Any = _Transfer(
        asked.id, asked.debit_account_id, asked.credit_account_id, amount, asked.ledger, asked.code, flags,
        asked.pending_id, asked.timeout_s, asked.user_data, asked.booked_on,
    )  # fmt: skip
    return cast("domain.NewTransfer", transfer)


def new_account(asked: NewAccount) -> domain.NewAccount:
    """Return an account as the ledger takes it."""
    flags = domain.AccountFlags.NONE
    for name in asked.flags:
        flags |= _ACCOUNT_FLAGS[name]
    return domain.NewAccount(asked.id, asked.ledger, asked.code, flags, asked.user_data)


def check_ids(body: bytes, asked: NewTransfer | NewAccount | NewLedger | list[NewTransfer] | list[NewAccount]) -> None:
    """Refuse ids that are UUIDs in another form than lower case with hyphens, which the decoder also reads.

    Nothing else in these bodies has a capital letter or a hyphen (but dates), so two scans of the bytes settle almost all
    of them; only where they don't is each id looked at.

    Raises:
        InvalidId: one is written differently.
    """
    hyphens = sum(map(_hyphens, asked)) if isinstance(asked, list) else _hyphens(asked)
    if body.count(b"-") == hyphens and body.islower():
        return
    found = msgspec.json.decode(body)
    for place, item in enumerate(found if isinstance(found, list) else [found]):
        for name in _ID_FIELDS:
            if item.get(name) is not None and not _CANONICAL.fullmatch(item[name]):
                raise InvalidId(field=f"[{place}].{name}" if isinstance(found, list) else name)


def _hyphens(asked: Any) -> int:
    if type(asked) is not NewTransfer:
        return _UUID_HYPHENS * (1 + (getattr(asked, "user_data", None) is not None))
    ids = (
        1
        + (asked.debit_account_id is not None)
        + (asked.credit_account_id is not None)
        + (asked.pending_id is not None)
        + (asked.user_data is not None)
    )
    return _UUID_HYPHENS * ids + (0 if asked.booked_on is None else _DATE_HYPHENS)


def shown_balances(balances: domain.Balances) -> Balances:
    """Return sums as they are shown."""
    return Balances(
        str(balances.debits_pending),
        str(balances.debits_posted),
        str(balances.credits_pending),
        str(balances.credits_posted),
    )


def shown_account(account: domain.Account) -> Account:
    """Return an account as it is shown."""
    return Account(
        account.id, account.ledger, account.code, _names(account.flags, _ACCOUNT_FLAGS), account.user_data,
        account.created_at, shown_balances(account.balances), account.entries, account.last_transfer_id,
    )  # fmt: skip


def shown_transfer(transfer: domain.Transfer) -> Transfer:
    """Return a transfer as it is shown."""
    return Transfer(
        transfer.id, transfer.debit_account_id, transfer.credit_account_id, str(transfer.amount), transfer.ledger,
        transfer.code, _names(transfer.flags, _TRANSFER_FLAGS), transfer.pending_id, transfer.timeout_s,
        transfer.user_data, transfer.booked_on, str(transfer.seq), transfer.posted_at,
    )  # fmt: skip


def shown_history(entries: Sequence[domain.HistoryEntry], limit: int) -> History:
    """Return a page of an account's history as it is shown."""
    shown = [
        Entry("debit" if entry.is_debit else "credit", shown_transfer(entry.transfer), shown_balances(entry.balances))
        for entry in entries
    ]
    return History(shown, shown[-1].transfer.seq if len(shown) == limit else None)


def shown_ledger(info: domain.LedgerInfo) -> Ledger:
    """Return a ledger as it is shown."""
    return Ledger(info.number, info.institution_id, info.currency.code, info.currency.scale)


def _names(flags: int, names: dict[str, Any]) -> list[str]:
    return [name for name, flag in names.items() if flag and flags & flag]

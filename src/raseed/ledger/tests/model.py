"""The ledger as it should be: plain dictionaries and the most obvious code, written from TigerBeetle's documentation.

Sources: docs/reference/{account,transfer}.md and requests/{create_accounts,create_transfers}.md of TigerBeetle, and our
deviations in docs/adr/0005-ledger-model.md. Nothing of the engine is used but the dataclasses and names of its front door.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from raseed.ledger.api import (
    AccountFlags,
    Balances,
    CreateAccountResult,
    CreateTransferResult,
    NewAccount,
    NewTransfer,
    Transfer,
    TransferFlags,
)

R = CreateTransferResult
A = CreateAccountResult
F = TransferFlags
ZERO = UUID(int=0)
ONES = UUID(int=(1 << 128) - 1)
MAX = (1 << 63) - 1
INT_MAX = (1 << 31) - 1
EXPIRED = TransferFlags.EXPIRED
STAYS_FAILED = {
    R.DEBIT_ACCOUNT_NOT_FOUND,
    R.CREDIT_ACCOUNT_NOT_FOUND,
    R.PENDING_TRANSFER_NOT_FOUND,
    R.DEBIT_ACCOUNT_ALREADY_CLOSED,
    R.CREDIT_ACCOUNT_ALREADY_CLOSED,
    R.EXCEEDS_CREDITS,
    R.EXCEEDS_DEBITS,
}
RESOLVES = F.POST_PENDING_TRANSFER | F.VOID_PENDING_TRANSFER
ALLOWED = F.LINKED | F.PENDING | RESOLVES
NOTHING = Balances(0, 0, 0, 0)
Member = TypeVar("Member", NewAccount, NewTransfer)


@dataclass(frozen=True)
class Logged:
    """One accepted transfer, and both accounts' balances right after it."""

    transfer: Transfer
    debit: Balances
    credit: Balances


@dataclass
class Model:
    """Books in memory. ``pending`` holds each pending transfer's state: pending, posted, voided or expired."""

    ledgers: set[int] = field(default_factory=set)
    accounts: dict[UUID, NewAccount] = field(default_factory=dict)
    closed: set[UUID] = field(default_factory=set)
    balances: dict[UUID, Balances] = field(default_factory=dict)
    transfers: dict[UUID, Transfer] = field(default_factory=dict)
    failed: set[UUID] = field(default_factory=set)
    pending: dict[UUID, str] = field(default_factory=dict)
    log: list[Logged] = field(default_factory=list)

    def copy(self) -> Model:
        return Model(
            set(self.ledgers), dict(self.accounts), set(self.closed), dict(self.balances), dict(self.transfers),
            set(self.failed), dict(self.pending), list(self.log),
        )  # fmt: skip

    def become(self, other: Model) -> None:
        self.__dict__.update(other.copy().__dict__)

    # Accounts

    def create_accounts(self, batch: Sequence[NewAccount]) -> list[A]:
        results: list[A] = []
        for chain in chains(batch):
            before = self.copy()
            answers: list[A] = []
            for account in chain:
                is_last = len(results) + len(answers) + 1 == len(batch)
                if is_last and account.flags & AccountFlags.LINKED:
                    answers.append(A.LINKED_EVENT_CHAIN_OPEN)
                elif any(answer is not A.OK for answer in answers):
                    answers.append(A.LINKED_EVENT_FAILED)
                else:
                    answers.append(self._create_account(account))
            broken = next((at for at, answer in enumerate(answers) if answer is not A.OK), None)
            if broken is not None:
                self.become(before)
                answers[:broken] = [A.LINKED_EVENT_FAILED] * broken
            results += answers
        return results

    def _create_account(self, new: NewAccount) -> A:
        old = self.accounts.get(new.id)
        both = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
        rules = [
            (abs(new.ledger) > INT_MAX or abs(new.code) > INT_MAX, A.FIELD_OUT_OF_RANGE),
            (bool(int(new.flags) & ~sum(AccountFlags)), A.RESERVED_FLAG),
            (new.id == ZERO, A.ID_MUST_NOT_BE_ZERO),
            (new.id == ONES, A.ID_MUST_NOT_BE_INT_MAX),
            (new.flags & both == both, A.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
            (new.ledger <= 0, A.LEDGER_MUST_NOT_BE_ZERO),
            (new.code <= 0, A.CODE_MUST_NOT_BE_ZERO),
            (new.ledger not in self.ledgers, A.LEDGER_NOT_FOUND),
        ]
        if old is not None:
            rules += [
                (new.flags != old.flags, A.EXISTS_WITH_DIFFERENT_FLAGS),
                ((new.user_data or ZERO) != (old.user_data or ZERO), A.EXISTS_WITH_DIFFERENT_USER_DATA_128),
                (new.ledger != old.ledger, A.EXISTS_WITH_DIFFERENT_LEDGER),
                (new.code != old.code, A.EXISTS_WITH_DIFFERENT_CODE),
                (True, A.EXISTS),
            ]
        refusal = min((answer for applies, answer in rules if applies), key=list(A).index, default=None)
        if refusal is not None:
            return refusal
        self.accounts[new.id] = new
        self.balances[new.id] = NOTHING
        if new.flags & AccountFlags.CLOSED:
            self.closed.add(new.id)
        return A.OK

    # Transfers

    def create_transfers(self, batch: Sequence[NewTransfer], now: datetime) -> list[R]:
        results: list[R] = []
        for chain in chains(batch):
            before = self.copy() if len(chain) > 1 else None
            answers: list[R] = []
            for transfer in chain:
                is_last = len(results) + len(answers) + 1 == len(batch)
                if is_last and transfer.flags & F.LINKED:
                    answers.append(R.LINKED_EVENT_CHAIN_OPEN)
                elif any(answer is not R.OK for answer in answers):
                    answers.append(R.LINKED_EVENT_FAILED)
                else:
                    answers.append(self._create(transfer, now))
            broken = next((at for at, answer in enumerate(answers) if answer is not R.OK), None)
            if broken is not None:
                if before is not None:
                    self.become(before)
                answers[:broken] = [R.LINKED_EVENT_FAILED] * broken
                if answers[broken] in STAYS_FAILED:
                    self.failed.add(chain[broken].id)
            results += answers
        return results

    def due(self, now: datetime) -> set[UUID]:
        """Return what the system is to void."""
        return {id_ for id_, state in self.pending.items() if state == "pending" and self._is_due(id_, now)}

    def expire(self, pending_id: UUID, void_id: UUID, now: datetime) -> None:
        """Let the system void one pending transfer, under an id that it made."""
        held = self.transfers[pending_id]
        self.pending[pending_id] = "expired"
        void = replace(
            held, id=void_id, pending_id=pending_id, flags=F.VOID_PENDING_TRANSFER | EXPIRED, timeout_s=0,
            booked_on=now.date(), posted_at=now,
        )  # fmt: skip
        self._move(void, -held.amount, 0)

    def deadline(self, id_: UUID) -> datetime | None:
        held = self.transfers[id_]
        return held.posted_at + timedelta(seconds=held.timeout_s) if held.timeout_s else None

    def _is_due(self, id_: UUID, now: datetime) -> bool:
        deadline = self.deadline(id_)
        return deadline is not None and deadline <= now

    def _create(self, t: NewTransfer, now: datetime) -> R:
        refusal = self._impossible(t) or self._known(t) or self._malformed(t)
        if refusal is not None:
            return refusal
        if t.flags & RESOLVES:
            return self._resolve(t, now)
        refusal = self._refused_by_accounts(t)
        if refusal is not None:
            return refusal
        assert t.debit_account_id is not None
        assert t.credit_account_id is not None
        posted = Transfer(
            t.id, t.debit_account_id, t.credit_account_id, t.amount, t.ledger, t.code, F(t.flags), None, t.timeout_s,
            none_if_zero(t.user_data), t.booked_on or now.date(), 0, now,
        )  # fmt: skip
        if t.flags & F.PENDING:
            self.pending[t.id] = "pending"
            self._move(posted, t.amount, 0)
        else:
            self._move(posted, 0, t.amount)
        return R.OK

    @staticmethod
    def _impossible(t: NewTransfer) -> R | None:
        if abs(t.amount) > MAX or any(abs(number) > INT_MAX for number in (t.ledger, t.code, t.timeout_s)):
            return R.FIELD_OUT_OF_RANGE
        if int(t.flags) & ~int(ALLOWED):
            return R.RESERVED_FLAG
        if t.id == ZERO:
            return R.ID_MUST_NOT_BE_ZERO
        return R.ID_MUST_NOT_BE_INT_MAX if t.id == ONES else None

    def _known(self, t: NewTransfer) -> R | None:
        if t.id in self.failed:
            return R.ID_ALREADY_FAILED
        old = self.transfers.get(t.id)
        if old is None:
            return None
        if t.flags != old.flags:
            return R.EXISTS_WITH_DIFFERENT_FLAGS
        if (t.pending_id or ZERO) != (old.pending_id or ZERO):
            return R.EXISTS_WITH_DIFFERENT_PENDING_ID
        if t.timeout_s != old.timeout_s:
            return R.EXISTS_WITH_DIFFERENT_TIMEOUT
        asked = self._filled_in(t, self.transfers[t.pending_id]) if t.flags & RESOLVES and t.pending_id else t
        rules = (
            ((asked.debit_account_id or ZERO) != old.debit_account_id, R.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID),
            ((asked.credit_account_id or ZERO) != old.credit_account_id, R.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID),
            (asked.amount != old.amount, R.EXISTS_WITH_DIFFERENT_AMOUNT),
            (none_if_zero(asked.user_data) != old.user_data, R.EXISTS_WITH_DIFFERENT_USER_DATA_128),
            (asked.ledger != old.ledger, R.EXISTS_WITH_DIFFERENT_LEDGER),
            (asked.code != old.code, R.EXISTS_WITH_DIFFERENT_CODE),
            (t.booked_on not in (None, old.booked_on), R.EXISTS_WITH_DIFFERENT_BOOKED_ON),
        )
        return first(rules) or R.EXISTS

    @staticmethod
    def _filled_in(t: NewTransfer, held: Transfer) -> NewTransfer:
        """What a post or void leaves out is the pending transfer's."""
        return replace(
            t,
            debit_account_id=none_if_zero(t.debit_account_id) or held.debit_account_id,
            credit_account_id=none_if_zero(t.credit_account_id) or held.credit_account_id,
            amount=held.amount if t.amount in (0, MAX) else t.amount,
            ledger=t.ledger or held.ledger,
            code=t.code or held.code,
            user_data=none_if_zero(t.user_data) or held.user_data,
        )

    def _malformed(self, t: NewTransfer) -> R | None:
        pending_id = t.pending_id or ZERO
        debit, credit = t.debit_account_id or ZERO, t.credit_account_id or ZERO
        if t.flags & RESOLVES:
            rules = [
                (t.flags & RESOLVES == RESOLVES or bool(t.flags & F.PENDING), R.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
                (pending_id == ZERO, R.PENDING_ID_MUST_NOT_BE_ZERO),
                (pending_id == ONES, R.PENDING_ID_MUST_NOT_BE_INT_MAX),
                (pending_id == t.id, R.PENDING_ID_MUST_BE_DIFFERENT),
                (t.timeout_s != 0, R.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
                (t.amount < 0, R.AMOUNT_MUST_NOT_BE_ZERO),
            ]
        else:
            rules = [
                (debit == ZERO, R.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
                (debit == ONES, R.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
                (credit == ZERO, R.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
                (credit == ONES, R.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
                (debit == credit, R.ACCOUNTS_MUST_BE_DIFFERENT),
                (pending_id != ZERO, R.PENDING_ID_MUST_BE_ZERO),
                (t.timeout_s != 0 and not t.flags & F.PENDING, R.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
                (t.amount <= 0, R.AMOUNT_MUST_NOT_BE_ZERO),
                (t.ledger <= 0, R.LEDGER_MUST_NOT_BE_ZERO),
                (t.code <= 0, R.CODE_MUST_NOT_BE_ZERO),
            ]
        return first(rules)

    def _refused_by_accounts(self, t: NewTransfer) -> R | None:
        assert t.debit_account_id is not None
        assert t.credit_account_id is not None
        debit, credit = self.accounts.get(t.debit_account_id), self.accounts.get(t.credit_account_id)
        if debit is None:
            return R.DEBIT_ACCOUNT_NOT_FOUND
        if credit is None:
            return R.CREDIT_ACCOUNT_NOT_FOUND
        dr, cr = self.balances[debit.id], self.balances[credit.id]
        pending = bool(t.flags & F.PENDING)
        debits, credits_ = dr.debits_pending + dr.debits_posted, cr.credits_pending + cr.credits_posted
        rules = (
            (debit.ledger != credit.ledger, R.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER),
            (t.ledger != debit.ledger, R.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS),
            (debit.id in self.closed, R.DEBIT_ACCOUNT_ALREADY_CLOSED),
            (credit.id in self.closed, R.CREDIT_ACCOUNT_ALREADY_CLOSED),
            (pending and dr.debits_pending + t.amount > MAX, R.OVERFLOWS_DEBITS_PENDING),
            (pending and cr.credits_pending + t.amount > MAX, R.OVERFLOWS_CREDITS_PENDING),
            (dr.debits_posted + t.amount > MAX, R.OVERFLOWS_DEBITS_POSTED),
            (cr.credits_posted + t.amount > MAX, R.OVERFLOWS_CREDITS_POSTED),
            (debits + t.amount > MAX, R.OVERFLOWS_DEBITS),
            (credits_ + t.amount > MAX, R.OVERFLOWS_CREDITS),
            (t.timeout_s < 0, R.OVERFLOWS_TIMEOUT),
            (
                bool(debit.flags & AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
                and debits + t.amount > dr.credits_posted,
                R.EXCEEDS_CREDITS,
            ),
            (
                bool(credit.flags & AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
                and credits_ + t.amount > cr.debits_posted,
                R.EXCEEDS_DEBITS,
            ),
        )
        return first(rules)

    def _resolve(self, t: NewTransfer, now: datetime) -> R:
        assert t.pending_id is not None
        held = self.transfers.get(t.pending_id)
        if held is None:
            return R.PENDING_TRANSFER_NOT_FOUND
        if t.pending_id not in self.pending:
            return R.PENDING_TRANSFER_NOT_PENDING
        is_post = bool(t.flags & F.POST_PENDING_TRANSFER)
        asked, state = self._filled_in(t, held), self.pending[t.pending_id]
        rules = (
            (asked.debit_account_id != held.debit_account_id, R.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID),
            (asked.credit_account_id != held.credit_account_id, R.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID),
            (asked.ledger != held.ledger, R.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER),
            (asked.code != held.code, R.PENDING_TRANSFER_HAS_DIFFERENT_CODE),
            (asked.amount > held.amount, R.EXCEEDS_PENDING_TRANSFER_AMOUNT),
            (not is_post and asked.amount < held.amount, R.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT),
            (state == "posted", R.PENDING_TRANSFER_ALREADY_POSTED),
            (state == "voided", R.PENDING_TRANSFER_ALREADY_VOIDED),
            (state == "expired" or self._is_due(held.id, now), R.PENDING_TRANSFER_EXPIRED),
            (is_post and held.debit_account_id in self.closed, R.DEBIT_ACCOUNT_ALREADY_CLOSED),
            (is_post and held.credit_account_id in self.closed, R.CREDIT_ACCOUNT_ALREADY_CLOSED),
        )
        refusal = first(rules)
        if refusal is not None:
            return refusal
        posted = Transfer(
            t.id, held.debit_account_id, held.credit_account_id, asked.amount, held.ledger, held.code, F(t.flags),
            held.id, 0, asked.user_data, t.booked_on or now.date(), 0, now,
        )  # fmt: skip
        self.pending[held.id] = "posted" if is_post else "voided"
        self._move(posted, -held.amount, asked.amount if is_post else 0)
        return R.OK

    def _move(self, t: Transfer, pending: int, posted: int) -> None:
        dr, cr = self.balances[t.debit_account_id], self.balances[t.credit_account_id]
        dr = replace(dr, debits_pending=dr.debits_pending + pending, debits_posted=dr.debits_posted + posted)
        cr = replace(cr, credits_pending=cr.credits_pending + pending, credits_posted=cr.credits_posted + posted)
        self.balances[t.debit_account_id], self.balances[t.credit_account_id] = dr, cr
        self.transfers[t.id] = t
        self.log.append(Logged(t, dr, cr))

    # Reads

    def history(self, account_id: UUID) -> list[tuple[Transfer, bool, Balances]]:
        """Oldest first: each transfer of the account, whether it is the debit side, and the balances right after it."""
        return [
            (entry.transfer, entry.transfer.debit_account_id == account_id,
             entry.debit if entry.transfer.debit_account_id == account_id else entry.credit)
            for entry in self.log
            if account_id in (entry.transfer.debit_account_id, entry.transfer.credit_account_id)
        ]  # fmt: skip

    def at_time(self, account_id: UUID, at: datetime) -> Balances:
        return ([NOTHING] + [after for t, _, after in self.history(account_id) if t.posted_at <= at])[-1]

    def at_end_of(self, account_id: UUID, day: date) -> Balances:
        """Add up what each transfer booked by that day did to the account."""
        sums, before = [0, 0, 0, 0], NOTHING
        for transfer, _, after in self.history(account_id):
            if transfer.booked_on <= day:
                sums = [s + y - x for s, x, y in zip(sums, four(before), four(after), strict=True)]
            before = after
        return Balances(*sums)


def first(rules: Sequence[tuple[bool, R]]) -> R | None:
    """Of the answers that apply, the one that stands first in the list of all answers."""
    return min((answer for applies, answer in rules if applies), key=list(R).index, default=None)


def four(b: Balances) -> tuple[int, int, int, int]:
    return b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted


def none_if_zero(id_: UUID | None) -> UUID | None:
    return None if id_ is None or id_ == ZERO else id_


def chains(batch: Sequence[Member]) -> list[list[Member]]:
    """Cut a batch into chains: a member with LINKED goes on with the next one. Most chains have one member."""
    found: list[list[Member]] = []
    goes_on = False
    for member in batch:
        if not goes_on:
            found.append([])
        found[-1].append(member)
        goes_on = bool(int(member.flags) & 1)
    return found

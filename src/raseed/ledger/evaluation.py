"""What the books answer to a transfer, one after the other: the exact rules, in pure Python.

The engine loads the state that a batch needs (accounts, pending transfers, ids already known), this module decides, and
the engine writes what was decided. Ids are 16 bytes here, absent ones ``ZERO``; dates are PostgreSQL's day numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .domain import AMOUNT_MAX, INT_MAX, TIMEOUT_S_MAX, TRANSIENT, AccountFlags, TransferFlags
from .domain import CreateTransferResult as Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ZERO: Final = bytes(16)
ONES: Final = b"\xff" * 16

LINKED: Final = int(TransferFlags.LINKED)
PENDING: Final = int(TransferFlags.PENDING)
POST: Final = int(TransferFlags.POST_PENDING_TRANSFER)
VOID: Final = int(TransferFlags.VOID_PENDING_TRANSFER)
EXPIRED: Final = int(TransferFlags.EXPIRED)
_KNOWN: Final = LINKED | PENDING | POST | VOID
_DEBITS_LIMITED: Final = int(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
_CREDITS_LIMITED: Final = int(AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
_CLOSED: Final = int(AccountFlags.CLOSED)

STATE_PENDING: Final = 1
STATE_POSTED: Final = 2
STATE_VOIDED: Final = 3
STATE_EXPIRED: Final = 4
_RESOLVED_AS: Final = {
    STATE_POSTED: Result.PENDING_TRANSFER_ALREADY_POSTED,
    STATE_VOIDED: Result.PENDING_TRANSFER_ALREADY_VOIDED,
    STATE_EXPIRED: Result.PENDING_TRANSFER_EXPIRED,
}


@dataclass(slots=True)
class Intent:
    """A transfer as asked for; ``booked_by_default`` says that the caller named no second date."""

    id: bytes
    debit: bytes
    credit: bytes
    amount: int
    ledger: int
    code: int
    flags: int
    pending_id: bytes
    timeout_s: int
    user_data: bytes
    booked: int
    booked_by_default: bool = True


@dataclass(slots=True)
class AccountState:
    """An account's balances as they are at this point of the batch."""

    ledger: int
    flags: int
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


@dataclass(slots=True)
class PendingState:
    """A pending transfer and what became of it; ``expires_us`` is in Unix microseconds, None for never."""

    debit: bytes
    credit: bytes
    amount: int
    ledger: int
    code: int
    user_data: bytes
    expires_us: int | None
    state: int = STATE_PENDING


@dataclass(slots=True)
class Known:
    """A transfer id that the books hold already; ``result`` is not OK where the id once failed."""

    intent: Intent
    result: int


@dataclass(slots=True)
class Effect:
    """What an accepted transfer does: the four sums' changes, debit side and credit side."""

    intent: Intent
    debit_pending: int
    debit_posted: int
    credit_pending: int
    credit_posted: int


@dataclass(slots=True)
class State:
    """Everything that the answers to a batch depend on; it changes as transfers are accepted."""

    accounts: dict[bytes, AccountState]
    pendings: dict[bytes, PendingState] = field(default_factory=dict)
    known: dict[bytes, Known] = field(default_factory=dict)
    may_expire: bool = False
    """Whether EXPIRED is allowed: it is the system's own."""


def resolved_as(flags: int) -> int:
    """Return what becomes of a pending transfer that one with these flags resolves."""
    return STATE_EXPIRED if flags & EXPIRED else STATE_POSTED if flags & POST else STATE_VOIDED


def evaluate(intents: Sequence[Intent], state: State, now_us: int) -> tuple[list[Result], list[Effect | None]]:
    """Answer each intent in order, and change ``state`` by those accepted; a chain stands or falls together.

    Returns a result and, where it is OK, an effect per intent; intents' gaps are filled in (accounts of a post).
    """
    results: list[Result] = []
    effects: list[Effect | None] = []
    for chain in _chains(intents):
        chain_results, chain_effects = _answer_chain(chain, state, now_us)
        results += chain_results
        effects += chain_effects
    return results, effects


def _answer_chain(
    chain: Sequence[Intent], state: State, now_us: int
) -> tuple[Sequence[Result], Sequence[Effect | None]]:
    done: list[Effect] = []
    for position, intent in enumerate(chain):
        is_last = position == len(chain) - 1
        if is_last and intent.flags & LINKED:
            result, effect = Result.LINKED_EVENT_CHAIN_OPEN, None
        else:
            result, effect = _answer(intent, state, now_us)
        if effect is not None:
            _apply(effect, state, now_us)
            done.append(effect)
            continue
        for undone in reversed(done):
            _undo(undone, state)
        if result in TRANSIENT:
            state.known[intent.id] = Known(intent, result)
        results = [Result.LINKED_EVENT_FAILED] * len(chain)
        results[position] = result
        if chain[-1].flags & LINKED:
            results[-1] = Result.LINKED_EVENT_CHAIN_OPEN
        return results, [None] * len(chain)
    return [Result.OK] * len(chain), done


def _chains(intents: Sequence[Intent]) -> Iterator[Sequence[Intent]]:
    """Yield the batch's chains in order, most of them of one; the last may be open."""
    start = 0
    for position, intent in enumerate(intents):
        if not intent.flags & LINKED:
            yield intents[start : position + 1]
            start = position + 1
    if start < len(intents):
        yield intents[start:]


def _answer(intent: Intent, state: State, now_us: int) -> tuple[Result, Effect | None]:
    result = _unspeakable(intent, may_expire=state.may_expire)
    if result is None and (known := state.known.get(intent.id)) is not None:
        result = _compare(intent, known, state)
    if result is not None:
        return result, None
    if intent.flags & (POST | VOID):
        return _answer_resolution(intent, state, now_us)
    result = _malformed(intent) or _refused_by_accounts(intent, state.accounts)
    if result is not None:
        return result, None
    amount = intent.amount
    if intent.flags & PENDING:
        return Result.OK, Effect(intent, amount, 0, amount, 0)
    return Result.OK, Effect(intent, 0, amount, 0, amount)


def _unspeakable(intent: Intent, *, may_expire: bool) -> Result | None:
    within = abs(intent.amount) <= AMOUNT_MAX and all(
        abs(number) <= INT_MAX for number in (intent.ledger, intent.code, intent.timeout_s)
    )
    if not within:
        return Result.FIELD_OUT_OF_RANGE
    if intent.flags & ~(_KNOWN | EXPIRED if may_expire else _KNOWN):
        return Result.RESERVED_FLAG
    if intent.id == ZERO:
        return Result.ID_MUST_NOT_BE_ZERO
    return Result.ID_MUST_NOT_BE_INT_MAX if intent.id == ONES else None


def _malformed(intent: Intent) -> Result | None:
    checks = (
        (intent.debit == ZERO, Result.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
        (intent.debit == ONES, Result.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
        (intent.credit == ZERO, Result.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
        (intent.credit == ONES, Result.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
        (intent.debit == intent.credit, Result.ACCOUNTS_MUST_BE_DIFFERENT),
        (intent.pending_id != ZERO, Result.PENDING_ID_MUST_BE_ZERO),
        (intent.timeout_s != 0 and not intent.flags & PENDING, Result.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
        (intent.amount <= 0, Result.AMOUNT_MUST_NOT_BE_ZERO),
        (intent.ledger <= 0, Result.LEDGER_MUST_NOT_BE_ZERO),
        (intent.code <= 0, Result.CODE_MUST_NOT_BE_ZERO),
    )
    for applies, result in checks:
        if applies:
            return result
    return None


def _refused_by_accounts(intent: Intent, accounts: Mapping[bytes, AccountState]) -> Result | None:
    debit = accounts.get(intent.debit)
    credit = accounts.get(intent.credit)
    if debit is None:
        return Result.DEBIT_ACCOUNT_NOT_FOUND
    if credit is None:
        return Result.CREDIT_ACCOUNT_NOT_FOUND
    if debit.ledger != credit.ledger:
        return Result.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER
    if intent.ledger != debit.ledger:
        return Result.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS
    if debit.flags & _CLOSED:
        return Result.DEBIT_ACCOUNT_ALREADY_CLOSED
    if credit.flags & _CLOSED:
        return Result.CREDIT_ACCOUNT_ALREADY_CLOSED
    return _overflow(intent, debit, credit) or _beyond_limits(intent.amount, debit, credit)


def _overflow(intent: Intent, debit: AccountState, credit: AccountState) -> Result | None:
    room = AMOUNT_MAX - intent.amount
    if intent.flags & PENDING:
        if debit.debits_pending > room:
            return Result.OVERFLOWS_DEBITS_PENDING
        if credit.credits_pending > room:
            return Result.OVERFLOWS_CREDITS_PENDING
    if debit.debits_posted > room:
        return Result.OVERFLOWS_DEBITS_POSTED
    if credit.credits_posted > room:
        return Result.OVERFLOWS_CREDITS_POSTED
    if debit.debits_pending + debit.debits_posted > room:
        return Result.OVERFLOWS_DEBITS
    if credit.credits_pending + credit.credits_posted > room:
        return Result.OVERFLOWS_CREDITS
    return Result.OVERFLOWS_TIMEOUT if not 0 <= intent.timeout_s <= TIMEOUT_S_MAX else None


def _beyond_limits(amount: int, debit: AccountState, credit: AccountState) -> Result | None:
    if debit.flags & _DEBITS_LIMITED and debit.debits_pending + debit.debits_posted + amount > debit.credits_posted:
        return Result.EXCEEDS_CREDITS
    if (
        credit.flags & _CREDITS_LIMITED
        and credit.credits_pending + credit.credits_posted + amount > credit.debits_posted
    ):
        return Result.EXCEEDS_DEBITS
    return None


def _answer_resolution(intent: Intent, state: State, now_us: int) -> tuple[Result, Effect | None]:
    flags = intent.flags
    if (flags & POST and flags & VOID) or flags & PENDING:
        return Result.FLAGS_ARE_MUTUALLY_EXCLUSIVE, None
    if intent.pending_id == ZERO:
        return Result.PENDING_ID_MUST_NOT_BE_ZERO, None
    if intent.pending_id == ONES:
        return Result.PENDING_ID_MUST_NOT_BE_INT_MAX, None
    if intent.pending_id == intent.id:
        return Result.PENDING_ID_MUST_BE_DIFFERENT, None
    if intent.timeout_s != 0:
        return Result.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER, None
    if intent.amount < 0:
        return Result.AMOUNT_MUST_NOT_BE_ZERO, None
    pending = state.pendings.get(intent.pending_id)
    if pending is None:
        known = state.known.get(intent.pending_id)
        not_pending = known is not None and known.result == Result.OK
        return (Result.PENDING_TRANSFER_NOT_PENDING if not_pending else Result.PENDING_TRANSFER_NOT_FOUND), None
    refusal = _differs_from_pending(intent, pending) or _no_longer_pending(intent, pending, state, now_us)
    if refusal is not None:
        return refusal, None
    amount = pending.amount if intent.amount in {0, AMOUNT_MAX} else intent.amount
    resolved = Intent(
        intent.id, pending.debit, pending.credit, amount, pending.ledger, pending.code, flags, intent.pending_id, 0,
        intent.user_data if intent.user_data != ZERO else pending.user_data, intent.booked, intent.booked_by_default,
    )  # fmt: skip
    posted = amount if flags & POST else 0
    return Result.OK, Effect(resolved, -pending.amount, posted, -pending.amount, posted)


def _differs_from_pending(intent: Intent, pending: PendingState) -> Result | None:
    if intent.debit not in {ZERO, pending.debit}:
        return Result.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID
    if intent.credit not in {ZERO, pending.credit}:
        return Result.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID
    if intent.ledger not in {0, pending.ledger}:
        return Result.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER
    if intent.code not in {0, pending.code}:
        return Result.PENDING_TRANSFER_HAS_DIFFERENT_CODE
    if intent.amount not in {0, AMOUNT_MAX}:
        if intent.amount > pending.amount:
            return Result.EXCEEDS_PENDING_TRANSFER_AMOUNT
        if intent.flags & VOID and intent.amount != pending.amount:
            return Result.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
    return None


def _no_longer_pending(intent: Intent, pending: PendingState, state: State, now_us: int) -> Result | None:
    if pending.state != STATE_PENDING:
        return _RESOLVED_AS[pending.state]
    due = pending.expires_us is not None and pending.expires_us <= now_us
    if due and not intent.flags & EXPIRED:
        return Result.PENDING_TRANSFER_EXPIRED
    if intent.flags & VOID:
        return None
    if state.accounts[pending.debit].flags & _CLOSED:
        return Result.DEBIT_ACCOUNT_ALREADY_CLOSED
    if state.accounts[pending.credit].flags & _CLOSED:
        return Result.CREDIT_ACCOUNT_ALREADY_CLOSED
    return None


def _compare(intent: Intent, known: Known, state: State) -> Result:
    """Answer a repeated id: the same content EXISTS, other content is named, a failed id stays failed."""
    if known.result != Result.OK:
        return Result.ID_ALREADY_FAILED
    first = known.intent
    resolves = bool(intent.flags & (POST | VOID))
    pending = state.pendings.get(intent.pending_id) if resolves else None
    amount, user_data = intent.amount, intent.user_data
    if pending is not None:
        amount = pending.amount if amount in {0, AMOUNT_MAX} else amount
        user_data = pending.user_data if user_data == ZERO else user_data
    left_out = (ZERO, 0) if resolves else ()
    checks = (
        (intent.flags != first.flags, Result.EXISTS_WITH_DIFFERENT_FLAGS),
        (intent.pending_id != first.pending_id, Result.EXISTS_WITH_DIFFERENT_PENDING_ID),
        (intent.timeout_s != first.timeout_s, Result.EXISTS_WITH_DIFFERENT_TIMEOUT),
        (intent.debit not in (first.debit, *left_out), Result.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID),
        (intent.credit not in (first.credit, *left_out), Result.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID),
        (amount != first.amount, Result.EXISTS_WITH_DIFFERENT_AMOUNT),
        (user_data != first.user_data, Result.EXISTS_WITH_DIFFERENT_USER_DATA_128),
        (intent.ledger not in (first.ledger, *left_out), Result.EXISTS_WITH_DIFFERENT_LEDGER),
        (intent.code not in (first.code, *left_out), Result.EXISTS_WITH_DIFFERENT_CODE),
        (intent.booked != first.booked and not intent.booked_by_default, Result.EXISTS_WITH_DIFFERENT_BOOKED_ON),
    )
    for differs, result in checks:
        if differs:
            return result
    return Result.EXISTS


def _apply(effect: Effect, state: State, now_us: int) -> None:
    intent = effect.intent
    _move(effect, state, 1)
    state.known[intent.id] = Known(intent, Result.OK)
    if intent.flags & PENDING:
        expires_us = now_us + intent.timeout_s * 1_000_000 if intent.timeout_s else None
        state.pendings[intent.id] = PendingState(
            intent.debit, intent.credit, intent.amount, intent.ledger, intent.code, intent.user_data, expires_us
        )
    elif intent.flags & (POST | VOID):
        state.pendings[intent.pending_id].state = resolved_as(intent.flags)


def _undo(effect: Effect, state: State) -> None:
    intent = effect.intent
    _move(effect, state, -1)
    del state.known[intent.id]
    if intent.flags & PENDING:
        del state.pendings[intent.id]
    elif intent.flags & (POST | VOID):
        state.pendings[intent.pending_id].state = STATE_PENDING


def _move(effect: Effect, state: State, sign: int) -> None:
    debit = state.accounts[effect.intent.debit]
    credit = state.accounts[effect.intent.credit]
    debit.debits_pending += sign * effect.debit_pending
    debit.debits_posted += sign * effect.debit_posted
    credit.credits_pending += sign * effect.credit_pending
    credit.credits_posted += sign * effect.credit_posted

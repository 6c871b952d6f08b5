"""Carrying out: one transaction that locks, decides, writes payments with their timelines, and posts last.

The ledger is called once and last (decision 8), so the timeline is written before its answer is known, as settled. If
the books then refuse some of it, everything is rolled back and begun again with those refused from the start: a
rolled-back id was never seen (decision 9), and nothing that the books refused is ever on record as settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.banking.api import AccountState, InternalRole, LockedAccount, Spend
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch
from raseed.ledger import api as ledger

from .domain import BATCH_MAX, Destination
from .errors import RecipientBlocked, RecipientClosed, SelfTransfer, TooManyPayments
from .outside.holding import reserve, send_out
from .posting import Posting, post
from .sending import Outcome, Sending, fee_key
from .writing import write

_PAYER_REFUSALS: Final = {
    AccountState.BLOCKED: banking.AccountBlocked,
    AccountState.DORMANT: banking.AccountDormant,
    AccountState.CLOSED: banking.AccountClosed,
}
_RECIPIENT_REFUSALS: Final = {
    AccountState.BLOCKED: RecipientBlocked,
    AccountState.CLOSED: RecipientClosed,
}


class RefusedLate(Exception):
    """Some of what was written or reserved is refused, by the books or before them; all of it is rolled back."""

    def __init__(self, refusals: Mapping[UUID, RaseedError]) -> None:
        super().__init__(f"{len(refusals)} refused late")
        self.refusals = refusals


def carry_out(
    sendings: Sequence[Sending],
    refused_before: Mapping[UUID, RaseedError],
    clock: Clock,
    *,
    begin: Callable[[], None] | None = None,
    end: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """Carry out payments in a transaction of its own and say what became of them.

    Args:
        sendings: with distinct ids that no payment has.
        refused_before: what the books refused in an earlier attempt: refused from the start, and takes no limit.
        clock: tells when the steps happen.
        begin: called first in the transaction; what it locks comes before accounts in the order of locks.
        end: called once everything is written, before the ledger posts; it may be called for an attempt that is then
            rolled back.

    Raises:
        RefusedLate: the books, or a route that had to reserve something, refused some; nothing was kept.
        IntegrityError: another transaction has kept one of the ids meanwhile; nothing was kept.
        TooManyPayments: with their fees they need more transfers than the ledger takes at once.
    """
    with transaction.atomic(durable=True):
        if begin is not None:
            begin()
        reserved, refused = reserve(sendings, refused_before)
        if refused:
            raise RefusedLate(refused)
        refusals = _decide(sendings, refused_before)
        if lost := {id_: refusals[id_] for id_ in reserved if id_ in refusals}:
            raise RefusedLate(lost)  # nothing may stay reserved for what is refused
        fees = banking.fees_minor({fee_key(sending) for sending in sendings})
        outcome = Outcome(refusals, fees, clock.now())
        postings = _postings(sendings, outcome)
        if sum(2 if posting.fee_minor else 1 for posting in postings) > BATCH_MAX:
            raise TooManyPayments(limit=BATCH_MAX)
        write(sendings, outcome)
        send_out(sendings, outcome)
        if end is not None:
            end(outcome)
        late = post(postings, clock)
        if late:
            raise RefusedLate(late)
    return outcome


def verdict(sending: Sending, accounts: Mapping[UUID, LockedAccount]) -> RaseedError | None:
    """Say whether the accounts at both ends may take part, by what ``accounts`` says of them."""
    destination = sending.destination
    if isinstance(destination, RaseedError):
        return destination
    payer, recipient = accounts[sending.payer.id], accounts.get(destination.account_id)
    refusal = payer_refusal(payer.state)
    if refusal is not None:
        return refusal
    if destination.account_id == sending.payer.id:
        return SelfTransfer(field="to")
    return _recipient_verdict(recipient, payer) if recipient else None  # for other accounts their route answers


def payer_refusal(state: AccountState) -> RaseedError | None:
    """Say whether an account in this state may pay."""
    return _PAYER_REFUSALS[state](field="from_account_id") if state in _PAYER_REFUSALS else None


class _Rights:
    """Who is not the owner and may pay, asked under the account's lock, once for each person and account."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, UUID], bool] = {}

    def lost(self, sending: Sending) -> RaseedError | None:
        """Say whether the actor may no longer pay from the account."""
        actor, payer = sending.instruction.actor_customer_id, sending.payer
        if actor == payer.owner_id:
            return None
        if (actor, payer.id) not in self._known:
            self._known[actor, payer.id] = banking.may_pay(actor, payer)
        return None if self._known[actor, payer.id] else banking.AccountUnknown(field="from_account_id")


def _recipient_verdict(recipient: LockedAccount, payer: LockedAccount) -> RaseedError | None:
    if recipient.state in _RECIPIENT_REFUSALS:
        return _RECIPIENT_REFUSALS[recipient.state](field="to")
    if recipient.ledger != payer.ledger:
        given, expected = (ledger.ledger_info(number).currency.code for number in (payer.ledger, recipient.ledger))
        return CurrencyMismatch(field="to", given=given, expected=expected)
    return None


def _decide(sendings: Sequence[Sending], refused_before: Mapping[UUID, RaseedError]) -> dict[UUID, RaseedError]:
    """Lock accounts and limits, in this order, and return who is refused and why."""
    ends = {sending.payer.id for sending in sendings}
    ends |= {sending.destination.account_id for sending in sendings if isinstance(sending.destination, Destination)}
    accounts = banking.lock_accounts(ends)
    refusals = dict(refused_before)
    rights = _Rights()
    spending = []
    for sending in sendings:
        refusal = (
            (refusals and refusals.get(sending.instruction.id)) or verdict(sending, accounts) or rights.lost(sending)
        )
        if refusal is not None:
            refusals[sending.instruction.id] = refusal
        else:
            spending.append(sending)
    spends = [
        Spend(sending.payer, sending.instruction.amount.amount_minor, sending.day, counts=not sending.stays_with_owner)
        for sending in spending
    ]
    for sending, refusal in zip(spending, banking.consume(spends), strict=True):
        if refusal is not None:
            refusals[sending.instruction.id] = refusal
    return refusals


def _postings(sendings: Sequence[Sending], outcome: Outcome) -> list[Posting]:
    has_fees, refusals = outcome.has_fees, outcome.refusals
    collectors = _fee_collectors(sendings, outcome) if has_fees else {}
    postings = []
    for sending in sendings:
        instruction, destination, payer = sending.instruction, sending.destination, sending.payer
        if refusals and instruction.id in refusals:
            continue
        assert isinstance(destination, Destination), "what is posted has a destination"
        postings.append(
            Posting(
                instruction.id,
                payer.id,
                destination.account_id,
                instruction.amount.amount_minor,
                outcome.fees[fee_key(sending)] if has_fees else 0,
                payer.ledger,
                instruction.booked_on or sending.day,
                collectors.get(payer.ledger),
                held=destination.lane is not None,
            )
        )
    return postings


def _fee_collectors(sendings: Sequence[Sending], outcome: Outcome) -> dict[int, UUID]:
    """Return, by ledger, the account that fees go to."""
    payers = {sending.payer.ledger: sending.payer for sending in sendings if outcome.fees[fee_key(sending)]}
    return {
        number: banking.internal_account(payer.institution_id, InternalRole.FEES, payer.currency.code).id
        for number, payer in payers.items()
    }

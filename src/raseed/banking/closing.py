"""Closing an account: when it is empty, or by paying what is left to another account of its owner, in one transaction.

Whoever else uses the account at the same second waits for this, or this for them: a payment that came first is in the
balance that is paid out, one that comes later is told that the account is closed. No money is ever left in a closed account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people

from .domain import AccountState, BankAccount, ProductKind, business_day
from .errors import AccountNotEmpty, PayOutImpossible
from .loans import books_of_loans
from .models import AccountRow, LoanRow
from .posting import PostingCode, chained, post
from .queries import account, lock_accounts
from .savings import Crediting, crediting_through, transfers_of, write
from .states import CLOSING, is_done, locked_state, permitted, record_change

_RECEIVING = frozenset({AccountState.OPEN, AccountState.DORMANT})


@dataclass(frozen=True, slots=True)
class _Rest:
    """What closing has to move: interest not credited yet, and what is then left for the owner's other account."""

    crediting: Crediting | None
    amount_minor: int

    @property
    def interest_minor(self) -> int:
        return self.crediting.credit.amount_minor if self.crediting else 0


def close_account(
    *,
    account_id: UUID,
    by: people.Author,
    reason: str = "",
    pay_out_to: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Close an account with nothing in it, owed on it or held; closing a closed one changes nothing.

    With ``pay_out_to`` what is left goes there first: to another account of the same owner in the same books. Savings are
    credited their interest through yesterday; so without an account to pay it to, savings that have earned some can't close.
    Its aliases stay its own, so that who pays there is told that it is closed.

    Raises:
        NotPermitted: ``by`` is neither the owner nor staff with ``banking.accounts.close``. UnacceptableText: no reason.
        AccountNotEmpty: money is in it (and no account to pay it to is named), owed on it or held; or a loan has a course
            to run yet. PayOutImpossible: the account to pay to is another's, in other books, or can't receive.
        IllegalStateChange: it is blocked. AccountUnknown: there is none. BooksBusy: nothing was changed.
    """
    said = permitted(by, CLOSING, account(account_id), reason)
    with transaction.atomic():
        state, other = _lock(account_id, pay_out_to)
        of = account(account_id)
        if is_done(state, CLOSING):
            return of
        if other is not None:
            _check_receiver(of, other)
        rest = _rest(of, clock)
        if rest.amount_minor < 0 or (rest.amount_minor and other is None):
            raise AccountNotEmpty(field="account_id")
        AccountRow.objects.filter(id=account_id).update(state=AccountState.CLOSED.value)
        record_change(
            of,
            CLOSING,
            before={"state": state.value},
            after={
                "state": AccountState.CLOSED.value,
                **({"paid_out_minor": rest.amount_minor, "paid_out_to": str(pay_out_to)} if rest.amount_minor else {}),
                **({"interest_minor": rest.interest_minor} if rest.interest_minor else {}),
            },
            actor=by.actor,
            reason=said,
            clock=clock,
        )
        if rest.crediting:
            write([rest.crediting], now=clock.now())
        _move(of, rest, pay_out_to, clock)
        _close_in_ledger(account_id)
    return account(account_id)


def _lock(account_id: UUID, pay_out_to: UUID | None) -> tuple[AccountState, BankAccount | None]:
    """Lock the account FOR UPDATE and the one to pay to FOR SHARE, in order of id; return what they are under the locks."""
    if pay_out_to is None:
        return locked_state(account_id), None
    if pay_out_to == account_id:
        raise PayOutImpossible(field="pay_out_to")
    state = locked_state(account_id) if account_id < pay_out_to else None
    if not lock_accounts([pay_out_to]):
        raise PayOutImpossible(field="pay_out_to")
    return state or locked_state(account_id), account(pay_out_to)


def _check_receiver(of: BankAccount, other: BankAccount) -> None:
    receives = other.state in _RECEIVING and other.product.kind is not ProductKind.LOAN
    if not receives or (other.owner_id, other.ledger) != (of.owner_id, of.ledger):
        raise PayOutImpossible(field="pay_out_to")


def _rest(of: BankAccount, clock: Clock) -> _Rest:
    if of.product.kind is ProductKind.LOAN:
        _check_course(of, business_day(of, clock.now()))
    crediting = None
    if of.product.kind is ProductKind.SAVINGS:
        crediting = crediting_through(of, business_day(of, clock.now()) - timedelta(days=1))
    books = ledger.look_up_accounts([of.id])[of.id].balances
    if books.debits_pending or books.credits_pending:
        raise AccountNotEmpty(field="account_id")
    earned_minor = crediting.credit.amount_minor if crediting else 0
    return _Rest(crediting, books.credits_posted - books.debits_posted + earned_minor)


def _check_course(of: BankAccount, today: date) -> None:
    """A loan ends when nothing will be charged any more, not when somebody has paid ahead."""
    (books,) = books_of_loans([LoanRow.objects.select_for_update().get(account_id=of.id)], on=today)
    if (
        books.owed_minor
        or books.uncharged_minor
        or any(each.number > books.loan.charged_through for each in books.instalments)
    ):
        raise AccountNotEmpty(field="account_id")


def _move(of: BankAccount, rest: _Rest, pay_out_to: UUID | None, clock: Clock) -> None:
    transfers = transfers_of([rest.crediting]) if rest.crediting else []
    if rest.amount_minor:
        transfers.append(
            ledger.NewTransfer(
                id=new_id(),
                debit_account_id=of.id,
                credit_account_id=pay_out_to,
                amount=rest.amount_minor,
                ledger=of.ledger,
                code=PostingCode.CLOSING_PAY_OUT,
                booked_on=business_day(of, clock.now()),
            )
        )
    if transfers:
        post(chained(transfers), clock=clock)


def _close_in_ledger(account_id: UUID) -> None:
    """Close first, then look: after the flag is set nothing can enter, so what is seen is what is left."""
    ledger.close_account(account_id)
    books = ledger.look_up_accounts([account_id])[account_id].balances
    if books.debits_posted != books.credits_posted or books.debits_pending or books.credits_pending:
        raise AccountNotEmpty(field="account_id")

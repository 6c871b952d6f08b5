"""The verbs on products and accounts. Each owns its transaction, its audit record and its event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .domain import AccountState, BankAccount, NewBankAccount, ProductKind
from .errors import AccountNotEmpty, AccountUnknown, IllegalStateChange
from .models import AccountRow
from .opening import open_accounts, refusal_of
from .queries import account, accounts
from .sql import STATEMENTS, run

_LEGAL_FROM: Final[Mapping[str, AccountState]] = {
    events.ACCOUNT_BLOCKED: AccountState.OPEN,
    events.ACCOUNT_UNBLOCKED: AccountState.BLOCKED,
    events.ACCOUNT_CLOSED: AccountState.OPEN,
    events.ACCOUNT_REOPENED: AccountState.CLOSED,
}
"""From which state each change may be made; the database holds the same rule in a trigger."""


def open_wallet(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    issuer_id: UUID,
    owner_id: UUID,
    phone: str,
    name: str = "",
    currency_code: str | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Open a wallet keyed by its phone number (E.164) at its issuer. Same id, same content: the first answer.

    Its owner becomes a customer of the issuer.

    Raises:
        AliasTaken: the number has a wallet at this issuer.
        AccountOpenedDifferently: the id has another account.
        ProductNotOffered, InstitutionNotSetUp, InvalidAlias, UnacceptableText, people's UnknownCustomer.
    """
    return _open(
        NewBankAccount(
            id=id,
            institution_id=issuer_id,
            owner_id=owner_id,
            kind=ProductKind.WALLET,
            phone=phone,
            currency_code=currency_code,
            name=name,
        ),
        actor,
        clock,
    )


def open_current_account(
    *,
    id: UUID,  # noqa: A002
    institution_id: UUID,
    owner_id: UUID,
    name: str = "",
    number: str | None = None,
    currency_code: str | None = None,
    overdraft_allowed: bool = False,
    opened_on: date | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Open a current account. Same id, same content: the first answer.

    It is given a number and, where its country has one, an IBAN; or it keeps the ``number`` that it had in the books
    it comes from, without an IBAN of ours. ``overdraft_allowed`` is for accounts that may owe (decision 28).

    Raises:
        As ``open_wallet``.
    """
    return _open(
        NewBankAccount(
            id=id,
            institution_id=institution_id,
            owner_id=owner_id,
            kind=ProductKind.CURRENT,
            number=number,
            currency_code=currency_code,
            name=name,
            opened_on=opened_on,
            overdraft_allowed=overdraft_allowed,
        ),
        actor,
        clock,
    )


def close_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Close an open account whose balance is zero, with nothing held. Closing a closed one changes nothing.

    Its aliases stay its own, so that who pays there is told that it is closed. Payments that have begun end first; the
    ledger's own flag then keeps every other posting out.

    Raises:
        AccountNotEmpty: money is in it, owed on it or held.
        IllegalStateChange: it is blocked. AccountUnknown: there is none.
    """
    return _change(account_id, AccountState.CLOSED, events.ACCOUNT_CLOSED, actor=actor, reason=reason, clock=clock)


def reopen_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a closed account again, for the owner who comes back: its aliases are never given to another.

    Raises:
        IllegalStateChange: it is blocked. AccountUnknown: there is none.
    """
    return _change(account_id, AccountState.OPEN, events.ACCOUNT_REOPENED, actor=actor, reason=reason, clock=clock)


def block_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Block an open account: once this has returned, no payment enters or leaves. Blocking twice changes nothing.

    Raises:
        IllegalStateChange: it is closed. AccountUnknown: there is none.
    """
    return _change(account_id, AccountState.BLOCKED, events.ACCOUNT_BLOCKED, actor=actor, reason=reason, clock=clock)


def unblock_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a blocked account again. Unblocking an open one changes nothing.

    Raises:
        IllegalStateChange: it is closed. AccountUnknown: there is none.
    """
    return _change(account_id, AccountState.OPEN, events.ACCOUNT_UNBLOCKED, actor=actor, reason=reason, clock=clock)


def rename_account(
    *, account_id: UUID, customer_id: UUID, name: str, actor: str, clock: Clock = SYSTEM_CLOCK
) -> BankAccount:
    """Give the owner's own label to an account; empty takes it off.

    Raises:
        AccountUnknown: none of this customer's. UnacceptableText: the label.
    """
    cleaned = clean_text(name, field="name") if name.strip() else ""
    with transaction.atomic():
        there = account(account_id, customer_id=customer_id)
        AccountRow.objects.filter(id=account_id).update(name=cleaned)
        platform.record(
            actor=actor,
            action="banking.account_renamed",
            subject=f"account:{account_id}",
            institution_id=there.institution_id,
            clock=clock,
        )
    return account(account_id)


def _open(new: NewBankAccount, actor: str, clock: Clock) -> BankAccount:
    try:
        _open_once(new, actor, clock)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        if new.id not in accounts([new.id]):
            raise refusal from error
        _open_once(new, actor, clock)  # the same id was opened meanwhile: with the same content, or this one says not
    return account(new.id)


def _open_once(new: NewBankAccount, actor: str, clock: Clock) -> None:
    with transaction.atomic():
        people.join_institution(customer_id=new.owner_id, institution_id=new.institution_id, actor=actor, clock=clock)
        if not open_accounts([new], now=clock.now()):
            return
        platform.record(
            actor=actor,
            action="banking.account_opened",
            subject=f"account:{new.id}",
            after={"owner": str(new.owner_id), "product": new.kind.value, "overdraft": new.overdraft_allowed},
            institution_id=new.institution_id,
            clock=clock,
        )
        platform.emit(
            events.ACCOUNT_OPENED,
            {"account_id": str(new.id), "owner_id": str(new.owner_id), "product": new.kind.value},
            institution_id=new.institution_id,
            clock=clock,
        )


def _change(account_id: UUID, to: AccountState, done: str, *, actor: str, reason: str, clock: Clock) -> BankAccount:
    with transaction.atomic():
        state = _locked_state(account_id)
        there = account(account_id)
        if state is to:
            return there
        if state is not _LEGAL_FROM[done]:
            raise IllegalStateChange(field="account_id")
        if to is AccountState.CLOSED:
            _close_in_ledger(account_id)
        elif state is AccountState.CLOSED:
            ledger.reopen_account(account_id)
        AccountRow.objects.filter(id=account_id).update(state=to.value)
        platform.record(
            actor=actor,
            action=done,
            subject=f"account:{account_id}",
            before={"state": state.value},
            after={"state": to.value},
            reason=reason,
            institution_id=there.institution_id,
            clock=clock,
        )
        platform.emit(
            done,
            {"account_id": str(account_id)},
            institution_id=there.institution_id,
            clock=clock,
        )
    return account(account_id)


def _locked_state(account_id: UUID) -> AccountState:
    rows = run(STATEMENTS["lock_account_for_change"], {"id": account_id})
    if not rows:
        raise AccountUnknown(field="account_id")
    return AccountState(rows[0][0])


def _close_in_ledger(account_id: UUID) -> None:
    """Close first, then look: after the flag is set nothing can enter, so what is seen is what is left."""
    ledger.close_account(account_id)
    books = ledger.look_up_accounts([account_id])[account_id].balances
    if books.debits_posted != books.credits_posted or books.debits_pending or books.credits_pending:
        raise AccountNotEmpty(field="account_id")

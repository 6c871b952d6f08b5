"""The verbs that open and name accounts. Each owns its transaction, its audit record and its event."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .domain import BankAccount, NewBankAccount, ProductKind
from .errors import AccountUnknown, ProductNotOffered
from .models import AccountRow
from .opening import open_accounts, refusal_of
from .queries import account, accounts, product


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


def open_account(
    *,
    id: UUID,  # noqa: A002
    product_id: UUID,
    owner_id: UUID,
    name: str = "",
    phone: str | None = None,
    overdraft_allowed: bool = False,
    by: people.Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Open an account of any product but a loan: by its owner, or by staff for them with a reason.

    A collection account is opened by staff only.

    A wallet is keyed by ``phone`` (E.164), its owner's own number by default; only staff may name another, or allow an
    overdraft. Same id, same content: the first answer.

    Raises:
        NotPermitted: ``by`` is neither the owner nor staff with ``banking.accounts.open``. UnacceptableText: no reason.
        ProductNotOffered: a loan (it is granted), or no such product.
        As ``open_wallet``.
    """
    offered, owner = product(product_id), people.customer(owner_id)
    is_owner = by.actor == f"customer:{owner_id}"
    if not is_owner or offered.kind is ProductKind.COLLECTION:
        people.require(by, "banking.accounts.open", offered.institution_id)
    if offered.kind is ProductKind.LOAN or (overdraft_allowed and offered.kind is not ProductKind.CURRENT):
        raise ProductNotOffered(field="product_id")
    if is_owner and (overdraft_allowed or phone not in (None, owner.phone)):
        people.require(by, "banking.accounts.open", offered.institution_id)
    return _open(
        NewBankAccount(
            id=id,
            institution_id=offered.institution_id,
            owner_id=owner_id,
            kind=offered.kind,
            phone=(phone or owner.phone) if offered.kind is ProductKind.WALLET else None,
            name=name,
            overdraft_allowed=overdraft_allowed,
            product_id=product_id,
        ),
        by.actor,
        clock,
        reason="" if is_owner else people.clean_reason(reason),
    )


def rename_account(
    *, account_id: UUID, customer_id: UUID, name: str, actor: str, clock: Clock = SYSTEM_CLOCK
) -> BankAccount:
    """Give the owner's own label to an account; empty takes it off.

    Raises:
        AccountUnknown: none of this customer's. UnacceptableText: the label.
    """
    cleaned = clean_text(name, field="name") if name.strip() else ""
    with transaction.atomic():
        there = account(account_id)
        if there.owner_id != customer_id:
            raise AccountUnknown(field="account_id")
        AccountRow.objects.filter(id=account_id).update(name=cleaned)
        platform.record(
            actor=actor,
            action="banking.account_renamed",
            subject=f"account:{account_id}",
            institution_id=there.institution_id,
            customer_id=there.owner_id,
            clock=clock,
        )
    return account(account_id)


def _open(new: NewBankAccount, actor: str, clock: Clock, *, reason: str = "") -> BankAccount:
    try:
        _open_once(new, actor, clock, reason)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        if new.id not in accounts([new.id]):
            raise refusal from error
        # The same id was opened meanwhile: with the same content, or this one says that it was not.
        _open_once(new, actor, clock, reason)
    return account(new.id)


def _open_once(new: NewBankAccount, actor: str, clock: Clock, reason: str) -> None:
    with transaction.atomic():
        people.join_institution(customer_id=new.owner_id, institution_id=new.institution_id, actor=actor, clock=clock)
        if not open_accounts([new], now=clock.now()):
            return
        platform.record(
            actor=actor,
            action="banking.account_opened",
            subject=f"account:{new.id}",
            after={"owner": str(new.owner_id), "product": new.kind.value, "overdraft": new.overdraft_allowed},
            reason=reason,
            institution_id=new.institution_id,
            customer_id=new.owner_id,
            clock=clock,
        )
        platform.emit(
            events.ACCOUNT_OPENED,
            {"account_id": str(new.id), "owner_id": str(new.owner_id), "product": new.kind.value},
            institution_id=new.institution_id,
            clock=clock,
        )

"""Accounts, their balances, and the changes of their state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from django.utils.translation import gettext, override
from ninja import Path, Query

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_TEXT, Currency, Given, Id, MoneyGiven, Reason, Taken, text, whole
from raseed.platform.rest.routes import Resource

from .. import api as banking
from .rest_products import SEE_OWN, VIEW, LimitsGiven, author_of, limits_given

accounts = Resource("Accounts", "Accounts, balances, and who opened, blocked or closed them.")
OPEN = "banking.accounts.open"
BLOCK = "banking.accounts.block"
CLOSE = "banking.accounts.close"
_FOUND_MAX = 50
_EXAMPLE_ID = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"


AliasWord = Literal["phone", "iban", "number"]
ProofWord = Literal["not_yet_certified", "proven", "just_changed", "being_verified"]


class AliasGiven(Given):
    """A name by which people call an account."""

    kind: AliasWord
    value: str
    valid_from: datetime
    valid_until: datetime | None


class AccountGiven(Given):
    """An account; ``name`` is its owner's own label."""

    id: UUID
    institution_id: UUID
    owner_id: UUID
    product_id: UUID
    kind: Literal["wallet", "current", "savings", "loan", "collection"]
    currency: Currency
    name: str
    state: Literal["open", "blocked", "dormant", "closed"]
    block_reason: str | None
    opened_on: date
    overdraft_allowed: bool
    aliases: list[AliasGiven]


class AccountList(Given):
    """Accounts; closed ones come last."""

    accounts: list[AccountGiven]


class LastProvenGiven(Given):
    """The last balance that a certificate proves, and as of when it does."""

    booked: MoneyGiven
    available: MoneyGiven
    as_of: datetime


class BalanceGiven(Given):
    """A balance fit to be shown. ``booked``: what the institution owes the customer; ``available``: without what is held.

    ``proof`` says how far it is proven, ``proof_words`` the same in words. ``being_verified``: nothing here is to be relied on
    but ``last_proven``, if it is there; ``reason`` is why, as a code.
    """

    account_id: UUID
    booked: MoneyGiven
    available: MoneyGiven
    as_of: datetime
    proof: ProofWord
    proof_words: str
    last_proven: LastProvenGiven | None
    reason: str | None


class BalanceList(Given):
    """Balances of all accounts that a customer has here."""

    balances: list[BalanceGiven]


class LeftToday(Given):
    """What counts for an account today, and what may still leave it (null: no daily limit)."""

    limits: LimitsGiven
    left_today: MoneyGiven | None


class NewAccount(Taken):
    """An account to be opened; ``phone`` is a wallet's key, its owner's number by default."""

    product_id: Id
    owner_id: Id
    name: Annotated[str, text(120, least=0)] = ""
    phone: Annotated[str, text(20, example="+201001234567")] | None = None
    overdraft_allowed: bool = False
    reason: Reason


class Why(Taken):
    """Why it is done, as the audit trail keeps it."""

    reason: Reason


class Block(Why):
    """Why an account is blocked, in a word that can be counted, and in words."""

    code: Literal[
        "customer_asked", "lost_or_stolen", "suspected_fraud", "court_order", "deceased", "papers_expired", "other"
    ] = "other"


class Closing(Why):
    """Why an account is closed, and where what is left in it goes."""

    pay_out_to: Id | None = None


class AccountSearch(Taken):
    """A part of a number, an IBAN, a phone number or of the owner's name, or an id."""

    text: Annotated[str, text(100, example="EG38 0019")]
    limit: Annotated[int, whole(1, _FOUND_MAX), FROM_TEXT] = 20


@accounts.get("/accounts", own=SEE_OWN, answer=AccountList)
def list_own_accounts(request: ApiRequest) -> AccountList:
    """List the accounts of the key's holder here, and those of others that they may see."""
    customer_id = request.caller.customer_id
    assert customer_id is not None, "only customers' keys come here"
    found = [*banking.accounts_of(customer_id), *banking.accounts_shared_with(customer_id)]
    return _accounts(request.caller, found)


@accounts.get("/accounts/search", permission=VIEW, answer=AccountList)
def search_accounts(request: ApiRequest, search: Query[AccountSearch]) -> AccountList:
    """Find accounts by a part of their number, IBAN or phone number, by an id, or by their owner's name."""
    found = banking.search_accounts(
        search.text, institution_id=request.caller.institution_id, by=author_of(request), limit=search.limit
    )
    return _accounts(request.caller, found)


@accounts.get("/customers/{customer_id}/accounts", permission=VIEW, answer=AccountList)
def list_customers_accounts(request: ApiRequest, customer_id: Path[Id]) -> AccountList:
    """List a customer's accounts at the key's institution."""
    _check_customer_here(request.caller, customer_id)
    return _accounts(request.caller, banking.accounts_of(customer_id))


@accounts.get("/customers/{customer_id}/balances", permission=VIEW, own=SEE_OWN, answer=BalanceList)
def list_balances(request: ApiRequest, customer_id: Path[Id]) -> BalanceList:
    """Show the balances of all of a customer's accounts at the key's institution."""
    caller = request.caller
    _check_customer_here(caller, customer_id)
    here = [each for each in banking.accounts_of(customer_id) if each.institution_id == caller.institution_id]
    shown = display.shown_balances(each.id for each in here)
    return BalanceList(balances=[_balance(shown[each.id], request.language) for each in here if each.id in shown])


@accounts.get(
    "/accounts/{account_id}", permission=VIEW, own=SEE_OWN, answer=AccountGiven,
    links={"balance": ("show_balance", "account_id"), "lines": ("list_lines", "account_id")},
)  # fmt: skip
def show_account(request: ApiRequest, account_id: Path[Id]) -> AccountGiven:
    """Show an account."""
    return _account(account_here(request.caller, account_id))


@accounts.put(
    "/accounts/{account_id}", permission=OPEN, answer=AccountGiven, refuses=(409, 422),
    example={"product_id": _EXAMPLE_ID, "owner_id": _EXAMPLE_ID, "name": "Shop", "reason": "asked for at the counter"},
    links={"balance": ("show_balance", "account_id"), "block": ("block_account", "account_id")},
)  # fmt: skip
def open_account(request: ApiRequest, account_id: Path[Id], new: NewAccount) -> AccountGiven:
    """Open an account of any product but a loan, under an id of yours.

    The same id with the same content answers the same; with other content it is refused (409).
    """
    opened = banking.open_account(
        id=account_id, product_id=new.product_id, owner_id=new.owner_id, name=new.name, phone=new.phone,
        overdraft_allowed=new.overdraft_allowed, by=author_of(request), reason=new.reason,
    )  # fmt: skip
    return _account(opened)


@accounts.post(
    "/accounts/{account_id}/block", permission=BLOCK, answer=AccountGiven, refuses=(409, 422),
    example={"code": "lost_or_stolen", "reason": "telephone lost, called at 14:03"},
)  # fmt: skip
def block_account(request: ApiRequest, account_id: Path[Id], why: Block) -> AccountGiven:
    """Block an account: once this has answered, no payment enters or leaves. Blocking twice changes nothing."""
    account_here(request.caller, account_id)
    code = banking.BlockReason(why.code)
    return _account(banking.block_account(account_id=account_id, code=code, by=author_of(request), reason=why.reason))


@accounts.post(
    "/accounts/{account_id}/unblock", permission=BLOCK, answer=AccountGiven, refuses=(409, 422),
    example={"reason": "telephone found"},
)  # fmt: skip
def unblock_account(request: ApiRequest, account_id: Path[Id], why: Why) -> AccountGiven:
    """Open a blocked account again."""
    account_here(request.caller, account_id)
    return _account(banking.unblock_account(account_id=account_id, by=author_of(request), reason=why.reason))


@accounts.post(
    "/accounts/{account_id}/close", permission=CLOSE, answer=AccountGiven, refuses=(409, 422),
    example={"reason": "moves abroad", "pay_out_to": None},
)  # fmt: skip
def close_account(request: ApiRequest, account_id: Path[Id], closing: Closing) -> AccountGiven:
    """Close an account with nothing in it, or pay what is left to another account of its owner. Closing twice changes nothing."""
    account_here(request.caller, account_id)
    closed = banking.close_account(
        account_id=account_id, by=author_of(request), reason=closing.reason, pay_out_to=closing.pay_out_to
    )
    return _account(closed)


@accounts.post(
    "/accounts/{account_id}/reopen", permission=OPEN, answer=AccountGiven, refuses=(409, 422),
    example={"reason": "came back"},
)  # fmt: skip
def reopen_account(request: ApiRequest, account_id: Path[Id], why: Why) -> AccountGiven:
    """Open a closed account again, for the owner who comes back."""
    account_here(request.caller, account_id)
    return _account(banking.reopen_account(account_id=account_id, by=author_of(request), reason=why.reason))


@accounts.post(
    "/accounts/{account_id}/reactivate", permission=OPEN, answer=AccountGiven, refuses=(409, 422),
    example={"reason": "owner at the counter"},
)  # fmt: skip
def reactivate_account(request: ApiRequest, account_id: Path[Id], why: Why) -> AccountGiven:
    """Wake a dormant account."""
    account_here(request.caller, account_id)
    return _account(banking.reactivate_account(account_id=account_id, by=author_of(request), reason=why.reason))


@accounts.get("/accounts/{account_id}/balance", permission=VIEW, own=SEE_OWN, answer=BalanceGiven)
def show_balance(request: ApiRequest, account_id: Path[Id]) -> BalanceGiven:
    """Show an account's balance, and how far it is proven."""
    account_here(request.caller, account_id)
    return _balance(display.shown_balance(account_id), request.language)


@accounts.get("/accounts/{account_id}/limits", permission=VIEW, own=SEE_OWN, answer=LeftToday)
def show_limits(request: ApiRequest, account_id: Path[Id]) -> LeftToday:
    """Show an account's limits, and what may still leave it today."""
    here = account_here(request.caller, account_id)
    limits, left = banking.left_today(account_id, now=SYSTEM_CLOCK.now())
    return LeftToday(
        limits=limits_given(limits, here.currency), left_today=None if left is None else MoneyGiven.of(left)
    )


def account_here(caller: Caller, account_id: UUID) -> banking.BankAccount:
    """Return an account of the caller's institution; to a customer's key, only one that its holder may see.

    Raises:
        AccountUnknown: it is none.
    """
    found = banking.account(account_id, customer_id=caller.customer_id)
    if found.institution_id != caller.institution_id:
        raise banking.AccountUnknown(field="account_id")
    return found


def _check_customer_here(caller: Caller, customer_id: UUID) -> None:
    """Refuse who is no customer of the caller's institution; to a customer's key, everybody but its holder.

    Raises:
        people's UnknownCustomer: they are not.
    """
    theirs = (each.id for each in people.institutions_of(customer_id))
    if caller.customer_id not in {None, customer_id} or caller.institution_id not in theirs:
        raise people.UnknownCustomer(field="customer_id")


def _accounts(caller: Caller, found: Iterable[banking.BankAccount]) -> AccountList:
    return AccountList(accounts=[_account(each) for each in found if each.institution_id == caller.institution_id])


def _account(account: banking.BankAccount) -> AccountGiven:
    return AccountGiven(
        id=account.id,
        institution_id=account.institution_id,
        owner_id=account.owner_id,
        product_id=account.product.id,
        kind=account.product.kind.value,
        currency=account.currency.code,
        name=account.name,
        state=account.state.value,
        block_reason=account.block_reason.value if account.block_reason else None,
        opened_on=account.opened_on,
        overdraft_allowed=account.overdraft_allowed,
        aliases=[
            AliasGiven(
                kind=cast("AliasWord", alias.kind.value),
                value=alias.value,
                valid_from=alias.valid_from,
                valid_until=alias.valid_until,
            )
            for alias in account.aliases
        ],
    )


def _balance(shown: display.ShownBalance, language: str) -> BalanceGiven:
    with override(language):
        words = gettext(display.PROOF_SENTENCES[shown.proof])
    last = shown.last_proven
    return BalanceGiven(
        account_id=shown.account_id,
        booked=MoneyGiven.of(shown.booked),
        available=MoneyGiven.of(shown.available),
        as_of=shown.as_of,
        proof=shown.proof.value,
        proof_words=words,
        last_proven=None
        if last is None
        else LastProvenGiven(
            booked=MoneyGiven.of(last.booked), available=MoneyGiven.of(last.available), as_of=last.as_of
        ),
        reason=shown.reason or None,
    )

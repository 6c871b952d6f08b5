"""A customer's accounts as they stand on a page: the account, who keeps it, its number, its balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.people import api as people

if TYPE_CHECKING:
    from uuid import UUID

    from .reader import Reader

LAST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One account on a page.

    ``balance`` is ``None`` where the books have none to show at this moment. ``mark`` tells accounts of one name apart: the
    currency where that does it, else the last digits of the number; it is empty where the name alone is enough.
    """

    account: banking.BankAccount
    institution: people.Institution
    name: str
    institution_name: str
    balance: display.ShownBalance | None
    mark: str = ""

    @property
    def id(self) -> UUID:
        """The account's id."""
        return self.account.id

    @property
    def is_open(self) -> bool:
        """Whether it may pay and receive."""
        return self.account.state is banking.AccountState.OPEN

    @property
    def receives(self) -> bool:
        """Whether money may come in: it does while the account rests, too."""
        return self.account.state in (banking.AccountState.OPEN, banking.AccountState.DORMANT)

    @property
    def is_loan(self) -> bool:
        """Whether it is a loan."""
        return self.account.product.kind is banking.ProductKind.LOAN

    @property
    def is_savings(self) -> bool:
        """Whether it is a savings account."""
        return self.account.product.kind is banking.ProductKind.SAVINGS

    @property
    def is_wallet(self) -> bool:
        """Whether it is a wallet."""
        return self.account.product.kind is banking.ProductKind.WALLET

    @property
    def number(self) -> str:
        """The number by which others name the account: a wallet's phone number, an IBAN, or an account number."""
        phone, iban, number = (self.account.alias(kind) for kind in banking.ACCOUNT_ALIAS_KINDS)
        if self.is_wallet and phone:
            return people.phone_text(phone)
        return banking.printed_iban(iban) if iban else number or ""

    @property
    def zone(self) -> str:
        """The time zone (IANA) of who keeps it."""
        return self.institution.zone

    @property
    def country(self) -> str:
        """The country (ISO 3166) of who keeps it."""
        return self.institution.country


def shown_accounts(accounts: Iterable[banking.BankAccount], reader: Reader) -> list[ShownAccount]:
    """Return accounts ready for a page, in the order given, their balances read at once."""
    found = list(accounts)
    balances = display.shown_balances([account.id for account in found])
    keepers = {one: people.institution(one) for one in {account.institution_id for account in found}}
    return _told_apart(
        [
            ShownAccount(
                account=account,
                institution=keepers[account.institution_id],
                name=account.name or account.product.name(reader.language),
                institution_name=people.display_name(keepers[account.institution_id], reader.language),
                balance=balances.get(account.id),
            )
            for account in found
        ],
        reader,
    )


def _told_apart(accounts: list[ShownAccount], reader: Reader) -> list[ShownAccount]:
    names = Counter(one.name for one in accounts)
    units = Counter((one.name, one.account.currency) for one in accounts)

    def mark(one: ShownAccount) -> str:
        if names[one.name] == 1:
            return ""
        if units[one.name, one.account.currency] == 1:
            return reader.unit(one.account.currency)
        return reader.text("".join(one.number.split())[-LAST_DIGITS:])

    return [replace(one, mark=mark(one)) for one in accounts]


def accounts_of(customer: people.Customer, reader: Reader) -> list[ShownAccount]:
    """Return all accounts of a customer, closed ones last."""
    return shown_accounts(banking.accounts_of(customer.id), reader)


def shown(accounts: Iterable[ShownAccount], account_id: UUID) -> ShownAccount:
    """Return the one with this id.

    Raises:
        AccountUnknown: it is not among them.
    """
    found = next((one for one in accounts if one.id == account_id), None)
    if found is None:
        raise banking.AccountUnknown(field="account_id")
    return found

"""One box for people and accounts: a part of a name, a phone number, an IBAN, an account number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from raseed.banking import api as banking
from raseed.people import api as people
from raseed.web.accounts import ShownAccount, shown_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .requests import StaffRequest

TYPED_MAX: Final = 120
SHORTEST: Final = 2
"""Characters from which on something is looked for."""
PEOPLE_MAX: Final = 20
ACCOUNTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person who fits, as the list shows them: ``other_names`` are those in the other languages."""

    customer: people.Customer
    name: str
    other_names: tuple[str, ...]

    @property
    def phone(self) -> str:
        """Their number, spaced for reading."""
        return people.phone_text(self.customer.phone)


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account that carries the number, and who holds it (empty for who may not see customers)."""

    shown: ShownAccount
    holder: str


@dataclass(frozen=True, slots=True)
class Found:
    """What fits what was typed, in groups; ``more_people`` says that there are more than are shown."""

    people: tuple[FoundPerson, ...] = ()
    accounts: tuple[FoundAccount, ...] = ()
    more_people: bool = False

    def __bool__(self) -> bool:
        """Say whether anything fits."""
        return bool(self.people or self.accounts)


def find(typed: str, page: StaffRequest) -> Found:
    """Return what fits at the institution that the reader looks at, each group only for who may see it."""
    text = " ".join(typed[:TYPED_MAX].split())
    if len(text) < SHORTEST:
        return Found()
    found: Sequence[people.Customer] = ()
    more = False
    if page.rights.may("people.customers.view"):
        searched = people.search_customers(text, institution_id=page.institution.id, limit=PEOPLE_MAX, by=page.author)
        found, more = searched.customers, searched.more
    accounts = _accounts(text, page) if page.rights.may("banking.accounts.view") else []
    language = page.reader.language
    return Found(
        tuple(
            FoundPerson(
                one,
                (name := people.display_name(one, language)),
                tuple(other for other in one.names.values() if other != name),
            )
            for one in found
        ),
        tuple(accounts),
        more,
    )


def _accounts(text: str, page: StaffRequest) -> list[FoundAccount]:
    found = banking.search_accounts(text, institution_id=page.institution.id, by=page.author, limit=ACCOUNTS_MAX)
    shown = shown_accounts(found, page.reader)
    holders = people.customers({one.owner_id for one in found}) if page.rights.may("people.customers.view") else {}
    return [
        FoundAccount(
            one,
            people.display_name(holders[one.account.owner_id], page.reader.language)
            if one.account.owner_id in holders
            else "",
        )
        for one in shown
    ]

"""Accounts as the back office finds and reads them: by a part of a number, an IBAN, a phone number, or by their owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people

from .domain import NO_LIMITS, AccountState, BankAccount, Limits, Terms, business_day
from .errors import AccountUnknown
from .fees import terms_of
from .models import AccountRow
from .queries import account, accounts, limits_of_account, own_limits
from .rights import Holder, holders
from .sql import STATEMENTS, run

VIEW: Final = "banking.accounts.view"
FOUND_MAX: Final = 50
PART_LENGTH_MIN: Final = 3
PART_LENGTH_MAX: Final = 34
_PUNCTUATION: Final = str.maketrans("", "", " \u00a0\u202f-()./")
_HIGHEST: Final = "\x7f"
"""Sorts after every character of an alias, which is a capital, a digit, + or -."""


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account as staff read it.

    ``terms`` are its product's today; ``limits`` what counts for it, the tighter of those and ``own_limits`` (``None``: it
    has none of its own). ``quiet_since``: its owner has not used it later, as far as it was looked.
    """

    account: BankAccount
    holders: tuple[Holder, ...]
    terms: Terms
    limits: Limits
    own_limits: Limits | None
    quiet_since: date


def search_accounts(text: str, *, institution_id: UUID, by: people.Author, limit: int = FOUND_MAX) -> list[BankAccount]:
    """Return an institution's accounts that ``text`` may mean, closed ones last, at most ``FOUND_MAX``.

    An account's or a customer's id; the beginning or the end of a phone number, account number or IBAN, in any script's
    digits, with spaces and dashes or without, a phone number also as it is dialled at home; or a part of its owner's name.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.view``.
    """
    people.require(by, VIEW, institution_id)
    size = min(max(limit, 1), FOUND_MAX)
    ids = [*_by_id(text, institution_id, size), *_by_alias(text, institution_id, size)]
    if len(ids) < size:
        ids += _by_owner(text, institution_id, size)
    found = accounts(ids[: 2 * size])
    order = {id_: place for place, id_ in reversed(list(enumerate(ids)))}
    theirs = [each for each in found.values() if each.institution_id == institution_id]
    return sorted(theirs, key=lambda each: (each.state is AccountState.CLOSED, order[each.id]))[:size]


def account_details(account_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> AccountDetails:
    """Return all that staff need to know of an account; its balance is ``display``'s to show.

    Raises:
        AccountUnknown: there is none. NotPermitted: ``by`` lacks ``banking.accounts.view`` where it is held.
    """
    of = account(account_id)
    people.require(by, VIEW, of.institution_id)
    today = business_day(of, clock.now())
    own = own_limits([(of.id, today)]).get((of.id, today), NO_LIMITS)
    return AccountDetails(
        account=of,
        holders=tuple(holders(of)),
        terms=terms_of(of.product.id, today),
        limits=limits_of_account(of, on=today),
        own_limits=None if own == NO_LIMITS else own,
        quiet_since=AccountRow.objects.values_list("quiet_since", flat=True).get(id=of.id),
    )


def account_at(account_id: UUID, institution_id: UUID, *, by: people.Author) -> BankAccount:
    """Return an account for staff, only if it is held at that institution.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.view`` there. AccountUnknown: it holds none such.
    """
    people.require(by, VIEW, institution_id)
    of = account(account_id)
    if of.institution_id != institution_id:
        raise AccountUnknown(field="account_id")
    return of


def _by_id(text: str, institution_id: UUID, limit: int) -> list[UUID]:
    try:
        id_ = parse_id(text.strip().lower())
    except InvalidId:
        return []
    there = AccountRow.objects.filter(institution_id=institution_id)
    return [
        *there.filter(id=id_).values_list("id", flat=True),
        *there.filter(owner_id=id_).order_by("opened_at", "id").values_list("id", flat=True)[:limit],
    ]


def _by_alias(text: str, institution_id: UUID, limit: int) -> list[UUID]:
    part = ascii_digits(text).translate(_PUNCTUATION).upper()
    if not (PART_LENGTH_MIN <= len(part) <= PART_LENGTH_MAX and part.isascii()):
        return []
    if not any(character.isdigit() for character in part):
        return []
    tail = part.removeprefix("00").removeprefix("+").removeprefix("0")[::-1] or part[::-1]
    begins = "+" + part.removeprefix("00") if part.startswith("00") else part
    rows = run(
        STATEMENTS["accounts_by_alias_part"],
        {
            "begins": begins,
            "begins_until": begins + _HIGHEST,
            "ends": tail,
            "ends_until": tail + _HIGHEST,
            "institution": institution_id,
            "limit": limit,
        },
    )
    return [account_id for (account_id,) in rows]


def _by_owner(text: str, institution_id: UUID, limit: int) -> list[UUID]:
    owners = people.search_customers(text, institution_id=institution_id, limit=limit)
    rows = AccountRow.objects.filter(owner_id__in=[owner.id for owner in owners], institution_id=institution_id)
    return list(rows.order_by("opened_at", "id").values_list("id", flat=True)[:limit])

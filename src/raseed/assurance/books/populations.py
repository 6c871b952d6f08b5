"""What there is to look at: customers' accounts and payments; what changed of them, a part by chance, the next in order."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, Protocol
from uuid import UUID

from raseed.banking import api as banking
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from .domain import Over

FIRST_ID: Final = UUID(int=0)
TOUCHES_MAX: Final = 20_000
"""The most transfers of which one round looks at the accounts; what is beyond them waits for the next round."""


class Population(Protocol):
    """Things of one kind, in an order."""

    def changed(self, after: int) -> tuple[set[UUID], int]:
        """Return what changed after a place in the order of changes, and the place up to which this says it."""

    def page(self, place: str, limit: int) -> tuple[list[UUID], str]:
        """Return the next in the slow pass over all of them, and where it is then; empty: it has come to the end."""

    def sample(self, chance: Random, limit: int) -> set[UUID]:
        """Return some, by chance."""

    def count(self) -> int:
        """Return about how many there are."""


class Accounts:
    """Customers' accounts, as the ledger has them."""

    def changed(self, after: int) -> tuple[set[UUID], int]:
        """As the protocol says; a place is a sealed batch."""
        upto = ledger.inspection.sealed_batch()
        if not after:
            return set(), upto
        moved = ledger.inspection.touched(after=after, upto=upto, limit=TOUCHES_MAX)
        if len(moved) == TOUCHES_MAX:
            upto = max(moved[-1].batch - 1, after + 1)  # of the last one there may be more
        touched = {
            id_ for each in moved if each.batch <= upto for id_ in (each.debit_account_id, each.credit_account_id)
        }
        found = ledger.look_up_accounts(touched).values()
        return {each.id for each in found if each.code in banking.inspection.CUSTOMER_CODES}, upto

    def page(self, place: str, limit: int) -> tuple[list[UUID], str]:
        """As the protocol says; a place is an account."""
        ids = ledger.inspection.account_ids(
            codes=banking.inspection.CUSTOMER_CODES, after=UUID(place) if place else FIRST_ID, limit=limit
        )
        return ids, str(ids[-1]) if len(ids) == limit else ""

    def sample(self, chance: Random, limit: int) -> set[UUID]:
        """As the protocol says: short runs from places that chance has chosen among all accounts."""
        bounds = ledger.inspection.account_bounds()
        if bounds is None:
            return set()
        first, last = bounds
        found: set[UUID] = set()
        for _ in range(limit):
            after = UUID(int=chance.randint(max(first.int - 1, 0), last.int - 1))
            found.update(ledger.inspection.account_ids(codes=banking.inspection.CUSTOMER_CODES, after=after, limit=1))
        return found

    def count(self) -> int:
        """As the protocol says."""
        codes = banking.inspection.CUSTOMER_CODES
        return sum(each.accounts for each in ledger.inspection.sums_by_code() if each.code in codes)


class Payments:
    """Payments, in the order in which they came."""

    def changed(self, after: int) -> tuple[set[UUID], int]:
        """As the protocol says; a place is a payment's position. Those still open then are looked at by checks of their own."""
        if not after:
            return set(), payments.inspection.last_position()
        rows = payments.inspection.payments_from(after=after, limit=TOUCHES_MAX)
        return {id_ for _, id_ in rows}, rows[-1][0] if rows else after

    def page(self, place: str, limit: int) -> tuple[list[UUID], str]:
        """As the protocol says; a place is a payment's position."""
        rows = payments.inspection.payments_from(after=int(place or 0), limit=limit)
        return [id_ for _, id_ in rows], str(rows[-1][0]) if len(rows) == limit else ""

    def sample(self, chance: Random, limit: int) -> set[UUID]:
        """As the protocol says."""
        last = payments.inspection.last_position()
        if not last:
            return set()
        return {
            id_
            for _ in range(limit)
            for _, id_ in payments.inspection.payments_from(after=chance.randint(0, last - 1), limit=1)
        }

    def count(self) -> int:
        """As the protocol says."""
        return payments.inspection.last_position()


POPULATIONS: Final[dict[Over, Population]] = {Over.ACCOUNTS: Accounts(), Over.PAYMENTS: Payments()}


def whole(over: Over, *, at_once: int) -> Iterator[list[UUID]]:
    """Yield everything of a population, page by page."""
    place = ""
    while True:
        ids, place = POPULATIONS[over].page(place, at_once)
        if ids:
            yield ids
        if not place:
            return

"""What an institution owes its customers and is owed by them: deposits apart from overdrafts and loans (decision 1).

The sum tree and its certificates are over deposits. Overdrafts and loans are the bank's assets, with a sum of their own, and
never make what is owed to others look smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger

from .domain import ProductKind
from .models import AccountRow
from .queries import books_of

CHUNK: Final = 8_000
_FIRST_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over all customers' accounts of some books, each of them zero or above."""

    deposits: Money
    overdrafts: Money
    loans: Money
    accounts: int

    @property
    def assets(self) -> Money:
        """What customers owe."""
        return self.overdrafts + self.loans


def sums(institution_id: UUID, currency_code: str | None = None) -> Sums:
    """Add up all customers' accounts of an institution in a currency, its own by default, in one view of the books.

    Reads every balance (some seconds for a million accounts): for checks and reports, not for pages.

    Raises:
        InstitutionNotSetUp: it has no books in that currency.
    """
    books = books_of(institution_id, currency_code)
    deposits = overdrafts = loans = count = 0
    after = _FIRST_ID
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        while True:
            rows = AccountRow.objects.filter(ledger=books.ledger, id__gt=after).order_by("id")
            kinds = dict(rows.values_list("id", "product__kind")[:CHUNK])
            if not kinds:
                break
            for each in ledger.look_up_accounts(kinds).values():
                held = each.balances.credits_posted - each.balances.debits_posted
                if kinds[each.id] == ProductKind.LOAN.value:
                    loans -= held
                elif held < 0:
                    overdrafts -= held
                else:
                    deposits += held
            count += len(kinds)
            after = max(kinds)
    money = currency(books.currency)
    return Sums(Money(deposits, money), Money(overdrafts, money), Money(loans, money), count)

"""What checks of the books ask of banking: which of the ledger's accounts are customers', and which the institutions' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count

from .domain import LEDGER_CODES, InternalRole, ProductKind
from .models import AccountRow, InternalAccountRow

CUSTOMER_CODES: Final = frozenset(LEDGER_CODES[kind] for kind in ProductKind)
"""The ledger's codes of customers' accounts."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An institution's own account: in which ledger, for what."""

    id: UUID
    ledger: int
    institution_id: UUID
    role: InternalRole


def customer_accounts() -> dict[tuple[int, int], int]:
    """Return how many customers' accounts there are, by ledger and the ledger's code: one pass over the accounts."""
    rows = AccountRow.objects.values_list("ledger", "product__kind").order_by().annotate(Count("id"))
    return {(number, LEDGER_CODES[ProductKind(kind)]): count for number, kind, count in rows}


def own_accounts() -> list[OwnAccount]:
    """Return all institutions' own accounts."""
    rows = InternalAccountRow.objects.select_related("books").order_by("books__ledger", "role")
    return [OwnAccount(row.id, row.books.ledger, row.books.institution_id, InternalRole(row.role)) for row in rows]

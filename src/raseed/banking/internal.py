"""An institution's own accounts in its books: created with the books, and where a later release brings one more."""

from __future__ import annotations

from uuid import UUID

from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger

from .domain import LEDGER_CODES, InternalRole
from .models import BooksRow, InternalAccountRow


def create_internal_accounts(books: BooksRow) -> None:
    """Create those of the institution's own accounts in these books that are not there yet, in the open transaction."""
    BooksRow.objects.select_for_update(no_key=True).get(ledger=books.ledger)  # one at a time
    there = set(InternalAccountRow.objects.filter(books=books).values_list("role", flat=True))
    ids = {role: new_id() for role in InternalRole if role.value not in there}
    if not ids:
        return
    results = ledger.create_accounts(
        [
            ledger.NewAccount(
                id=ids[role], ledger=books.ledger, code=LEDGER_CODES[role], flags=ledger.AccountFlags.HISTORY
            )
            for role in ids
        ]
    )
    assert all(result is ledger.CreateAccountResult.OK for result in results), "ids just made are new to the ledger"
    InternalAccountRow.objects.bulk_create(
        InternalAccountRow(id=id_, books=books, role=role.value) for role, id_ in ids.items()
    )


def own_account(number: int, role: InternalRole) -> UUID:
    """Return the id of one of an institution's own accounts in a ledger, making those that a later release has brought."""
    wanted = InternalAccountRow.objects.filter(books_id=number, role=role.value).values_list("id", flat=True)
    found = wanted.first()
    if found is None:
        create_internal_accounts(BooksRow.objects.get(ledger=number))
        found = wanted.get()
    return found

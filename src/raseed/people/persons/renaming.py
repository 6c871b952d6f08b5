"""Renaming a customer, by staff: the audit trail says in which languages, never what."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import record

from ..authority import Author, clean_reason
from ..domain import Customer, search_key
from ..models import CustomerRow
from ..permissions import CUSTOMERS_EDIT
from ..queries import customer
from ..search.index import index_person, merge_soon
from ..standing import institutions_permitting
from .names import clean_names


@transaction.atomic
def rename_customer(
    customer_id: UUID, *, names: Mapping[str, str], by: Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Customer:
    """Give a customer these names, in place of all they had; the same names again change nothing.

    Raises:
        UnacceptableText, StrangeCharacter, MixedScripts, TooManyMarks, UnknownLanguage: a name can't be taken; ``field``
            says which. UnknownCustomer: there is none with this id.
        NotPermitted: ``by`` may not edit customers at any institution of theirs.
    """
    permitted = institutions_permitting(by, CUSTOMERS_EDIT, customer_id)
    cleaned, why = clean_names(names), clean_reason(reason)
    row = CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    was = dict(row.names)
    if was == cleaned:
        return customer(customer_id)
    row.names, row.search_key = cleaned, search_key(cleaned, row.language)
    row.save(update_fields=["names", "search_key"])
    merge_soon()
    index_person(customer_id)
    record(
        actor=by.actor,
        action="people.customer_renamed",
        subject=f"customer:{customer_id}",
        before={"languages": sorted(was)},
        after={
            "languages": sorted(cleaned),
            "changed": sorted(key for key in was.keys() | cleaned.keys() if was.get(key) != cleaned.get(key)),
        },
        reason=why,
        institution_id=permitted[0] if permitted else None,
        clock=clock,
    )
    return customer(customer_id)

"""Whether an author may do something to a customer: the customer themself, or someone with the right where they bank."""

from __future__ import annotations

from uuid import UUID

from .authority import Author, NotPermitted
from .models import MembershipRow
from .queries import customer


def institutions_permitting(author: Author, permission: str, customer_id: UUID) -> list[UUID]:
    """Return the customer's institutions at which ``author`` holds ``permission``, at least one, in order of their ids.

    Raises:
        UnknownCustomer: there is none with this id.
        NotPermitted: at none of them.
    """
    customer(customer_id)
    theirs = MembershipRow.objects.filter(customer_id=customer_id).order_by("institution_id")
    permitted = [one for one in theirs.values_list("institution_id", flat=True) if author.may(permission, one)]
    if not permitted and not author.everything:
        raise NotPermitted(permission=permission)
    return permitted


def is_self(author: Author, customer_id: UUID) -> bool:
    """Say whether it is the customer who acts, signed in as a person."""
    return author.actor == f"customer:{customer_id}"


def acting_for(author: Author, permission: str, customer_id: UUID) -> UUID | None:
    """Return the institution in whose name the author acts on a customer; ``None`` for the customer and the system.

    Raises:
        UnknownCustomer: there is none with this id.
        NotPermitted: neither the customer, nor permitted at an institution of theirs.
    """
    if is_self(author, customer_id):
        customer(customer_id)
        return None
    permitted = institutions_permitting(author, permission, customer_id)
    return None if author.everything else permitted[0]

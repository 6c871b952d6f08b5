"""Ties: which staff are, or are close to, which customers. Whoever is tied grants and decides nothing for that customer.

Staff declare their own, and others may say it of them; only another person ends one. Whoever is a customer themselves is
tied, too, to all with whom they share an account.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from ..models import AuthorityTieRow
from .domain import Tie, TieKind
from .errors import OwnTie, UnknownTie
from .permissions import EDIT_TIES


def declare_tie(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    staff_id: UUID,
    customer_id: UUID,
    kind: TieKind,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Tie:
    """Say that a member of staff is, or is close to, a customer. One that is there already is returned as it is.

    Raises:
        NotPermitted: it is not ``by`` themselves, and they lack ``care.ties.edit``. UnknownStaff, UnknownCustomer.
        UnacceptableText: no reason. SameIdOtherContent: the id is another tie's.
    """
    if by.person != f"staff:{staff_id}":
        people.require(by, EDIT_TIES, institution_id)
    said = people.clean_reason(reason)
    people.staff(staff_id)
    people.customer(customer_id)
    try:
        with transaction.atomic():
            row = AuthorityTieRow.objects.create(
                id=id, institution_id=institution_id, staff_id=staff_id, customer_id=customer_id, kind=kind.value,
                declared_by=by.actor, declared_at=clock.now(),
            )  # fmt: skip
            platform.record(
                actor=by.actor,
                action="care.tie_declared",
                subject=f"staff:{staff_id}",
                after={"tie": str(id), "kind": kind.value},
                reason=said,
                institution_id=institution_id,
                customer_id=customer_id,
                clock=clock,
            )
    except IntegrityError:
        there = AuthorityTieRow.objects.filter(staff_id=staff_id, customer_id=customer_id, ended_at=None).first()
        if there is None:
            raise platform.SameIdOtherContent(field="id") from None
        row = there
    return _tie(row)


def end_tie(tie_id: UUID, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Tie:
    """Say that a tie is no more.

    Raises:
        UnknownTie. NotPermitted: ``by`` lacks ``care.ties.edit``. OwnTie: it is their own. UnacceptableText.
    """
    with transaction.atomic():
        row = AuthorityTieRow.objects.select_for_update().filter(id=tie_id, ended_at=None).first()
        if row is None:
            raise UnknownTie(field="tie_id")
        people.require(by, EDIT_TIES, row.institution_id)
        if by.person == f"staff:{row.staff_id}":
            raise OwnTie
        row.ended_at, row.ended_by = clock.now(), by.actor
        row.save(update_fields=["ended_at", "ended_by"])
        platform.record(
            actor=by.actor,
            action="care.tie_ended",
            subject=f"staff:{row.staff_id}",
            before={"tie": str(row.id), "kind": row.kind},
            reason=people.clean_reason(reason),
            institution_id=row.institution_id,
            customer_id=row.customer_id,
            clock=clock,
        )
    return _tie(row)


def ties(institution_id: UUID, *, by: Author, staff_id: UUID | None = None) -> list[Tie]:
    """Return the ties that count: everybody's, or one person's, which they may always read.

    Raises:
        NotPermitted: ``by`` lacks ``care.ties.edit``, and it is not about themselves.
    """
    if staff_id is None or by.person != f"staff:{staff_id}":
        people.require(by, EDIT_TIES, institution_id)
    rows = AuthorityTieRow.objects.filter(institution_id=institution_id, ended_at=None)
    if staff_id is not None:
        rows = rows.filter(staff_id=staff_id)
    return [_tie(row) for row in rows.order_by("declared_at", "id")]


def is_tied(staff_id: UUID, customer_id: UUID) -> bool:
    """Say whether a member of staff is, is close to, or shares an account with a customer."""
    told = AuthorityTieRow.objects.filter(staff_id=staff_id, ended_at=None).values_list("customer_id", "kind")
    theirs = list(told)
    if any(id_ == customer_id for id_, _ in theirs):
        return True
    selves = {id_ for id_, kind in theirs if kind == TieKind.SELF.value}
    return any(_share(each, customer_id) for each in selves)


def _share(one: UUID, other: UUID) -> bool:
    def owners(of: UUID) -> set[UUID]:
        return {shared.owner_id for shared in banking.accounts_shared_with(of)}

    return other in owners(one) or one in owners(other)


def _tie(row: AuthorityTieRow) -> Tie:
    return Tie(
        row.id, row.institution_id, row.staff_id, row.customer_id, TieKind(row.kind), row.declared_at, row.ended_at
    )

"""A loan product's late penalty as data: rules with the dates from which loans are granted with them.

A loan keeps the rule with which it was granted, as it keeps its rate: who signed could know it, and nothing is ever made
dearer for a contract that is there. Nothing was set: no penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import Product, ProductKind
from ..errors import InvalidTerms
from ..internal import create_internal_accounts
from ..models import ProductRow
from ..penalties import NO_PENALTY, PenaltyKind, PenaltyRule
from ..queries import product
from .models import ProductPenaltyRow


def loan_penalty_rules(product_id: UUID) -> Sequence[tuple[date, PenaltyRule]]:
    """Return a product's rules with the dates from which loans are granted with them, the earliest first."""
    rows = ProductPenaltyRow.objects.filter(product_id=product_id).order_by("valid_from", "id")
    return [(row.valid_from, rule_of(row)) for row in rows]


def loan_penalty_rule(product_id: UUID, *, on: date) -> PenaltyRule:
    """Return the late penalty that a loan granted on a day would have; ``NO_PENALTY`` where none was set."""
    row = rule_row(product_id, on=on)
    return NO_PENALTY if row is None else rule_of(row)


def rule_row(product_id: UUID, *, on: date) -> ProductPenaltyRow | None:
    """Return the rule in force on a day, as a contract keeps it; none where none was set, or the last one asks for nothing."""
    rows = ProductPenaltyRow.objects.filter(product_id=product_id, valid_from__lte=on)
    row = rows.order_by("-valid_from", "-id").first()
    return None if row is None or row.kind == PenaltyKind.NONE.value else row


def set_loan_penalty_rule(
    product_id: UUID,
    rule: PenaltyRule,
    *,
    valid_from: date,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Set a late penalty: for planting and imports; where people do, two of them do (``propose_loan_penalty_rule``).

    Raises:
        SecondPersonNeeded: ``by`` is a person. ProductNotOffered, UnacceptableText. InvalidTerms: it is no loan product.
    """
    if by is not people.SYSTEM:
        raise people.SecondPersonNeeded
    of, said = product(product_id), people.clean_reason(reason)
    with transaction.atomic():
        before = rule_facts(loan_penalty_rule(product_id, on=valid_from))
        write_rule(of, rule, valid_from, clock)
        platform.record(
            actor=by.actor,
            action="banking.loan_penalty_set",
            subject=f"product:{product_id}",
            before=before,
            after={**rule_facts(rule), "valid_from": valid_from.isoformat()},
            reason=said,
            institution_id=of.institution_id,
            clock=clock,
        )


def write_rule(of: Product, rule: PenaltyRule, valid_from: date, clock: Clock) -> None:
    """Keep a rule, and see to it that its books have an account for what it brings; the caller records who wanted it."""
    check_loan_product(of)
    create_internal_accounts(ProductRow.objects.select_related("books").get(id=of.id).books)
    ProductPenaltyRow.objects.create(
        product_id=of.id,
        valid_from=valid_from,
        kind=rule.kind.value,
        amount_minor=rule.amount_minor,
        rate_ppm=rule.rate_ppm,
        grace_days=rule.grace_days,
        cap_minor=rule.cap_minor,
        cap_ppm=rule.cap_ppm,
        set_at=clock.now(),
    )


def check_loan_product(of: Product) -> None:
    """Raise ``InvalidTerms`` unless a product can have a late penalty: only loans can be late."""
    if of.kind is not ProductKind.LOAN:
        raise InvalidTerms(field="product_id")


def rule_facts(rule: PenaltyRule) -> dict[str, str | int | None]:
    """Return a rule as the audit trail and a change's payload name it."""
    return {
        "penalty": rule.kind.value,
        "amount_minor": rule.amount_minor,
        "rate_ppm": rule.rate_ppm,
        "grace_days": rule.grace_days,
        "cap_minor": rule.cap_minor,
        "cap_ppm": rule.cap_ppm,
    }


def rule_of(row: ProductPenaltyRow) -> PenaltyRule:
    """Return the rule that a row keeps."""
    return PenaltyRule(
        PenaltyKind(row.kind), row.amount_minor, row.rate_ppm, row.grace_days, row.cap_minor, row.cap_ppm
    )

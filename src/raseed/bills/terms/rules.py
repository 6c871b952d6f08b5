"""A biller's terms as data: its late penalty and whether it keeps credit, each in force from a date on.

The rule of a bill is the one in force on the day on which it was due: whoever got the bill could know it, and nothing is
ever made dearer for the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from raseed.banking.api import NO_PENALTY, PenaltyKind, PenaltyRule
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import BillerRow
from ..queries import biller
from .models import CreditTermsRow, PenaltyRuleRow


class Dated:
    """A biller's rules, the earliest first, of which the last that is in force on a day counts."""

    def __init__(self, rules: Iterable[tuple[date, PenaltyRule]]) -> None:
        self.rules = tuple(rules)

    def on(self, day: date) -> PenaltyRule:
        """Return the rule in force on a day; none was set: no penalty."""
        return next((rule for valid_from, rule in reversed(self.rules) if valid_from <= day), NO_PENALTY)

    @property
    def asks_for_nothing(self) -> bool:
        """Whether no rule ever asked for anything."""
        return all(rule.kind is PenaltyKind.NONE for _, rule in self.rules)


def penalty_rules(biller_id: UUID) -> Dated:
    """Return a biller's rules with the dates from which they are in force, the earliest first."""
    rows = PenaltyRuleRow.objects.filter(biller_id=biller_id).order_by("valid_from", "position")
    return Dated((row.valid_from, _rule(row)) for row in rows)


def penalty_rule(biller_id: UUID, on: date) -> PenaltyRule:
    """Return the late penalty of a biller's bills that are due on a day; ``NO_PENALTY`` where none was set."""
    row = (
        PenaltyRuleRow.objects.filter(biller_id=biller_id, valid_from__lte=on)
        .order_by("-valid_from", "-position")
        .first()
    )
    return NO_PENALTY if row is None else _rule(row)


def keeps_credit(biller_id: UUID, on: date) -> bool:
    """Return whether a biller takes more than is owed, and keeps it as credit."""
    rows = CreditTermsRow.objects.filter(biller_id=biller_id, valid_from__lte=on)
    row = rows.order_by("-valid_from", "-position").first()
    return row is not None and row.keeps


def set_penalty_rule(
    biller_id: UUID,
    rule: PenaltyRule,
    *,
    valid_from: date,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Set a late penalty: for planting and imports; where people do, two of them do (``propose_penalty_rule``).

    Raises:
        SecondPersonNeeded: ``by`` is a person. BillerUnknown, UnacceptableText.
    """
    of, said = biller(biller_id), _system(by, reason)
    before = rule_facts(penalty_rule(biller_id, valid_from))
    write_rule(of.id, rule, valid_from, clock)
    platform.record(
        actor=by.actor,
        action="bills.penalty_set",
        subject=f"biller:{of.id}",
        before=before,
        after={**rule_facts(rule), "valid_from": valid_from.isoformat()},
        reason=said,
        institution_id=of.institution_id,
        clock=clock,
    )


def set_credit_terms(
    biller_id: UUID, *, keeps: bool, valid_from: date, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Set whether a biller keeps credit: for planting and imports; where people do, two of them do.

    Raises:
        SecondPersonNeeded: ``by`` is a person. BillerUnknown, UnacceptableText.
    """
    of, said = biller(biller_id), _system(by, reason)
    before = keeps_credit(biller_id, valid_from)
    write_credit_terms(of.id, valid_from, clock, keeps=keeps)
    platform.record(
        actor=by.actor,
        action="bills.credit_terms_set",
        subject=f"biller:{of.id}",
        before={"keeps_credit": before},
        after={"keeps_credit": keeps, "valid_from": valid_from.isoformat()},
        reason=said,
        institution_id=of.institution_id,
        clock=clock,
    )


def write_rule(biller_id: UUID, rule: PenaltyRule, valid_from: date, clock: Clock) -> None:
    """Keep a rule; the caller records who wanted it."""
    PenaltyRuleRow.objects.create(
        biller_id=biller_id,
        valid_from=valid_from,
        kind=rule.kind.value,
        amount_minor=rule.amount_minor,
        rate_ppm=rule.rate_ppm,
        grace_days=rule.grace_days,
        cap_minor=rule.cap_minor,
        cap_ppm=rule.cap_ppm,
        set_at=clock.now(),
    )


def write_credit_terms(biller_id: UUID, valid_from: date, clock: Clock, *, keeps: bool) -> None:
    """Keep whether credit is kept; the caller records who wanted it."""
    CreditTermsRow.objects.create(biller_id=biller_id, valid_from=valid_from, keeps=keeps, set_at=clock.now())


def lock_biller(biller_id: UUID) -> None:
    """Let nobody else change a biller's terms until the transaction ends."""
    BillerRow.objects.select_for_update(no_key=True).get(id=biller_id)


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


def _system(by: people.Author, reason: str) -> str:
    if by is not people.SYSTEM:
        raise people.SecondPersonNeeded
    return people.clean_reason(reason)


def _rule(row: PenaltyRuleRow) -> PenaltyRule:
    return PenaltyRule(
        PenaltyKind(row.kind), row.amount_minor, row.rate_ppm, row.grace_days, row.cap_minor, row.cap_ppm
    )

"""Changing the late penalty of a loan product: proposed by one person, confirmed by another (``people``).

A rule that is confirmed after its date counts from the day of its confirmation: nothing is ever changed for the past.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import Currency, Money
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..changes import rate_text
from ..domain import Product
from ..errors import InvalidTerms
from ..models import ProductRow
from ..penalties import PENALTY_WORDS, PenaltyKind, PenaltyRule
from ..queries import business_date, product
from .rules import check_loan_product, loan_penalty_rule, rule_facts, write_rule

PENALTIES: Final = "banking.loan_penalties"
PENALTY_LABELS: Final = {
    "penalty": mark("Late penalty"),
    "amount_minor": mark("Amount"),
    "rate_ppm": mark("Share"),
    "grace_days": mark("Days without a penalty"),
    "cap_minor": mark("At most, as an amount"),
    "cap_ppm": mark("At most, as a share of the instalment"),
}
VALID_FROM: Final = mark("For loans granted from")


def propose_loan_penalty_rule(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    of: Product,
    rule: PenaltyRule,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose the late penalty of loans that are granted from a day on, for a second person to confirm.

    Raises:
        NotPermitted: ``by`` lacks ``banking.fees.propose``. InvalidTerms: it is no loan product. As ``people.propose_change``.
    """
    return people.propose_change(
        id=id,
        kind=PENALTIES,
        institution_id=of.institution_id,
        subject=f"product:{of.id}",
        payload={**rule_facts(rule), "valid_from": valid_from.isoformat()},
        reason=reason,
        by=by,
        clock=clock,
    )


def _product(change: Change) -> Product:
    """Return the product that a change is for; it must be a loan of the institution's."""
    kind, _, _ = change.subject.partition(":")
    try:
        subject_id = change.subject_id
    except ValueError:
        raise InputError(field="subject") from None
    of = product(subject_id)
    if kind != "product" or of.institution_id != change.institution_id:
        raise InputError(field="subject")
    check_loan_product(of)
    return of


def _from(change: Change) -> date:
    """Return from when a change counts: its date, or the day on which it was proposed or confirmed if that is later."""
    try:
        wanted = date.fromisoformat(change.payload["valid_from"])
    except (KeyError, TypeError, ValueError):
        raise InvalidTerms(field="valid_from") from None
    return max(wanted, business_date(change.institution_id, change.decided_at or change.proposed_at))


def _rule(change: Change) -> PenaltyRule:
    given: dict[str, Any] = dict(change.payload)
    try:
        kind = PenaltyKind(str(given.get("penalty")))
    except ValueError:
        raise InvalidTerms(field="penalty") from None
    return PenaltyRule(
        kind,
        given.get("amount_minor"),
        given.get("rate_ppm"),
        given.get("grace_days", 0),
        given.get("cap_minor"),
        given.get("cap_ppm"),
    )


def _check(change: Change) -> None:
    _product(change)
    _from(change)
    _rule(change)


def _current(change: Change) -> AuditFacts:
    return rule_facts(loan_penalty_rule(change.subject_id, on=_from(change)))


def _apply(change: Change) -> None:
    """Write the new rule, under a lock of its product, if it is still what it was proposed against."""
    of, valid_from = _product(change), _from(change)
    ProductRow.objects.select_for_update(no_key=True).get(id=of.id)
    if _current(change) != change.before:
        raise people.ChangeOutdated
    assert change.decided_at is not None, "what is applied was decided"
    write_rule(of, _rule(change), valid_from, ManualClock(change.decided_at))


def _described(change: Change, language: str) -> list[ChangeLine]:
    unit = _product(change).currency
    with override(language):
        lines = [
            ChangeLine(gettext(label), before, after)
            for name, label in PENALTY_LABELS.items()
            if (before := _text(name, change.before.get(name), unit, language))
            != (after := _text(name, change.payload.get(name), unit, language))
            or name == "penalty"
        ]
        dated = platform.date_text(date.fromisoformat(change.payload["valid_from"]), language)
        return [*lines, ChangeLine(gettext(VALID_FROM), "", dated)]


def _text(name: str, value: object, unit: Currency, language: str) -> str:
    if name == "penalty":
        return gettext(PENALTY_WORDS[PenaltyKind(str(value or PenaltyKind.NONE.value))])
    if not isinstance(value, int):
        return ""
    if name.endswith("_minor"):
        return platform.money_text(Money(value, unit), language)
    if name.endswith("_ppm"):
        return rate_text(value, language)
    return platform.number_text(value, language)


KIND: Final = ChangeKind(
    code=PENALTIES,
    words=mark("Late penalty of loans"),
    permission="banking.fees.propose",
    confirm_permission="banking.fees.confirm",
    apply=_apply,
    describe=_described,
    current=_current,
    check=_check,
)

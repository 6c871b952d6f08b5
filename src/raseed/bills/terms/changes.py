"""Changes of terms, which one person proposes and another confirms: late penalties, credit, and waivers.

A rule that is confirmed after its date counts from the day of its confirmation: nothing is ever changed for the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.banking.api import PENALTY_WORDS, InvalidTerms, PenaltyKind, PenaltyRule
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import Currency, Money
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..domain import Biller
from ..permissions import CONFIRM_TERMS, PROPOSE_TERMS
from ..queries import biller
from .rules import keeps_credit, lock_biller, penalty_rule, rule_facts, write_credit_terms, write_rule

PENALTIES: Final = "bills.penalties"
CREDIT: Final = "bills.credit"
PPM_OF_A_PERCENT: Final = 10_000
KEPT: Final = mark("What is paid over a bill is kept as credit")
TERM_LABELS: Final = {
    "penalty": mark("Late penalty"),
    "amount_minor": mark("Amount"),
    "rate_ppm": mark("Share"),
    "grace_days": mark("Days without a penalty"),
    "cap_minor": mark("At most, as an amount"),
    "cap_ppm": mark("At most, as a share of the bill"),
}
VALID_FROM: Final = mark("For bills due from")


def propose_penalty_rule(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    biller_id: UUID,
    rule: PenaltyRule,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose a biller's late penalty for bills due from a day on, for a second person to confirm.

    Raises:
        NotPermitted: ``by`` lacks ``bills.terms.propose``. BillerUnknown. As ``people.propose_change``.
    """
    payload = {**rule_facts(rule), "valid_from": valid_from.isoformat()}
    return _propose(id, PENALTIES, biller(biller_id), payload, reason, by, clock)


def propose_credit_terms(
    *,
    id: UUID,  # noqa: A002
    biller_id: UUID,
    keeps: bool,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose whether a biller keeps as credit what is paid over its bills, for a second person to confirm.

    Raises:
        As ``propose_penalty_rule``.
    """
    payload = {"keeps_credit": keeps, "valid_from": valid_from.isoformat()}
    return _propose(id, CREDIT, biller(biller_id), payload, reason, by, clock)


def _propose(
    id_: UUID, kind: str, of: Biller, payload: Mapping[str, Any], reason: str, by: Author, clock: Clock
) -> Change:
    return people.propose_change(
        id=id_, kind=kind, institution_id=of.institution_id, subject=f"biller:{of.id}", payload=payload,
        reason=reason, by=by, clock=clock,
    )  # fmt: skip


def _biller(change: Change) -> Biller:
    """Return the biller that a change is for; it must be the institution's."""
    kind, _, _ = change.subject.partition(":")
    try:
        subject_id = change.subject_id
    except ValueError:
        raise InputError(field="subject") from None
    of = biller(subject_id)
    if kind != "biller" or of.institution_id != change.institution_id:
        raise InputError(field="subject")
    return of


def _from(change: Change) -> date:
    """Return from when a change counts: its date, or the day on which it was proposed or confirmed if that is later."""
    try:
        wanted = date.fromisoformat(change.payload["valid_from"])
    except (KeyError, TypeError, ValueError):
        raise InvalidTerms(field="valid_from") from None
    return max(wanted, banking.business_date(change.institution_id, change.decided_at or change.proposed_at))


def _rule(change: Change) -> PenaltyRule:
    given = change.payload
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


def _keeps(change: Change) -> bool:
    keeps = change.payload.get("keeps_credit")
    if type(keeps) is not bool:
        raise InvalidTerms(field="keeps_credit")
    return keeps


def _check(change: Change) -> None:
    _biller(change)
    _from(change)
    if change.kind == PENALTIES:
        _rule(change)
    else:
        _keeps(change)


def _current(change: Change) -> AuditFacts:
    on = _from(change)
    if change.kind == PENALTIES:
        return rule_facts(penalty_rule(change.subject_id, on))
    return {"keeps_credit": keeps_credit(change.subject_id, on)}


def _apply(change: Change) -> None:
    """Write the new terms, under a lock of their biller, if they are still what they were proposed against."""
    of, valid_from = _biller(change), _from(change)
    lock_biller(of.id)
    if _current(change) != change.before:
        raise people.ChangeOutdated
    assert change.decided_at is not None, "what is applied was decided"
    at = ManualClock(change.decided_at)
    if change.kind == PENALTIES:
        write_rule(of.id, _rule(change), valid_from, at)
    else:
        write_credit_terms(of.id, valid_from, at, keeps=_keeps(change))


def _described(change: Change, language: str) -> list[ChangeLine]:
    unit = _biller(change).currency
    with override(language):
        if change.kind == PENALTIES:
            lines = [
                ChangeLine(gettext(label), before, after)
                for name, label in TERM_LABELS.items()
                if (before := _text(name, change.before.get(name), unit, language))
                != (after := _text(name, change.payload.get(name), unit, language))
                or name == "penalty"
            ]
        else:
            before, after = (
                gettext("yes") if told.get("keeps_credit") else gettext("no")
                for told in (change.before, change.payload)
            )
            lines = [ChangeLine(gettext(KEPT), before, after)]
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
        return percent_text(value, language)
    return platform.number_text(value, language)


def percent_text(ppm: int, language: str) -> str:
    """Return a share in percent, as a reader of a language has it."""
    whole, part = divmod(ppm, PPM_OF_A_PERCENT)
    decimals = f"{part:04d}".rstrip("0")
    text = f"{whole}.{decimals}%" if decimals else f"{whole}%"
    return platform.digits_text(text.replace(".", "٫").replace("%", "٪") if language == "ar" else text, language)


KINDS: Final = tuple(
    ChangeKind(
        code=code,
        words=words,
        permission=PROPOSE_TERMS,
        confirm_permission=CONFIRM_TERMS,
        apply=_apply,
        describe=_described,
        current=_current,
        check=_check,
    )
    for code, words in ((PENALTIES, mark("Late penalty of a biller")), (CREDIT, mark("Credit with a biller")))
)

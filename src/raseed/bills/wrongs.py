"""The ways in which a biller's answer can be wrong, each with a name."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from raseed.kernel.errors import mark

SAID_LENGTH_MAX: Final = 200


class FindingKind(StrEnum):
    """What was wrong with an answer."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    ANSWERED_TWICE = "answered_twice"
    NOT_SIGNED = "not_signed"
    WRONG_SIGNATURE = "wrong_signature"
    STALE = "stale"
    OTHER_BILLER = "other_biller"
    OTHER_PAYMENT = "other_payment"
    OTHER_ACCOUNT = "other_account"
    OTHER_BILL = "other_bill"
    AMOUNT_CHANGED = "amount_changed"
    WRONG_CURRENCY = "wrong_currency"
    CHANGED_UNDER_PAYMENT = "changed_under_payment"


FINDING_WORDS: Final = {
    FindingKind.UNREADABLE: mark("The answer could not be read."),
    FindingKind.TOO_LARGE: mark("The answer was larger than any honest one."),
    FindingKind.REDIRECTED: mark("The answer sent us to another address; we do not follow."),
    FindingKind.ANSWERED_TWICE: mark("More came than the one answer that was asked for."),
    FindingKind.NOT_SIGNED: mark("The answer was not signed."),
    FindingKind.WRONG_SIGNATURE: mark("The answer's signature is not the biller's, or is of another answer."),
    FindingKind.STALE: mark("The answer was signed at another time than now."),
    FindingKind.OTHER_BILLER: mark("The answer speaks for another biller."),
    FindingKind.OTHER_PAYMENT: mark("The answer is about another payment."),
    FindingKind.OTHER_ACCOUNT: mark("The answer names another collection account."),
    FindingKind.OTHER_BILL: mark("The answer is about another bill."),
    FindingKind.AMOUNT_CHANGED: mark("The answer names another amount than was paid."),
    FindingKind.WRONG_CURRENCY: mark("The answer is in another currency or in other minor units."),
    FindingKind.CHANGED_UNDER_PAYMENT: mark("The bill was lowered below what was already paid on it."),
}


class AnswerRefused(Exception):
    """A biller's answer that can't be right. It is kept as a finding, and what was asked stays unknown."""

    def __init__(self, kind: FindingKind, **facts: str | int) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.facts = {name: fact[:SAID_LENGTH_MAX] if isinstance(fact, str) else fact for name, fact in facts.items()}

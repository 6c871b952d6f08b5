"""How far a balance is proven: what its generation says, what its certificate says and what the books say, held together.

Three ways lead to the number. Where all agree, it is proven. Where one is behind, and the books say that just this was right
when it was written, the account moved: the books' number is shown. Anything else has no explanation, and nobody is shown
a number to rely on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from raseed.ledger import api as ledger

from .books import NOTHING, Amounts
from .domain import Doubt, Proof
from .proving import Certified
from .screens import Screen

Was = Callable[[int], ledger.Balances]
"""An account's four sums as of a batch."""
_UNTOUCHED = ledger.Balances(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of an account's balance.

    The account was read from the books after the screen and the certificate: these may be behind it, never ahead.
    ``refusal`` is the code with which the certificate is refused, if it is; ``certified_to`` the batch that the latest root
    of its ledger holds, ``None`` where nothing is certified yet.
    """

    account: ledger.Account
    currency: str
    screen: Screen
    certificate: Certified | None
    refusal: str
    certified_to: int | None


def judge(known: Evidence, was: Was) -> tuple[Proof, str]:
    """Return how far a balance is proven, and why it is in doubt, if it is."""
    doubt = _doubt_of_row(known, was)
    if doubt is not None:
        return Proof.BEING_VERIFIED, doubt.value
    if known.certified_to is None or (known.certificate is None and not known.account.entries):
        return Proof.NOT_YET_CERTIFIED, ""
    if known.certificate is None:
        if was(known.certified_to) == _UNTOUCHED:
            return Proof.JUST_CHANGED, ""
        return Proof.BEING_VERIFIED, Doubt.NO_CERTIFICATE.value
    return _judge_certificate(known, known.certificate, was)


def _judge_certificate(known: Evidence, certificate: Certified, was: Was) -> tuple[Proof, str]:
    if known.refusal:
        return Proof.BEING_VERIFIED, known.refusal
    if certificate.currency != known.currency:
        return Proof.BEING_VERIFIED, Doubt.CURRENCY_DIFFERS.value
    certified = Amounts(certificate.booked_minor, certificate.held_minor)
    now = Amounts.of(known.account.balances)
    if certified != now and certified != Amounts.of(was(certificate.batch)):
        return Proof.BEING_VERIFIED, Doubt.CERTIFICATE_DIFFERS.value
    shown = known.screen.row.amounts if known.screen.row else NOTHING  # without a row, it has not moved
    return (Proof.PROVEN if certified == now == shown else Proof.JUST_CHANGED), ""


def _doubt_of_row(known: Evidence, was: Was) -> Doubt | None:
    row, account, built_to = known.screen.row, known.account, known.screen.built_to
    if row is None:
        return None if not account.entries or was(built_to) == _UNTOUCHED else Doubt.ROW_MISSING
    if row.ledger != account.ledger:
        return Doubt.CURRENCY_DIFFERS
    if row.amounts != Amounts.of(account.balances) and row.amounts != Amounts.of(was(built_to)):
        return Doubt.ROW_DIFFERS
    return None

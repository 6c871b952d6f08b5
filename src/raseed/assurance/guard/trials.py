"""Live trial payments: the two test accounts really pay each other, and both shown balances must move by just so much.

There and back again, before and after going live and after rolling back. The ids of the payments are made from the
release's, so that a trial that was cut off is the same payment when it is made again.
"""

from __future__ import annotations

import hashlib
import time
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import ACCOUNT_ALIAS_KINDS, Alias
from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, laid_out, parse_id
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from .domain import Release, SystemKind
from .models import TrialRow

NOTE: Final = "Release trial"
LEGS: Final = ("before", "after", "restored")
SHOWN_SECONDS_MAX: Final = 10.0
"""How long a shown balance may take to say what was paid."""
_LOOK_EVERY_S: Final = 0.1
_VERIFIED_YET: Final = "being_verified"
"""The state of a shown balance that is no number to rely on (``display.Proof``)."""
_MASK: Final = (1 << 74) - 1


def run(release: Release, *, leg: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Let the test accounts pay each other, once for each leg; say whether all was shown rightly.

    A system without test accounts, and one of others, has no trials here: that is right, and the report says so.
    """
    assert leg in LEGS, leg
    terms = release.terms
    if release.kind is not SystemKind.GENERATION or not terms.trial_payer:
        return True
    there, here = terms.trial_payer, terms.trial_payee
    right = True
    for back, (payer, payee) in enumerate(((there, here), (here, there))):
        row = _made(release, leg, bool(back), payer, payee, clock)
        right = right and row.verdict == "right"
    return right


def _made(release: Release, leg: str, back: bool, payer: str, payee: str, clock: Clock) -> TrialRow:  # noqa: FBT001
    payment_id = _id(release, leg, back)
    known: TrialRow | None = TrialRow.objects.filter(id=payment_id).first()
    if known is not None:
        return known
    row = TrialRow(
        id=payment_id, release_id=release.id, leg=leg, back=back, at=clock.now(), amount_minor=0, currency="",
        verdict="refused", code="", facts={},
    )  # fmt: skip
    try:
        _pay(row, parse_id(payer), parse_id(payee), release.terms.trial_minor, clock)
    except (RaseedError, InvalidId) as refused:
        row.code = refused.code
    TrialRow.objects.bulk_create([row], ignore_conflicts=True)
    return row


def _pay(row: TrialRow, payer_id: UUID, payee_id: UUID, minor: int, clock: Clock) -> None:
    payer, payee = banking.account(payer_id), banking.account(payee_id)
    amount = Money(minor, payer.currency)
    row.amount_minor, row.currency = minor, payer.currency.code
    to = next((Alias(kind, value) for kind in ACCOUNT_ALIAS_KINDS if (value := payee.alias(kind))), None)
    if to is None:
        raise payments.RecipientUnknown
    paid = payments.send(
        id=row.id,
        actor_customer_id=payer.owner_id,
        from_account_id=payer_id,
        to=to,
        amount=amount,
        note=NOTE,
        clock=clock,
    )
    if paid.state is not payments.PaymentState.SETTLED:
        row.code = paid.refusal.code if paid.refusal else paid.state.value
        return
    shown, true = _seen(payer_id, payee_id)
    row.verdict = "right" if shown == true else "wrong"
    row.facts = {"fee_minor": paid.fee.amount_minor, "shown": shown, "true": true}


def _seen(payer_id: UUID, payee_id: UUID) -> tuple[list[int | None], list[int]]:
    """Return what both see and what the books hold; a number that is being verified is none. It is waited for, for a while."""
    ends_at, both = time.monotonic() + SHOWN_SECONDS_MAX, (payer_id, payee_id)
    while True:
        found = display.shown_balances(both)
        shown = [None if found[each].proof == _VERIFIED_YET else found[each].booked.amount_minor for each in both]
        books = ledger.look_up_accounts(both)
        true = [books[each].balances.credits_posted - books[each].balances.debits_posted for each in both]
        if shown == true or time.monotonic() >= ends_at:
            return shown, true
        time.sleep(_LOOK_EVERY_S)


def _id(release: Release, leg: str, back: bool) -> UUID:  # noqa: FBT001
    digest = hashlib.sha256(f"raseed-guard-trial {release.id} {leg} {back}".encode()).digest()
    return laid_out(int(release.registered_at.timestamp() * 1000), int.from_bytes(digest[:10]) & _MASK)

"""Live trial payments: the two test accounts really pay each other, and both shown balances must move by just so much.

There and back again, before and after going live and after rolling back. The ids of the payments are made from the
release's, so that a trial that was cut off is the same payment when it is made again.

Judged is what the generation has made of the payment, not the number on a screen: right after a movement a screen shows
the books' own number, whatever the generation says. The candidate is looked at before it goes live too.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import ACCOUNT_ALIAS_KINDS, Alias, BankAccount
from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.kernel.ids import InvalidId, laid_out, parse_id
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from .domain import Release, SystemKind
from .models import TrialRow

NOTE: Final = "Release trial"
LEGS: Final = ("before", "after", "restored")
SHOWN_SECONDS_MAX: Final = 10.0
"""How long a generation may take to say what was paid."""
_LOOK_EVERY_S: Final = 0.1
ATTEMPTS_MAX: Final = 5
"""A payment that could not be made just now is sent again, under the same id, so often."""
_AGAIN_S: Final = 0.2
_MASK: Final = (1 << 74) - 1


def run(release: Release, *, leg: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Let the test accounts pay each other, once for each leg; say whether all was shown rightly.

    A system without test accounts, and one of others, has no trials here: that is right, and the report says so.

    Raises:
        TemporarilyUnavailable: a payment could not be made just now. Nothing is kept of it: ask again.
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
        _pay(row, parse_id(payer), parse_id(payee), release, clock)
    except TemporarilyUnavailable:
        raise
    except (RaseedError, InvalidId) as refused:
        row.code = refused.code
    TrialRow.objects.bulk_create([row], ignore_conflicts=True)
    return row


def _pay(row: TrialRow, payer_id: UUID, payee_id: UUID, release: Release, clock: Clock) -> None:
    payer, payee = banking.account(payer_id), banking.account(payee_id)
    amount = Money(release.terms.trial_minor, payer.currency)
    row.amount_minor, row.currency = amount.amount_minor, payer.currency.code
    to = next((Alias(kind, value) for kind in ACCOUNT_ALIAS_KINDS if (value := payee.alias(kind))), None)
    if to is None:
        raise payments.RecipientUnknown
    paid = _sent(row.id, payer, to, amount, clock)
    if paid.state is not payments.PaymentState.SETTLED:
        row.code = paid.refusal.code if paid.refusal else paid.state.value
        return
    # nobody asks what becomes of a candidate that two people forced: it is live in a moment, and judged then
    candidate = int(release.candidate) if row.leg == "before" and release.forced_by is None else None
    found = _seen((payer_id, payee_id), candidate, clock)
    row.verdict = "right" if found.is_right else "wrong"
    row.facts = {"fee_minor": paid.fee.amount_minor, **asdict(found)}


def _sent(id_: UUID, payer: BankAccount, to: Alias, amount: Money, clock: Clock) -> payments.Payment:
    """Send a payment; where the books are busy, again under the same id, for a while."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return payments.send(
                id=id_, actor_customer_id=payer.owner_id, from_account_id=payer.id, to=to, amount=amount, note=NOTE,
                clock=clock,
            )  # fmt: skip
        except TemporarilyUnavailable:
            if attempt == ATTEMPTS_MAX:
                raise
            time.sleep(_AGAIN_S * attempt)
    raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of payer and payee, what their rows say that they are shown from, those of the candidate, and what the books hold."""

    shown: list[int | None]
    candidate: list[int | None] | None
    true: list[int]

    @property
    def is_right(self) -> bool:
        return self.shown == self.true and self.candidate in (None, self.true)


def _seen(both: tuple[UUID, UUID], candidate: int | None, clock: Clock) -> _Seen:
    """Look until all say the same, for a while."""
    ends_at = time.monotonic() + SHOWN_SECONDS_MAX
    while True:
        found = _looked(both, candidate, clock)
        if found.is_right or time.monotonic() >= ends_at:
            return found
        time.sleep(_LOOK_EVERY_S)


def _looked(both: tuple[UUID, UUID], candidate: int | None, clock: Clock) -> _Seen:
    """Look once. A balance that is being verified is no number to rely on; where nothing is live, there is only the books'."""
    answers = display.shown_balances(both, clock=clock)
    rows = {(row.generation, row.account_id): row.booked for row in display.inspection.shown_rows(both)}
    books = ledger.look_up_accounts(both)

    def shown(account_id: UUID) -> int | None:
        answer = answers[account_id]
        if answer.proof is display.Proof.BEING_VERIFIED:
            return None
        if answer.generation is None:
            return answer.booked.amount_minor
        return rows.get((answer.generation, account_id))

    return _Seen(
        shown=[shown(each) for each in both],
        candidate=None if candidate is None else [rows.get((candidate, each)) for each in both],
        true=[books[each].balances.credits_posted - books[each].balances.debits_posted for each in both],
    )


def _id(release: Release, leg: str, back: bool) -> UUID:  # noqa: FBT001
    digest = hashlib.sha256(f"raseed-guard-trial {release.id} {leg} {back}".encode()).digest()
    return laid_out(int(release.registered_at.timestamp() * 1000), int.from_bytes(digest[:10]) & _MASK)

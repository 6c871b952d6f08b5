"""The verbs of payments. Each owns its transaction: payment rows, timeline, limits and postings, together or not."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from raseed.banking.api import Alias
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money

from .domain import Instruction, Payment, Preview


def preview(
    *, actor_customer_id: UUID, from_account_id: UUID, to: Alias, amount: Money, language: str = "ar",
    clock: Clock = SYSTEM_CLOCK,
) -> Preview:
    """Say what a payment would be: the recipient's masked name and institution, the fee. Changes nothing.

    Raises the typed error that ``send`` would refuse with, as far as it can be told beforehand (limits and the
    balance included).
    """
    raise NotImplementedError


def send(
    *, id: UUID, actor_customer_id: UUID, from_account_id: UUID, to: Alias, amount: Money, note: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Payment:
    """Carry out a payment and return it, settled or refused: look at ``state`` and ``refusal``.

    Same id and same content: the first answer, also when that was a refusal. A refusal is a payment whose last step
    says why; no money moved.

    Raises (nothing is kept, the id stays free):
        AmountNotPositive, UnacceptableText, InvalidAlias, InvalidIban: bad input.
        AccountUnknown: no such account, or not the actor's.
        PaymentIdTaken: the id has a payment with other content.
    """
    raise NotImplementedError


def send_many(instructions: Sequence[Instruction], *, clock: Clock = SYSTEM_CLOCK) -> list[Payment]:
    """Carry out many payments in one transaction, in order; each settles or is refused by itself, like ``send``.

    At most ``BATCH_MAX`` transfers. Bad input in any of them raises, and then none was carried out.
    """
    raise NotImplementedError

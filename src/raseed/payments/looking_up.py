"""Looking up what instructions name, for a whole batch at once: payers' accounts, and where each payment goes."""

from __future__ import annotations

from collections.abc import Sequence

from raseed.banking import api as banking
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch

from .domain import Destination, Instruction
from .routes import destinations
from .sending import Sending


def sendings_of(checked: Sequence[Instruction], clock: Clock, *, refuse_strangers: bool = False) -> list[Sending]:
    """Look up payers and recipients of instructions whose alias and note are in normal form.

    ``refuse_strangers``: an actor who may not pay from the account is a refusal of the payment and no error: for
    instructions that were right when they were taken in.

    Raises:
        AccountUnknown: no such account, or the actor may not pay from it.
        CurrencyMismatch: an amount is not in the currency of the account that it leaves.
    """
    payers = banking.accounts({instruction.from_account_id for instruction in checked}, with_aliases=False)
    pairs = {(instruction.actor_customer_id, instruction.from_account_id) for instruction in checked}
    strangers = {(actor, id_) for actor, id_ in pairs if id_ not in payers or not banking.may_pay(actor, payers[id_])}
    if strangers and not refuse_strangers:
        raise banking.AccountUnknown(field="from_account_id")
    for instruction in checked:
        payer = payers[instruction.from_account_id]
        if instruction.amount.currency != payer.currency:
            raise CurrencyMismatch(field="amount", given=instruction.amount.currency.code, expected=payer.currency.code)
    ways = destinations([(payers[instruction.from_account_id], instruction.to) for instruction in checked])
    now = clock.now()
    today = {payer.id: banking.business_day(payer, now) for payer in payers.values()}
    sendings = []
    for instruction, found in zip(checked, ways, strict=True):
        way: Destination | RaseedError = found
        payer, given = payers[instruction.from_account_id], instruction.instructed_at
        day = today[payer.id] if given is None else banking.business_day(payer, given)
        if (instruction.actor_customer_id, payer.id) in strangers:
            way = banking.AccountUnknown(field="from_account_id")
        sendings.append(Sending(instruction, payer, way, given or now, day))
    return sendings

"""Life goes on while a candidate is in shadow: people pay each other, and get it back when the story is over.

Who is in the lots of ``LOST`` is paid after the candidate's rows were built: a completed transfer that the candidate will
never show. An interrupted play leaves the few pounds where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from raseed.banking.api import Alias, AliasKind
from raseed.demo.world.places import CURRENCY
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments

from .projector import Fault, faults_of

if TYPE_CHECKING:
    from raseed.demo.world.people import Person

PAIRS_MAX: Final = 8
AMOUNT: Final = Money(5_00, currency(CURRENCY))


@dataclass(frozen=True, slots=True)
class Favour:
    """Somebody paid somebody."""

    payer: Person
    payee: Person


def pay_each_other(everyone: Sequence[Person]) -> list[Favour]:
    """Let some of those whose movements the candidate loses be paid by another of their issuer; return what was paid."""
    faults = faults_of(person.wallet_id for person in everyone)
    lost = [person for person in everyone if faults.get(person.wallet_id) is Fault.LOST]
    payers = [person for person in everyone if person.wallet_id not in faults]
    done: list[Favour] = []
    for payee in lost:
        if len(done) == PAIRS_MAX:
            break
        for payer in [one for one in payers if one.issuer == payee.issuer][:PAIRS_MAX]:
            if _paid(payer, payee):
                done.append(Favour(payer, payee))
                payers.remove(payer)
                break
    return done


def pay_back(favours: Sequence[Favour]) -> None:
    """Let all that was paid be paid back."""
    for each in favours:
        _paid(each.payee, each.payer)


def _paid(payer: Person, payee: Person) -> bool:
    """Pay; a wallet that may not, or has too little, is none to pay from."""
    try:
        paid = payments.send(
            id=new_id(),
            actor_customer_id=payer.id,
            from_account_id=payer.wallet_id,
            to=Alias(AliasKind.PHONE, payee.phone),
            amount=AMOUNT,
        )
    except RaseedError:
        return False
    return paid.state is payments.PaymentState.SETTLED

"""The receipt of a payment that has settled: kept once, signed whenever it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import Payment, PaymentState
from raseed.people import api as people
from raseed.platform import api as platform

from ..queries import biller
from ..rows import orders_by_id
from .errors import NoReceiptYet
from .givebacks import given_back
from .keys import SECRET, signing_key
from .models import ReceiptRow
from .wire import Facts, ReceiptKind, code_of, write

GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as those have it who paid or were paid.

    Attributes:
        text: signed, for the QR code; whoever has it can check it, at our page or alone.
        number, code: what is typed where nothing can be scanned.
        facts: what the text says.
        key_id: which key has signed it.
        given_back: how much was given back since, if anything was.
    """

    payment: Payment
    text: str
    number: str
    code: str
    institution_id: UUID
    facts: Facts
    key_id: str
    given_back: Money | None = None

    @property
    def code_shown(self) -> str:
        """The code as it is printed, in two groups."""
        return f"{self.code[:GROUP]}-{self.code[GROUP:]}"


def receipt(payment_id: UUID, customer_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Receipt:
    """Return the receipt of a payment that this customer made, or that has reached them.

    Raises:
        PaymentUnknown: no such payment, or not this customer's to see. NoReceiptYet: it has not settled.
        ReceiptKeyMissing: it can't be signed at present.
    """
    return receipt_of(payments.payment(payment_id, customer_id), clock=clock)


def receipt_of(payment: Payment, *, clock: Clock = SYSTEM_CLOCK) -> Receipt:
    """Return the receipt of a payment; the caller has checked who asks.

    Raises:
        NoReceiptYet, ReceiptKeyMissing: as ``receipt``.
    """
    if payment.state is not PaymentState.SETTLED:
        raise NoReceiptYet(field="payment_id")
    row = ReceiptRow.objects.filter(payment_id=payment.id).first() or _kept(payment, clock)
    facts = facts_of(row)
    key = signing_key(row.institution_id, clock=clock)
    text = write(facts, key=key, signed_on=clock.now().date())
    return Receipt(
        payment=payment,
        text=text,
        number=row.number,
        code=row.code,
        institution_id=row.institution_id,
        facts=facts,
        key_id=text.split(":", 2)[1],
        given_back=given_back(payment.id),
    )


def facts_of(row: ReceiptRow) -> Facts:
    """Return what a receipt says."""
    return Facts(
        institution=people.institution(row.institution_id).slug,
        settled_on=row.settled_on,
        amount=Money(row.amount_minor, currency(row.currency)),
        kind=ReceiptKind(row.kind),
        payee=row.payee,
        number=row.number,
        code=row.code,
    )


def _kept(payment: Payment, clock: Clock) -> ReceiptRow:
    """Keep what the receipt says; two who ask at the same instant get the same."""
    source = banking.account(payment.from_account_id)
    order = orders_by_id([payment.id]).get(payment.id)
    row = ReceiptRow(
        payment_id=payment.id,
        number=payment.reference,
        code=_code(payment),
        institution_id=source.institution_id,
        settled_on=_settled_on(payment, source),
        amount_minor=payment.amount.amount_minor,
        currency=payment.amount.currency.code,
        kind=(ReceiptKind.BILL if order else ReceiptKind.TRANSFER).value,
        payee=biller(order.biller_id).code if order else "",
        made_at=clock.now(),
    )
    ReceiptRow.objects.bulk_create([row], ignore_conflicts=True)
    return ReceiptRow.objects.get(payment_id=payment.id)


def _settled_on(payment: Payment, source: banking.BankAccount) -> date:
    """Return the business date on which the money moved."""
    return max(payment.booked_on, banking.business_day(source, payment.timeline[-1].at))


def _code(payment: Payment) -> str:
    """Return what stands in place of names: who paid from where to whom, under a key that only we have."""
    parts = (payment.id, payment.actor_customer_id, payment.from_account_id, payment.to_account_id)
    return code_of(platform.keyed_hash(SECRET, "code", *map(str, parts)))

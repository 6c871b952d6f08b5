"""A payment as its payer or its recipient reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.payments import api as payments
from raseed.people import api as people

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from .reader import Reader


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of the timeline, in words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says.

    ``other`` is the name of the other side: whole for who received, masked for who paid, and an own account by its name
    (``to_own``).
    """

    payment: payments.Payment
    outgoing: bool
    other: str
    to_own: bool
    institution_name: str
    account_name: str
    zone: str
    country: str
    steps: tuple[ShownStep, ...]

    @property
    def settled(self) -> bool:
        """Whether the money has arrived."""
        return self.payment.state is payments.PaymentState.SETTLED

    @property
    def refused(self) -> bool:
        """Whether it was refused or given back, and no money moved."""
        return self.payment.state in (payments.PaymentState.REFUSED, payments.PaymentState.RETURNED)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a receipt is checked with: by scanning (``path`` draws it, ``side`` units wide), or by number and code (``typed_at``)."""

    receipt: bills.Receipt
    path: str
    side: int
    typed_at: str


def origin_of(request: HttpRequest) -> str:
    """Return where everybody finds the pages, as it is printed on what is read years later."""
    return settings.PUBLIC_ADDRESS or request.build_absolute_uri("/").rstrip("/")


def proof_of(payment: payments.Payment, request: HttpRequest) -> Proof | None:
    """Return what the receipt of a payment is checked with; ``None`` where it has not settled, or can't be signed now."""
    try:
        receipt = bills.receipt_of(payment)
    except (bills.NoReceiptYet, bills.ReceiptKeyMissing):
        return None
    origin = origin_of(request)
    squares = bills.squares_of(bills.scan_address(receipt.text, origin))
    return Proof(
        receipt=receipt,
        path=bills.path_of(squares),
        side=len(squares) + 2 * bills.QUIET,
        typed_at=origin.partition("//")[2] + bills.HAND_PATH,
    )


def receipt_of(payment: payments.Payment, customer: people.Customer, reader: Reader) -> Receipt:
    """Return the receipt of a payment for ``customer``, who paid it or received it."""
    ids = [one for one in (payment.from_account_id, payment.to_account_id) if one is not None]
    accounts = banking.accounts(ids)
    source = accounts[payment.from_account_id]
    target = accounts.get(payment.to_account_id) if payment.to_account_id else None
    outgoing = customer.id in (payment.actor_customer_id, source.owner_id)
    mine, others = (source, target) if outgoing or target is None else (target, source)
    keeper = people.institution(mine.institution_id)
    to_own = target is not None and source.owner_id == target.owner_id == customer.id
    return Receipt(
        payment=payment,
        outgoing=outgoing,
        other=_biller(payment, customer, reader) or _other_side(others, customer, reader, outgoing=outgoing),
        to_own=to_own,
        institution_name=people.display_name(keeper, reader.language),
        account_name=mine.name or mine.product.name(reader.language),
        zone=keeper.zone,
        country=keeper.country,
        steps=tuple(ShownStep(step.at, payments.step_words(step, reader.language)) for step in payment.timeline),
    )


def _biller(payment: payments.Payment, customer: people.Customer, reader: Reader) -> str:
    """Return whose bill a payer has paid, if it was a bill."""
    if payment.to.kind is not banking.AliasKind.BILL:
        return ""
    return payments.counterparties([payment], customer_id=customer.id, language=reader.language)[payment.id]


def _other_side(
    account: banking.BankAccount | None, customer: people.Customer, reader: Reader, *, outgoing: bool
) -> str:
    """Return the name of the other side as this customer may read it; empty where nobody was found."""
    if account is None:
        return ""
    if account.owner_id == customer.id:
        return account.name or account.product.name(reader.language)
    holder = people.customers([account.owner_id]).get(account.owner_id)
    if holder is None:
        return ""
    return (people.masked_name if outgoing else people.display_name)(holder, reader.language)


def to_shown(to: banking.Alias) -> str:
    """Write the number by which a payer named the recipient; a bill is told by the payment's reference."""
    if to.kind is banking.AliasKind.BILL:
        return payments.reference_of(UUID(to.value))
    if to.kind is banking.AliasKind.PHONE:
        return people.phone_text(to.value)
    return banking.printed_iban(to.value) if to.kind is banking.AliasKind.IBAN else to.value

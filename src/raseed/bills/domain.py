"""Billers, bills, quotes and orders as plain values, and the rules over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.money import Currency, Money

from .errors import (
    AmountNeeded,
    BillBeingPaid,
    BillNotPayable,
    BillPaid,
    ExactAmountNeeded,
    LessThanMinimum,
    MoreThanBill,
)
from .fields import Field

BILLS_MAX: Final = 50
"""The most bills that one order pays, and that a biller may tell of one reference."""

LANE_PREFIX: Final = "biller:"


class Category(StrEnum):
    """What a biller is paid for; the catalogue is in this order."""

    ELECTRICITY = "electricity"
    WATER = "water"
    GAS = "gas"
    LANDLINE = "landline"
    MOBILE = "mobile"
    INTERNET = "internet"
    UNIVERSITY = "university"
    SCHOOL = "school"
    MUNICIPALITY = "municipality"
    GOVERNMENT = "government"
    INSURANCE = "insurance"
    LOAN = "loan"
    OTHER = "other"


CATEGORY_WORDS: Final = {
    Category.ELECTRICITY: mark("Electricity"),
    Category.WATER: mark("Water"),
    Category.GAS: mark("Gas"),
    Category.LANDLINE: mark("Landline"),
    Category.MOBILE: mark("Mobile"),
    Category.INTERNET: mark("Internet"),
    Category.UNIVERSITY: mark("Universities"),
    Category.SCHOOL: mark("Schools"),
    Category.MUNICIPALITY: mark("Municipalities"),
    Category.GOVERNMENT: mark("Government"),
    Category.INSURANCE: mark("Insurance"),
    Category.LOAN: mark("Loans and instalments"),
    Category.OTHER: mark("Other billers"),
}


class BillerModel(StrEnum):
    """How a biller is paid: its bills are fetched; what is typed is validated with it; or it is paid with no question."""

    FETCH = "fetch"
    VALIDATE = "validate"
    DIRECT = "direct"


class AdapterKind(StrEnum):
    """How a biller is spoken with: over HTTP as in docs/biller-api.md, or by files in and out."""

    HTTP = "http"
    FILE = "file"


class BillerState(StrEnum):
    """Whether a biller takes payments."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class PartPayments(StrEnum):
    """What a bill may be paid with: its full amount only, its minimum or more, or anything up to it."""

    EXACT = "exact"
    MINIMUM = "minimum"
    ANY = "any"


class BillState(StrEnum):
    """Where a bill is."""

    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"


BILL_STATE_WORDS: Final = {
    BillState.OPEN: mark("To be paid"),
    BillState.PARTLY_PAID: mark("Partly paid"),
    BillState.PAID: mark("Paid"),
    BillState.CANCELLED: mark("Cancelled by the biller"),
    BillState.DISPUTED: mark("Disputed"),
}
PAYABLE: Final = frozenset({BillState.OPEN, BillState.PARTLY_PAID})


class OrderState(StrEnum):
    """Where an order of bills is: made, its bills held while it is under way, then paid or returned; or never sent in time."""

    OPEN = "open"
    HELD = "held"
    PAID = "paid"
    RETURNED = "returned"
    EXPIRED = "expired"


LEGAL_STEPS: Final = frozenset(
    {
        (OrderState.OPEN, OrderState.HELD),
        (OrderState.OPEN, OrderState.EXPIRED),
        (OrderState.HELD, OrderState.PAID),
        (OrderState.HELD, OrderState.RETURNED),
    }
)
"""Which state of an order may follow which; the database holds the same rule in a trigger."""


class PartKind(StrEnum):
    """What an amount that is paid is made of. A waiver and credit used lower it."""

    BILL = "bill"
    PENALTY = "penalty"
    WAIVER = "waiver"
    CREDIT = "credit"
    CREDIT_USED = "credit_used"


PART_WORDS: Final = {
    PartKind.BILL: mark("Bill"),
    PartKind.PENALTY: mark("Late penalty"),
    PartKind.WAIVER: mark("Waived"),
    PartKind.CREDIT: mark("Kept as credit"),
    PartKind.CREDIT_USED: mark("Credit used"),
}
LOWERING: Final = frozenset({PartKind.WAIVER, PartKind.CREDIT_USED})


@dataclass(frozen=True, slots=True)
class Biller:
    """Who is paid through an institution.

    Attributes:
        institution_id: the bank that collects for it.
        customer_id: the biller's own customer record there, which owns the collection account.
        account_number: of the collection account, by which the biller knows it.
        code: its stable name at the institution, and on the wire.
        address: of its HTTP adapter; empty for files.
        least, most: what one order may pay where no bill says it; ``None``: no bound.
        generation: of the key that we sign with.
        logo_digest: names its picture, or empty.
    """

    id: UUID
    institution_id: UUID
    customer_id: UUID
    collection_account_id: UUID
    account_number: str
    code: str
    category: Category
    names: Mapping[str, str]
    model: BillerModel
    adapter: AdapterKind
    address: str
    currency: Currency
    state: BillerState
    fields: tuple[Field, ...]
    least: Money | None = None
    most: Money | None = None
    generation: int = 1
    logo_digest: str = ""

    def name(self, language: str) -> str:
        """Return its name in a language, or in the first that it has one in."""
        return self.names.get(language) or next(iter(self.names.values()))

    @property
    def lane(self) -> str:
        """The queue of payments to it: a sick biller delays nobody else's."""
        return lane_of(self.id)

    def logo_version(self) -> str:
        """Return what an address of its picture ends with, so that a new picture has another."""
        return self.logo_digest[:12]


@dataclass(frozen=True, slots=True)
class Bill:
    """What somebody owes a biller. All amounts are in its biller's currency.

    Attributes:
        reference: what the customer typed, normalised: see ``fields.reference_of``.
        number: the biller's own, one bill's for ever.
        period: what it is for, as the biller says it, such as ``2026-03``; or empty.
        amount: all of it.
        minimum: the least that one payment takes, where ``part_payments`` is ``minimum``.
        paid: through us.
        held: of payments through us that are under way.
        elsewhere: paid to the biller by others, as it told when it was last asked.
        customer_name: masked, as the biller or we mask it.
        seen_at: when the biller last told of it.
        extended_to: until when it may be paid as if it were due then, where that was granted.
    """

    id: UUID
    biller_id: UUID
    reference: str
    number: str
    issued_on: date
    due_on: date | None
    period: str
    amount: Money
    part_payments: PartPayments
    state: BillState
    paid: Money
    held: Money
    elsewhere: Money
    customer_name: str
    seen_at: datetime
    minimum: Money | None = None
    extended_to: date | None = None

    @property
    def pay_by(self) -> date | None:
        """The last day on which it is not late: the biller's, or a later one that was granted."""
        if self.due_on is None or self.extended_to is None:
            return self.due_on
        return max(self.due_on, self.extended_to)

    @property
    def was_due_on(self) -> date | None:
        """The biller's day, where a later one was granted."""
        return None if self.pay_by == self.due_on else self.due_on

    @property
    def due_first(self) -> tuple[date, date, UUID]:
        """What bills are put in order by: those first that have to be paid first."""
        return (self.pay_by or date.max, self.issued_on, self.id)

    @property
    def owed(self) -> Money:
        """What can still be paid: nothing that is under way is asked for again."""
        left = self.amount - self.paid - self.held - self.elsewhere
        return left if left.amount_minor > 0 else Money(0, left.currency)

    @property
    def least(self) -> Money:
        """The least that one payment of it may be."""
        if self.part_payments is PartPayments.EXACT:
            return self.owed
        if self.part_payments is PartPayments.MINIMUM and self.minimum is not None:
            return min(self.minimum, self.owed, key=lambda money: money.amount_minor)
        return Money(min(1, self.owed.amount_minor), self.amount.currency)

    def is_overdue(self, on: date) -> bool:
        """Whether it should have been paid before a day."""
        return self.pay_by is not None and self.state in PAYABLE and self.pay_by < on


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is paid. ``amount`` is never negative; a kind in ``LOWERING`` is taken off.

    ``waiver_id`` names the waiver of a part that waives.
    """

    kind: PartKind
    amount: Money
    bill_id: UUID | None = None
    waiver_id: UUID | None = None

    @property
    def signed_minor(self) -> int:
        """What it adds to the sum, minor units."""
        return -self.amount.amount_minor if self.kind in LOWERING else self.amount.amount_minor


@dataclass(frozen=True, slots=True)
class Quote:
    """What paying would cost, part by part. The fee is the institution's; the schedule says zero, and so does this."""

    biller_id: UUID
    parts: tuple[Part, ...]
    fee: Money
    customer_name: str = ""

    @property
    def amount(self) -> Money:
        """What the biller gets."""
        return Money(sum(part.signed_minor for part in self.parts), self.fee.currency)

    @property
    def total(self) -> Money:
        """What leaves the payer's account."""
        return self.amount + self.fee


@dataclass(frozen=True, slots=True)
class BillOrder:
    """Bills of one biller that somebody pays at once; its id is also its payment's.

    Attributes:
        customer_id: who pays; whose bills they are is the biller's affair.
        values: what was typed, normalised, by field.
        amount: what the biller gets, the sum of the parts.
        biller_reference: what the biller calls the payment, once it is paid.
        ended_at: when it was paid or returned, or known never to be sent.
    """

    id: UUID
    institution_id: UUID
    biller_id: UUID
    customer_id: UUID
    values: Mapping[str, str]
    reference: str
    parts: tuple[Part, ...]
    amount: Money
    state: OrderState
    made_at: datetime
    biller_reference: str = ""
    ended_at: datetime | None = None

    @property
    def bill_ids(self) -> tuple[UUID, ...]:
        """The bills that it pays, in their order."""
        return tuple(part.bill_id for part in self.parts if part.kind is PartKind.BILL and part.bill_id is not None)


@dataclass(frozen=True, slots=True)
class CatalogueSection:
    """The billers of a category, by name in the reader's language."""

    category: Category
    billers: tuple[Biller, ...]


def lane_of(biller_id: UUID) -> str:
    """Return the name of a biller's queue of payments."""
    return f"{LANE_PREFIX}{biller_id}"


def split(bill: Bill, amount: Money, *, keeps_credit: bool = False) -> tuple[Part, ...]:
    """Return the parts that an amount paid on a bill has: the bill's, and what is over as credit where that is kept.

    Raises:
        AmountNeeded, BillNotPayable, BillPaid, BillBeingPaid, ExactAmountNeeded, LessThanMinimum, MoreThanBill: it may
            not be paid so.
    """
    check_payable(bill)
    owed, least = bill.owed, bill.least
    if amount.amount_minor <= 0:
        raise AmountNeeded(field="amount")
    is_exact = bill.part_payments is PartPayments.EXACT
    if amount < least:
        raise (ExactAmountNeeded if is_exact else LessThanMinimum)(field="amount", **_said(least))
    if owed < amount and not keeps_credit:
        raise (ExactAmountNeeded if is_exact else MoreThanBill)(field="amount", **_said(owed))
    towards = min(amount, owed, key=lambda money: money.amount_minor)
    over = amount - towards
    parts = [Part(PartKind.BILL, towards, bill.id)]
    if over.amount_minor:
        parts.append(Part(PartKind.CREDIT, over, bill.id))
    return tuple(parts)


def check_payable(bill: Bill) -> None:
    """Refuse a bill on which nothing can be paid now, with the reason."""
    if bill.state is BillState.PAID:
        raise BillPaid(field="bills")
    if bill.state not in PAYABLE:
        raise BillNotPayable(field="bills")
    if not bill.owed.amount_minor:
        raise BillBeingPaid(field="bills") if bill.held.amount_minor else BillPaid(field="bills")


def check_bounds(biller: Biller, amount: Money) -> None:
    """Refuse an amount that the biller does not take where no bill says what is owed."""
    if amount.amount_minor <= 0:
        raise AmountNeeded(field="amount")
    if biller.least is not None and amount < biller.least:
        raise LessThanMinimum(field="amount", **_said(biller.least))
    if biller.most is not None and biller.most < amount:
        raise MoreThanBill(field="amount", **_said(biller.most))


def with_held(bill: Bill, amount: Money) -> Bill:
    """Return the bill with so much more of it under way."""
    return replace(bill, held=bill.held + amount)


def state_of(amount_minor: int, paid_minor: int, elsewhere_minor: int) -> BillState:
    """Return where a bill is that is neither cancelled nor disputed."""
    settled = paid_minor + elsewhere_minor
    return BillState.OPEN if settled <= 0 else BillState.PARTLY_PAID if settled < amount_minor else BillState.PAID


def _said(money: Money) -> dict[str, object]:
    return {"amount": money.decimal_text(), "currency": money.currency.code}

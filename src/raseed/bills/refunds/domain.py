"""Refunds as plain values, what is refused about them, and which bills a refund takes money back from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, PermissionRefused, RaseedError, mark
from raseed.kernel.money import Money
from raseed.payments.api import reference_of

from ..domain import Part, PartKind


class RefundNotDelegated(PermissionRefused):
    """The clerk sees what is collected, and may refund nothing."""

    code = "refund_not_delegated"
    sentence = mark("You may look at payments, but not refund them.")
    hint = mark("Ask the bank to delegate refunds to you, with the amounts that suit your work.")


class RefundAboveLimit(PermissionRefused):
    """More than the clerk may give back at once; ``amount`` is the most."""

    code = "refund_above_limit"
    sentence = mark("You may refund at most %(amount)s %(currency)s at once.")
    hint = mark("Refund less, or ask the bank to refund it.")


class RefundAboveDayLimit(PermissionRefused):
    """More than is left of what the clerk may give back today; ``amount`` is what is left."""

    code = "refund_above_day_limit"
    sentence = mark("Of what you may refund today, %(amount)s %(currency)s are left.")
    hint = mark("Go on tomorrow, or ask the bank to refund it.")


class RefundNeedsSecondPerson(PermissionRefused):
    """More than staff of the bank give back alone."""

    code = "refund_needs_second_person"
    sentence = mark("A refund of this size needs a second person.")
    hint = mark("Propose it; a colleague confirms it.")


class RefundTooMuch(InputError):
    """More than is left of what was paid; ``amount`` is what is left."""

    code = "refund_too_much"
    sentence = mark("Of this payment, %(amount)s %(currency)s can still be refunded.")
    hint = mark("Enter that amount or less.")


class RefundAmountNeeded(InputError):
    """No amount, or none above zero."""

    code = "refund_amount_needed"
    sentence = mark("Say how much is to be refunded.")
    hint = mark("Enter an amount above zero.")


class NotRefundable(RaseedError):
    """The payment has not ended with the biller's yes, so there is nothing to give back."""

    code = "not_refundable"
    sentence = mark("Only what was paid can be refunded, and this payment was not.")
    hint = mark("Look at the payment again: it may still be on its way, or was returned.")


class RefundNotCovered(RaseedError):
    """The biller's collection account does not hold the money."""

    code = "refund_not_covered"
    sentence = mark("There is not enough money in the collection account for this refund. Nothing was moved.")
    hint = mark("Wait until more has been collected, or pay money in.")


class PayerCannotReceive(RaseedError):
    """The account that paid is closed or blocked."""

    code = "refund_payer_account_closed"
    sentence = mark("The account that paid can't receive money any more. Nothing was moved.")
    hint = mark("Ask the bank how the customer can be reached.")


class CollectionAccountBlocked(RaseedError):
    """The biller's own account is blocked or closed."""

    code = "refund_collection_account_blocked"
    sentence = mark("The biller's collection account is blocked at present. Nothing was moved.")
    hint = mark("Ask the bank.")


class RefundDiffers(Conflict):
    """A refund's id came again with other content."""

    code = "refund_differs"
    sentence = mark("This identifier already belongs to another refund.")
    hint = mark("Look at that one; to refund something else, begin again.")


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of a payment to a biller that went back to its payer.

    Attributes:
        order_id: the payment's, which is also its order's.
        actor: who gave it, as the audit trail names them; ``clerk`` is the member of staff's id, where a clerk did.
        reason: the giver's words, for the biller and the bank.
        reopens: whether the bill can be paid again; else it counts as paid.
        transfer_id: the ledger's.
        booked_on: the business date that it counts for.
    """

    id: UUID
    order_id: UUID
    biller_id: UUID
    amount: Money
    actor: str
    clerk: UUID | None
    reason: str
    reopens: bool
    at: datetime
    transfer_id: UUID
    booked_on: date

    @property
    def order_reference(self) -> str:
        """The ten characters of the payment that people quote."""
        return reference_of(self.order_id)


def refundable_minor(parts: Sequence[Part], amount_minor: int) -> int:
    """Return how much of a paid order can go back in all: what is kept as credit is used, never paid out."""
    return amount_minor - sum(part.amount.amount_minor for part in parts if part.kind is PartKind.CREDIT)


def taken_back(parts: Sequence[Part], before_minor: int, amount_minor: int) -> Mapping[UUID, int]:
    """Return what one more refund takes back from which bills: the last bill first, penalties after all bills.

    It depends on the sum of the refunds before it only, so however a sum is divided, each bill gives the same.
    """
    after, before = _from_bills(parts, before_minor + amount_minor), _from_bills(parts, before_minor)
    return {
        bill_id: minor - before.get(bill_id, 0) for bill_id, minor in after.items() if minor > before.get(bill_id, 0)
    }


def penalties_back(parts: Sequence[Part], refunds: Iterable[tuple[int, bool]]) -> frozenset[UUID]:
    """Return the bills whose penalty went back whole, to be paid again: given each refund's amount and whether it reopens.

    The last penalty first, as with bills. One of which a part went back stays settled: it is not asked for in pieces.
    """
    before = back = 0
    for minor, reopens in refunds:
        if reopens:
            back += minor - sum(taken_back(parts, before, minor).values())
        before += minor
    nets: dict[UUID, int] = {}
    for part in parts:
        if part.kind in (PartKind.PENALTY, PartKind.WAIVER) and part.bill_id is not None:
            nets[part.bill_id] = nets.get(part.bill_id, 0) + part.signed_minor
    whole: set[UUID] = set()
    for bill_id, net in reversed(nets.items()):
        if net > back:
            break
        if net:
            whole.add(bill_id)
            back -= net
    return frozenset(whole)


def _from_bills(parts: Sequence[Part], minor: int) -> dict[UUID, int]:
    taken: dict[UUID, int] = {}
    for part in reversed(parts):
        if part.kind is PartKind.BILL and part.bill_id is not None and minor:
            share = min(part.amount.amount_minor, minor)
            taken[part.bill_id] = taken.get(part.bill_id, 0) + share
            minor -= share
    return taken

"""Refunds by staff of the bank that one person does not give alone: proposed by one, confirmed by another (``people``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..domain import BillOrder, OrderState
from ..errors import BillOrderUnknown
from ..permissions import CONFIRM_REFUNDS, REFUND
from ..queries import biller
from ..rows import orders_by_id
from .domain import NotRefundable, RefundAmountNeeded, RefundTooMuch, refundable_minor
from .reading import refunded_minor
from .refunding import Asked, give_back

KIND_CODE: Final = "bills.refund"
_PAYLOAD: Final = {"amount_minor", "reopens"}


def propose_refund(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    order_id: UUID,
    amount: Money,
    reason: str,
    by: Author,
    reopens: bool = True,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose a refund for a second person to confirm; its id is the change's.

    Raises:
        BillOrderUnknown, NotRefundable, RefundAmountNeeded, RefundTooMuch: as ``refund``.
        NotPermitted: ``by`` lacks ``bills.refund``. As ``people.propose_change``.
    """
    order = _order(order_id)
    people.require(by, REFUND, order.institution_id)
    if amount.currency != order.amount.currency:
        raise RefundAmountNeeded(field="amount")
    return people.propose_change(
        id=id,
        kind=KIND_CODE,
        institution_id=order.institution_id,
        subject=f"payment:{order_id}",
        payload={"amount_minor": amount.amount_minor, "reopens": reopens},
        reason=reason,
        by=by,
        clock=clock,
    )


def _order(order_id: UUID) -> BillOrder:
    found = orders_by_id([order_id]).get(order_id)
    if found is None:
        raise BillOrderUnknown(field="order_id")
    return found


def _check(change: Change) -> None:
    payload = change.payload
    if set(payload) != _PAYLOAD or type(payload["amount_minor"]) is not int or type(payload["reopens"]) is not bool:
        raise InputError(field="payload")
    order = _order(change.subject_id)
    if order.institution_id != change.institution_id:
        raise BillOrderUnknown(field="order_id")
    if order.state is not OrderState.PAID:
        raise NotRefundable(field="order_id")
    if payload["amount_minor"] <= 0:
        raise RefundAmountNeeded(field="amount")
    left = Money(
        refundable_minor(order.parts, order.amount.amount_minor) - refunded_minor(order.id), order.amount.currency
    )
    if payload["amount_minor"] > left.amount_minor:
        raise RefundTooMuch(field="amount", amount=left.decimal_text(), currency=left.currency.code)


def _current(change: Change) -> AuditFacts:
    return {"refunded_minor": refunded_minor(change.subject_id)}


def _apply(change: Change) -> None:
    order = _order(change.subject_id)
    asked = Asked(
        id=change.id,
        order_id=order.id,
        amount=Money(change.payload["amount_minor"], order.amount.currency),
        reason=change.reason,
        reopens=change.payload["reopens"],
        actor=change.proposed_by,
        unlimited=True,
    )
    try:
        with transaction.atomic():
            give_back(asked, SYSTEM_CLOCK)
    except ledger.LedgerBusy as busy:
        raise banking.BooksBusy from busy


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    order = _order(change.subject_id)
    money = order.amount.currency
    before = change.before.get("refunded_minor")
    was = before if isinstance(before, int) else 0
    with override(language):
        return [
            ChangeLine(gettext("Biller"), "", biller(order.biller_id).name(language)),
            ChangeLine(gettext("Payment"), "", payments.reference_of(order.id)),
            ChangeLine(gettext("Paid"), "", platform.money_text(order.amount, language)),
            ChangeLine(
                gettext("Refunded"),
                platform.money_text(Money(was, money), language),
                platform.money_text(Money(was + change.payload["amount_minor"], money), language),
            ),
            ChangeLine(
                gettext("The bill"),
                "",
                gettext("Can be paid again") if change.payload["reopens"] else gettext("Stays paid"),
            ),
        ]


def _customer_of(change: Change) -> UUID | None:
    return _order(change.subject_id).customer_id


KIND: Final = ChangeKind(
    code=KIND_CODE,
    words=mark("Refund of a payment to a biller"),
    permission=REFUND,
    confirm_permission=CONFIRM_REFUNDS,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
    customer_of=_customer_of,
)

"""A receipt on paper: one page in the reader's language, with the QR code by which a stranger checks it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.banking.api import Slip, SlipFact, SlipPart
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import LOWERING, PART_WORDS, Biller, BillOrder
from ..models import BillRow
from ..queries import biller
from ..rows import orders_by_id
from .issuing import Receipt, receipt
from .squares import QUIET, runs_of, squares_of

SCAN_PATH: Final = "/r/"
"""The public page below an origin; the signed text of a receipt follows."""
HAND_PATH: Final = "/receipts/check"
"""The public page on which number and code are typed."""


def receipt_pdf(
    payment_id: UUID, customer_id: UUID, *, language: str, origin: str, clock: Clock = SYSTEM_CLOCK
) -> bytes:
    """Return the receipt of a payment that this customer made, or that has reached them, as a PDF of one page.

    Args:
        payment_id: which payment.
        customer_id: who asks; names stand on it as this customer may read them.
        language: of the page.
        origin: where everybody finds the pages (``https://pay.example``).
        clock: tells when it is made.

    Raises:
        PaymentUnknown, NoReceiptYet, ReceiptKeyMissing: as ``receipt``.
    """
    of = receipt(payment_id, customer_id, clock=clock)
    with override(language):
        return banking.slip_pdf(_slip(of, customer_id, language, origin, clock))


def scan_address(text: str, origin: str) -> str:
    """Return what the QR code of a receipt holds: in capitals, which it packs most tightly; the page knows itself so too."""
    return f"{origin}{SCAN_PATH}".upper() + text


def _slip(of: Receipt, customer_id: UUID, language: str, origin: str, clock: Clock) -> Slip:
    payment, house = of.payment, people.institution(of.institution_id)
    owner = people.customer(customer_id)
    order = orders_by_id([payment.id]).get(payment.id) if payment.actor_customer_id == customer_id else None
    whom = biller(order.biller_id) if order else None
    squares = squares_of(scan_address(of.text, origin))
    return Slip(
        language=language,
        digits=platform.reader_digits(language, owner.digits),
        country=house.country,
        zone=house.zone,
        institution=people.display_name(house, language),
        title=gettext("Receipt"),
        state=_state(of, customer_id),
        remark=gettext("This payment was given back since, wholly or in part.") if of.given_back else "",
        amount=payment.amount,
        facts=tuple(_facts(of, customer_id, language, order, whom)),
        parts_title=gettext("What was paid"),
        parts=_parts(order),
        steps_title=gettext("What happened"),
        steps=tuple((step.at, payments.step_words(step, language)) for step in payment.timeline),
        check_title=gettext("Is this receipt genuine?"),
        check=(
            (gettext("Scan the code. The page that opens says whether the receipt is genuine, to anybody, without sign-in."), ""),
            (gettext("Or type number and code on this page:"), ""),
            ("", origin.partition("//")[2] + HAND_PATH),
            (gettext("Receipt number"), of.number),
            (gettext("Code"), of.code_shown),
        ),
        squares=tuple((y + QUIET, x + QUIET, length) for y, x, length in runs_of(squares)),
        squares_of=len(squares) + 2 * QUIET,
        made_at=clock.now(),
    )  # fmt: skip


def _state(of: Receipt, customer_id: UUID) -> str:
    if of.payment.actor_customer_id != customer_id:
        return gettext("Received")
    return gettext("Paid")


def _facts(
    of: Receipt, customer_id: UUID, language: str, order: BillOrder | None, whom: Biller | None
) -> list[SlipFact]:
    payment = of.payment
    outgoing = payment.actor_customer_id == customer_id
    other = payments.counterparties([payment], customer_id=customer_id, language=language)[payment.id]
    facts = [SlipFact(gettext("To") if outgoing else gettext("From"), other)]
    if order is not None and whom is not None:
        facts += [
            SlipFact(field.name(language), str(order.values[field.code]), is_code=True)
            for field in whom.fields[:2]
            if order.values.get(field.code)
        ]
        if order.biller_reference:
            facts.append(SlipFact(gettext("The biller's reference"), order.biller_reference, is_code=True))
    if outgoing:
        facts.append(SlipFact(gettext("From"), _source(of, language)))
        free = gettext("Free by the schedule of fees") if payment.fee.amount_minor == 0 else ""
        facts.append(SlipFact(gettext("Fee"), payment.fee, note=free))
    if payment.note:
        facts.append(SlipFact(gettext("Note"), payment.note))
    day = platform.date_text(of.facts.settled_on, language, country=people.institution(of.institution_id).country)
    facts.append(SlipFact(gettext("Settled on"), day))
    facts.append(SlipFact(gettext("Our reference"), of.number, is_code=True))
    return facts


def _source(of: Receipt, language: str) -> str:
    account = banking.account(of.payment.from_account_id)
    return account.name or account.product.name(language)


def _parts(order: BillOrder | None) -> tuple[SlipPart, ...]:
    """Return the parts of what was paid; none where there is only one, which the amount says already."""
    if order is None or len(order.parts) < 2:  # noqa: PLR2004  (one part is the amount)
        return ()
    ids = {part.bill_id for part in order.parts if part.bill_id}
    rows = BillRow.objects.filter(id__in=ids).values_list("id", "period", "number")
    names: dict[UUID | None, str] = {id_: period or number for id_, period, number in rows}
    return tuple(
        SlipPart(gettext(PART_WORDS[each.kind]), each.amount, each.kind in LOWERING, names.get(each.bill_id, ""))
        for each in order.parts
    )

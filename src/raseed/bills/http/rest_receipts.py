"""Receipts at the management API: the signed text of a payment that has settled, and its page."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from ninja import Path

from raseed.payments import api as payments
from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import Given, Id, MoneyGiven
from raseed.platform.rest.routes import Resource

from .. import api as bills_api

receipts = Resource(
    "Receipts", "What a payment that has settled is proven by: a signed text, and a page with its QR code."
)
SEE_OWN: Final = "people.self.view"
PDF: Final = "application/pdf"
PDF_COST: Final = 5


class ReceiptGiven(Given):
    """A receipt. `text` is signed (docs/formats/receipt.md); `address` is what its QR code holds; anybody may check both."""

    payment_id: UUID
    number: str
    code: str
    text: str
    address: str
    key: str
    institution: str
    settled_on: date
    amount: MoneyGiven
    biller: str | None
    given_back: MoneyGiven | None


@receipts.get("/payments/{payment_id}/receipt", own=SEE_OWN, answer=ReceiptGiven, refuses=(404, 409, 503))
def show_receipt(request: ApiRequest, payment_id: Path[Id]) -> ReceiptGiven:
    """Show the receipt of a payment that the key's holder made or received, and that has settled."""
    found = _receipt(request, payment_id)
    return ReceiptGiven(
        payment_id=payment_id,
        number=found.number,
        code=found.code,
        text=found.text,
        address=bills_api.scan_address(found.text, _origin(request)),
        key=found.key_id,
        institution=found.facts.institution,
        settled_on=found.facts.settled_on,
        amount=MoneyGiven.of(found.facts.amount),
        biller=found.facts.payee or None,
        given_back=None if found.given_back is None else MoneyGiven.of(found.given_back),
    )


@receipts.get(
    "/payments/{payment_id}/receipt.pdf", own=SEE_OWN, answer=None, refuses=(404, 409, 503), gives=(PDF,), cost=PDF_COST
)
def receipt_document(request: ApiRequest, payment_id: Path[Id]) -> HttpResponse:
    """Give the receipt of a payment as a PDF of one page, with its QR code."""
    found = _receipt(request, payment_id)
    assert request.caller.customer_id is not None, "only customers' keys come here"
    data = bills_api.receipt_pdf(
        payment_id, request.caller.customer_id, language=request.language, origin=_origin(request)
    )
    response = HttpResponse(data, content_type=PDF)
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{found.number}.pdf"'
    return response


def _receipt(request: ApiRequest, payment_id: UUID) -> bills_api.Receipt:
    assert request.caller.customer_id is not None, "only customers' keys come here"
    found = payments.payment(payment_id, request.caller.customer_id)
    receipt = bills_api.receipt_of(found)
    if receipt.institution_id != request.caller.institution_id:
        raise payments.PaymentUnknown(field="payment_id")
    return receipt


def _origin(request: ApiRequest) -> str:
    return settings.PUBLIC_ADDRESS or request.build_absolute_uri("/").rstrip("/")

"""Is a receipt genuine? A public page for whoever scans it or types it, the keys for whoever checks alone, and its PDF."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.bills import api as bills
from raseed.people import api as people
from raseed.web.network import client_address
from raseed.web.receipts import origin_of
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from raseed.web.requests import PageRequest

VISIT: Final = "receipt"
WRONG_MAX: Final = people.VisitLimit(count=60, window=timedelta(hours=1))
"""How many receipts that are none a network may ask about: who guesses codes comes no further."""
PASTED_MAX: Final = 600
"""Characters of what is pasted into the form that are looked at: an address with the text of a receipt."""
KEYS_MAX_AGE_S: Final = 3600


@require_safe
def scanned(request: PageRequest, text: str) -> HttpResponseBase:
    """Say whether the receipt whose text the address ends with is genuine."""
    return _said(request, *_checked(request, text=text))


@require_safe
def typed(request: PageRequest) -> HttpResponseBase:
    """Take number and code, or the whole text, from whoever can't scan, and say whether there is such a receipt."""
    number, code = request.GET.get("number", ""), request.GET.get("code", "")
    pasted = request.GET.get("text", "").strip()[:PASTED_MAX]
    if pasted:
        return _said(request, *_checked(request, text=pasted.rpartition("/")[2]), pasted=pasted)
    if number.strip() or code.strip():
        return _said(request, *_checked(request, number=number, code=code), number=number, code=code)
    return render(request, "web/check_receipt.html")


def _checked(
    request: HttpRequest, *, text: str = "", number: str = "", code: str = ""
) -> tuple[bills.Genuine | bills.NotGenuine, int]:
    """Return what is to be said, and with which status. What turns out to be wrong counts against its network."""
    address = client_address(request)
    people.count_visit(VISIT, address, limit=WRONG_MAX)
    found = bills.check_receipt(text) if text else bills.check_receipt_by_hand(number, code)
    if isinstance(found, bills.Genuine):
        people.forget_visit(VISIT, address)
        return found, 200
    return found, 404


def _said(
    request: PageRequest, found: bills.Genuine | bills.NotGenuine, status: int, **entered: str
) -> HttpResponseBase:
    """Say what was found: in the words of the receipt, and no more."""
    if isinstance(found, bills.NotGenuine):
        words = gettext(bills.DOUBT_WORDS[found.doubt])
        return render(
            request, "web/check_receipt.html", status=status, doubt=words, by_hand="number" in entered, **entered
        )
    house = people.institution(found.institution_id)
    facts = found.facts
    payee = ""
    if facts.kind is bills.ReceiptKind.BILL:
        payee = bills.biller_by_code(house.id, facts.payee).name(request.reader.language)
    return render(
        request,
        "web/check_receipt.html",
        status=status,
        facts=facts,
        payee=payee,
        issuer=people.display_name(house, request.reader.language),
        country=house.country,
        since=found.since.value,
    )


@require_safe
def keys(request: HttpRequest) -> HttpResponseBase:
    """Publish the keys that receipts were ever signed with, for whoever checks without asking us."""
    del request
    found = bills.receipt_keys()
    slugs = {one: people.institution(one).slug for one in {each.institution_id for each in found}}
    told = [
        {
            "key": each.key_id,
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(each.public_key).decode("ascii"),
            "institution": slugs[each.institution_id].upper(),
            "valid_from": each.valid_from.isoformat(timespec="seconds"),
            "valid_until": each.valid_until.isoformat(timespec="seconds") if each.valid_until else None,
            "revoked": each.revoked,
        }
        for each in found
    ]
    response = JsonResponse({"keys": told})
    response.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
@signed_in
def receipt_file(request: CustomerRequest, payment_id: UUID) -> HttpResponseBase:
    """Send the receipt of a payment as a PDF of one page."""
    data = bills.receipt_pdf(
        payment_id,
        request.customer.id,
        language=request.reader.language,
        origin=origin_of(request),
    )
    response = HttpResponse(data, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{payment_id.hex[-10:].upper()}.pdf"'
    return response

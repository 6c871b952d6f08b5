"""One payment as its biller sees it: its parts, what went back of it, and the biller's own signed yes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import NotFound, mark
from raseed.people import api as people
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only
from raseed.web.bills import named_values, shown_parts
from raseed.web.office.naming import name_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.http.response import HttpResponseBase


class NothingSigned(NotFound):
    """The biller's answer to this payment came by file, without a signature."""

    code = "nothing_signed"
    sentence = mark("There is no signed answer to this payment.")
    hint = mark("Billers who are spoken with by files sign nothing.")


@require_safe
@clerk_only()
def one(request: ClerkRequest, payment_id: UUID) -> HttpResponseBase:
    """Show a payment; of another biller's, there is none."""
    found = bills.collection(request.biller.id, payment_id)
    return render(
        request,
        "payment.html",
        tab="search",
        one=found,
        values=named_values(request.biller, dict(found.values), request.reader),
        parts=shown_parts(found.parts, dict(found.bills)),
        bill_states=[(bill, gettext(bills.BILL_STATE_WORDS[bill.state])) for bill in found.bills.values()],
        refunds=shown_refunds(found.refunds, request.reader.language),
        may_refund=request.clerk.may_refund and found.refundable.amount_minor > 0,
        yes=bills.signed_yes(request.biller.id, payment_id),
        done="done" in request.GET,
    )


@require_safe
@clerk_only()
def proof(request: ClerkRequest, payment_id: UUID) -> HttpResponseBase:
    """Hand out the biller's signed answer as a file."""
    return proof_file(bills.collection(request.biller.id, payment_id), request.biller)


def proof_file(found: bills.Collection, biller: bills.Biller) -> HttpResponse:
    """Return the file that proves a payment: what was signed, the signature, and of which payment it is.

    Raises:
        NothingSigned: nothing was.
    """
    yes = bills.signed_yes(biller.id, found.id)
    if yes is None:
        raise NothingSigned
    told = {
        "payment": str(found.id),
        "biller": biller.code,
        "amount": found.amount.decimal_text(),
        "currency": found.amount.currency.code,
        "biller_reference": found.biller_reference,
        "key_id": yes.key_id,
        "signed_at": yes.at.isoformat() if yes.at else None,
        "signature_base": yes.kept.get("base", ""),
        "signature": yes.kept.get("signature", ""),
        "body": yes.kept.get("body", ""),
    }
    response = HttpResponse(json.dumps(told, ensure_ascii=False, indent=1) + "\n", content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="payment-{found.our_reference}.json"'
    return response


def shown_refunds(found: Iterable[bills.Refund], language: str) -> list[tuple[bills.Refund, str]]:
    """Return refunds with who gave each, as a clerk may know: a colleague by name, anyone of the bank as the bank."""
    names: dict[UUID, str] = {}
    shown = []
    for each in found:
        if each.clerk is None:
            shown.append((each, gettext("The bank")))
            continue
        if each.clerk not in names:
            names[each.clerk] = name_in(people.staff(each.clerk).names, language)
        shown.append((each, names[each.clerk]))
    return shown

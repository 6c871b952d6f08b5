"""My payments: what the customer has sent, newest first, with its state and, where it was refused, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.receipts import to_shown
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http.response import HttpResponseBase


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment in a list. ``number`` is set in place of ``other`` where all that is known of it is the number."""

    payment: payments.Payment
    other: str
    number: str
    country: str
    why: str

    @property
    def settled(self) -> bool:
        """Whether the money has arrived."""
        return self.payment.state is payments.PaymentState.SETTLED

    @property
    def refused(self) -> bool:
        """Whether it was refused or given back, and no money moved."""
        return self.payment.state in (payments.PaymentState.REFUSED, payments.PaymentState.RETURNED)


@require_safe
@signed_in
def payments_page(request: CustomerRequest) -> HttpResponseBase:
    """Show a page of payments; each leads to its receipt, where its timeline stands."""
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    page = payments.payments_of(request.customer.id, before=before)
    return render(
        request,
        "web/payments.html",
        tab="send",
        payments=_shown(page.payments, request),
        next=page.next.text() if page.next else "",
        older=before is not None,
    )


def _shown(found: Sequence[payments.Payment], request: CustomerRequest) -> list[ShownPayment]:
    reader = request.reader
    names = payments.counterparties(found, customer_id=request.customer.id, language=reader.language)
    sources = banking.accounts({each.from_account_id for each in found}, with_aliases=False)
    keepers = {one: people.institution(one) for one in {each.institution_id for each in sources.values()}}
    lines = []
    for each in found:
        name, refusal = names[each.id], each.refusal
        nameless = name == each.to.value
        lines.append(
            ShownPayment(
                each,
                "" if nameless else name,
                to_shown(each.to) if nameless else "",
                keepers[sources[each.from_account_id].institution_id].country,
                platform.translate_error(refusal, reader.language, digits=reader.digits).message if refusal else "",
            )
        )
    return lines

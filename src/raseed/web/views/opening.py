"""Opening an account: a wallet under the customer's own phone number, a current account or savings at a bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.people import api as people
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in
from raseed.web.terms import Term, fee_lines, rate_text

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that the customer may choose.

    ``interest`` is its yearly rate, empty where it has none; ``fees`` are those that cost something.
    """

    product: banking.Product
    name: str
    institution_name: str
    interest: str
    fees: tuple[Term, ...]

    @property
    def is_wallet(self) -> bool:
        """Whether it is a wallet."""
        return self.product.kind is banking.ProductKind.WALLET


def offers(customer: people.Customer, reader: Reader) -> list[Offer]:
    """Return what the customer may open: wallets where they have none yet, current accounts, savings. Loans are granted."""
    mine = {a.product.id for a in banking.accounts_of(customer.id) if a.state is not banking.AccountState.CLOSED}
    now = SYSTEM_CLOCK.now()
    found = [
        _offer(product, institution, banking.terms_of(product.id, banking.business_date(institution.id, now)), reader)
        for institution in people.institutions()
        for product in banking.products_of(institution.id)
        if product.kind not in (banking.ProductKind.LOAN, banking.ProductKind.COLLECTION)
    ]
    return [offer for offer in found if not (offer.is_wallet and offer.product.id in mine)]


def _offer(product: banking.Product, institution: people.Institution, terms: banking.Terms, reader: Reader) -> Offer:
    dear = {fee.event.value for fee in terms.fees if fee.amount.amount_minor}
    return Offer(
        product,
        product.name(reader.language),
        people.display_name(institution, reader.language),
        rate_text(terms.annual_rate_ppm, reader) if terms.annual_rate_ppm else "",
        tuple(line for line in fee_lines(terms, reader) if line.code in dear),
    )


def _form(
    request: CustomerRequest, account_id: str, found: list[Offer], error: RaseedError | None = None, chosen: str = ""
) -> HttpResponse:
    return render(
        request,
        "web/open.html",
        status=400 if error else 200,
        tab="home",
        offers=found,
        account_id=account_id,
        chosen=chosen,
        phone_shown=people.phone_text(request.customer.phone),
        errors={"offer": words(request, error)} if error else {},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def open_page(request: CustomerRequest) -> HttpResponseBase:
    """Offer what may be opened; open it. The account's id is made with the form: sent twice, it is opened once."""
    found = offers(request.customer, request.reader)
    if request.method != "POST":
        return _form(request, str(new_id()), found)
    chosen, text = request.POST.get("offer", ""), request.POST.get("id", "")
    try:
        account = _open(request, parse_id(text), chosen)
    except InvalidId as error:
        return _form(request, str(new_id()), found, error, chosen)
    except RaseedError as error:
        return _form(request, text, found, error, chosen)
    return HttpResponseRedirect(f"{reverse('statement', args=[account.id])}?opened=1", status=303)


def _open(request: CustomerRequest, account_id: UUID, chosen: str) -> banking.BankAccount:
    try:
        product = banking.product(parse_id(chosen))
    except InvalidId:
        raise banking.ProductNotOffered(field="offer") from None
    customer, actor = request.customer, f"customer:{request.customer.id}"
    people.join_institution(customer_id=customer.id, institution_id=product.institution_id, actor=actor)
    return banking.open_account(id=account_id, product_id=product.id, owner_id=customer.id, by=people.Author(actor))

"""Products and their terms: limits, fees, interest, dormancy."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Path, Query
from pydantic import WithJsonSchema

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import Currency, Money
from raseed.people.api import Author
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import Currency as CurrencyCode
from raseed.platform.rest.fields import Day, Given, Id, MoneyGiven, Names, Taken
from raseed.platform.rest.routes import Resource

from .. import api as banking

products = Resource("Products", "What the key's institution offers, and on which terms.")
VIEW = "banking.accounts.view"
SEE_OWN = "people.self.view"


class ProductGiven(Given):
    """A product; ``code`` tells the products of a kind apart."""

    id: UUID
    kind: Literal["wallet", "current", "savings", "loan", "collection"]
    code: str
    currency: CurrencyCode
    names: Names


class ProductList(Given):
    """Products, the oldest offer first."""

    products: list[ProductGiven]


class LimitsGiven(Given):
    """The most that may leave an account; null: no limit of that sort."""

    per_transfer: MoneyGiven | None
    per_day: MoneyGiven | None


class FeeGiven(Given):
    """What something costs; ``valid_from`` is null where nothing was ever set, and it is zero for that."""

    event: str
    amount: MoneyGiven
    valid_from: date | None


class TermsGiven(Given):
    """All that a product's accounts are subject to on a date; the yearly rate is in millionths."""

    product: ProductGiven
    on: date
    limits: LimitsGiven
    fees: list[FeeGiven]
    annual_rate_ppm: int
    dormant_after_months: int | None


class OnDay(Taken):
    """A date; today by the institution's zone, if it is left out."""

    on: Annotated[Day | None, WithJsonSchema({"type": "string", "format": "date", "example": "2026-01-31"})] = None


@products.get("/products", permission=VIEW, own=SEE_OWN, answer=ProductList)
def list_products(request: ApiRequest) -> ProductList:
    """List what the institution offers."""
    found = banking.products_of(request.caller.institution_id)
    return ProductList(products=[product_given(each) for each in found])


@products.get("/products/{product_id}", permission=VIEW, own=SEE_OWN, answer=ProductGiven)
def show_product(request: ApiRequest, product_id: Path[Id]) -> ProductGiven:
    """Show a product."""
    return product_given(_product_here(request.caller, product_id))


@products.get("/products/{product_id}/terms", permission=VIEW, own=SEE_OWN, answer=TermsGiven)
def show_terms(request: ApiRequest, product_id: Path[Id], asked: Query[OnDay]) -> TermsGiven:
    """Show a product's limits, its whole fee schedule with every zero in it, its rate of interest and when accounts sleep.

    They are changed by two people: see Changes, kinds `banking.limits`, `banking.fees` and `banking.rates`.
    """
    here = _product_here(request.caller, product_id)
    on = asked.on or banking.business_date(here.institution_id, SYSTEM_CLOCK.now())
    terms = banking.terms_of(product_id, on)
    return TermsGiven(
        product=product_given(terms.product),
        on=terms.on,
        limits=limits_given(terms.limits, terms.product.currency),
        fees=[
            FeeGiven(event=fee.event.value, amount=MoneyGiven.of(fee.amount), valid_from=fee.valid_from)
            for fee in terms.fees
        ],
        annual_rate_ppm=terms.annual_rate_ppm,
        dormant_after_months=terms.dormant_after_months,
    )


def product_given(product: banking.Product) -> ProductGiven:
    """Return a product as it goes over the wire."""
    return ProductGiven(
        id=product.id,
        kind=product.kind.value,
        code=product.code,
        currency=product.currency.code,
        names=dict(product.names),
    )


def limits_given(limits: banking.Limits, currency: Currency) -> LimitsGiven:
    """Return limits as they go over the wire."""

    def money(minor: int | None) -> MoneyGiven | None:
        return None if minor is None else MoneyGiven.of(Money(minor, currency))

    return LimitsGiven(per_transfer=money(limits.per_transfer_minor), per_day=money(limits.per_day_minor))


def author_of(request: ApiRequest) -> Author:
    """Return who asks, as services take them."""
    author: Author = request.caller.author
    return author


def _product_here(caller: Caller, product_id: UUID) -> banking.Product:
    """Return a product of the caller's institution.

    Raises:
        ProductNotOffered: it is none.
    """
    found = banking.product(product_id)
    if found.institution_id != caller.institution_id:
        raise banking.ProductNotOffered
    return found

"""Keys, institutions and customers at the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_TEXT, LANGUAGE_NAMES, Given, Id, Names, Reason, Taken, text, whole
from raseed.platform.rest.paging import Page, Paging
from raseed.platform.rest.routes import Resource

from .. import api as people
from ..permissions import CUSTOMERS_EDIT, CUSTOMERS_VIEW, SELF_VIEW

keys = Resource("Key", "The key that you ask with.")
institutions = Resource("Institutions", "Issuers of wallets, banks and utilities that keep their books here.")
customers = Resource("Customers", "Persons who are customers of the key's institution.")

SEARCH_LENGTH_MAX = 100
_FOUND_MAX = 100
NamesTaken = Annotated[
    dict[Literal["ar", "he", "en"], Annotated[str, text(120)]], Field(min_length=1), WithJsonSchema(LANGUAGE_NAMES)
]
Language = Literal["ar", "he", "en"]
Holder = Literal["staff", "customer", "institution"]


class KeyGiven(Given):
    """Whose key it is and what it may do."""

    id: UUID
    holder: Holder
    institution_id: UUID
    customer_id: UUID | None
    permissions: list[str]


class InstitutionGiven(Given):
    """An institution; ``zone`` is where its business dates are (IANA)."""

    id: UUID
    slug: str
    names: Names
    kind: str
    country: str
    zone: str
    currency: str


class InstitutionList(Given):
    """Institutions, in order of their short names."""

    institutions: list[InstitutionGiven]


class CustomerGiven(Given):
    """A customer; ``phone`` is in E.164."""

    id: UUID
    names: Names
    phone: str
    language: Language
    created_at: datetime


class CustomerList(Page):
    """Customers, the oldest first."""

    customers: list[CustomerGiven]


class CustomersFound(Given):
    """Customers, the closest first; ``more``: others fit as well, so search for more of the name."""

    customers: list[CustomerGiven]
    more: bool


class NewCustomer(Taken):
    """A person to be registered; the phone number may be national, in the institution's region."""

    names: NamesTaken
    phone: Annotated[str, text(40, example="+201001234567")]
    language: Language


class NewNames(Taken):
    """The names in place of all names before, and why."""

    names: NamesTaken
    reason: Reason


class NewLanguage(Taken):
    """The language that the customer reads."""

    language: Language


class Search(Taken):
    """Any part of a name, of a phone number, or a whole civil id."""

    text: Annotated[str, text(SEARCH_LENGTH_MAX, example="محمد")]
    limit: Annotated[int, whole(1, _FOUND_MAX), FROM_TEXT] = 20


@keys.get("/key", anyone=True, answer=KeyGiven)
def show_key(request: ApiRequest) -> KeyGiven:
    """Show whose key this is, and what it may do."""
    caller = request.caller
    author: people.Author = caller.author
    return KeyGiven(
        id=caller.key_id,
        holder=cast(Holder, (author.holder or "").partition(":")[0]),
        institution_id=caller.institution_id,
        customer_id=caller.customer_id,
        permissions=sorted(author.permissions.get(caller.institution_id, ())),
    )


@institutions.get("/institutions", anyone=True, answer=InstitutionList)
def list_institutions(request: ApiRequest) -> InstitutionList:
    """List the institutions; to a customer's key, those whose customer its holder is."""
    customer_id = request.caller.customer_id
    found = people.institutions() if customer_id is None else people.institutions_of(customer_id)
    return InstitutionList(institutions=[_institution(each) for each in found])


@institutions.get("/institutions/{institution_id}", anyone=True, answer=InstitutionGiven)
def show_institution(request: ApiRequest, institution_id: Path[Id]) -> InstitutionGiven:
    """Show an institution."""
    del request
    return _institution(people.institution(institution_id))


@customers.get("/customers", permission=CUSTOMERS_VIEW, answer=CustomerList, refuses=(422,))
def list_customers(request: ApiRequest, page: Query[Paging]) -> CustomerList:
    """List the institution's customers."""
    found, marker = people.customers_of(request.caller.institution_id, after=page.after, limit=page.limit)
    return CustomerList(customers=[_customer(each) for each in found], next=marker)


@customers.get("/customers/search", permission=CUSTOMERS_VIEW, answer=CustomersFound)
def search_customers(request: ApiRequest, search: Query[Search]) -> CustomersFound:
    """Find customers by any part of a name or phone number, or by a whole civil id.

    Alef, hamza, ta marbuta, diacritics and the script of digits are forgiven.
    """
    caller = request.caller
    found = people.search_customers(
        search.text, institution_id=caller.institution_id, limit=search.limit, by=caller.author
    )
    return CustomersFound(customers=[_customer(each) for each in found.customers], more=found.more)


@customers.get("/customers/{customer_id}", permission=CUSTOMERS_VIEW, own=SELF_VIEW, answer=CustomerGiven)
def show_customer(request: ApiRequest, customer_id: Path[Id]) -> CustomerGiven:
    """Show a customer."""
    return _customer(customer_here(request.caller, customer_id))


@customers.put(
    "/customers/{customer_id}", permission=CUSTOMERS_EDIT, answer=CustomerGiven, refuses=(409, 422),
    example={"names": {"ar": "ليلى حسن", "en": "Laila Hassan"}, "phone": "+201001234567", "language": "ar"},
    links={"customer": ("show_customer", "customer_id"), "names": ("rename_customer", "customer_id")},
)  # fmt: skip
def register_customer(request: ApiRequest, customer_id: Path[Id], new: NewCustomer) -> CustomerGiven:
    """Register a customer under an id of yours.

    The same id with the same content answers the same; with other content it is refused (409).
    """
    caller = request.caller
    registered = people.register_customer(
        id=customer_id, names=_names(new.names), phone=new.phone, language=new.language,
        institution_id=caller.institution_id, actor=caller.author.actor,
    )  # fmt: skip
    return _customer(registered)


@customers.put(
    "/customers/{customer_id}/names", permission=CUSTOMERS_EDIT, answer=CustomerGiven, refuses=(422,),
    example={"names": {"ar": "ليلى حسن علي"}, "reason": "passport shown"},
)  # fmt: skip
def rename_customer(request: ApiRequest, customer_id: Path[Id], new: NewNames) -> CustomerGiven:
    """Give a customer these names, in place of all they had."""
    customer_here(request.caller, customer_id)
    renamed = people.rename_customer(customer_id, names=_names(new.names), by=request.caller.author, reason=new.reason)
    return _customer(renamed)


@customers.put(
    "/customers/{customer_id}/language", permission=CUSTOMERS_EDIT, answer=CustomerGiven, example={"language": "he"}
)
def set_customer_language(request: ApiRequest, customer_id: Path[Id], new: NewLanguage) -> CustomerGiven:
    """Keep the language that a customer reads and is written to in."""
    customer_here(request.caller, customer_id)
    people.set_language(customer_id, new.language, actor=request.caller.author.actor)
    return _customer(people.customer(customer_id))


def customer_here(caller: Caller, customer_id: UUID) -> people.Customer:
    """Return a customer of the caller's institution; to a customer's key, only its holder.

    Raises:
        UnknownCustomer: they are not.
    """
    if caller.customer_id not in {None, customer_id}:
        raise people.UnknownCustomer(field="customer_id")
    if all(each.id != caller.institution_id for each in people.institutions_of(customer_id)):
        raise people.UnknownCustomer(field="customer_id")
    return people.customer(customer_id)


def _names(names: dict[Any, str]) -> dict[str, str]:
    return {str(language): name for language, name in names.items()}


def _customer(customer: people.Customer) -> CustomerGiven:
    return CustomerGiven(
        id=customer.id,
        names=dict(customer.names),
        phone=customer.phone,
        language=cast(Language, customer.language),
        created_at=customer.created_at,
    )


def _institution(institution: people.Institution) -> InstitutionGiven:
    return InstitutionGiven(
        id=institution.id,
        slug=institution.slug,
        names=dict(institution.names),
        kind=institution.kind,
        country=institution.country,
        zone=institution.zone,
        currency=institution.currency_code,
    )

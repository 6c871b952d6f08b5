"""Verbs: registering people and institutions, and what people choose for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import SameIdOtherContent, emit, record
from raseed.platform.formats import Digits

from . import events
from .domain import (
    Customer,
    Institution,
    PhoneTaken,
    check_institution,
    known_language,
    normal_phone,
    search_key,
)
from .models import CustomerRow, IdentityRow, InstitutionRow, MembershipRow
from .persons.names import clean_names
from .queries import PHONE, customer, institution
from .search.index import index_person, merge_soon
from .staff.roles import make_starting_roles


@transaction.atomic
def register_institution(
    institution: Institution, *, actor: str = "system", clock: Clock = SYSTEM_CLOCK
) -> Institution:
    """Register an institution, with the roles that every one begins with; the same id and content changes nothing.

    Raises:
        InvalidInstitution, UnknownCurrency, UnacceptableText: what ``check_institution`` refuses.
        SameIdOtherContent: the id or the short name is another institution's.
    """
    checked = check_institution(institution)
    fields = {
        "slug": checked.slug,
        "names": dict(checked.names),
        "kind": checked.kind,
        "country": checked.country,
        "zone": checked.zone,
        "currency_code": checked.currency_code,
        "default_region": checked.default_region,
    }
    try:
        with transaction.atomic():
            row, made = InstitutionRow.objects.get_or_create(
                id=checked.id, defaults={**fields, "created_at": clock.now()}
            )
    except IntegrityError:
        raise SameIdOtherContent(field="slug") from None
    if not made and any(getattr(row, name) != value for name, value in fields.items()):
        raise SameIdOtherContent(field="id")
    if made:
        record(
            actor=actor,
            action="people.institution_registered",
            subject=f"institution:{checked.id}",
            after={"slug": checked.slug, "kind": checked.kind},
            institution_id=checked.id,
            clock=clock,
        )
    make_starting_roles(checked.id, actor=actor, clock=clock)
    return checked


@transaction.atomic
def register_customer(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    names: Mapping[str, str],
    phone: str,
    language: str,
    institution_id: UUID,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> Customer:
    """Register a person as a customer of an institution; a repeat with the same content returns the same customer.

    ``phone`` may be typed; national numbers are the institution's region's. A second institution serves a known person
    through ``join_institution``.

    Raises:
        UnacceptableText, StrangeCharacter, MixedScripts, TooManyMarks: a name deceives its reader.
        UnknownLanguage, InvalidPhone, UnknownInstitution: what they say.
        PhoneTaken: the number is another customer's.
        SameIdOtherContent: the id came before with other content.
    """
    home = institution(institution_id)
    cleaned, number = clean_names(names), normal_phone(phone, home.default_region)
    now = clock.now()
    row, made = CustomerRow.objects.get_or_create(
        id=id,
        defaults={
            "names": cleaned,
            "language": known_language(language),
            "search_key": search_key(cleaned, language),
            "created_at": now,
        },
    )
    if not made:
        known = customer(row.id)
        if (dict(known.names), known.phone, known.language) != (cleaned, number, language):
            raise SameIdOtherContent(field="id")
        _join(row.id, institution_id, actor, clock)
        return known
    try:
        with transaction.atomic():
            IdentityRow.objects.create(channel=PHONE, value=number, customer=row, since=now)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None
    _join(row.id, institution_id, actor, clock)
    return Customer(row.id, cleaned, number, language, now)


@transaction.atomic
def join_institution(
    *, customer_id: UUID, institution_id: UUID, actor: str = "system", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Make a known person a customer of one more institution; a repeat changes nothing.

    Raises:
        UnknownCustomer, UnknownInstitution: there is none with this id.
    """
    customer(customer_id)
    institution(institution_id)
    _join(customer_id, institution_id, actor, clock)


def _join(customer_id: UUID, institution_id: UUID, actor: str, clock: Clock) -> None:
    _, made = MembershipRow.objects.get_or_create(
        institution_id=institution_id, customer_id=customer_id, defaults={"joined_at": clock.now()}
    )
    if not made:
        return
    merge_soon()
    index_person(customer_id)
    record(
        actor=actor,
        action="people.customer_joined",
        subject=f"customer:{customer_id}",
        after={"institution_id": str(institution_id)},
        institution_id=institution_id,
        clock=clock,
    )
    emit(events.CUSTOMER_JOINED, {"customer_id": str(customer_id)}, institution_id=institution_id, clock=clock)


@transaction.atomic
def set_language(customer_id: UUID, language: str, *, actor: str | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
    """Keep the language a customer reads and is written to in.

    Raises:
        UnknownLanguage: we have no pages in it.
        UnknownCustomer: there is none with this id.
    """
    before = _locked(customer_id)
    if before.language == known_language(language):
        return
    was, before.language = before.language, language
    before.search_key = search_key(before.names, language)
    before.save(update_fields=["language", "search_key"])
    record(
        actor=actor or f"customer:{customer_id}",
        action="people.language_chosen",
        subject=f"customer:{customer_id}",
        before={"language": was},
        after={"language": language},
        clock=clock,
    )


@transaction.atomic
def set_digits(
    customer_id: UUID, digits: Digits | None, *, actor: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Keep the digits a customer wants to read, ``None`` for their language's own.

    Raises:
        UnknownCustomer: there is none with this id.
    """
    assert digits in {None, "arab", "latn"}, "pages offer only these"
    row = _locked(customer_id)
    was, row.digits = row.digits, digits
    row.save(update_fields=["digits"])
    record(
        actor=actor or f"customer:{customer_id}",
        action="people.digits_chosen",
        subject=f"customer:{customer_id}",
        before={"digits": was},
        after={"digits": digits},
        clock=clock,
    )


def _locked(customer_id: UUID) -> CustomerRow:
    customer(customer_id)
    return CustomerRow.objects.select_for_update().get(id=customer_id)

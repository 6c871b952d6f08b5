"""People and institutions as other packages see them, and the pure rules about names and phone numbers."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers

from raseed.kernel.errors import Conflict, InputError, NotFound, mark
from raseed.kernel.money import currency
from raseed.kernel.text import ascii_digits, clean_text, fold
from raseed.platform.formats import Digits

LANGUAGES: Final = ("ar", "he", "en")
INSTITUTION_KINDS: Final = frozenset({"issuer", "bank", "utility"})
MASK: Final = "•••"
PHONE_TEXT_LENGTH_MAX: Final = 40
SLUG_LENGTH_MAX: Final = 40
NAME_PARTS_MASKED_MAX: Final = 4


class InvalidPhone(InputError):
    """A text that is no phone number anyone could have."""

    code = "invalid_phone"
    sentence = mark("This is not a phone number we can use.")
    hint = mark("Enter a mobile number, with + and the country code if it is from another country.")


class UnknownLanguage(InputError):
    """A language that we have no pages in."""

    code = "unknown_language"
    sentence = mark("We can't write in this language yet.")
    hint = mark("Choose Arabic, Hebrew or English.")


class InvalidInstitution(InputError):
    """An institution described with a kind, zone, region or short name that does not exist."""

    code = "invalid_institution"
    sentence = mark("This institution is not described correctly.")
    hint = mark("Check its kind, country, time zone and short name.")


class UnknownCustomer(NotFound):
    """No customer has this id or phone number."""

    code = "unknown_customer"
    sentence = mark("We know no customer with this number.")
    hint = mark("Check the number, or invite them to open an account.")


class UnknownInstitution(NotFound):
    """No institution has this id."""

    code = "unknown_institution"
    sentence = mark("We know no such institution.")
    hint = mark("Check which one you mean.")


class PhoneTaken(Conflict):
    """The phone number belongs to another customer."""

    code = "phone_taken"
    sentence = mark("This phone number already belongs to a customer.")
    hint = mark("Sign in with it, or use another number.")


@dataclass(frozen=True, slots=True)
class Customer:
    """A person, known once however many institutions serve them.

    ``names`` by language (at least one of ar, he, en); ``phone`` in E.164; ``digits`` is the person's own choice of
    digits, ``None`` for what their language uses. A session whose epoch is not ``session_epoch`` has ended.
    """

    id: UUID
    names: Mapping[str, str]
    phone: str
    language: str
    created_at: datetime
    digits: Digits | None = None
    session_epoch: int = 0


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be registered in bulk: the same fields, trusted to be checked no less than one alone."""

    id: UUID
    names: Mapping[str, str]
    phone: str
    language: str
    institution_ids: tuple[UUID, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Institution:
    """An issuer of wallets, a bank or a utility. ``country`` and ``default_region`` are ISO 3166, ``zone`` is IANA."""

    id: UUID
    slug: str
    names: Mapping[str, str]
    kind: str
    country: str
    zone: str
    currency_code: str
    default_region: str


def known_language(language: str, *, field: str = "language") -> str:
    """Return ``language`` if we write in it.

    Raises:
        UnknownLanguage: we don't.
    """
    if language not in LANGUAGES:
        raise UnknownLanguage(field=field)
    return language


def clean_names(names: Mapping[str, str], *, field: str = "names") -> dict[str, str]:
    """Return names by language, each fit to be shown.

    Raises:
        UnacceptableText: a name is empty, too long or hides something, or there is none at all.
        UnknownLanguage: a key is not one of ours.
    """
    cleaned = {known_language(key, field=field): clean_text(name, field=field) for key, name in names.items()}
    if not cleaned:
        clean_text("", field=field)
    return {language: cleaned[language] for language in LANGUAGES if language in cleaned}


def normal_phone(text: str, default_region: str) -> str:
    """Return a phone number in E.164, such as ``+201001234567``, from what a person typed.

    Arabic-Indic digits, spaces, dashes, ``00`` and a leading national zero are understood; ``default_region`` (ISO 3166)
    says whose national numbers are meant. A number must be possible by length (ITU-T E.164), not in service.

    Raises:
        InvalidPhone: it can't be anyone's number.
    """
    plain = ascii_digits(text).strip()
    if len(plain) > PHONE_TEXT_LENGTH_MAX or any(character.isalpha() for character in plain):
        raise InvalidPhone(field="phone")
    plain = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    try:
        parsed = phonenumbers.parse(plain, default_region)
    except phonenumbers.NumberParseException:
        raise InvalidPhone(field="phone") from None
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        raise InvalidPhone(field="phone")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def phone_text(phone: str) -> str:
    """Return an E.164 number spaced for reading, ``+20 100 123 4567``; callers wrap it in ``<bdi dir="ltr">``."""
    return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def display_name(customer: Customer | Institution, language: str) -> str:
    """Return the name in ``language``, else in the first language there is one in."""
    return customer.names.get(language) or next(iter(customer.names.values()))


def masked_name(customer: Customer, language: str) -> str:
    """Return a name that the one who knows the person will recognise: each part's first letter, then dots."""
    return mask(display_name(customer, language))


def mask(name: str) -> str:
    """Return ``name`` with only the first letter (and its marks) of each part: ``م••• ع•••``.

    The number of dots is fixed, so that lengths are not given away; an Arabic article or a compound ``عبد`` keeps no more
    than its first letter too. Parts past the fourth are left out.
    """
    parts = name.split()[:NAME_PARTS_MASKED_MAX]
    return " ".join(_first_letter(part) + MASK for part in parts)


def _first_letter(part: str) -> str:
    start = next((i for i, c in enumerate(part) if c.isalpha()), None)
    if start is None:
        return ""
    end = start + 1
    while end < len(part) and unicodedata.combining(part[end]):
        end += 1
    return part[start:end]


def search_key(names: Mapping[str, str], language: str) -> str:
    """Return the folded key by which a customer is sorted and found: the name in their own language first."""
    first = names.get(language)
    others = [name for key, name in names.items() if key != language]
    return " | ".join(fold(name) for name in ([first] if first else []) + others)


def check_institution(institution: Institution) -> Institution:
    """Return the institution with clean names.

    Raises:
        InvalidInstitution: kind, zone, country, region or slug are not what they should be.
        UnknownCurrency, UnacceptableText, UnknownLanguage: what they say.
    """
    currency(institution.currency_code)
    slug = institution.slug
    plain_slug = slug.isascii() and slug.replace("-", "").isalnum() and slug == slug.lower()
    regions = phonenumbers.SUPPORTED_REGIONS
    try:
        ZoneInfo(institution.zone)
    except (KeyError, ValueError, OSError):
        raise InvalidInstitution(field="zone") from None
    if institution.kind not in INSTITUTION_KINDS:
        raise InvalidInstitution(field="kind")
    if not plain_slug or not 0 < len(slug) <= SLUG_LENGTH_MAX:
        raise InvalidInstitution(field="slug")
    if institution.country not in regions or institution.default_region not in regions:
        raise InvalidInstitution(field="country")
    return Institution(
        institution.id,
        slug,
        clean_names(institution.names),
        institution.kind,
        institution.country,
        institution.zone,
        institution.currency_code,
        institution.default_region,
    )


def network_of(client_address: str) -> str:
    """Return what a client's address is limited by: an IPv4 address itself, the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address(client_address.strip())
    except ValueError:
        return "unreadable"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` requests in any ``window`` that began with the first of them."""

    count: int
    window: timedelta

"""Civil ids: the numbers that states gave people. Checked, sealed, found by a keyed hash, shown masked.

The number in full is seen only with a permission of its own, and every such view is in the audit trail. One number is one
person's at a time in its country, which the database holds too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, NotFound, mark
from raseed.kernel.ids import new_id
from raseed.platform.api import keyed_hash, record

from ..authority import Author, clean_reason
from ..models import CivilIdRow, CustomerRow
from ..permissions import CIVIL_IDS_VIEW, CUSTOMERS_EDIT, CUSTOMERS_VIEW
from ..sealing import seal, unseal
from ..standing import acting_for
from .civil_id_rules import normal_civil_id, readings

HASH_KEY: Final = "civil-ids"
SEAL_KEY: Final = "civil-ids-sealed"
SHOWN_DIGITS: Final = 3
_DOT: Final = "•"
_TYPED_LENGTH_MIN: Final = 5
_COUNTRIES_KEPT: Final = """
WITH RECURSIVE kept AS (
    (SELECT country FROM people_civil_id WHERE until IS NULL ORDER BY country LIMIT 1)
    UNION ALL
    SELECT (SELECT country FROM people_civil_id WHERE until IS NULL AND country > kept.country ORDER BY country LIMIT 1)
    FROM kept WHERE kept.country IS NOT NULL
) SELECT country FROM kept WHERE country IS NOT NULL
"""


class CivilIdTaken(Conflict):
    """The civil id is another customer's."""

    code = "civil_id_taken"
    sentence = mark("This identity number already belongs to another customer.")
    hint = mark("Look for that customer by the number: it may be the same person.")


class UnknownCivilId(NotFound):
    """The customer has no civil id of this country."""

    code = "unknown_civil_id"
    sentence = mark("No identity number of this country is kept for this customer.")
    hint = mark("Register it first.")


@dataclass(frozen=True, slots=True)
class CivilId:
    """A civil id as it is shown: ``masked`` has dots for all but the last three characters."""

    id: UUID
    country: str
    masked: str
    since: datetime


@transaction.atomic
def register_civil_id(
    customer_id: UUID, *, country: str, number: str, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> CivilId:
    """Keep a customer's civil id of ``country`` (ISO 3166); one they had of it before ends. The same again changes nothing.

    Raises:
        InvalidCivilId, UnknownCivilIdCountry, UnknownCustomer, UnacceptableText: what they say.
        CivilIdTaken: it is another customer's. NotPermitted: ``by`` may not edit this customer.
    """
    institution_id, cleaned = acting_for(by, CUSTOMERS_EDIT, customer_id), clean_reason(reason)
    normal, now = normal_civil_id(country, number), clock.now()
    CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    before = _current(customer_id, country)
    if before is not None and bytes(before.keyed_hash) == _hash(country, normal):
        return _shown(before)
    if before is not None:
        before.until = max(now, before.since)
        before.save(update_fields=["until"])
    row_id = new_id()
    row = CivilIdRow(
        id=row_id,
        customer_id=customer_id,
        country=country,
        keyed_hash=_hash(country, normal),
        sealed=seal(SEAL_KEY, normal, about=str(row_id)),
        since=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise CivilIdTaken(field="number") from None
    record(
        actor=by.actor,
        action="people.civil_id_registered",
        subject=f"customer:{customer_id}",
        before={"civil_id": None if before is None else str(before.id)},
        after={"civil_id": str(row.id), "country": country},
        reason=cleaned,
        institution_id=institution_id,
        clock=clock,
    )
    return _shown(row)


def civil_ids(customer_id: UUID, *, by: Author) -> list[CivilId]:
    """Return a customer's present civil ids, masked, in order of their countries.

    Raises:
        UnknownCustomer: there is none. NotPermitted: neither the customer, nor someone who may see customers there.
    """
    acting_for(by, CUSTOMERS_VIEW, customer_id)
    return [_shown(row) for row in CivilIdRow.objects.filter(customer_id=customer_id, until=None).order_by("country")]


@transaction.atomic
def full_civil_id(customer_id: UUID, country: str, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> str:
    """Return a civil id in full, and write down who saw it and why.

    Raises:
        UnknownCivilId, UnknownCustomer, UnacceptableText: what they say.
        NotPermitted: ``by`` may not see civil ids in full where the customer is.
    """
    institution_id, cleaned = acting_for(by, CIVIL_IDS_VIEW, customer_id), clean_reason(reason)
    row = _current(customer_id, country)
    if row is None:
        raise UnknownCivilId(field="country")
    record(
        actor=by.actor,
        action="people.civil_id_viewed",
        subject=f"customer:{customer_id}",
        after={"civil_id": str(row.id), "country": country},
        reason=cleaned,
        institution_id=institution_id,
        clock=clock,
    )
    return _opened(row)


def customers_by_civil_id(text: str, *, institution_id: UUID) -> list[UUID]:
    """Return the institution's customers whose civil id, of any country, ``text`` is in full; nearly always one or none."""
    if sum(character.isdigit() for character in text) < _TYPED_LENGTH_MIN:
        return []
    hashes = [_hash(country, normal) for country, normal in readings(text, _countries_kept())]
    if not hashes:
        return []
    rows = CivilIdRow.objects.filter(
        keyed_hash__in=hashes, until=None, customer__memberships__institution_id=institution_id
    )
    return list(rows.order_by("customer_id").values_list("customer_id", flat=True))


def _countries_kept() -> list[str]:
    """Return the countries of which there are civil ids: a look into the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTRIES_KEPT)
        return [country for (country,) in cursor.fetchall()]


def _current(customer_id: UUID, country: str) -> CivilIdRow | None:
    return CivilIdRow.objects.filter(customer_id=customer_id, country=country, until=None).first()


def _hash(country: str, normal: str) -> bytes:
    return keyed_hash(HASH_KEY, country, normal)


def _opened(row: CivilIdRow) -> str:
    return unseal(SEAL_KEY, bytes(row.sealed), about=str(row.id))


def _shown(row: CivilIdRow) -> CivilId:
    number = _opened(row)
    return CivilId(row.id, row.country, _DOT * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:], row.since)

"""Registering very many people at once, by COPY: for the demo's million and for imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import emit, record

from . import events
from .domain import (
    NewCustomer,
    PhoneTaken,
    clean_names,
    known_language,
    normal_phone,
    search_key,
)
from .queries import PHONE

CHUNK: Final = 20_000
_NO_REGION: Final = "ZZ"

_COPY_CUSTOMERS: Final = """
COPY people_customer (id, names, language, search_key, created_at) FROM STDIN (FORMAT BINARY)
"""
_COPY_IDENTITIES: Final = """
COPY people_identity (channel, scope, value, customer_id, since) FROM STDIN (FORMAT BINARY)
"""
_COPY_MEMBERSHIPS: Final = """
COPY people_membership (institution_id, customer_id, joined_at) FROM STDIN (FORMAT BINARY)
"""


def register_customers_bulk(
    newcomers: Iterable[NewCustomer],
    *,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[int]:
    """Register people chunk by chunk, yielding how many are in after each chunk (for a progress line).

    Every name and number is checked as for one person alone; phone numbers must be E.164. A chunk is one transaction
    (a savepoint inside a caller's), so a refused chunk leaves the earlier ones in.

    Raises:
        UnacceptableText, UnknownLanguage, InvalidPhone: what they say; nothing of that chunk is kept.
        PhoneTaken: an id or a phone number of the chunk is in use, or an institution is not there.
    """
    done, source = 0, iter(newcomers)
    while chunk := list(islice(source, CHUNK)):
        _register_chunk(chunk, actor, clock)
        done += len(chunk)
        yield done


def _register_chunk(chunk: list[NewCustomer], actor: str, clock: Clock) -> None:
    people: list[tuple[UUID, Jsonb, str, str, datetime]] = []
    identities: list[tuple[str, str, str, UUID, datetime]] = []
    memberships: list[tuple[UUID, UUID, datetime]] = []
    joined: Counter[UUID] = Counter()
    for one in chunk:
        names = clean_names(one.names)
        language, phone = (
            known_language(one.language),
            normal_phone(one.phone, _NO_REGION),
        )
        people.append(
            (
                one.id,
                Jsonb(names),
                language,
                search_key(names, language),
                one.created_at,
            )
        )
        identities.append((PHONE, "", phone, one.id, one.created_at))
        memberships.extend(
            (institution_id, one.id, one.created_at)
            for institution_id in one.institution_ids
        )
        joined.update(one.institution_ids)
    try:
        with transaction.atomic():
            _copy(
                _COPY_CUSTOMERS,
                ("uuid", "jsonb", "varchar", "text", "timestamptz"),
                people,
            )
            _copy(
                _COPY_IDENTITIES,
                ("text", "text", "text", "uuid", "timestamptz"),
                identities,
            )
            _copy(_COPY_MEMBERSHIPS, ("uuid", "uuid", "timestamptz"), memberships)
            for institution_id, count in sorted(joined.items()):
                _tell(institution_id, count, actor, clock)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None


def _copy(
    statement: str, types: tuple[str, ...], rows: Iterable[tuple[object, ...]]
) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _tell(institution_id: UUID, count: int, actor: str, clock: Clock) -> None:
    record(
        actor=actor,
        action="people.customers_joined_in_bulk",
        subject=f"institution:{institution_id}",
        after={"count": count},
        institution_id=institution_id,
        clock=clock,
    )
    emit(
        events.CUSTOMERS_JOINED_IN_BULK,
        {"count": count},
        institution_id=institution_id,
        clock=clock,
    )

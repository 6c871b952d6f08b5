"""Registering very many people at once, by COPY: for the demo's million and for imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from struct import Struct
from typing import Final
from uuid import UUID

import psycopg
from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import SameIdOtherContent, emit, record

from .. import events
from ..domain import NewCustomer, PhoneTaken, UnknownInstitution, known_language, normal_phone, search_key
from ..queries import PHONE
from ..search.index import merge_late, merge_soon
from ..search.words import packed_search_keys, text_of
from .names import clean_names

CHUNK: Final = 20_000
_NO_REGION: Final = "ZZ"
_TELLING_DIGITS: Final = 8

_COPY_CUSTOMERS: Final = """
COPY people_customer (id, names, language, search_key, created_at) FROM STDIN (FORMAT BINARY)
"""
_COPY_IDENTITIES: Final = """
COPY people_identity (channel, scope, value, customer_id, since) FROM STDIN (FORMAT BINARY)
"""
_COPY_MEMBERSHIPS: Final = """
COPY people_membership (institution_id, customer_id, joined_at, search_text, search_keys) FROM STDIN (FORMAT BINARY)
"""
_MERGE_MEMORY: Final = "64MB"
_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_FIELDS: Final = Struct(">hi16si16siqi")
_LENGTH: Final = Struct(">i")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def register_customers_bulk(
    newcomers: Iterable[NewCustomer],
    *,
    actor: str = "system",
    progress: Callable[[int], None] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Register people chunk by chunk and return how many; ``progress`` is told how many are in after each chunk.

    Every name and number is checked as for one person alone; phone numbers must be E.164. A chunk is one transaction
    (a savepoint inside a caller's), so a refused chunk leaves the earlier ones in.

    Raises:
        UnacceptableText, UnknownLanguage, InvalidPhone: what they say; nothing of that chunk is kept.
        PhoneTaken, SameIdOtherContent, UnknownInstitution: a number or an id is in use, an institution is not there.
    """
    done, source, phones = 0, iter(newcomers), _Phones()
    while chunk := list(islice(source, CHUNK)):
        _register_chunk(chunk, phones, actor, clock)
        done += len(chunk)
        if progress is not None:
            progress(done)
    return done


def _register_chunk(chunk: list[NewCustomer], phones: _Phones, actor: str, clock: Clock) -> None:
    people: list[tuple[UUID, Jsonb, str, str, datetime]] = []
    identities: list[tuple[str, str, str, UUID, datetime]] = []
    memberships: list[bytes] = []
    joined: Counter[UUID] = Counter()
    for one in chunk:
        names = clean_names(one.names)
        language, phone = known_language(one.language), phones.checked(one.phone)
        people.append((one.id, Jsonb(names), language, search_key(names, language), one.created_at))
        identities.append((PHONE, "", phone, one.id, one.created_at))
        text = text_of(names, phone)
        memberships.extend(_membership(each, one.id, one.created_at, text) for each in one.institution_ids)
        joined.update(one.institution_ids)
    try:
        with transaction.atomic():
            _copy(_COPY_CUSTOMERS, ("uuid", "jsonb", "varchar", "text", "timestamptz"), people)
            _copy(_COPY_IDENTITIES, ("text", "text", "text", "uuid", "timestamptz"), identities)
            _copy_memberships(memberships)
            for institution_id, count in sorted(joined.items()):
                _tell(institution_id, count, actor, clock)
    except IntegrityError as error:
        raise _refusal(error) from None


def _refusal(error: IntegrityError) -> PhoneTaken | UnknownInstitution | SameIdOtherContent:
    cause = error.__cause__
    constraint = (cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None) or ""
    if constraint == "people_identity_one_owner":
        return PhoneTaken(field="phone")
    if "institution_id" in constraint:
        return UnknownInstitution(field="institution_ids")
    return SameIdOtherContent(field="id")


class _Phones:
    """Checks E.164 numbers, each kind once.

    Whether a number is possible follows from its country code, its leading digits and its length, so a number like one
    that was found right and already normal needs no second look: a millionth of a second in place of 75.
    """

    def __init__(self) -> None:
        self._right: set[tuple[str, int]] = set()

    def checked(self, phone: str) -> str:
        kind = (phone[:_TELLING_DIGITS], len(phone))
        if kind in self._right and phone[1:].isascii() and phone[1:].isdecimal():
            return phone
        normal = normal_phone(phone, _NO_REGION)
        if normal == phone:
            self._right.add(kind)
        return normal


def _membership(institution_id: UUID, customer_id: UUID, joined_at: datetime, text: str) -> bytes:
    """Return a membership as COPY's binary form has it: put together here, since its keys are many and mostly known."""
    found, keys = text.encode(), packed_search_keys(institution_id, text)
    at = (joined_at - _EPOCH) // _MICROSECOND
    head = _FIELDS.pack(5, 16, institution_id.bytes, 16, customer_id.bytes, 8, at, len(found))
    return b"".join((head, found, _LENGTH.pack(len(keys)), keys))


def _copy_memberships(rows: list[bytes]) -> None:
    """Copy who is with whom; the index takes in all but the last row at once, which the last row sets off."""
    merge_late()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [_MERGE_MEMORY])
    for some in (rows[:-1], rows[-1:]):
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY_MEMBERSHIPS) as copy:
            copy.write(b"".join((_COPY_HEAD, *some, _COPY_END)))
        merge_soon()


def _copy(statement: str, types: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
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
    emit(events.CUSTOMERS_JOINED_IN_BULK, {"count": count}, institution_id=institution_id, clock=clock)

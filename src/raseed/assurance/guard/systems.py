"""Systems that show balances, as they are made known to the guard."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from .domain import System, SystemKind, Terms
from .errors import SystemTaken, SystemUnknown
from .models import SystemRow
from .outside.mapping import MAPPING_BYTES_MAX, Mapping
from .permissions import RUN, VIEW

NAME_LENGTH_MAX: Final = 80
SYSTEMS_MAX: Final = 500
OURS: Final = "shown-balances"
"""The name of our own projection where it is registered by itself."""
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,39}\Z")


def register_system(wanted: System, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> System:
    """Make a system known, or change how it is guarded from the next release on; the same again changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``assurance.guard.run``. InputError: the name. MappingRefused: the mapping file.
        SystemTaken: another institution's, or of another kind.
    """
    people.require(by, RUN, wanted.institution_id)
    said = people.clean_reason(reason)
    if not _CODE.match(wanted.code):
        raise InputError(field="code")
    name = clean_text(wanted.name, field="name", length_max=NAME_LENGTH_MAX)
    if wanted.kind is SystemKind.HTTP:
        Mapping.read(wanted.mapping)
    elif wanted.mapping:
        raise InputError(field="mapping")
    assert len(wanted.mapping.encode()) <= MAPPING_BYTES_MAX, "the mapping was read"
    with transaction.atomic():
        row = SystemRow.objects.select_for_update().filter(code=wanted.code).first()
        if row is not None and (row.institution_id, row.kind) != (wanted.institution_id, wanted.kind.value):
            raise SystemTaken(field="code")
        before: platform.AuditFacts | None = None if row is None else {"name": row.name, "terms": _listed(row.terms)}
        terms = asdict(wanted.terms)
        if row is not None and (row.name, row.terms, row.mapping) == (name, terms, wanted.mapping):
            return told(row)
        fresh = SystemRow(
            code=wanted.code,
            kind=wanted.kind.value,
            institution_id=wanted.institution_id,
            name=name,
            mapping=wanted.mapping,
            terms=terms,
            registered_at=row.registered_at if row else clock.now(),
        )
        fresh.save()
        platform.record(
            actor=by.actor,
            action="assurance.system_registered",
            subject=f"system:{wanted.code}",
            before=before,
            after={"name": name, "terms": _listed(terms)},
            reason=said,
            institution_id=wanted.institution_id,
            clock=clock,
        )
    return told(fresh)


def _listed(terms: dict[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in sorted(terms.items())]


def system(code: str) -> System:
    """Return a system.

    Raises:
        SystemUnknown: there is none of this name.
    """
    row = SystemRow.objects.filter(code=code).first()
    if row is None:
        raise SystemUnknown(field="system")
    return told(row)


def systems(institution_id: UUID, *, by: people.Author) -> list[System]:
    """Return the systems under an institution's care, by name.

    Raises:
        NotPermitted: ``by`` lacks ``assurance.guard.view``.
    """
    people.require(by, VIEW, institution_id)
    return [told(row) for row in SystemRow.objects.filter(institution_id=institution_id).order_by("code")[:SYSTEMS_MAX]]


def told(row: SystemRow) -> System:
    """Return a system as its row has it."""
    return System(
        code=row.code,
        kind=SystemKind(row.kind),
        institution_id=row.institution_id,
        name=row.name,
        terms=Terms.read(row.terms),
        mapping=row.mapping,
    )

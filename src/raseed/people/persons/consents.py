"""Consents: what an institution asks people to agree to, in versions, and who agreed or withdrew, when and how.

Purposes and texts are data. History is append-only; what counts is a purpose's latest entry. Nothing is agreed to until it
was given, and a new version of a text does not undo what was given to an older one: who needs the new one asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, NotFound, mark
from raseed.kernel.text import clean_text
from raseed.platform.api import SameIdOtherContent, record

from ..authority import Author, clean_reason, require
from ..domain import known_language
from ..models import ConsentRow, ConsentTextRow, CustomerRow, MembershipRow
from ..permissions import CONSENTS_PUBLISH, CUSTOMERS_EDIT, CUSTOMERS_VIEW
from ..queries import institution
from ..standing import acting_for, institutions_permitting, is_self

CHANNELS: Final = frozenset({"web", "branch", "phone", "paper", "api"})
TEXT_LENGTH_MAX: Final = 4_000
VERSION_MAX: Final = 1_000_000
_PURPOSE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")


class UnknownConsentText(NotFound):
    """The institution never published this version of this purpose."""

    code = "unknown_consent_text"
    sentence = mark("We know no such text to agree to.")
    hint = mark("Check the purpose and the version.")


class InvalidConsent(InputError):
    """A purpose, version or channel that is none."""

    code = "invalid_consent"
    sentence = mark("This consent is not described correctly.")
    hint = mark("Check its purpose, version and channel.")


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What people are asked to agree to: ``names`` and ``texts`` by language; ``version`` counts up from one."""

    institution_id: UUID
    purpose: str
    version: int
    names: Mapping[str, str]
    texts: Mapping[str, str]
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry: given (or withdrawn) to a version of a purpose's text, at an instant, by a channel, entered by ``actor``."""

    institution_id: UUID
    purpose: str
    version: int
    given: bool
    at: datetime
    channel: str
    actor: str


@transaction.atomic
def publish_consent_text(
    *,
    institution_id: UUID,
    purpose: str,
    version: int,
    names: Mapping[str, str],
    texts: Mapping[str, str],
    by: Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> ConsentText:
    """Publish a version of a purpose's text; the same again changes nothing, a published version is never altered.

    Raises:
        InvalidConsent: the purpose is no code of small letters, or the version is not positive.
        UnacceptableText, UnknownLanguage, UnknownInstitution: what they say. NotPermitted: ``by`` may not.
        SameIdOtherContent: this version was published with other words.
    """
    require(by, CONSENTS_PUBLISH, institution_id)
    institution(institution_id)
    if not _PURPOSE.match(purpose):
        raise InvalidConsent(field="purpose")
    if not 1 <= version <= VERSION_MAX:
        raise InvalidConsent(field="version")
    why = clean_reason(reason)
    words = {
        "names": {known_language(key, field="names"): clean_text(name, field="names") for key, name in names.items()},
        "texts": {known_language(key, field="texts"): _paragraphs(text) for key, text in texts.items()},
    }
    if not words["names"] or words["names"].keys() != words["texts"].keys():
        raise InvalidConsent(field="texts")
    row, made = ConsentTextRow.objects.get_or_create(
        institution_id=institution_id,
        purpose=purpose,
        version=version,
        defaults={**words, "published_at": clock.now()},
    )
    if not made and (row.names, row.texts) != (words["names"], words["texts"]):
        raise SameIdOtherContent(field="version")
    if made:
        record(
            actor=by.actor,
            action="people.consent_text_published",
            subject=f"institution:{institution_id}",
            after={"purpose": purpose, "version": version, "languages": sorted(words["names"])},
            reason=why,
            institution_id=institution_id,
            clock=clock,
        )
    return _text(row)


def consent_texts(institution_id: UUID) -> list[ConsentText]:
    """Return the latest version of each purpose's text, in order of the purposes."""
    rows = ConsentTextRow.objects.filter(institution_id=institution_id).order_by("purpose", "-version")
    return [_text(row) for row in rows.distinct("purpose")]


def give_consent(
    customer_id: UUID,
    *,
    institution_id: UUID,
    purpose: str,
    version: int,
    channel: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Consent:
    """Write down that a customer agreed to a version of a text; to what they agreed already changes nothing.

    Raises:
        UnknownConsentText, UnknownCustomer: there is none. InvalidConsent: no such channel.
        NotPermitted: neither the customer, nor someone who may edit customers there.
    """
    entered = _enter(customer_id, institution_id, purpose, version, channel, by, clock, given=True)
    assert entered is not None, "what is given is entered"
    return entered


def withdraw_consent(
    customer_id: UUID,
    *,
    institution_id: UUID,
    purpose: str,
    channel: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Consent | None:
    """Write down that a customer withdrew what they had agreed to; where nothing was given, nothing is written.

    Raises:
        As ``give_consent``.
    """
    return _enter(customer_id, institution_id, purpose, None, channel, by, clock, given=False)


def consents(customer_id: UUID, *, institution_id: UUID, by: Author) -> list[Consent]:
    """Return what counts now: each purpose's latest entry, given or withdrawn, in order of the purposes.

    Raises:
        UnknownCustomer: there is none. NotPermitted: neither the customer, nor someone who may see customers there.
    """
    _may_see(customer_id, institution_id, by)
    rows = ConsentRow.objects.filter(customer_id=customer_id, institution_id=institution_id)
    return [_consent(row) for row in rows.order_by("purpose", "-position").distinct("purpose")]


def consent_history(customer_id: UUID, *, institution_id: UUID, purpose: str, by: Author) -> list[Consent]:
    """Return every entry of a purpose, newest first.

    Raises:
        As ``consents``.
    """
    _may_see(customer_id, institution_id, by)
    rows = ConsentRow.objects.filter(customer_id=customer_id, institution_id=institution_id, purpose=purpose)
    return [_consent(row) for row in rows.order_by("-position")]


def has_consented(customer_id: UUID, *, institution_id: UUID, purpose: str) -> bool:
    """Say whether a customer's consent to a purpose stands: for whoever is about to rely on it."""
    latest = _latest(customer_id, institution_id, purpose)
    return latest is not None and latest.given


@transaction.atomic
def _enter(
    customer_id: UUID,
    institution_id: UUID,
    purpose: str,
    version: int | None,
    channel: str,
    by: Author,
    clock: Clock,
    *,
    given: bool,
) -> Consent | None:
    _may_enter(customer_id, institution_id, by)
    if channel not in CHANNELS:
        raise InvalidConsent(field="channel")
    CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    latest = _latest(customer_id, institution_id, purpose)
    if version is None:
        if latest is None or not latest.given:
            return None if latest is None else _consent(latest)
        version = latest.version
    elif not ConsentTextRow.objects.filter(institution_id=institution_id, purpose=purpose, version=version).exists():
        raise UnknownConsentText(field="version")
    if latest is not None and (latest.given, latest.version) == (given, version):
        return _consent(latest)
    row = ConsentRow.objects.create(
        customer_id=customer_id,
        institution_id=institution_id,
        purpose=purpose,
        version=version,
        given=given,
        at=clock.now(),
        channel=channel,
        actor=by.actor,
    )
    record(
        actor=by.actor,
        action="people.consent_given" if given else "people.consent_withdrawn",
        subject=f"customer:{customer_id}",
        before={"given": latest is not None and latest.given},
        after={"given": given, "purpose": purpose, "version": version, "channel": channel},
        institution_id=institution_id,
        clock=clock,
    )
    return _consent(row)


def _may_enter(customer_id: UUID, institution_id: UUID, by: Author) -> None:
    acting_for(by, CUSTOMERS_EDIT, customer_id)
    if not is_self(by, customer_id):
        require(by, CUSTOMERS_EDIT, institution_id)
    if not MembershipRow.objects.filter(customer_id=customer_id, institution_id=institution_id).exists():
        raise UnknownConsentText(field="institution_id")


def _may_see(customer_id: UUID, institution_id: UUID, by: Author) -> None:
    if not is_self(by, customer_id):
        institutions_permitting(by, CUSTOMERS_VIEW, customer_id)
        require(by, CUSTOMERS_VIEW, institution_id)


def _latest(customer_id: UUID, institution_id: UUID, purpose: str) -> ConsentRow | None:
    rows = ConsentRow.objects.filter(customer_id=customer_id, institution_id=institution_id, purpose=purpose)
    return rows.order_by("-position").first()


def _paragraphs(text: str) -> str:
    """Return a text of one or more lines, each clean."""
    if len(text) > TEXT_LENGTH_MAX:
        clean_text("", field="texts")
    lines = [clean_text(line, field="texts", length_max=TEXT_LENGTH_MAX) for line in text.split("\n") if line.strip()]
    return "\n".join(lines) if lines else clean_text("", field="texts")


def _text(row: ConsentTextRow) -> ConsentText:
    return ConsentText(row.institution_id, row.purpose, row.version, row.names, row.texts, row.published_at)


def _consent(row: ConsentRow) -> Consent:
    return Consent(row.institution_id, row.purpose, row.version, row.given, row.at, row.channel, row.actor)

"""What a customer's own page says of them: what they agreed to, and the days on which their money has to be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark
from raseed.people import api as people

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from .reader import Reader

DATE_WORDS: Final = {
    people.DateKind.PAYDAY: mark("Payday"),
    people.DateKind.RENT: mark("Rent"),
    people.DateKind.TAX: mark("Tax deadline"),
    people.DateKind.OTHER: mark("Another day"),
}
CHANNEL_WORDS: Final = {
    "web": mark("on these pages"),
    "branch": mark("at a branch"),
    "phone": mark("by phone"),
    "paper": mark("on paper"),
    "api": mark("by your own software"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that an institution asks a customer to agree to, and what counts now (``None``: never answered)."""

    text: people.ConsentText
    institution: people.Institution
    institution_name: str
    name: str
    words: str
    latest: people.Consent | None

    @property
    def agreed(self) -> bool:
        """Whether the customer's agreement stands."""
        return self.latest is not None and self.latest.given

    @property
    def renewed(self) -> bool:
        """Whether what they agreed to is an older version than the present one."""
        return self.latest is not None and self.latest.given and self.latest.version < self.text.version


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One entry of a consent's history; ``how`` it was made, in words."""

    entry: people.Consent
    how: str


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A day that matters, in words; ``next_on`` is empty where it has gone by."""

    id: UUID
    title: str
    label: str
    rule: str
    next_on: str


def asked_of(customer: people.Customer, by: people.Author, reader: Reader) -> list[Asked]:
    """Return what the customer's institutions ask agreement to, by institution."""
    found = []
    for institution in people.institutions_of(customer.id):
        latest = {one.purpose: one for one in people.consents(customer.id, institution_id=institution.id, by=by)}
        found += [
            Asked(
                text,
                institution,
                people.display_name(institution, reader.language),
                in_language(text.names, reader.language),
                in_language(text.texts, reader.language),
                latest.get(text.purpose),
            )
            for text in people.consent_texts(institution.id)
        ]
    return found


def history_of(asked: Asked, customer: people.Customer, by: people.Author) -> list[ShownEntry]:
    """Return every time that it was agreed to or withdrawn, newest first."""
    entries = people.consent_history(
        customer.id, institution_id=asked.institution.id, purpose=asked.text.purpose, by=by
    )
    return [ShownEntry(one, gettext(CHANNEL_WORDS[one.channel])) for one in entries]


def shown_days(found: list[people.CriticalDate], reader: Reader, *, now: datetime) -> list[ShownDay]:
    """Return days in words, those that come next first, those gone by last."""
    dated = [(one.next_from(now), one) for one in found]
    dated.sort(key=lambda pair: (pair[0] is None, pair[0] or now.date()))
    return [
        ShownDay(
            one.id,
            gettext(DATE_WORDS[one.kind]),
            one.label,
            rule_text(one, reader),
            reader.day(coming) if coming is not None else "",
        )
        for coming, one in dated
    ]


def rule_text(one: people.CriticalDate, reader: Reader) -> str:
    """Write when it is: a day of every month, or one date."""
    if one.on is not None:
        return reader.day(one.on)
    return gettext("day %(day)s of every month") % {"day": reader.number(one.month_day or 0)}


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language, or in the first that it has."""
    return texts.get(language) or next((texts[code] for code in people.LANGUAGES if code in texts), "")

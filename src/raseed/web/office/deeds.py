"""Audit records as people read them: what was done, to what, by whom, why, and what was different afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.money import Currency, Money
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.terms import rate_text

from .facts import FACTS
from .naming import SHORT_ID, Named, names_of
from .words import ACTIONS, FAMILIES, REFERENCES, VALUES

if TYPE_CHECKING:
    from .requests import StaffRequest

MINOR: Final = "_minor"
LONG: Final = 160
"""Characters of a fact from which on it is folded away."""
_NOT_DONE: Final = re.compile(r"people\.change_(?!applied)")
"""Steps of a change that alter nothing: what would have been altered stands on the change's own page."""
_STEPS: Final = ("proposed_by", "decided_by")
_CODE_WORDS: Final[Mapping[str, Mapping[Any, str]]] = {
    "block_reason": banking.BLOCK_REASON_WORDS,
    "event": banking.FEE_WORDS,
    "method": banking.METHOD_WORDS,
    "right": banking.RIGHT_WORDS,
}
"""Facts whose value is one of a package's own codes, with its words."""
_UUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ID: Final = re.compile(_UUID + r"\Z")
_REFERENCE: Final = re.compile(r"[a-z_]+:" + _UUID + r"\Z")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\Z")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_PERMISSION_LISTS: Final = frozenset({"permissions"})


@dataclass(frozen=True, slots=True)
class Line:
    """One fact, before and after, in words; empty where there was none."""

    label: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        """Whether it is better folded away."""
        return len(self.before) + len(self.after) > LONG


@dataclass(frozen=True, slots=True)
class Deed:
    """One record, in words. ``change_address`` leads to the change that it is a step of; ``altered``: its seal is broken."""

    record: platform.AuditRecord
    words: str
    by: Named
    subject: Named
    customer: Named | None
    lines: tuple[Line, ...]
    change_address: str
    altered: bool

    @property
    def at(self) -> datetime:
        """When it was done."""
        return self.record.at


def action_families() -> Iterator[tuple[str, str]]:
    """Yield the beginnings of actions that the trail can be filtered by, with their words (message ids)."""
    yield from FAMILIES.items()
    yield from sorted(ACTIONS.items())


def action_words(action: str) -> str:
    """Return what a deed is called; one that this release does not know, by its code."""
    return gettext(ACTIONS[action]) if action in ACTIONS else action


def deeds_of(records: Sequence[platform.AuditRecord], page: StaffRequest) -> list[Deed]:
    """Return records in words, everything they name looked up at once."""
    names = names_of(_references(records), page)
    currencies = _currencies(records)
    return [_deed(one, page, names, currencies.get(one.subject)) for one in records]


def _deed(one: platform.AuditRecord, page: StaffRequest, names: Mapping[str, Named], unit: Currency | None) -> Deed:
    before, after = dict(one.before or {}), dict(one.after or {})
    change_id = after.pop("change_id", None)
    if _NOT_DONE.match(one.action):
        before = {}
    about = f"customer:{one.customer_id}"
    keys = sorted(before.keys() | after.keys(), key=lambda key: (key in _STEPS, key))
    return Deed(
        record=one,
        words=action_words(one.action),
        by=names[one.actor],
        subject=names[one.subject],
        customer=names[about] if one.customer_id and about not in (one.subject, one.actor) else None,
        lines=tuple(
            Line(
                gettext(FACTS[key]) if key in FACTS else key.replace("_", " "),
                _value(key, before[key], page, names, unit) if key in before else "",
                _value(key, after[key], page, names, unit) if key in after else "",
            )
            for key in keys
        ),
        change_address=reverse("office:change", args=[change_id]) if change_id else "",
        altered=one.intact is False,
    )


def _value(
    key: str, value: platform.AuditValue, page: StaffRequest, names: Mapping[str, Named], unit: Currency | None
) -> str:
    reader = page.reader
    if value is None:
        return gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if key.endswith("_ppm") and isinstance(value, int):
        return rate_text(value, reader)
    if isinstance(value, int):
        return reader.money(Money(value, unit)) if key.endswith(MINOR) and unit else reader.number(value)
    if isinstance(value, list):
        told = permission_words(value) if key in _PERMISSION_LISTS else [_text(key, one, page, names) for one in value]
        return ("، " if reader.language == "ar" else ", ").join(told) or gettext("none")
    return _text(key, value, page, names)


def _text(key: str, value: str, page: StaffRequest, names: Mapping[str, Named]) -> str:
    """Write a text among facts: what it names, the day or instant it is, the word for the code it is, or itself."""
    country = page.institution.country
    reference = _reference(key, value)
    if reference:
        return names[reference].words
    if _ID.match(value):
        return value[-SHORT_ID:].upper()
    if _DAY.match(value):
        return page.reader.day(date.fromisoformat(value), country=country)
    if _INSTANT.match(value):
        return page.reader.moment(datetime.fromisoformat(value), zone=page.institution.zone, country=country)
    if key == "kind" and value in (kinds := {kind.code: kind.words for kind in people.change_kinds()}):
        return gettext(kinds[value])
    words = _CODE_WORDS.get(key, {}).get(value) or VALUES.get(value)
    return gettext(words) if words else value


def permission_words(codes: Iterable[str]) -> list[str]:
    """Return what permissions are called, in the order given; one that this release does not know, by its code."""
    known = {one.code: one.words for one in people.registered_permissions()}
    return [gettext(known[code]) if code in known else code for code in codes]


def _reference(key: str, value: platform.AuditValue) -> str | None:
    if not isinstance(value, str):
        return None
    if key in REFERENCES and _ID.match(value):
        return f"{REFERENCES[key]}:{value}"
    return value if _REFERENCE.match(value) else None


def _references(records: Sequence[platform.AuditRecord]) -> set[str]:
    found = set()
    for one in records:
        found |= {one.actor, one.subject}
        if one.customer_id:
            found.add(f"customer:{one.customer_id}")
        for facts in (one.before or {}, one.after or {}):
            for key, value in facts.items():
                those = value if isinstance(value, list) else [value]
                found |= {reference for each in those if (reference := _reference(key, each))}
    return found


def _currencies(records: Sequence[platform.AuditRecord]) -> dict[str, Currency]:
    """Return the currency of each account and product that is a subject, for the amounts among its facts."""
    with_amounts = {
        one.subject for one in records if any(key.endswith(MINOR) for key in {*(one.before or {}), *(one.after or {})})
    }
    ids: dict[str, dict[UUID, str]] = {"account": {}, "product": {}, "biller": {}, "dispute": {}}
    for subject in with_amounts:
        kind, _, text = subject.partition(":")
        if kind in ids and _ID.match(text):
            ids[kind][UUID(text)] = subject
    found = {ids["account"][id_]: one.currency for id_, one in banking.accounts(ids["account"]).items()}
    found |= {ids["biller"][id_]: one.currency for id_, one in bills.billers(ids["biller"]).items()}
    for id_, subject in ids["dispute"].items():
        with suppress(bills.DisputeUnknown):
            found[subject] = bills.dispute_by_id(id_).amount.currency
    for id_, subject in ids["product"].items():
        try:
            found[subject] = banking.product(id_).currency
        except banking.ProductNotOffered:
            continue
    return found

"""Who works at the invented institutions that keep accounts, and at the power utility, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from .billers import BILLERS
from .names import full_names
from .people import SeededIds, draw
from .places import BANK, ISSUERS, POWER, Place

_PROPOSES: Final = ("administrator", "back-office")
_CONFIRMS: Final = ("administrator", "supervisor")
_SERVES: Final = ("agent",)
_AUDITS: Final = ("auditor",)
ROLES: Final = {
    BANK.slug: (_PROPOSES, _CONFIRMS, _SERVES, _AUDITS),
    ISSUERS[0].slug: (_PROPOSES, _CONFIRMS, _SERVES),
    POWER.slug: (_PROPOSES, _CONFIRMS),
}
"""The roles of each. Everywhere two people can confirm each other's changes, and who proposes limits does not confirm them."""
SMALL: Final = ((*_PROPOSES, *_SERVES), _CONFIRMS)
"""Of a small issuer, where two people do everything."""
_LANGUAGES: Final = ("ar", "en", "he", "ar")
_STREAM: Final = 3


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works in the demo; ``roles`` are short names of roles at their institution.

    ``works_for``: or the code of the biller whose clerk they are; then they have no role.
    """

    id: UUID
    place: Place
    login: str
    names: dict[str, str]
    language: str
    roles: tuple[str, ...]
    works_for: str = ""


def colleagues(seed: int) -> list[Colleague]:
    """Return everyone who works in the demo, the same ones for the same seed; ids do not depend on it."""
    found: list[Colleague] = []
    for place in (BANK, *ISSUERS, POWER):
        for n, roles in enumerate(ROLES.get(place.slug, SMALL)):
            language, taken = _LANGUAGES[n], {one.login for one in found}
            rng = draw(seed, f"staff {place.slug}", n)
            names = full_names(rng, hebrew=language == "he")
            while (login := _login(names, place)) in taken:
                names = full_names(rng, hebrew=language == "he")
            ids = SeededIds(draw(0, "staff", len(found)), 0, _STREAM)
            found.append(Colleague(ids.next(), place, login, names, language, roles))
    return [*found, _clerk(seed, len(found))]


def _clerk(seed: int, place: int) -> Colleague:
    """Return who works for the first biller: added at the bank that collects for it, without a role there."""
    biller, names = BILLERS[0], full_names(draw(seed, "clerk", 0), hebrew=False)
    login = f"{names['en'].split()[0].lower()}.clerk.{biller.code}"
    ids = SeededIds(draw(0, "staff", place), 0, _STREAM)
    return Colleague(ids.next(), BANK, login, names, "ar", (), biller.code)


def _login(names: dict[str, str], place: Place) -> str:
    return f"{names['en'].split()[0].lower()}.{place.slug}"

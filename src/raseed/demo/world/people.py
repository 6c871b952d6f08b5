"""The invented people: in blocks of a size, each drawn from the seed and the block's number, so that a world can grow.

Block 0 begins with the few whom the launcher names, who may sign in and have something of everything to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Final
from uuid import UUID

from raseed.kernel.ids import laid_out

from .names import full_names
from .places import FOREIGN_CURRENCIES, ISSUERS, PHONE_BLOCK

SEED: Final = 252
NAMED_PER_LANGUAGE: Final = {"ar": 2, "he": 2, "en": 2}
PEOPLE_MAX: Final = 10_000_000
_HEBREW_SHARE: Final = 0.25
_ENGLISH_SHARE: Final = 0.06
_BANK_SHARE: Final = 0.4
_FOREIGN_SHARE: Final = 0.05
_SALARIED_SHARE: Final = 0.55
_EACH_FOREIGN_SHARE: Final = 0.6
_SAVING_SHARE: Final = 0.1
_NAMED_SAVERS: Final = frozenset({0, 5})
"""Of the named, those who have savings; of the others with an account and a salary at the bank, a share."""
_IDS_BEGIN_MS: Final = 1_700_000_000_000
_BLOCK_MS: Final = 1 << 24
"""Each block's ids begin this long after the last block's: about four and a half hours of one id a millisecond."""


@dataclass(frozen=True, slots=True)
class ForeignAccount:
    """An account of the bank in another currency than the country's."""

    id: UUID
    currency_code: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the demo. ``place`` counts from 0; ``issuer`` is a place in ``ISSUERS``; money in piastres."""

    place: int
    id: UUID
    names: dict[str, str]
    phone: str
    language: str
    issuer: int
    wallet_id: UUID
    bank_id: UUID | None
    foreign: tuple[ForeignAccount, ...]
    salary_minor: int
    payday: int
    named: bool
    savings_id: UUID | None = None


class SeededIds:
    """Ids of version 7 whose time and random part come from a seed: the same ones on every planting."""

    def __init__(self, rng: Random, block: int, stream: int) -> None:
        self._rng = rng
        self._ms = _IDS_BEGIN_MS + (block * STREAMS + stream) * _BLOCK_MS

    def next(self) -> UUID:
        """Return the next id, a millisecond after the last."""
        self._ms += 1
        return laid_out(self._ms, self._rng.getrandbits(74))


STREAMS: Final = 4
PEOPLE_STREAM, ACCOUNT_STREAM, TRANSFER_STREAM = 0, 1, 2


def draw(seed: int, what: str, block: int) -> Random:
    """Return the source of chance for one thing of one block."""
    return Random(f"raseed/{seed}/{what}/{block}")  # noqa: S311 - a made-up world, no secret


def people_of_block(seed: int, block: int, first: int, count: int) -> list[Person]:
    """Return the people at places ``first`` to ``first + count - 1``, who are block number ``block``."""
    rng = draw(seed, "people", block)
    person_ids, account_ids = SeededIds(rng, block, PEOPLE_STREAM), SeededIds(rng, block, ACCOUNT_STREAM)
    issuers = _issuers(rng, count)
    named = [language for language, many in NAMED_PER_LANGUAGE.items() for _ in range(many)] if block == 0 else []
    people = [
        _person(rng, first + n, issuers[n], person_ids, account_ids, named[n] if n < len(named) else "")
        for n in range(count)
    ]
    return people if block else _with_savings(people, seed)


def _with_savings(people: list[Person], seed: int) -> list[Person]:
    """Give some of the first block's people a savings account."""
    rng = draw(seed, "savings", 0)
    ids = SeededIds(rng, 0, ACCOUNT_STREAM)
    found = []
    for person in people:
        saves = rng.random() < _SAVING_SHARE and person.bank_id is not None and person.salary_minor > 0
        saves = person.place in _NAMED_SAVERS if person.named else saves
        found.append(replace(person, savings_id=ids.next()) if saves else person)
    return found


def _issuers(rng: Random, count: int) -> list[int]:
    """Return an issuer for each of ``count`` people in exactly the issuers' shares (largest remainders), shuffled."""
    exact = [issuer.share * count for issuer in ISSUERS]
    given = [each // 100 for each in exact]
    by_remainder = sorted(range(len(ISSUERS)), key=lambda place: -(exact[place] % 100))
    for place in by_remainder[: count - sum(given)]:
        given[place] += 1
    places = [place for place, many in enumerate(given) for _ in range(many)]
    rng.shuffle(places)
    return places


def _person(rng: Random, place: int, issuer: int, person_ids: SeededIds, account_ids: SeededIds, named: str) -> Person:
    hebrew = named == "he" if named else rng.random() < _HEBREW_SHARE
    language = named or ("en" if rng.random() < _ENGLISH_SHARE else "he" if hebrew else "ar")
    banked, foreign, salaried = (
        rng.random() < _BANK_SHARE,
        rng.random() < _FOREIGN_SHARE,
        rng.random() < _SALARIED_SHARE,
    )
    wallet_id = account_ids.next()
    return Person(
        place=place,
        id=person_ids.next(),
        names=full_names(rng, hebrew=hebrew),
        phone=f"{PHONE_BLOCK}{place + 1:08d}",
        language=language,
        issuer=issuer,
        wallet_id=wallet_id,
        bank_id=account_ids.next() if banked or named else None,
        foreign=tuple(
            ForeignAccount(account_ids.next(), code)
            for code in FOREIGN_CURRENCIES
            if named or (foreign and rng.random() < _EACH_FOREIGN_SHARE)
        ),
        salary_minor=rng.randrange(6_000, 24_001, 50) * 100 if salaried or named else 0,
        payday=rng.choice((25, 27, 28, 28, 1)),
        named=bool(named),
    )

"""A leaflet: pages of sections with facts, tables and plain words, for reports that no other document fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from raseed.platform import api as platform


@dataclass(frozen=True, slots=True)
class LeafletFact:
    """A label with what stands beside it; a code (an id, a hash) reads from the left and may be broken anywhere."""

    label: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class LeafletTable:
    """A table of short words and numbers: as many cells a row as there are heads; ``codes``: columns that read from the left."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    codes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class LeafletSection:
    """What belongs together under a title, in this order: words, facts, a table."""

    title: str
    words: tuple[str, ...] = ()
    facts: tuple[LeafletFact, ...] = ()
    table: LeafletTable | None = None


@dataclass(frozen=True, slots=True)
class Leaflet:
    """What stands on the pages; all words are in its reader's language already.

    Attributes:
        house, title: who issues it, and what it is; ``verdict``: what it comes to, in a line.
        is_good: whether that is good news.
        foot: what stands at the foot of every page.
    """

    language: str
    digits: platform.Digits
    country: str
    zone: str
    house: str
    title: str
    verdict: str
    is_good: bool
    sections: tuple[LeafletSection, ...]
    foot: str
    made_at: datetime

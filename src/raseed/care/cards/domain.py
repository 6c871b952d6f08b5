"""Facts, and the cards that they stand on, as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.people.api import Author

from .voice import Voice

FACTS_MAX: Final = 20
"""The most facts of one card: what does not fit there belongs on a page of its own."""
INSERTED_MAX: Final = 20
"""The most facts of one reply."""
DIGEST_LENGTH: Final = 24
_MARKS: Final = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u2066\u2067\u2068\u2069"))


class CardState(StrEnum):
    """Whether a source could be read. One that could not says so: an empty card would be a lie."""

    OK = "ok"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FactRef:
    """Which fact, and what it was: enough to find out whether it is still so, and nothing about anybody.

    ``digest`` is over what the fact says, whatever the language; it changes when what was said would no longer be true.
    """

    provider: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class InsertedFact:
    """A fact that somebody put into a reply: which, and the words that the customer is to read."""

    ref: FactRef
    shown: str

    def is_in(self, text: str) -> bool:
        """Whether the words stand in a text as they were put there; marks of direction don't count."""
        return bool(self.shown) and plain(self.shown) in plain(text)


@dataclass(frozen=True, slots=True)
class TimedWords:
    """A step of a story, or what comes next: ``at`` is ``None`` where nobody knows when."""

    words: str
    at: datetime | None = None
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so.

    Attributes:
        key: names it within its provider, such as ``balance:<account>``; no value is in it.
        words: a sentence with the value, in the language of who looks.
        value: the value alone, as they read it.
        source: who says so, in words.
        as_of: as of when it is so.
        link: what it is about, as the audit trail names things (``account:<uuid>``), or empty.
        ref: for looking again.
        reply: a sentence for the customer, in theirs; empty: for staff's eyes only.
        steps: its story, oldest first, where it has one.
        look: ``good``, ``warn``, ``bad``, or empty.
        also: digests of what was said before and is as true as ever, such as that it is asked again at 14:09.
    """

    key: str
    words: str
    value: str
    source: str
    as_of: datetime
    link: str
    ref: FactRef
    reply: str = ""
    steps: tuple[TimedWords, ...] = ()
    look: str = ""
    also: frozenset[str] = frozenset()

    def still_says(self, digest: str) -> bool:
        """Whether what was said under a digest is still so."""
        return digest == self.ref.digest or digest in self.also

    def inserted(self) -> InsertedFact:
        """Return it as it goes into a reply."""
        return InsertedFact(self.ref, self.reply)


@dataclass(frozen=True, slots=True)
class Card:
    """What one source says about a customer; ``title`` in the reader's words, ``more`` where there is more than is shown."""

    provider: str
    title: str
    facts: tuple[Fact, ...] = ()
    state: CardState = CardState.OK
    more: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is asked: about whom, where, by whom, in which voices.

    Attributes:
        voice: of who looks; ``to_customer`` of the reply.
        language: the language of who looks.
        keys: the facts that are looked at again; ``None``: those that the card shows. A provider that shows the latest of many
            finds these among all.
    """

    customer_id: UUID
    institution_id: UUID
    by: Author
    clock: Clock
    voice: Voice
    to_customer: Voice
    keys: frozenset[str] | None = None

    @property
    def language(self) -> str:
        """The language of who looks."""
        return self.voice.language

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.voice.now

    def ids(self, kind: str) -> list[UUID] | None:
        """Return the ids in the keys of a kind (``payment:<uuid>``) that are looked at again; ``None``: those shown."""
        if self.keys is None:
            return None
        return [
            UUID(id_)
            for name, _, id_ in (key.partition(":") for key in sorted(self.keys))
            if name == kind and _is_id(id_)
        ]

    def again(self, keys: frozenset[str]) -> Asked:
        """Return the same about certain facts."""
        return replace(self, keys=keys)


Provider = Callable[[Asked], Card]
Say = Callable[[Voice], str]


@dataclass(frozen=True, slots=True)
class Tellable:
    """A kind of fact that customers may be told: what it is, and a made-up example, both message ids."""

    words: str
    example: str


@dataclass(frozen=True, slots=True)
class Source:
    """A provider as it is registered: ``title`` is a message id, ``permission`` what one must hold to see its card.

    ``tells``: the kinds of fact that customers may be told, by what their keys begin with.
    """

    code: str
    title: str
    provider: Provider
    permission: str
    tells: Mapping[str, Tellable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact that is no longer what was put into the reply. ``now`` is ``None`` where it is gone."""

    ref: FactRef
    was: str
    now: Fact | None = field(default=None)


def digest_of(*stands: object) -> str:
    """Return the digest of what a fact says: of values, not of words."""
    said = json.dumps([str(each) for each in stands], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST_LENGTH]


def fact(
    asked: Asked,
    *,
    provider: str,
    key: str,
    stands: tuple[object, ...],
    words: Say,
    value: Say,
    source: Say,
    as_of: datetime,
    link: str = "",
    reply: Say | None = None,
    steps: tuple[TimedWords, ...] = (),
    look: str = "",
    also: frozenset[str] = frozenset(),
) -> Fact:
    """Make a fact: ``stands`` is what it says, as values; the rest says it, to each in their own words."""
    return Fact(
        key=key,
        words=asked.voice.saying(words),
        value=asked.voice.saying(value),
        source=asked.voice.saying(source),
        as_of=as_of,
        link=link,
        ref=FactRef(provider, key, digest_of(*stands)),
        reply=asked.to_customer.saying(reply) if reply else "",
        steps=steps,
        look=look,
        also=also,
    )


def plain(text: str) -> str:
    """Return a text without marks of direction, its spaces single."""
    return " ".join(text.translate(_MARKS).split())


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

"""What a reader of a statement looks for, and whether a movement is that."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import AMOUNT_MINOR_MAX
from raseed.kernel.text import fold

from .domain import StatementLine

SEARCH_LENGTH_MAX: Final = 100


class InvalidFilter(InputError):
    """A filter that nothing can pass: days or amounts the wrong way round, or a text that is too long."""

    code = "invalid_filter"
    sentence = mark("Nothing can be found with these conditions.")
    hint = mark("Check that the first day is not after the last and the least amount not above the most.")


class Flow(StrEnum):
    """Which way money went."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Conditions that all must hold; those left out hold always.

    Attributes:
        flow: money in only, or money out only.
        first_day, last_day: booked on or between.
        least_minor, most_minor: the amount without its sign, minor units, both included.
        text: words that must all be found in the counterparty as shown, the note or the reference; letters and digits
            are compared as ``kernel.text.fold`` makes them. What a reader is not shown is not searched (ADR 0024).

    Raises:
        InvalidFilter: nothing could pass.
    """

    flow: Flow | None = None
    first_day: date | None = None
    last_day: date | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.first_day is not None and self.last_day is not None and self.first_day > self.last_day:
            raise InvalidFilter(field="last_day")
        for field in ("least_minor", "most_minor"):
            bound = getattr(self, field)
            if bound is not None and not 0 <= bound <= AMOUNT_MINOR_MAX:
                raise InvalidFilter(field=field)
        if self.least_minor is not None and self.most_minor is not None and self.least_minor > self.most_minor:
            raise InvalidFilter(field="most_minor")
        if len(self.text) > SEARCH_LENGTH_MAX:
            raise InvalidFilter(field="text")

    @property
    def words(self) -> tuple[str, ...]:
        """The words to be found, folded; marks of direction that came along when they were copied are left out."""
        seen = "".join(c for c in self.text if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c.isspace())
        return tuple(fold(seen).split())

    def admits(self, *, came_in: bool, amount_minor: int, booked_on: date) -> bool:
        """Whether a movement passes by what the books say of it, before anything is looked up in words."""
        return (
            (self.flow is None or (self.flow is Flow.IN) == came_in)
            and (self.first_day is None or booked_on >= self.first_day)
            and (self.last_day is None or booked_on <= self.last_day)
            and (self.least_minor is None or amount_minor >= self.least_minor)
            and (self.most_minor is None or amount_minor <= self.most_minor)
        )


def has_words(line: StatementLine, words: tuple[str, ...]) -> bool:
    """Whether all words are in what this line shows its reader."""
    if not words:
        return True
    shown = fold(f"{line.counterparty} {line.note} {line.reference}")
    return all(word in shown for word in words)

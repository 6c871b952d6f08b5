"""How facts are said to somebody: their language and digits, the institution's zone and names of months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import override

from raseed.kernel.money import Money
from raseed.platform import api as platform

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Voice:
    """One reader of facts. ``now`` decides which instants are told by their hour alone."""

    language: str
    zone: str
    country: str
    now: datetime
    digits: platform.Digits | None = None

    def saying(self, say: Callable[[Voice], str]) -> str:
        """Return what ``say`` says, in this language."""
        with override(self.language):
            return say(self)

    def saying_all(self, say: Callable[[Voice], list[T]]) -> list[T]:
        """Return all that ``say`` says, in this language."""
        with override(self.language):
            return say(self)

    def money(self, amount: Money) -> str:
        """Write an amount, apart from the direction of the sentence."""
        return self.apart(platform.money_text(amount, self.language, digits=self.digits))

    def number(self, number: int) -> str:
        """Write a whole number."""
        return platform.number_text(number, self.language, digits=self.digits)

    def text(self, text: str) -> str:
        """Write a reference or a number of an account: those with letters keep Latin digits, as they are printed."""
        has_letters = any(character.isalpha() for character in text)
        return self.apart(text if has_letters else platform.digits_text(text, self.language, digits=self.digits))

    def apart(self, text: str) -> str:
        """Keep a name or an amount apart from the direction of the sentence around it."""
        return platform.isolated(text, self.language)

    def day(self, when: date) -> str:
        """Write a date."""
        return platform.date_text(when, self.language, digits=self.digits, country=self.country)

    def when(self, instant: datetime) -> str:
        """Write an instant: of today its hour, of another day its date too."""
        zone = ZoneInfo(self.zone)
        if instant.astimezone(zone).date() == self.now.astimezone(zone).date():
            return platform.time_text(instant, self.language, zone=self.zone, digits=self.digits)
        return platform.moment_text(instant, self.language, zone=self.zone, digits=self.digits, country=self.country)

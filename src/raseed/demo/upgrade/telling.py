"""How the story is told: a line for each thing that happened, with the seconds since it began."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.translation import get_language, gettext

from raseed.assurance.guard import api as guard
from raseed.demo.world.places import ZONE
from raseed.display import api as display
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.platform.api import digits_text, isolated, money_text, number_text, time_text

from .projector import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from .phones import Phone, Sight

FAULT_WORDS: Final = {
    Fault.DOUBLED: mark("doubled"),
    Fault.LOST: mark("a payment is missing"),
    Fault.SWAPPED: mark("swapped with another"),
}
_NOTHING: Final = "–"


class Teller:
    """Tells lines as they come, each with the seconds since the first one."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write
        self._began = time.monotonic()
        self.language = get_language() or "en"

    def act(self, title: str) -> None:
        """Tell that an act begins."""
        self._write("")
        self._write(title)

    def tell(self, sentence: str) -> None:
        """Tell something that happened now."""
        seconds = digits_text(f"{time.monotonic() - self._began:6.1f}", self.language)
        self._write(f"{seconds}  {sentence}")

    def add(self, line: str) -> None:
        """Tell more of what was told just before."""
        self._write(f"        {line}")

    def end(self, sentence: str) -> None:
        """Tell how it ended."""
        self._write("")
        self.tell(sentence)

    def number(self, number: int) -> str:
        """Return a number as the reader writes it."""
        return number_text(number, self.language)

    def seconds(self, span: timedelta) -> str:
        """Return a time span in seconds, to the hundredth."""
        return digits_text(f"{span.total_seconds():.2f}", self.language)

    def clock(self, at: datetime) -> str:
        """Return an instant on the clock of the demo's country, to the hundredth of a second."""
        whole = time_text(at, self.language, zone=ZONE, seconds=True)
        return whole + digits_text(f".{at.microsecond // 10_000:02d}", self.language)

    def differences(self, run: guard.Run) -> None:
        """Tell what differed, by issuer and kind."""
        by_issuer: dict[str, list[str]] = defaultdict(list)
        for (issuer, kind), count in sorted(run.tallies.items()):
            by_issuer[issuer].append(f"{gettext(guard.DIFFERENCE_WORDS[kind])} {self.number(count)}")
        for issuer, found in by_issuer.items():
            comma = "، " if self.language == "ar" else ", "
            self.add(f"{self._house(issuer)}: {comma.join(found)}")

    def phones(self, phones: Sequence[Phone], seen: dict[UUID, list[Sight]]) -> None:
        """Tell what phones showed, one of each fault, from change to change."""
        firsts: dict[Fault, Phone] = {}
        for phone in phones:
            firsts.setdefault(phone.fault, phone)
        for phone in firsts.values():
            number = isolated(people.phone_text(phone.person.phone), self.language)
            self.add(f"{number} ({gettext(FAULT_WORDS[phone.fault])})")
            for sight in seen.get(phone.person.wallet_id, ()):
                self.add(f"  {self.clock(sight.at)}  {self._sight(sight)}")

    def _sight(self, sight: Sight) -> str:
        if not sight.is_verifying:
            return f"{money_text(sight.shown, self.language)}  {gettext(display.PROOF_SENTENCES[sight.proof])}"
        if sight.last_proven is None:
            return f"{_NOTHING}  {gettext('Being verified; no number is shown.')}"
        return gettext("Being verified; last proven: %(amount)s at %(time)s.") % {
            "amount": money_text(sight.last_proven.booked, self.language),
            "time": time_text(sight.last_proven.as_of, self.language, zone=ZONE, seconds=True),
        }

    def _house(self, issuer: str) -> str:
        try:
            names = people.institution(UUID(issuer)).names
        except (ValueError, people.UnknownInstitution):
            return issuer
        return names.get(self.language, names["en"])

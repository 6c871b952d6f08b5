"""Channels, deliveries, proofs and time limits in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.care import api as care
from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from raseed.web.reader import Reader

CHANNEL_WORDS: Final = {
    "whatsapp": mark("WhatsApp"),
    "telegram": mark("Telegram"),
    "x": mark("X"),
    "sms": mark("Text message"),
    "email": mark("E-mail"),
    "web": mark("Web chat"),
    "phone": mark("Phone call"),
    "branch": mark("Visit to a branch"),
}
DELIVERY_WORDS: Final = {
    "waiting": mark("waits to be sent"),
    "sending": mark("is being sent"),
    "sent": mark("sent"),
    "delivered": mark("delivered"),
    "read": mark("read"),
    "failed": mark("not sent"),
    "unknown": mark("no sign of delivery"),
    "expired": mark("too late to be sent"),
    "told": mark("said in person"),
}
LOST_WORDS: Final = {
    "failed": mark("Our answer was not sent. The customer still waits, since the time they asked."),
    "unknown": mark("Nobody knows whether our answer was sent. Until that is known the customer counts as waiting, since the time they asked."),
    "expired": mark("Our answer could not leave in time and was not sent. The customer still waits, since the time they asked."),
}  # fmt: skip
"""Of an answer that cannot be taken for one."""
TICKS: Final = {"sent": "✓", "delivered": "✓✓", "read": "✓✓"}
BAD_DELIVERIES: Final = frozenset({"failed", "unknown", "expired"})
PROOF_WORDS: Final = {
    "none": mark("not proven"),
    "claimed": mark("claimed, not proven"),
    "proven": mark("proven"),
}
PROOF_LOOKS: Final = {"none": "bad", "claimed": "warn", "proven": "good"}
NEAR: Final = timedelta(minutes=15)
"""From here on a time limit is near."""
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
MINUTES: Final = mark("%(count)s min")
HOURS: Final = mark("%(count)s h")
DAYS: Final = mark("%(count)s d")
DUE_IN: Final = mark("due in %(time)s")
LATE_BY: Final = mark("%(time)s late")


@dataclass(frozen=True, slots=True)
class Due:
    """How long there is until something is due, in a word or two."""

    words: str
    look: str
    at: datetime


def channel_words(channel: str) -> str:
    """Return what a channel is called."""
    return gettext(CHANNEL_WORDS[channel]) if channel in CHANNEL_WORDS else channel


def delivery_words(state: str | None) -> str:
    """Return how far a message has come."""
    return gettext(DELIVERY_WORDS[state]) if state in DELIVERY_WORDS else state or ""


def lost_words(state: str | None) -> str:
    """Say that the last answer cannot be taken for one, if that is so."""
    return gettext(LOST_WORDS[state]) if state in LOST_WORDS else ""


def length_text(seconds: int, reader: Reader) -> str:
    """Return a length of time in the largest unit that tells it: ``12 min``, ``3 h``, ``2 d``."""
    if seconds < HOUR_S:
        unit, count = MINUTES, seconds // 60
    elif seconds < DAY_S:
        unit, count = HOURS, seconds // HOUR_S
    else:
        unit, count = DAYS, seconds // DAY_S
    return gettext(unit) % {"count": reader.number(count)}


def due_of(at: datetime, now: datetime, reader: Reader) -> Due:
    """Return how long there is until an instant, or how long it is past."""
    left = at - now
    seconds = int(abs(left).total_seconds())
    if left < timedelta(0):
        return Due(gettext(LATE_BY) % {"time": length_text(seconds, reader)}, "late", at)
    return Due(gettext(DUE_IN) % {"time": length_text(seconds, reader)}, "near" if left < NEAR else "", at)


def next_due(clocks: Iterable[care.RunningClock]) -> datetime | None:
    """Return when the next answer is due; where no answer is, when anything is."""
    running = [each for each in clocks if each.due_at is not None and each.stopped_at is None]
    answers = [each.due_at for each in running if each.kind in care.clocks.ANSWER_KINDS and each.due_at]
    others = [each.due_at for each in running if each.due_at]
    return min(answers or others, default=None)

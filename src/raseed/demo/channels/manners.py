"""The ways in which the providers can misbehave, and how webhooks are delivered: switched from outside, for so many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from threading import Lock
from typing import Any, Final

from raseed.kernel.errors import mark

EVERY: Final = "*"
TIMES_MAX: Final = 1_000_000_000
SECONDS_MAX: Final = 600
BATCH_MAX: Final = 50
PERCENT: Final = 100
MS_MAX: Final = 7 * 24 * 3_600_000


class Manner(StrEnum):
    """How a request to a provider is answered."""

    WELL = "well"
    SLOW = "slow"
    HANG = "hang"
    DEAD = "dead"
    ERROR = "error"
    BUSY = "busy"
    RATE = "rate"
    RUBBISH = "rubbish"
    REDIRECT = "redirect"
    NOTHING = "nothing"
    REPLY_LOST = "reply_lost"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a manner's name
    CODE = "code"
    FAILS = "fails"
    LOST = "lost"
    CUT = "cut"
    OTHER_BYTES = "other_bytes"
    FOUND = "found"


MANNER_WORDS: Final[Mapping[Manner, str]] = {
    Manner.WELL: mark("Answers well"),
    Manner.SLOW: mark("Answers late"),
    Manner.HANG: mark("Takes nothing and does not answer"),
    Manner.DEAD: mark("Hangs up at once"),
    Manner.ERROR: mark("Answers with an error (500)"),
    Manner.BUSY: mark("Says that it is overloaded (503)"),
    Manner.RATE: mark("Says that there were too many requests (429)"),
    Manner.RUBBISH: mark("Answers with a page that means nothing"),
    Manner.REDIRECT: mark("Sends the asker elsewhere"),
    Manner.NOTHING: mark("Says yes and does nothing"),
    Manner.REPLY_LOST: mark("Takes the message and loses the answer"),
    Manner.TOKEN_EXPIRED: mark("Says that the token has expired"),
    Manner.CODE: mark("Refuses with an error code"),
    Manner.FAILS: mark("Takes the message, and reports later that it failed, with an error code"),
    Manner.LOST: mark("Has lost the file"),
    Manner.CUT: mark("Breaks off in the middle of the file"),
    Manner.OTHER_BYTES: mark("Hands out another file than it announced"),
    Manner.FOUND: mark("Finds malware in everything"),
}


class BadSwitch(Exception):
    """What was asked of the switch makes no sense."""


@dataclass(frozen=True, slots=True)
class Told:
    """The manner of one request: for how many seconds where it takes long, with which error code where it has one."""

    manner: Manner = Manner.WELL
    seconds: float = 0
    code: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How webhooks are delivered.

    Up to ``batch`` items in one request, for which the first waits ``hold_ms`` at most; shuffled or in order; ``redeliver`` per cent of
    them again after ``redeliver_after_ms``, with other bytes or with the same; ``unsigned`` and ``wrong_signature`` for the next so many
    requests; statuses ``sent_ms`` and ``delivered_ms`` after a message was taken.
    """

    batch: int = 1
    hold_ms: int = 0
    shuffle: int = 0
    redeliver: int = 0
    redeliver_after_ms: int = 1_000
    other_bytes: int = 1
    unsigned: int = 0
    wrong_signature: int = 0
    paused: int = 0
    sent_ms: int = 150
    delivered_ms: int = 600
    limits: int = 1


BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "batch": (1, BATCH_MAX), "hold_ms": (0, MS_MAX), "shuffle": (0, 1), "redeliver": (0, PERCENT),
    "redeliver_after_ms": (0, MS_MAX), "other_bytes": (0, 1), "unsigned": (0, TIMES_MAX), "wrong_signature": (0, TIMES_MAX),
    "paused": (0, 1), "sent_ms": (0, MS_MAX), "delivered_ms": (0, MS_MAX), "limits": (0, 1),
}  # fmt: skip

DELIVERY_WORDS: Final[Mapping[str, str]] = {
    "batch": mark("Items in one delivery"),
    "hold_ms": mark("Wait for a batch to fill, milliseconds"),
    "shuffle": mark("Out of order (0 or 1)"),
    "redeliver": mark("Of a hundred, delivered again"),
    "redeliver_after_ms": mark("Again after, milliseconds"),
    "other_bytes": mark("Again with other bytes (0 or 1)"),
    "unsigned": mark("Next deliveries without a signature"),
    "wrong_signature": mark("Next deliveries with a wrong signature"),
    "paused": mark("Hold everything back (0 or 1)"),
    "sent_ms": mark("Report “sent” after, milliseconds"),
    "delivered_ms": mark("Report “delivered” after, milliseconds"),
    "limits": mark("Keep rate limits (0 or 1)"),
}


@dataclass(slots=True)
class Switch:
    """Who misbehaves how, and how often still; safe for threads. The narrowest rule counts: a channel's own place first."""

    rules: dict[tuple[str, str], tuple[Told, int]] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    _lock: Lock = field(default_factory=Lock)

    def turn(self, asked: Any) -> None:
        """Set a manner, or how webhooks are delivered.

        Args:
            asked: ``{"channel": "whatsapp" … or "*", "place": "send" … or "*", "manner": …, "times": 1, "seconds": 5, "code": 131047}``
                or ``{"delivery": {"batch": 50, …}}``.

        Raises:
            BadSwitch: it is not understood.
        """
        if not isinstance(asked, dict):
            raise BadSwitch
        if "delivery" in asked:
            self._deliver(asked["delivery"])
            return
        key = (asked.get("channel", EVERY), asked.get("place", EVERY))
        times, seconds, code = asked.get("times", TIMES_MAX), asked.get("seconds", 5), asked.get("code", 0)
        whole = all(isinstance(part, str) for part in key) and type(times) is int and type(code) is int
        if not whole or not isinstance(seconds, int | float) or asked.get("manner") not in set(Manner):
            raise BadSwitch
        if not 0 <= times <= TIMES_MAX or not 0 <= seconds <= SECONDS_MAX:
            raise BadSwitch
        with self._lock:
            if asked["manner"] == Manner.WELL:
                self.rules = {} if key == (EVERY, EVERY) else {k: v for k, v in self.rules.items() if k != key}
            elif times:
                self.rules[key] = (Told(Manner(asked["manner"]), seconds, code), times)

    def _deliver(self, asked: Any) -> None:
        names = {each.name for each in fields(Delivery)}
        if not isinstance(asked, dict) or not set(asked) <= names:
            raise BadSwitch
        for name, value in asked.items():
            least, most = BOUNDS[name]
            if type(value) is not int or not least <= value <= most:
                raise BadSwitch
        with self._lock:
            self.delivery = replace(self.delivery, **asked)

    def next(self, channel: str, place: str) -> Told:
        """Return how the next request is answered, counting it."""
        with self._lock:
            for key in ((channel, place), (channel, EVERY), (EVERY, place), (EVERY, EVERY)):
                rule = self.rules.get(key)
                if rule is None:
                    continue
                told, times = rule
                if times <= 1:
                    del self.rules[key]
                else:
                    self.rules[key] = (told, times - 1)
                return told
            return Told()

    def count_down(self, name: str) -> bool:
        """Whether the next delivery is one of those that were asked for under a name, counting it."""
        with self._lock:
            left = getattr(self.delivery, name)
            if left:
                self.delivery = replace(self.delivery, **{name: left - 1})
            return bool(left)

    def state(self) -> dict[str, Any]:
        """Return what is set."""
        with self._lock:
            rules = [
                {"channel": channel, "place": place, "manner": told.manner.value, "times": times,
                 "seconds": told.seconds, "code": told.code}
                for (channel, place), (told, times) in sorted(self.rules.items())
            ]  # fmt: skip
            return {"rules": rules, "delivery": asdict(self.delivery), "manners": [each.value for each in Manner]}

"""The ways in which a biller can misbehave, and who does at present: switched from outside, for so many questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

EVERY: Final = "*"
TIMES_MAX: Final = 1_000_000_000
SECONDS_MAX: Final = 600


class Manner(StrEnum):
    """How a question is answered."""

    WELL = "well"
    SLOW = "slow"
    HANG = "hang"
    DRIP = "drip"
    DEAD = "dead"
    REPLY_LOST = "reply_lost"
    ERROR = "error"
    BUSY = "busy"
    RUBBISH = "rubbish"
    RUBBISH_SIGNED = "rubbish_signed"
    UNSIGNED = "unsigned"
    WRONG_KEY = "wrong_key"
    STALE = "stale"
    REPLAYED = "replayed"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    TWICE = "twice"
    OTHER_BILLER = "other_biller"
    OTHER_PAYMENT = "other_payment"
    OTHER_ACCOUNT = "other_account"
    OTHER_BILL = "other_bill"
    CHANGED_AMOUNT = "changed_amount"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_SCALE = "wrong_scale"
    REFUSE = "refuse"
    UNKNOWN = "unknown"
    LOWERED = "lowered"


class BadSwitch(Exception):
    """What was asked of the switch makes no sense."""


@dataclass(slots=True)
class Switch:
    """Who misbehaves how, and how often still. The narrowest rule counts: a biller's own question first."""

    rules: dict[tuple[str, str], tuple[Manner, int, float]] = field(default_factory=dict)

    def turn(self, asked: Any) -> None:
        """Set a manner.

        Args:
            asked: ``{"biller": code or "*", "question": "fetch" … or "*", "manner": …, "times": 1, "seconds": 5}``.

        Raises:
            BadSwitch: it is not understood.
        """
        if not isinstance(asked, dict):
            raise BadSwitch
        key = (asked.get("biller", EVERY), asked.get("question", EVERY))
        times, seconds = asked.get("times", TIMES_MAX), asked.get("seconds", 5)
        whole = all(isinstance(part, str) for part in key) and type(times) is int and isinstance(seconds, int | float)
        if not whole or asked.get("manner") not in set(Manner):
            raise BadSwitch
        if not 0 <= times <= TIMES_MAX or not 0 <= seconds <= SECONDS_MAX:
            raise BadSwitch
        if asked["manner"] == Manner.WELL:
            self.rules = (
                {} if key == (EVERY, EVERY) else {each: rule for each, rule in self.rules.items() if each != key}
            )
        else:
            self.rules[key] = (Manner(asked["manner"]), times, seconds)

    def next(self, biller: str, question: str) -> tuple[Manner, float]:
        """Return how the next question of a biller is answered, and for how many seconds where it takes long."""
        for key in ((biller, question), (biller, EVERY), (EVERY, question), (EVERY, EVERY)):
            rule = self.rules.get(key)
            if rule is None:
                continue
            manner, times, seconds = rule
            if times <= 1:
                del self.rules[key]
            else:
                self.rules[key] = (manner, times - 1, seconds)
            if times:
                return manner, seconds
        return Manner.WELL, 0.0

    def state(self) -> list[dict[str, Any]]:
        """Return the rules that are set."""
        return [
            {"biller": biller, "question": question, "manner": manner.value, "times": times, "seconds": seconds}
            for (biller, question), (manner, times, seconds) in sorted(self.rules.items())
        ]

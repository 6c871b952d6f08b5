"""A slip: one page that says one thing, such as that a payment has settled, and that a stranger can check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from raseed.kernel.money import Money
from raseed.platform import api as platform

FACTS_MAX: Final = 9
PARTS_MAX: Final = 8
STEPS_MAX: Final = 6
CHECK_LINES_MAX: Final = 8
"""The most of each that one page has room for."""


@dataclass(frozen=True, slots=True)
class SlipFact:
    """A label with its value: words, a code that reads from the left, or an amount; ``note`` stands behind it."""

    label: str
    value: str | Money
    note: str = ""
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class SlipPart:
    """A part of the amount; one that ``lowers`` it is taken off. ``what`` follows its words and reads from the left."""

    words: str
    amount: Money
    lowers: bool = False
    what: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on the page; all words are in its reader's language already.

    Attributes:
        institution, title: who issues it, and what it is.
        state: what became of it, in a word or two, above the amount.
        remark: what has to be known beside that, or empty.
        facts: at most ``FACTS_MAX``.
        parts_title, parts: what the amount is made of, if it is of more than one; past ``PARTS_MAX`` the rest is summed up.
        steps_title, steps: when it came to that; at most ``STEPS_MAX``.
        check_title, check: how a stranger checks it: lines of words, or of a code with its label, if it has one.
        squares: the QR code as runs of row, first column and length, and how many squares a side has with its margin.
        made_at: when the page was made.
    """

    language: str
    digits: platform.Digits
    country: str
    zone: str
    institution: str
    title: str
    state: str
    amount: Money
    facts: tuple[SlipFact, ...]
    steps_title: str
    steps: tuple[tuple[datetime, str], ...]
    check_title: str
    check: tuple[tuple[str, str], ...]
    squares: tuple[tuple[int, int, int], ...]
    squares_of: int
    made_at: datetime
    remark: str = ""
    parts_title: str = ""
    parts: tuple[SlipPart, ...] = ()

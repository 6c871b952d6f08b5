"""What a stretch of text has that a customer can use: facts, times, owners, questions, answers, and words that tell something.

It is looked for after what only looks like it ("24/7", "your complaint was received") is blanked out.
"""

from __future__ import annotations

import re
from typing import Final

from .lexicons import Lexicon
from .words import normalise

SCRIPTS: Final = {"ar": re.compile("[\u0621-\u064a]"), "he": re.compile("[\u05d0-\u05ea]"), "en": re.compile("[a-z]")}
TELLING_COUNTED_MAX: Final = 5
_CAPITALISED: Final = re.compile(
    r"(?<=[a-z,;] )[A-Z][a-z]+(?= (?:[A-Z][a-z]+ )?(?:from|in|of|at|has|will|calls|writes|answers|decides|rings)\b)"
)
_NOT_NAMES: Final = frozenset({"customer", "internet", "management", "support", "team", "someone", "service", "god"})
_DIGIT: Final = re.compile(r"\d")


def masked(text: str, rules: Lexicon) -> str:
    """Blank out what only looks like a fact, a time or an owner, place by place."""
    return rules.mask.sub(lambda found: "~" * len(found.group()), text)


def has_figure(blanked: str) -> bool:
    """Say whether a figure is left: an amount, a date, a clock time, a number of the case itself."""
    return bool(_DIGIT.search(blanked))


def owned(blanked: str, text: str, rules: Lexicon) -> bool:
    """Say whether somebody takes it on. ``text`` has its capitals, if there are any."""
    if rules.owner.search(blanked) or any(_named(word, rules) for word in normalise(blanked).words()):
        return True
    return rules.language == "en" and any(name.lower() not in _NOT_NAMES for name in _CAPITALISED.findall(text))


def _named(word: str, rules: Lexicon) -> bool:
    """Say whether a word is a given name, with one letter for and, to, of, in before it where the language has such."""
    if word in rules.names:
        return True
    return rules.language != "en" and word[:1] in "ولبלמהו" and word[1:] in rules.names


def answers(blanked: str, rules: Lexicon) -> bool:
    """Say whether it begins with yes or no and goes on with a word that tells something."""
    return bool(rules.answers.search(blanked)) and bool(telling(blanked, rules))


def telling(blanked: str, rules: Lexicon) -> list[str]:
    """Return the words that aren't of the vocabulary of waiting, updating and apologising."""
    script = SCRIPTS[rules.language]
    words = normalise(blanked.replace("~", " ")).words()
    return [word for word in words if script.search(word) and not rules.says_nothing.fullmatch(word)]


def evidence(text: str, rules: Lexicon) -> list[str]:
    """Name what a normalised text has, for the scales (``weighing.py``)."""
    blanked = masked(text, rules)
    told = len(telling(blanked, rules))
    looked_for = (
        ("masked", "~" in blanked),
        ("fact", bool(rules.fact.search(_DIGIT.sub("x", blanked)))),
        ("figure", has_figure(blanked)),
        ("time", bool(rules.time.search(blanked))),
        ("owner", owned(blanked, text, rules)),
        ("asks", bool(rules.asks.search(blanked))),
        ("courtesy", bool(rules.courtesy.search(blanked))),
        ("answers", bool(rules.answers.search(blanked)) and told > 0),
        ("question", "?" in text),
    )
    found = [name for name, there in looked_for if there]
    found += [f"tells{count}" for count in range(1, min(told, TELLING_COUNTED_MAX) + 1)]
    return found

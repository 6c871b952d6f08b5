"""The check of a reply before it is sent.

Tone is looked for as it is. Emptiness is looked for by what is there: a fact, a time, an owner, a needed question, an
answer, or enough words that say something. What looks like one of these and isn't ("24/7", "your complaint was received")
is blanked out before. A reply made of courtesy, waiting, updating and forwarding has none, however it is worded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .domain import Finding, Verdict
from .lexicons import LANGUAGES, Lexicon, lexicon
from .sentences import EMPTY, EXPLAINED, NO_TIME
from .words import Normalised, normalise

CHECKED_CHARACTERS_MAX: Final = 5_000
"""No channel carries a longer text in one message (4,096 on the longest); what lies beyond isn't looked at."""
TELLING_WORDS_MIN: Final = 5
TELLING_SHARE_MIN: Final = 0.3
"""A reply without fact, time or owner still answers, if so many of its words, and this share, tell something."""
_SCRIPTS: Final = {"ar": re.compile("[\u0621-\u064a]"), "he": re.compile("[\u05d0-\u05ea]"), "en": re.compile("[a-z]")}
_SCRIPT_LETTERS_MIN: Final = 3
_CAPITALISED: Final = re.compile(
    r"(?<=[a-z,;] )[A-Z][a-z]+(?= (?:[A-Z][a-z]+ )?(?:from|in|of|at|has|will|calls|writes|answers|decides|rings)\b)"
)
_NOT_NAMES: Final = frozenset({"customer", "internet", "management", "support", "team", "someone", "service", "god"})


def check_reply(
    text: str, *, language: str | None = None, facts: Sequence[object] = (), promise: bool = False
) -> Verdict:
    """Say what is wrong with a reply.

    Args:
        text: what would be sent.
        language: of the conversation; the scripts found in the text are checked whatever it says.
        facts: facts inserted from cards; with one the reply isn't empty.
        promise: a question was kept with this reply, with its owner and its date, which the customer is told.
    """
    written = normalise(text[:CHECKED_CHARACTERS_MAX])
    lexicons = [lexicon(code) for code in _languages(written, language)]
    tones = [finding for one in lexicons for finding in _tones(written, one)]
    masked = written.text
    for one in lexicons:
        masked = one.mask.sub(lambda found: "~" * len(found.group()), masked)
    has_time = promise or any(one.time.search(masked) for one in lexicons)
    has_owner = promise or any(_owned(masked, text, one) for one in lexicons)
    said = bool(facts) or any(one.fact.search(masked) for one in lexicons)
    asks = any(one.asks.search(masked) for one in lexicons)
    answered = any(_answers(masked, one) for one in lexicons)
    closes = any(one.courtesy.search(masked) for one in lexicons)
    has_fact = said or answered
    findings = tones
    if not (has_fact or has_time or has_owner or asks or closes or _tells(masked, lexicons)):
        findings = [*tones, _finding(EMPTY, (0, len(text)))]
    elif has_owner and not (has_time or has_fact or asks):
        findings = [*tones, _finding(NO_TIME, (0, len(text)), stops=False)]
    return Verdict(tuple(findings), has_fact, has_time, has_owner, asks)


def _languages(written: Normalised, told: str | None) -> list[str]:
    found = [code for code in LANGUAGES if len(_SCRIPTS[code].findall(written.text)) >= _SCRIPT_LETTERS_MIN]
    return found or [told if told in LANGUAGES else LANGUAGES[0]]


def _tones(written: Normalised, rules: Lexicon) -> list[Finding]:
    """Return one finding for each rule that was broken, where it was first."""
    found = []
    for name, pattern in rules.rules:
        hit = pattern.search(written.text)
        if hit:
            found.append(_finding(name, written.span(*hit.span())))
    return found


def _finding(rule: str, span: tuple[int, int], *, stops: bool = True) -> Finding:
    kind, why, suggestion = EXPLAINED[rule]
    return Finding(kind, span, rule, why, suggestion, stops)


def _owned(masked: str, text: str, rules: Lexicon) -> bool:
    if rules.owner.search(masked) or any(_named(word, rules) for word in normalise(masked).words()):
        return True
    return rules.language == "en" and any(name.lower() not in _NOT_NAMES for name in _CAPITALISED.findall(text))


def _named(word: str, rules: Lexicon) -> bool:
    """Say whether a word is a given name, with one letter for and, to, of, in before it where the language has such."""
    if word in rules.names:
        return True
    return rules.language != "en" and word[:1] in "ولبلמהו" and word[1:] in rules.names


def _answers(masked: str, rules: Lexicon) -> bool:
    """Say whether it begins with yes or no and goes on with a word that tells something."""
    return bool(rules.answers.search(masked)) and bool(_telling(masked, rules))


def _telling(masked: str, rules: Lexicon) -> list[str]:
    script = _SCRIPTS[rules.language]
    return [
        word
        for word in normalise(masked.replace("~", " ")).words()
        if script.search(word) and not rules.says_nothing.fullmatch(word)
    ]


def _tells(masked: str, lexicons: Sequence[Lexicon]) -> bool:
    telling = sum(len(_telling(masked, one)) for one in lexicons)
    words = max(1, len(normalise(masked.replace("~", " ")).words()))
    return telling >= TELLING_WORDS_MIN and telling / words >= TELLING_SHARE_MIN

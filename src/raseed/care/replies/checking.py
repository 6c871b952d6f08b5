"""The check of a reply before it is sent.

Tone is looked for as it is: patterns name it, and where they find none, the scales (``weighing.py``) say whether the wording as
a whole is near to replies that sent customers away. Emptiness is judged sentence by sentence: a reply is empty when no sentence
of it carries anything, be it a fact, a step, an owner, a needed question or an answer. What looks like one of these and isn't
("24/7", "your complaint was received", a number that is an echo) is blanked out before. A figure that is left always carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .domain import Finding, Verdict
from .evidence import SCRIPTS, answers, has_figure, masked, owned
from .lexicons import LANGUAGES, Lexicon, lexicon
from .sentences import EMPTY, EXPLAINED, NO_TIME, SOUNDS_SO
from .weighing import is_filler, tone_at
from .words import Normalised, normalise

CHECKED_CHARACTERS_MAX: Final = 5_000
"""No channel carries a longer text in one message (4,096 on the longest); what lies beyond isn't looked at."""
_SCRIPT_LETTERS_MIN: Final = 3


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
    blanked = written.text
    for one in lexicons:
        blanked = masked(blanked, one)
    has_time = promise or any(one.time.search(blanked) for one in lexicons)
    has_owner = promise or any(owned(blanked, text, one) for one in lexicons)
    said = bool(facts) or any(one.fact.search(blanked) for one in lexicons)
    asks = any(one.asks.search(blanked) for one in lexicons)
    has_fact = said or any(answers(blanked, one) for one in lexicons)
    certain = bool(facts) or has_time or has_owner or has_figure(blanked)
    carries = certain or not is_filler(written.text, lexicons)
    if carries and not tones and (stretch := tone_at(written.text, _main(written, lexicons))):
        tones = [_finding(SOUNDS_SO, written.span(*stretch))]
    findings = tones
    if not carries:
        findings = [*tones, _finding(EMPTY, (0, len(text)))]
    elif has_owner and not (has_time or has_fact or asks):
        findings = [*tones, _finding(NO_TIME, (0, len(text)), stops=False)]
    return Verdict(tuple(findings), has_fact, has_time, has_owner, asks)


def _languages(written: Normalised, told: str | None) -> list[str]:
    found = [code for code in LANGUAGES if len(SCRIPTS[code].findall(written.text)) >= _SCRIPT_LETTERS_MIN]
    return found or [told if told in LANGUAGES else LANGUAGES[0]]


def _main(written: Normalised, lexicons: Sequence[Lexicon]) -> Lexicon:
    """Return the rules of the script that most of the text is in."""
    return max(lexicons, key=lambda one: len(SCRIPTS[one.language].findall(written.text)))


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

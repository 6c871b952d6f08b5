"""The files of rules, read once: patterns and words of a language, made ready for normalised texts."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from .words import same_letters

LANGUAGES: Final = ("ar", "he", "en")
_LEADS: Final = {"ar": "[وف]?", "he": "[ושה]?", "en": ""}
_GAP: Final = r"(?:[^\w.!?]+[\w']+){0,4}?[^\w.!?]+"
"""Up to four words between two parts of a pattern, within a sentence."""
_WORD_FORMS: Final = {
    "ar": ("[وف]?[بلكسه]?(?:ال|لل)?", "(?:ك|كم|كن|ه|ها|هم|نا|ني|ي|ا|ات|ين|ون|وا|تنا|تكم|تك|ته|لك|لكم)?"),
    "he": ("ו?(?:כש|ש)?[הבלכמ]{0,2}", "(?:ו|ה|י|ימ|ות|כ|כמ|נו|ת|תכ|תכמ|תנו|מ|יכ|ינו|יכמ|יה)?"),
    "en": ("", "(?:'s|s')?"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The rules of one language."""

    language: str
    mask: re.Pattern[str]
    fact: re.Pattern[str]
    time: re.Pattern[str]
    owner: re.Pattern[str]
    names: frozenset[str]
    asks: re.Pattern[str]
    courtesy: re.Pattern[str]
    answers: re.Pattern[str]
    says_nothing: re.Pattern[str]
    rules: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def lexicon(language: str) -> Lexicon:
    """Return the rules of a language."""
    told = tomllib.loads(resources.files(__package__).joinpath("rules", f"{language}.toml").read_text(encoding="utf-8"))
    lead = _LEADS[language]

    def ready(section: str) -> re.Pattern[str]:
        return _any_of(told[section]["patterns"], lead)

    answers = "|".join(map(same_letters, told["fact"]["answers"]))
    return Lexicon(
        language=language,
        mask=ready("mask"),
        fact=ready("fact"),
        time=ready("time"),
        owner=ready("owner"),
        names=frozenset(map(same_letters, told["owner"]["names"])),
        asks=ready("asks"),
        courtesy=ready("courtesy"),
        answers=re.compile(rf"(?:^|[.!,;:]\s+)(?:{answers})(?=[\s,.;:!])"),
        says_nothing=_words(told["says_nothing"]["words"], language),
        rules=tuple((name, _any_of(patterns, lead)) for name, patterns in told["rules"].items()),
    )


def _any_of(patterns: list[str], lead: str) -> re.Pattern[str]:
    """Return one expression for any of them, each at the border of a word."""
    parts = [
        same_letters(pattern).replace("… ?", f"(?:{_GAP})?").replace("… ", _GAP).replace("…", f"(?:{_GAP})?")
        for pattern in patterns
    ]
    return re.compile(rf"(?<!\w){lead}(?:" + "|".join(f"(?:{part})" for part in parts) + r")(?!(?<=\w)\w)")


def _words(text: str, language: str) -> re.Pattern[str]:
    before, after = _WORD_FORMS[language]
    stems = "|".join(re.escape(same_letters(word)).replace(r"\*", r"\w*") for word in sorted(set(text.split())))
    return re.compile(rf"{before}(?:{stems}){after}")

"""Names of people in Arabic, Hebrew and Latin letters: what belongs in one, and what would deceive its reader.

What is allowed is listed, not what is forbidden: letters, vowel signs and accents of the three scripts, digits, and the
few signs that names are written with. So nothing invisible, nothing that turns the line around and no look-alike letter
of a fourth script gets in, whatever Unicode adds. Two scripts may stand in one name, not in one word of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from raseed.kernel.errors import mark
from raseed.kernel.text import NAME_LENGTH_MAX, UnacceptableText, clean_text

from ..domain import LANGUAGES, known_language

MARKS_MAX: Final = 4
"""A Hebrew letter may carry a dagesh, a shin dot, a vowel and an accent; nothing real carries more."""

_ZWNJ: Final = "\u200c"
_LETTERS: Final = {
    "latin": "A-Za-zÀ-ÖØ-öø-ƿǄ-ɏəḀ-ỿ",
    "arabic": "\u0620-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff\u0750-\u077f",
    "hebrew": "\u05d0-\u05ea\u05ef-\u05f2",
}
_MARKS: Final = {
    "latin": "\u0300-\u034e\u0350-\u036f",
    "arabic": "\u064b-\u065f\u0670",
    "hebrew": "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7",
}
_ALL_LETTERS: Final = "".join(_LETTERS.values())
_ALL_MARKS: Final = "".join(_MARKS.values())
_APOSTROPHES: Final = "'’‘ʼʻʽʾʿ׳\"״"
_SIGNS: Final = r"\-‐־.,،()/&+"

_PLAIN: Final = re.compile(
    r"(?:[A-Za-z]+|[\u0621-\u063a\u0641-\u064a]+|[\u05d0-\u05ea]+|[0-9]+)"
    r"(?: (?:[A-Za-z]+|[\u0621-\u063a\u0641-\u064a]+|[\u05d0-\u05ea]+|[0-9]+))*\Z"
)
_STRANGE: Final = re.compile(f"[^{_ALL_LETTERS}{_ALL_MARKS}{_APOSTROPHES}{_SIGNS}{_ZWNJ}0-9٠-٩۰-۹ ]")
_FLOOD: Final = re.compile(f"[{_ALL_MARKS}]{{{MARKS_MAX + 1}}}|(?:^|[^{_ALL_LETTERS}{_ALL_MARKS}])[{_ALL_MARKS}]")
_JOINED: Final = re.compile(f"(?<=[{_LETTERS['arabic']}{_MARKS['arabic']}]){_ZWNJ}(?=[{_LETTERS['arabic']}])")
_LETTER: Final = re.compile(f"[{_ALL_LETTERS}]")
_WORD: Final = re.compile(f"[{_ALL_LETTERS}{_ALL_MARKS}{_APOSTROPHES}{_ZWNJ}]+")
_SCRIPTS: Final = tuple(re.compile(f"[{_LETTERS[script]}{_MARKS[script]}]") for script in _LETTERS)
_PRESENTED: Final = re.compile("[\ufb1d-\ufb4f\ufb50-\ufdfb\ufe70-\ufefc]")
"""Arabic and Hebrew letters as old files keep them, by their shape: read as the letters they are."""


class StrangeCharacter(UnacceptableText):
    """A name with a character that no name in our three scripts is written with."""

    code = "strange_character"
    sentence = mark("This name has a character that does not belong in a name.")
    hint = mark("Write it with Arabic, Hebrew or Latin letters.")


class MixedScripts(UnacceptableText):
    """A word with letters of two scripts: such a name is read as another than it is."""

    code = "mixed_scripts"
    sentence = mark("One word of this name mixes letters of different scripts.")
    hint = mark("Write each word in one script only.")


class TooManyMarks(UnacceptableText):
    """More vowel signs or accents on one letter than any language has, or one with no letter under it."""

    code = "too_many_marks"
    sentence = mark("This name has vowel signs or accents where they can't be read.")
    hint = mark("Write it without them, or with the usual ones.")


def clean_name(name: str, *, field: str | None = None) -> str:
    """Return a person's name, normalised (NFC, single spaces, trimmed) and fit to be shown beside others.

    No-break spaces become spaces. A zero-width non-joiner between two Arabic letters, maqaf, hyphens, apostrophes, geresh and gershayim stay.

    Raises:
        UnacceptableText: it is empty, longer than ``NAME_LENGTH_MAX``, or hides something (bidi overrides, zero width).
        StrangeCharacter, MixedScripts, TooManyMarks: what they say.
    """
    if len(name) <= NAME_LENGTH_MAX and _PLAIN.match(name) and _LETTER.search(name):
        return name
    shaped = _PRESENTED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), name)
    # The joiner is taken out for the general check, which forbids whatever can't be seen, and is judged by its place.
    general = clean_text(_JOINED.sub("", unicodedata.normalize("NFC", shaped)), field=field)
    cleaned = re.sub("[ \u00a0]+", " ", unicodedata.normalize("NFC", shaped)).strip(" ")
    if len(cleaned) > NAME_LENGTH_MAX:
        raise UnacceptableText(field=field)
    if _STRANGE.search(cleaned):
        raise StrangeCharacter(field=field)
    if not _LETTER.search(general):
        raise UnacceptableText(field=field)
    if _FLOOD.search(cleaned):
        raise TooManyMarks(field=field)
    for word in _WORD.findall(cleaned):
        if sum(script.search(word) is not None for script in _SCRIPTS) > 1:
            raise MixedScripts(field=field)
    return cleaned


def clean_names(names: Mapping[str, str], *, field: str = "names") -> dict[str, str]:
    """Return a person's names by language, each fit to be shown; ``field`` and the language name the one at fault.

    Raises:
        UnacceptableText, StrangeCharacter, MixedScripts, TooManyMarks: a name is, or there is none at all.
        UnknownLanguage: a key is not one of ours.
    """
    cleaned = {
        known_language(language, field=field): clean_name(name, field=f"{field}.{language}")
        for language, name in names.items()
    }
    if not cleaned:
        raise UnacceptableText(field=field)
    return {language: cleaned[language] for language in LANGUAGES if language in cleaned}

"""The words of what people write, as they are searched: folded, without the article, with who they belong to.

``kernel.text.fold`` forgives alef, hamza, ta marbuta, ya and alef maqsura, vowels, tatweel, niqqud, final letters and the
script of digits. Here a word also stands without what Arabic writes in one with it (and-, by-, to-, the-), so that a word
that was typed alone finds it. The institution is a word as well: one index serves all.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from uuid import UUID

from raseed.kernel.errors import InputError
from raseed.kernel.text import UnacceptableText, ascii_digits, bare_forms, fold, parts_of, without_article

WORDS_MAX: Final = 2_000
"""Different words of one text that are indexed."""
WORD_LENGTH_MAX: Final = 40
TYPED_WORDS_MAX: Final = 8
TYPED_LENGTH_MAX: Final = 200
_HEBREW: Final = re.compile("[\u05d0-\u05ea]")
_ARABIC: Final = re.compile("[\u0620-\u064a\u066e-\u06d3]")
_LATIN: Final = re.compile("[A-Za-z]")
_LETTERS_MIN: Final = 3
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e")
_ISOLATES: Final = frozenset("\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200c\u200d")


def indexed_words(institution_id: UUID, text: str) -> list[str]:
    """Return the words by which a text is found at an institution."""
    found: dict[str, None] = {}
    for part in parts_of(fold(text)):
        for form in (part, *bare_forms(part)):
            found[form[:WORD_LENGTH_MAX]] = None
        if len(found) >= WORDS_MAX:
            break
    return [_house(institution_id), *found]


def typed_query(institution_id: UUID, text: str) -> str | None:
    """Return what was typed as a query over ``indexed_words``: every word, each by its beginning; ``None`` if there is none."""
    words = list(dict.fromkeys(part[:WORD_LENGTH_MAX] for part in parts_of(fold(text[:TYPED_LENGTH_MAX]))))
    if not words:
        return None
    wanted = [_alternatives(word) for word in words[:TYPED_WORDS_MAX]]
    return " & ".join([f"'{_house(institution_id)}'", *wanted])


def array_literal(words: list[str]) -> str:
    """Return words as PostgreSQL's ``text[]``; they are letters and digits only."""
    return "{" + ",".join(f'"{word}"' for word in words) + "}"


def language_of(text: str) -> str | None:
    """Return in which language a text is by its letters (``ar``, ``he``, ``en``), if it has enough of them to tell."""
    counts = {"ar": len(_ARABIC.findall(text)), "he": len(_HEBREW.findall(text)), "en": len(_LATIN.findall(text))}
    most = max(counts, key=counts.__getitem__)
    return most if counts[most] >= _LETTERS_MIN else None


def clean_body(text: str, *, field: str, length_max: int) -> str:
    """Return a text of several lines that a colleague wrote, fit to be sent: its lines kept, its ends trimmed.

    Raises:
        UnacceptableText: it is empty or too long, or holds characters that can't be seen or turn the text around. Marks that
            isolate a number's direction may be in it.
    """
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not normal or len(normal) > length_max:
        raise UnacceptableText(field=field)
    for character in normal:
        if character in "\n\t" or character in _ISOLATES:
            continue
        if character in _TURNING or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            raise UnacceptableText(field=field)
    return normal


def code_in(text: str, digits: int) -> str | None:
    """Return the code in a message that is little more than a code."""
    plain = ascii_digits(text)
    found = "".join(character for character in plain if character.isascii() and character.isdigit())
    return found if len(found) == digits and len(plain) <= TYPED_WORDS_MAX * digits else None


def one_line(text: str, length_max: int) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= length_max else line[: length_max - 1].rstrip() + "…"


def clean_tag(text: str) -> str:
    """Return a tag as it is kept: folded to one line, lower case.

    Raises:
        InputError: it is empty or too long.
    """
    tag = "-".join(text.casefold().split())
    if not tag or len(tag) > WORD_LENGTH_MAX or not tag.isprintable():
        raise InputError(field="tags")
    return tag


def _house(institution_id: UUID) -> str:
    return f"i{institution_id.hex}"


def _alternatives(word: str) -> str:
    forms = dict.fromkeys([word, without_article(word)])
    return "(" + " | ".join(f"'{form}':*" for form in forms) + ")"

"""Text that people type: digits of three scripts, names that hide nothing, keys for search.

The database has no ICU, so sorting and searching Arabic and Hebrew use ``fold``, our own normalised key, and what is written in
one with a word is taken off here, for all who search.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from .errors import InputError, mark

NAME_LENGTH_MAX: Final = 120
_ARABIC_INDIC: Final = "٠١٢٣٤٥٦٧٨٩"
_EXTENDED_ARABIC_INDIC: Final = "۰۱۲۳۴۵۶۷۸۹"
_TO_ASCII: Final = str.maketrans(_ARABIC_INDIC + _EXTENDED_ARABIC_INDIC, "0123456789" * 2)
_TO_ARABIC: Final = str.maketrans("0123456789", _ARABIC_INDIC)
_SILENT: Final = "ـء\u200c'’‘‛ʼʻʽʾʿ׳\"״“”`"
"""What a reader does not spell: tatweel, a lone hamza, the zero-width non-joiner, apostrophes, geresh and gershayim."""
_DASHES: Final = "-־‐‑‒–"
_FOLD: Final = (
    _TO_ASCII
    | str.maketrans("ٱىیېےةۃہھەکڪךםןףץøłđðıə", "اييييهههههككכמנפצolddie", _SILENT)
    | str.maketrans(dict.fromkeys(_DASHES, " ") | {"æ": "ae", "œ": "oe", "þ": "th"})
)
_PART: Final = re.compile(r"[^\W_]+")
ARTICLE: Final = "ال"
BARE_LENGTH_MIN: Final = 3
"""What has fewer letters without what is written in one with it is left as it is: it may be a word of its own."""
_WITH_ARTICLE: Final = ("وال", "بال", "فال", "كال", "لل", ARTICLE)
_JOINED: Final = (*_WITH_ARTICLE, "و", "ف", "ب", "ل", "ك", "ه")
_HEBREW_JOINED: Final = tuple("והבלכמש")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class UnacceptableText(InputError):
    """A text with control characters, direction overrides or invisible characters, or one too long or empty."""

    code = "unacceptable_text"
    sentence = mark("This text is empty, too long, or has characters that can't be seen.")
    hint = mark("Type it again with letters, digits and ordinary punctuation.")


def ascii_digits(text: str) -> str:
    """Return ``text`` with Arabic-Indic and extended Arabic-Indic digits as 0–9."""
    return text.translate(_TO_ASCII)


def arabic_digits(text: str) -> str:
    """Return ``text`` with the digits 0–9 as Arabic-Indic ones."""
    return text.translate(_TO_ARABIC)


def clean_text(text: str, *, field: str | None = None, length_max: int = NAME_LENGTH_MAX) -> str:
    """Return ``text`` normalised (NFC, single spaces, trimmed), fit to be shown beside another person's name.

    Raises:
        UnacceptableText: it is empty or longer than ``length_max``, or holds a control, format (which covers bidi
            overrides and zero-width characters), surrogate, private or unassigned character (Unicode categories C*).
    """
    normal = re.sub(" +", " ", unicodedata.normalize("NFC", text)).strip(" ")
    if not normal or len(normal) > length_max:
        raise UnacceptableText(field=field)
    if not normal.isprintable() and any(unicodedata.category(character) in _INVISIBLE for character in normal):
        raise UnacceptableText(field=field)
    return normal


def fold(text: str) -> str:
    """Return the key under which ``text`` is searched and sorted.

    It forgets case, diacritics (harakat and niqqud), tatweel, the forms of alef, hamza seats, ta marbuta and alef
    maqsura, Persian forms of kaf, yeh and heh, Hebrew final letters, apostrophes, the script of digits, and Latin
    letters' strokes and ligatures; dashes and maqaf part words. Folding twice gives the same as folding once.
    """
    return " ".join(" ".join([_folded(word) for word in text.split()]).split())


@lru_cache(maxsize=16384)
def _folded(word: str) -> str:
    """Return a word folded; names are made of few words, so most were folded before."""
    letters = _without_marks(unicodedata.normalize("NFKD", word)).casefold()
    return _without_marks(unicodedata.normalize("NFKD", letters)).translate(_FOLD)


def parts_of(folded: str) -> list[str]:
    """Return the parts of a folded text, in their order: runs of letters and digits, without what stands between."""
    return _PART.findall(folded)


def without_any(word: str, beginnings: Iterable[str]) -> list[str]:
    """Return what is left of a folded word without each of the beginnings that it has, where enough is left for a word."""
    rests = [word.removeprefix(each) for each in beginnings if word.startswith(each)]
    return [rest for rest in rests if len(rest) >= BARE_LENGTH_MIN]


def bare_forms(word: str) -> list[str]:
    """Return a folded word without what Arabic and Hebrew write in one with it (and-, by-, to-, the-), in every way.

    It may be too much by a letter of the word itself, so this is for what is searched, beside the word.
    """
    return without_any(word, _HEBREW_JOINED if word[:1] in _HEBREW_JOINED else _JOINED)


def without_article(word: str) -> str:
    """Return a folded word without the Arabic article and what stands before that, if it has one."""
    return next(iter(without_any(word, _WITH_ARTICLE)), word)


def _without_marks(decomposed: str) -> str:
    if decomposed.isascii():
        return decomposed
    return "".join([c for c in decomposed if not unicodedata.combining(c)])

"""How people are found: the words by which a name or a phone number can be typed, and the keys that index them.

A person's row at an institution carries ``search_text`` (every part of every name, folded, and the phone number's digits)
and ``search_keys``: 32-bit hashes of the beginnings of each part, of three letters in a row inside it, and of four digits
in a row of the number. The institution is hashed in, so that one index serves all of them. Keys say where to look, the
text decides (ADR 0019).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Final
from uuid import UUID

from raseed.kernel.text import ARTICLE, ascii_digits, fold, parts_of, without_any

BEGINNING_MAX: Final = 8
"""Beginnings of a part are told apart up to this length; a longer one is decided by the text."""
LETTERS: Final = 3
DIGITS: Final = 4
WORDS_MAX: Final = 8
WORD_LENGTH_MAX: Final = 40
TYPED_LENGTH_MAX: Final = 200
KEYS_PER_WORD_MAX: Final = 4
_PHONE_MARK: Final = "#"
_ARRAY_HEAD: Final = Struct(">iiiii")
_ELEMENT: Final = Struct(">ii")
_ELEMENT_BYTES: Final = 8
_INT4_OID: Final = 23
_OFTEN_JOINED: Final = (
    "عبد ابو ابي ابا ام بن ابن بنت بو ال بيت سيف نور صلاح علا تاج فخر نجم שי אבו אום בן בת בר עבד אל עבדול abd abdel abdul"
    " abdal abu abo umm om ben bin ibn bint bar al el bat mc mac de da di la le van von der o"
)
_FIRST_OF_TWO: Final = frozenset(map(fold, _OFTEN_JOINED.split()))
"""Parts that are often written in one with the next: عبد الله and عبدالله, Al Hassan and Alhassan."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was typed: folded, letters and digits only. ``number``: as part of a phone number."""

    text: str
    number: str = ""


def search_text(names: Iterable[str], phone: str) -> str:
    """Return all that a person is found by: `` part part … #digits``, each part once."""
    parts = dict.fromkeys(part for name in names for part in _all_parts(name))
    return f" {' '.join(parts)} {_PHONE_MARK}{phone.removeprefix('+')}"


def search_keys(institution_id: UUID, text: str) -> list[int]:
    """Return the keys of a ``search_text`` at an institution: signed 32-bit numbers, part by part; one may come twice."""
    scope = institution_id.bytes
    return [key for part in text.split() for key in _keys_of_part(scope, part)]


def packed_search_keys(institution_id: UUID, text: str) -> bytes:
    """Return the keys of a ``search_text`` as PostgreSQL's binary ``integer[]``, put together from parts seen before."""
    names, _, digits = text.rpartition(_PHONE_MARK)
    scope = institution_id.bytes
    elements = b"".join([_packed_keys_of_name(scope, part) for part in names.split()])
    elements += _pack(_keys_of_part(scope, _PHONE_MARK + digits))  # nobody else's: not worth remembering
    return _ARRAY_HEAD.pack(1, 0, _INT4_OID, len(elements) // _ELEMENT_BYTES, 1) + elements


def typed_words(text: str) -> list[Word]:
    """Return the words of what a person typed, at most ``WORDS_MAX``; a phone number in groups is one word."""
    plain = ascii_digits(text[:TYPED_LENGTH_MAX])
    if digits := _number(plain):
        return [_numeric_word(digits)]
    words = dict.fromkeys(part[:WORD_LENGTH_MAX] for part in parts_of(fold(plain)))
    return [
        _numeric_word(word) if word.isascii() and word.isdecimal() else Word(word) for word in list(words)[:WORDS_MAX]
    ]


def conditions(institution_id: UUID, word: Word, *, anywhere: bool) -> tuple[list[list[int]], list[str]]:
    """Return what a row must fulfil for ``word``: of each list of keys it has one, and its text is like one pattern.

    ``anywhere`` takes the word also from inside a part (from three letters on); a number's digits count anywhere (from four
    on) in any case.
    """
    scope = institution_id.bytes
    beginning = _key(scope, "^" + word.text[:BEGINNING_MAX])
    patterns = [f"% {word.text}%"]
    inner: list[str] = []
    if len(word.number) >= DIGITS:
        inner = [_PHONE_MARK + run for run in _runs(word.number, DIGITS)]
        patterns.append(f"%{_PHONE_MARK}%{word.number}%")
    elif anywhere and len(word.text) >= LETTERS:
        inner = ["~" + run for run in _runs(word.text, LETTERS)]
        patterns.append(f"%{word.text}%")
    if not inner:
        return [[beginning]], patterns
    return [[beginning, _key(scope, run)] for run in _telling(inner)], patterns


def closeness(text: str, words: Sequence[Word]) -> tuple[int, int]:
    """Return how far a found ``search_text`` is from what was typed: words that are no whole part, words inside parts."""
    whole = sum(f" {word.text} " in text for word in words)
    begun = sum(f" {word.text}" in text for word in words)
    return len(words) - whole, len(words) - begun


def _all_parts(name: str) -> list[str]:
    """Return the parts of a name, and those it may also be typed by: without the article, in one with the next, apart."""
    parts = [part for word in name.split() for part in _parts_of_word(word)]
    also = []
    for place, part in enumerate(parts):
        also += _variants(part)
        if part in _FIRST_OF_TWO and place + 1 < len(parts):
            also.append(part + parts[place + 1])
    return parts + also


@lru_cache(maxsize=16384)
def _parts_of_word(word: str) -> list[str]:
    return parts_of(fold(word))


@lru_cache(maxsize=16384)
def _variants(part: str) -> list[str]:
    starts = [ARTICLE, *(first for first in ("عبد", "ابو") if not part.startswith(ARTICLE))]
    return without_any(part, starts)


def _keys_of_part(scope: bytes, part: str) -> list[int]:
    if part.startswith(_PHONE_MARK):
        grams = [_PHONE_MARK + run for run in _runs(part[1:], DIGITS)]
    else:
        grams = ["^" + part[:end] for end in range(1, min(len(part), BEGINNING_MAX) + 1)]
        grams += ["~" + run for run in _runs(part[1:], LETTERS)]
    return [_key(scope, gram) for gram in grams]


@lru_cache(maxsize=16384)
def _packed_keys_of_name(scope: bytes, part: str) -> bytes:
    return _pack(_keys_of_part(scope, part))


def _pack(keys: list[int]) -> bytes:
    return b"".join([_ELEMENT.pack(4, key) for key in keys])


@lru_cache(maxsize=65536)
def _key(scope: bytes, gram: str) -> int:
    return int.from_bytes(blake2b(gram.encode(), digest_size=4, key=scope).digest(), signed=True)


def _runs(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)]


def _telling(runs: list[str]) -> list[str]:
    """Return a few of the runs, spread over the word: enough to find few rows, not so many that looking takes long."""
    if len(runs) <= KEYS_PER_WORD_MAX:
        return runs
    last = len(runs) - 1
    return [runs[round(last * step / (KEYS_PER_WORD_MAX - 1))] for step in range(KEYS_PER_WORD_MAX)]


def _number(plain: str) -> str:
    """Return the digits of a text that is nothing but a phone number or part of one, else nothing."""
    digits = "".join(character for character in plain if character.isdigit() and character.isascii())
    rest = "".join(character for character in plain if not (character.isdigit() and character.isascii()))
    return digits if len(digits) >= DIGITS and not rest.strip(" +-()./\u200e\u200f\u202a\u202c\u00a0") else ""


def _numeric_word(digits: str) -> Word:
    """Return digits as a word; the zeros that a number is dialled with at home are not in it as it is kept."""
    bare = digits.lstrip("0")
    return Word(digits[:WORD_LENGTH_MAX], (bare if len(bare) >= DIGITS else digits)[:WORD_LENGTH_MAX])


def text_of(names: Mapping[str, str], phone: str) -> str:
    """Return the ``search_text`` of a person with these names by language."""
    return search_text(names.values(), phone)

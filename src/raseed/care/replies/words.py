"""Letters made equal before they are compared, with the way back to where they stood.

Arabic: alef forms, hamza on its carriers, ta marbuta and ha, alef maqsura and ya, diacritics, tatweel, Persian forms that
keyboards mix in. Hebrew: niqqud and final letters. All: case, digits of any script, curly quotes, what can't be seen, and
letters drawn out three times or more.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_EQUAL: Final = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ىئیې", "ي"),
    **dict.fromkeys("ةۀۃ", "ه"),
    **dict.fromkeys("ؤ", "و"),
    **dict.fromkeys("کگڪ", "ك"),
    **dict.fromkeys("چ", "ج"),
    **dict.fromkeys("پ", "ب"),
    **dict.fromkeys("ڤ", "ف"),
    "ء": "",
    "ـ": "",
    **dict(zip("ךםןףץ", "כמנפצ", strict=True)),
    **dict.fromkeys("‘’ʼ׳`´", "'"),
    **dict.fromkeys("“”״„«»", '"'),
    **dict.fromkeys("–—־‑", "-"),
    "؟": "?",
    "،": ",",
    "؛": ";",
    "٫": ".",
    "٬": ",",
    "\xa0": " ",
}  # fmt: skip
_DROPPED: Final = frozenset({"Mn", "Cf", "Me"})
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\"][^\W\d_]+)*")
_DRAWN_OUT: Final = 3


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text with its letters made equal; ``at[i]`` is where its letter ``i`` stood in the text as written."""

    text: str
    at: tuple[int, ...]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the normalised text stood."""
        if start >= end or not self.at:
            return (0, self.length)
        return (self.at[start], self.at[end - 1] + 1)

    def words(self) -> list[str]:
        """Return the words, numbers left out."""
        return _WORD.findall(self.text)


def normalise(text: str) -> Normalised:
    """Make the letters of a text equal."""
    letters: list[str] = []
    places: list[int] = []
    for place, raw in enumerate(text):
        category = unicodedata.category(raw)
        if category in _DROPPED:
            continue
        letter = _EQUAL.get(raw)
        if letter is None:
            letter = str(unicodedata.decimal(raw)) if category == "Nd" else raw.lower()
        for piece in letter:
            if letters[-(_DRAWN_OUT - 1) :] == [piece] * (_DRAWN_OUT - 1) and piece.isalpha():
                continue
            letters.append(piece)
            places.append(place)
    return Normalised("".join(letters), tuple(places), len(text))


def same_letters(text: str) -> str:
    """Return the text with its letters made equal, where the way back isn't needed."""
    return normalise(text).text

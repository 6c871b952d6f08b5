"""Text that may need more than one line: broken between words, and within one only where a word is wider than the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .directions import starts_rtl
from .fonts import Shaped
from .sheet import Book, Points, Style

ELLIPSIS: Final = "…"


def lines_of(book: Book, text: str, style: Style, width: Points, *, lines_max: int) -> list[Shaped]:
    """Return a text as lines no wider than ``width``, at most ``lines_max``; what is left over becomes an ellipsis.

    The direction is the text's own, by its first letter, as a browser takes it for ``dir="auto"``.
    """
    base_rtl = starts_rtl(text, otherwise=book.is_rtl)

    def fits(line: str) -> bool:
        return book.width(line, style) <= width

    lines: list[str] = []
    rest = text
    while rest and not fits(rest):
        is_last = len(lines) + 1 == lines_max
        end = _fitting(rest, fits, ELLIPSIS if is_last else "")
        lines.append(rest[:end].rstrip() + (ELLIPSIS if is_last else ""))
        rest = "" if is_last else rest[end:].lstrip()
    return [book.shape(line, style, base_rtl=base_rtl) for line in ([*lines, rest] if rest else lines)]


def _fitting(text: str, fits: Callable[[str], bool], tail: str) -> int:
    """Return how many characters of ``text`` make a line with ``tail``: up to a space if there is one, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(text[:middle].rstrip() + tail):
            low = middle
        else:
            high = middle - 1
    if low < len(text) and not text[low].isspace():
        space = text.rfind(" ", 1, low)
        return space if space > 0 else low
    return low

"""The measures and colours of a statement's pages, and where on them the next thing goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from .sheet import HEIGHT, WIDTH, Book, Points

INK, SOFT, BRAND, TINT, LINE = "15211d", "535f59", "0b5a4a", "e2efe9", "dedbd1"
MARGIN: Final = 42.0
END: Final = WIDTH - MARGIN
FOOT: Final = HEIGHT - 46
"""Where the foot of a page begins; nothing else goes below."""
LEADING: Final = 10.5
BLEED: Final = 6.0
"""How far a field reaches out beyond the text on it."""
_BAND: Final = 6.0
_TOP: Final = 30.0


class Flow:
    """Pages as they fill: the one that is written on, and how far down it is."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.y = _TOP
        self.sheet = book.new_page()
        self.sheet.fill(0, WIDTH, 0, _BAND, BRAND)

    def make_room(self, height: Points, then: Callable[[], None] | None = None) -> None:
        """Go on to another page where this one has not so much left; ``then`` writes what stands at its head."""
        if self.y + height <= FOOT - 8:
            return
        self.sheet = self.book.new_page()
        self.sheet.fill(0, WIDTH, 0, _BAND, BRAND)
        self.y = _TOP
        if then:
            then()

    @contextmanager
    def paragraph(self, kind: str = "P") -> Iterator[None]:
        """What is written meanwhile is a paragraph (or heading) of its own."""
        element = self.book.element(kind, self.book.root)
        with self.sheet.tagged(element):
            yield
        self.book.end(element)

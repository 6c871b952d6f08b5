"""Pages and what is on them: text, rules and fields, each tagged with what it is.

Places are in points from the page's upper start corner: the left one, or, in a document from right to left, the right one;
so one layout serves both. A number's place is the same in both: its last digit stands at the right of its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from .embedding import embed
from .file import PdfFile, text_string
from .fonts import Shaped, Typeface

Points = float
"""A length on a page; 72 are an inch. Floats are for places on paper, never for what is written there."""
WIDTH: Final = 595.28
HEIGHT: Final = 841.89
"""A4."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: its typeface (``F1`` regular, ``F2`` bold), its size and its colour."""

    size: Points
    colour: str
    is_bold: bool = False

    @property
    def font(self) -> str:
        """The name of the font on the page."""
        return "F2" if self.is_bold else "F1"


@dataclass(slots=True)
class Element:
    """A piece of the document's structure: a heading, a table, a row, a cell."""

    number: int
    kind: str
    parent: int
    kids: list[str] = field(default_factory=list)
    attributes: str = ""


class Book:
    """A document of pages."""

    def __init__(self, *, language: str, is_rtl: bool) -> None:
        self.is_rtl = is_rtl
        self.regular, self.bold = Typeface("Regular"), Typeface("Bold")
        self.file = PdfFile()
        self.pages: list[Sheet] = []
        self._language = language
        self._tree = self.file.reserve()
        self.pages_number = self.file.reserve()
        self._fonts = self.file.reserve(), self.file.reserve()
        self.root = Element(self.file.reserve(), "Document", self._tree)

    def shape(self, text: str, style: Style, *, base_rtl: bool | None = None) -> Shaped:
        """Return a line of text; its direction is the document's where nothing else is said."""
        face = self.bold if style.is_bold else self.regular
        return face.shape(text, base_rtl=self.is_rtl if base_rtl is None else base_rtl)

    def width(self, text: str, style: Style) -> Points:
        """Return how wide a line of text is, in points."""
        return (self.bold if style.is_bold else self.regular).width(text) * style.size / 1000

    def figures(self, text: str, style: Style, *, minus: str = "") -> Shaped:
        """Return a number, with a minus at its ``left`` or ``right`` if one is wanted."""
        return (self.bold if style.is_bold else self.regular).figures(text, minus=minus)

    def new_page(self) -> Sheet:
        """Begin a page; what is on the one before has been drawn."""
        if self.pages:
            self.pages[-1].close()
        self.pages.append(Sheet(self))
        return self.pages[-1]

    def element(self, kind: str, parent: Element, attributes: str = "") -> Element:
        """Return a new piece of the structure, in its place below ``parent``."""
        new = Element(self.file.reserve(), kind, parent.number, attributes=attributes)
        parent.kids.append(f"{new.number} 0 R")
        return new

    def end(self, element: Element) -> None:
        """Write a piece of the structure whose children are all there."""
        self.file.put(
            element.number,
            f"<</Type/StructElem/S/{element.kind}/P {element.parent} 0 R{element.attributes}/K[{' '.join(element.kids)}]>>".encode(),
        )

    def finish(self, *, title: str, made_at: str) -> bytes:
        """Return the file. ``made_at`` is a PDF's date."""
        self.end(self.root)
        for face, number in zip((self.regular, self.bold), self._fonts, strict=True):
            embed(self.file, face, number)
        numbers = [page.put() for page in self.pages]
        self.file.put(
            self.pages_number,
            f"<</Type/Pages/Count {len(numbers)}/Kids[{' '.join(f'{each} 0 R' for each in numbers)}]"
            f"/MediaBox[0 0 {WIDTH} {HEIGHT}]"
            f"/Resources<</Font<</F1 {self._fonts[0]} 0 R/F2 {self._fonts[1]} 0 R>>>>>>".encode(),
        )
        self.file.put(
            self._tree,
            f"<</Type/StructTreeRoot/K {self.root.number} 0 R/ParentTreeNextKey {len(self.pages)}/ParentTree {self._parents()} 0 R>>".encode(),
        )
        catalogue = self.file.add(
            b"<</Type/Catalog/Pages %d 0 R/Lang(%b)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R"
            b"/ViewerPreferences<</DisplayDocTitle true>>>>" % (self.pages_number, self._language.encode(), self._tree)
        )
        info = self.file.add(
            b"<</Title%b/Producer(Raseed)/CreationDate(%b)/ModDate(%b)>>"
            % (text_string(title), made_at.encode(), made_at.encode())
        )
        return self.file.finish(catalogue, info)

    def _parents(self) -> int:
        """Return the tree that leads from what is marked on a page to its piece of the structure."""
        lists = [self.file.add(f"[{' '.join(f'{each} 0 R' for each in page.marked)}]".encode()) for page in self.pages]
        return self.file.add(
            f"<</Nums[{' '.join(f'{place} {each} 0 R' for place, each in enumerate(lists))}]>>".encode()
        )


class Sheet:
    """One page while it is drawn."""

    def __init__(self, book: Book) -> None:
        self.number = book.file.reserve()
        self.place = len(book.pages)
        self.marked: list[int] = []
        self._book = book
        self._painted: list[str] = []
        self._written: list[str] = []
        self._contents: list[int] = []
        self._style: Style | None = None

    def rule(self, start: Points, end: Points, y: Points, colour: str, thickness: Points = 0.5) -> None:
        """Draw a line across."""
        self.fill(start, end, y - thickness / 2, y + thickness / 2, colour)

    def fill(self, start: Points, end: Points, top: Points, bottom: Points, colour: str) -> None:
        """Fill a field."""
        left = WIDTH - end if self._book.is_rtl else start
        self._painted.append(
            f"{_colour(colour)} {left:.2f} {HEIGHT - bottom:.2f} {end - start:.2f} {bottom - top:.2f} re f"
        )

    def squares(self, start: Points, top: Points, side: Points, runs: Iterable[tuple[int, int, int]], of: int) -> None:
        """Draw dark squares on a light field ``side`` wide, ``of`` to a side: runs of row, first column and length.

        Their columns count from the left in every language: turned round, what is to be scanned could not be.
        """
        left = WIDTH - start - side if self._book.is_rtl else start
        unit = side / of
        dark = " ".join(
            f"{left + x * unit:.3f} {HEIGHT - top - (y + 1) * unit:.3f} {length * unit:.3f} {unit:.3f} re"
            for y, x, length in runs
        )
        field = f"{left:.2f} {HEIGHT - top - side:.2f} {side:.2f} {side:.2f} re f"
        self._painted.append(f"{_colour('ffffff')} {field}\n{_colour('000000')} {dark} f")

    @contextmanager
    def tagged(self, element: Element) -> Iterator[None]:
        """What is written meanwhile is the content of ``element``."""
        self.begin(element)
        yield
        self.end()

    def begin(self, element: Element) -> None:
        """What is written from here to ``end`` is the content of ``element``."""
        self._written.append(f"/{element.kind}<</MCID {len(self.marked)}>>BDC")
        element.kids.append(f"<</Type/MCR/Pg {self.number} 0 R/MCID {len(self.marked)}>>")
        self.marked.append(element.number)

    def end(self) -> None:
        """Say that the content begun last is whole."""
        self._written.append("EMC")

    @contextmanager
    def furniture(self) -> Iterator[None]:
        """What is written meanwhile belongs to the page and not to the document: it is not read aloud or copied."""
        self._written.append("/Artifact BMC")
        yield
        self._written.append("EMC")

    def text(self, start: Points, y: Points, shaped: Shaped, style: Style) -> Points:
        """Write a line that begins at ``start``; ``y`` is its baseline. Return where it ends."""
        width = shaped.width * style.size / 1000
        self._write(WIDTH - start - width if self._book.is_rtl else start, y, shaped, style)
        return start + width

    def text_to(self, end: Points, y: Points, shaped: Shaped, style: Style) -> None:
        """Write a line that ends at ``end``."""
        self.text(end - shaped.width * style.size / 1000, y, shaped, style)

    def text_in(self, start: Points, end: Points, y: Points, shaped: Shaped, style: Style) -> None:
        """Write a line at the start of a column."""
        del end
        self.text(start, y, shaped, style)

    def number_in(self, start: Points, end: Points, y: Points, shaped: Shaped, style: Style) -> None:
        """Write a number whose last digit stands at the right of the column from ``start`` to ``end``."""
        right = WIDTH - start if self._book.is_rtl else end
        self._write(right - shaped.width * style.size / 1000, y, shaped, style)

    def close(self) -> None:
        """Take up what was drawn since the last time; more may come (a footer, when the number of pages is known)."""
        painted = ["/Artifact BMC", *self._painted, "EMC"] if self._painted else []
        written = ["BT", *self._written, "ET"] if self._written else []
        if painted or written:
            self._contents.append(self._book.file.add_stream("\n".join([*painted, *written]).encode("ascii")))
        self._painted, self._written, self._style = [], [], None

    def put(self) -> int:
        """Put the page into the file, and return its number."""
        self.close()
        contents = " ".join(f"{each} 0 R" for each in self._contents)
        self._book.file.put(
            self.number,
            f"<</Type/Page/Parent {self._book.pages_number} 0 R/StructParents {self.place}/Tabs/S/Contents[{contents}]>>".encode(),
        )
        return self.number

    def _write(self, left: Points, y: Points, shaped: Shaped, style: Style) -> None:
        if not shaped.codes:
            return
        before = self._style
        if before is None or (before.font, before.size) != (style.font, style.size):
            self._written.append(f"/{style.font} {style.size:g} Tf")
        if before is None or before.colour != style.colour:
            self._written.append(_colour(style.colour))
        self._style = style
        self._written.append(f"1 0 0 1 {left:.2f} {HEIGHT - y:.2f} Tm[{shaped.codes}]TJ")
        scale = style.size / 1000
        for mark in shaped.marks:
            x, above = left + mark.x * scale, HEIGHT - y + mark.y * scale
            self._painted.append(
                f"q {_colour(style.colour)} {scale:g} 0 0 {scale:g} {x:.2f} {above:.2f} cm {mark.outline} f Q"
            )


@lru_cache(maxsize=64)
def _colour(colour: str) -> str:
    """Return the operator that fills with a colour given as ``rrggbb``."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3g}" for at in (0, 2, 4)) + " rg"

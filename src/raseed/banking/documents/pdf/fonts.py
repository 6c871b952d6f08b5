"""A typeface: text shaped by HarfBuzz into what a page's text is written with, and the part of the font that a file needs.

Widths and offsets are in thousandths of the type's size. FiraGO has Arabic, Hebrew, Latin, Greek and Cyrillic letters
that were drawn to stand beside each other; its licence (SIL OFL 1.1) lets it be embedded.
"""

from __future__ import annotations

import importlib
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import uharfbuzz  # type: ignore[import-untyped]

from .directions import MIRRORED, Run, starts_rtl, visual_runs

UNITS: Final = 1000
CACHED_MAX: Final = 20_000
"""The most words, and the most lines, whose shape one typeface remembers: they come again and again in a statement."""
CODES_MAX: Final = 65_536
"""As many as two bytes can tell apart; a document of more letters than that shows the last ones as boxes."""
MINUS: Final = "−"
_SIGNS: Final = "0123456789٠١٢٣٤٥٦٧٨٩,.٬٫"
_TABULAR: Final = {"tnum": True, "kern": False}
_REPLACEMENT: Final = "\ufffd"
_NOTHING: Final = "\u2060"
"""What a glyph means that is only a part of one before it: readers make up a letter where nothing is said."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a letter as an outline (a PDF's path), and where: from the start of the line, and from its baseline."""

    outline: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Shaped:
    """A line of text, or a word of it, as it stands from left to right.

    Marks (harakat, niqqud) are drawn as outlines. In their place in the text stands a blank that means the same, so that
    what is copied has each mark after its letter: as text, one that leaves the baseline would be taken for a line of its
    own.

    Attributes:
        codes: what a page's text operator takes: codes in hexadecimal, and between them how far the pen is moved back.
        width: how far the pen has moved at its end.
        marks: the marks.
    """

    codes: str
    width: int
    marks: tuple[Mark, ...] = ()


class Typeface:
    """One weight of the font, and the codes that a file's text is written in.

    A code stands for a glyph, for the letters that it means and for how wide it is; so the same outline can mean different
    letters, and a blank can mean a letter that is drawn as part of another (the alef of a lam-alef).
    """

    def __init__(self, weight: str) -> None:
        self.name = f"FiraGO-{weight}"
        self._face = _face(weight)
        self._font = uharfbuzz.Font(self._face)
        assert self._face.upem == UNITS, "widths of a PDF are thousandths, and so are this font's"
        self._codes: dict[tuple[int, str, int], int] = {(0, _REPLACEMENT, self._font.get_glyph_h_advance(0)): 0}
        self._lines: dict[tuple[str, bool], Shaped] = {}
        self._words: dict[tuple[str, bool], Shaped] = {}
        self._widths: dict[int, int] = {}
        self._outlines: dict[int, str] = {}
        self._blank = self._font.get_nominal_glyph(ord(" "))
        self._space = self._word(" ", is_rtl=False)
        self._digits = {digit: self._figure(digit, digit, {}) for digit in "0123456789"}
        self._figures = {sign: self._figure(sign, sign, _TABULAR) for sign in _SIGNS}
        self._minus = self._figure(MINUS, "-", _TABULAR)

    def shape(self, text: str, *, base_rtl: bool) -> Shaped:
        """Return a line of text; ``base_rtl`` is the direction of the line as a whole."""
        found = self._lines.get((text, base_rtl))
        if found is None:
            words = [word for run in visual_runs(text, base_rtl=base_rtl) for word in self._words_of(run)]
            if len(self._lines) >= CACHED_MAX:
                self._lines.clear()
            found = self._lines[text, base_rtl] = _joined(words)
        return found

    def width(self, text: str) -> int:
        """Return how wide a line of text is, in whatever order its words stand."""
        words = text.split(" ")
        widths = [self._word(word, is_rtl=starts_rtl(word, otherwise=False)).width for word in words if word]
        return sum(widths) + self._space.width * (len(words) - 1)

    def figures(self, text: str, *, minus: str = "") -> Shaped:
        """Return a number (digits, separators), with a minus at its ``left`` or ``right`` if one is wanted.

        0–9 are equally wide. A minus at the right is still the first in the file, as it is when the number is read.
        """
        codes = "".join([self._figures[sign][0] for sign in text])
        width = sum([self._figures[sign][1] for sign in text])
        code, wide = self._minus
        if minus == "right":
            return Shaped(f"{-width} <{code}>{width + wide} <{codes}>{-wide} ", width + wide)
        return Shaped(f"<{code if minus else ''}{codes}>", width + (wide if minus else 0))

    def codes(self) -> list[tuple[int, str, int]]:
        """Return what each code stands for, in their order from 0: glyph, letters, width."""
        return list(self._codes)

    def subset(self) -> bytes:
        """Return the font with the outlines of the used glyphs only, under their own numbers."""
        wanted = uharfbuzz.SubsetInput()
        wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX).update({glyph for glyph, _, _ in self._codes})
        wanted.flags = (
            uharfbuzz.SubsetFlags.RETAIN_GIDS
            | uharfbuzz.SubsetFlags.NO_HINTING
            | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
            | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE  # letters that the font lacks are seen to be missing
        )
        wanted.sets(uharfbuzz.SubsetInputSets.DROP_TABLE_TAG).update(
            int.from_bytes(tag) for tag in (b"GSUB", b"GPOS", b"GDEF", b"name", b"OS/2", b"post", b"DSIG", b"STAT")
        )
        return cast("bytes", uharfbuzz.subset(self._face, wanted).blob.data)

    def metrics(self) -> tuple[int, int]:
        """Return the font's ascent and (negative) descent."""
        extents = self._font.get_font_extents("ltr")
        return extents.ascender, extents.descender

    def box(self) -> tuple[int, ...]:
        """Return the box that holds every glyph of the font: left, bottom, right, top."""
        return struct.unpack(">4h", self._face.reference_table("head").data[36:44])

    def cap_height(self) -> int:
        """Return the height of a capital."""
        return int.from_bytes(self._face.reference_table("OS/2").data[88:90], signed=True)

    def _words_of(self, run: Run) -> list[Shaped]:
        """Return a run's words and the spaces between them, from left to right.

        Letters do not join or change over a space, so words are shaped once and put side by side.
        """
        words: list[Shaped] = []
        texts = run.text.split(" ")
        for place, text in enumerate(reversed(texts) if run.is_rtl else texts):
            words += [self._space] if place else []
            words += [self._word(text, is_rtl=run.is_rtl)] if text else []
        return words

    def _word(self, text: str, *, is_rtl: bool) -> Shaped:
        found = self._words.get((text, is_rtl))
        if found is None:
            if len(self._words) >= CACHED_MAX:
                self._words.clear()
            whole = text.isascii() and text.isdigit()
            found = self._words[text, is_rtl] = self._number(text) if whole else self._shaped(text, is_rtl=is_rtl)
        return found

    def _number(self, text: str) -> Shaped:
        """Return digits as they stand in a sentence: few, unlike the numbers that they make."""
        digits = [self._digits[digit] for digit in text]
        return Shaped(f"<{''.join([code for code, _ in digits])}>", sum([width for _, width in digits]))

    def _shaped(self, text: str, *, is_rtl: bool) -> Shaped:
        infos, positions = self._glyphs(text, {}, is_rtl=is_rtl)
        advances = [position.x_advance for position in positions]
        letters = _letters(text, [info.cluster for info in infos], advances, is_rtl=is_rtl)
        parts: list[str] = []
        marks: list[Mark] = []
        pen = 0
        for info, position, means in zip(infos, positions, letters, strict=True):
            glyph, x, advance = info.codepoint, position.x_offset, position.x_advance
            if is_rtl:
                means = means.translate(MIRRORED)  # noqa: PLW2901  (read back as it is seen, and turned round then)
                parts += [self._meaning(letter) for letter in reversed(means[1:])]
                means = means[:1]  # noqa: PLW2901
            if position.y_offset or not advance:
                marks.append(Mark(self._outline(glyph), pen + x, position.y_offset))
                parts += [self._meaning(means)] if means else []
                parts += [f"{-advance} "] if advance else []
            else:
                width = self._width_of(glyph)
                code = f"<{self._code(glyph, means or _NOTHING, width)}>"
                after = width + x - advance
                parts.append((f"{-x} {code}" if x else code) + (f"{after} " if after else ""))
            pen += advance
        return Shaped("".join(parts).replace("><", ""), pen, tuple(marks))

    def _meaning(self, letters: str) -> str:
        """Return a blank without width that means some letters."""
        return f"<{self._code(self._blank, letters, 0)}>"

    def _code(self, glyph: int, means: str, width: int) -> str:
        key = (glyph, means, width)
        if len(self._codes) >= CODES_MAX and key not in self._codes:
            return "0000"
        return f"{self._codes.setdefault(key, len(self._codes)):04X}"

    def _width_of(self, glyph: int) -> int:
        width = self._widths.get(glyph)
        if width is None:
            width = self._widths[glyph] = self._font.get_glyph_h_advance(glyph)
        return width

    def _figure(self, sign: str, means: str, features: dict[str, bool]) -> tuple[str, int]:
        """Return the code of what a number is written with, and its width."""
        infos, positions = self._glyphs(sign, features, is_rtl=False)
        return self._code(infos[0].codepoint, means, positions[0].x_advance), positions[0].x_advance

    def _glyphs(self, text: str, features: dict[str, bool], *, is_rtl: bool) -> tuple[Any, Any]:
        buffer = uharfbuzz.Buffer()
        buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if is_rtl else "ltr"
        uharfbuzz.shape(self._font, buffer, features)
        return buffer.glyph_infos, buffer.glyph_positions or []

    def _outline(self, glyph: int) -> str:
        """Return the operators of a PDF's path that draw a glyph."""
        found = self._outlines.get(glyph)
        if found is None:
            steps: list[str] = []
            self._font.draw_glyph(glyph, _pen(), steps)
            found = self._outlines[glyph] = " ".join(steps)
        return found


def _joined(words: list[Shaped]) -> Shaped:
    """Return words as one line."""
    if len(words) == 1:
        return words[0]
    marks: list[Mark] = []
    pen = 0
    for word in words:
        marks += [Mark(mark.outline, pen + mark.x, mark.y) for mark in word.marks]
        pen += word.width
    return Shaped("".join([word.codes for word in words]).replace("><", ""), pen, tuple(marks))


def _letters(text: str, clusters: list[int], advances: list[int], *, is_rtl: bool) -> list[str]:
    """Return the letters that each glyph stands for: those from its cluster's start to the next cluster's.

    Of several glyphs in a cluster the first to be read takes them, a letter before a mark.
    """
    starts = sorted(set(clusters))
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    letters = [""] * len(clusters)
    order = range(len(clusters) - 1, -1, -1) if is_rtl else range(len(clusters))
    for with_advance in (True, False):
        for place in order:
            cluster = clusters[place]
            if cluster in ends and (advances[place] > 0 or not with_advance):
                letters[place] = text[cluster : ends.pop(cluster)]
    return letters


@lru_cache(maxsize=1)
def _pen() -> Any:
    """Return what HarfBuzz draws with: it writes a path's operators into the list it is given."""
    pen = uharfbuzz.DrawFuncs()
    pen.set_move_to_func(lambda x, y, steps: steps.append(f"{x:g} {y:g} m"))
    pen.set_line_to_func(lambda x, y, steps: steps.append(f"{x:g} {y:g} l"))
    pen.set_cubic_to_func(
        lambda x1, y1, x2, y2, x, y, steps: steps.append(f"{x1:.4g} {y1:.4g} {x2:.4g} {y2:.4g} {x:g} {y:g} c")
    )
    pen.set_close_path_func(lambda steps: steps.append("h"))
    return pen


@lru_cache(maxsize=2)
def _face(weight: str) -> Any:
    return uharfbuzz.Face(importlib.import_module(f"pymupdf_fonts.FiraGO_{weight}").fontbuffer)

"""A typeface: text shaped by HarfBuzz, figures in columns, and the part of the font that a file needs.

Widths and offsets are in thousandths of the type's size. FiraGO has Arabic, Hebrew, Latin, Greek and Cyrillic letters
that were drawn to stand beside each other; its licence (SIL OFL 1.1) lets it be embedded.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import uharfbuzz

from .directions import visual_runs

UNITS: Final = 1000
CACHED_MAX: Final = 20_000
"""The most texts that one typeface remembers the shape of; a name comes again, a note often does not."""
MINUS: Final = "−"
_ARABIC_DIGITS: Final = "٠١٢٣٤٥٦٧٨٩"
_FIGURES: Final = "0123456789" + _ARABIC_DIGITS
_TABULAR: Final = {"tnum": True, "kern": False}
_REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph where it stands: how far the pen moves on, and how far off the pen's place it is drawn."""

    id: int
    advance: int
    x: int = 0
    y: int = 0


@dataclass(frozen=True, slots=True)
class Shaped:
    """A line of text as its glyphs from left to right.

    ``says`` is set to the text where the glyphs alone would not give it back when it is copied.
    """

    glyphs: tuple[Glyph, ...]
    width: int
    says: str = ""


class Typeface:
    """One weight of the font. It remembers which glyphs it was asked for: those are what goes into the file."""

    def __init__(self, weight: str) -> None:
        self.name = f"FiraGO-{weight}"
        self._face = _face(weight)
        self._font = uharfbuzz.Font(self._face)
        assert self._face.upem == UNITS, "widths of a PDF are thousandths, and so are this font's"
        self._texts: dict[int, str] = {0: _REPLACEMENT}
        self._widths: dict[int, int] = {0: self._font.get_glyph_h_advance(0)}
        self._shaped: dict[tuple[str, bool], Shaped] = {}
        self._cells = self._figure_cells()

    def shape(self, text: str, *, base_rtl: bool) -> Shaped:
        """Return a line of text as glyphs; ``base_rtl`` is the direction of the line as a whole."""
        found = self._shaped.get((text, base_rtl))
        if found is None:
            if len(self._shaped) >= CACHED_MAX:
                self._shaped.clear()
            found = self._shaped[text, base_rtl] = self._shape(text, base_rtl=base_rtl)
        return found

    def figures(self, text: str) -> Shaped:
        """Return a number (digits, separators, a minus) with all digits equally wide, as they stand from left to right."""
        glyphs: list[Glyph] = []
        for character in text:
            glyph, word = self._cells.get(character) or self._cell(character)
            self._note(glyph.id, word)
            glyphs.append(glyph)
        return Shaped(tuple(glyphs), sum(glyph.advance for glyph in glyphs))

    def width_of(self, glyph_id: int) -> int:
        """Return how wide the font itself makes a glyph."""
        width = self._widths.get(glyph_id)
        if width is None:
            width = self._widths[glyph_id] = self._font.get_glyph_h_advance(glyph_id)
        return width

    def texts(self) -> dict[int, str]:
        """Return the glyphs that were used, each with the text it stands for."""
        return dict(sorted(self._texts.items()))

    def subset(self) -> bytes:
        """Return the font with the outlines of the used glyphs only, under their own numbers."""
        wanted = uharfbuzz.SubsetInput()
        wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX).update(self._texts)
        wanted.flags = (
            uharfbuzz.SubsetFlags.RETAIN_GIDS
            | uharfbuzz.SubsetFlags.NO_HINTING
            | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
        )
        wanted.sets(uharfbuzz.SubsetInputSets.DROP_TABLE_TAG).update(
            int.from_bytes(tag) for tag in (b"GSUB", b"GPOS", b"GDEF", b"name", b"OS/2", b"post", b"DSIG", b"STAT")
        )
        return cast("bytes", uharfbuzz.subset(self._face, wanted).blob.data)

    def metrics(self) -> tuple[int, int]:
        """Return the font's ascent and (negative) descent."""
        extents = self._font.get_font_extents("ltr")
        return extents.ascender, extents.descender

    def _shape(self, text: str, *, base_rtl: bool) -> Shaped:
        glyphs: list[Glyph] = []
        is_plain = True
        for run in visual_runs(text, base_rtl=base_rtl):
            is_plain &= self._shape_run(run.text, glyphs, is_rtl=run.is_rtl)
        return Shaped(tuple(glyphs), sum(glyph.advance for glyph in glyphs), "" if is_plain else text)

    def _shape_run(self, text: str, glyphs: list[Glyph], *, is_rtl: bool) -> bool:
        """Add a run's glyphs, and return whether each stands for its own letters and no others."""
        buffer = uharfbuzz.Buffer()
        buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if is_rtl else "ltr"
        uharfbuzz.shape(self._font, buffer, {})
        infos, positions = buffer.glyph_infos, buffer.glyph_positions
        if infos is None or positions is None:
            return True
        words = _words(text, [info.cluster for info in infos])
        is_plain = True
        for info, position, word in zip(infos, positions, words, strict=True):
            is_plain &= self._note(info.codepoint, word)
            glyphs.append(Glyph(info.codepoint, position.x_advance, position.x_offset, position.y_offset))
        return is_plain

    def _note(self, glyph_id: int, word: str) -> bool:
        """Keep what a glyph stands for, the first that comes; return whether it is this."""
        return bool(word) and self._texts.setdefault(glyph_id, word) == word

    def _cell(self, character: str) -> tuple[Glyph, str]:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(character)
        buffer.guess_segment_properties()
        buffer.direction = "ltr"
        uharfbuzz.shape(self._font, buffer, _TABULAR)
        info, position = buffer.glyph_infos[0], buffer.glyph_positions[0]
        return Glyph(info.codepoint, position.x_advance), "-" if character == MINUS else character

    def _figure_cells(self) -> dict[str, tuple[Glyph, str]]:
        """Return each digit in the middle of a cell as wide as the widest of its script.

        The font has tabular figures of its own for 0–9 only.
        """
        cells: dict[str, tuple[Glyph, str]] = {}
        for digits in (_FIGURES[:10], _ARABIC_DIGITS):
            own = {digit: self._cell(digit) for digit in digits}
            wide = max(glyph.advance for glyph, _ in own.values())
            for digit, (glyph, word) in own.items():
                cells[digit] = Glyph(glyph.id, wide, (wide - glyph.advance) // 2), word
        return cells | {sign: self._cell(sign) for sign in (",", ".", "٬", "٫", MINUS)}


def _words(text: str, clusters: list[int]) -> list[str]:
    """Return the letters that each glyph stands for: those from its cluster's start to the next cluster's.

    Of several glyphs in a cluster the first takes them.
    """
    ends = dict(zip(sorted(set(clusters)), [*sorted(set(clusters))[1:], len(text)], strict=True))
    taken: set[int] = set()
    words = []
    for cluster in clusters:
        words.append("" if cluster in taken else text[cluster : ends[cluster]])
        taken.add(cluster)
    return words


@lru_cache(maxsize=2)
def _face(weight: str) -> Any:
    return uharfbuzz.Face(importlib.import_module(f"pymupdf_fonts.FiraGO_{weight}").fontbuffer)

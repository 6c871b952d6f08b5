"""Plots as SVG inside a page: bars over time, lengths of time, a grid of hours and weekdays. Pure: numbers and words in, text out.

Places along the line of text are per cent of the width, heights are pixels: a plot fits a phone and a desk, and its letters
stay as large as the page's. Colours are classes, by which the style sheet gives the theme's. Time runs as the text does: from
the right in Arabic and Hebrew, as in the tables beneath and in the newspapers there. A plot is one picture to a reader of
screens, with a name and a description; the figures themselves are in the table under it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WHOLE: Final = 1_000
"""The width, in tenths of a per cent: what is divided here stays whole numbers."""
HEIGHT: Final = 180
"""Of the ground on which bars stand, in pixels."""
ABOVE: Final = 22
"""Over the highest bar, for the number of its line."""
BELOW: Final = 24
ROW: Final = 44
"""Of one length of time: its name above, its line beneath."""
CELL: Final = 24
WIDTH_MAX: Final = 160
"""Of a bar: few of them are not blocks."""
LABELS_MAX: Final = 4
"""Under bars: more would run into one another on a phone."""
SHADES: Final = ("l0", "l1", "l2", "l3", "l4")
"""Of a grid, from nothing to the most."""
LEVELS: Final = len(SHADES) - 1


@dataclass(frozen=True, slots=True)
class Frame:
    """What a plot is called and tells, for whoever does not see it; ``name`` makes its ids unique on the page."""

    name: str
    title: str
    told: str
    rtl: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: how much, in which look (a class), and what it says in words."""

    value: int
    look: str
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, from the ground up; ``label`` stands under it where there is room."""

    label: str
    parts: tuple[Part, ...]

    @property
    def height(self) -> int:
        """How much it is in all."""
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time with its middle and where nine of ten end: a dot on a line. ``words`` tells both."""

    label: str
    middle: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A number beside the one before."""

    label: str
    now: int
    before: int
    words: str


def bars(frame: Frame, columns: Sequence[Bar], *, number: Callable[[int], str]) -> str:
    """Draw bars beside each other, the first where a line of text begins; ``number`` writes what stands at the lines."""
    top = nice(max((bar.height for bar in columns), default=0))
    ground, drawn = ABOVE + HEIGHT, []
    for level in sorted({top, top // 2} - {0}):
        y = ground - level * HEIGHT // top
        drawn.append(f'<line class="rule" x1="0%" x2="100%" y1="{y}" y2="{y}"/>')
        drawn.append(f'<text class="mark" x="{_at(frame, 0)}" y="{y - 5}">{escape(number(level))}</text>')
    width = WHOLE // max(len(columns), 1)
    for place, bar in enumerate(columns):
        drawn.append(_bar(frame, bar, place * WHOLE // len(columns), width, top))
    drawn.append(f'<line class="ground" x1="0%" x2="100%" y1="{ground}" y2="{ground}"/>')
    drawn += _labels(frame, [bar.label for bar in columns], ground + 17)
    return _plot(frame, ground + BELOW, drawn)


def spans(frame: Frame, rows: Sequence[Span]) -> str:
    """Draw lengths of time under each other, all from the same beginning: a dot at the middle, a line to where nine of ten end."""
    longest, drawn = max((max(row.end, row.middle) for row in rows), default=0) or 1, []
    for place, row in enumerate(rows):
        y = place * ROW + 34
        middle, end = row.middle * WHOLE * 94 // (longest * 100) + 20, row.end * WHOLE * 94 // (longest * 100) + 20
        drawn.append(
            f"<g><title>{escape(f'{row.label}: {row.words}')}</title>"
            f'<text class="name" x="{_at(frame, 0)}" y="{y - 14}">{escape(row.label)}</text>'
            f'<text class="mark ends" x="{_at(frame, WHOLE)}" y="{y - 14}">{escape(row.words)}</text>'
            f'<line class="rule" x1="0%" x2="100%" y1="{y}" y2="{y}"/>'
            f'<line class="reach" x1="{_at(frame, 20)}" x2="{_at(frame, end)}" y1="{y}" y2="{y}"/>'
            f'<line class="reach" x1="{_at(frame, end)}" x2="{_at(frame, end)}" y1="{y - 6}" y2="{y + 6}"/>'
            f'<circle class="dot" cx="{_at(frame, middle)}" cy="{y}" r="6"/></g>'
        )
    return _plot(frame, len(rows) * ROW + 6, drawn)


def pairs(frame: Frame, rows: Sequence[Pair]) -> str:
    """Draw numbers under each other as bars along the line of text, each with a mark where it was before."""
    longest, drawn = max((max(row.now, row.before) for row in rows), default=0) or 1, []
    for place, row in enumerate(rows):
        y = place * ROW + 24
        now, before = row.now * WHOLE // longest, row.before * WHOLE // longest
        edge = _mirrored(frame, 0, now)
        drawn.append(
            f"<g><title>{escape(f'{row.label}: {row.words}')}</title>"
            f'<text class="name" x="{_at(frame, 0)}" y="{y - 6}">{escape(row.label)}</text>'
            f'<text class="mark ends" x="{_at(frame, WHOLE)}" y="{y - 6}">{escape(row.words)}</text>'
            f'<rect class="rest" x="0%" width="100%" y="{y}" height="12"/>'
            f'<rect class="stick" x="{_percent(edge)}" width="{_percent(now)}" y="{y}" height="12"/>'
            f'<line class="was" x1="{_at(frame, before)}" x2="{_at(frame, before)}" y1="{y - 3}" y2="{y + 15}"/></g>'
        )
    return _plot(frame, len(rows) * ROW + 6, drawn)


def grid(
    frame: Frame, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]], *, number: Callable[[int], str],
    said: Callable[[str, str, int], str],
) -> str:  # fmt: skip
    """Draw a number in each cell, on a ground the darker the more; ``said`` tells a cell in words: row, column, number."""
    most, drawn = max((value for _, values in rows for value in values), default=0), []
    side = 150
    width = (WHOLE - side) // max(len(columns), 1)
    for place, name in enumerate(columns):
        middle = side + place * width + width // 2
        drawn.append(f'<text class="mark mid" x="{_at(frame, middle)}" y="15">{escape(name)}</text>')
    for row, (name, values) in enumerate(rows):
        y = 22 + row * CELL
        drawn.append(f'<text class="mark" x="{_at(frame, 0)}" y="{y + 16}">{escape(name)}</text>')
        for place, value in enumerate(values):
            x, level = side + place * width, shade(value, most)
            edge = _mirrored(frame, x, width)
            drawn.append(
                f'<g class="cell {SHADES[level]}"><title>{escape(said(name, columns[place], value))}</title>'
                f'<rect x="{_percent(edge)}" width="{_percent(width)}" y="{y}" height="{CELL}"/>'
                f'<text class="mid" x="{_at(frame, x + width // 2)}" y="{y + 16}">{escape(number(value))}</text></g>'
            )
    return _plot(frame, 22 + len(rows) * CELL + 2, drawn)


def nice(most: int) -> int:
    """Return the smallest of 2, 4, 10, 20, 40, 100 … that is not below a number: its half is whole too."""
    step = 1
    while True:
        for each in (2, 4, 10):
            if most <= each * step:
                return each * step
        step *= 10


def shade(value: int, most: int) -> int:
    """Return how dark a cell is: 0 for nothing, then in equal steps up to the most."""
    return -(-value * LEVELS // most) if value > 0 else 0


def _bar(frame: Frame, bar: Bar, x: int, width: int, top: int) -> str:
    gap = max(width // 6, width - WIDTH_MAX, 1) if width > 4 else 0  # noqa: PLR2004  (thinner ones stand close)
    edge = _mirrored(frame, x + gap // 2, width - gap)
    words = ", ".join(part.words for part in bar.parts)
    drawn, foot = [f"<g><title>{escape(f'{bar.label}: {words}')}</title>"], 0
    for part in bar.parts:
        low, high = foot * HEIGHT // top, (foot + part.value) * HEIGHT // top
        foot += part.value
        tall = max(high - low, 1) if part.value else 0
        drawn.append(
            f'<rect class="stick {part.look}" x="{_percent(edge)}" width="{_percent(width - gap)}" '
            f'y="{ABOVE + HEIGHT - low - tall}" height="{tall}"/>'
        )
    return "".join([*drawn, "</g>"])


def _labels(frame: Frame, labels: Sequence[str], y: int) -> list[str]:
    """Return the labels for which there is room: some from the first on, in even steps, under the middle of their bars."""
    if not labels:
        return []
    step = -(-len(labels) // LABELS_MAX)
    drawn = []
    for place in range(0, len(labels), step):
        middle = (2 * place + 1) * WHOLE // (2 * len(labels))
        is_first = len(labels) > LABELS_MAX and place == 0
        x, look = (0, "mark") if is_first else (middle, "mark mid")
        drawn.append(f'<text class="{look}" x="{_at(frame, x)}" y="{y}">{escape(labels[place])}</text>')
    return drawn


def _plot(frame: Frame, height: int, drawn: Sequence[str]) -> str:
    title, told = f"{frame.name}-title", f"{frame.name}-told"
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" width="100%" height="{height}" '
        f'aria-labelledby="{escape(title)}" aria-describedby="{escape(told)}">'
        f'<title id="{escape(title)}">{escape(frame.title)}</title><desc id="{escape(told)}">{escape(frame.told)}</desc>'
        + "".join(drawn)
        + "</svg>"
    )


def _mirrored(frame: Frame, x: int, width: int) -> int:
    """Return the left edge of what begins at a place along the line of text."""
    return WHOLE - x - width if frame.rtl else x


def _at(frame: Frame, x: int) -> str:
    return _percent(_mirrored(frame, x, 0))


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"

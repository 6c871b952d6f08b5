"""A receipt's QR code (ISO/IEC 18004): the address of the public page with the signed text, as dark and light squares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import segno

LEVEL: Final = "m"
"""Fifteen percent may be dirty or torn."""
QUIET: Final = 4
"""How many light squares stand around it, which readers need to find it."""
Squares = tuple[bytes, ...]
"""Rows from above, each a byte for a square: 1 is dark. The light margin is not among them."""


def squares_of(text: str) -> Squares:
    """Return the squares of a text; capitals, digits and ``:/.-`` take least room."""
    return tuple(bytes(row) for row in segno.make(text, error=LEVEL, micro=False, boost_error=False).matrix)


def runs_of(squares: Squares) -> Iterator[tuple[int, int, int]]:
    """Yield row, first column and length of each run of dark squares."""
    for y, row in enumerate(squares):
        x = 0
        while (x := row.find(1, x)) >= 0:
            end = row.find(0, x)
            end = len(row) if end < 0 else end
            yield y, x, end - x
            x = end


def path_of(squares: Squares) -> str:
    """Return the dark squares as the data of an SVG path, a unit each, inside the light margin."""
    parts, at_x, at_y = [], 0, 0
    for y, x, length in runs_of(squares):
        parts.append(f"m{x + QUIET - at_x} {y + QUIET - at_y}h{length}v1h-{length}z")
        at_x, at_y = x + QUIET, y + QUIET
    return "".join(parts)

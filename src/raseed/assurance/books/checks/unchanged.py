"""What of generations, of the pointer, of trees and of what was signed never changes: whether it is as it was seen first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from raseed.display import api as display
from raseed.kernel.errors import mark

from ..domain import Check, Finding, Look
from ..memory import ALTERED, GONE, compare_and_remember

FAMILY: Final = "display"
_PASSING: Final = "pointer:"
"""Of the pointer there is one row, and with its next move another: the one before goes, and nothing is wrong."""


def _unchanged(look: Look) -> Iterator[Finding]:
    seen = [(each.about, each.says) for each in display.inspection.never_changing()]
    for code, about, expected, found in list(compare_and_remember(FAMILY, seen, clock=look.clock)):
        if code == GONE and about.startswith(_PASSING):
            continue
        yield Finding("unchanged", code, about, expected, found)


UNCHANGED: Final = Check(
    "unchanged",
    mark("What never changes of what is shown and signed is as it was when it was seen first."),
    {
        ALTERED: mark("Something was changed that never changes"),
        GONE: mark("Something was taken out that stays"),
    },
    _unchanged,
    own_view=True,
)

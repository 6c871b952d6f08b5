"""Python's cycle collector, while tens of thousands of plain values are made and dropped."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

WORTH_IT_FROM: Final = 500
"""Below so many payments the collector hardly ever begins."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let Python's cycle collector rest while tens of thousands of plain values are made and dropped.

    None of them is part of a cycle, so it would walk over all of them, again and again, for nothing: half of the time
    that a batch takes. What is dropped is freed at once all the same.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""One process at a time works on an order; whoever comes second leaves it to the first."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from ..sql import STATEMENTS, run


@contextmanager
def held(order_id: UUID) -> Iterator[bool]:
    """Hold an order for as long as the block runs; says whether it could be had. A process that dies lets go."""
    ((had,),) = run(STATEMENTS["hold_order"], {"id": order_id})
    try:
        yield bool(had)
    finally:
        if had:
            run(STATEMENTS["let_go_of_order"], {"id": order_id})


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

"""One process at a time works on an order; whoever comes second leaves it to the first."""

from __future__ import annotations

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

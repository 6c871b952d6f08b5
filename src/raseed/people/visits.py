"""How often a network may come to a page that asks for no sign-in: counted under a keyed hash, so nothing tells whose it is."""

from __future__ import annotations

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from .domain import Limit, network_of
from .sign_in.tries import count_one, give_back


def count_visit(kind: str, client_address: str | None, *, limit: Limit, clock: Clock = SYSTEM_CLOCK) -> None:
    """Count a visit of ``kind``, whatever becomes of it; one whose address can't be known is let through.

    Raises:
        TooManyRequests: it is one more than ``limit`` allows to its network.
    """
    if client_address is not None:
        with transaction.atomic():
            count_one(limit, f"visit-{kind}", network_of(client_address), clock.now())


def forget_visit(kind: str, client_address: str | None) -> None:
    """Take back a visit that turned out to be in order, where only the others are limited."""
    if client_address is not None:
        give_back(f"visit-{kind}", network_of(client_address))

"""Credit: what was paid over the bills of a reference, kept for whoever pays it next, and used once.

A row holds what was kept, what was used and what orders under way are about to use; the database refuses more use than there
is. Rows are locked after orders and bills, in order of biller and reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from raseed.kernel.money import Money

from ..domain import Part, PartKind
from ..queries import biller
from ..sql import run

PAID_LEAST_MINOR: Final = 1
"""What an order pays in money at least: a payment of nothing is none, and a biller is told of payments only."""

Key = tuple[UUID, str]
"""A biller and a reference."""


def credit(biller_id: UUID, reference: str) -> Money:
    """Return what can be used of the credit of a reference now.

    Raises:
        BillerUnknown: there is no such biller.
    """
    return Money(credits_left([(biller_id, reference)]).get((biller_id, reference), 0), biller(biller_id).currency)


def credits_left(keys: Iterable[Key]) -> dict[Key, int]:
    """Return what can be used of credits now, minor units, of those references that have any."""
    wanted = sorted(set(keys))
    rows = run("credits_left", _columns(wanted)) if wanted else []
    return {(biller_id, reference): left for biller_id, reference, left in rows}


def credit_parts(parts: Iterable[Part], left: Money) -> list[Part]:
    """Return the part by which the credit that is left lowers an order; none where the order itself pays more than is owed."""
    there = list(parts)
    payable = sum(part.signed_minor for part in there) - PAID_LEAST_MINOR
    if payable <= 0 or any(part.kind is PartKind.CREDIT for part in there):
        return []
    used = min(left.amount_minor, payable)
    return [Part(PartKind.CREDIT_USED, Money(used, left.currency))] if used > 0 else []


def lock_credits(keys: Iterable[Key]) -> dict[Key, int]:
    """Lock the credits that orders use, and return what can be used of each."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = run("lock_credits", _columns(wanted))
    return {(biller_id, reference): left for biller_id, reference, left in rows}


def hold_credits(used: Mapping[Key, int]) -> None:
    """Note that orders that got under way use so much; the rows are locked."""
    if used:
        run("move_credits", {**_columns(list(used)), "held": list(used.values()), "used": [0] * len(used)})


def settle_credits(*, used: Mapping[Key, int], kept: Mapping[Key, int]) -> None:
    """Note what paid orders have used, and keep what they paid over their bills; in the settling transaction."""
    lock_credits({*used, *kept})
    if used:
        minors = list(used.values())
        run("move_credits", {**_columns(list(used)), "held": [-minor for minor in minors], "used": minors})
    if kept:
        run("keep_credits", {**_columns(list(kept)), "amounts": list(kept.values())})


def give_credits_back(used: Mapping[Key, int]) -> None:
    """Let go of what returned orders would have used."""
    lock_credits(used)
    hold_credits({key: -minor for key, minor in used.items()})


def _columns(keys: Sequence[Key]) -> dict[str, object]:
    return {"billers": [biller_id for biller_id, _ in keys], "references": [reference for _, reference in keys]}

"""Further steps of timelines: a payment's state and its new step are written together, for a whole batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ..domain import PaymentState, Refusal
from ..reasons import kept
from ..sql import STATEMENTS, run

Move = tuple[UUID, PaymentState, Refusal | None]
"""A payment, where it goes, and why where that is to be said."""


def move(moves: Sequence[Move], *, at: datetime) -> None:
    """Move payments on, each one legal step; needs an open transaction that holds their errands."""
    if not moves:
        return
    ids = [id_ for id_, _, _ in moves]
    states = [state.value for _, state, _ in moves]
    run(
        STATEMENTS["move_payments"],
        {
            "ids": ids,
            "states": states,
            "at": at,
            "codes": [reason.code if reason else None for _, _, reason in moves],
            "params": [json.dumps(kept(reason)) if reason else None for _, _, reason in moves],
        },
    )

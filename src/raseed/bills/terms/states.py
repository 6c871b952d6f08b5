"""Where waivers and disputes can be."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from raseed.kernel.errors import mark


class WaiverState(StrEnum):
    """A waiver is proposed, and counts once a second person has confirmed it; that it ended early is a date of its own."""

    PROPOSED = "proposed"
    ACTIVE = "active"


class DisputeState(StrEnum):
    """A dispute waits, and ends once: the bill is cancelled or lowered, or to be paid as it is; or it was withdrawn."""

    OPEN = "open"
    CANCELLED = "cancelled"
    LOWERED = "lowered"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


DISPUTE_STATE_WORDS: Final = {
    DisputeState.OPEN: mark("Being looked at"),
    DisputeState.CANCELLED: mark("Upheld: the bill is cancelled"),
    DisputeState.LOWERED: mark("Upheld: the bill is lowered"),
    DisputeState.REJECTED: mark("Rejected: the bill is to be paid"),
    DisputeState.WITHDRAWN: mark("Withdrawn by the customer"),
}


class SparingKind(StrEnum):
    """Why days of one bill don't count: its penalty was waived, or it may be paid later."""

    WAIVED = "waived"
    EXTENDED = "extended"

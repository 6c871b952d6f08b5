"""Where a message is on its way, and which steps there are. The database's trigger holds the same table.

A state never goes backwards. A round is one promise to send: what a person has sent again begins the next round, and that is
the only way back to waiting, apart from an attempt of which it is certain that the provider did not take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OutgoingState(StrEnum):
    """Where a message is on its way out.

    ``SENT``: the provider has taken it. ``UNKNOWN``: it was asked and no answer came, so it may have. ``EXPIRED``: its time was
    over before it left.
    """

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    DELIVERED = "delivered"
    READ = "read"


_W, _G, _U, _S, _F, _E, _D, _R = OutgoingState
RANK: Final[Mapping[OutgoingState, int]] = {_W: 0, _G: 1, _U: 2, _S: 3, _F: 4, _E: 4, _D: 5, _R: 6}
"""What is known of a message grows: a later word of lower rank is no news. That it arrived outranks that it failed."""
STEPS: Final[frozenset[tuple[OutgoingState, OutgoingState]]] = frozenset({
    (_W, _G), (_W, _E), (_W, _F), (_W, _S), (_W, _D), (_W, _R),
    (_G, _W), (_G, _U), (_G, _S), (_G, _F), (_G, _D), (_G, _R),
    (_U, _S), (_U, _F), (_U, _D), (_U, _R),
    (_S, _F), (_S, _D), (_S, _R),
    (_F, _D), (_F, _R), (_E, _D), (_E, _R), (_D, _R),
})  # fmt: skip
"""Within a round. From waiting to taken or arrived: a status of an earlier attempt came before the next one left."""
ANEW: Final[frozenset[OutgoingState]] = frozenset({_F, _U, _E})
"""What a person may have sent again, in a new round; what was too late, with a new time by which it has to leave."""
HEARD: Final[frozenset[OutgoingState]] = frozenset({_S, _F, _D, _R})
"""What a provider's status can say."""
OPEN: Final[frozenset[OutgoingState]] = frozenset({_W, _G})


def after_status(state: OutgoingState, heard: OutgoingState, *, of_last_attempt: bool) -> OutgoingState:
    """Return where a message is once its provider has said ``heard`` of one of its attempts.

    That an earlier attempt failed says nothing of a later one, nor of one that is still to come; that it arrived does.
    """
    assert heard in HEARD, "statuses say nothing else"
    if heard is _F and (not of_last_attempt or state is _W):
        return state
    return heard if RANK[heard] > RANK[state] else state

"""Single payments that come at the same time are sent together: one transaction, one call of the ledger, one flush of the disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import Gatherer

from .domain import Instruction, Payment
from .services import checked, send_many


def send_together(instruction: Instruction, *, clock: Clock = SYSTEM_CLOCK) -> Payment:
    """Carry out a payment together with others that threads of this process send at the same time; else as ``send``.

    Raises:
        As ``send``.
    """
    return _gatherer.do(checked(instruction), key=clock)


def _send(instructions: Sequence[Instruction], clock: Clock) -> list[Payment]:
    return send_many(instructions, clock=clock)


_gatherer: Final = Gatherer[Instruction, Clock, Payment](_send)

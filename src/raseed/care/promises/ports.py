"""What promises need from their neighbours: a voice that tells a conversation, and a clock that runs on a question.

Each neighbour registers itself from ``AppConfig.ready``. Without a voice the answers wait and are shown; without a clock an
overdue question still climbs by the event ``care.gap_overdue``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from raseed.kernel.clock import Clock

from .domain import Gap


class Told(StrEnum):
    """What became of the wish to tell a conversation something."""

    KEPT = "kept"
    """It is in the outbox, in the caller's transaction, and leaves once."""
    WINDOW_CLOSED = "window_closed"
    """Nothing may be sent now, and no template carries it."""
    UNREACHABLE = "unreachable"
    """Nothing can ever be sent there: a call, a visit, a line that was closed."""


class Voice(Protocol):
    """Tells a conversation in its channel."""

    def __call__(self, *, conversation_id: UUID, message_id: UUID, text: str, language: str, clock: Clock) -> Told:
        """Keep a message for sending, in the caller's transaction. The same id again keeps nothing new.

        Where the channel's window is closed, a template that carries the text is used if there is one.
        """


class GapClock(Protocol):
    """Runs a clock on a question, with one accountable person at every instant."""

    def start(self, gap: Gap, *, at: datetime, clock: Clock) -> None:
        """Start it, in the caller's transaction."""

    def hand_over(self, gap: Gap, *, by: str, reason: str, at: datetime, clock: Clock) -> None:
        """Tell it of another owner."""

    def stop(self, gap: Gap, *, by: str, at: datetime, clock: Clock) -> None:
        """Stop it: the question is answered, or another one's."""


_voices: list[Voice] = []
_clocks: list[GapClock] = []


def register_voice(voice: Voice) -> None:
    """Let promises speak through ``voice``; the last one registered is used."""
    _voices[:] = [voice]


def register_gap_clock(gap_clock: GapClock) -> None:
    """Let ``gap_clock`` run on questions."""
    _clocks[:] = [gap_clock]


def voice() -> Voice | None:
    """Return the voice, if there is one."""
    return _voices[0] if _voices else None


def gap_clocks() -> tuple[GapClock, ...]:
    """Return the clock, if there is one."""
    return tuple(_clocks)

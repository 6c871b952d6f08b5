"""What an item says, read: the message to be kept, and what is told of one that we sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from .domain import MessageKind, Party


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file that a message names; ``source`` is by what its channel gives it out."""

    kind: str
    source: str
    name: str = ""
    claimed_type: str = ""
    claimed_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its item says it, before it is kept. ``address``: of the line that it was written to, if it says so."""

    provider_id: str
    party: Party
    kind: MessageKind
    text: str
    sent_at: datetime
    reply_to: str = ""
    files: tuple[DraftFile, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a provider tells of a message that we sent; ``state`` is sent, delivered, read or failed."""

    provider_id: str
    state: str
    at: datetime
    error_code: str = ""
    error_title: str = ""
    client_message_id: UUID | None = None
    address: str | None = None


class StatusSink(Protocol):
    """Who keeps what became of messages that went out; registered by ``sending``."""

    def __call__(
        self,
        *,
        line_id: UUID,
        provider_id: str,
        state: str,
        at: datetime,
        error_code: str,
        error_title: str,
        client_message_id: UUID | None,
    ) -> None:
        """Keep a status, also of a message that is not known (yet); in the caller's transaction.

        ``client_message_id`` is our own id of the message, where the provider carries it back.
        """

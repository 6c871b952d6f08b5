"""A file that came with a message, as other packages see it, and why one is not given out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import Conflict, NotFound, mark

FETCHED_FOR: Final = timedelta(days=7)
"""How long a provider keeps a file for us, and so how long we try."""
IMAGE_BYTES_MAX: Final = 16 << 20
BYTES_MAX: Final = 100 << 20
"""Of anything that is no picture."""


class MediaState(StrEnum):
    """Where a file is: to be fetched and checked, kept, refused, no longer to be had, or held for malware."""

    WAITING = "waiting"
    KEPT = "kept"
    REFUSED = "refused"
    GONE = "gone"
    INFECTED = "infected"


class Refusal(StrEnum):
    """Why a file was not kept."""

    NONE = ""
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    DIGEST = "digest"
    EXECUTABLE = "executable"
    ARCHIVE = "archive"
    BOMB = "bomb"
    MACROS = "macros"
    TYPE = "type"
    DAMAGED = "damaged"
    MALWARE = "malware"
    EXPIRED = "expired"
    UNFETCHABLE = "unfetchable"


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a message.

    Attributes:
        kind: image, document, audio, video or sticker, as the message says.
        name: the file's, without folders and what can't be seen.
        claimed_type: as the sender says; ``found_type`` by its content.
        size_bytes: as kept; ``sha256`` (hexadecimal) of the same.
        refusal: why it was not kept, as a word of ``Refusal``.
        scanned: whether the malware port has looked at it.
        keeps_position: whether it still says where it was taken.
    """

    id: UUID
    message_id: UUID
    kind: str
    name: str
    claimed_type: str
    found_type: str
    size_bytes: int
    sha256: str
    state: MediaState
    refusal: str
    scanned: bool
    keeps_position: bool


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was brought with a message, its content in hand."""

    name: str
    claimed_type: str
    content: bytes
    kind: str = "document"


class MediaUnknown(NotFound):
    """No file has this id."""

    code = "media_unknown"
    sentence = mark("We know no such file.")
    hint = mark("Look for it in its conversation.")


class MediaNotKept(Conflict):
    """The file is still being fetched, or was not kept; ``state`` says which."""

    code = "media_not_kept"
    sentence = mark("This file can't be shown.")
    hint = mark("It is still being checked, or it was refused; the message says why.")

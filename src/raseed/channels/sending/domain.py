"""What is sent out, to whom, what became of it, and why it may be refused before it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, mark

from .reasons import Reason
from .states import OutgoingState

IMAGE_BYTES_MAX: Final = 5 << 20
DOCUMENT_BYTES_MAX: Final = 16 << 20
"""Ours; providers take up to 100 MB. What is kept in the database with its message has to stay small."""
FILE_NAME_LENGTH_MAX: Final = 120
SUBJECT_LENGTH_MAX: Final = 200
PURPOSE_LENGTH_MAX: Final = 60
REPLY: Final = "reply"
"""The purpose of what a person of ours has written; anything else counts as sent by a machine."""


class LineCannotSend(Conflict):
    """Nothing can be sent on this line: it is a log of calls or visits, or it is closed."""

    code = "line_cannot_send"
    sentence = mark("Nothing can be sent on this line.")
    hint = mark("Choose a line on which this customer can be written to.")


class RecipientNotOnLine(InputError):
    """The one it is for is not known by an address that this line can write to."""

    code = "recipient_not_on_line"
    sentence = mark("This person has no address on this line.")
    hint = mark("Answer on the line on which the customer wrote.")


class WindowClosed(Conflict):
    """More than 24 hours since the customer last wrote: free text would be refused."""

    code = "window_closed"
    sentence = mark("The customer last wrote more than 24 hours ago, so only a template can be sent.")
    hint = mark("Choose a template.")


class TemplateUnknown(InputError):
    """No template of this name and language is registered for the line, or the line knows no templates."""

    code = "template_unknown"
    sentence = mark("This line has no such template in this language.")
    hint = mark("Choose one of the line's templates.")


class TemplateValuesWrong(InputError):
    """Too few or too many values, or one that is empty or has line breaks; ``wanted`` is how many there must be."""

    code = "template_values_wrong"
    sentence = mark("This template needs %(wanted)s values, each on one line and none empty.")
    hint = mark("Fill in every value.")


class FileNotCarried(InputError):
    """A file that is empty, too large, or of a kind that the line does not carry."""

    code = "file_not_carried"
    sentence = mark("This file can't be sent: it is empty, too large, or not of a kind that this line carries.")
    hint = mark("Send a JPEG or PNG picture up to 5 MB, or a PDF up to 16 MB.")


class NothingToRetry(Conflict):
    """The message is on its way or has arrived, its time is over, or sending it again can't help."""

    code = "nothing_to_retry"
    sentence = mark("This message can't be sent again.")
    hint = mark("Look at what became of it, or write a new one.")


@dataclass(frozen=True, slots=True)
class Template:
    """A message that the provider has approved beforehand: its name, its language, and a value for each place."""

    name: str
    language: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingMedia:
    """A file to be sent. ``type`` is its media type, such as ``application/pdf``."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingContent:
    """What is sent: a text, a template, or a file with a text beside it. ``subject`` is for mail alone."""

    text: str = ""
    template: Template | None = None
    media: OutgoingMedia | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message and where it is.

    Attributes:
        id: the caller's own id for it.
        provider_id: what the provider calls it; empty until it is known.
        attempts: how often the provider was asked, over all rounds.
        reason: why it failed, is not known, waits, or shows no sign of delivery; ``None`` where there is nothing to say.
        sent_at: when the provider took it.
        next_try_at: when it is tried next, while it waits.
        expires_at: it is not sent from then on.
        media_name: what its file is called, if it has one.
    """

    id: UUID
    line_id: UUID
    provider_id: str
    state: OutgoingState
    attempts: int
    reason: Reason | None
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    next_try_at: datetime | None
    media_name: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a provider was asked. ``outcome``: taken, refused, put_off, unknown; empty while it is asked.

    ``took_ms`` is how long that took, where it is known.
    """

    number: int
    round: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str
    reason: Reason | None
    provider_id: str
    took_ms: int | None


@dataclass(frozen=True, slots=True)
class Window:
    """Whether free text may be sent now, and until when. ``templates_only``: it may not, but a template may."""

    open: bool
    closes_at: datetime | None
    templates_only: bool


@dataclass(frozen=True, slots=True)
class TemplateShape:
    """A registered template: its text with ``{{1}}`` …, and how many values it takes."""

    name: str
    language: str
    body: str
    values: int

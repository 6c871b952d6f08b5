"""A customer's conversation with an institution as its page shows it: what was written both ways, ticks, and what may be sent.

A signed-in customer is ``customer:<id>`` on the institution's web line, which care takes for the proof that it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, InputError, mark
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.platform.api import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.files.uploadedfile import UploadedFile

TEXT_LENGTH_MAX: Final = 4_000
IMAGE_BYTES_MAX: Final = 10 << 20
FILE_BYTES_MAX: Final = 16 << 20
SHOWN_MAX: Final = 50
"""Messages on a page, of both sides together."""
WRITTEN_MAX: Final = 10
WRITTEN_WITHIN: Final = timedelta(minutes=1)
IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
DOCUMENTS: Final = frozenset({"application/pdf"})
FILE_WORDS: Final = {
    channels.MediaState.WAITING: mark("is being checked"),
    channels.MediaState.REFUSED: mark("not taken in: it is not what it claims to be, or too large"),
    channels.MediaState.GONE: mark("not taken in; please send it again"),
    channels.MediaState.INFECTED: mark("not taken in: it carries malware"),
}


class NothingWritten(InputError):
    """A message with neither words nor a file."""

    code = "chat_nothing_written"
    sentence = mark("There is nothing to send yet.")
    hint = mark("Write something, or attach a photo or a document.")


class WrittenTooLong(InputError):
    """A message longer than a page takes."""

    code = "chat_too_long"
    sentence = mark("This message is too long.")
    hint = mark("Send it in two parts.")


class FileNotTaken(InputError):
    """A file of a kind that the page does not take."""

    code = "chat_file_kind"
    sentence = mark("This kind of file can't be sent here.")
    hint = mark("Send a photo (JPEG, PNG, WebP, HEIC) or a PDF.")


class FileTooLarge(InputError):
    """A file larger than the page takes."""

    code = "chat_file_too_large"
    sentence = mark("This file is too large.")
    hint = mark("Photos may have 10 MB, documents 16 MB.")


class NoWebLine(Conflict):
    """The institution does not take messages from the app."""

    code = "chat_no_line"
    sentence = mark("Messages from here are not possible now.")
    hint = mark("The page says how else to reach us.")


class WritingTooFast(TooManyRequests):
    """More messages within a minute than a person writes."""

    code = "chat_too_fast"
    sentence = mark("Too many messages at once.")
    hint = mark("Wait a minute, then send it again.")


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of a message; without an ``id`` it can't be opened and ``words`` say why."""

    name: str
    id: UUID | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message: the customer's own (``read`` once it was answered, since an answer is refused before all was seen) or ours.

    ``sent_as`` is the id of the form by which the customer sent it.
    """

    id: UUID
    mine: bool
    text: str
    at: datetime
    files: tuple[ShownFile, ...]
    read: bool
    sent_as: str = ""


def sender_of(customer_id: UUID) -> str:
    """Return how a signed-in customer is named on a web line."""
    return f"customer:{customer_id}"


def web_line(institution_id: UUID) -> channels.Line | None:
    """Return the line on which an institution's customers write from here, if it has one."""
    found = channels.lines(institution_id, channel=channels.Channel.WEB)
    return next((each for each in found if each.active and each.purpose is channels.LinePurpose.TALK), None)


def unread_of(customer_id: UUID, institutions: Sequence[people.Institution]) -> int:
    """Return how many answers the customer has not seen yet."""
    found = [line.id for each in institutions if (line := web_line(each.id)) is not None]
    return channels.web_unread(found, sender_of(customer_id)) if found else 0


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of a conversation, oldest first. ``earlier`` marks the page before it, and is empty where there is none."""

    messages: tuple[ShownMessage, ...]
    earlier: str = ""


def thread(line: channels.Line, customer_id: UUID, *, before: str = "") -> Thread:
    """Return the latest of what was written both ways, or what was before a page's marker; oldest first.

    Raises:
        InvalidCursor: ``before`` is no marker of this conversation.
    """
    who, kind = sender_of(customer_id), f"web.chat:{line.id}"
    place = _place(kind, before)
    answers = channels.web_latest(line.id, who, before=place, limit=SHOWN_MAX + 1)
    mine = channels.web_written(line.id, who, before=place, limit=SHOWN_MAX + 1)
    shown = _mine(line, who, mine)
    for each in answers:
        files = (ShownFile(each.media_name, each.id),) if each.media_name else ()
        shown.append((each.at, ShownMessage(each.id, False, each.text, each.at, files, each.read_at is not None)))
    shown.sort(key=lambda one: (one[0], one[1].id))
    page = shown[-SHOWN_MAX:]
    earlier = platform.encode_cursor(kind, page[0][0].isoformat(), str(page[0][1].id)) if len(shown) > len(page) else ""
    return Thread(tuple(one for _, one in page), earlier)


def _mine(
    line: channels.Line, who: str, written: Sequence[channels.IncomingMessage]
) -> list[tuple[datetime, ShownMessage]]:
    """Return what the customer wrote, each with its place in time; read is what our latest answer came after."""
    latest = channels.web_latest(line.id, who, limit=1)
    answered = latest[-1].at if latest else None
    return [
        (
            each.sent_at,
            ShownMessage(
                each.id, True, each.text, each.received_at, tuple(_file(one) for one in each.media),
                answered is not None and each.received_at <= answered, _page_id(each.provider_id),
            ),
        )
        for each in written
    ]  # fmt: skip


def _page_id(provider_id: str) -> str:
    """Return the id that the page gave a message: its customer's stands before, its content's after."""
    return provider_id.partition(":")[2].partition(":")[0]


def _place(kind: str, before: str) -> tuple[datetime, UUID] | None:
    if not before:
        return None
    try:
        at, id_ = platform.decode_cursor(kind, before)
        return datetime.fromisoformat(str(at)), UUID(str(id_))
    except ValueError:
        raise platform.InvalidCursor(field="before") from None


def mark_seen(line: channels.Line, customer_id: UUID, messages: Sequence[ShownMessage]) -> None:
    """Say that the page shows the answers."""
    fresh = [each.id for each in messages if not each.mine and not each.read]
    if fresh:
        channels.web_seen(line.id, sender_of(customer_id), fresh)


def digest_of(messages: Sequence[ShownMessage]) -> str:
    """Return what changes when a page that shows these would show something else."""
    told = [(str(each.id), each.mine and each.read, [one.words for one in each.files]) for each in messages]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:20]


def write(
    *,
    message_id: UUID,
    line: channels.Line | None,
    customer: people.Customer,
    text: str,
    file: UploadedFile[Any] | None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Send what the customer wrote: once for the form's id and what was in it, however often the form is sent.

    Raises:
        NothingWritten, WrittenTooLong, FileNotTaken, FileTooLarge, NoWebLine, WritingTooFast: what they say.
    """
    if line is None:
        raise NoWebLine(field="text")
    said = text.replace("\r\n", "\n").strip()
    files = (_taken(file),) if file is not None else ()
    if not said and not files:
        raise NothingWritten(field="text")
    if len(said) > TEXT_LENGTH_MAX:
        raise WrittenTooLong(field="text")
    who, now = sender_of(customer.id), clock.now()
    content = hashlib.sha256(said.encode())
    for each in files:
        content.update(hashlib.sha256(each.content).digest())
    provider_id = f"{customer.id}:{message_id}:{content.hexdigest()[:16]}"
    latest = channels.web_written(line.id, who, limit=WRITTEN_MAX)
    if any(each.provider_id == provider_id for each in latest):
        return
    if len(latest) == WRITTEN_MAX and latest[0].received_at > now - WRITTEN_WITHIN:
        raise WritingTooFast(field="text")
    channels.take_in(
        line_id=line.id,
        party=channels.Party(line.scope, who, name=people.display_name(customer, customer.language)),
        kind=files[0].kind if files else "text",
        text=said,
        provider_id=provider_id,
        sent_at=now,
        files=files,
        clock=clock,
    )


def file_of(line: channels.Line, customer_id: UUID, file_id: UUID) -> tuple[str, str, bytes] | None:
    """Return name, type and content of a file of the customer's own conversation, or ``None``."""
    who = sender_of(customer_id)
    if channels.web_one(line.id, who, file_id) is not None:
        content = channels.outgoing_content(file_id)
        if content is not None and content.media is not None:
            return content.media.name, content.media.type, content.media.content
    try:
        one = channels.media(file_id)
        message = channels.incoming(one.message_id)
    except (channels.MediaUnknown, channels.MessageUnknown):
        return None
    if (message.line_id, message.party.external_id) != (line.id, who) or one.state is not channels.MediaState.KEPT:
        return None
    return one.name, one.found_type, channels.media_bytes(one.id)


def _taken(file: UploadedFile[Any]) -> channels.NewFile:
    type_ = file.content_type or ""
    if type_ not in IMAGES | DOCUMENTS:
        raise FileNotTaken(field="file")
    if not file.size or file.size > (IMAGE_BYTES_MAX if type_ in IMAGES else FILE_BYTES_MAX):
        raise FileTooLarge(field="file")
    return channels.NewFile(file.name or "", type_, file.read(), "image" if type_ in IMAGES else "document")


def _file(one: channels.Media) -> ShownFile:
    name = one.name or gettext("File")
    if one.state is channels.MediaState.KEPT:
        return ShownFile(name, one.id)
    return ShownFile(name, None, gettext(FILE_WORDS[one.state]))

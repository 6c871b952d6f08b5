"""Reading a mail: who wrote what, in which thread, with which files; and whether a person has written it at all.

What no person has written is never answered, and made no conversation of: bounces tell of a message of ours, and automatic
replies, lists and our own mail are left where they are. So no loop of mails can start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from enum import StrEnum
from itertools import islice
from typing import Final

from ..media.domain import NewFile
from .composing import one_line
from .text import words_of

FILES_MAX: Final = 20
PARTS_MAX: Final = 200
TEXT_LENGTH_MAX: Final = 100_000
ID_LENGTH_MAX: Final = 300
THREAD_MAX: Final = 20
_ROBOTS: Final = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply"})
_PRECEDENCE: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_MARKS: Final = ("x-autoreply", "x-autorespond", "x-auto-reply", "list-id")


class MailKind(StrEnum):
    """What a mail is: a person's, a machine's, word of a mail of ours, or our own."""

    MESSAGE = "message"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    OWN = "own"


class UnreadableMail(Exception):
    """A mail of which nothing can be made; its text is one word for staff."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report (RFC 3464) says: of which mail of ours, whether it failed or arrived, and by which code."""

    provider_id: str
    state: str
    code: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, read."""

    provider_id: str
    kind: MailKind
    sender: str
    name: str
    subject: str
    text: str
    sent_at: datetime | None
    in_reply_to: str
    references: tuple[str, ...]
    files: tuple[NewFile, ...]
    reports: tuple[Report, ...] = ()


def read_mail(raw: bytes, *, own_address: str) -> Mail:
    """Read a mail as it was fetched.

    Raises:
        UnreadableMail: it has no sender, or can't be read at all.
    """
    try:
        mail = BytesParser(policy=default).parsebytes(raw)
        return _read(mail, raw, own_address)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as trouble:
        # The library's readers of headers raise all of these at headers that nobody sends in earnest.
        raise UnreadableMail(type(trouble).__name__) from trouble


def _read(mail: EmailMessage, raw: bytes, own_address: str) -> Mail:
    sender, name = _sender(mail)
    reports = tuple(_reports(mail))
    own_id = _ids(_header(mail, "message-id"))[:1]
    kind = _kind(mail, sender, own_address, is_report=bool(reports) or mail.get_content_type() == "multipart/report")
    if not sender and kind is MailKind.MESSAGE:
        raise UnreadableMail("no_sender")
    answered = _ids(_header(mail, "in-reply-to"))
    thread = tuple(_ids(_header(mail, "references"))[-THREAD_MAX:])
    body = _body(mail)
    return Mail(
        provider_id=own_id[0] if own_id else "sha256:" + hashlib.sha256(raw).hexdigest(),
        kind=kind,
        sender=sender,
        name=name,
        subject=one_line(_header(mail, "subject")),
        text=_text(body)[:TEXT_LENGTH_MAX],
        sent_at=_date(mail),
        in_reply_to=answered[0] if answered else (thread[-1] if thread else ""),
        references=thread,
        files=tuple(_files(mail, body)),
        reports=reports,
    )


def _kind(mail: EmailMessage, sender: str, own_address: str, *, is_report: bool) -> MailKind:
    if is_report:
        return MailKind.BOUNCE
    if sender == own_address.lower():
        return MailKind.OWN
    said = _header(mail, "auto-submitted").lower()
    automatic = (
        (said and not said.startswith("no"))
        or _header(mail, "precedence").lower() in _PRECEDENCE
        or any(mail.get(mark) is not None for mark in _MARKS)
        or _header(mail, "return-path").strip() == "<>"
        or sender.partition("@")[0] in _ROBOTS
    )
    return MailKind.AUTOMATIC if automatic else MailKind.MESSAGE


def _sender(mail: EmailMessage) -> tuple[str, str]:
    """Return the address that wrote, in lower case, and the name it gave."""
    header = mail.get("from")
    for address in getattr(header, "addresses", ()):
        if address.username and address.domain:
            return f"{address.username}@{address.domain}".lower(), one_line(address.display_name)
    return "", ""


def _body(mail: EmailMessage) -> EmailMessage | None:
    found = mail.get_body(preferencelist=("plain", "html"))
    return found if isinstance(found, EmailMessage) else None


def _text(body: EmailMessage | None) -> str:
    if body is None:
        return ""
    text = _decoded(body)
    return words_of(text) if body.get_content_type() == "text/html" else text.strip()


def _decoded(part: EmailMessage) -> str:
    """Return a part's text; in a character set that nobody knows or that does not fit, as far as it can be read."""
    content = part.get_payload(decode=True)
    bytes_ = content if isinstance(content, bytes) else b""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return bytes_.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    return bytes_.decode("windows-1256", "replace")  # what old mail programs of the region wrote without saying so


def _files(mail: EmailMessage, body: EmailMessage | None) -> Iterator[NewFile]:
    """Yield what came beside the text, in a bounded number; another way to say the text is no file."""
    taken = 0
    for part in _leaves(mail):
        if part is body or taken >= FILES_MAX:
            continue
        kind = part.get_content_type()
        name = part.get_filename() or ""
        if kind in {"text/plain", "text/html"} and not name and not part.is_attachment():
            continue
        content = part.get_payload(decode=True) if not part.is_multipart() else part.as_bytes()
        if isinstance(content, bytes) and content:
            taken += 1
            sort = "image" if kind.startswith("image/") else "document"
            yield NewFile(one_line(name) or f"part-{taken}", kind, content, sort)


def _leaves(mail: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are no bundles; a mail that came as a file is one, and is not looked into."""
    waiting: list[Message] = [mail]
    seen = 0
    while waiting and seen < PARTS_MAX:
        part = waiting.pop(0)
        seen += 1
        if part.get_content_maintype() == "multipart":
            inner = part.get_payload()
            waiting = (
                [each for each in inner if isinstance(each, Message)] + waiting if isinstance(inner, list) else waiting
            )
        elif isinstance(part, EmailMessage):
            yield part


def _reports(mail: EmailMessage) -> Iterator[Report]:
    """Yield what a delivery report says of the mail it is about."""
    if mail.get_content_type() != "multipart/report":
        return
    parts = list(islice(mail.walk(), PARTS_MAX))
    about = ""
    for part in parts[1:]:
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            headers = BytesParser(policy=default).parsebytes(
                _decoded(part).encode("utf-8", "replace"), headersonly=True
            )
            about = next(iter(_ids(_header(headers, "message-id"))), about)
        elif part.get("message-id") is not None and not about:
            about = next(iter(_ids(_header(part, "message-id"))), "")
    for part in parts:
        action, status = _header(part, "action").lower(), _header(part, "status")
        state = {"failed": "bounced", "delivered": "delivered"}.get(action)
        if about and state is not None:
            yield Report(about, state, status[:10])


def _date(mail: EmailMessage) -> datetime | None:
    moment = getattr(mail.get("date"), "datetime", None)
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _header(mail: Message, name: str) -> str:
    value = mail.get(name)
    return "" if value is None else str(value)


def _ids(header: str) -> list[str]:
    """Return the message ids in a header, each in its angle brackets."""
    found = []
    for piece in header[: ID_LENGTH_MAX * 2 * THREAD_MAX].split("<")[1:]:
        inner, closed, _ = piece.partition(">")
        inner = "".join(inner.split())
        if closed and 0 < len(inner) < ID_LENGTH_MAX - 2 and inner.isprintable():
            found.append(f"<{inner}>")
    return found

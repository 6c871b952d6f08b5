"""Composing mail: plain text in UTF-8, in the thread that it belongs to, under a Message-ID of ours.

The Message-ID is the message's own id, the same at every try: a receiver that drops what it has seen can, and a bounce or an
answer leads back to the message.
"""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from uuid import UUID

from ..adapters.domain import Parcel

REFERENCES_MAX: Final = 20
_HEADER_LENGTH_MAX: Final = 200


def message_id_of(message_id: UUID, address: str) -> str:
    """Return the Message-ID of a message of ours that is sent from an address."""
    return f"<{message_id}@{address.rpartition('@')[2]}>"


def our_message(provider_id: str, address: str) -> UUID | None:
    """Return which message of ours has this Message-ID, if it was sent from an address of this domain."""
    left, _, domain = provider_id.strip().removeprefix("<").removesuffix(">").rpartition("@")
    if domain.lower() != address.rpartition("@")[2].lower():
        return None
    try:
        return UUID(left)
    except ValueError:
        return None


def compose(parcel: Parcel, *, at: datetime) -> EmailMessage:
    """Return the mail for a message."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    mail["From"] = _address(parcel.line_name, parcel.address)
    mail["To"] = _address(parcel.to.name, parcel.to.external_id)
    mail["Subject"] = one_line(parcel.subject)
    mail["Date"] = at
    mail["Message-ID"] = message_id_of(parcel.message_id, parcel.address)
    if parcel.reply_to:
        thread = tuple(dict.fromkeys((*parcel.references, parcel.reply_to)))
        mail["In-Reply-To"] = one_line(parcel.reply_to)
        mail["References"] = " ".join(one_line(each) for each in thread[-REFERENCES_MAX:])
    if parcel.automatic:
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no machine answers
        mail["X-Auto-Response-Suppress"] = "All"
    text = "\n".join(parcel.text.splitlines()) + "\n"
    mail.set_content(text, charset="utf-8", cte="quoted-printable" if _is_mostly_ascii(text) else "base64")
    if parcel.media:
        kind, _, subtype = parcel.media_type.partition("/")
        mail.add_attachment(parcel.media, maintype=kind, subtype=subtype, filename=parcel.media_name)
    return mail


def answered(subject: str) -> str:
    """Return the subject of an answer to a mail with this subject."""
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}"


def one_line(text: str, length_max: int = _HEADER_LENGTH_MAX) -> str:
    """Return a text fit to stand in a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:length_max]


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(one_line(name), user, domain)


def _is_mostly_ascii(text: str) -> bool:
    return 4 * sum(not c.isascii() for c in text) < len(text)

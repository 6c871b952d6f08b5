"""Files of a conversation: what they are, why one is not there, and giving one out safely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext

from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from uuid import UUID

    from raseed.channels import api as channels
    from raseed.web.office.requests import StaffRequest

KEPT: Final = "kept"
IMAGE: Final = "image"
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What is shown in the page; everything else is only given out to be kept."""
STATE_WORDS: Final = {
    "waiting": mark("is being fetched"),
    "refused": mark("not taken in: it is not what it claims to be, or too large"),
    "gone": mark("could not be fetched any more; ask for it again"),
    "infected": mark("not taken in: it carries malware"),
}
KILO: Final = 1024


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file in a conversation. Without an ``address`` it can't be opened, and ``words`` say why."""

    name: str
    size: str
    words: str
    address: str = ""
    picture: bool = False
    ours: bool = False


def shown_files(request: StaffRequest, conversation_id: UUID, media: Iterable[channels.Media]) -> tuple[ShownFile, ...]:
    """Return files as they stand in a conversation."""
    return tuple(_shown(request, conversation_id, each) for each in media)


def sent_file(name: str) -> tuple[ShownFile, ...]:
    """Return a file that we sent, by its name; none where there is none."""
    return (ShownFile(name, "", "", ours=True),) if name else ()


def _shown(request: StaffRequest, conversation_id: UUID, one: channels.Media) -> ShownFile:
    name = one.name or (gettext("Photo") if one.kind == IMAGE else gettext("File"))
    state = str(getattr(one.state, "value", one.state))
    if state != KEPT:
        return ShownFile(name, "", gettext(STATE_WORDS[state]) if state in STATE_WORDS else state)
    address = reverse("office:conversation-file", args=[conversation_id, one.id])
    return ShownFile(name, size_text(one.size_bytes or 0, request), "", address, one.found_type in PICTURES)


def size_text(size: int, request: StaffRequest) -> str:
    """Return a size in kilobytes, rounded up."""
    return gettext("%(count)s kB") % {"count": request.reader.number(-(-size // KILO))}

"""Files on their way out: of a kind that the channel carries, of that kind by their content too, and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from raseed.kernel.text import UnacceptableText, clean_text

from ..adapters.domain import IMAGE_TYPES
from ..adapters.wires import FILES
from ..domain import Channel
from .domain import DOCUMENT_BYTES_MAX, FILE_NAME_LENGTH_MAX, IMAGE_BYTES_MAX, FileNotCarried, OutgoingMedia

_BEGINNINGS: Final[Mapping[str, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}


def checked_file(channel: Channel, media: OutgoingMedia) -> OutgoingMedia:
    """Return a file as it will be sent, with a name that hides nothing and leads nowhere.

    Raises:
        FileNotCarried: it is empty, too large, not of a kind that the channel carries, or not of the kind that it says.
    """
    bytes_max = IMAGE_BYTES_MAX if media.type in IMAGE_TYPES else DOCUMENT_BYTES_MAX
    if media.type not in FILES.get(channel.value, frozenset()) or not 0 < len(media.content) <= bytes_max:
        raise FileNotCarried(field="media")
    if not media.content.startswith(_BEGINNINGS[media.type]):
        raise FileNotCarried(field="media")
    name = media.name.replace("\\", "/").rpartition("/")[2]
    try:
        return OutgoingMedia(clean_text(name, length_max=FILE_NAME_LENGTH_MAX), media.type, media.content)
    except UnacceptableText:
        raise FileNotCarried(field="media") from None

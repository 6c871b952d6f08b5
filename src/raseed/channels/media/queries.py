"""Looking at files: what a message brought, and the bytes of those that are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from ..models import MediaRow
from .domain import Media, MediaNotKept, MediaState, MediaUnknown
from .store import kept_path, parts


def files_of(message_ids: Iterable[UUID]) -> dict[UUID, list[Media]]:
    """Return the files of messages, each message's in order."""
    found: dict[UUID, list[Media]] = defaultdict(list)
    for row in MediaRow.objects.filter(message_id__in=list(message_ids)).order_by("message_id", "place"):
        found[row.message_id].append(as_media(row))
    return found


def media_of(message_id: UUID) -> list[Media]:
    """Return the files of one message."""
    return files_of([message_id])[message_id]


def media(media_id: UUID) -> Media:
    """Return what is known of a file.

    Raises:
        MediaUnknown: there is none with this id.
    """
    row = MediaRow.objects.filter(id=media_id).first()
    if row is None:
        raise MediaUnknown(field="media_id")
    return as_media(row)


def media_bytes(media_id: UUID) -> bytes:
    """Return the content of a kept file.

    Raises:
        MediaUnknown: there is none with this id. MediaNotKept: it is not kept.
    """
    _check_kept(media_id)
    return kept_path(media_id).read_bytes()


def media_parts(media_id: UUID) -> Iterator[bytes]:
    """Return the content of a kept file in parts, for a large one; refuses as ``media_bytes`` does, at once."""
    _check_kept(media_id)
    return parts(kept_path(media_id))


def _check_kept(media_id: UUID) -> None:
    state = media(media_id).state
    if state is not MediaState.KEPT:
        raise MediaNotKept(field="media_id", state=state.value)


def as_media(row: MediaRow) -> Media:
    """Return a row as what other packages see."""
    return Media(
        id=row.id,
        message_id=row.message_id,
        kind=row.kind,
        name=row.name,
        claimed_type=row.claimed_type,
        found_type=row.found_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        state=MediaState(row.state),
        refusal=row.refusal,
        scanned=row.scanned,
        keeps_position=row.keeps_position,
    )

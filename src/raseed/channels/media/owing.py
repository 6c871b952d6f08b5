"""A message's files, owed by their rows and fetched by jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.platform.jobs import app

from ..models import MediaRow
from ..receiving.cleaning import safe_id, shown_file_name, shown_name
from .domain import FETCHED_FOR

if TYPE_CHECKING:
    from ..lines.domain import Line
    from ..receiving.drafts import DraftFile

TASK: Final = "channels.fetch_media"
FIRST: Final = "first"
AGAIN: Final = "again"
LANES: Final = (FIRST, AGAIN)
"""Files are fetched in two lanes, one job at a time in each: those not tried yet, and those that failed. So a provider that
hangs takes two of the worker's places at most, and new files don't wait for those that fail."""
KINDS_WITH_FILES: Final = frozenset({"image", "document", "audio", "video", "sticker"})
FILES_MAX: Final = 50
"""Of one message."""
SOURCE_LENGTH_MAX: Final = 2_000


def owe_files(message_id: UUID, line: Line, drafts: Sequence[DraftFile], *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Owe the files of a message, in the transaction that keeps it."""
    now = clock.now()
    MediaRow.objects.bulk_create([
        MediaRow(
            id=new_id(), message_id=message_id, line_id=line.id, place=place, kind=draft.kind,
            source=safe_id(draft.source, length_max=SOURCE_LENGTH_MAX), name=shown_file_name(draft.name), claimed_type=shown_name(draft.claimed_type),
            claimed_sha256=safe_id(draft.claimed_sha256), keeps_position=line.settings.get("keep_position") == "yes",
            created_at=now, expires_at=now + FETCHED_FOR, next_try_at=now,
        )
        for place, draft in enumerate(drafts[:FILES_MAX])
    ])  # fmt: skip
    wake(FIRST)


def wake(lane: str) -> None:
    """See that a job will look at a lane; one that waits already is enough."""
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(TASK, queue="media", lock=f"{TASK}.{lane}", queueing_lock=f"{TASK}.{lane}").defer(lane=lane)

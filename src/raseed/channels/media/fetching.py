"""Fetching and checking files: one by one in two lanes, with growing pauses until their provider forgets them.

A file that can't be had keeps nothing up: its message is there already. What is settled is told by an event. Between the
rename of a file and the row that says it is kept, a killed job leaves a file that nothing names; the next try writes over it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import emit, growing_pause
from raseed.platform.jobs import app

from ..events import MEDIA_SETTLED
from ..lines.services import as_line
from ..models import MediaRow
from . import archives, store
from .client import Fetched, Gone, TooLarge, Trouble, fetch
from .domain import BYTES_MAX, IMAGE_BYTES_MAX, MediaState, Refusal
from .malware import ScannerAway, is_infected, scanner_known
from .owing import AGAIN, FIRST, LANES, TASK, wake
from .pictures import is_bomb
from .positions import Damaged, strips, without_position
from .sources import locate
from .types import ZIP, misfit, type_of

FIRST_PAUSE: Final = timedelta(seconds=20)
LONGEST_PAUSE: Final = timedelta(hours=6)
CLAIM: Final = timedelta(minutes=3)
"""Longer than a fetch may take; who is killed leaves the file to be tried again after it."""
LANE_SECONDS_MAX: Final = 10.0
DIGEST_TRIES_MAX: Final = 5
"""A file that does not fit its channel's digest so often is refused; once may have been a fault on the way."""
GONE_TRIES_MAX: Final = 3
"""So often a provider has to say that it has no such file before it is believed."""
PROBLEM_LENGTH_MAX: Final = 100
_log = structlog.get_logger("raseed.channels")


class Refused(Exception):
    """The file is not kept, now or later."""

    def __init__(self, refusal: Refusal, state: MediaState = MediaState.REFUSED) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.state = state


class WrongDigest(Exception):
    """The bytes are not those that the channel spoke of."""


@dataclass(frozen=True, slots=True)
class _Kept:
    found_type: str
    size_bytes: int
    sha256: str
    scanned: bool


@app.task(name=TASK, queue="media")
def fetch_media(*, lane: str) -> None:
    """Fetch what is due in a lane for a while; what is left then is another job's, so that others have their turn."""
    until = time.monotonic() + LANE_SECONDS_MAX
    while fetch_next(lane, clock=SYSTEM_CLOCK):
        if time.monotonic() > until:
            wake(lane)
            return


def fetch_next(lane: str, *, clock: Clock) -> bool:
    """Settle one file that is due, or plan its next try; returns whether there was one."""
    row = _claim(lane, clock)
    if row is None:
        return False
    if row.expires_at <= clock.now():
        settle(row, MediaState.GONE, Refusal.EXPIRED, clock=clock)
        return True
    try:
        kept = _fetched(row)
    except Exception as error:  # noqa: BLE001  whatever one file does to us, the lane goes on
        verdict = _verdict(row, error)
        if verdict is None:
            _plan(row, str(error) if isinstance(error, Trouble | ScannerAway) else type(error).__name__, clock)
        else:
            settle(row, *verdict, clock=clock)
    else:
        settle(row, MediaState.KEPT, Refusal.NONE, kept=kept, clock=clock)
    return True


def _verdict(row: MediaRow, error: Exception) -> tuple[MediaState, Refusal] | None:
    """Return what a failed try settles, or ``None``: nothing, it is tried again."""
    match error:
        case Refused():
            return error.state, error.refusal
        case TooLarge():
            return MediaState.REFUSED, Refusal.TOO_LARGE
        case WrongDigest() if row.attempts >= DIGEST_TRIES_MAX:
            return MediaState.REFUSED, Refusal.DIGEST
        case Gone() if row.attempts >= GONE_TRIES_MAX:
            return MediaState.GONE, Refusal.UNFETCHABLE
    return None


def _claim(lane: str, clock: Clock) -> MediaRow | None:
    """Take the file that has been due longest for one try, so that no other job does."""
    now = clock.now()
    with transaction.atomic():
        due = MediaRow.objects.filter(state=MediaState.WAITING.value, next_try_at__lte=now)
        due = due.filter(attempts=0) if lane == FIRST else due.exclude(attempts=0)
        rows = due.select_for_update(of=("self",), skip_locked=True).select_related("line")
        row = rows.order_by("next_try_at").first()
        if row is None:
            return None
        row.attempts += 1
        row.next_try_at = now + CLAIM
        row.save(update_fields=["attempts", "next_try_at"])
        return row


def _fetched(row: MediaRow) -> _Kept:
    """Get a file, check it, and put it where kept files are."""
    if row.source.startswith(store.BROUGHT):
        return _checked(row, store.brought_path(row.source))
    place = locate(as_line(row.line), row.source)
    bytes_max = IMAGE_BYTES_MAX if row.kind in {"image", "sticker"} else BYTES_MAX
    if place.size_bytes is not None and place.size_bytes > bytes_max:
        raise TooLarge
    path = store.fetch_path(row.id)
    try:
        fetched = fetch(place.url, place.headers, path, bytes_max=bytes_max)
        _check_digest(fetched, row.claimed_sha256, place.sha256)
        return _checked(row, path)
    finally:
        path.unlink(missing_ok=True)


def _check_digest(fetched: Fetched, *claims: str) -> None:
    """Hold what was fetched against what the channel says of it, in hexadecimal or base64.

    Raises:
        WrongDigest: it is something else.
    """
    said = [claim for claim in claims if claim]
    if said and not any(digest_of(claim) == fetched.sha256 for claim in said):
        raise WrongDigest


def digest_of(claim: str) -> str:
    """Return a digest in hexadecimal that was written so or in base64, with or without its end; or nothing."""
    plain = claim.strip()
    if len(plain) == 64:  # noqa: PLR2004  (256 bits, hexadecimal)
        return plain.lower()
    with contextlib.suppress(binascii.Error, ValueError):
        decoded = base64.b64decode(plain.replace("-", "+").replace("_", "/") + "=" * (-len(plain) % 4), validate=True)
        if len(decoded) == 32:  # noqa: PLR2004  (256 bits)
            return decoded.hex()
    return ""


def _checked(row: MediaRow, path: Path) -> _Kept:
    """Check a file on the disk and keep it; a file that was brought stays until its row is settled."""
    size = path.stat().st_size
    if size == 0:
        raise Refused(Refusal.EMPTY)
    if size > (IMAGE_BYTES_MAX if row.kind in {"image", "sticker"} else BYTES_MAX):
        raise TooLarge
    found_type = type_of(path)
    refusal = misfit(row.kind, found_type)
    if refusal is Refusal.NONE and found_type == ZIP:
        found_type, refusal = archives.inspected(path)
    if refusal is Refusal.NONE and is_bomb(path, found_type):
        refusal = Refusal.BOMB
    if refusal is not Refusal.NONE:
        raise Refused(refusal)
    scanned = scanner_known()
    if scanned and is_infected(path):
        raise Refused(Refusal.MALWARE, MediaState.INFECTED)
    parts = store.parts(path)
    if not row.keeps_position and strips(found_type):
        try:
            parts = iter([without_position(path.read_bytes(), found_type)])
        except Damaged:
            raise Refused(Refusal.DAMAGED) from None
    size, sha256 = store.write(store.kept_path(row.id), parts)
    return _Kept(found_type, size, sha256, scanned)


def settle(
    row: MediaRow, state: MediaState, refusal: Refusal, *, kept: _Kept | None = None, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Keep what became of a file, and tell of it, if the claim still stands."""
    found = (
        {}
        if kept is None
        else {
            "found_type": kept.found_type,
            "size_bytes": kept.size_bytes,
            "sha256": kept.sha256,
            "scanned": kept.scanned,
        }
    )
    with transaction.atomic():
        changed = MediaRow.objects.filter(id=row.id, state=MediaState.WAITING.value, attempts=row.attempts).update(
            state=state.value, refusal=refusal.value, next_try_at=None, settled_at=clock.now(), last_problem="", **found
        )
        if changed:
            emit(
                MEDIA_SETTLED,
                {
                    "media_id": str(row.id),
                    "message_id": str(row.message_id),
                    "state": state.value,
                    "refusal": refusal.value,
                },
                institution_id=row.line.institution_id,
                clock=clock,
            )
    if changed and row.source.startswith(store.BROUGHT):
        store.brought_path(row.source).unlink(missing_ok=True)


def _plan(row: MediaRow, problem: str, clock: Clock) -> None:
    pause = growing_pause(row.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    again_at: datetime = min(clock.now() + pause, row.expires_at)
    _log.warning("media_not_fetched", media=str(row.id), attempt=row.attempts, problem=problem)
    MediaRow.objects.filter(id=row.id, state=MediaState.WAITING.value, attempts=row.attempts).update(
        next_try_at=again_at, last_problem=problem[:PROBLEM_LENGTH_MAX]
    )


@app.periodic(cron="* * * * *")
@app.task(name="channels.sweep_media", queue="upkeep", queueing_lock="channels.sweep_media")
def sweep_media(timestamp: int) -> None:
    """Wake the lanes in which anything is due: a file is owed by its row, not by its job."""
    del timestamp
    due = MediaRow.objects.filter(state=MediaState.WAITING.value, next_try_at__lte=SYSTEM_CLOCK.now())
    for lane in LANES:
        if (due.filter(attempts=0) if lane == FIRST else due.exclude(attempts=0)).exists():
            wake(lane)


@app.periodic(cron="29 * * * *")
@app.task(name="channels.sweep_files", queue="upkeep", queueing_lock="channels.sweep_files")
def sweep_files(timestamp: int) -> None:
    """Remove files that no row names."""
    del timestamp
    remove_orphans(clock=SYSTEM_CLOCK)


def remove_orphans(*, clock: Clock, older_than: timedelta = timedelta(days=1)) -> int:
    """Remove files older than a day that no row names, and return how many those were.

    A file is written before its row says so, or its message's transaction commits; a day is long after either.
    """
    before = (clock.now() - older_than).timestamp()
    old = [path for path in store.all_files() if path.stat().st_mtime < before]
    removed = 0
    for start in range(0, len(old), 500):
        part = old[start : start + 500]
        named = _named([path.name for path in part])
        for path in part:
            if path.name not in named:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _named(names: list[str]) -> set[str]:
    """Return those names that a row has: of kept files their rows' ids, of brought ones the sources of rows that wait."""
    ids = [UUID(name) for name in names if store.is_name(name)]
    kept = MediaRow.objects.filter(id__in=ids, state=MediaState.KEPT.value).values_list("id", flat=True)
    sources = MediaRow.objects.filter(
        state=MediaState.WAITING.value, source__in=[store.BROUGHT + str(id_) for id_ in ids]
    ).values_list("source", flat=True)
    return {str(id_) for id_ in kept} | {source.removeprefix(store.BROUGHT) for source in sources}


__all__ = ["AGAIN", "FIRST", "fetch_media", "fetch_next", "remove_orphans", "settle", "sweep_files", "sweep_media"]

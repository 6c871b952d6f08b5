"""Working items: each becomes a message, a status or nothing, in a transaction that ends it; none holds up another.

Items of a line are claimed together, worked in one transaction, and one by one where that fails. What can't be worked after
bounded tries is set aside with a word for why, told of, and may be replayed. An item that ends its worker is counted before it
is worked, so it is set aside too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import emit, growing_pause, run_statement
from raseed.platform.jobs import app

from ..domain import Channel
from ..events import ITEM_SET_ASIDE
from ..lines.domain import Line, LineUnknown
from ..lines.services import line as find_line
from ..lines.services import line_at
from ..models import ItemRow
from .domain import ItemKind, ItemState
from .drafts import Draft, Status, StatusSink
from .messages import STATEMENTS, keep_message, tell
from .reading import READERS
from .reading.fields import Unreadable

BATCH: Final = 100
ROUNDS_MAX: Final = 20
"""After so many batches a job lets others have their turn, and another goes on."""
ATTEMPTS_MAX: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=10)
LEASE: Final = timedelta(seconds=30)
SWEEP_AFTER: Final = timedelta(seconds=10)
LINES_MAX: Final = 500
KEPT_FOR: Final = timedelta(days=30)
"""How long the bytes of an item that was worked are kept: more than four times as long as providers deliver again."""
FORGET_MAX: Final = 50_000
PROBLEM_LENGTH_MAX: Final = 100
_log = structlog.get_logger("raseed.channels")
_sinks: Final[list[StatusSink]] = []


@dataclass(frozen=True, slots=True)
class Claim:
    """One item about to be worked."""

    id: UUID
    kind: ItemKind
    content: bytes
    received_at: datetime
    attempts: int


def register_status_sink(sink: StatusSink) -> None:
    """Say who keeps what became of messages that went out; one does, registered where ``AppConfig.ready`` runs."""
    assert not _sinks or _sinks == [sink], "statuses are kept in one place"
    _sinks[:] = [sink]


@app.task(name="channels.work_items", queue="items")
def work_items(*, line_id: str) -> None:
    """Work what is due of a line."""
    work_line(UUID(line_id), clock=SYSTEM_CLOCK)


def work_line(line_id: UUID, *, clock: Clock) -> None:
    """Work what is due of a line, batch by batch; what is left after many is another job's."""
    try:
        door = find_line(line_id)
    except LineUnknown:
        return
    for _ in range(ROUNDS_MAX):
        claims = claim_due(line_id, clock=clock)
        if not claims:
            return
        first = [claim for claim in claims if claim.attempts == 1]
        if first:
            _work(door, first, clock)
        for claim in claims:
            if claim.attempts > ATTEMPTS_MAX:
                _put_aside(door, claim, "never_ended", clock)
            elif claim.attempts > 1:
                _work(door, [claim], clock)
    work_items.defer(line_id=str(line_id))


def claim_due(line_id: UUID, *, clock: Clock) -> list[Claim]:
    """Take what is due of a line for one try, oldest first; committed before anything is tried."""
    now = clock.now()
    with transaction.atomic():
        rows = run_statement(
            STATEMENTS["claim_items"], {"line": line_id, "now": now, "most": BATCH, "lease_ends": now + LEASE}
        )
    claims = [Claim(id_, ItemKind(kind), bytes(content), at, tries) for id_, kind, content, at, tries in rows]
    return sorted(claims, key=lambda claim: claim.id)


def _work(door: Line, claims: Sequence[Claim], clock: Clock) -> None:
    """Work claims in one transaction; where one fails, each in its own, so that it fails alone."""
    try:
        with transaction.atomic():
            _work_together(door, claims, clock)
    except (OperationalError, InterfaceError):
        raise  # the database is away: their leases end, and the sweep has them tried again
    except Exception as error:  # noqa: BLE001  whatever one item does to us, the others go on
        if len(claims) > 1:
            for claim in claims:
                _work(door, [claim], clock)
        else:
            _keep_failure(door, claims[0], error, clock)


def _work_together(door: Line, claims: Sequence[Claim], clock: Clock) -> None:
    outcomes: list[str] = []
    kept: dict[UUID, list[UUID]] = defaultdict(list)
    found = {door.id: door}
    for claim in claims:
        draft = read(door, claim.kind, claim.content)
        if draft is None:
            outcomes.append("nothing")
            continue
        line = _line_of(door, draft)
        found[line.id] = line
        if isinstance(draft, Status):
            outcomes.append(_apply(line, draft))
            continue
        if line.id != door.id:
            again = read(line, claim.kind, claim.content)
            assert isinstance(again, Draft)
            draft = again
        message_id = keep_message(draft, line, received_at=claim.received_at, clock=clock)
        outcomes.append("known" if message_id is None else "message")
        if message_id is not None:
            kept[line.id].append(message_id)
    ended = run_statement(
        STATEMENTS["end_items"],
        {
            "now": clock.now(),
            "ids": [claim.id for claim in claims],
            "attempts": [claim.attempts for claim in claims],
            "outcomes": outcomes,
        },
    )
    assert len(ended) == len(claims), "a claim was lost to another worker, which works it now"
    for line_id, message_ids in kept.items():
        tell(found[line_id], message_ids, clock=clock)


def read(line: Line, kind: ItemKind, content: bytes) -> Draft | Status | None:
    """Return what an item of a line says; ``None``: nothing to us.

    Raises:
        Unreadable: it can't be read, now or later.
    """
    if kind is ItemKind.UNREADABLE:
        raise Unreadable("unreadable")
    reader = READERS.get((line.channel, kind))
    if reader is None:
        return None
    try:
        said: Any = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not isinstance(said, dict):
        raise Unreadable("no_object")
    return reader(said, line)


def _line_of(door: Line, draft: Draft | Status) -> Line:
    """Return the line that an item belongs to: a provider may deliver several numbers' items at one address."""
    if draft.address is None or draft.address == door.address:
        return door
    other = line_at(door.channel, draft.address, institution_id=door.institution_id)
    if other is not None:
        return other
    if door.channel is Channel.WHATSAPP:
        raise Unreadable("number_unknown")
    return door  # a gateway writes its own number in many ways; whose line it is, its signature said


def _apply(line: Line, status: Status) -> str:
    if not _sinks:
        return "nobody_asks"
    _sinks[0](
        line_id=line.id,
        provider_id=status.provider_id,
        state=status.state,
        at=status.at,
        error_code=status.error_code,
        error_title=status.error_title,
        client_message_id=status.client_message_id,
    )
    return "status"


def _keep_failure(door: Line, claim: Claim, error: Exception, clock: Clock) -> None:
    problem = str(error) if isinstance(error, Unreadable) else type(error).__name__
    _log.warning("item_not_worked", item=str(claim.id), attempt=claim.attempts, problem=problem)
    if isinstance(error, Unreadable) or claim.attempts >= ATTEMPTS_MAX:
        _put_aside(door, claim, problem, clock)
        return
    again_at = clock.now() + growing_pause(claim.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    with transaction.atomic():
        still_ours = ItemRow.objects.filter(id=claim.id, state=ItemState.WAITING.value, attempts=claim.attempts)
        if still_ours.update(next_try_at=again_at, problem=problem[:PROBLEM_LENGTH_MAX]):
            work_items.configure(schedule_at=again_at).defer(line_id=str(door.id))


def _put_aside(door: Line, claim: Claim, problem: str, clock: Clock) -> None:
    with transaction.atomic():
        still_ours = ItemRow.objects.filter(id=claim.id, state=ItemState.WAITING.value, attempts=claim.attempts)
        if still_ours.update(
            state=ItemState.SET_ASIDE.value,
            next_try_at=None,
            ended_at=clock.now(),
            problem=problem[:PROBLEM_LENGTH_MAX],
        ):
            emit(
                ITEM_SET_ASIDE,
                {"item_id": str(claim.id), "line_id": str(door.id), "problem": problem[:PROBLEM_LENGTH_MAX]},
                institution_id=door.institution_id,
                clock=clock,
            )


@app.periodic(cron="* * * * *")
@app.task(name="channels.sweep_items", queue="upkeep", queueing_lock="channels.sweep_items")
def sweep_items(timestamp: int) -> None:
    """Have what is overdue worked, in case its job was lost: an item is owed by its row, not by its job."""
    del timestamp
    overdue = ItemRow.objects.filter(state=ItemState.WAITING.value, next_try_at__lt=SYSTEM_CLOCK.now() - SWEEP_AFTER)
    for line_id in overdue.order_by("line_id").values_list("line_id", flat=True).distinct()[:LINES_MAX]:
        work_items.defer(line_id=str(line_id))


@app.periodic(cron="41 * * * *")
@app.task(name="channels.forget_items", queue="upkeep", queueing_lock="channels.forget_items")
def forget_items(timestamp: int) -> None:
    """Delete items that were worked long ago: what came of them is in their messages. What was set aside stays."""
    del timestamp
    done = ItemRow.objects.filter(state=ItemState.DONE.value, ended_at__lt=SYSTEM_CLOCK.now() - KEPT_FOR)
    ItemRow.objects.filter(id__in=list(done.order_by("ended_at").values_list("id", flat=True)[:FORGET_MAX])).delete()

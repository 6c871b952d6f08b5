"""Whoever asked is told the answer, once, in the language and the channel in which they asked.

The answer and what is owed are committed together. Telling one asker is one transaction: the asker's lock, the message in the
outbox under the asker's own id, the mark that they were told. Killed before its commit nothing was sent; after it the mark
stands. Two workers meet at the lock. What can't be told now (a closed window, no text in the language) waits, is shown, and
is tried again: after a pause, at once when the customer writes (``customer_wrote``), and when the answer changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform import api as platform
from raseed.platform.jobs import app

from ..events import CONVERSATION_CHANGED
from ..models.promises import AnswerRow, AnswerVersionRow, AskerRow
from . import saying
from .domain import AskerState, GapState, Held, StepCode, Told
from .rows import step

TOLD_A_ROUND_MAX: Final = 200
FIRST_PAUSE: Final = timedelta(minutes=2)
LONGEST_PAUSE: Final = timedelta(hours=6)
_log = structlog.get_logger("raseed.care")
_HELD: Final = {Told.WINDOW_CLOSED: Held.WINDOW_CLOSED, Told.UNREACHABLE: Held.UNREACHABLE}


def owe(asker_ids: Sequence[UUID], now: datetime) -> None:
    """Note, in the caller's transaction, that these are to be told, and have a job do it."""
    rows = AskerRow.objects.filter(id__in=asker_ids, state=AskerState.WAITING.value)
    locked = list(rows.select_for_update(no_key=True).order_by("id").values_list("id", flat=True))
    if locked:
        AskerRow.objects.filter(id__in=locked).update(next_try_at=now)
        tell_askers.defer()


def customer_wrote(conversation_id: UUID) -> None:
    """Have what this conversation is owed tried again: its window is open now. In the caller's transaction.

    A job does it, since the caller holds the conversation's lock, and telling takes the asker's before that one.
    """
    if _owed_to(conversation_id).exists():
        wake_conversation.defer(conversation_id=str(conversation_id))


@platform.subscribe(CONVERSATION_CHANGED, handler_name="care.wake_promises")
def wake_promises(event: platform.Event) -> None:
    """Try again what a conversation is owed when something happened in it: it may be that the customer wrote."""
    customer_wrote(UUID(str(event.payload["conversation_id"])))


def _owed_to(conversation_id: UUID) -> QuerySet[AskerRow]:
    return AskerRow.objects.filter(
        conversation_id=conversation_id, state=AskerState.WAITING.value, gap__state=GapState.ANSWERED.value
    )


def wake(conversation_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let what a conversation is owed be due now."""
    with transaction.atomic():
        owe(list(_owed_to(conversation_id).values_list("id", flat=True)), clock.now())


def tell_due(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Tell those whose time has come; returns how many were told."""
    told = 0
    due = AskerRow.objects.filter(next_try_at__lte=clock.now()).order_by("next_try_at", "id")
    for asker_id in list(due.values_list("id", flat=True)[:TOLD_A_ROUND_MAX]):
        try:
            told += tell_one(asker_id, clock=clock)
        except Exception as error:  # noqa: BLE001  one who can't be told must not keep the answer from the others
            _log.warning("asker_not_told", asker=str(asker_id), error=type(error).__name__)
            _put_off(asker_id, clock)
    return told


def _put_off(asker_id: UUID, clock: Clock) -> None:
    with transaction.atomic():
        asker = AskerRow.objects.select_for_update(skip_locked=True).filter(id=asker_id, state="waiting").first()
        if asker is not None:
            _wait(asker, clock.now())
            asker.save(update_fields=["tries", "next_try_at"])


def _wait(asker: AskerRow, now: datetime) -> None:
    asker.tries += 1
    asker.next_try_at = now + platform.growing_pause(asker.tries, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def tell_one(asker_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Tell one asker, unless somebody else does or did; says whether they were told now."""
    with transaction.atomic():
        now = clock.now()
        asker = (
            AskerRow.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("gap")
            .filter(id=asker_id, state=AskerState.WAITING.value, next_try_at__lte=now, gap__state="answered")
            .first()
        )
        if asker is None:
            return False
        answer = AnswerRow.objects.get(gap_id=asker.gap_id)
        version = AnswerVersionRow.objects.get(answer_id=answer.id, number=answer.version)
        held = _send(asker, version, clock)
        if held is Held.NO:
            asker.state, asker.told_at, asker.answer_version = AskerState.TOLD.value, now, version.number
            asker.next_try_at = None
            step(asker.gap_id, StepCode.TOLD, actor="system", at=now)
        else:
            _wait(asker, now)
            if asker.held != held.value:
                step(asker.gap_id, StepCode.HELD, actor="system", at=now, reason=held.value)
        asker.held = held.value
        asker.save()
        return held is Held.NO


def _send(asker: AskerRow, version: AnswerVersionRow, clock: Clock) -> Held:
    said = version.texts.get(asker.language)
    if said is None:
        return Held.LANGUAGE_MISSING
    found = saying.tell(
        conversation_id=asker.conversation_id, message_id=asker.id, text=f"{said['question']}\n\n{said['text']}",
        language=asker.language, clock=clock,
    )  # fmt: skip
    return _HELD.get(found, Held.NO)


@app.task(name="care.tell_askers", queue="events")
def tell_askers() -> None:
    """Tell those whose time has come, until there is nobody who can be told."""
    while tell_due():
        pass


@app.task(name="care.wake_conversation", queue="events")
def wake_conversation(*, conversation_id: str) -> None:
    """Let what a conversation is owed be due now; another job tells it."""
    wake(UUID(conversation_id))


@app.periodic(cron="* * * * *")
@app.task(name="care.sweep_askers", queue="upkeep", queueing_lock="care.sweep_askers")
def sweep_askers(timestamp: int) -> None:
    """Every minute, tell whoever is still owed an answer, in case a job was lost or a pause is over."""
    del timestamp
    tell_due()

"""Who is here: who has a conversation before them, and who is writing an answer, so that two never answer at once.

A lease is for seconds and renewed by the page that holds it. It keeps a colleague from sending; what keeps two answers from
leaving at the same instant even so is the conversation's version, looked at under its lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..models import ConversationRow, LeaseRow, PresenceRow
from .domain import EventCode, Lease, Presence
from .errors import AssigneeMayNot
from .keeping import add_event, ids_of, keep, permitted, staff_id_of, tell_changed
from .permissions import ASSIGN, VIEW, WORK

LEASE_LIFE: Final = timedelta(seconds=60)
PRESENCE_LIFE: Final = timedelta(seconds=45)
PRESENCE_KEPT: Final = timedelta(hours=1)
CONVERSATIONS_MAX: Final = 1_000


@transaction.atomic
def hold_lease(
    conversation_id: UUID, *, by: people.Author, take_over: bool = False, clock: Clock = SYSTEM_CLOCK
) -> Lease:
    """Begin or go on to write an answer, and return whose lease it is: compare ``holder``.

    A colleague's lease stands until it runs out, unless ``take_over``, which whoever may assign can; it is written down.

    Raises:
        UnknownConversation, NotPermitted. AssigneeMayNot: no member of staff acts.
    """
    row, now = permitted(conversation_id, by, WORK, lock=True), clock.now()
    me = staff_id_of(by)
    if me is None:
        raise AssigneeMayNot(field="by")
    before = LeaseRow.objects.filter(conversation=row).first()
    if before is not None and before.until > now and before.staff_id != me:
        if not take_over:
            return Lease(row.id, before.staff_id, before.until)
        people.require(by, ASSIGN, row.institution_id)
        add_event(row, EventCode.PASSED_ON, by.actor, now=now, before=str(before.staff_id))
        keep(row, clock=clock)
    elif before is None or before.staff_id != me or before.until <= now:
        tell_changed(row, clock=clock)
    lease, _ = LeaseRow.objects.update_or_create(conversation=row, defaults={"staff_id": me, "until": now + LEASE_LIFE})
    return Lease(row.id, lease.staff_id, lease.until)


@transaction.atomic
def release_lease(conversation_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> None:
    """Stop writing an answer. What is not one's own stays.

    Raises:
        UnknownConversation, NotPermitted.
    """
    row = permitted(conversation_id, by, WORK, lock=True)
    gone, _ = LeaseRow.objects.filter(conversation=row, staff_id__in=ids_of(staff_id_of(by))).delete()
    if gone:
        tell_changed(row, clock=clock)


def lease_of_another(row: ConversationRow, me: UUID | None, now: datetime) -> UUID | None:
    """Return the colleague who holds the lease of a locked conversation, if one does."""
    held = LeaseRow.objects.filter(conversation=row, until__gt=now).exclude(staff_id__in=ids_of(me))
    return held.values_list("staff_id", flat=True).first()


@transaction.atomic
def be_here(conversation_id: UUID, *, by: people.Author, typing: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say that one has a conversation before one; said again every few seconds.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see.
    """
    row, me = permitted(conversation_id, by, VIEW), staff_id_of(by)
    if me is None:
        return
    now = clock.now()
    before = PresenceRow.objects.filter(conversation=row, staff_id=me).first()
    PresenceRow.objects.bulk_create(
        [PresenceRow(conversation=row, staff_id=me, typing=typing, seen_at=now)],
        update_conflicts=True,
        unique_fields=["conversation", "staff_id"],
        update_fields=["typing", "seen_at"],
    )
    if before is None or before.typing != typing or now - before.seen_at > PRESENCE_LIFE:
        tell_changed(row, clock=clock)


@transaction.atomic
def leave(conversation_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say that one has it before one no longer.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see.
    """
    row = permitted(conversation_id, by, VIEW)
    gone, _ = PresenceRow.objects.filter(conversation=row, staff_id__in=ids_of(staff_id_of(by))).delete()
    if gone:
        tell_changed(row, clock=clock)


def who_is_here(conversation_ids: Iterable[UUID], *, clock: Clock = SYSTEM_CLOCK) -> dict[UUID, tuple[Presence, ...]]:
    """Return who has each of the conversations before them, for whoever has looked who asks."""
    ids = list(conversation_ids)[:CONVERSATIONS_MAX]
    found: dict[UUID, list[Presence]] = defaultdict(list)
    since = clock.now() - PRESENCE_LIFE
    for row in PresenceRow.objects.filter(conversation_id__in=ids, seen_at__gt=since).order_by("staff_id"):
        found[row.conversation_id].append(Presence(row.staff_id, row.typing, row.seen_at))
    return {one: tuple(found[one]) for one in ids}


def leases_of(conversation_ids: Iterable[UUID], *, clock: Clock = SYSTEM_CLOCK) -> dict[UUID, Lease]:
    """Return the leases that run, for whoever has looked who asks."""
    ids = list(conversation_ids)[:CONVERSATIONS_MAX]
    rows = LeaseRow.objects.filter(conversation_id__in=ids, until__gt=clock.now())
    return {row.conversation_id: Lease(row.conversation_id, row.staff_id, row.until) for row in rows}


def forget_presence(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Delete what tells of presence long past; return how many rows that were."""
    now = clock.now()
    gone, _ = PresenceRow.objects.filter(seen_at__lt=now - PRESENCE_KEPT).delete()
    ended, _ = LeaseRow.objects.filter(until__lt=now - PRESENCE_KEPT).delete()
    return gone + ended

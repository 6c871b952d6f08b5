"""Verbs of changes: one person proposes, another confirms or rejects, the first may withdraw; time lets the rest expire.

A confirmation locks the change's row, compares the present with what it was proposed against, applies it and writes one
audit record with both persons: all in one transaction, so of two confirmations at the same instant one finds the change
decided. The database refuses an application by the proposer, whatever this code says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.platform.api import AuditFacts, SameIdOtherContent, emit, record
from raseed.platform.jobs import app

from .. import events
from ..authority import REASON_LENGTH_MAX, STAFF, SYSTEM, Author, clean_reason, require
from ..models import ChangeRow, ChangeStepRow
from ..queries import institution
from .domain import (
    CHANGE_LIFE,
    Change,
    ChangeKind,
    ChangeNotOpen,
    ChangeOutdated,
    ChangeState,
    NotTheProposer,
    PersonNeeded,
    SecondPersonNeeded,
    UnknownChange,
    as_json,
    change_kind,
)
from .reading import read

EXPIRE_ROWS_MAX: Final = 1_000


@transaction.atomic
def propose_change(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    kind: str,
    institution_id: UUID,
    subject: str,
    payload: Mapping[str, Any],
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose a change and return it, open for ``CHANGE_LIFE``; a repeat with the same content returns the same one.

    Raises:
        UnknownChangeKind, UnknownInstitution, UnacceptableText: what they say.
        NotPermitted: ``by`` may not propose this kind here. PersonNeeded: no person stands behind ``by``.
        SameIdOtherContent: the id came before with other content.
        Whatever the kind refuses in such a payload.
    """
    of_kind, content = change_kind(kind), as_json(payload)
    require(by, of_kind.permission, institution_id)
    if by is not SYSTEM and not (by.person.startswith(STAFF) and by.issuer in (None, by.person)):
        raise PersonNeeded  # nobody stands behind it, or another has seen the key's secret and could then confirm
    institution(institution_id)
    cleaned, now = clean_reason(reason), clock.now()
    same = {"kind": kind, "institution_id": institution_id, "subject": subject, "payload": content, "reason": cleaned,
            "proposed_by": by.actor}  # fmt: skip
    known = ChangeRow.objects.filter(id=id).first()
    if known is None:
        proposed = Change(
            id, kind, institution_id, subject, content, {}, cleaned, by.actor, by.person, now, now + CHANGE_LIFE
        )
        of_kind.check(proposed)
        known, made = ChangeRow.objects.get_or_create(
            id=id,
            defaults={
                **same,
                "before": as_json(of_kind.current(proposed)),
                "proposer": by.person,
                "proposed_at": now,
                "expires_at": proposed.expires_at,
            },
        )
        if made:
            _tell_proposed(of_kind, read(known, now=now), clock)
    if any(getattr(known, name) != value for name, value in same.items()):
        raise SameIdOtherContent(field="id")
    return read(known, now=now)


@transaction.atomic
def confirm_change(change_id: UUID, *, by: Author, note: str = "", clock: Clock = SYSTEM_CLOCK) -> Change:
    """Apply an open change, as its second person.

    Raises:
        UnknownChange, UnacceptableText: what they say.
        NotPermitted: ``by`` may not decide this kind there. SecondPersonNeeded: they proposed it, or it is about them.
        ChangeNotOpen: it was decided, or is too old. ChangeOutdated: what it alters has changed since.
        Whatever the kind's own ``apply`` refuses; the change stays open.
    """
    row, now = _locked(change_id), clock.now()
    waiting, of_kind = read(row, now=now), change_kind(row.kind)
    _refuse_unless_second(waiting, of_kind, by)
    cleaned = _note(note)
    _alone_with(waiting.subject)
    if as_json(of_kind.current(waiting)) != row.before:
        raise ChangeOutdated
    applied = replace(waiting, state=ChangeState.APPLIED, decided_by=by.actor, decided_at=now, decision_note=cleaned)
    of_kind.apply(applied)
    _decide(row, ChangeState.APPLIED, by.actor, now, cleaned)
    _record(of_kind, applied, "people.change_applied", clock, after=of_kind.current(applied))
    emit(
        events.CHANGE_APPLIED,
        {"change_id": str(applied.id), "kind": applied.kind, "subject": applied.subject},
        institution_id=applied.institution_id,
        clock=clock,
    )
    return applied


@transaction.atomic
def reject_change(change_id: UUID, *, by: Author, note: str, clock: Clock = SYSTEM_CLOCK) -> Change:
    """Decide, as its second person, that an open change is not made, and say why.

    Raises:
        UnknownChange, NotPermitted, SecondPersonNeeded, ChangeNotOpen: as ``confirm_change``.
        UnacceptableText: the note does not say why.
    """
    row, now = _locked(change_id), clock.now()
    waiting, of_kind = read(row, now=now), change_kind(row.kind)
    _refuse_unless_second(waiting, of_kind, by)
    return _end(row, of_kind, ChangeState.REJECTED, by.actor, clean_reason(note), clock)


@transaction.atomic
def withdraw_change(change_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> Change:
    """Take back an open change that one proposed oneself.

    Raises:
        UnknownChange, ChangeNotOpen: as ``confirm_change``. NotTheProposer: another proposed it; or the person did, or
            another key of theirs, and this is a key.
    """
    row, now = _locked(change_id), clock.now()
    waiting = read(row, now=now)
    if by.person != waiting.proposer or by.actor not in {waiting.proposed_by, waiting.proposer}:
        raise NotTheProposer
    if waiting.state is not ChangeState.OPEN:
        raise ChangeNotOpen(state=waiting.state.value)
    return _end(row, change_kind(row.kind), ChangeState.WITHDRAWN, by.actor, "", clock)


def expire_changes(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Write down that open changes whose time is over have expired; return how many. They can't be applied before that either."""
    now = clock.now()
    with transaction.atomic():
        over = ChangeRow.objects.filter(state="open", expires_at__lte=now).order_by("expires_at", "id")
        rows = list(over.select_for_update(skip_locked=True)[:EXPIRE_ROWS_MAX])
        for row in rows:
            kind = change_kind(row.kind)
            _end(row, kind, ChangeState.EXPIRED, SYSTEM.actor, "", clock)
    return len(rows)


@app.periodic(cron="7 * * * *")
@app.task(name="people.expire_changes", queue="upkeep", queueing_lock="people.expire_changes")
def expire_old_changes(timestamp: int) -> None:
    """Let changes that nobody decided expire."""
    del timestamp
    expire_changes()


def _locked(change_id: UUID) -> ChangeRow:
    """Return the change's row, locked FOR UPDATE: the first lock that a decision takes."""
    row = ChangeRow.objects.select_for_update().filter(id=change_id).first()
    if row is None:
        raise UnknownChange(field="change_id")
    return row


def _alone_with(subject: str) -> None:
    """Let no other change of the same subject be confirmed until the transaction ends: the look and the deed are one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"people.change:{subject}"])


def _refuse_unless_second(waiting: Change, kind: ChangeKind, by: Author) -> None:
    require(by, kind.confirm_permission, waiting.institution_id)
    theirs = {waiting.proposed_by, waiting.proposer, waiting.subject}
    if not by.actor.startswith(STAFF) or by.actor in theirs or by.person in theirs:
        raise SecondPersonNeeded
    if waiting.state is not ChangeState.OPEN:
        raise ChangeNotOpen(state=waiting.state.value)


def _end(row: ChangeRow, kind: ChangeKind, state: ChangeState, actor: str, note: str, clock: Clock) -> Change:
    now = clock.now()
    _decide(row, state, actor, now, note)
    ended = read(row, now=now)
    _record(kind, ended, f"people.change_{state.value}", clock)
    return ended


def _decide(row: ChangeRow, state: ChangeState, actor: str, now: datetime, note: str) -> None:
    assert connection.in_atomic_block, "the row is locked until the decision is committed"
    row.state, row.decided_by, row.decided_at, row.decision_note = state.value, actor, now, note
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    ChangeStepRow.objects.create(change=row, state=state.value, at=now, by=actor, note=note)


def _tell_proposed(kind: ChangeKind, proposed: Change, clock: Clock) -> None:
    ChangeStepRow.objects.create(
        change_id=proposed.id, state="open", at=proposed.proposed_at, by=proposed.proposed_by, note=proposed.reason
    )
    _record(kind, proposed, "people.change_proposed", clock)


def _record(kind: ChangeKind, one: Change, action: str, clock: Clock, *, after: AuditFacts | None = None) -> None:
    """Write the audit record of a step: who proposed, who decided, why, and the subject before and after."""
    told: dict[str, str] = {"change_id": str(one.id), "kind": one.kind, "proposed_by": one.proposed_by}
    if one.decided_by:
        told["decided_by"] = one.decided_by
    record(
        actor=one.decided_by or one.proposed_by,
        action=action,
        subject=one.subject,
        before=one.before,
        after={**(after or {}), **told},
        reason=one.reason if not one.decision_note else f"{one.reason} — {one.decision_note}",
        institution_id=one.institution_id,
        customer_id=kind.customer_of(one),
        clock=clock,
    )


def _note(note: str) -> str:
    return clean_text(note, field="note", length_max=REASON_LENGTH_MAX) if note.strip() else ""

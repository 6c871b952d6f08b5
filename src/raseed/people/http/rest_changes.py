"""Changes that need two people, and the audit trail, at the management API.

A key can propose in the name of the member of staff who answers for it, and take that back; deciding is for a second person
who has signed in, and no key is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext, override
from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.platform.api import AuditPage, AuditRecord
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import Given, Id, Instant, Reason, Taken, text
from raseed.platform.rest.paging import Page, Paging
from raseed.platform.rest.routes import Resource

from .. import api as people
from ..permissions import AUDIT_VIEW

changes = Resource(
    "Changes", "Changes with weight (limits, fees, roles, phone numbers): one person proposes, another decides."
)
audit = Resource("Audit", "Who did what to which thing, when and why.")

SUBJECT_PATTERN = "^[a-z_]{1,40}:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
Subject = Annotated[str, text(80, pattern=SUBJECT_PATTERN, example="product:0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07")]
State = Literal["open", "applied", "rejected", "withdrawn", "expired"]
_STATES = {"type": "string", "enum": ["open", "applied", "rejected", "withdrawn", "expired"]}


class ChangeLineGiven(Given):
    """One line of what a change alters, in words."""

    label: str
    before: str
    after: str


class ChangeGiven(Given):
    """A change. ``before`` is how its subject was when it was proposed, ``payload`` what it will be."""

    id: UUID
    kind: str
    words: str
    subject: str
    state: State
    reason: str
    payload: dict[str, Any]
    before: dict[str, Any]
    lines: list[ChangeLineGiven]
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_note: str


class ChangeList(Page):
    """Changes, the latest proposed first; a page may have fewer than ``limit``."""

    changes: list[ChangeGiven]


class NewChange(Taken):
    """A change to be proposed; what ``payload`` holds is the kind's own matter."""

    kind: Annotated[str, text(60, example="banking.limits")]
    subject: Subject
    payload: Annotated[
        dict[str, Any],
        Field(max_length=50),
        WithJsonSchema({"type": "object", "maxProperties": 50, "additionalProperties": True}),
    ]
    reason: Reason


class ChangePaging(Paging):
    """A page of changes, in one state, of one kind or subject if asked."""

    state: Annotated[State | None, WithJsonSchema(_STATES)] = None
    kind: Annotated[str | None, WithJsonSchema({"type": "string", "maxLength": 60}), Field(max_length=60)] = None
    subject: Annotated[
        str | None,
        Field(pattern=SUBJECT_PATTERN),
        WithJsonSchema({"type": "string", "pattern": SUBJECT_PATTERN}),
    ] = None


class RecordGiven(Given):
    """One deed. ``intact``: whether it is as it was written (null: that can't be told)."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    customer_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    intact: bool | None


class RecordList(Page):
    """Deeds, the latest first."""

    records: list[RecordGiven]


class Times(Paging):
    """A page of deeds from ``since`` until before ``until``."""

    since: Annotated[Instant | None, WithJsonSchema({"type": "string", "format": "date-time"})] = None
    until: Annotated[Instant | None, WithJsonSchema({"type": "string", "format": "date-time"})] = None


class TrailAsked(Times):
    """Of one subject, actor, or with actions that begin so."""

    subject: Annotated[str | None, Field(max_length=100), WithJsonSchema({"type": "string", "maxLength": 100})] = None
    actor: Annotated[str | None, Field(max_length=100), WithJsonSchema({"type": "string", "maxLength": 100})] = None
    action: Annotated[str | None, Field(max_length=100), WithJsonSchema({"type": "string", "maxLength": 100})] = None


class CustomersTrailAsked(Times):
    """Why a customer's trail is looked at is itself recorded."""

    reason: Reason


def change_permissions() -> Iterable[str]:
    """Return the permissions that have to do with changes: to propose or to decide one of any kind."""
    for kind in people.change_kinds():
        yield kind.permission
        yield kind.confirm_permission


def may_see(caller: Caller, kind_code: str) -> bool:
    """Whether the caller may propose or decide changes of a kind."""
    kind = people.change_kind(kind_code)
    return caller.may(kind.permission) or caller.may(kind.confirm_permission)


@changes.get("/changes", any_of=change_permissions, answer=ChangeList, refuses=(422,))
def list_changes(request: ApiRequest, page: Query[ChangePaging]) -> ChangeList:
    """List changes of the kinds that the key may propose or its holder decide."""
    caller = request.caller
    found = people.changes(
        institution_id=caller.institution_id, state=page.state, subject=page.subject, kind=page.kind,
        before=page.after, limit=page.limit,
    )  # fmt: skip
    seen = [_change(each, request.language) for each in found.changes if may_see(caller, each.kind)]
    return ChangeList(changes=seen, next=found.next)


@changes.get("/changes/{change_id}", any_of=change_permissions, answer=ChangeGiven)
def show_change(request: ApiRequest, change_id: Path[Id]) -> ChangeGiven:
    """Show a change."""
    return _change(_change_here(request.caller, change_id), request.language)


@changes.put(
    "/changes/{change_id}", any_of=change_permissions, answer=ChangeGiven, refuses=(409, 422),
    example={
        "kind": "banking.limits", "subject": "product:0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07",
        "payload": {"per_transfer_minor": 500_000, "per_day_minor": 1_000_000, "valid_from": "2026-04-01"},
        "reason": "decision of the board, 12 March",
    },
    links={"change": ("show_change", "change_id"), "withdrawal": ("withdraw_change", "change_id")},
)  # fmt: skip
def propose_change(request: ApiRequest, change_id: Path[Id], new: NewChange) -> ChangeGiven:
    """Propose a change under an id of yours; it waits two weeks for a second person, who decides it at the desk.

    Only with a key that a member of staff issued for themselves. The same id with the same content answers the same.
    """
    caller = request.caller
    proposed = people.propose_change(
        id=change_id, kind=new.kind, institution_id=caller.institution_id, subject=new.subject, payload=new.payload,
        reason=new.reason, by=caller.author,
    )  # fmt: skip
    return _change(proposed, request.language)


@changes.post("/changes/{change_id}/withdraw", any_of=change_permissions, answer=ChangeGiven, refuses=(409,))
def withdraw_change(request: ApiRequest, change_id: Path[Id]) -> ChangeGiven:
    """Take back an open change that the key's holder proposed."""
    _change_here(request.caller, change_id)
    return _change(people.withdraw_change(change_id, by=request.caller.author), request.language)


@audit.get("/audit", permission=AUDIT_VIEW, answer=RecordList, refuses=(422,))
def audit_trail(request: ApiRequest, asked: Query[TrailAsked]) -> RecordList:
    """Read the institution's audit trail, the latest deed first."""
    caller = request.caller
    page = people.trail_of_institution(
        caller.institution_id, by=caller.author, subject=asked.subject, actor=asked.actor, action=asked.action,
        since=asked.since, until=asked.until, before=asked.after, limit=asked.limit,
    )  # fmt: skip
    return _records(page)


@audit.get("/customers/{customer_id}/audit", permission=AUDIT_VIEW, answer=RecordList, refuses=(422,))
def customers_audit_trail(request: ApiRequest, customer_id: Path[Id], asked: Query[CustomersTrailAsked]) -> RecordList:
    """Read what was done by or about a customer. That it was read, and why, is recorded."""
    caller = request.caller
    page = people.trail_of_customer(
        customer_id, institution_id=caller.institution_id, by=caller.author, reason=asked.reason, since=asked.since,
        until=asked.until, before=asked.after, limit=asked.limit,
    )  # fmt: skip
    return _records(page)


def _change_here(caller: Caller, change_id: UUID) -> people.Change:
    """Return a change of the caller's institution, of a kind that is theirs to see."""
    found = people.change(change_id)
    if found.institution_id != caller.institution_id or not may_see(caller, found.kind):
        raise people.UnknownChange(field="change_id")
    return found


def _change(change: people.Change, language: str) -> ChangeGiven:
    with override(language):
        words = gettext(people.change_kind(change.kind).words)
    return ChangeGiven(
        id=change.id,
        kind=change.kind,
        words=words,
        subject=change.subject,
        state=change.state.value,
        reason=change.reason,
        payload=dict(change.payload),
        before=dict(change.before),
        lines=[
            ChangeLineGiven(label=line.label, before=line.before, after=line.after)
            for line in people.describe_change(change, language)
        ],
        proposed_by=change.proposed_by,
        proposed_at=change.proposed_at,
        expires_at=change.expires_at,
        decided_by=change.decided_by,
        decided_at=change.decided_at,
        decision_note=change.decision_note,
    )


def _records(page: AuditPage) -> RecordList:
    return RecordList(records=[_record(each) for each in page.records], next=page.next)


def _record(record: AuditRecord) -> RecordGiven:
    return RecordGiven(
        id=record.id,
        at=record.at,
        actor=record.actor,
        action=record.action,
        subject=record.subject,
        customer_id=record.customer_id,
        before=None if record.before is None else dict(record.before),
        after=None if record.after is None else dict(record.after),
        reason=record.reason,
        intact=record.intact,
    )

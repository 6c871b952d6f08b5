"""A tap: something that two people may open, with which changes are tried out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import new_id
from raseed.people import authority
from raseed.people.api import (
    Author,
    Change,
    ChangeKind,
    ChangeLine,
    Permission,
    propose_change,
    register_change_kind,
    register_permissions,
)
from raseed.people.changes import domain as registry
from raseed.people.models import RateRow

PROPOSE, CONFIRM = "people.test.propose", "people.test.confirm"
SUBJECT = "tap:00000000-0000-7000-8000-000000000001"


class TapIsShut(RaseedError):
    """The test's own subject refuses."""

    code = "test_tap_is_shut"


def _bucket(one: Change) -> bytes:
    return one.subject.encode()


def _level(one: Change) -> int:
    return RateRow.objects.filter(bucket=_bucket(one)).values_list("count", flat=True).first() or 0


def pour(one: Change) -> None:
    if one.payload["level"] > 9:
        raise TapIsShut
    RateRow.objects.update_or_create(
        bucket=_bucket(one), defaults={"count": one.payload["level"], "ends_at": SYSTEM_CLOCK.now()}
    )


def _check(one: Change) -> None:
    if not isinstance(one.payload.get("level"), int):
        raise InputError(field="level")


TAP = ChangeKind(
    code="people.tap",
    words="A tap",
    permission=PROPOSE,
    confirm_permission=CONFIRM,
    apply=pour,
    describe=lambda one, language: [ChangeLine(language, str(one.before["level"]), str(one.payload["level"]))],
    current=lambda one: {"level": _level(one)},
    check=_check,
    customer_of=lambda one: UUID(one.payload["customer"]) if "customer" in one.payload else None,
)


def let_taps_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make taps a kind of change for the length of a test."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    monkeypatch.setattr(authority, "_permissions", dict(authority._permissions))
    register_permissions(Permission(PROPOSE, "-"), Permission(CONFIRM, "-"))
    register_change_kind(TAP)


def proposed(by: Author, bank: UUID, level: int = 3, clock: Any = SYSTEM_CLOCK, **more: Any) -> Change:
    content = {"kind": "people.tap", "subject": SUBJECT, "payload": {"level": level}, "reason": "the basin is empty"}
    return propose_change(**{"id": new_id(), "institution_id": bank, **content, **more}, by=by, clock=clock)


def level() -> int:
    return RateRow.objects.filter(bucket=SUBJECT.encode()).values_list("count", flat=True).first() or 0

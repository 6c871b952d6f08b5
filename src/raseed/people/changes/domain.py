"""Changes with weight: what a change is, which kinds there are, and what can stand in one's way.

A package registers its kinds from ``AppConfig.ready`` and keeps no table of proposals of its own. The verbs are in
``deciding``, the reads in ``reading``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, mark
from raseed.platform.api import AuditFacts

CHANGE_LIFE: Final = timedelta(days=14)
"""How long a proposal waits for a second person."""
PAYLOAD_BYTES_MAX: Final = 100_000


class UnknownChange(NotFound):
    """No change has this id, or it is another institution's."""

    code = "unknown_change"
    sentence = mark("We know no such change.")
    hint = mark("Look at the list of changes.")


class UnknownChangeKind(InputError):
    """No package of this installation makes changes of this kind."""

    code = "unknown_change_kind"
    sentence = mark("There is no such kind of change.")
    hint = mark("Check the name of the kind.")


class ChangeNotOpen(Conflict):
    """The change was decided already, or nobody decided it in time."""

    code = "change_not_open"
    sentence = mark("This change is no longer open.")
    hint = mark("Look at what became of it, and propose a new one if it is still needed.")


class ChangeOutdated(Conflict):
    """What the change would alter is no longer as it was when it was proposed."""

    code = "change_outdated"
    sentence = mark("Something else was changed since this was proposed.")
    hint = mark("Look at what is there now, and propose the change again if it is still right.")


class SecondPersonNeeded(PermissionRefused):
    """The one who proposed a change, or whom it is about, can't be the one who decides it; nor can a program."""

    code = "second_person_needed"
    sentence = mark("This needs a second person.")
    hint = mark("Ask a colleague who neither proposed the change nor is its subject to decide it.")


class PersonNeeded(PermissionRefused):
    """A program's own key tried to propose a change with weight."""

    code = "person_needed"
    sentence = mark("A change with this weight is proposed by a person.")
    hint = mark("Sign in as a member of staff, or use a key that you issued for yourself.")


class NotTheProposer(PermissionRefused):
    """Somebody tried to take back what another proposed."""

    code = "not_the_proposer"
    sentence = mark("Only the one who proposed a change can take it back.")
    hint = mark("Reject it instead, and say why.")


class ChangeState(StrEnum):
    """How a change stands. Only an open one can still be decided."""

    OPEN = "open"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that one person proposed. ``decided_by`` is empty and ``decided_at`` ``None`` while it is open.

    Attributes:
        subject: what it alters, ``kind:id``, such as ``product:0190…``.
        payload: what it will be, in JSON; may hold personal data, and goes nowhere else.
        before: how it was when proposed, as ``ChangeKind.current`` told it.
        proposer: the person behind ``proposed_by``, who may be the holder of a key.
    """

    id: UUID
    kind: str
    institution_id: UUID
    subject: str
    payload: Mapping[str, Any]
    before: AuditFacts
    reason: str
    proposed_by: str
    proposer: str
    proposed_at: datetime
    expires_at: datetime
    state: ChangeState = ChangeState.OPEN
    decided_by: str = ""
    decided_at: datetime | None = None
    decision_note: str = ""

    @property
    def subject_id(self) -> UUID:
        """The id in ``subject``."""
        return UUID(self.subject.partition(":")[2])


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of what a change alters, in the reader's language; ``before`` or ``after`` is empty where there is none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """One step in the life of a change."""

    state: ChangeState
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes, newest first, and the marker of the next page if there is one."""

    changes: tuple[Change, ...]
    next: str | None


def _anything(_: Change) -> None:
    return


def _nobody(_: Change) -> UUID | None:
    return None


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """A kind of change, as the package that owns its subject describes it.

    Attributes:
        code: ``package.thing``, such as ``banking.limits``.
        words: what it is called, a message id.
        permission: what the proposer must hold at the institution; ``confirm_permission``: who decides.
        apply: makes it so, in the confirming transaction, having taken its own locks; a typed error leaves the change
            open. It gets the change with ``decided_by`` and ``decided_at`` filled. It writes no audit record: the
            confirmation writes the one that names both persons, with ``current`` before and after.
        describe: the change line by line for a reader, texts already in the language.
        current: how its subject is now, by ids, codes and counts fit for the audit trail, and never a name or a phone
            number. It is kept as ``before``; if it differs when the change is confirmed, the change is outdated.
        check: refuses, with typed errors, a payload that could never be applied; called before it is proposed.
        customer_of: the customer whom the change is about, so that it is found in that customer's trail.
    """

    code: str
    words: str
    permission: str
    confirm_permission: str
    apply: Callable[[Change], None]
    describe: Callable[[Change, str], Sequence[ChangeLine]]
    current: Callable[[Change], AuditFacts]
    check: Callable[[Change], None] = field(default=_anything)
    customer_of: Callable[[Change], UUID | None] = field(default=_nobody)


_kinds: dict[str, ChangeKind] = {}


def register_change_kind(kind: ChangeKind) -> None:
    """Make a kind of change known; the same one again changes nothing."""
    known = _kinds.setdefault(kind.code, kind)
    assert known == kind, f"two kinds of change are called {kind.code}"


def change_kind(code: str) -> ChangeKind:
    """Return a kind of change.

    Raises:
        UnknownChangeKind: there is none with this code.
    """
    kind = _kinds.get(code)
    if kind is None:
        raise UnknownChangeKind(field="kind")
    return kind


def change_kinds() -> tuple[ChangeKind, ...]:
    """Return every kind, in the order of their codes."""
    return tuple(_kinds[code] for code in sorted(_kinds))


def as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``value`` as it will come back from the database.

    Raises:
        InputError: it is too large, or holds what JSON in a database can't: infinities, NUL, half a character.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except ValueError:
        raise InputError(field="payload") from None
    if size > PAYLOAD_BYTES_MAX or "\\u0000" in text:
        raise InputError(field="payload")
    content: dict[str, Any] = json.loads(text)
    return content

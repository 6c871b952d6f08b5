"""Checks and what they find, as plain values: names, severities, states, and what may become of a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from raseed.kernel.clock import Clock
    from raseed.platform.api import Progress

FOUND_MAX: Final = 200
"""The most findings that one run of one check names; with more, somebody has to come anyway."""
VALUE_LENGTH_MAX: Final = 200
FINDINGS_PER_PAGE: Final = 50


class Over(StrEnum):
    """What a check looks at: everything at once, or customers' accounts or payments, as many as it is given."""

    WHOLE = "whole"
    ACCOUNTS = "accounts"
    PAYMENTS = "payments"


class Severity(StrEnum):
    """How bad a finding is: a wrong number somewhere in the books, or something late that still may come right."""

    WRONG = "wrong"
    LATE = "late"


SEVERITY_WORDS: Final = {Severity.WRONG: mark("Wrong"), Severity.LATE: mark("Late")}


class FindingState(StrEnum):
    """Where a finding is: open, somebody's, closed by somebody, or gone: what was wrong is not wrong any more."""

    OPEN = "open"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    CLEARED = "cleared"


FINDING_STATE_WORDS: Final = {
    FindingState.OPEN: mark("Open"),
    FindingState.ASSIGNED: mark("Assigned"),
    FindingState.CLOSED: mark("Closed"),
    FindingState.CLEARED: mark("No longer so"),
}
UNENDED: Final = frozenset({FindingState.OPEN, FindingState.ASSIGNED})


class Outcome(StrEnum):
    """How a finding ended: the first three are a person's to say."""

    MENDED = "mended"
    ACCEPTED = "accepted"
    MISTAKEN = "mistaken"
    REPAIRED = "repaired"
    GONE = "gone"


OUTCOME_WORDS: Final = {
    Outcome.MENDED: mark("Mended by hand"),
    Outcome.ACCEPTED: mark("Accepted as it is"),
    Outcome.MISTAKEN: mark("It was right after all"),
    Outcome.REPAIRED: mark("Repaired by itself"),
    Outcome.GONE: mark("Gone by itself"),
}
BY_PERSONS: Final = (Outcome.MENDED, Outcome.ACCEPTED, Outcome.MISTAKEN)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found wrong. Ids, codes and numbers only: nothing of a person.

    Attributes:
        check: the check's name; code: which of the things that it can find.
        subject: what it is about, ``kind:id``; check, code and subject make it the same finding when it is seen again.
        expected, found: what should be and what is: numbers in minor units, states, codes.
        institution_id: whose books; ``None``: the house's own.
        repair: the name of the repair, where it is certain that it is one.
    """

    check: str
    code: str
    subject: str
    expected: str
    found: str
    severity: Severity = Severity.WRONG
    institution_id: UUID | None = None
    repair: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding."""
        return self.check, self.code, self.subject


@dataclass(frozen=True, slots=True)
class Look:
    """What a check is given: when it is, whom to tell how far it is, and for ``ACCOUNTS`` and ``PAYMENTS`` which."""

    clock: Clock
    progress: Progress
    ids: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A small named question to the books.

    Attributes:
        name: stable, ``zero_sum``; words: what it asks, as a sentence (``mark``ed); codes: in words, each thing it can find.
        run: the question. It changes nothing, and is asked in one read-only view of the database unless ``own_view``.
        own_view: it reads by connections of its own, so it is asked outside any transaction.
        every_s: in continuous running, asked again so many seconds after it was asked; later where it costs much.
    """

    name: str
    words: str
    codes: Mapping[str, str]
    run: Callable[[Look], Iterable[Finding]]
    over: Over = Over.WHOLE
    own_view: bool = False
    every_s: int = 60


@dataclass(frozen=True, slots=True)
class CheckRun:
    """What one asking of one check came to. ``failed``: it could not be asked, and the kind of error why."""

    check: str
    findings: tuple[Finding, ...]
    looked_at: int
    took_ms: int
    failed: str = ""
    subjects: frozenset[str] | None = None
    """What was looked at, where it was not everything."""


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding as it is kept."""

    id: UUID
    finding: Finding
    state: FindingState
    assignee_id: UUID | None
    first_seen: datetime
    last_seen: datetime
    times: int
    changed_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it still."""
        return self.state in UNENDED


@dataclass(frozen=True, slots=True)
class FindingStep:
    """One step of a finding's history: who did what, when and why."""

    number: int
    at: datetime
    state: FindingState
    actor: str
    assignee_id: UUID | None
    outcome: Outcome | None
    note: str


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings are wanted; ``None``: any."""

    check: str | None = None
    is_open: bool | None = True
    assignee_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Findings, the oldest first, and where the next page begins."""

    findings: tuple[KnownFinding, ...] = field(default=())
    next: str | None = None


@dataclass(frozen=True, slots=True)
class CheckStanding:
    """How a check stands: when it was asked last, how long it took, how much it looked at, and what is open."""

    check: Check
    ran_at: datetime | None
    took_ms: int
    looked_at: int
    failed: str
    open: int
    oldest: datetime | None

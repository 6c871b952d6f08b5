"""What a release is and which way it goes: pure.

A release is of a *system*: our own projection of shown balances (``generation``), or any system that answers balances over
HTTP (``http``). It goes from step to step; every step is a row of its timeline, and the last one is its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from raseed.kernel.errors import mark

from .errors import InvalidTerms

ACTOR: Final = "system"
"""Who rolls back by itself: no person was asked."""


class SystemKind(StrEnum):
    """What kind of system shows the balances."""

    GENERATION = "generation"
    HTTP = "http"


OWN_POINTER: Final = ":shown-balances"
"""The pointer of our own projection: there is one, however many systems of ours are named. No system has this name."""


def pointer_of(kind: SystemKind, code: str) -> str:
    """Return what a system's releases move: one of them at a time may be on its way there."""
    return OWN_POINTER if kind is SystemKind.GENERATION else code


class ReleaseState(StrEnum):
    """Where a release is."""

    REGISTERED = "registered"
    BASELINED = "baselined"
    SHADOWED_GREEN = "shadowed_green"
    SHADOWED_RED = "shadowed_red"
    CANARY = "canary"
    CUTTING_OVER = "cutting_over"
    LIVE = "live"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"
    ABANDONED = "abandoned"


_S = ReleaseState
MOVES: Final[Mapping[ReleaseState | None, frozenset[ReleaseState]]] = {
    None: frozenset({_S.REGISTERED}),
    _S.REGISTERED: frozenset({_S.BASELINED, _S.ABANDONED}),
    _S.BASELINED: frozenset({
        _S.BASELINED, _S.SHADOWED_GREEN, _S.SHADOWED_RED, _S.CANARY, _S.CUTTING_OVER, _S.REFUSED, _S.ABANDONED,
    }),
    _S.SHADOWED_GREEN: frozenset({
        _S.BASELINED, _S.SHADOWED_GREEN, _S.SHADOWED_RED, _S.CANARY, _S.CUTTING_OVER, _S.REFUSED, _S.ABANDONED,
    }),
    _S.SHADOWED_RED: frozenset({
        _S.BASELINED, _S.SHADOWED_GREEN, _S.SHADOWED_RED, _S.CANARY, _S.CUTTING_OVER, _S.REFUSED, _S.ABANDONED,
    }),
    _S.CANARY: frozenset({_S.CANARY, _S.CUTTING_OVER, _S.ROLLING_BACK}),
    _S.CUTTING_OVER: frozenset({_S.LIVE, _S.ROLLING_BACK}),
    _S.LIVE: frozenset({_S.VERIFYING, _S.ROLLING_BACK}),
    _S.VERIFYING: frozenset({_S.VERIFIED, _S.ROLLING_BACK}),
    _S.VERIFIED: frozenset({_S.ROLLING_BACK}),
    _S.ROLLING_BACK: frozenset({_S.ROLLED_BACK}),
    _S.ROLLED_BACK: frozenset(),
    _S.REFUSED: frozenset(),
    _S.ABANDONED: frozenset(),
}  # fmt: skip
"""From where a release may go to where; the database has the same table (migration ``0002_guard``)."""
NEEDS_GREEN: Final = frozenset({_S.CANARY, _S.CUTTING_OVER})
"""Where customers begin to see the candidate: from a green shadow only, or where two people forced it."""
BEFORE_GREEN: Final = frozenset({_S.BASELINED, _S.SHADOWED_RED})
SEEN_ANEW: Final = frozenset({_S.BASELINED, _S.SHADOWED_GREEN, _S.SHADOWED_RED})
"""What two people forced was what they had seen: a new baseline or shadow asks them again."""
ENDED: Final = frozenset({_S.VERIFIED, _S.ROLLED_BACK, _S.REFUSED, _S.ABANDONED})
OUT: Final = frozenset({_S.CANARY, _S.CUTTING_OVER, _S.LIVE, _S.VERIFYING, _S.VERIFIED})
"""Where somebody sees the candidate, or may: where there is something to roll back."""

STATE_WORDS: Final[Mapping[ReleaseState, str]] = {
    _S.REGISTERED: mark("Registered"),
    _S.BASELINED: mark("Baseline signed"),
    _S.SHADOWED_GREEN: mark("Shadow green"),
    _S.SHADOWED_RED: mark("Shadow red"),
    _S.CANARY: mark("Shown to some"),
    _S.CUTTING_OVER: mark("Going live"),
    _S.LIVE: mark("Live"),
    _S.VERIFYING: mark("Live, being verified"),
    _S.VERIFIED: mark("Live and verified"),
    _S.ROLLING_BACK: mark("Being rolled back"),
    _S.ROLLED_BACK: mark("Rolled back"),
    _S.REFUSED: mark("Refused"),
    _S.ABANDONED: mark("Abandoned"),
}


def may_go(before: ReleaseState | None, after: ReleaseState, *, forced: bool) -> bool:
    """Whether a release goes from one state to another; ``forced``: two people let it go without a green shadow."""
    if after not in MOVES[before]:
        return False
    return not (before in BEFORE_GREEN and after in NEEDS_GREEN and not forced)


class RunKind(StrEnum):
    """For what balances are compared."""

    BASELINE = "baseline"
    SHADOW_LIVE = "shadow_live"
    SHADOW_TRUE = "shadow_true"
    CANARY = "canary"
    VERIFY = "verify"
    RESTORED = "restored"


RUN_WORDS: Final[Mapping[RunKind, str]] = {
    RunKind.BASELINE: mark("Every shown balance, written down and signed"),
    RunKind.SHADOW_LIVE: mark("Candidate beside what is live"),
    RunKind.SHADOW_TRUE: mark("Candidate beside the true balances"),
    RunKind.CANARY: mark("While some see it, beside the true balances"),
    RunKind.VERIFY: mark("After going live, beside the true balances"),
    RunKind.RESTORED: mark("After rolling back, beside the true balances"),
}


class DifferenceKind(StrEnum):
    """How a shown balance is wrong, or why there is none."""

    ROUNDING = "rounding"
    SIGN = "sign"
    MISSING = "missing"
    STALE = "stale"
    CURRENCY = "currency"
    SWAPPED = "swapped"
    SCALE = "scale"
    OTHER = "other"
    UNEXPECTED = "unexpected"
    OTHER_ACCOUNT = "other_account"
    NOT_INTEGER = "not_integer"
    UNREADABLE = "unreadable"
    NO_ANSWER = "no_answer"


DIFFERENCE_WORDS: Final[Mapping[DifferenceKind, str]] = {
    DifferenceKind.ROUNDING: mark("Rounded"),
    DifferenceKind.SIGN: mark("Wrong sign"),
    DifferenceKind.MISSING: mark("Missing"),
    DifferenceKind.STALE: mark("Out of date"),
    DifferenceKind.CURRENCY: mark("Wrong currency"),
    DifferenceKind.SWAPPED: mark("Swapped with another account"),
    DifferenceKind.SCALE: mark("Decimal point moved"),
    DifferenceKind.OTHER: mark("Another amount"),
    DifferenceKind.UNEXPECTED: mark("Shown, but not in the books"),
    DifferenceKind.OTHER_ACCOUNT: mark("Answered for another account"),
    DifferenceKind.NOT_INTEGER: mark("Not a whole number of minor units"),
    DifferenceKind.UNREADABLE: mark("Unreadable answer"),
    DifferenceKind.NO_ANSWER: mark("No answer"),
}
SHOWS_NOTHING: Final = frozenset({DifferenceKind.NO_ANSWER, DifferenceKind.UNREADABLE})
"""Nobody was shown a wrong number by these; a few of them, at a system of others, are weather."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a system is guarded.

    Attributes:
        watch_seconds: how long it is watched after going live before it counts as verified.
        canary_seconds: how long the cohort is watched.
        quick_accounts: how many accounts, drawn anew each time, a quick look takes beside those that changed.
        unanswered_permille: how many accounts of a thousand may go without an answer before that is a difference.
        trial_payer, trial_payee: the two test accounts between which real small payments go; both or none.
        trial_minor: how much, in minor units of their currency.
    """

    watch_seconds: int = 300
    canary_seconds: int = 60
    quick_accounts: int = 2_000
    unanswered_permille: int = 0
    trial_payer: str = ""
    trial_payee: str = ""
    trial_minor: int = 100

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise InvalidTerms(field=name, least=least, most=most)
        if bool(self.trial_payer) != bool(self.trial_payee) or (
            self.trial_payer and self.trial_payer == self.trial_payee
        ):
            raise InvalidTerms(field="trial_payee", least=2, most=2)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Terms:
        """Return terms as they were kept; what a later version knows and this one does not is passed over."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: one for name, one in value.items() if name in known})


_BOUNDS: Final = {
    "watch_seconds": (0, 30 * 86_400),
    "canary_seconds": (0, 30 * 86_400),
    "quick_accounts": (1, 1_000_000),
    "unanswered_permille": (0, 500),
    "trial_minor": (1, 1_000_000),
}


@dataclass(frozen=True, slots=True)
class System:
    """Something that shows balances, under an institution's care.

    Attributes:
        code: its short name, for good.
        name: as its people call it.
        mapping: for ``http``, how it is asked (docs/formats/guard-mapping.md); else empty.
    """

    code: str
    kind: SystemKind
    institution_id: UUID
    name: str
    terms: Terms
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a release's timeline: where it came to, when, by whom, and why."""

    number: int
    state: ReleaseState
    at: datetime
    actor: str
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """A release.

    Attributes:
        candidate: what is to go live: the generation's number, or the version of a system of others.
        forced_by: the change by which two people let it go without a green shadow, as its last shadow showed it.
        terms: the system's, as they were when the release was registered.
        wanted: the step that somebody asked for and that a worker is to take, or empty.
    """

    id: UUID
    system: str
    kind: SystemKind
    institution_id: UUID
    candidate: str
    state: ReleaseState
    forced_by: UUID | None
    registered_at: datetime
    terms: Terms
    mapping: str
    wanted: str
    timeline: tuple[Step, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it may go on."""
        return self.state not in ENDED

    @property
    def was_live(self) -> bool:
        """Whether everybody saw the candidate at some time."""
        return any(step.state is ReleaseState.LIVE for step in self.timeline)


@dataclass(frozen=True, slots=True)
class Found:
    """A difference: of which account, at which issuer, of which kind; amounts in minor units, ``None`` where there was none.

    Attributes:
        account: the account's id: never a name, a number or a phone.
        issuer: the institution's id, or the code that a system of others has for it.
        note: what was answered instead, as a code (``status_500``, ``html``, ``decimal``), or empty.
    """

    account: str
    issuer: str
    kind: DifferenceKind
    shown_minor: int | None = None
    true_minor: int | None = None
    currency: str = ""
    shown_currency: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of comparing some accounts.

    Attributes:
        compared: how many.
        found: what differed, at most ``EXAMPLES_MAX`` of a kind and issuer where there are many.
        counts: how many differed by (issuer, kind): all of them.
        position: for a comparison that can be taken up again, how far into the population it has come.
    """

    compared: int
    found: tuple[Found, ...] = ()
    counts: Mapping[tuple[str, DifferenceKind], int] = field(default_factory=dict)
    position: int = 0

    @property
    def different(self) -> int:
        """How many differed."""
        return sum(self.counts.values())


EXAMPLES_MAX: Final = 50
"""Examples kept for an issuer and a kind in one run."""


def batch_of(compared: int, found: list[Found], *, position: int = 0) -> Batch:
    """Return a batch with its differences counted."""
    counts: dict[tuple[str, DifferenceKind], int] = {}
    kept: list[Found] = []
    for one in found:
        key = (one.issuer, one.kind)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= EXAMPLES_MAX:
            kept.append(one)
    return Batch(compared, tuple(kept), counts, position)


@dataclass(frozen=True, slots=True)
class Run:
    """One comparison, as far as it has come.

    Attributes:
        total: of how many accounts; 0 while that is not known.
        compared: how many were compared; ``different``: how many differed.
        sample_permille: of how many of a thousand accounts; 1000 is everyone.
        tallies: how many differed by (issuer, kind).
        clean: whether it ended, and nothing that counts differed.
        facts: what else is to be said of it (digest of the baseline, its signature, rounds of the watch).
    """

    id: UUID
    kind: RunKind
    began_at: datetime
    ended_at: datetime | None
    total: int
    compared: int
    different: int
    sample_permille: int
    clean: bool
    tallies: Mapping[tuple[str, DifferenceKind], int]
    facts: Mapping[str, Any]

    @property
    def permille(self) -> int:
        """How far it is, of a thousand."""
        if self.ended_at is not None:
            return 1_000
        return min(999, self.compared * 1_000 // self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A real small payment between the two test accounts, and whether both shown balances moved by just so much.

    Attributes:
        leg: ``before`` or ``after`` going live, ``restored`` after rolling back; each goes there and back again.
        verdict: ``right``, ``wrong`` or ``refused`` (the payment itself was), with ``code`` saying why.
    """

    id: UUID
    leg: str
    back: bool
    at: datetime
    amount_minor: int
    currency: str
    verdict: str
    code: str
    facts: Mapping[str, Any]

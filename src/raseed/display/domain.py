"""What a screen may say about a balance: the amounts, the instant, and how far they are proven; and what generations are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.money import Currency, Money


class Proof(StrEnum):
    """How far a shown balance is proven."""

    NOT_YET_CERTIFIED = "not_yet_certified"
    """Nothing certifies balances here yet, or this account has never moved: the books' own number."""
    PROVEN = "proven"
    """The shown number, the certificate's and the books' are one."""
    JUST_CHANGED = "just_changed"
    """The account moved after its certificate or its row was written: the books' own number."""
    BEING_VERIFIED = "being_verified"
    """Something disagrees without a movement that explains it: no number to rely on."""


PROOF_SENTENCES: Final = {
    Proof.NOT_YET_CERTIFIED: mark("Read from the books just now; not yet certified."),
    Proof.PROVEN: mark("Proven."),
    Proof.JUST_CHANGED: mark("Just changed; the proof follows in a moment."),
    Proof.BEING_VERIFIED: mark("Being verified."),
}


class Doubt(StrEnum):
    """Why a balance is being verified, beside the codes with which a certificate is refused."""

    ROW_MISSING = "row_missing"
    ROW_DIFFERS = "row_differs"
    CURRENCY_DIFFERS = "currency_differs"
    NO_CERTIFICATE = "no_certificate"
    CERTIFICATE_DIFFERS = "certificate_differs"


@dataclass(frozen=True, slots=True)
class LastProven:
    """The last balance of an account that a certificate proves, and the instant as of which it does."""

    booked: Money
    available: Money
    as_of: datetime


@dataclass(frozen=True, slots=True)
class ShownBalance:
    """A balance fit to be shown.

    Attributes:
        account_id: the ledger account it belongs to.
        booked: what the institution owes the customer (negative: the customer owes), credits − debits posted.
        available: what can be spent now: ``booked`` less what is held by pending debits.
        as_of: the instant (UTC) before which every committed movement is counted.
        proof: how far this is proven. ``BEING_VERIFIED``: a screen shows ``last_proven`` with its time, or no number.
        last_proven: what a certificate that checks proves, and the books held at its batch, should the balance be verified at
            present.
        generation: the generation that the account is shown from; ``None`` where none has ever gone live.
        reason: why it is being verified: a ``Doubt``, or the code with which its certificate is refused; else empty.
    """

    account_id: UUID
    booked: Money
    available: Money
    as_of: datetime
    proof: Proof
    last_proven: LastProven | None = None
    generation: int | None = None
    reason: str = ""


def liability_balance(
    account_id: UUID,
    *,
    debits_pending: int,
    debits_posted: int,
    credits_posted: int,
    currency: Currency,
    as_of: datetime,
) -> ShownBalance:
    """Return the balance of an account whose normal side is credit: the institution owes it to its holder.

    All amounts are minor units of ``currency``.
    """
    booked = credits_posted - debits_posted
    return ShownBalance(
        account_id=account_id,
        booked=Money(booked, currency),
        available=Money(booked - debits_pending, currency),
        as_of=as_of,
        proof=Proof.NOT_YET_CERTIFIED,
    )


class GenerationState(StrEnum):
    """Where a generation stands.

    ``building`` becomes ``candidate`` once its rows are there; only a candidate goes ``live``; what another one takes the
    place of is a candidate again, and kept up, so that there is something to roll back to. ``failed``: its projector broke.
    """

    BUILDING = "building"
    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"
    FAILED = "failed"


STATES_AFTER: Final = {
    GenerationState.BUILDING: {GenerationState.CANDIDATE, GenerationState.FAILED, GenerationState.RETIRED},
    GenerationState.CANDIDATE: {GenerationState.LIVE, GenerationState.FAILED, GenerationState.RETIRED},
    GenerationState.LIVE: {GenerationState.CANDIDATE, GenerationState.FAILED},
    GenerationState.FAILED: {GenerationState.RETIRED},
    GenerationState.RETIRED: frozenset(),
}
"""What may follow on what. The migration's trigger says the same."""

GENERATIONS_MAX: Final = 4
"""So many generations may have rows at a time."""
NAMED_MAX: Final = 10_000
"""So many accounts may be named for a canary."""
PERCENT_MAX: Final = 100
DIFFERENCES_MAX: Final = 1_000
"""So many differences are told one by one."""
LOOK_AGAIN_MAX: Final = 20_000
"""So many are looked at a second time, each by itself."""
REPROJECT_MAX: Final = 10_000
"""So many accounts' rows may be set anew at a time."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One projection of all shown balances.

    Attributes:
        number: 1, 2, …
        projector: the name of the code that makes its rows.
        state: where it stands.
        built_to: its rows are those of the books as of this batch of the ledger.
        accounts: how many rows it has.
        opened_at: when it was asked for.
        reason: why it failed or was retired.
    """

    number: int
    projector: str
    state: GenerationState
    built_to: int
    accounts: int
    opened_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which generation is shown to whom.

    Attributes:
        live: what everybody sees, but for the canary's cohort.
        previous: what was live before, to which rolling back leads.
        canary: what the cohort sees, if there is one.
        percent: so many of a hundred accounts are in the cohort, chosen by a keyed hash of their id.
        named: so many accounts are in it by name.
        epoch: grows by one with every change.
        changed_at: when it last changed.
    """

    live: int
    previous: int | None
    canary: int | None
    percent: int
    named: int
    epoch: int
    changed_at: datetime


class DifferenceKind(StrEnum):
    """What sort of wrong a shown balance is; where several fit, the first."""

    UNEXPECTED = "unexpected"
    """A row of an account that is none."""
    MISSING = "missing"
    """An account that moved, without a row."""
    CURRENCY = "currency"
    SIGN = "sign"
    SWAPPED = "swapped"
    """Two accounts have each other's balance."""
    STALE = "stale"
    """It was right once: later movements are not in it."""
    ROUNDING = "rounding"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Difference:
    """A shown balance that is not the true one; amounts in minor units of the ledger's currency, ``None``: not there."""

    account_id: UUID
    ledger: int
    shown_minor: int | None
    true_minor: int | None
    shown_held_minor: int | None
    true_held_minor: int | None
    kind: DifferenceKind


@dataclass(frozen=True, slots=True)
class PopulationReport:
    """What came of holding a generation against the truth.

    Attributes:
        generation: which one.
        against: ``ledger``, ``prover``, or another generation's number.
        batch: the ledger's batch as of which the generation's rows were read.
        compared: how many accounts.
        equal: how many of them are shown what is true.
        differences: the first ``DIFFERENCES_MAX`` of the others.
        counts: how many of each kind there are, by ledger.
        unexamined: of the differences so many, beyond ``LOOK_AGAIN_MAX``, were not looked at a second time.
        seconds: how long it took.
    """

    generation: int
    against: str
    batch: int
    compared: int
    equal: int
    differences: tuple[Difference, ...]
    counts: Mapping[tuple[int, DifferenceKind], int]
    unexamined: int
    seconds: int

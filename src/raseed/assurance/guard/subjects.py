"""What the guard asks of a system, whichever kind it is of: its balances compared, and who is shown which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from .domain import Batch, Release, RunKind, SystemKind

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock

Told = Callable[[int, int], None]
"""Told how many accounts of how many were compared."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Shown balances for the baseline: of one issuer, in one currency.

    Attributes:
        ids: the accounts' ids, as text or as 16 bytes each; as many as ``booked`` and ``held`` have numbers.
        booked, held: minor units.
        as_of: as of when they were shown: a batch of the ledger, or the answer's own words.
    """

    issuer: str
    currency: str
    scale: int
    ids: Sequence[bytes]
    booked: NDArray[Any]
    held: NDArray[Any]
    as_of: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a quick look saw, and the marker from which the next one goes on (which accounts have changed since)."""

    batch: Batch
    marker: str


class Subject(Protocol):
    """A release's system, with the candidate beside what is live."""

    @property
    def resumable(self) -> bool:
        """Whether a comparison that was cut off goes on where it stopped (``position``) rather than from its beginning."""

    @property
    def moves_inside(self) -> bool:
        """Whether what is shown is moved by the transaction that writes the timeline, rather than by a call outside."""

    @property
    def shadows(self) -> Sequence[RunKind]:
        """The comparisons that a shadow is made of."""

    def check(self) -> None:
        """Refuse a candidate that is not there, not built, or live already (``CandidateUnfit``)."""

    def chunks(self, told: Told) -> Iterator[Chunk]:
        """Yield every balance that is shown now."""

    def compare(self, kind: RunKind, *, sample_permille: int, position: int, told: Told) -> Iterator[Batch]:
        """Compare the whole population, or a drawn part of it, and yield what came of it; differences are proven."""

    def look(self, kind: RunKind, *, marker: str, accounts: int) -> Look:
        """Compare at once the accounts that changed since ``marker``, and some drawn anew."""

    def begin_canary(self, *, percent: int, accounts: Sequence[UUID], actor: str, clock: Clock) -> None:
        """Show the candidate to a part of the accounts."""

    def cut_over(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Show the candidate to all; again changes nothing."""

    def roll_back(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Show to all what was shown before; again changes nothing."""


@runtime_checkable
class Pointed(Protocol):
    """A system that is shown by a pointer of ours, which can be asked where it stands."""

    def is_shown(self) -> bool:
        """Whether anybody is shown the candidate now."""

    def check_way_back(self) -> None:
        """Refuse to begin a way back that leads nowhere (``NothingToRollBackTo``)."""


Maker = Callable[[Release], Subject]
_makers: Final[dict[SystemKind, Maker]] = {}


def register_subject(kind: SystemKind, maker: Maker) -> None:
    """Say how systems of a kind are asked."""
    _makers[kind] = maker


def subject_of(release: Release) -> Subject:
    """Return a release's system, ready to be asked."""
    return _makers[release.kind](release)

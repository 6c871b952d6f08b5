"""Who certifies balances: the seam between what is shown and what proves it.

What is shown (generations) knows of the prover no more than this, and the prover nothing of what is shown: so a wrong release
of the one can't make the other agree with it. The prover is told of in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from numpy.typing import NDArray


class Certified(Protocol):
    """A certificate, as far as a shown balance is held against it; amounts in minor units."""

    @property
    def currency(self) -> str:
        """Three letters."""

    @property
    def booked_minor(self) -> int:
        """Credits − debits posted."""

    @property
    def held_minor(self) -> int:
        """Debits pending."""

    @property
    def as_of(self) -> datetime:
        """Everything committed before this is in it."""

    @property
    def batch(self) -> int:
        """The last batch of the ledger that is in it."""


class Prover(Protocol):
    """Whoever certifies balances."""

    def certified_to(self) -> Mapping[int, int]:
        """Return, by ledger, the last batch that its latest root holds; empty before anything was ever certified."""

    def certificates(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Certified]:
        """Return the latest certificates of those accounts that have one."""

    def population(self, ledger: int) -> Iterator[NDArray[Any]]:
        """Yield all leaves of a ledger's tree: columns ``id``, ``booked``, ``held`` and ``position``."""

    def refusal(self, certificate: Certified, *, now: datetime) -> str:
        """Return the code with which a certificate is refused, or nothing where it proves its balance."""


class _Nobody:
    """Nothing certifies anything."""

    def certified_to(self) -> Mapping[int, int]:
        return {}

    def certificates(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Certified]:
        del account_ids
        return {}

    def population(self, ledger: int) -> Iterator[NDArray[Any]]:
        del ledger
        return iter(())

    def refusal(self, certificate: Certified, *, now: datetime) -> str:
        del certificate, now
        return "unknown_key"


_provers: list[Prover] = [_Nobody()]


def prove_by(prover: Prover) -> Prover:
    """Let balances be certified by this one from now on; return whoever did before."""
    before = _provers[0]
    _provers[0] = prover
    return before


def prover() -> Prover:
    """Return who certifies balances."""
    return _provers[0]

"""Projectors: the code that works shown balances out of the ledger's columns. It may be upgraded, and it may be wrong.

A projector only computes: columns in, columns out. What reads the books, writes the rows, and sees to it that each movement
counts once, is the same for all (``building``, ``following``). Registered by name where ``AppConfig.ready`` leads to it.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from numpy.typing import NDArray

from ..errors import ProjectorUnknown


class Projector(Protocol):
    """Two functions over columns; without state, so that a generation can be gone on with by any process."""

    def build(self, balances: NDArray[Any], *, upto: int) -> NDArray[Any]:
        """Return the rows (``SHOWN``) of customers' accounts (``raseed.ledger.api.BALANCE``) as of batch ``upto``."""

    def apply(self, transfers: NDArray[Any]) -> NDArray[Any]:
        """Return what transfers (``raseed.ledger.api.TRANSFER``), in their order, change: ``CHANGE``, one an account.

        Accounts that are not customers' may be among them; they are passed over. An account that is not shown yet
        begins with nothing.
        """


_projectors: Final[dict[str, Projector]] = {}


def register_projector(name: str, projector: Projector) -> None:
    """Make a projector known; a name means one projector for good, for generations keep it."""
    known = _projectors.get(name)
    assert known is None or type(known) is type(projector), f"two projectors are called {name}"
    _projectors[name] = projector


def projector(name: str) -> Projector:
    """Return a projector.

    Raises:
        ProjectorUnknown: this release brings none of this name.
    """
    found = _projectors.get(name)
    if found is None:
        raise ProjectorUnknown(projector=name, known=", ".join(sorted(_projectors)))
    return found


def projector_names() -> tuple[str, ...]:
    """Return the names of all projectors there are."""
    return tuple(sorted(_projectors))

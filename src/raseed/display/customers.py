"""Which accounts are customers': the codes under which the ledger keeps them, told by whoever opens such accounts.

Only these have a shown balance with a proof, and a leaf in the tree. Told in ``AppConfig.ready``, so that every process knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_codes: Final[set[int]] = set()


def register_customer_codes(codes: Iterable[int]) -> None:
    """Say that accounts of these ledger codes are customers'. Codes are only ever added."""
    found = set(codes)
    if not all(code > 0 for code in found):
        raise ValueError("an account's code is a positive number")
    _codes.update(found)


def customer_codes() -> tuple[int, ...]:
    """Return the codes of customers' accounts, in order."""
    return tuple(sorted(_codes))

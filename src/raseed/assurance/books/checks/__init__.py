"""The checks: one idea a file, each a function that says what it found wrong, and changes nothing."""

from __future__ import annotations

from typing import Final

from ..domain import Check
from .billers import AT_BILLERS, BILLS_HELD, ORDERS_PAID
from .events import TOLD
from .generations import GENERATIONS, POINTER
from .holds import HOLDS_OF_PAYMENTS, ORPHAN_HOLDS
from .ledger import BALANCES, HISTORIES, HOLDS, PENDING, ZERO_SUM
from .log import BATCHES, LOG, SEALED
from .payments import LOST, POSTED, STUCK
from .population import POPULATION
from .shown import POSITIONS, SHOWN
from .statements import STATEMENTS
from .trees import ROOTS_SIGNED, ROOTS_TRUE, TREE_FILES
from .trust import TRUST
from .unchanged import UNCHANGED

CHECKS: Final[tuple[Check, ...]] = (
    ZERO_SUM, BALANCES, HISTORIES, HOLDS, PENDING, TRUST, LOG, BATCHES, SEALED, POSTED, STUCK, LOST, ORPHAN_HOLDS,
    HOLDS_OF_PAYMENTS, AT_BILLERS, ORDERS_PAID, BILLS_HELD, STATEMENTS, TOLD, POINTER, GENERATIONS, SHOWN, POSITIONS,
    UNCHANGED, POPULATION, ROOTS_SIGNED, ROOTS_TRUE, TREE_FILES,
)  # fmt: skip

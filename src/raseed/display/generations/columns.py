"""What a projector makes: columns of shown balances, and of what transfers change in them."""

from __future__ import annotations

from typing import Final

import numpy as np

SHOWN: Final = np.dtype([
    ("id", "V16"), ("ledger", np.int32), ("booked", np.int64), ("held", np.int64), ("position", np.int64),
])  # fmt: skip
"""A shown balance: ``booked`` = credits − debits posted, ``held`` = debits pending, minor units; as of the batch ``position``."""
CHANGE: Final = np.dtype([
    ("id", "V16"), ("ledger", np.int32), ("booked", np.int64), ("held", np.int64), ("position", np.int64),
])  # fmt: skip
"""What is added to a shown balance, and its new ``position``: one an account."""

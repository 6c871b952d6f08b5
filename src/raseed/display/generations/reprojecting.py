"""Reprojecting: rows of a few accounts are set anew from the books, as the generation's own projector makes them.

For repairs whose outcome is certain: the rows are those that building the generation at its batch would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger
from raseed.platform import api as platform

from ..books import as_of_batch
from ..customers import customer_codes
from ..domain import REPROJECT_MAX, GenerationState
from ..errors import NotACandidate
from .locks import lock
from .models import GenerationRow
from .projectors import projector
from .reading import generation as generation_called
from .rows import set_rows

_SETTABLE: Final = {GenerationState.CANDIDATE, GenerationState.LIVE}


def reproject(account_ids: Sequence[UUID], *, generation: int, actor: str, clock: Clock = SYSTEM_CLOCK) -> int:
    """Set the rows of accounts anew, as of the batch that the generation has come to; return how many were other than that.

    Rows of accounts that are no customers' are taken out. At most ``REPROJECT_MAX`` accounts at a time.

    Raises:
        GenerationUnknown, NotACandidate: it has no rows, or they are not kept up.
        ProjectorUnknown: this release does not bring its projector.
    """
    asked = sorted(set(account_ids))
    if len(asked) > REPROJECT_MAX:
        raise ValueError(f"at most {REPROJECT_MAX} accounts are projected anew at a time")
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock(cursor, generation)
        found = generation_called(generation)
        if found.state not in _SETTABLE:
            raise NotACandidate(generation=generation, state=found.state.value)
        codes = frozenset(customer_codes())
        accounts = {each.id: each for each in ledger.look_up_accounts(asked).values() if each.code in codes}
        rows = projector(found.projector).build(_as_of(accounts.values(), found.built_to), upto=found.built_to)
        begun, changed, gone = set_rows(generation, rows, without=[each for each in asked if each not in accounts])
        GenerationRow.objects.filter(number=generation).update(accounts=max(0, found.accounts + begun - gone))
        platform.record(
            actor=actor, action="display.reprojected", subject=f"generation:{generation}", clock=clock,
            after={"accounts": len(asked), "changed": changed + gone, "batch": found.built_to},
        )  # fmt: skip
        return changed + gone


def _as_of(accounts: Any, batch: int) -> NDArray[Any]:
    """Return accounts as the ledger's columns have them, as of a batch."""
    sums = as_of_batch(accounts, batch)
    balances = np.zeros(len(sums), ledger.BALANCE)
    for place, account in enumerate(accounts):
        found = sums[account.id]
        balances[place] = (
            account.id.bytes, account.ledger, account.code, found.debits_pending, found.debits_posted,
            found.credits_pending, found.credits_posted,
        )  # fmt: skip
    return balances

"""Whose books a ledger's or an account's are, for the checks: looked up once a run."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from raseed.ledger import api as ledger


def institutions() -> dict[int, UUID]:
    """Return each ledger's institution."""
    return {info.number: info.institution_id for info in ledger.ledgers()}


def institutions_of_accounts(account_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the institution of each account that is there."""
    owners = institutions()
    return {each.id: owners[each.ledger] for each in ledger.look_up_accounts(account_ids).values()}

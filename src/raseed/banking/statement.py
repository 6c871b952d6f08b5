"""The statement: the ledger's history of an account, told to its holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from .domain import STATEMENT_LINES_MAX, Cursor, Narrative, StatementPage


class Narrator(Protocol):
    """What a package above says about the movements that it caused."""

    def __call__(self, causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
        """Return the narrative of those causes (the transfers' ``user_data``) that are its own."""


def register_narrator(narrator: Narrator) -> None:
    """Add a narrator; called once by each package above, when it starts."""
    raise NotImplementedError


def statement(
    account_id: UUID,
    *,
    before: Cursor | None = None,
    limit: int = STATEMENT_LINES_MAX,
    language: str = "ar",
    customer_id: UUID | None = None,
) -> StatementPage:
    """Return a page of movements, newest first, in the ledger's order; with ``customer_id``, only of an account of
    that customer.

    Raises:
        AccountUnknown: no such account, or someone else's.
    """
    raise NotImplementedError

"""Opening many accounts at once, by COPY."""

from __future__ import annotations

from collections.abc import Iterable

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from .domain import NewBankAccount


def open_many(accounts: Iterable[NewBankAccount], *, actor: str = "system", clock: Clock = SYSTEM_CLOCK) -> int:
    """Open accounts in one transaction, all or none; returns how many were new (accounts already there with the same
    content are left as they are). One audit record for the whole."""
    raise NotImplementedError

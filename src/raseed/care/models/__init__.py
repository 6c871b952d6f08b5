"""The tables of ``care``, one file a room."""

from __future__ import annotations

from .authority import (
    AuthorityChainRow,
    AuthorityCounterRow,
    AuthorityGrantRow,
    AuthorityLimitRow,
    AuthorityRequestRow,
    AuthorityStepRow,
    AuthorityTieRow,
)

__all__ = [
    "AuthorityChainRow",
    "AuthorityCounterRow",
    "AuthorityGrantRow",
    "AuthorityLimitRow",
    "AuthorityRequestRow",
    "AuthorityStepRow",
    "AuthorityTieRow",
]

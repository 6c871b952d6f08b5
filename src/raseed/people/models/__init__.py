"""Tables of people and institutions. Nothing here refers to another package's table, nor they to these."""

from __future__ import annotations

from .customers import CustomerRow, IdentityRow, InstitutionRow, MembershipRow, RateRow, SignInRow

__all__ = ["CustomerRow", "IdentityRow", "InstitutionRow", "MembershipRow", "RateRow", "SignInRow"]

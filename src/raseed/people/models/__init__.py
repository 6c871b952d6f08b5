"""Tables of people and institutions. Nothing here refers to another package's table, nor they to these."""

from __future__ import annotations

from .customers import CustomerRow, IdentityRow, InstitutionRow, MembershipRow, RateRow, SignInRow
from .staff import ChangeRow, ChangeStepRow, GrantRow, RecoveryCodeRow, RoleRow, StaffRow, TicketRow

__all__ = [
    "ChangeRow",
    "ChangeStepRow",
    "CustomerRow",
    "GrantRow",
    "IdentityRow",
    "InstitutionRow",
    "MembershipRow",
    "RateRow",
    "RecoveryCodeRow",
    "RoleRow",
    "SignInRow",
    "StaffRow",
    "TicketRow",
]

"""Tables of people and institutions. Nothing here refers to another package's table, nor they to these."""

from __future__ import annotations

from .customers import CustomerRow, IdentityRow, InstitutionRow, MembershipRow, RateRow, SignInRow
from .identities import MergeRow, SenderAliasRow, SenderLinkRow, SenderRow
from .persons import (
    AccessKeyRow,
    ChallengeRow,
    CivilIdRow,
    ConsentRow,
    ConsentTextRow,
    CriticalDateRow,
    DeviceKeyRow,
    PasskeyRow,
    PhoneChangeRow,
    ProofRow,
    SignedInRow,
    VulnerabilityRow,
)
from .staff import ChangeRow, ChangeStepRow, GrantRow, RecoveryCodeRow, RoleRow, StaffRow, TicketRow

__all__ = [
    "AccessKeyRow",
    "ChallengeRow",
    "ChangeRow",
    "ChangeStepRow",
    "CivilIdRow",
    "ConsentRow",
    "ConsentTextRow",
    "CriticalDateRow",
    "CustomerRow",
    "DeviceKeyRow",
    "GrantRow",
    "IdentityRow",
    "InstitutionRow",
    "MembershipRow",
    "MergeRow",
    "PasskeyRow",
    "PhoneChangeRow",
    "ProofRow",
    "RateRow",
    "RecoveryCodeRow",
    "RoleRow",
    "SenderAliasRow",
    "SenderLinkRow",
    "SenderRow",
    "SignInRow",
    "SignedInRow",
    "StaffRow",
    "TicketRow",
    "VulnerabilityRow",
]

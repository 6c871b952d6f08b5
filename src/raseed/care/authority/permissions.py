"""What staff may be permitted to do about authority, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

ASK: Final = "care.authority.ask"
APPROVE: Final = "care.authority.approve"
VIEW: Final = "care.authority.view"
PROPOSE_LIMITS: Final = "care.limits.propose"
CONFIRM_LIMITS: Final = "care.limits.confirm"
EDIT_TIES: Final = "care.ties.edit"

PERMISSIONS: Final = (
    Permission(ASK, mark("Mend things for customers, up to one's own limits, and ask for what is beyond them")),
    Permission(APPROVE, mark("Decide about what others ask for beyond their limits")),
    Permission(VIEW, mark("See what was granted to customers, by whom, and what looks split")),
    Permission(PROPOSE_LIMITS, mark("Propose what staff may grant customers, and who decides beyond it")),
    Permission(CONFIRM_LIMITS, mark("Confirm what staff may grant customers, and who decides beyond it")),
    Permission(EDIT_TIES, mark("Say which staff are close to which customers")),
)

"""What staff may be permitted to do in ``banking``, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW: Final = "banking.accounts.view"
PROPOSE_WAIVERS: Final = "banking.waivers.propose"
CONFIRM_WAIVERS: Final = "banking.waivers.confirm"

PERMISSIONS: Final = (
    Permission(VIEW, mark("See customers' accounts")),
    Permission("banking.accounts.open", mark("Open, reopen and wake accounts, and say who may use them")),
    Permission("banking.accounts.block", mark("Block and unblock accounts")),
    Permission("banking.accounts.close", mark("Close accounts")),
    Permission("banking.products.edit", mark("Edit products and holidays")),
    Permission("banking.limits.propose", mark("Propose limits")),
    Permission("banking.limits.confirm", mark("Confirm limits")),
    Permission("banking.fees.propose", mark("Propose fees and interest rates")),
    Permission("banking.fees.confirm", mark("Confirm fees and interest rates")),
    Permission("banking.loans.grant", mark("Grant loans and take early repayments")),
    Permission(PROPOSE_WAIVERS, mark("Propose waivers of late penalties of loans")),
    Permission(CONFIRM_WAIVERS, mark("Confirm waivers of late penalties of loans, and end them early")),
)

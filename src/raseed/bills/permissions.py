"""What staff may be permitted to do in ``bills``, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

EDIT_BILLERS: Final = "bills.billers.edit"
SUSPEND_BILLERS: Final = "bills.billers.suspend"
VIEW_BILLS: Final = "bills.view"
TAKE_IN: Final = "bills.intake"
VIEW_SETTLEMENTS: Final = "bills.settlement.view"
PROPOSE_PAYOUT_ACCOUNT: Final = "bills.payout.propose"
CONFIRM_PAYOUT_ACCOUNT: Final = "bills.payout.confirm"
WORK_ON_BREAKS: Final = "bills.reconciliation.work"
PROPOSE_CLERKS: Final = "bills.clerks.propose"
CONFIRM_CLERKS: Final = "bills.clerks.confirm"
REFUND: Final = "bills.refund"
CONFIRM_REFUNDS: Final = "bills.refunds.confirm"
PROPOSE_TERMS: Final = "bills.terms.propose"
CONFIRM_TERMS: Final = "bills.terms.confirm"
PROPOSE_WAIVERS: Final = "bills.waivers.propose"
CONFIRM_WAIVERS: Final = "bills.waivers.confirm"
DECIDE_DISPUTES: Final = "bills.disputes.decide"
RECEIPT_KEYS: Final = "bills.receipts.keys"

PERMISSIONS: Final = (
    Permission(EDIT_BILLERS, mark("Register billers, and edit their fields, keys and logos")),
    Permission(SUSPEND_BILLERS, mark("Suspend billers and let them go on")),
    Permission(TAKE_IN, mark("Take in files of bills")),
    Permission(PROPOSE_CLERKS, mark("Propose who works for a biller, and end it")),
    Permission(CONFIRM_CLERKS, mark("Confirm who works for a biller, and what they may refund")),
    Permission(REFUND, mark("Refund what was paid to a biller, and propose larger refunds")),
    Permission(CONFIRM_REFUNDS, mark("Confirm refunds that need a second person")),
    Permission(PROPOSE_TERMS, mark("Propose late penalties of billers, and whether they keep credit")),
    Permission(CONFIRM_TERMS, mark("Confirm late penalties of billers, and whether they keep credit")),
    Permission(PROPOSE_WAIVERS, mark("Propose waivers of late penalties")),
    Permission(CONFIRM_WAIVERS, mark("Confirm waivers of late penalties, and end them early")),
    Permission(DECIDE_DISPUTES, mark("Decide about bills that customers dispute")),
    Permission(RECEIPT_KEYS, mark("Renew the keys that receipts are signed with")),
    Permission(VIEW_BILLS, mark("See bills, orders of bills and what billers answered wrongly")),
    Permission(VIEW_SETTLEMENTS, mark("See what billers were paid day by day, and take the files")),
    Permission(PROPOSE_PAYOUT_ACCOUNT, mark("Propose to which account a biller is paid out")),
    Permission(CONFIRM_PAYOUT_ACCOUNT, mark("Confirm to which account a biller is paid out")),
    Permission(WORK_ON_BREAKS, mark("Take in billers' files of what they received, and work on what differs")),
)

"""What staff may be permitted to do in ``bills``, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

EDIT_BILLERS: Final = "bills.billers.edit"
SUSPEND_BILLERS: Final = "bills.billers.suspend"
VIEW_BILLS: Final = "bills.view"
TAKE_IN: Final = "bills.intake"

PERMISSIONS: Final = (
    Permission(EDIT_BILLERS, mark("Register billers, and edit their fields, keys and logos")),
    Permission(SUSPEND_BILLERS, mark("Suspend billers and let them go on")),
    Permission(TAKE_IN, mark("Take in files of bills")),
    Permission(VIEW_BILLS, mark("See bills, orders of bills and what billers answered wrongly")),
)

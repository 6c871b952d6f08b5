"""What staff may be permitted to do with duty, calendars and clocks, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW_DUTY: Final = "care.duty.view"
EDIT_DUTY: Final = "care.duty.edit"
EDIT_CLOCKS: Final = "care.clocks.edit"
VIEW_RECORDS: Final = "care.records.view"

PERMISSIONS: Final = (
    Permission(VIEW_DUTY, mark("See who works when, and who is accountable")),
    Permission(EDIT_DUTY, mark("Edit teams, shifts and leave")),
    Permission(EDIT_CLOCKS, mark("Edit working hours, and how much time there is for answers")),
    Permission(VIEW_RECORDS, mark("See the records of all who answer")),
)

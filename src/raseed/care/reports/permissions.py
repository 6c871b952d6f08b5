"""What staff may be permitted to read of reports, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW: Final = "care.reports.view"

PERMISSIONS: Final = (Permission(VIEW, mark("See reports of care")),)

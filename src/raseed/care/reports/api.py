"""The door of reports; ``care.api`` has it as ``reports``."""

from __future__ import annotations

from ..clocks.domain import Breach, HeldBy, StaffRecord
from ..duty.domain import Team
from ..duty.reading import teams as teams_of
from .domain import (
    BY_DAY_MAX,
    DAYS_MAX,
    PAGE_MAX,
    STANDING_WORDS,
    TOLD_APART,
    TYPES,
    Behind,
    Cell,
    Figure,
    Item,
    Key,
    Length,
    Line,
    Listing,
    Measure,
    Share,
    Table,
    Wanted,
)
from .errors import InvalidReportPeriod, UnknownFigure
from .keeping import promises
from .listing import behind
from .permissions import VIEW
from .reasons import reasons
from .sight import Sight, may_see, sight_of
from .stopping import stopped
from .timing import clocks_by_person, clocks_by_team, record
from .volumes import volumes

__all__ = [
    "BY_DAY_MAX", "DAYS_MAX", "PAGE_MAX", "STANDING_WORDS", "TOLD_APART", "TYPES", "VIEW", "Behind", "Breach", "Cell",
    "Figure", "HeldBy", "InvalidReportPeriod", "Item", "Key", "Length", "Line", "Listing", "Measure", "Share", "Sight",
    "StaffRecord", "Table", "Team", "UnknownFigure", "Wanted", "behind", "clocks_by_person", "clocks_by_team", "may_see",
    "promises", "reasons", "record", "sight_of", "stopped", "teams_of", "volumes",
]  # fmt: skip

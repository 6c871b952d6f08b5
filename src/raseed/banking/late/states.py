"""Where a waiver of loans' penalties can be, and for whom it can be."""

from __future__ import annotations

from enum import StrEnum


class WaiverState(StrEnum):
    """A waiver is proposed, and counts once a second person has confirmed it; that it ended early is a date of its own."""

    PROPOSED = "proposed"
    ACTIVE = "active"


class WaiverScope(StrEnum):
    """For whom a waiver is: every loan that it could be for, those of some customers, or some loans."""

    EVERYONE = "everyone"
    CUSTOMERS = "customers"
    LOANS = "loans"

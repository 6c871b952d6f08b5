"""What staff may be permitted to do with conversations and cases, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW: Final = "care.conversations.view"
WORK: Final = "care.conversations.work"
ASSIGN: Final = "care.conversations.assign"
EDIT_MACROS: Final = "care.macros.edit"
EDIT_TAGS: Final = "care.tags.edit"
ROUTE_LINES: Final = "care.lines.route"

PERMISSIONS: Final = (
    Permission(VIEW, mark("See conversations and cases")),
    Permission(WORK, mark("Answer conversations and work on cases")),
    Permission(ASSIGN, mark("Assign conversations to others, and take over what a colleague is answering")),
    Permission(EDIT_MACROS, mark("Edit prepared answers")),
    Permission(EDIT_TAGS, mark("Say which tags conversations may have")),
    Permission(ROUTE_LINES, mark("Say which team answers a line")),
)

"""What staff may be permitted to do at the guard, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW: Final = "assurance.guard.view"
RUN: Final = "assurance.guard.run"
PROPOSE_FORCE: Final = "assurance.guard.force.propose"
CONFIRM_FORCE: Final = "assurance.guard.force.confirm"

PERMISSIONS: Final = (
    Permission(VIEW, mark("See releases, what differed, and their reports")),
    Permission(RUN, mark("Take releases from step to step, and roll back")),
    Permission(PROPOSE_FORCE, mark("Propose to let a release go live without a green shadow")),
    Permission(CONFIRM_FORCE, mark("Confirm that a release goes live without a green shadow")),
)

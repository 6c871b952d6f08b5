"""Jobs of ``care``, where procrastinate looks for them."""

from __future__ import annotations

from .authority.climbing import climb_approvals
from .authority.executing import do_approved, sweep_approved
from .clocks.jobs import look_after_clocks_every_minute

__all__ = [
    "climb_approvals",
    "do_approved",
    "look_after_clocks_every_minute",
    "sweep_approved",
]

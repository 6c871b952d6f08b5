"""Jobs of ``care``, where procrastinate looks for them."""

from __future__ import annotations

from .authority.climbing import climb_approvals
from .authority.executing import do_approved, sweep_approved
from .clocks.jobs import look_after_clocks_every_minute
from .conversations.handlers import forget_old_presence
from .promises.climbing import climb_gaps
from .promises.telling import sweep_askers, tell_askers, wake_conversation

__all__ = [
    "climb_approvals",
    "climb_gaps",
    "do_approved",
    "forget_old_presence",
    "look_after_clocks_every_minute",
    "sweep_approved",
    "sweep_askers",
    "tell_askers",
    "wake_conversation",
]

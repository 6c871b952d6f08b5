"""Jobs of ``care``, where procrastinate looks for them."""

from __future__ import annotations

from .authority.climbing import climb_approvals
from .authority.executing import do_approved, sweep_approved

__all__ = ["climb_approvals", "do_approved", "sweep_approved"]

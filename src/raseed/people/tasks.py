"""Jobs of ``people``, where procrastinate looks for them."""

from __future__ import annotations

from .changes.deciding import expire_old_changes
from .forgetting import forget_expired
from .sign_in.by_code import forget_sign_ins
from .staff.tickets import forget_tickets

__all__ = ["expire_old_changes", "forget_expired", "forget_sign_ins", "forget_tickets"]

"""Jobs of ``people``, where procrastinate looks for them."""

from __future__ import annotations

from .changes_deciding import expire_old_changes
from .forgetting import forget_expired
from .sign_in import forget_sign_ins
from .staff_tickets import forget_tickets

__all__ = ["expire_old_changes", "forget_expired", "forget_sign_ins", "forget_tickets"]

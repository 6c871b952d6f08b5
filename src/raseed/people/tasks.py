"""Jobs of ``people``, where procrastinate looks for them."""

from __future__ import annotations

from .sign_in import forget_sign_ins

__all__ = ["forget_sign_ins"]

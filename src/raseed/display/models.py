"""The tables of display."""

from __future__ import annotations

from .generations.models import CanaryRow, GenerationRow, PointerRow

__all__ = ["CanaryRow", "GenerationRow", "PointerRow"]

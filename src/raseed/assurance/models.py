"""The tables of ``assurance``; each stands beside the idea that it belongs to, and Django finds it through here."""

from __future__ import annotations

from .books.models import CheckRow, FindingRow, FindingStepRow, SweepRow

__all__ = ["CheckRow", "FindingRow", "FindingStepRow", "SweepRow"]

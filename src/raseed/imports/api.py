"""The front door of ``imports``."""

from __future__ import annotations

from .comparison import ComparedLine, compare
from .services import Outcome, import_books

__all__ = ["ComparedLine", "Outcome", "compare", "import_books"]

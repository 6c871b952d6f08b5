"""Jobs of ``assurance``, where procrastinate looks for them."""

from __future__ import annotations

from .books.jobs import look_at_books

__all__ = ["look_at_books"]

"""Jobs of ``assurance``, where procrastinate looks for them."""

from __future__ import annotations

from .books.jobs import look_at_all_books, look_at_books
from .guard.jobs import guard_go_on, guard_take_up

__all__ = ["guard_go_on", "guard_take_up", "look_at_all_books", "look_at_books"]

"""What staff may be permitted to do in ``assurance``, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW_BOOKS: Final = "assurance.books.view"
WORK_ON_BOOKS: Final = "assurance.books.work"

PERMISSIONS: Final = (
    Permission(VIEW_BOOKS, mark("See the checks of the books and what they found")),
    Permission(WORK_ON_BOOKS, mark("Work on what checks of the books found, and close it")),
)

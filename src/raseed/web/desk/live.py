"""Where open pages of the desk hear that something changed: the rail's stream, if pages know where the rail is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from raseed.care import api as care
from raseed.web.changes import rail_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

PATH: Final = "/care/v1/changes"


def care_changes(request: HttpRequest) -> str:
    """Return the stream's address, or nothing: then pages ask every while."""
    origin = rail_origin(request)
    return f"{origin}{PATH}" if origin else ""


def told_before() -> int:
    """Return the number that the stream tells now; asked before a page reads what it shows, so that nothing is missed in between."""
    return care.pulse()

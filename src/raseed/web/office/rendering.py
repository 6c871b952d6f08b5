"""How a page of the back office is made: as customers' pages are, with the menu and the institution beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web import rendering
from raseed.web.rendering import words

from .naming import name_in
from .navigation import menu

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from raseed.kernel.errors import RaseedError

    from .requests import StaffRequest


def render(request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
    """Return a page. Beside what customers' pages find, templates find ``staff``, ``institution``, ``houses``, ``menu``."""
    shared: dict[str, object] = {"staff": None}
    if getattr(request, "staff", None) is not None:
        page = cast("StaffRequest", request)
        language = page.reader.language
        shared = {
            "staff": page.staff,
            "staff_name": name_in(page.staff.names, language),
            "institution": page.institution,
            "institution_name": people.display_name(page.institution, language),
            "zone": page.institution.zone,
            "country": page.institution.country,
            "houses": [(one.id, people.display_name(one, language)) for one in page.institutions],
            "menu": menu(page),
        }
    return rendering.render(request, f"web/{template}", status=status, **(shared | context))


def error_page(request: HttpRequest, error: RaseedError) -> HttpResponse:
    """Return a page of its own for an error that belongs to no field on a form."""
    return render(request, "office/error.html", status=error_status(error), error=words(request, error))

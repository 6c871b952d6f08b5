"""How a page of the biller's side is made: in the back office's frame, with a menu and the biller's name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from django.urls import reverse
from django.utils.translation import gettext

from raseed.bills import api as bills
from raseed.kernel.errors import mark
from raseed.platform.api import error_status
from raseed.web import rendering
from raseed.web.office.naming import name_in
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from raseed.kernel.errors import RaseedError

    from .requests import ClerkRequest


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu."""

    name: str
    words: str
    icon: str


ITEMS: Final = (
    Item("live", mark("Collections"), "arrived"),
    Item("search", mark("Find a payment"), "search"),
    Item("refunds", mark("Refunds"), "again"),
    Item("bills", mark("Bills"), "bill"),
    Item("settlements", mark("Settlements"), "file"),
    Item("me", mark("My sign-in"), "key"),
)
"""What a clerk is offered, in this order."""


def render(request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
    """Return a page. Beside what customers' pages find, templates find ``clerk``, ``biller_name``, ``menu``, ``zone``."""
    shared: dict[str, object] = {"clerk": None}
    if getattr(request, "clerk", None) is not None:
        page = cast("ClerkRequest", request)
        language = page.reader.language
        known = bills.billers({each.biller_id for each in page.rights})
        shared = {
            "clerk": page.clerk,
            "clerk_name": name_in(page.staff.names, language),
            "biller": page.biller,
            "biller_name": page.biller.name(language),
            "works_for": [(each.right_id, known[each.biller_id].name(language)) for each in page.rights],
            "zone": page.house.zone,
            "country": page.house.country,
            "menu": [(item, gettext(item.words), reverse(f"portal:{item.name}")) for item in ITEMS],
        }
    return rendering.render(request, f"web/biller/{template}", status=status, **(shared | context))


def error_page(request: HttpRequest, error: RaseedError) -> HttpResponse:
    """Return a page of its own for an error that belongs to no field on a form."""
    return render(request, "error.html", status=error_status(error), error=words(request, error))

"""Addresses below ``/office/`` that lead nowhere: said in the frame of the back office."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from raseed.kernel.errors import NotFound, mark
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


class OfficePageNotFound(NotFound):
    """No page of the back office has this address."""

    code = "office_page_not_found"
    sentence = mark("There is no such page in the back office.")
    hint = mark("The address may have been mistyped. Start again from the desk.")


def _nowhere() -> NoReturn:
    raise OfficePageNotFound


@staff_only()
def not_found(request: StaffRequest, rest: str) -> HttpResponseBase:
    """Say that there is nothing here."""
    del request, rest
    _nowhere()

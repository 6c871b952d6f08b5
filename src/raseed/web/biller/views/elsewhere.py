"""Addresses below ``/biller/`` that lead nowhere: said in the frame of the biller's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from raseed.kernel.errors import NotFound, mark
from raseed.web.biller.requests import ClerkRequest, clerk_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


class BillerPageNotFound(NotFound):
    """No page of the biller's side has this address."""

    code = "biller_page_not_found"
    sentence = mark("There is no such page here.")
    hint = mark("The address may have been mistyped. Start again from the collections.")


def _nowhere() -> NoReturn:
    raise BillerPageNotFound


@clerk_only()
def not_found(request: ClerkRequest, rest: str) -> HttpResponseBase:
    """Say that there is nothing here."""
    del request, rest
    _nowhere()

"""The management API put together: the packages' resources, and how a key becomes a caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest

from raseed.banking.http import rest as banking
from raseed.bills.http import rest as bills
from raseed.bills.http import rest_habits
from raseed.care.http import rest as care
from raseed.payments.http import rest as payments
from raseed.people import api as people
from raseed.people.http import rest as of_people
from raseed.platform.rail.errors import KeyRefused
from raseed.platform.rest.application import ManagementApi
from raseed.platform.rest.callers import Caller
from raseed.platform.rest.middleware import ApiFirst
from raseed.platform.webhooks import rest as webhooks

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

TITLE: Final = "Raseed: the management API"
WORDS: Final = (
    "For the software of customers and of institutions. Ask with an access key; a key is for one institution, and a "
    "customer's key for its holder's own things. Whoever makes a thing makes its id, and keeps it before sending: the same id "
    "with the same content answers the same. Amounts are whole minor units. Errors have one shape, and say what to do."
)
_CUSTOMER: Final = "customer"


def authenticate(text: str) -> Caller:
    """Return who holds an access key.

    Raises:
        KeyRefused: nobody does, or not any more.
    """
    try:
        key, author = people.author_of_access_key(text)
    except people.AccessKeyRefused:
        raise KeyRefused from None
    return Caller(
        key_id=key.id,
        institution_id=key.institution_id,
        author=author,
        customer_id=key.holder_id if key.holder_kind == _CUSTOMER else None,
    )


@lru_cache(maxsize=1)
def management_api() -> ManagementApi:
    """Return the one API of this process."""
    of_bills = (*bills.resources, rest_habits.habits)
    resources = (
        *of_people.resources,
        *banking.resources,
        *payments.resources,
        *of_bills,
        *care.resources,
        webhooks.resource,
    )
    return ManagementApi(title=TITLE, words=WORDS, resources=resources, authenticate=authenticate)


class Api(ApiFirst):
    """The management API before the pages, as the settings name it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response, management_api())

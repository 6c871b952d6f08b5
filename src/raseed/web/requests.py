"""Requests as views see them, and the gate that lets only signed-in customers through."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people

from .sessions import Standing, end, look, same_epoch

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django_htmx.middleware import HtmxDetails

    from .reader import Reader

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], "HttpResponseBase"]


class PageRequest(HttpRequest):
    """A request after the middleware ``Pages``: it knows its reader, and its customer once somebody asked."""

    reader: Reader
    customer: people.Customer | None
    session_ended: bool
    htmx: HtmxDetails


class CustomerRequest(PageRequest):
    """A request of a customer who is signed in."""

    customer: people.Customer


def find_customer(request: HttpRequest, *, used: bool = True) -> people.Customer | None:
    """Return who is signed in, if anybody is; looked up at most once a request.

    ``used=False``: a page asks by itself, which does not keep the session alive.
    """
    page = cast(PageRequest, request)
    if page.customer is not None:
        return page.customer
    standing, customer_id = look(page.session, now=SYSTEM_CLOCK.now(), used=used)
    if standing is Standing.ENDED:
        end(page)
        page.session_ended = True
    if customer_id is not None:
        try:
            known = people.customer(customer_id)
        except people.UnknownCustomer:
            end(page)
        else:
            if same_epoch(page.session, known.session_epoch):
                page.customer = known
            else:
                end(page)
                page.session_ended = True
    return page.customer


def signed_in(view: Callable[Concatenate[CustomerRequest, P], HttpResponseBase]) -> View[P]:
    """Let only a signed-in customer through; others are sent to sign in, and come back here afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if find_customer(request) is not None:
            return view(cast(CustomerRequest, request), *args, **kwargs)
        page = cast(PageRequest, request)
        query = {"ended": "1"} if page.session_ended else {}
        if page.method == "GET" and page.path != reverse("home"):
            query["next"] = page.get_full_path()
        address = reverse("sign-in") + (f"?{urlencode(query)}" if query else "")
        if page.htmx:
            return HttpResponseClientRedirect(address)
        return HttpResponseRedirect(address, status=303)

    return guarded

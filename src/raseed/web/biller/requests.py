"""Requests of clerks, and the gate before every page of the biller's side.

Who comes through is signed in, has no role at any institution, and works for the biller whose pages these are, at this very
request. Which payments they see is decided by that biller's id, in the query; what they may refund, by the service.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.urls import reverse

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.people import api as people
from raseed.web.office import sessions as office
from raseed.web.office.requests import REASON_OF_END, factor_asked, still_working, to_sign_in
from raseed.web.office.sessions import Facts, Standing
from raseed.web.requests import PageRequest

from . import sessions
from .rendering import error_page, render
from .sessions import BillerSession

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], "HttpResponseBase"]


class BillerRequest(PageRequest):
    """A request below ``/biller/``; ``clerk`` is known once the gate has looked."""

    biller_session: BillerSession
    clerk: bills.Clerk | None


class ClerkRequest(BillerRequest):
    """A request of a clerk who is signed in, and the biller that they work for; ``rights``: all for which they do."""

    staff: people.Staff
    clerk: bills.Clerk
    rights: tuple[bills.Clerk, ...]
    biller: bills.Biller
    house: people.Institution
    facts: Facts


def in_portal(view: Callable[Concatenate[BillerRequest, P], HttpResponseBase]) -> View[P]:
    """Give a view its session, and turn refusals into pages of the biller's side; anybody may come."""

    @wraps(view)
    def framed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        page = cast(BillerRequest, request)
        page.biller_session, page.clerk = sessions.load(page), None
        try:
            response = view(page, *args, **kwargs)
        except RaseedError as error:
            response = error_page(page, error)
        except (OperationalError, InterfaceError):
            return error_page(page, TemporarilyUnavailable())
        sessions.keep(page.biller_session, response, had_cookie=sessions.COOKIE in page.COOKIES)
        return response

    return framed


def clerk_only(
    *, weighty: bool = False
) -> Callable[[Callable[Concatenate[ClerkRequest, P], HttpResponseBase]], View[P]]:
    """Let only clerks through; with ``weighty``, what is posted needs a second factor shown a short while ago."""

    def gate(view: Callable[Concatenate[ClerkRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def guarded(request: BillerRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            standing = find_clerk(request)
            if standing is not Standing.SIGNED_IN:
                return _to_sign_in(request, standing)
            page = cast(ClerkRequest, request)
            asked = _second_factor(page) if weighty and page.method == "POST" else None
            return view(page, *args, **kwargs) if asked is None else asked

        return in_portal(guarded)

    return gate


def rights_of(staff: people.Staff) -> tuple[bills.Clerk, ...]:
    """Return for which billers somebody works; nobody who has a role at an institution works for one."""
    return () if staff.grants else tuple(bills.clerk_of(staff.id))


def find_clerk(request: BillerRequest) -> Standing:
    """Find out who is signed in, and for whom they work; the session of one for whom that has ended ends."""
    standing, facts = office.look(request.biller_session, now=SYSTEM_CLOCK.now(), in_use=not request.htmx)
    if facts is not None and not _know(cast(ClerkRequest, request), facts):
        standing = Standing.CHANGED
    if standing in REASON_OF_END:
        office.end(request, request.biller_session)
    return standing


def _know(page: ClerkRequest, facts: Facts) -> bool:
    staff = still_working(facts)
    if staff is None:
        return False
    rights, chosen = rights_of(staff), sessions.right_of(page.biller_session)
    clerk = next((each for each in rights if each.right_id == chosen), None)
    if clerk is None:
        return False
    page.staff, page.facts, page.clerk, page.rights = staff, facts, clerk, rights
    page.biller = bills.biller(clerk.biller_id)
    page.house = people.institution(page.biller.institution_id)
    return True


def _second_factor(page: ClerkRequest) -> HttpResponseBase | None:
    asked = factor_asked(page, page.biller_session, page.facts)
    return None if asked is None else render(page, "second_factor.html", **asked)


def _to_sign_in(request: BillerRequest, standing: Standing) -> HttpResponseBase:
    follows = request.path != reverse("portal:live") and not request.htmx
    return to_sign_in(request, standing, "portal:sign-in", follows=follows)

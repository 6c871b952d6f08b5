"""Requests of clerks, and the gate before every page of the biller's side.

Who comes through is signed in, has no role at any institution, and works for the biller whose pages these are, at this very
request. Which payments they see is decided by that biller's id, in the query; what they may refund, by the service.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.network import client_address
from raseed.web.office import sessions as office
from raseed.web.office.requests import NOT_REPEATED, REASON_OF_END, SECOND_FACTOR
from raseed.web.office.sessions import Facts, Standing
from raseed.web.rendering import words
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
    try:
        staff = people.staff(facts.staff_id)
    except people.UnknownStaff:
        return False
    if staff.state != people.StaffState.ACTIVE or staff.session_epoch != facts.epoch:
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
    """Return the page that asks for the second factor, or ``None`` where it was shown lately, or just now and rightly."""
    now = SYSTEM_CLOCK.now()
    if office.factor_is_fresh(page.facts, now=now):
        return None
    code, error = page.POST.get(SECOND_FACTOR, ""), None
    if code:
        try:
            people.give_second_factor(page.staff.id, code=code, client_address=client_address(page))
        except RaseedError as refused:
            error = refused
        else:
            office.note_factor(page.biller_session, now=now)
            return None
    entered = [(name, value) for name, values in page.POST.lists() if name not in NOT_REPEATED for value in values]
    return render(
        page,
        "second_factor.html",
        status=error_status(error) if error else 200,
        entered=entered,
        errors={"code": words(page, error)} if error else {},
    )


def _to_sign_in(request: BillerRequest, standing: Standing) -> HttpResponseBase:
    query = {REASON_OF_END[standing]: "1"} if standing in REASON_OF_END else {}
    if request.path != reverse("portal:live") and not request.htmx:
        query["next"] = request.get_full_path() if request.method == "GET" else request.path
    address = reverse("portal:sign-in") + (f"?{urlencode(query)}" if query else "")
    if request.htmx:
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)

"""Requests of staff, and the gate before every page of the back office.

Who comes through is signed in, holds the page's permission at one institution at least, and for a weighty act has shown
the second factor a short while ago. Whether they hold it at the institution that a page is about is asked again, by the
view for what it shows (``Rights.require``) and by the service for what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, cast
from urllib.parse import urlencode

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import PermissionRefused, RaseedError, TemporarilyUnavailable, mark
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.network import client_address
from raseed.web.rendering import words
from raseed.web.requests import PageRequest

from . import sessions
from .rendering import error_page, render
from .sessions import Facts, OfficeSession, Standing

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], "HttpResponseBase"]
SECOND_FACTOR: Final = "second_factor"
"""The field in which a weighty act carries the code, when it has to be shown again."""
LINE_SECRET: Final = "line_secret"  # noqa: S105  (the name of a field)
"""The field in which a secret of a line is entered: never written on a page, not even hidden beside the code."""
_NOT_REPEATED: Final = frozenset({"csrfmiddlewaretoken", SECOND_FACTOR, LINE_SECRET})
BY_THEMSELVES: Final = frozenset({"release", "list", "head", "thread", "cards", "writing"})
"""Parts of pages that are fetched anew without anybody's doing."""
REASON_OF_END: Final = {Standing.IDLE: "ended", Standing.CHANGED: "changed"}


class ClerkAtTheOffice(PermissionRefused):
    """Somebody who works for a biller, and not for the bank, has come to the back office."""

    code = "clerk_at_the_office"
    sentence = mark("The back office is for staff of the bank; you work for a biller.")
    hint = mark("Sign in at the biller's side: its address ends in /biller/.")


class OfficeRequest(PageRequest):
    """A request below ``/office/``; ``staff`` is known once the gate has looked."""

    office_session: OfficeSession
    staff: people.Staff | None


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person of staff may do, asked for the institution that they look at unless another is named."""

    author: people.Author
    here: people.Institution
    institutions: tuple[people.Institution, ...]

    def may(self, permission: str, institution_id: UUID | None = None) -> bool:
        """Say whether they hold a permission at an institution."""
        return self.author.may(permission, institution_id or self.here.id)

    def may_somewhere(self, permission: str) -> bool:
        """Say whether they hold a permission at any institution."""
        return any(self.author.may(permission, one.id) for one in self.institutions)

    def require(self, permission: str, institution_id: UUID | None = None) -> None:
        """Refuse, unless they hold a permission at an institution.

        Raises:
            NotPermitted: they don't.
        """
        if not self.may(permission, institution_id):
            raise people.NotPermitted(permission=permission)


class StaffRequest(OfficeRequest):
    """A request of a person of staff who is signed in; ``institution`` is the one whose books they look at."""

    staff: people.Staff
    author: people.Author
    rights: Rights
    facts: Facts
    institutions: tuple[people.Institution, ...]
    institution: people.Institution


def in_office(view: Callable[Concatenate[OfficeRequest, P], HttpResponseBase]) -> View[P]:
    """Give a view of the back office its session, and turn refusals into pages of the back office; anybody may come."""

    @wraps(view)
    def framed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        page = cast(OfficeRequest, request)
        page.office_session, page.staff = sessions.load(page), None
        try:
            response = view(page, *args, **kwargs)
        except RaseedError as error:
            response = error_page(page, error)
        except (OperationalError, InterfaceError):
            return error_page(page, TemporarilyUnavailable())
        sessions.keep(page.office_session, response, had_cookie=sessions.COOKIE in page.COOKIES)
        return response

    return framed


def staff_only(
    permission: str | None = None, *, weighty: bool = False
) -> Callable[[Callable[Concatenate[StaffRequest, P], HttpResponseBase]], View[P]]:
    """Let only staff through who hold ``permission`` (``None``: all staff) at one of their institutions.

    With ``weighty``, what is posted needs a second factor shown a short while ago: where it is older, the code is asked
    for, and everything entered goes on with it.
    """

    def gate(view: Callable[Concatenate[StaffRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def guarded(request: OfficeRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            standing = find_staff(request)
            if standing is not Standing.SIGNED_IN:
                return _to_sign_in(request, standing)
            page = cast(StaffRequest, request)
            if permission is not None and not page.rights.may_somewhere(permission):
                raise people.NotPermitted(permission=permission)
            asked = second_factor(page) if weighty and page.method == "POST" else None
            return view(page, *args, **kwargs) if asked is None else asked

        framed = in_office(guarded)
        vars(framed)["permission"] = permission  # for the test that walks all addresses
        return framed

    return gate


def find_staff(request: OfficeRequest) -> Standing:
    """Find out who of the staff is signed in, and with what rights; the session of one who is locked or changed ends."""
    standing, facts = sessions.look(request.office_session, now=SYSTEM_CLOCK.now(), in_use=not _by_itself(request))
    if facts is not None:
        staff = still_working(facts)
        if staff is None:
            standing = Standing.CHANGED
        else:
            turn_away_clerks(staff)
            _know(cast(StaffRequest, request), staff, facts)
    if standing in REASON_OF_END:
        sessions.end(request, request.office_session)
    return standing


def _by_itself(request: OfficeRequest) -> bool:
    """Whether a page looks again by itself, which does not count as use: a release that is watched, a desk that stays open."""
    return bool(request.htmx) and request.htmx.trigger in BY_THEMSELVES


def still_working(facts: Facts) -> people.Staff | None:
    """Return whose session it is, unless they are locked or gone, or their sessions were ended since."""
    try:
        staff = people.staff(facts.staff_id)
    except people.UnknownStaff:
        return None
    is_valid = staff.state == people.StaffState.ACTIVE and staff.session_epoch == facts.epoch
    return staff if is_valid else None


def turn_away_clerks(staff: people.Staff) -> None:
    """Refuse whoever works for a biller and has no role at the bank.

    Raises:
        ClerkAtTheOffice: it is one of those.
    """
    if not staff.grants and bills.clerk_of(staff.id):
        raise ClerkAtTheOffice


def _know(page: StaffRequest, staff: people.Staff, facts: Facts) -> None:
    author = people.author_of_staff(staff.id)
    working = tuple(one for one in people.institutions() if author.permissions.get(one.id))
    institutions = working or (people.institution(staff.institution_id),)
    by_id = {one.id: one for one in institutions}
    here = by_id.get(facts.institution_id or staff.institution_id) or by_id.get(staff.institution_id) or institutions[0]
    page.staff, page.facts, page.author = staff, facts, author
    page.institutions, page.institution = institutions, here
    page.rights = Rights(author, here, institutions)


def second_factor(page: StaffRequest) -> HttpResponseBase | None:
    """Return the page that asks for the second factor, or ``None`` where it was shown lately, or just now and rightly."""
    asked = factor_asked(page, page.office_session, page.facts)
    return None if asked is None else render(page, "office/second_factor.html", **asked)


def factor_asked(page: PageRequest, session: OfficeSession, facts: Facts) -> dict[str, Any] | None:
    """Return what the page that asks for the second factor shows; ``None`` where it was shown lately, or just now and rightly.

    Everything entered goes on with the code.
    """
    now = SYSTEM_CLOCK.now()
    if sessions.factor_is_fresh(facts, now=now):
        return None
    code, error = page.POST.get(SECOND_FACTOR, ""), None
    if code:
        try:
            people.give_second_factor(facts.staff_id, code=code, client_address=client_address(page))
        except RaseedError as refused:
            error = refused
        else:
            sessions.note_factor(session, now=now)
            return None
    return {
        "status": error_status(error) if error else 200,
        "entered": [
            (name, value) for name, values in page.POST.lists() if name not in _NOT_REPEATED for value in values
        ],
        "errors": {"code": words(page, error)} if error else {},
    }


def _to_sign_in(request: OfficeRequest, standing: Standing) -> HttpResponseBase:
    return to_sign_in(request, standing, "office:sign-in", follows=request.path != reverse("office:desk"))


def to_sign_in(request: PageRequest, standing: Standing, sign_in: str, *, follows: bool) -> HttpResponseBase:
    """Send to the sign-in page of that name, with the reason of an end, and back here afterwards where ``follows``."""
    query = {REASON_OF_END[standing]: "1"} if standing in REASON_OF_END else {}
    if follows:
        query["next"] = request.get_full_path() if request.method == "GET" else request.path
    address = reverse(sign_in) + (f"?{urlencode(query)}" if query else "")
    if request.htmx:
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)

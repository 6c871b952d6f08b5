"""Signing in as a biller's clerk: login and password, then the second factor; signing out; language; which biller.

Password and code are checked as those of the bank's staff are (``people``); whoever works for no biller is turned away here
even with the right ones, as a clerk is at the back office.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.biller import sessions
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import BillerRequest, ClerkRequest, clerk_only, find_clerk, in_portal, rights_of
from raseed.web.network import client_address
from raseed.web.office import sessions as office
from raseed.web.office.views.sign_in import CODE_MAX, LOGIN_MAX, PASSWORD_MAX, PENDING_AGE_S
from raseed.web.reader import LANGUAGES, keep_language
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PENDING_COOKIE: Final = "biller_pending"
SALT: Final = "raseed.biller.pending"


def next_address(request: HttpRequest, text: str) -> str:
    """Return where to go after signing in: ``text`` if it is an address of the biller's side, else the collections."""
    ours = url_has_allowed_host_and_scheme(text, allowed_hosts=None, require_https=request.is_secure())
    return text if ours and text.startswith(sessions.PATH) and not text.startswith("//") else reverse("portal:live")


@require_http_methods(["GET", "HEAD", "POST"])
@in_portal
def login_page(request: BillerRequest) -> HttpResponseBase:
    """Ask for login and password."""
    follow = request.POST.get("next", "") or request.GET.get("next", "")
    if request.method != "POST":
        if find_clerk(request) is office.Standing.SIGNED_IN:
            return HttpResponseRedirect(next_address(request, follow), status=303)
        request.clerk = None
        said = {name: name in request.GET for name in ("ended", "changed", "left")}
        return render(request, "sign_in.html", follow=follow, **said)
    login, password = request.POST.get("login", "")[:LOGIN_MAX], request.POST.get("password", "")[:PASSWORD_MAX]
    try:
        challenge = people.start_staff_sign_in(login=login, password=password, client_address=client_address(request))
    except RaseedError as error:
        beside = "password" if isinstance(error, people.WrongLogin) else "form"
        return render(
            request, "sign_in.html", status=error_status(error), follow=follow, login=login,
            errors={beside: words(request, error)},
        )  # fmt: skip
    response = HttpResponseRedirect(reverse("portal:sign-in-code"), status=303)
    response.set_signed_cookie(
        PENDING_COOKIE,
        f"{challenge.token} {next_address(request, follow)}",
        salt=SALT,
        max_age=PENDING_AGE_S,
        path=sessions.PATH,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@in_portal
def code_page(request: BillerRequest) -> HttpResponseBase:
    """Ask for the second factor; sign in who works for a biller."""
    pending = request.get_signed_cookie(PENDING_COOKIE, default="", salt=SALT, max_age=PENDING_AGE_S)
    token, _, follow = (pending or "").partition(" ")
    if not token:
        return HttpResponseRedirect(reverse("portal:sign-in"), status=303)
    if request.method != "POST":
        return render(request, "sign_in_code.html")
    code = request.POST.get("code", "")[:CODE_MAX]
    try:
        staff = people.finish_staff_sign_in(token=token, code=code, client_address=client_address(request))
        clerk = _first_right(staff)
    except (people.SignInOver, bills.NotAClerk) as error:
        response = render(
            request, "sign_in.html", status=error_status(error), follow=follow, errors={"form": words(request, error)}
        )
        response.delete_cookie(PENDING_COOKIE, path=sessions.PATH, samesite="Strict")
        return response
    except RaseedError as error:
        return render(request, "sign_in_code.html", status=error_status(error), errors={"code": words(request, error)})
    return _welcome(request, staff, clerk, follow)


def _first_right(staff: people.Staff) -> bills.Clerk:
    rights = rights_of(staff)
    if not rights:
        raise bills.NotAClerk
    return rights[0]


def _welcome(request: BillerRequest, staff: people.Staff, clerk: bills.Clerk, follow: str) -> HttpResponseBase:
    """Open the session. A language chosen on this device is kept; else the person's own is used here."""
    session = request.biller_session
    office.begin(request, session, staff_id=staff.id, epoch=staff.session_epoch, now=SYSTEM_CLOCK.now())
    sessions.work_under(session, clerk.right_id)
    response = HttpResponseRedirect(next_address(request, follow), status=303)
    response.delete_cookie(PENDING_COOKIE, path=sessions.PATH, samesite="Strict")
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        keep_language(response, staff.language)
    return response


@require_POST
@in_portal
def sign_out(request: BillerRequest) -> HttpResponseBase:
    """End the session; the browser is told to forget what it keeps of our pages."""
    office.end(request, request.biller_session)
    response = HttpResponseRedirect(f"{reverse('portal:sign-in')}?left=1", status=303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
@in_portal
def language(request: BillerRequest) -> HttpResponseBase:
    """Change the language of the pages on this device, and come back to the one that was open."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(next_address(request, request.POST.get("next", "")), status=303)
    if chosen in LANGUAGES:
        keep_language(response, chosen)
    return response


@require_POST
@clerk_only()
def works_for(request: ClerkRequest) -> HttpResponseBase:
    """Look at another biller's collections from now on: one of those for which this person works."""
    chosen = request.POST.get("right", "")
    for each in request.rights:
        if str(each.right_id) == chosen:
            sessions.work_under(request.biller_session, each.right_id)
    return HttpResponseRedirect(reverse("portal:live"), status=303)

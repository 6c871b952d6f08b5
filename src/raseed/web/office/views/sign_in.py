"""Signing in as staff: login and password, then the second factor; signing out; language; choice of the institution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.network import client_address
from raseed.web.office import sessions
from raseed.web.office.rendering import render
from raseed.web.office.requests import (
    ClerkAtTheOffice,
    OfficeRequest,
    StaffRequest,
    find_staff,
    in_office,
    staff_only,
    turn_away_clerks,
)
from raseed.web.reader import LANGUAGES, keep_language
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PENDING_COOKIE: Final = "office_pending"
PENDING_AGE_S: Final = 300
"""How long the step between password and second factor is remembered; what it stands for ends no later."""
SALT: Final = "raseed.office.pending"
LOGIN_MAX: Final = 100
PASSWORD_MAX: Final = 1_000
CODE_MAX: Final = 60


def next_address(request: HttpRequest, text: str) -> str:
    """Return where to go after signing in: ``text`` if it is an address of the back office, else the desk."""
    ours = url_has_allowed_host_and_scheme(text, allowed_hosts=None, require_https=request.is_secure())
    return text if ours and text.startswith(sessions.PATH) and not text.startswith("//") else reverse("office:desk")


@require_http_methods(["GET", "HEAD", "POST"])
@in_office
def login_page(request: OfficeRequest) -> HttpResponseBase:
    """Ask for login and password."""
    follow = request.POST.get("next", "") or request.GET.get("next", "")
    if request.method != "POST":
        if find_staff(request) is sessions.Standing.SIGNED_IN:
            return HttpResponseRedirect(next_address(request, follow), status=303)
        said = {name: name in request.GET for name in ("ended", "changed", "left")}
        return render(request, "office/sign_in.html", follow=follow, **said)
    login, password = request.POST.get("login", "")[:LOGIN_MAX], request.POST.get("password", "")[:PASSWORD_MAX]
    try:
        challenge = people.start_staff_sign_in(login=login, password=password, client_address=client_address(request))
    except RaseedError as error:
        beside = "password" if isinstance(error, people.WrongLogin) else "form"
        return render(
            request,
            "office/sign_in.html",
            status=error_status(error),
            follow=follow,
            login=login,
            errors={beside: words(request, error)},
        )
    response = HttpResponseRedirect(reverse("office:sign-in-code"), status=303)
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
@in_office
def code_page(request: OfficeRequest) -> HttpResponseBase:
    """Ask for the second factor; sign in."""
    pending = request.get_signed_cookie(PENDING_COOKIE, default="", salt=SALT, max_age=PENDING_AGE_S)
    token, _, follow = (pending or "").partition(" ")
    if not token:
        return HttpResponseRedirect(reverse("office:sign-in"), status=303)
    if request.method != "POST":
        return render(request, "office/sign_in_code.html")
    code = request.POST.get("code", "")[:CODE_MAX]
    try:
        staff = people.finish_staff_sign_in(token=token, code=code, client_address=client_address(request))
        turn_away_clerks(staff)
    except (people.SignInOver, ClerkAtTheOffice) as error:
        response = render(
            request, "office/sign_in.html", status=error_status(error), follow=follow,
            errors={"form": words(request, error)},
        )  # fmt: skip
        response.delete_cookie(PENDING_COOKIE, path=sessions.PATH, samesite="Strict")
        return response
    except RaseedError as error:
        return render(
            request, "office/sign_in_code.html", status=error_status(error), errors={"code": words(request, error)}
        )
    return _welcome(request, staff, follow)


def _welcome(request: OfficeRequest, staff: people.Staff, follow: str) -> HttpResponseBase:
    """Open the session. A language chosen on this device is kept; else the person's own is used here."""
    sessions.begin(
        request, request.office_session, staff_id=staff.id, epoch=staff.session_epoch, now=SYSTEM_CLOCK.now()
    )
    response = HttpResponseRedirect(next_address(request, follow), status=303)
    response.delete_cookie(PENDING_COOKIE, path=sessions.PATH, samesite="Strict")
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        keep_language(response, staff.language)
    return response


@require_POST
@in_office
def sign_out(request: OfficeRequest) -> HttpResponseBase:
    """End the session; the browser is told to forget what it keeps of our pages."""
    sessions.end(request, request.office_session)
    response = HttpResponseRedirect(f"{reverse('office:sign-in')}?left=1", status=303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
@in_office
def language(request: OfficeRequest) -> HttpResponseBase:
    """Change the language of the pages on this device, and come back to the one that was open."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(next_address(request, request.POST.get("next", "")), status=303)
    if chosen in LANGUAGES:
        keep_language(response, chosen)
    return response


@require_POST
@staff_only()
def institution(request: StaffRequest) -> HttpResponseBase:
    """Look at another institution's books from now on: one of those where this person works."""
    chosen = request.POST.get("institution", "")
    for one in request.institutions:
        if str(one.id) == chosen:
            sessions.choose_institution(request.office_session, one.id)
    return HttpResponseRedirect(reverse("office:desk"), status=303)

"""Signing in: a phone number, then the code that was sent to it. Known and unknown numbers get the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web import sessions
from raseed.web.device import device_of
from raseed.web.network import client_address
from raseed.web.reader import DIGITS_COOKIE, keep_language, keep_preference
from raseed.web.rendering import render, words
from raseed.web.requests import PageRequest, find_customer

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

PENDING_COOKIE: Final = "raseed_pending"
PENDING_AGE_S: Final = 600
"""How long the number on the code page is remembered; codes themselves live shorter."""
SALT: Final = "raseed.web.pending"
CODE_TEXT_MAX: Final = 20


def home_region() -> str:
    """Return the region (ISO 3166) whose national phone numbers are typed here without a country code."""
    if settings.REGION:
        return str(settings.REGION)
    known = people.institutions()
    return known[0].default_region if known else "EG"


def next_address(request: HttpRequest, text: str) -> str:
    """Return where to go after signing in: ``text`` if it is an address of ours, else the home page."""
    ours = url_has_allowed_host_and_scheme(text, allowed_hosts=None, require_https=request.is_secure())
    return text if text.startswith("/") and ours else reverse("home")


@require_http_methods(["GET", "HEAD", "POST"])
def phone_page(request: HttpRequest) -> HttpResponseBase:
    """Ask for the phone number; send a code."""
    follow = request.POST.get("next", "") or request.GET.get("next", "")
    typed = request.POST.get("phone", "")
    if request.method != "POST":
        if find_customer(request) is not None:
            return HttpResponseRedirect(next_address(request, follow), status=303)
        ended = "ended" in request.GET or cast(PageRequest, request).session_ended
        return render(request, "web/sign_in.html", follow=follow, ended=ended, left="left" in request.GET)
    try:
        phone = people.normal_phone(typed, home_region())
        people.request_code(phone=phone, client_address=client_address(request))
    except RaseedError as error:
        return render(
            request,
            "web/sign_in.html",
            status=error_status(error),
            follow=follow,
            phone=typed,
            errors={"phone": words(request, error)},
        )
    response = HttpResponseRedirect(reverse("sign-in-code"), status=303)
    response.set_signed_cookie(
        PENDING_COOKIE,
        f"{phone} {next_address(request, follow)}",
        salt=SALT,
        max_age=PENDING_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def code_page(request: HttpRequest) -> HttpResponseBase:
    """Ask for the code; sign in."""
    pending = request.get_signed_cookie(PENDING_COOKIE, default="", salt=SALT, max_age=PENDING_AGE_S)
    phone, _, follow = (pending or "").partition(" ")
    if not phone:
        return HttpResponseRedirect(reverse("sign-in"), status=303)
    shown = {
        "phone": phone,
        "phone_text": people.phone_text(phone),
        "follow": follow,
        "phone_url": settings.PHONE_URL.replace("{number}", quote(phone)),
    }
    if request.method != "POST":
        return render(request, "web/sign_in_code.html", shown=shown)
    typed = "".join(ascii_digits(request.POST.get("code", ""))[:CODE_TEXT_MAX].split())
    try:
        done = people.sign_in_by_code(
            phone=phone, code=typed, client_address=client_address(request), device=device_of(request)
        )
    except RaseedError as error:
        return render(
            request,
            "web/sign_in_code.html",
            status=error_status(error),
            errors={"code": words(request, error)},
            shown=shown,
        )
    return welcome(request, done, HttpResponseRedirect(next_address(request, follow), status=303))


def welcome(request: HttpRequest, done: people.SignedIn, response: HttpResponseBase) -> HttpResponseBase:
    """Open the session. A language chosen on this device becomes the customer's; else the customer's is used here.

    The fresh proof that signing in gave is not kept: a session that had it would be worth stealing (ADR 0049).
    """
    customer = done.customer
    sessions.begin(request, customer.id, epoch=customer.session_epoch, now=SYSTEM_CLOCK.now())
    response.delete_cookie(PENDING_COOKIE, samesite="Lax")
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        people.set_language(customer.id, cast(PageRequest, request).reader.language)
    else:
        keep_language(response, customer.language)
    if customer.digits is not None:
        keep_preference(response, DIGITS_COOKIE, customer.digits)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session; the browser is told to forget what it keeps of our pages."""
    sessions.end(request)
    response = HttpResponseRedirect(f"{reverse('sign-in')}?left=1", status=303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response

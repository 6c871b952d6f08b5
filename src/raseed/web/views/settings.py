"""Language, digits, theme: kept on the device, and with the customer where one is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from django.http import HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.people import api as people
from raseed.platform.api import Digits
from raseed.web.reader import DIGITS_COOKIE, LANGUAGES, THEME_COOKIE, THEMES, keep_language, keep_preference
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, find_customer, signed_in

from .sign_in import next_address

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Change the language of the pages and come back to the one that was open; works before signing in too."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(next_address(request, request.POST.get("next", "")), status=303)
    if chosen in LANGUAGES:
        keep_language(response, chosen)
        customer = find_customer(request)
        if customer is not None and customer.language != chosen:
            people.set_language(customer.id, chosen)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings_page(request: CustomerRequest) -> HttpResponseBase:
    """Show and change the customer's choices."""
    if request.method != "POST":
        return render(
            request,
            "web/settings.html",
            tab="settings",
            saved="saved" in request.GET,
            themes=THEMES,
            phone_shown=people.phone_text(request.customer.phone),
        )
    chosen, theme = request.POST.get("language", ""), request.POST.get("theme", "")
    try:
        people.set_language(request.customer.id, chosen)
    except people.UnknownLanguage as error:
        return render(
            request, "web/settings.html", status=400, tab="settings", errors={"language": words(request, error)},
            themes=THEMES, phone_shown=people.phone_text(request.customer.phone),
        )  # fmt: skip
    digits = cast(Digits, request.POST["digits"]) if request.POST.get("digits") in get_args(Digits) else None
    if digits != request.customer.digits:
        people.set_digits(request.customer.id, digits)
    response = HttpResponseRedirect(f"{reverse('settings')}?saved=1", status=303)
    keep_language(response, chosen)
    keep_preference(response, DIGITS_COOKIE, digits)
    keep_preference(response, THEME_COOKIE, theme if theme in THEMES and theme != "auto" else None)
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponseBase:
    """Return the web app manifest, so that the pages can be put on a phone's home screen."""
    del request
    response = JsonResponse(
        {
            "name": gettext("Raseed"),
            "short_name": gettext("Raseed"),
            "start_url": reverse("home"),
            "display": "standalone",
            "background_color": "#f6f5f1",
            "theme_color": "#0b5a4a",
            "icons": [{"src": static("web/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
        },
        content_type="application/manifest+json",
    )
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response

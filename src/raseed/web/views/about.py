"""About me: names and numbers as they are known, what was agreed to, and the days on which money has to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.particulars import asked_of, history_of, shown_days
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

CHANNEL: Final = "web"
_VERSION_DIGITS_MAX: Final = 7


@require_safe
@signed_in
def about_page(request: CustomerRequest) -> HttpResponseBase:
    """Show what is known of the customer, to the customer."""
    customer, by, reader = request.customer, oneself(request), request.reader
    names = dict(customer.names)
    return render(
        request,
        "web/about.html",
        tab="settings",
        names=[(language, names[language]) for language in people.LANGUAGES if language in names],
        phone_shown=people.phone_text(customer.phone),
        civil_ids=people.civil_ids(customer.id, by=by),
        institutions=[people.display_name(one, reader.language) for one in people.institutions_of(customer.id)],
        asked=asked_of(customer, by, reader),
        days=shown_days(people.critical_dates(customer.id, by=by), reader, now=SYSTEM_CLOCK.now()),
        done=request.GET.get("done", ""),
        zone=zone_of(customer),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def consent_page(request: CustomerRequest, institution_id: UUID, purpose: str) -> HttpResponseBase:
    """Show a text in full with its history; agree to it, or withdraw."""
    customer, by = request.customer, oneself(request)
    asked = next(
        (
            one
            for one in asked_of(customer, by, request.reader)
            if (one.institution.id, one.text.purpose) == (institution_id, purpose)
        ),
        None,
    )
    if asked is None:
        raise people.UnknownConsentText(field="purpose")
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            done = _answered(request, institution_id, purpose)
        except RaseedError as refusal:
            error = refusal
        else:
            return HttpResponseRedirect(f"{reverse('about')}?done={done}", status=303)
    return render(
        request,
        "web/consent.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        asked=asked,
        history=history_of(asked, customer, by),
        errors={"form": words(request, error)} if error else {},
        zone=asked.institution.zone,
    )


def _answered(request: CustomerRequest, institution_id: UUID, purpose: str) -> str:
    """Write down that the customer agreed to the version that stood on the page, or withdrew; return which."""
    customer_id, by = request.customer.id, oneself(request)
    if "withdraw" in request.POST:
        people.withdraw_consent(customer_id, institution_id=institution_id, purpose=purpose, channel=CHANNEL, by=by)
        return "withdrawn"
    version = ascii_digits(request.POST.get("version", ""))
    if not (version.isdecimal() and len(version) <= _VERSION_DIGITS_MAX):
        raise InvalidId(field="version")
    people.give_consent(
        customer_id, institution_id=institution_id, purpose=purpose, version=int(version), channel=CHANNEL, by=by
    )
    return "agreed"


def oneself(request: CustomerRequest) -> people.Author:
    """Return the customer as the author of what they do and see."""
    return people.Author(f"customer:{request.customer.id}")


def zone_of(customer: people.Customer) -> str:
    """Return the zone (IANA) in which a customer lives, as far as we know: that of their first institution."""
    return next((one.zone for one in people.institutions_of(customer.id)), "UTC")

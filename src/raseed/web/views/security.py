"""What customers sign in with: passkeys, device keys, the latest sign-ins, signing out everywhere, and the phone number.

A stolen session's cookie changes nothing of it: adding asks for a fresh proof (``adding``), another phone number for a code
to each of the two numbers. Taking away, renaming and signing out everywhere need no proof: they let nobody in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.kernel.text import UnacceptableText, ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web import sessions
from raseed.web.device import device_of
from raseed.web.network import client_address
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in
from raseed.web.scripted import part, refused, sent_by_script

from .sign_in import CODE_TEXT_MAX, home_region, next_address, welcome

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

SIGN_INS_SHOWN: Final = 10
_NO_ZONE: Final = "UTC"


@require_safe
@signed_in
def security_page(request: CustomerRequest) -> HttpResponseBase:
    """Show what the customer signs in with and where they did."""
    return _page(request)


def _page(request: CustomerRequest, error: RaseedError | None = None, of: UUID | None = None) -> HttpResponseBase:
    """Show the page; ``error`` stands beside the name of ``of`` (a passkey, a device), with what was typed there."""
    customer = request.customer
    zone = next((account.zone for account in banking.accounts_of(customer.id)), _NO_ZONE)
    return render(
        request,
        "web/security.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        passkeys=people.passkeys(customer.id),
        devices=people.device_keys(customer.id),
        sign_ins=people.sign_ins(customer.id, limit=SIGN_INS_SHOWN),
        phone_shown=people.phone_text(customer.phone),
        done=request.GET.get("done", ""),
        zone=zone,
        wrong=of,
        typed=request.POST.get("name", ""),
        errors={"name": words(request, error)} if error else {},
    )


@require_POST
def passkey_sign_in_options(request: HttpRequest) -> HttpResponseBase:
    """Return what the browser signs in with."""
    try:
        return JsonResponse(people.passkey_sign_in_options(client_address=client_address(request)))
    except RaseedError as error:
        return refused(request, error)


@require_POST
def passkey_signed_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in whoever's passkey answered."""
    try:
        sent = sent_by_script(request)
        done = people.passkey_sign_in(
            part(sent, "response"), client_address=client_address(request), device=device_of(request)
        )
    except RaseedError as error:
        return refused(request, error)
    return welcome(request, done, JsonResponse({"next": next_address(request, str(sent.get("next", "")))}))


@require_POST
@signed_in
def passkey_changed(request: CustomerRequest, passkey_id: UUID) -> HttpResponseBase:
    """Rename a passkey, or remove it."""
    if "remove" in request.POST:
        people.revoke_passkey(request.customer.id, passkey_id, by=_author(request))
        return HttpResponseRedirect(f"{reverse('security')}?done=removed", status=303)
    try:
        people.rename_passkey(request.customer.id, passkey_id, name=request.POST.get("name", ""))
    except UnacceptableText as error:
        return _page(request, error, passkey_id)
    return HttpResponseRedirect(f"{reverse('security')}?done=renamed", status=303)


@require_POST
@signed_in
def device_changed(request: CustomerRequest, key_id: UUID) -> HttpResponseBase:
    """Rename a device, or remove it: nothing that it signs counts from then on."""
    if "remove" in request.POST:
        people.revoke_device_key(request.customer.id, key_id, by=_author(request))
        return HttpResponseRedirect(f"{reverse('security')}?done=removed", status=303)
    try:
        people.rename_device_key(request.customer.id, key_id, name=request.POST.get("name", ""))
    except UnacceptableText as error:
        return _page(request, error, key_id)
    return HttpResponseRedirect(f"{reverse('security')}?done=renamed", status=303)


@require_POST
@signed_in
def signed_out_everywhere(request: CustomerRequest) -> HttpResponseBase:
    """End every session of the customer, this one too."""
    people.sign_out_everywhere(request.customer.id, by=_author(request))
    sessions.end(request)
    return HttpResponseRedirect(f"{reverse('sign-in')}?left=1", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def phone_page(request: CustomerRequest) -> HttpResponseBase:
    """Ask for the new number, then for the codes that went to the old number and to the new."""
    typed = {name: request.POST.get(name, "") for name in ("id", "change", "phone", "old_code", "new_code")}
    error: RaseedError | None = None
    change = typed["change"]
    if request.method == "POST":
        try:
            if not change:
                asked = people.request_phone_change(
                    request.customer.id,
                    id=parse_id(typed["id"]),
                    new_phone=typed["phone"],
                    region=home_region(),
                    client_address=client_address(request),
                )
                change, typed["phone"] = str(asked.id), asked.new_phone
            else:
                return _number_changed(request, typed)
        except RaseedError as refusal:
            error = refusal
    return render(
        request,
        "web/phone.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        id=typed["id"] or str(new_id()),
        change=change,
        phone=typed["phone"],
        phone_shown=people.phone_text(request.customer.phone),
        errors={_phone_field(error, change): words(request, error)} if error else {},
    )


def _number_changed(request: CustomerRequest, typed: dict[str, str]) -> HttpResponseBase:
    """Make the change and go on in a session of its own: every earlier one has ended."""
    changed = people.confirm_phone_change(
        request.customer.id,
        parse_id(typed["change"]),
        old_code=_code(typed["old_code"]),
        new_code=_code(typed["new_code"]),
        client_address=client_address(request),
    )
    sessions.begin(request, changed.id, epoch=changed.session_epoch, now=SYSTEM_CLOCK.now())
    return HttpResponseRedirect(f"{reverse('security')}?done=phone", status=303)


def _phone_field(error: RaseedError, change: str) -> str:
    if not change:
        return "phone"
    return "new_code" if error.field == "new_code" else "old_code"


def _code(typed: str) -> str:
    return "".join(ascii_digits(typed)[:CODE_TEXT_MAX].split())


def _author(request: CustomerRequest) -> people.Author:
    return people.Author(f"customer:{request.customer.id}")

"""What customers sign in with: passkeys, device keys, the latest sign-ins, signing out everywhere, and the phone number.

Whatever changes how one signs in asks for a fresh proof (a code or a passkey, minutes old), so that a stolen session
cookie alone changes nothing; ``people`` holds that, this only fetches the proof.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from django.http import HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import new_id, parse_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web import sessions
from raseed.web.device import device_of
from raseed.web.network import client_address
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, PageRequest, signed_in

from .sign_in import CODE_TEXT_MAX, home_region, next_address, welcome

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

ANSWER_BYTES_MAX: Final = 32_768
SIGN_INS_SHOWN: Final = 10
_NO_ZONE: Final = "UTC"


class UnreadableAnswer(InputError):
    """What the browser's script sent is not what it should be."""

    code = "unreadable_answer"
    sentence = mark("Your browser's answer can't be read.")
    hint = mark("Load the page again and try once more.")


@require_safe
@signed_in
def security_page(request: CustomerRequest) -> HttpResponseBase:
    """Show what the customer signs in with and where they did."""
    customer = request.customer
    zone = next((account.zone for account in banking.accounts_of(customer.id)), _NO_ZONE)
    return render(
        request,
        "web/security.html",
        tab="settings",
        passkeys=people.passkeys(customer.id),
        devices=people.device_keys(customer.id),
        sign_ins=people.sign_ins(customer.id, limit=SIGN_INS_SHOWN),
        phone_shown=people.phone_text(customer.phone),
        new_passkey_id=str(new_id()),
        done=request.GET.get("done", ""),
        zone=zone,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def prove_page(request: CustomerRequest) -> HttpResponseBase:
    """Ask for a code before something weighty: first send it, then take it."""
    follow = next_address(request, request.POST.get("next", "") or request.GET.get("next", ""))
    sent = "code" in request.POST
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            if not sent:
                people.request_proof_code(request.customer.id, client_address=client_address(request))
                sent = True
            else:
                typed = _code(request.POST.get("code", ""))
                proof = people.prove_by_code(request.customer.id, code=typed, client_address=client_address(request))
                sessions.keep_proof(request, proof.token)
                return HttpResponseRedirect(follow, status=303)
        except RaseedError as refusal:
            error = refusal
    return render(
        request,
        "web/prove.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        sent=sent,
        follow=follow,
        phone_shown=people.phone_text(request.customer.phone),
        errors={"code": words(request, error)} if error else {},
    )


@require_POST
@signed_in
def passkey_options(request: CustomerRequest) -> HttpResponseBase:
    """Return what the browser makes a passkey from."""
    try:
        options = people.passkey_registration_options(request.customer.id, proof=sessions.kept_proof(request))
    except RaseedError as error:
        return _refused(request, error)
    return JsonResponse(options)


@require_POST
@signed_in
def passkey_added(request: CustomerRequest) -> HttpResponseBase:
    """Keep the passkey that the browser made."""
    try:
        sent = _answer(request)
        people.register_passkey(
            request.customer.id,
            id=parse_id(sent.get("id")),
            response=_part(sent, "response"),
            name=device_of(request) or "Passkey",
            proof=sessions.kept_proof(request),
        )
    except RaseedError as error:
        return _refused(request, error)
    return JsonResponse({"next": f"{reverse('security')}?done=added"})


@require_POST
def passkey_sign_in_options(request: HttpRequest) -> HttpResponseBase:
    """Return what the browser signs in with."""
    try:
        return JsonResponse(people.passkey_sign_in_options(client_address=client_address(request)))
    except RaseedError as error:
        return _refused(request, error)


@require_POST
def passkey_signed_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in whoever's passkey answered."""
    try:
        sent = _answer(request)
        done = people.passkey_sign_in(
            _part(sent, "response"), client_address=client_address(request), device=device_of(request)
        )
    except RaseedError as error:
        return _refused(request, error)
    return welcome(request, done, JsonResponse({"next": next_address(request, str(sent.get("next", "")))}))


@require_POST
@signed_in
def passkey_changed(request: CustomerRequest, passkey_id: UUID) -> HttpResponseBase:
    """Rename a passkey, or remove it."""
    if "remove" in request.POST:
        people.revoke_passkey(request.customer.id, passkey_id, by=_author(request))
        return HttpResponseRedirect(f"{reverse('security')}?done=removed", status=303)
    people.rename_passkey(request.customer.id, passkey_id, name=request.POST.get("name", ""))
    return HttpResponseRedirect(f"{reverse('security')}?done=renamed", status=303)


@require_POST
@signed_in
def device_removed(request: CustomerRequest, key_id: UUID) -> HttpResponseBase:
    """Remove a device key."""
    people.revoke_device_key(request.customer.id, key_id, by=_author(request))
    return HttpResponseRedirect(f"{reverse('security')}?done=removed", status=303)


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


def _answer(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that the script sent.

    Raises:
        UnreadableAnswer: it is none.
    """
    body = request.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise UnreadableAnswer
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableAnswer from None
    if not isinstance(sent, dict):
        raise UnreadableAnswer
    return sent


def _part(sent: dict[str, Any], name: str) -> dict[str, Any]:
    part = sent.get(name)
    if not isinstance(part, dict):
        raise UnreadableAnswer(field=name)
    return cast("dict[str, Any]", part)


def _refused(request: HttpRequest, error: RaseedError) -> HttpResponseBase:
    """Tell the script what to say; where a fresh proof is missing, where to give it."""
    told = words(cast(PageRequest, request), error)
    body: dict[str, object] = {"message": f"{told.message} {told.hint}".strip()}
    if isinstance(error, people.ProofNeeded):
        body["next"] = f"{reverse('prove')}?{urlencode({'next': reverse('security')})}"
    return JsonResponse(body, status=platform.error_status(error))

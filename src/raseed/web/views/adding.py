"""Adding what customers sign in and sign with: a passkey, or this browser's own key. Each asks for a fresh proof first.

The proof (a code to the phone, or a passkey) is given on the page that needs it, and its token stands in that page's form
and nowhere else: not in the session, not in a cookie, not in an address. So whoever has stolen a session's cookie, even
seconds after its owner signed in, adds nothing with it (ADR 0049).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.device import device_of
from raseed.web.network import client_address
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in
from raseed.web.scripted import UnreadableAnswer, part, refused, sent_by_script, text

from .sign_in import CODE_TEXT_MAX

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PASSKEY: Final = "passkey"
DEVICE: Final = "device"
_PAGES: Final = {PASSKEY: "web/add_passkey.html", DEVICE: "web/add_device.html"}
_KEY_TEXT_MAX: Final = 400
"""Characters of a public key or a signature, in base64url, that are looked at."""
_TOKEN_MAX: Final = 100


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add_page(request: CustomerRequest, what: str) -> HttpResponseBase:
    """Ask for a proof: send a code, take it. Then show the form that adds, with the proof in it."""
    if what not in _PAGES:
        raise Http404
    asked = "code" in request.POST
    error: RaseedError | None = None
    if request.method == "POST":
        proof = request.POST.get("proof", "")[:_TOKEN_MAX]
        try:
            if asked and not proof:
                proof = _proven(request)
            elif not proof:
                people.request_proof_code(request.customer.id, client_address=client_address(request))
                asked = True
        except RaseedError as refusal:
            error = refusal
        if proof:
            return _form(request, what, proof)
    return render(
        request,
        "web/prove.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        what=what,
        asked=asked,
        by_passkey=bool(people.passkeys(request.customer.id)),
        phone_shown=people.phone_text(request.customer.phone),
        errors={"code": words(request, error)} if error else {},
    )


def _proven(request: CustomerRequest) -> str:
    """Return the token of the proof that the entered code gives."""
    code = "".join(ascii_digits(request.POST.get("code", ""))[:CODE_TEXT_MAX].split())
    return people.prove_by_code(request.customer.id, code=code, client_address=client_address(request)).token


def _form(request: CustomerRequest, what: str, proof: str) -> HttpResponseBase:
    """Show the form that adds; its id is made with it, so adding it twice adds it once."""
    name = device_of(request) or (gettext("Passkey") if what == PASSKEY else gettext("Browser"))
    return render(request, _PAGES[what], tab="settings", proof=proof, id=str(new_id()), name=name)


@require_POST
@signed_in
def proof_options(request: CustomerRequest) -> HttpResponseBase:
    """Return what the browser proves with, by a passkey that the customer has."""
    try:
        return JsonResponse(people.passkey_proof_options(request.customer.id))
    except RaseedError as error:
        return refused(request, error)


@require_POST
@signed_in
def proven_by_passkey(request: CustomerRequest) -> HttpResponseBase:
    """Return the token of the proof that a passkey gave, to the page whose script asked; it is kept nowhere else."""
    try:
        proof = people.prove_by_passkey(request.customer.id, response=part(sent_by_script(request), "response"))
    except RaseedError as error:
        return refused(request, error)
    return JsonResponse({"proof": proof.token})


@require_POST
@signed_in
def passkey_options(request: CustomerRequest) -> HttpResponseBase:
    """Return what the browser makes a passkey from."""
    try:
        proof = text(sent_by_script(request), "proof")
        return JsonResponse(people.passkey_registration_options(request.customer.id, proof=proof))
    except RaseedError as error:
        return _refused(request, error, PASSKEY)


@require_POST
@signed_in
def passkey_added(request: CustomerRequest) -> HttpResponseBase:
    """Keep the passkey that the browser made."""
    try:
        sent = sent_by_script(request)
        people.register_passkey(
            request.customer.id,
            id=parse_id(sent.get("id")),
            response=part(sent, "response"),
            name=text(sent, "name"),
            proof=text(sent, "proof"),
        )
    except RaseedError as error:
        return _refused(request, error, PASSKEY)
    return JsonResponse({"next": f"{reverse('security')}?done=added"})


@require_POST
@signed_in
def device_added(request: CustomerRequest) -> HttpResponseBase:
    """Keep the public half of the key that the browser made, which it has signed itself."""
    try:
        sent = sent_by_script(request)
        people.enrol_device_key(
            request.customer.id,
            id=parse_id(sent.get("id")),
            name=text(sent, "name"),
            public_key=_bytes(sent, "public_key"),
            signature=_bytes(sent, "signature"),
            proof=text(sent, "proof"),
        )
    except RaseedError as error:
        return _refused(request, error, DEVICE)
    return JsonResponse({"next": f"{reverse('security')}?done=device"})


def _bytes(sent: dict[str, Any], name: str) -> bytes:
    """Return bytes that the script wrote in base64url.

    Raises:
        UnreadableAnswer: they are not.
    """
    written = text(sent, name)[:_KEY_TEXT_MAX]
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise UnreadableAnswer(field=name) from None


def _refused(request: CustomerRequest, error: RaseedError, what: str) -> HttpResponseBase:
    """Tell the script what to say; where the proof is no longer good, where to give another."""
    return refused(request, error, instead=reverse("add", args=[what]) if isinstance(error, people.ProofNeeded) else "")

"""Proofs of balances: what a page's script checks, one's own certificates, the public keys, and how to check without us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.web.accounts import accounts_of, shown
from raseed.web.proofs import device_words, told
from raseed.web.rendering import render
from raseed.web.requests import CustomerRequest, find_customer, signed_in

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from raseed.web.requests import PageRequest

ACCOUNTS_MAX: Final = 64
"""Accounts that are told of in one answer."""
KEYS_MAX_AGE_S: Final = 300


def _ids(sent: list[str]) -> frozenset[UUID]:
    """Return the ids among what was sent; anything else is none of this customer's accounts either."""
    found = set()
    for text in sent[:ACCOUNTS_MAX]:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return frozenset(found)


@require_safe
def balances(request: PageRequest) -> HttpResponseBase:
    """Tell a page's script of the customer's own accounts (``account=``; none: all), those in ``hero=`` to be drawn large.

    A page that asks by itself does not keep its session alive.
    """
    customer = find_customer(request, used=False)
    if customer is None:
        return JsonResponse({}, status=401)
    wanted, pointer = (
        _ids(request.GET.getlist("account")),
        display.pointer(),
    )  # before the balances: never ahead of them
    mine = [one for one in accounts_of(customer, request.reader) if not wanted or one.id in wanted][:ACCOUNTS_MAX]
    answer = {
        "now": int(SYSTEM_CLOCK.now().timestamp() * 1000),
        "fresh": display.FRESH_SECONDS_MAX * 1000,
        "epoch": pointer.epoch if pointer else 0,
        "keys": display.public_keys(),
        "words": device_words(),
        "accounts": told(mine, _ids(request.GET.getlist("hero")), request.reader),
    }
    return JsonResponse(answer)


@require_safe
@signed_in
def proof_page(request: CustomerRequest) -> HttpResponseBase:
    """Explain what a proof is, with the customer's own certificates, the keys, and how to check them without us."""
    accounts = accounts_of(request.customer, request.reader)
    certified = display.certificates_of([one.id for one in accounts])
    return render(
        request,
        "web/proof.html",
        tab="home",
        accounts=[(one, one.id in certified) for one in accounts if one.balance],
        keys=display.public_keys(),
    )


@require_safe
@signed_in
def certificate(request: CustomerRequest, account_id: UUID) -> HttpResponseBase:
    """Send the certificate of one of the customer's accounts, as a file to keep and to check anywhere.

    Raises:
        AccountUnknown: it is not the customer's. NoCertificate: there is none at present.
    """
    one = shown(accounts_of(request.customer, request.reader), account_id)
    found = display.certificates_of([one.id]).get(one.id)
    if found is None:
        raise display.NoCertificate
    response = HttpResponse(found.to_json(), content_type="application/json")
    name = f"balance-{account_id.hex[-10:]}-{found.as_of:%Y%m%dT%H%M%SZ}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _public(content: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def keys(request: HttpRequest) -> HttpResponseBase:
    """Publish the keys that sign the roots, one a line."""
    del request
    return _public("".join(f"{line}\n" for line in display.public_keys()), "text/plain")


@require_safe
def verifier(request: HttpRequest) -> HttpResponseBase:
    """Hand out the program that checks certificates alone."""
    del request
    return _public(display.VERIFIER.read_text(encoding="utf-8"), "text/x-python")

"""The keys that receipts are signed with, and renewing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError, mark
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, act_page
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PERMISSION: Final = "bills.receipts.keys"
ACTS: Final = {
    "renew": Act(
        mark("Renew the key"),
        mark("Receipts are signed with a fresh key from now on. What the one before has signed stays genuine."),
        mark("Renew it"),
    ),
    "revoke": Act(
        mark("Revoke the key"),
        mark(
            "For a key that somebody else may have had. Receipts are signed with a fresh one from now on, and strangers who "
            "check alone learn that the signature of the one before proves nothing. Our page goes on telling from the books."
        ),
        mark("Revoke it"),
        danger=True,
    ),
}


@require_safe
@staff_only(PERMISSION)
def key_list(request: StaffRequest) -> HttpResponseBase:
    """List the keys that this institution's receipts were ever signed with."""
    request.rights.require(PERMISSION)
    return render(
        request,
        "office/receipt_keys.html",
        tab="receipt-keys",
        keys=bills.receipt_keys([request.institution.id]),
        verbs=[(name, gettext(act.title)) for name, act in ACTS.items()],
        done=request.GET.get("done", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION, weighty=True)
def renew(request: StaffRequest, verb: str) -> HttpResponseBase:
    """Ask for the reason of renewing or revoking the key, and do it."""
    act = ACTS.get(verb)
    if act is None:
        raise Http404
    request.rights.require(PERMISSION)
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            bills.renew_receipt_key(request.institution.id, by=request.author, reason=reason, revoke=verb == "revoke")
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:receipt-keys") + "?done=1", status=303)
    return act_page(
        request,
        Act(gettext(act.title), gettext(act.what), gettext(act.button), danger=act.danger),
        back=reverse("office:receipt-keys"),
        subject=people.display_name(request.institution, request.reader.language),
        tab="receipt-keys",
        reason=reason,
        error=error,
    )

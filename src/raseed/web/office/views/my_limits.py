"""What one may grant oneself: one's limits, what of today's is used, and the customers to whom one is tied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from raseed.care.api import authority
from raseed.kernel.errors import RaseedError
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.limits import my_limits
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .ties import FIELDS, declare, kinds_of_ties, shown_ties

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


def _page(request: StaffRequest, error: RaseedError | None = None) -> HttpResponseBase:
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in FIELDS}
    shown, without = my_limits(request)
    own = authority.ties(request.institution.id, by=request.author, staff_id=request.staff.id)
    return render(
        request,
        "office/my_limits.html",
        status=status_of(error),
        tab="me",
        limits=shown,
        without=without,
        ties=shown_ties(request, own),
        kinds=kinds_of_ties(),
        entered=entered,
        reason=entered["reason"],
        made_id=form_id(request),
        errors=said(request, error, FIELDS),
    )


@require_safe
@staff_only()
def mine(request: StaffRequest) -> HttpResponseBase:
    """Show what the reader may grant."""
    return _page(request)


@require_POST
@staff_only()
def own_tie(request: StaffRequest) -> HttpResponseBase:
    """Say of oneself that one is, or is close to, a customer."""
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in FIELDS}
    try:
        declare(request, form_id(request), request.staff.id, entered)
    except RaseedError as refused:
        return _page(request, refused)
    return HttpResponseRedirect(reverse("office:my-limits"), status=303)

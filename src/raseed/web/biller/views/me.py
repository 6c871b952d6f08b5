"""One's own way in: who one is here, what is delegated, and being signed out everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from raseed.people import api as people
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only
from raseed.web.office import sessions as office

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


@require_safe
@clerk_only()
def me(request: ClerkRequest) -> HttpResponseBase:
    """Show who one is here, and what one may refund."""
    return render(
        request,
        "me.html",
        tab="me",
        login=request.staff.login,
        codes_left=people.recovery_codes_left(request.staff.id),
    )


@require_POST
@clerk_only()
def end_sessions(request: ClerkRequest) -> HttpResponseBase:
    """Sign out everywhere, here too."""
    people.end_staff_sessions(request.staff.id)
    office.end(request, request.biller_session)
    return HttpResponseRedirect(f"{reverse('portal:sign-in')}?left=1", status=303)

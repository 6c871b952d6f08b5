"""The desk: the search, and what waits for this person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.people import api as people
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.search import TYPED_MAX, Found, find

from .changes import may_see, shown_changes

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

WAITING_MAX: Final = 8
TYPED: Final = "typed"
"""Under which name the session keeps what was looked for last."""


def may_search(request: StaffRequest) -> bool:
    """Say whether there is anything that this person may look for here."""
    return request.rights.may("people.customers.view") or request.rights.may("banking.accounts.view")


@require_safe
@staff_only()
def desk(request: StaffRequest) -> HttpResponseBase:
    """Show the search and the changes that wait here."""
    waiting = people.changes(institution_id=request.institution.id, state=people.ChangeState.OPEN, limit=50)
    mine = shown_changes([one for one in waiting.changes if may_see(one, request)], request)
    return render(
        request,
        "office/desk.html",
        tab="desk",
        may_search=may_search(request),
        typed="",
        found=Found(),
        for_me=[one for one in mine if not one.mine and _may_confirm(one.change, request)][:WAITING_MAX],
        my_own=[one for one in mine if one.mine][:WAITING_MAX],
    )


def _may_confirm(change: people.Change, request: StaffRequest) -> bool:
    code = people.change_kind(change.kind).confirm_permission
    return request.rights.may(code, change.institution_id) and change.subject != request.author.person


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only()
def search(request: StaffRequest) -> HttpResponseBase:
    """Show what fits what was typed; a request by htmx gets only the results.

    What was typed is somebody's name or number: it is kept in the session, not in the address, which ends up in logs.
    """
    if not may_search(request):
        raise people.NotPermitted(permission="people.customers.view")
    session = request.office_session
    if request.method == "POST":
        session[TYPED] = request.POST.get("q", "")[:TYPED_MAX]
        if not request.htmx:
            return HttpResponseRedirect(reverse("office:search"), status=303)
    typed = session.get(TYPED, "")
    return render(
        request,
        "office/parts/hits.html" if request.htmx else "office/search.html",
        tab="search",
        typed=typed,
        found=find(typed, request),
        looked=bool(typed.strip()),
    )

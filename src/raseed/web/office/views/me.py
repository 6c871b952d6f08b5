"""One's own way in: recovery codes, password, being signed out everywhere. Each asks for the second factor once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.kernel.errors import RaseedError
from raseed.people import api as people
from raseed.web.network import client_address
from raseed.web.office import sessions
from raseed.web.office.forms import said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.rendering import words

from .invitation import PasswordsDiffer
from .sign_in import CODE_MAX, PASSWORD_MAX

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase


def _page(request: StaffRequest, error: RaseedError | None = None) -> HttpResponse:
    language = request.reader.language
    return render(
        request,
        "office/me.html",
        status=status_of(error),
        tab="me",
        login=request.staff.login,
        codes_left=people.recovery_codes_left(request.staff.id),
        roles=[
            (people.display_name(house, language), [name_in(one.names, language) for one in people.roles(house.id)
             if (house.id, one.id) in request.staff.grants])
            for house in request.institutions
        ],
        may_ask=request.rights.may("care.authority.ask"),
        errors=said(request, error, ("code",)),
    )  # fmt: skip


@require_safe
@staff_only()
def me(request: StaffRequest) -> HttpResponseBase:
    """Show who one is here, and what one may do to one's own way in."""
    return _page(request)


@require_POST
@staff_only()
def recovery_codes(request: StaffRequest) -> HttpResponseBase:
    """Make new recovery codes and show them, this once."""
    try:
        codes = people.renew_recovery_codes(
            request.staff.id, code=request.POST.get("code", "")[:CODE_MAX], client_address=client_address(request)
        )
    except RaseedError as error:
        return _page(request, error)
    return render(request, "office/recovery_codes.html", codes=codes, again=True)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only()
def password(request: StaffRequest) -> HttpResponseBase:
    """Change one's password; all sessions end, and one signs in again."""
    errors: dict[str, object] = {}
    error: RaseedError | None = None
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:PASSWORD_MAX] for name in ("password", "new", "again")}
        try:
            if entered["new"] != entered["again"]:
                raise PasswordsDiffer(field="again")
            people.change_staff_password(
                request.staff.id,
                password=entered["password"],
                new_password=entered["new"],
                code=request.POST.get("code", "")[:CODE_MAX],
                client_address=client_address(request),
            )
        except RaseedError as refused:
            error = refused
            beside: dict[type[RaseedError], str] = {
                people.WrongLogin: "password",
                people.WeakPassword: "new",
                people.WrongSecondFactor: "code",
            }
            errors = {beside.get(type(error), "again" if error.field == "again" else "form"): words(request, error)}
        else:
            sessions.end(request, request.office_session)
            return HttpResponseRedirect(f"{reverse('office:sign-in')}?left=1", status=303)
    return render(
        request, "office/me_password.html", status=status_of(error), tab="me", login=request.staff.login, errors=errors
    )


@require_POST
@staff_only()
def end_sessions(request: StaffRequest) -> HttpResponseBase:
    """Sign out everywhere, here too."""
    people.end_staff_sessions(request.staff.id)
    sessions.end(request, request.office_session)
    return HttpResponseRedirect(f"{reverse('office:sign-in')}?left=1", status=303)

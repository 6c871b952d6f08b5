"""An invitation: set a password, put a secret into an authenticator app, prove it, and keep the recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core import signing
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.people import api as people
from raseed.web.network import client_address
from raseed.web.office import sessions
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import OfficeRequest, in_office
from raseed.web.rendering import words

from .sign_in import CODE_MAX, PASSWORD_MAX

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

COOKIE: Final = "office_invitation"
SALT: Final = "raseed.office.invitation"
SECRET_SALT: Final = "raseed.office.enrolment"  # noqa: S105  (a name, no secret)
AGE_S: Final = 3600


class PasswordsDiffer(InputError):
    """The password was not typed the same way twice."""

    code = "passwords_differ"
    sentence = mark("The two passwords are not the same.")
    hint = mark("Type it again, both times.")


@require_safe
@in_office
def arrive(request: OfficeRequest, token: str) -> HttpResponseBase:
    """Take the token out of the address, where it would stay in the browser's history, and go on."""
    del request
    response = HttpResponseRedirect(reverse("office:invitation"), status=303)
    response.set_signed_cookie(
        COOKIE, token, salt=SALT, max_age=AGE_S, path=sessions.PATH, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return response


def _token(request: OfficeRequest) -> str:
    token = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=AGE_S)
    if not token:
        raise people.InvitationInvalid
    return token


@require_http_methods(["GET", "HEAD", "POST"])
@in_office
def password_page(request: OfficeRequest) -> HttpResponseBase:
    """Greet who was invited and take a password; then show the secret for their app."""
    token = _token(request)
    invited = people.invited(token)
    error: RaseedError | None = None
    if request.method == "POST":
        password = request.POST.get("password", "")[:PASSWORD_MAX]
        try:
            if password != request.POST.get("again", "")[:PASSWORD_MAX]:
                raise PasswordsDiffer(field="again")
            enrolment = people.begin_enrolment(token=token, password=password, client_address=client_address(request))
        except people.InvitationInvalid:
            raise
        except RaseedError as refused:
            error = refused
        else:
            return _secret_page(request, enrolment.otpauth_uri, enrolment.secret_text)
    beside = error.field if error is not None and error.field in ("password", "again") else "form"
    return render(
        request,
        "office/invitation.html",
        status=400 if error else 200,
        login=invited.login,
        name=name_in(invited.names, request.reader.language),
        errors={beside: words(request, error)} if error else {},
    )


def _secret_page(
    request: OfficeRequest, otpauth_uri: str, secret_text: str, error: RaseedError | None = None
) -> HttpResponse:
    return render(
        request,
        "office/invitation_app.html",
        status=400 if error else 200,
        otpauth_uri=otpauth_uri,
        secret_text=secret_text,
        carried=signing.dumps([otpauth_uri, secret_text], salt=SECRET_SALT),
        errors={"code": words(request, error)} if error else {},
    )


@require_POST
@in_office
def prove(request: OfficeRequest) -> HttpResponseBase:
    """Take the first code of the app; then show the recovery codes, this once."""
    token = _token(request)
    try:
        otpauth_uri, secret_text = signing.loads(request.POST.get("carried", ""), salt=SECRET_SALT, max_age=AGE_S)
    except signing.BadSignature:
        return HttpResponseRedirect(reverse("office:invitation"), status=303)
    try:
        enrolled = people.finish_enrolment(
            token=token, code=request.POST.get("code", "")[:CODE_MAX], client_address=client_address(request)
        )
    except people.InvitationInvalid:
        raise
    except RaseedError as error:
        return _secret_page(request, otpauth_uri, secret_text, error)
    response = render(request, "office/recovery_codes.html", codes=enrolled.recovery_codes)
    response.delete_cookie(COOKIE, path=sessions.PATH, samesite="Lax")
    return response

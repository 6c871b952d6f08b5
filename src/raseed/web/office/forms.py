"""Forms of the back office: what was entered stays, and each refusal is said beside its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.platform.api import ErrorText, error_status
from raseed.web.rendering import words

from .rendering import render

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from django.http import HttpResponse

    from raseed.kernel.errors import RaseedError

    from .requests import StaffRequest

FORM: Final = "form"
"""Where an error is said that belongs to no field: above them all."""
ENTERED_MAX: Final = 1_000
"""Characters of one entered value that are looked at."""


def said(request: StaffRequest, error: RaseedError | None, fields: Collection[str]) -> Mapping[str, ErrorText]:
    """Return an error in words, by the field of the form that it is to stand beside."""
    if error is None:
        return {}
    field = error.field or FORM
    return {field if field in fields else FORM: words(request, error)}


def status_of(error: RaseedError | None) -> int:
    """Return the status of a form's page."""
    return 200 if error is None else error_status(error)


def form_id(request: StaffRequest) -> UUID:
    """Return the id that was made with the form; a new one where the form is shown first, or was tampered with."""
    try:
        return parse_id(request.POST.get("id", ""))
    except InvalidId:
        return new_id()


@dataclass(frozen=True, slots=True)
class Act:
    """A deed that asks for its reason: what it is called, what will be so afterwards, and the word on its button."""

    title: str
    what: str
    button: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to be chosen with a deed, beside its reason: (value, words) each, and which one was."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str = ""


def act_page(
    request: StaffRequest,
    act: Act,
    *,
    back: str,
    subject: str,
    tab: str,
    reason: str = "",
    choice: Choice | None = None,
    made_id: UUID | None = None,
    error: RaseedError | None = None,
) -> HttpResponse:
    """Return the page that asks for the reason of a deed, and carries it out when posted to itself.

    ``made_id`` travels with the form, where the deed makes something: sent twice, it is made once.
    """
    errors = said(request, error, ("reason", choice.name) if choice else ("reason",))
    return render(
        request,
        "office/act.html",
        status=status_of(error),
        tab=tab,
        act=act,
        back=back,
        subject=subject,
        reason=reason,
        choice=choice,
        made_id=made_id,
        choice_error=errors.get(choice.name) if choice else None,
        errors=errors,
    )

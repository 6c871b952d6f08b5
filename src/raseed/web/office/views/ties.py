"""Ties: which staff are, or are close to, which customers, and who approved whose requests of late. Neither decides then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care.api import authority
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import parse_id
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.naming import Named, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .authority import TIES, VIEW, holders, require_any, sections

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

FIELDS: Final = ("staff", "phone", "kind", "reason")


class NobodyByNumber(InputError):
    """The phone number entered is nobody's here."""

    code = "nobody_by_number"
    sentence = mark("No customer of this institution has this phone number.")
    hint = mark("Enter the number that the customer has now.")


@dataclass(frozen=True, slots=True)
class ShownTie:
    """A tie in words."""

    tie: authority.Tie
    staff: Named
    customer: Named
    kind: str
    may_end: bool


def shown_ties(request: StaffRequest, found: list[authority.Tie]) -> list[ShownTie]:
    """Return ties in words, each with whether the reader may end it."""
    named = names_of(
        {ref for each in found for ref in (f"staff:{each.staff_id}", f"customer:{each.customer_id}")}, request
    )
    may = request.rights.may(TIES)
    return [
        ShownTie(
            each,
            named[f"staff:{each.staff_id}"],
            named[f"customer:{each.customer_id}"],
            gettext(authority.TIE_WORDS[each.kind]),
            may and each.staff_id != request.staff.id,
        )
        for each in found
    ]


@require_safe
@staff_only()
def tie_list(request: StaffRequest) -> HttpResponseBase:
    """List who may not decide for whom: those close to a customer, and those who have approved for one another."""
    require_any(request, TIES, VIEW)
    here, by = request.institution.id, request.author
    may = request.rights.may(TIES)
    circles = authority.circles(here, by=by)
    named = names_of({f"staff:{id_}" for each in circles for id_ in (each.barred, each.asker)}, request)
    return render(
        request,
        "office/ties.html",
        tab="authority",
        may_ties=may,
        ties=shown_ties(request, authority.ties(here, by=by)) if may else [],
        circles=[(named[f"staff:{each.barred}"], named[f"staff:{each.asker}"], each) for each in circles],
        sections=sections(request),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(TIES)
def new_tie(request: StaffRequest) -> HttpResponseBase:
    """Say that a colleague is, or is close to, a customer."""
    request.rights.require(TIES)
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in FIELDS}
    made_id, error = form_id(request), None
    _, (_, staff) = holders(request)
    if request.method == "POST":
        try:
            declare(request, made_id, _colleague(entered["staff"], {value for value, _ in staff}), entered)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:ties"), status=303)
    return render(
        request,
        "office/tie_form.html",
        status=status_of(error),
        tab="authority",
        staff_choices=staff,
        kinds=kinds_of_ties(),
        entered=entered,
        reason=entered["reason"],
        made_id=made_id,
        errors=said(request, error, FIELDS),
    )


def kinds_of_ties() -> list[tuple[str, str]]:
    """Return what a member of staff may be to a customer: (value, words) each."""
    return [(kind.value, gettext(words)) for kind, words in authority.TIE_WORDS.items()]


def _colleague(text: str, known: set[str]) -> UUID:
    """Return who was chosen, of those that may be."""
    if text not in known:
        raise people.UnknownStaff(field="staff")
    return parse_id(text.partition(":")[2])


def declare(request: StaffRequest, tie_id: UUID, staff_id: UUID, entered: dict[str, str]) -> None:
    """Keep what was entered of a tie.

    Raises:
        NobodyByNumber, InputError, and what ``declare_tie`` refuses.
    """
    try:
        kind = authority.TieKind(entered["kind"])
    except ValueError:
        raise InputError(field="kind") from None
    authority.declare_tie(
        id=tie_id,
        institution_id=request.institution.id,
        staff_id=staff_id,
        customer_id=_customer(request, entered["phone"]),
        kind=kind,
        reason=entered["reason"],
        by=request.author,
    )


def _customer(request: StaffRequest, phone: str) -> UUID:
    """Return whose number was entered, a customer here."""
    try:
        found = people.customer_by_phone(people.normal_phone(phone, request.institution.default_region)).id
    except RaseedError:
        raise NobodyByNumber(field="phone") from None
    if request.institution.id not in {each.id for each in people.institutions_of(found)}:
        raise NobodyByNumber(field="phone")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(TIES)
def end_tie(request: StaffRequest, tie_id: UUID) -> HttpResponseBase:
    """Ask why a tie is no more, and end it."""
    request.rights.require(TIES)
    found = next(
        (each for each in authority.ties(request.institution.id, by=request.author) if each.id == tie_id), None
    )
    if found is None:
        raise authority.UnknownTie(field="tie_id")
    reason, error = request.POST.get("reason", "")[:ENTERED_MAX], None
    if request.method == "POST":
        try:
            authority.end_tie(tie_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:ties"), status=303)
    (shown,) = shown_ties(request, [found])
    act = Act(
        gettext("End the tie"),
        gettext("From now on this colleague may grant and decide for the customer again."),
        gettext("End it"),
        danger=True,
    )
    subject = f"{shown.staff.words} · {shown.customer.words}"
    return act_page(
        request, act, back=reverse("office:ties"), subject=subject, tab="authority", reason=reason, error=error
    )

"""What about a person needs a reason: seeing what is sensitive, and changing what is known of them.

Each is asked for with its reason, which goes into the audit trail with who and when; what is seen is shown once, on the
answer, and not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page, form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.sensitive import Shown, critical_date_lines, vulnerability_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from .person import Seen

VIEW: Final = "people.customers.view"
CIVIL_IDS: Final = "people.civil_ids.view"
DATES: Final = "people.critical_dates.view"
VULNERABILITY: Final = "people.vulnerability.view"
PHONE: Final = "people.phone.propose"
EDIT: Final = "people.customers.edit"
OPEN: Final = "banking.accounts.open"
MERGE: Final = "people.merge.propose"


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that is offered on the person's page."""

    address: str
    words: str


def offered_views(request: StaffRequest, seen: Seen) -> list[Offered]:
    """Return what this reader may ask to see."""
    person = seen.customer.id
    found = []
    if any(request.rights.may(CIVIL_IDS, one.id) for one in seen.houses):
        found += [
            Offered(
                reverse("office:person-civil-id", args=[person, one.country]),
                gettext("Identity number in full (%(country)s)") % {"country": one.country},
            )
            for one in people.civil_ids(person, by=request.author)
        ]
    if any(request.rights.may(DATES, one.id) for one in seen.houses):
        found.append(Offered(reverse("office:person-dates", args=[person]), gettext("Days on which they need money")))
    if any(request.rights.may(VULNERABILITY, one.id) for one in seen.houses):
        found.append(Offered(reverse("office:person-vulnerability", args=[person]), gettext("Special care")))
    return found


def offered_acts(request: StaffRequest, seen: Seen) -> list[Offered]:
    """Return what this reader may do to what is known of the person."""
    person, found = seen.customer.id, []
    if any(request.rights.may(EDIT, one.id) for one in seen.houses):
        found += [
            Offered(reverse("office:person-names", args=[person]), gettext("Names")),
            Offered(reverse("office:person-sessions", args=[person]), gettext("Sign them out everywhere")),
        ]
    if any(request.rights.may(OPEN, one.id) for one in seen.houses):
        found.append(Offered(reverse("office:person-open", args=[person]), gettext("Open an account for them")))
    if any(request.rights.may(PHONE, one.id) for one in seen.houses):
        found.append(Offered(reverse("office:person-phone", args=[person]), gettext("Propose another phone number")))
    if any(request.rights.may(MERGE, one.id) for one in seen.houses):
        found.append(Offered(reverse("office:person-merge", args=[person]), gettext("The same person twice?")))
    return found


def _seen(request: StaffRequest, customer_id: UUID, permission: str) -> Seen:
    from .person import person_for  # noqa: PLC0415  (the page offers these acts: each knows the other)

    return person_for(request, customer_id, permission)


def _behind_reason(request: StaffRequest, seen: Seen, act: Act, show: Callable[[str], Shown]) -> HttpResponse:
    """Ask for the reason; with it, show what was asked for on the answer, and nowhere else."""
    back = reverse("office:person", args=[seen.customer.id])
    reason, error = request.POST.get("reason", "")[:ENTERED_MAX], None
    if request.method == "POST":
        try:
            shown = show(reason)
        except RaseedError as refused:
            error = refused
        else:
            return render(
                request, "office/person_shown.html", tab="search", seen=seen, title=act.title, shown=shown, back=back,
                zone=seen.here.zone, country=seen.here.country,
            )  # fmt: skip
    return act_page(request, act, back=back, subject=seen.name, tab="search", reason=reason, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CIVIL_IDS)
def civil_id(request: StaffRequest, customer_id: UUID, country: str) -> HttpResponseBase:
    """Show an identity number in full, for a reason."""
    seen = _seen(request, customer_id, CIVIL_IDS)
    act = Act(
        gettext("Identity number in full"),
        gettext("Who sees it, when and why is recorded."),
        gettext("Show it"),
    )
    return _behind_reason(
        request,
        seen,
        act,
        lambda reason: Shown(number=people.full_civil_id(customer_id, country, by=request.author, reason=reason)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(DATES)
def dates(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Show the days on which a person needs their money, for a reason."""
    seen = _seen(request, customer_id, DATES)
    act = Act(
        gettext("Days on which they need money"),
        gettext("Who sees them, when and why is recorded."),
        gettext("Show them"),
    )
    return _behind_reason(
        request,
        seen,
        act,
        lambda reason: Shown(
            rows=critical_date_lines(
                people.critical_dates(customer_id, by=request.author, reason=reason), request.reader
            )
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VULNERABILITY)
def vulnerability(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Show what may make harm more likely for a person and what is done differently for them, for a reason."""
    seen = _seen(request, customer_id, VULNERABILITY)
    act = Act(
        gettext("Special care"),
        gettext(
            "What may make harm more likely for this person, and what we do differently. Who sees it, when and why is recorded."
        ),
        gettext("Show it"),
    )
    return _behind_reason(
        request,
        seen,
        act,
        lambda reason: Shown(
            rows=vulnerability_lines(
                people.vulnerabilities(customer_id, by=request.author, reason=reason), request.reader
            )
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT)
def sessions(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Sign a person out everywhere, as when their phone was stolen."""
    seen = _seen(request, customer_id, EDIT)
    back = reverse("office:person", args=[customer_id])
    reason, error = request.POST.get("reason", "")[:ENTERED_MAX], None
    if request.method == "POST":
        try:
            people.sign_out_everywhere(customer_id, by=request.author, reason=people.clean_reason(reason))
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{back}?done=1", status=303)
    act = Act(
        gettext("Sign them out everywhere"),
        gettext("All their sessions end at once. They sign in again with a code to their phone number."),
        gettext("Sign them out"),
        danger=True,
    )
    return act_page(request, act, back=back, subject=seen.name, tab="search", reason=reason, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT)
def names(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Correct a person's names."""
    seen = _seen(request, customer_id, EDIT)
    entered = {code: seen.customer.names.get(code, "") for code in people.LANGUAGES}
    reason, error = "", None
    if request.method == "POST":
        entered = {code: request.POST.get(f"name_{code}", "")[:ENTERED_MAX] for code in people.LANGUAGES}
        reason = request.POST.get("reason", "")[:ENTERED_MAX]
        try:
            people.rename_customer(
                customer_id,
                names={code: name for code, name in entered.items() if name.strip()},
                by=request.author,
                reason=reason,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:person', args=[customer_id])}?done=1", status=303)
    fields = ("names", "names.ar", "names.he", "names.en", "reason")
    return render(
        request,
        "office/person_names.html",
        status=status_of(error),
        tab="search",
        seen=seen,
        name_fields=list(entered.items()),
        reason=reason,
        errors={name.replace(".", "_"): text for name, text in said(request, error, fields).items()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(OPEN)
def open_account(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Open an account for a person, of a product that their institution offers; loans are granted, not opened."""
    seen = _seen(request, customer_id, OPEN)
    language = request.reader.language
    offered = {
        str(one.id): f"{one.name(language)} · {one.currency.code}"
        for one in banking.products_of(seen.here.id)
        if one.kind is not banking.ProductKind.LOAN
    }
    chosen = request.POST.get("product", "")
    choice = Choice("product", gettext("Product"), tuple(offered.items()), chosen)
    reason, error, made_id = request.POST.get("reason", "")[:ENTERED_MAX], None, form_id(request)
    if request.method == "POST":
        try:
            if chosen not in offered:
                raise banking.ProductNotOffered(field="product")
            account = banking.open_account(
                id=made_id, product_id=parse_id(chosen), owner_id=customer_id, by=request.author, reason=reason
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:account', args=[account.id])}?done=open", status=303)
    act = Act(
        gettext("Open an account"),
        gettext("A wallet carries the person's phone number; other accounts get a number of their own."),
        gettext("Open it"),
    )
    back = reverse("office:person", args=[customer_id])
    return act_page(
        request, act, back=back, subject=seen.name, tab="search", reason=reason, choice=choice, made_id=made_id,
        error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PHONE, weighty=True)
def phone(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Propose another phone number for a person; a second person confirms it."""
    seen = _seen(request, customer_id, PHONE)
    typed, reason, error = request.POST.get("phone", "")[:ENTERED_MAX], "", None
    change_id = form_id(request)
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:ENTERED_MAX]
        try:
            change = people.propose_phone_change(
                id=change_id,
                customer_id=customer_id,
                new_phone=typed,
                institution_id=seen.here.id,
                by=request.author,
                reason=reason,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    return render(
        request,
        "office/person_phone.html",
        status=status_of(error),
        tab="search",
        seen=seen,
        id=change_id,
        typed=typed,
        present=people.phone_text(seen.customer.phone),
        reason=reason,
        errors=said(request, error, ("phone", "reason")),
    )

"""The audit trail: what was done and looked at, by whom, when and why, in words; a customer's whole day on one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.people import api as people
from raseed.web.days import InvalidDay, day_in, midnight
from raseed.web.office.deeds import Deed, action_families, deeds_of
from raseed.web.office.forms import ENTERED_MAX, Act, act_page
from raseed.web.office.naming import KIND_WORDS, Named, name_in, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE: Final = 50
TEXT_MAX: Final = 100
DAY_MAX: Final = 200
"""Deeds of one day that stand on a page together."""
TRAIL: Final = "trail"
"""Under which name the session keeps whose trail is read, and why, while one turns its pages."""
COLLEAGUES_MAX: Final = 200


class UnreadableReference(InputError):
    """What should name a thing in the audit trail does not."""

    code = "unreadable_reference"
    sentence = mark("This does not name anything in the audit trail.")
    hint = mark("Follow a link from the page of the person, the account or the colleague.")


@dataclass(frozen=True, slots=True)
class Entered:
    """The filters as they stand in the address."""

    subject: str = ""
    actor: str = ""
    action: str = ""
    first: str = ""
    last: str = ""

    @classmethod
    def of(cls, request: StaffRequest) -> Entered:
        """Read them from the address."""
        return cls(**{name: request.GET.get(name, "").strip()[:TEXT_MAX] for name in cls.__slots__})

    def query(self) -> str:
        """Return them for an address, without those left out."""
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})


def _reference(text: str, *, field: str) -> str | None:
    if not text:
        return None
    kind, _, id_ = text.partition(":")
    if text != "system":
        try:
            parse_id(id_)
        except InvalidId:
            raise UnreadableReference(field=field) from None
    return text if kind else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the trail is asked for."""

    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _asked(entered: Entered, request: StaffRequest) -> tuple[Asked, dict[str, RaseedError]]:
    """Return what to ask the trail for, or every reason why that can't be, by field."""
    errors: dict[str, RaseedError] = {}
    references: dict[str, str | None] = {}
    days: dict[str, date | None] = {}
    for name in ("subject", "actor"):
        try:
            references[name] = _reference(getattr(entered, name), field=name)
        except UnreadableReference as error:
            errors[name] = error
    for name in ("first", "last"):
        try:
            days[name] = day_in(getattr(entered, name), field=name)
        except InvalidDay as error:
            errors[name] = error
    first, last = days.get("first"), days.get("last")
    if first is not None and last is not None and last < first:
        errors["last"] = InvalidDay(field="last")
    zone = request.institution.zone
    return Asked(
        references.get("subject"),
        references.get("actor"),
        None if first is None else midnight(first, zone),
        None if last is None else midnight(last + timedelta(days=1), zone),
    ), errors


def _colleagues(request: StaffRequest, chosen: str) -> list[tuple[str, str]]:
    """Return who may have done something here, to be chosen from: colleagues, Raseed itself, and who is chosen already."""
    language = request.reader.language
    found = people.staff_of(request.institution.id, limit=COLLEAGUES_MAX).staff
    those = [(one.actor, name_in(one.names, language)) for one in found]
    known = {actor for actor, _ in those} | {"system"}
    others = [
        (text, named.words) for text, named in names_of({chosen}, request).items() if chosen and text not in known
    ]
    return [*others, *those, ("system", gettext(KIND_WORDS["system"]))]


@require_safe
@staff_only("people.audit.view")
def trail(request: StaffRequest) -> HttpResponseBase:
    """Show the deeds at this institution that fit the filters, the latest first."""
    request.rights.require("people.audit.view")
    entered = Entered.of(request)
    asked, errors = _asked(entered, request)
    deeds: list[Deed] = []
    marker = None
    if not errors:
        page = people.trail_of_institution(
            request.institution.id,
            by=request.author,
            subject=asked.subject,
            actor=asked.actor,
            action=entered.action or None,
            since=asked.since,
            until=asked.until,
            before=request.GET.get("before") or None,
            limit=PAGE,
        )
        deeds, marker = deeds_of(page.records, request), page.next
    known = names_of({text for text in (entered.subject, entered.actor) if text}, request)
    template = "office/parts/deeds.html" if request.htmx and "before" in request.GET else "office/audit.html"
    return render(
        request,
        template,
        status=400 if errors else 200,
        tab="audit",
        entered=entered,
        query=entered.query(),
        families=[(code, gettext(text)) for code, text in action_families()],
        colleagues=_colleagues(request, entered.actor),
        subject_named=known.get(entered.subject),
        actor_named=known.get(entered.actor),
        deeds=deeds,
        next=marker,
        errors={field: words(request, error) for field, error in errors.items()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("people.audit.view")
def customer_trail(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Show all that was done by or about a customer at this institution, a day of it or the whole, for a reason."""
    request.rights.require("people.audit.view")
    if request.institution.id not in {one.id for one in people.institutions_of(customer_id)}:
        raise people.UnknownCustomer(field="customer_id")
    customer = people.customer(customer_id)
    name = names_of({f"customer:{customer_id}"}, request)[f"customer:{customer_id}"]
    kept = request.office_session.get(TRAIL, {})
    typed, error = "", None
    if request.method == "POST":
        typed = request.POST.get("reason", "")[:ENTERED_MAX]
        try:
            reason = people.clean_reason(typed)
        except RaseedError as refused:
            error = refused
        else:
            request.office_session[TRAIL] = {"customer": str(customer_id), "reason": reason}
            return HttpResponseRedirect(request.path, status=303)
    if error is not None or kept.get("customer") != str(customer_id):
        act = Act(
            gettext("Audit trail of a person"),
            gettext("All that was done by or about them here. That it was read, by whom and why is recorded in it."),
            gettext("Read it"),
        )
        back = reverse("office:person", args=[customer_id]) if name.address else reverse("office:audit")
        return act_page(request, act, back=back, subject=name.words, tab="audit", reason=typed, error=error)
    return _customer_trail(request, customer, name, kept["reason"])


def _customer_trail(request: StaffRequest, customer: people.Customer, name: Named, reason: str) -> HttpResponseBase:
    zone, errors, day = request.institution.zone, {}, None
    try:
        day = day_in(request.GET.get("day", "")[:TEXT_MAX], field="day")
    except InvalidDay as error:
        errors = {"day": words(request, error)}
    page = people.trail_of_customer(
        customer.id,
        institution_id=request.institution.id,
        by=request.author,
        reason=reason,
        since=None if day is None else midnight(day, zone),
        until=None if day is None else midnight(day + timedelta(days=1), zone),
        before=request.GET.get("before") or None,
        limit=PAGE if day is None else DAY_MAX,
    )
    deeds = deeds_of(page.records, request)
    today = SYSTEM_CLOCK.now().astimezone(ZoneInfo(zone)).date()
    fragment = request.htmx and "before" in request.GET
    return render(
        request,
        "office/parts/deeds.html" if fragment else "office/person_trail.html",
        status=400 if errors else 200,
        tab="audit",
        customer=customer,
        name=name,
        deeds=deeds if day is None or page.next else deeds[::-1],
        next=page.next,
        day=day,
        query="" if day is None else f"day={day.isoformat()}",
        day_before=today if day is None else day - timedelta(days=1),
        day_after=day + timedelta(days=1) if day is not None and day < today else None,
        reason=reason,
        errors=errors,
    )

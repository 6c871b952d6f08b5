"""The days on which a customer's money has to be there: adding one, changing it, removing it.

The id of a day is made with its form, so a form sent twice sets one day. To change a day is to end it and set another in
its place, in one transaction: no day is lost where the new one is refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.kernel.text import UnacceptableText, ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.days import InvalidDay, day_in
from raseed.web.particulars import DATE_WORDS
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

from .about import oneself, zone_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import QueryDict
    from django.http.response import HttpResponseBase

ENTERED_MAX: Final = 200
LABEL_MAX: Final = 60
MONTHLY: Final = "month"
ONCE: Final = "once"
_DAY_DIGITS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form, as typed."""

    id: str
    kind: str = people.DateKind.PAYDAY.value
    label: str = ""
    repeats: str = MONTHLY
    month_day: str = ""
    on: str = ""

    @classmethod
    def of(cls, post: QueryDict) -> Entered:
        """Read a sent form."""
        text = {name: post.get(name, "").strip()[:ENTERED_MAX] for name in cls.__slots__}
        return cls(**{**text, "repeats": ONCE if text["repeats"] == ONCE else MONTHLY})

    @classmethod
    def known(cls, one: people.CriticalDate) -> Entered:
        """Return the form of a day that is there, with a new id for what takes its place."""
        if one.on is not None:
            return cls(str(new_id()), one.kind.value, one.label, ONCE, on=one.on.isoformat())
        return cls(str(new_id()), one.kind.value, one.label, MONTHLY, str(one.month_day))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_day(request: CustomerRequest) -> HttpResponseBase:
    """Show the form for another day; keep the day."""
    if request.method != "POST":
        return _form(request, Entered(str(new_id())))
    entered = Entered.of(request.POST)
    try:
        _set(request, entered, zone_of(request.customer))
    except RaseedError as error:
        return _form(request, entered, error=error)
    return HttpResponseRedirect(f"{reverse('about')}?done=day", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def one_day(request: CustomerRequest, day_id: UUID) -> HttpResponseBase:
    """Show a day's form; change the day, or remove it."""
    there = next((one for one in _mine(request) if one.id == day_id), None)
    if request.method == "POST" and "remove" in request.POST:
        if there is not None:
            people.end_critical_date(day_id, by=oneself(request))
        return HttpResponseRedirect(f"{reverse('about')}?done=removed", status=303)
    if request.method != "POST":
        if there is None:
            raise people.UnknownCriticalDate(field="id")
        return _form(request, Entered.known(there), changing=day_id)
    entered = Entered.of(request.POST)
    try:
        _replace(request, there, entered)
    except people.UnknownCriticalDate:
        raise
    except RaseedError as error:
        return _form(request, entered, changing=day_id, error=error)
    return HttpResponseRedirect(f"{reverse('about')}?done=day", status=303)


@transaction.atomic
def _replace(request: CustomerRequest, there: people.CriticalDate | None, entered: Entered) -> None:
    """End a day and set the entered one in its place; the same form again finds that done.

    Raises:
        UnknownCriticalDate: it is gone, and this form did not do it. As ``_set``.
    """
    ended = False
    if there is not None:
        with suppress(people.UnknownCriticalDate):
            people.end_critical_date(there.id, by=oneself(request))
            ended = True
    placed = next((one for one in _mine(request) if str(one.id) == entered.id), None)
    if not ended and placed is None:
        raise people.UnknownCriticalDate(field="id")
    zone = next((one.zone for one in (there, placed) if one is not None), zone_of(request.customer))
    _set(request, entered, zone)


def _set(request: CustomerRequest, entered: Entered, zone: str) -> None:
    """Keep the entered day.

    Raises:
        InvalidDay, InvalidId: what was typed is none. What ``set_critical_date`` raises.
    """
    monthly = entered.repeats == MONTHLY
    people.set_critical_date(
        id=parse_id(entered.id),
        customer_id=request.customer.id,
        kind=entered.kind,
        zone=zone,
        month_day=_month_day(entered.month_day) if monthly else None,
        on=None if monthly else day_in(entered.on, field="on"),
        label=entered.label,
        by=oneself(request),
    )


def _month_day(typed: str) -> int | None:
    """Return the typed number, or ``None`` where there is none that could be a day of a month."""
    plain = ascii_digits(typed)
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= _DAY_DIGITS_MAX else None


def _mine(request: CustomerRequest) -> list[people.CriticalDate]:
    return people.critical_dates(request.customer.id, by=oneself(request))


def _form(
    request: CustomerRequest, entered: Entered, *, changing: UUID | None = None, error: RaseedError | None = None
) -> HttpResponseBase:
    return render(
        request,
        "web/critical_day.html",
        status=platform.error_status(error) if error else 200,
        tab="settings",
        entered=entered,
        changing=changing,
        kinds=[(kind.value, gettext(text)) for kind, text in DATE_WORDS.items()],
        label_max=LABEL_MAX,
        errors={_field_of(error, entered): words(request, error)} if error else {},
    )


def _field_of(error: RaseedError, entered: Entered) -> str:
    """Return the field beside which an error is said; ``form`` for the form as a whole."""
    if isinstance(error, InvalidDay):
        return "on"
    if isinstance(error, UnacceptableText):
        return "label"
    if isinstance(error, people.InvalidCriticalDate) and error.field in ("kind", "label"):
        return error.field
    if isinstance(error, people.InvalidCriticalDate) and error.field == "month_day":
        return "month_day" if entered.repeats == MONTHLY else "on"
    return "form"

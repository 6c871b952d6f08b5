"""Critical dates: the days on which money has to be there for a person. Payday, rent, the tax deadline, or another.

A rule is a day of every month (31 means the last day of a shorter month) or one date; it holds in its own zone, so that
"the 1st" begins where the person lives. Whoever works for the institution sees them only with a permission of its own, and
every such view is in the audit trail. Ended rules stay.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, NotFound, mark
from raseed.kernel.text import clean_text
from raseed.platform.api import SameIdOtherContent, record

from ..authority import Author, clean_reason
from ..models import CriticalDateRow, CustomerRow
from ..permissions import CRITICAL_DATES_EDIT, CRITICAL_DATES_VIEW
from ..standing import acting_for, is_self

LABEL_LENGTH_MAX: Final = 60
DATES_MAX: Final = 20
_DAY_MAX: Final = 31
_MONTHS: Final = 12


class DateKind(StrEnum):
    """What a day is critical for."""

    PAYDAY = "payday"
    RENT = "rent"
    TAX = "tax"
    OTHER = "other"


class InvalidCriticalDate(InputError):
    """Not one rule: a day from 1 to 31 or a date, of a known kind, in a zone that exists; or too many of them."""

    code = "invalid_critical_date"
    sentence = mark("This day is not described correctly.")
    hint = mark("Give a day of the month or one date, what it is for, and the time zone.")


class UnknownCriticalDate(NotFound):
    """The customer has no such day, or it has ended."""

    code = "unknown_critical_date"
    sentence = mark("We know no such day for this customer.")
    hint = mark("Look at the list of their days.")


@dataclass(frozen=True, slots=True)
class CriticalDate:
    """A day that matters. Exactly one of ``month_day`` (1 to 31) and ``on`` is there; ``zone`` is IANA."""

    id: UUID
    kind: DateKind
    label: str
    month_day: int | None
    on: date | None
    zone: str
    set_by: str
    since: datetime

    def falls_on(self, day: date) -> bool:
        """Say whether ``day`` (in the rule's zone) is one of its days."""
        if self.month_day is None:
            return day == self.on
        return day.day == min(self.month_day, _last_day(day.year, day.month))

    def next_from(self, now: datetime) -> date | None:
        """Return the next of its days, that of ``now`` in its zone included; ``None`` for a date gone by."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        if self.month_day is None:
            return self.on if self.on is not None and self.on >= today else None
        this_month = min(self.month_day, _last_day(today.year, today.month))
        if today.day <= this_month:
            return today.replace(day=this_month)
        year, month = (today.year, today.month + 1) if today.month < _MONTHS else (today.year + 1, 1)
        return date(year, month, min(self.month_day, _last_day(year, month)))


@transaction.atomic
def set_critical_date(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    customer_id: UUID,
    kind: str,
    zone: str,
    month_day: int | None = None,
    on: date | None = None,
    label: str = "",
    by: Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> CriticalDate:
    """Keep a day that matters to a customer; the same id with the same content changes nothing.

    Args:
        id: the client's.
        customer_id: whose day.
        kind: a ``DateKind``.
        zone: the IANA zone in which the day begins and ends.
        month_day: 1 to 31, or
        on: one date.
        label: what it is for, in the words of whoever sets it; needed for ``other``.
        by: the customer, or someone who may edit such days.
        reason: needed of staff.
        clock: tells when.

    Raises:
        InvalidCriticalDate, UnknownCustomer, UnacceptableText: what they say. NotPermitted: ``by`` may not.
        SameIdOtherContent: the id came before with other content.
    """
    institution_id = acting_for(by, CRITICAL_DATES_EDIT, customer_id)
    why = _reason(reason, by, customer_id)
    _check(kind, zone, month_day, on, label)
    said = {
        "kind": kind,
        "label": clean_text(label, field="label", length_max=LABEL_LENGTH_MAX) if label else "",
        "month_day": month_day,
        "on_date": on,
        "zone": zone,
    }
    CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    known = CriticalDateRow.objects.filter(id=id).first()
    if known is not None:
        if known.customer_id != customer_id or any(getattr(known, name) != value for name, value in said.items()):
            raise SameIdOtherContent(field="id")
        return _read(known)
    if CriticalDateRow.objects.filter(customer_id=customer_id, until=None).count() >= DATES_MAX:
        raise InvalidCriticalDate(field="id")
    row = CriticalDateRow.objects.create(id=id, customer_id=customer_id, set_by=by.actor, since=clock.now(), **said)
    _record("people.critical_date_set", row, by, why, institution_id, clock)
    return _read(row)


@transaction.atomic
def end_critical_date(date_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
    """End a day that no longer matters; it stays to be read in the table.

    Raises:
        UnknownCriticalDate: there is none, or it ended before. NotPermitted, UnacceptableText: as for setting it.
    """
    row = CriticalDateRow.objects.select_for_update().filter(id=date_id, until=None).first()
    if row is None:
        raise UnknownCriticalDate(field="id")
    institution_id = acting_for(by, CRITICAL_DATES_EDIT, row.customer_id)
    why = _reason(reason, by, row.customer_id)
    row.until = max(clock.now(), row.since)
    row.save(update_fields=["until"])
    _record("people.critical_date_ended", row, by, why, institution_id, clock)


@transaction.atomic
def critical_dates(
    customer_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> list[CriticalDate]:
    """Return the days that matter to a customer now, oldest first; a view by anyone but the customer is written down.

    Raises:
        UnknownCustomer, UnacceptableText: what they say.
        NotPermitted: neither the customer, nor someone who may see such days where they bank.
    """
    institution_id = acting_for(by, CRITICAL_DATES_VIEW, customer_id)
    if not is_self(by, customer_id):
        record(
            actor=by.actor,
            action="people.critical_dates_viewed",
            subject=f"customer:{customer_id}",
            reason=clean_reason(reason),
            institution_id=institution_id,
            clock=clock,
        )
    rows = CriticalDateRow.objects.filter(customer_id=customer_id, until=None).order_by("since", "id")
    return [_read(row) for row in rows]


def _check(kind: str, zone: str, month_day: int | None, on: date | None, label: str) -> None:
    if kind not in set(DateKind):
        raise InvalidCriticalDate(field="kind")
    if (month_day is None) == (on is None) or (month_day is not None and not 1 <= month_day <= _DAY_MAX):
        raise InvalidCriticalDate(field="month_day")
    if kind == DateKind.OTHER and not label:
        raise InvalidCriticalDate(field="label")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InvalidCriticalDate(field="zone") from None


def _reason(reason: str, by: Author, customer_id: UUID) -> str:
    return "" if is_self(by, customer_id) else clean_reason(reason)


def _record(
    action: str, row: CriticalDateRow, by: Author, reason: str, institution_id: UUID | None, clock: Clock
) -> None:
    """Tell that a day was set or ended: its id and kind, never the day."""
    record(
        actor=by.actor,
        action=action,
        subject=f"customer:{row.customer_id}",
        after={"critical_date": str(row.id), "kind": row.kind},
        reason=reason,
        institution_id=institution_id,
        clock=clock,
    )


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _read(row: CriticalDateRow) -> CriticalDate:
    return CriticalDate(
        row.id, DateKind(row.kind), row.label, row.month_day, row.on_date, row.zone, row.set_by, row.since
    )

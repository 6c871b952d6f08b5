"""Notices: what a customer is told by text about bills, once each, in their language and within the institution's hours.

Whatever happens writes its notice in its own transaction; the text leaves when the hours allow. Nothing in it names a
number: only biller, amount and day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import Bill, Biller
from ..permissions import EDIT_BILLERS
from ..queries import billers
from ..rows import bills_by_id
from .domain import NoticeHours, notice_id_of
from .errors import InvalidNoticeHours
from .models import NoticeHoursRow, NoticeRow
from .rows import error_of

PURPOSE: Final = "bill_notice"
SEND_AT_ONCE: Final = 500
SEND_AT_MOST: Final = timedelta(seconds=50)
KEPT_FOR: Final = timedelta(days=3)
"""After this a notice that could not leave is of no use to anybody."""


class NoticeKind(StrEnum):
    """What is told."""

    REMINDER = "reminder"
    PAID = "paid"
    TRIED = "tried"
    OVER_CEILING = "over_ceiling"
    DISPUTED = "disputed"
    GIVEN_UP = "given_up"
    ENDED = "ended"


REMINDS: Final = mark("%(biller)s: your bill of %(amount)s is due on %(day)s. You can pay it under Pay bills.")
REMINDS_TODAY: Final = mark("%(biller)s: your bill of %(amount)s is due today. You can pay it under Pay bills.")
DUE: Final = mark("Please pay it yourself; it is due on %(day)s.")
UNTIL: Final = mark("We will try again until it is due on %(day)s.")
EXTENDED: Final = mark("This is the later day that was agreed with you, instead of %(before)s.")
WORDS: Final = {
    NoticeKind.PAID: mark("%(biller)s: your bill of %(amount)s was paid automatically."),
    NoticeKind.TRIED: mark("%(biller)s: your bill of %(amount)s could not be paid automatically yet. %(why)s"),
    NoticeKind.OVER_CEILING: mark(
        "%(biller)s: your bill of %(amount)s is above the %(ceiling)s up to which it is paid automatically. It was not paid."
    ),
    NoticeKind.DISPUTED: mark("%(biller)s: your bill of %(amount)s is disputed, so it was not paid automatically."),
    NoticeKind.GIVEN_UP: mark(
        "%(biller)s: your bill of %(amount)s was not paid automatically. %(why)s Please pay it yourself."
    ),
    NoticeKind.ENDED: mark("%(biller)s: your bills are no longer paid automatically. %(why)s"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is to be told. ``about`` is the bill or, where none is meant, the autopay."""

    customer_id: UUID
    biller: Biller
    kind: NoticeKind
    on: date
    about: UUID
    bill_id: UUID | None = None
    amount_minor: int | None = None
    ceiling_minor: int | None = None
    code: str = ""
    params: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        """Its id: the same thing of the same day is told once."""
        return notice_id_of(self.customer_id, self.kind.value, self.about, self.on.isoformat())


def hours_of(institution_id: UUID) -> NoticeHours:
    """Return from when until when an institution's customers get texts that can wait."""
    row = NoticeHoursRow.objects.filter(institution_id=institution_id).first()
    return NoticeHours() if row is None else NoticeHours(row.begins, row.ends)


def set_notice_hours(
    institution_id: UUID, begins: time, ends: time, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> NoticeHours:
    """Let an institution's texts that can wait leave between these hours of its zone.

    Raises:
        NotPermitted: ``by`` lacks ``bills.billers.edit``. UnacceptableText: no reason. InvalidNoticeHours.
    """
    people.require(by, EDIT_BILLERS, institution_id)
    said = people.clean_reason(reason)
    if not begins < ends:
        raise InvalidNoticeHours(field="ends")
    with transaction.atomic():
        before = hours_of(institution_id)
        NoticeHoursRow.objects.update_or_create(
            institution_id=institution_id, defaults={"begins": begins, "ends": ends}
        )
        platform.record(
            actor=by.actor,
            action="bills.notice_hours_set",
            subject=f"institution:{institution_id}",
            before={"begins": before.begins.isoformat("minutes"), "ends": before.ends.isoformat("minutes")},
            after={"begins": begins.isoformat("minutes"), "ends": ends.isoformat("minutes")},
            reason=said,
            institution_id=institution_id,
            clock=clock,
        )
    return NoticeHours(begins, ends)


def keep_notices(notices: Iterable[Notice], *, clock: Clock) -> list[UUID]:
    """Keep notices in the caller's transaction, to leave when the hours allow; return the ids of those that are new."""
    rows, now = [], clock.now()
    moments: dict[UUID, datetime] = {}
    for each in notices:
        house = each.biller.institution_id
        if house not in moments:
            moments[house] = hours_of(house).next_moment(now, people.institution(house).zone)
        rows.append(
            NoticeRow(
                id=each.id, customer_id=each.customer_id, institution_id=house, biller_id=each.biller.id,
                bill_id=each.bill_id, kind=each.kind.value, on=each.on, amount_minor=each.amount_minor,
                ceiling_minor=each.ceiling_minor, code=each.code, params=each.params, made_at=now,
                send_from=moments[house],
            )
        )  # fmt: skip
    if not rows:
        return []
    ids = [row.id for row in rows]
    there = set(NoticeRow.objects.filter(id__in=ids).values_list("id", flat=True))
    NoticeRow.objects.bulk_create([row for row in rows if row.id not in there], ignore_conflicts=True)
    return [id_ for id_ in ids if id_ not in there]


def send_notices(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Hand over the texts of notices whose time has come, for at most ``SEND_AT_MOST``; return how many."""
    began_at, sent = clock.now(), 0
    while True:
        done = _send_some(clock)
        sent += done
        if done < SEND_AT_ONCE or clock.now() - began_at > SEND_AT_MOST:
            return sent


@transaction.atomic
def _send_some(clock: Clock) -> int:
    now = clock.now()
    waiting = NoticeRow.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        sent_at=None, send_from__lte=now
    )
    rows = list(waiting.order_by("send_from", "id")[:SEND_AT_ONCE])
    about = bills_by_id({row.bill_id for row in rows if row.bill_id is not None})
    readers = people.customers({row.customer_id for row in rows})
    known = billers({row.biller_id for row in rows})
    houses = {one: people.institution(one) for one in {row.institution_id for row in rows}}
    hours = {one: hours_of(one) for one in houses}
    for row in rows:
        of, zone = hours[row.institution_id], houses[row.institution_id].zone
        row.send_from = of.next_moment(now, zone)
        if row.send_from > now:
            continue
        row.sent_at = now
        if row.customer_id in readers and now - row.made_at <= KEPT_FOR:
            reader, country = readers[row.customer_id], houses[row.institution_id].country
            bill = about.get(row.bill_id) if row.bill_id is not None else None
            channels.send_text(
                to_phone=reader.phone,
                text=text_of(row, bill, known[row.biller_id], reader, country),
                purpose=PURPOSE,
                message_id=row.id,
                expires_at=of.end_of(now.astimezone(ZoneInfo(zone)).date(), zone),
                clock=clock,
            )
    NoticeRow.objects.bulk_update(rows, ["sent_at", "send_from"])
    return len(rows)


def text_of(row: NoticeRow, bill: Bill | None, of: Biller, reader: people.Customer, country: str) -> str:
    """Return a notice's text in its reader's language and digits."""
    language, digits = reader.language, reader.digits

    def money(minor: int | None) -> str:
        return platform.isolated(platform.money_text(Money(minor or 0, of.currency), language, digits=digits), language)

    def day(on: date | None) -> str:
        return "" if on is None else platform.date_text(on, language, digits=digits, country=country)

    error = error_of(row.code, row.params)
    said = {
        "biller": platform.isolated(of.name(language), language),
        "amount": money(row.amount_minor),
        "ceiling": money(row.ceiling_minor),
        "day": day(bill.pay_by if bill else None),
        "before": day(bill.was_due_on if bill else None),
        "why": "" if error is None else platform.translate_error(error, language, digits=digits).message,
    }
    with override(language):
        sentences = [gettext(each) % said for each in _sentences(NoticeKind(row.kind), row.on, bill)]
    return " ".join(sentences)


def _sentences(kind: NoticeKind, on: date, bill: Bill | None) -> Sequence[str]:
    """Return what is said, as message ids; who is told of a later day is told which it was."""
    pay_by = bill.pay_by if bill else None
    extended = [EXTENDED] if bill and bill.was_due_on else []
    match kind:
        case NoticeKind.REMINDER:
            return [REMINDS_TODAY if pay_by == on else REMINDS, *extended]
        case NoticeKind.OVER_CEILING:
            return [WORDS[kind], *([] if pay_by is None else [DUE, *extended])]
        case NoticeKind.TRIED:
            return [WORDS[kind], *([] if pay_by is None else [UNTIL, *extended])]
        case _:
            return [WORDS[kind]]

"""Calls and visits as they are written down at the desk: on which line, with whom, when, what was said and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.channels import api as channels
from raseed.channels.api import Channel
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.web.office.forms import form_id
from raseed.web.office.naming import name_in

from .asking import time_entered
from .listing import SEE_CUSTOMERS
from .words import channel_words

if TYPE_CHECKING:
    from raseed.web.office.requests import StaffRequest

IN_PERSON: Final = (Channel.PHONE, Channel.BRANCH)
THEY, WE = "they", "we"
ENTERED_MAX: Final = 20_000
"""Characters that are shown again; what is longer than an entry may be is refused, never cut."""
TYPED_MAX: Final = 200


class ContactTime(InputError):
    """A time that is none, that is still to come, or that is too long ago to be written down."""

    code = "contact_time"
    sentence = mark("This can't be when it was.")
    hint = mark("Give a day and an hour within the last month.")


class ContactWho(InputError):
    """Neither a customer, nor a number, nor a name."""

    code = "contact_who"
    sentence = mark("Nobody knows yet who it was.")
    hint = mark("Choose the customer, or give the number or a name.")


class ContactSaid(InputError):
    """A call of ours in which nothing of ours is written down."""

    code = "contact_said"
    sentence = mark("It does not say yet what we called for.")
    hint = mark("Write what was said to the customer.")


@dataclass(frozen=True, slots=True)
class Contact:
    """What stands in the form."""

    id: UUID
    line: str
    direction: str
    at: str
    customer: str
    phone: str
    name: str
    text: str
    said: str

    @classmethod
    def of(cls, request: StaffRequest) -> Contact:
        """Read it; a form that is shown first stands at now."""
        entered = request.POST
        now = time_entered(SYSTEM_CLOCK.now(), request.institution.zone)
        return cls(
            id=form_id(request),
            line=entered.get("line", request.GET.get("line", ""))[:TYPED_MAX],
            direction=WE if entered.get("direction") == WE else THEY,
            at=entered.get("at", now)[:TYPED_MAX],
            customer=entered.get("customer", request.GET.get("customer", ""))[:TYPED_MAX],
            phone=entered.get("phone", "").strip()[:TYPED_MAX],
            name=entered.get("name", "").strip()[:TYPED_MAX],
            text=entered.get("text", "").replace("\r\n", "\n").strip()[:ENTERED_MAX],
            said=entered.get("said", "").replace("\r\n", "\n").strip()[:ENTERED_MAX],
        )

    @property
    def we_called(self) -> bool:
        """Whether it was us who called."""
        return self.direction == WE

    def customer_id(self) -> UUID | None:
        """Return which customer was chosen.

        Raises:
            InvalidId: what was sent is no id.
        """
        return parse_id(self.customer, field="customer") if self.customer else None

    def when(self, zone: str) -> datetime:
        """Return the instant that was entered, by the institution's own clock.

        Raises:
            ContactTime: it is none.
        """
        try:
            entered = datetime.fromisoformat(ascii_digits(self.at))
        except ValueError:
            raise ContactTime(field="at") from None
        if entered.tzinfo is not None:
            raise ContactTime(field="at")
        return entered.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def contact_lines(request: StaffRequest) -> list[channels.Line]:
    """Return the lines for calls and visits that are in use, those for calls first."""
    found = [each for each in channels.lines(request.institution.id) if each.active and each.channel in IN_PERSON]
    return sorted(found, key=lambda one: IN_PERSON.index(one.channel))


def line_options(request: StaffRequest) -> list[tuple[str, str]]:
    """Return those lines by name, with what each is."""
    language = request.reader.language
    return [
        (str(each.id), f"{channel_words(each.channel.value)} · {name_in(each.names, language) or each.address}")
        for each in contact_lines(request)
    ]  # fmt: skip


def chosen_name(request: StaffRequest, contact: Contact) -> str:
    """Return the name of the customer that was chosen, masked for who may not see customers; empty where none was."""
    try:
        id_ = contact.customer_id()
    except InvalidId:
        return ""
    customer = people.customers({id_}).get(id_) if id_ else None
    if customer is None or all(each.id != request.institution.id for each in people.institutions_of(customer.id)):
        return ""
    shown = people.display_name if request.rights.may(SEE_CUSTOMERS) else people.masked_name
    return shown(customer, request.reader.language)


def named(error: InputError, contact: Contact) -> InputError:
    """Return a refusal of the domain's in words that help at this form."""
    if type(error) is not InputError:
        return error
    return {
        "at": ContactTime(field="at"),
        "phone": ContactWho(field="phone"),
        "said": ContactSaid(field="said") if contact.we_called else error,
    }.get(error.field or "", error)

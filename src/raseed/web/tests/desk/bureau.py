"""A desk for the tests of its pages: the back office of Nile Cash, a line for talk, and customers who write on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.test import Client

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import Colleague
from raseed.web.tests.office.house import NILE, House, at_desk, build_house
from raseed.web.tests.street import hidden

ASKS: Final = "أين تحويلي؟ المبلغ خُصم ولم يصل 250"


@dataclass(frozen=True, slots=True)
class Bureau:
    """Who works there, and the line on which customers write."""

    house: House
    line: channels.Line

    def write(
        self,
        text: str = ASKS,
        *,
        phone: str = "+201001234567",
        name: str = "ليلى",
        at: datetime | None = None,
        files: Sequence[channels.NewFile] = (),
        line: channels.Line | None = None,
    ) -> UUID:
        """Let somebody write; return the conversation."""
        there, now = line or self.line, at or SYSTEM_CLOCK.now()
        party = channels.Party(
            scope=there.scope, external_id=f"wa:{phone[1:]}", phone=phone, name=name, username="", aliases=()
        )
        message = channels.take_in(
            line_id=there.id, party=party, kind="document" if files else "text", text=text, provider_id=f"wamid.{new_id()}",
            sent_at=now, files=files,
        )  # fmt: skip
        return care.receive(message.id)

    def proven(self, conversation_id: UUID, customer: people.Customer | None = None) -> care.Conversation:
        """Let the sender have proven to be a customer, Layla if nobody else is named."""
        whose = customer or self.house.street.layla
        one = care.conversation(conversation_id, by=people.SYSTEM)
        people.link_identity(
            one.identity_id, customer_id=whose.id, how="one_time_code", by=people.SYSTEM, reason="told the code"
        )
        if one.customer_id is None:
            author = people.author_of_staff(self.house.salma.staff.id)
            care.choose_customer(conversation_id, customer_id=whose.id, by=author, reason="told the code")
        return care.conversation(conversation_id, by=people.SYSTEM)


def build_bureau() -> Bureau:
    """Build the office, and register a line."""
    house = build_house()
    line = channels.register_line(
        id=new_id(), institution_id=NILE, channel=channels.Channel.WHATSAPP, address="106540352242922",
        names={"en": "WhatsApp", "ar": "واتساب"}, settings={"waba_id": "102290129340398"}, by=people.SYSTEM,
    )  # fmt: skip
    return Bureau(house, line)


def fields_of(page: str, **others: str) -> dict[str, str]:
    """Return what the form of the answer sends, with what is typed."""
    sent = {name: hidden(page, name) for name in ("version", "position")}
    sent["id"] = page.split('id="answer"', 1)[1].split('name="id" value="', 1)[1].split('"', 1)[0]
    return {"do": "send", "text": "", **sent, **others}


__all__ = ["ASKS", "NILE", "Bureau", "Client", "Colleague", "at_desk", "build_bureau", "fields_of"]

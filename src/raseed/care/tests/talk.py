"""A house with lines, colleagues who answer, customers who write: for tests of conversations and cases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from raseed.care import api as care
from raseed.care.cards.domain import FactRef, InsertedFact
from raseed.channels import api as channels
from raseed.channels.api import Channel, LinePurpose, Party
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.people.tests.world import a_customer, an_institution

VIEW, WORK, ASSIGN = "care.conversations.view", "care.conversations.work", "care.conversations.assign"
MORNING = datetime(2026, 11, 22, 9, tzinfo=UTC)
PHONE = "+201001234567"


@dataclass
class House:
    """An institution with a line for talk and one for documents, two agents and a supervisor."""

    nile: people.Institution
    clock: ManualClock
    talk: channels.Line
    documents: channels.Line
    branch: channels.Line
    salma: people.Author
    karim: people.Author
    boss: people.Author
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def id(self) -> UUID:
        return self.nile.id

    def agent(self, *more: str) -> people.Author:
        return an_author(self.nile.id, VIEW, WORK, "people.identities.link", *more)

    def writes(
        self, text: str = "Where is my money?", *, line: channels.Line | None = None, who: str = "wa:201001234567",
        phone: str | None = None, at: datetime | None = None, files: Any = (), kind: str = "text", aliases: tuple[str, ...] = (),
        name: str = "Mona", provider_id: str = "",
    ) -> channels.IncomingMessage:  # fmt: skip
        """Let somebody write; the message is kept and not placed yet."""
        on = line or self.talk
        return channels.take_in(
            line_id=on.id,
            party=Party(on.scope, who, phone, name, "", aliases),
            kind=kind,
            text=text,
            provider_id=provider_id or f"wamid.{next(self.numbers)}",
            sent_at=at or self.clock.now(),
            files=files,
            clock=self.clock,
        )

    def hears(self, text: str = "Where is my money?", **more: Any) -> UUID:
        """Let somebody write and place it; return the conversation."""
        return care.receive(self.writes(text, **more).id, clock=self.clock)

    def now_is(self, conversation_id: UUID) -> care.Conversation:
        return care.conversation(conversation_id, by=self.boss)

    def said(self, conversation_id: UUID) -> tuple[care.Entry, ...]:
        return care.entries(conversation_id, by=self.boss).entries

    def answers(self, conversation_id: UUID, text: str = "It came back at 14:33.", **more: Any) -> care.Entry:
        by = more.pop("by", self.salma)
        version = more.pop("expected_version", None)
        return care.reply(
            conversation_id,
            client_message_id=more.pop("client_message_id", None) or new_id(),
            text=text,
            expected_version=self.now_is(conversation_id).version if version is None else version,
            by=by,
            clock=self.clock,
            **more,
        )

    def waits(self, seconds: int = 1) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def a_house() -> House:
    """Return a house whose people have just come to work."""
    nile = an_institution()
    clerk = Clerk(nile.id)
    clock = ManualClock(MORNING)
    return House(
        nile=nile,
        clock=clock,
        talk=make_line(Channel.TELEGRAM, clerk),
        documents=make_line(Channel.TELEGRAM, clerk, purpose=LinePurpose.DOCUMENTS),
        branch=make_line(Channel.BRANCH, clerk, address="downtown"),
        salma=an_author(nile.id, VIEW, WORK, "people.identities.link"),
        karim=an_author(nile.id, VIEW, WORK, "people.identities.link"),
        boss=an_author(
            nile.id,
            VIEW,
            WORK,
            ASSIGN,
            "people.identities.link",
            "care.macros.edit",
            "care.tags.edit",
            "care.lines.route",
        ),
    )


def staff_id(one: people.Author) -> UUID:
    return UUID(one.actor.removeprefix("staff:"))


def mona(house: House, **more: Any) -> people.Customer:
    return a_customer(house.nile.id, **more)


def a_fact(key: str = "balance:1", shown: str = "Your balance is EGP 120.00.") -> InsertedFact:
    return InsertedFact(FactRef("test", key, "d1"), shown)

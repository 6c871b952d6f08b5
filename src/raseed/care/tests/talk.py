"""A house with lines, colleagues who answer, customers who write: for tests of conversations and cases."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from raseed.care import api as care
from raseed.care.cards.domain import FactRef, InsertedFact
from raseed.care.clocks import api as clocks
from raseed.care.clocks.tests.desk import someone
from raseed.care.duty import api as duty
from raseed.channels import api as channels
from raseed.channels.api import Channel, LinePurpose, Party
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.calendars import Hours, opening, week
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
    """An institution with a line for talk and one for documents, two agents and a supervisor.

    Nadia is at the desk day and night, so what is nobody's own is hers; what is somebody's stays theirs unless they are away.
    """

    nile: people.Institution
    clock: ManualClock
    talk: channels.Line
    documents: channels.Line
    branch: channels.Line
    salma: people.Author
    karim: people.Author
    boss: people.Author
    nadia: UUID
    team: duty.Team
    cards: duty.Team
    away: dict[UUID, UUID] = field(default_factory=dict)
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

    def running(self, subject_id: UUID) -> dict[str, clocks.RunningClock]:
        """Return the clocks that run about a conversation or a case, by their rules."""
        found = clocks.clocks_of([subject_id], at=self.clock.now()).get(subject_id, ())
        return {one.rule: one for one in found}

    def goes_away(self, staff_id: UUID) -> None:
        """Let somebody fall ill now, if they have not."""
        if staff_id not in self.away:
            self.away[staff_id] = new_id()
            duty.note_absence(
                id=self.away[staff_id], institution_id=self.id, staff_id=staff_id, kind=duty.AbsenceKind.SICK,
                since=self.clock.now(), until=self.clock.now() + timedelta(days=20), by=people.SYSTEM, reason="ill",
                clock=self.clock,
            )  # fmt: skip

    def comes_back(self, staff_id: UUID) -> None:
        """Let somebody be well again, if they were ill."""
        absence_id = self.away.pop(staff_id, None)
        if absence_id is not None:
            with suppress(duty.PastIsOver):
                duty.end_absence(absence_id=absence_id, by=people.SYSTEM, reason="well again", clock=self.clock)

    def waits(self, seconds: int = 1) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def a_house() -> House:
    """Return a house whose people have just come to work."""
    nile = an_institution()
    clerk = Clerk(nile.id)
    clock = ManualClock(MORNING)
    salma, karim, boss, nadia = (someone(nile.id, login) for login in ("salma", "karim", "boss", "nadia"))
    team, cards = _teams(nile.id, boss, nadia, clock)
    link = "people.identities.link"
    return House(
        nile=nile,
        clock=clock,
        talk=make_line(Channel.TELEGRAM, clerk),
        documents=make_line(Channel.TELEGRAM, clerk, purpose=LinePurpose.DOCUMENTS),
        branch=make_line(Channel.BRANCH, clerk, address="downtown"),
        salma=an_author(nile.id, VIEW, WORK, link, staff_id=salma),
        karim=an_author(nile.id, VIEW, WORK, link, staff_id=karim),
        boss=an_author(
            nile.id,
            VIEW,
            WORK,
            ASSIGN,
            link,
            "care.macros.edit",
            "care.tags.edit",
            "care.lines.route",
            staff_id=boss,
        ),
        nadia=nadia,
        team=team,
        cards=cards,
    )


def _teams(institution_id: UUID, boss: UUID, nadia: UUID, clock: ManualClock) -> tuple[duty.Team, duty.Team]:
    """Make two teams that never close, both led by the boss, with Nadia in them."""
    said: dict[str, Any] = {"by": people.SYSTEM, "reason": "a test", "clock": clock}
    calendar = duty.make_calendar(
        id=new_id(), institution_id=institution_id, slug="always", names={"en": "Always"},
        hours=Hours("Africa/Cairo", week((opening("00:00", "00:00"),))), **said,
    )  # fmt: skip
    made = [
        duty.make_team(
            id=new_id(), institution_id=institution_id, slug=slug, names={"en": slug.title()}, calendar_id=calendar.id,
            lead=boss, keeps_after_shift=True, **said,
        )
        for slug in ("talk", "cards")
    ]  # fmt: skip
    for team in made:
        duty.add_member(team_id=team.id, staff_id=nadia, by_shifts=False, **said)
    return made[0], made[1]


def staff_id(one: people.Author) -> UUID:
    return UUID(one.actor.removeprefix("staff:"))


def mona(house: House, **more: Any) -> people.Customer:
    return a_customer(house.nile.id, **more)


def a_fact(key: str = "balance:1", shown: str = "Your balance is EGP 120.00.") -> InsertedFact:
    return InsertedFact(FactRef("test", key, "d1"), shown)

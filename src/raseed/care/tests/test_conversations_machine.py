"""Whatever customers and colleagues do, in whatever order, twice or late: a model of a few lines says what must be so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from raseed.care import api as care
from raseed.care.conversations.accounting import settle_accountable
from raseed.care.duty import api as duty
from raseed.care.models import ConversationRow, EntryRow
from raseed.channels.models import OutgoingRow
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id

from .talk import House, staff_id

SENDERS = (0, 1)


@dataclass
class Talk:
    """What should be true of one sender's conversation."""

    id: UUID | None = None
    closed: bool = False
    unanswered: int = 0
    messages: list[UUID] = field(default_factory=list)
    version: int = 0


class Talking(RuleBasedStateMachine):
    """Two senders, three colleagues, one clock, and every verb in any order."""

    house: House

    @initialize()
    def begin(self) -> None:
        self.house.clock.advance(timedelta(days=100))  # what earlier examples left is long over
        for one in list(self.house.away):
            self.house.comes_back(one)
        self.run = new_id().hex[-8:]
        self.talks = {sender: Talk() for sender in SENDERS}
        self.crew = [self.house.salma, self.house.karim, self.house.boss]
        self.sent = OutgoingRow.objects.count()

    @rule(sender=st.sampled_from(SENDERS), times=st.integers(1, 3), late=st.integers(0, 90))
    def write(self, sender: int, times: int, late: int) -> None:
        house, talk = self.house, self.talks[sender]
        message = house.writes(
            "where is it?", who=f"{self.run}:{sender}", at=house.clock.now() - timedelta(seconds=late)
        )
        found = {care.receive(message.id, clock=house.clock) for _ in range(times)}
        assert len(found) == 1
        (one,) = found
        assert talk.id in (None, one)
        talk.id, talk.closed = one, False
        talk.unanswered += 1
        talk.messages.append(message.id)

    @precondition(lambda self: any(talk.messages for talk in self.talks.values()))
    @rule(sender=st.sampled_from(SENDERS), which=st.integers(0, 5))
    def tell_again(self, sender: int, which: int) -> None:
        talk = self.talks[sender]
        if talk.messages:
            again = talk.messages[which % len(talk.messages)]
            assert care.receive(again, clock=self.house.clock) == talk.id

    @rule(sender=st.sampled_from(SENDERS), who=st.integers(0, 2), behind=st.integers(0, 1))
    def answer(self, sender: int, who: int, behind: int) -> None:
        talk = self.talks[sender]
        if talk.id is None:
            return
        version = self.house.now_is(talk.id).version - behind
        outcome = self.outcome(
            care.reply, talk.id, client_message_id=new_id(), text="It came at 14:33.", expected_version=version,
            by=self.crew[who], clock=self.house.clock,
        )  # fmt: skip
        if behind:
            assert outcome == "version_moved"
        elif talk.closed:
            assert outcome == "conversation_closed"
        elif outcome != "held_by_another":
            assert isinstance(outcome, care.Entry)
            talk.unanswered = 0
            self.sent += 1

    @rule(sender=st.sampled_from(SENDERS), who=st.integers(0, 2), over=st.booleans())
    def lease(self, sender: int, who: int, *, over: bool) -> None:
        talk = self.talks[sender]
        if talk.id is not None:
            self.outcome(care.hold_lease, talk.id, by=self.crew[who], take_over=over, clock=self.house.clock)

    @rule(
        sender=st.sampled_from(SENDERS), who=st.integers(0, 2), verb=st.sampled_from(["take", "return", "note", "team"])
    )
    def work(self, sender: int, who: int, verb: str) -> None:
        talk, by = self.talks[sender], self.crew[who]
        if talk.id is None:
            return
        clock = self.house.clock
        deeds: dict[str, Any] = {
            "take": lambda: care.take(talk.id, by=by, clock=clock),
            "return": lambda: care.return_to_queue(talk.id, by=by, reason="as it is", clock=clock),
            "note": lambda: care.note(talk.id, text="seen", by=by, clock=clock),
            "team": lambda: care.give_to_team(
                talk.id, team_id=self.house.cards.id, by=by, reason="theirs", clock=clock
            ),
        }
        before = self.house.now_is(talk.id)
        outcome = self.outcome(deeds[verb])
        if isinstance(outcome, str):
            assert outcome in {"held_by_another", "not_permitted", "conversation_closed"}
            assert self.house.now_is(talk.id) == before
            assert outcome != "conversation_closed" or talk.closed

    @rule(sender=st.sampled_from(SENDERS), nothing=st.booleans())
    def close(self, sender: int, *, nothing: bool) -> None:
        talk = self.talks[sender]
        if talk.id is None:
            return
        outcome = self.outcome(
            care.close,
            talk.id,
            by=self.house.salma,
            reason="as it is",
            nothing_to_answer=nothing,
            clock=self.house.clock,
        )
        if talk.unanswered and not nothing:
            assert outcome == "still_unanswered"
        else:
            talk.closed, talk.unanswered = True, 0

    @rule(sender=st.sampled_from(SENDERS))
    def reopen(self, sender: int) -> None:
        talk = self.talks[sender]
        if talk.id is not None:
            outcome = self.outcome(care.reopen, talk.id, by=self.house.salma, reason="as it is", clock=self.house.clock)
            assert (outcome == "conversation_closed") is not talk.closed
            talk.closed = False

    @rule(who=st.integers(0, 2), there=st.booleans())
    def come_and_go(self, who: int, *, there: bool) -> None:
        one = staff_id(self.crew[who])
        (self.house.comes_back if there else self.house.goes_away)(one)
        settle_accountable(clock=self.house.clock)

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.house.waits(seconds)

    @invariant()
    def everything_is_as_it_must_be(self) -> None:
        for talk in self.talks.values():
            if talk.id is None:
                continue
            row = ConversationRow.objects.get(id=talk.id)
            assert row.unanswered == talk.unanswered
            assert (row.state == "closed") is talk.closed
            if row.unanswered:
                assert row.accountable == duty.accountable(row.team_id, row.assignee, self.house.clock.now())
            assert row.version >= talk.version
            talk.version = row.version
            entries = list(EntryRow.objects.filter(conversation=row).order_by("position"))
            assert [entry.position for entry in entries] == list(range(1, row.positions + 1))
            assert [entry.message_id for entry in entries if entry.kind == "in"] == talk.messages
            last_answer = None
            for entry in entries:
                if entry.kind == "in" and last_answer is not None:
                    assert entry.order_at >= last_answer
                if entry.kind == "out":
                    last_answer = entry.order_at
        assert OutgoingRow.objects.count() == self.sent

    @staticmethod
    def outcome(verb: Any, *args: Any, **more: Any) -> Any:
        try:
            return verb(*args, **more)
        except RaseedError as refused:
            return refused.code


def test_conversations_follow_the_model(house: House) -> None:
    class WithHouse(Talking):
        pass

    WithHouse.house = house
    run_state_machine_as_test(
        WithHouse,
        settings=settings(
            settings.default, suppress_health_check=list(HealthCheck), max_examples=20, stateful_step_count=30
        ),
    )

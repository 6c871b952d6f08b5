"""Whoever takes, gives away or returns a conversation: what waits in it stays somebody's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from raseed.care import api as care
from raseed.channels.models import OutgoingRow
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import a_colleague, make_hashes_quick
from raseed.people.tests.world import a_customer, an_institution
from raseed.platform.api import InvalidCursor, audit_records

from .talk import PHONE, House, mona, staff_id


def test_taken_and_returned_it_is_always_somebodys(house: House) -> None:
    one = house.hears()
    assert care.take(one, by=house.salma, clock=house.clock).accountable == staff_id(house.salma)
    version = house.now_is(one).version
    assert care.take(one, by=house.salma, clock=house.clock).version == version
    with pytest.raises(care.HeldByAnother):
        care.take(one, by=house.karim, clock=house.clock)
    with pytest.raises(people.NotPermitted):
        care.return_to_queue(one, by=house.karim, reason="not mine", clock=house.clock)
    back = care.return_to_queue(one, by=house.salma, reason="my shift ends", clock=house.clock)
    assert (back.assignee, back.accountable) == (None, house.nadia)
    assert {each.assignee for each in house.running(one).values()} == {None}
    assert care.take(one, by=house.boss, clock=house.clock).assignee == staff_id(house.boss)
    events = [(e.event.value, e.text) for e in house.said(one) if e.event]
    assert events == [("taken", ""), ("returned", "my shift ends"), ("taken", "")]


def test_it_is_given_only_to_who_may_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_quick(monkeypatch)
    colleague = a_colleague(house.id, login="huda").staff
    one = house.hears()
    with pytest.raises(care.AssigneeMayNot):
        care.assign(one, to=new_id(), by=house.boss, reason="knows it", clock=house.clock)
    with pytest.raises(people.NotPermitted):
        care.assign(one, to=colleague.id, by=house.salma, reason="knows it", clock=house.clock)
    given = care.assign(one, to=colleague.id, by=house.boss, reason="knows it", clock=house.clock)
    assert given.assignee == colleague.id
    trail = audit_records(action="care.conversation_assigned").records[0]
    assert (trail.actor, trail.reason) == (house.boss.actor, "knows it")
    other = house.hears(who="wa:2")
    care.take(other, by=house.salma, clock=house.clock)
    own = care.assign(other, to=colleague.id, by=house.salma, reason="knows it", clock=house.clock)
    assert own.accountable == colleague.id


def test_another_team_answers_with_its_own_duty(house: House) -> None:
    one, team = house.hears(), house.cards.id
    care.take(one, by=house.salma, clock=house.clock)
    given = care.give_to_team(one, team_id=team, by=house.salma, reason="it is about loans", clock=house.clock)
    assert (given.team_id, given.assignee, given.accountable) == (team, None, house.nadia)
    assert {each.team_id for each in house.running(one).values()} == {team}
    for nobodys in (new_id(), house.id):
        with pytest.raises(InputError):
            care.give_to_team(one, team_id=nobodys, by=house.salma, reason="it is about loans", clock=house.clock)


def test_a_line_can_be_another_teams(house: House) -> None:
    team = house.cards.id
    with pytest.raises(people.NotPermitted):
        care.route_line(house.talk.id, team_id=team, by=house.salma, reason="by subject")
    care.route_line(house.talk.id, team_id=team, by=house.boss, reason="by subject", clock=house.clock)
    assert care.routes(house.id) == {house.talk.id: team}
    assert house.now_is(house.hears()).team_id == team


def test_what_waits_is_not_closed_by_oversight(house: House) -> None:
    one = house.hears()
    with pytest.raises(care.StillUnanswered):
        care.close(one, by=house.salma, reason="done", clock=house.clock)
    closed = care.close(one, by=house.salma, reason="it was spam", nothing_to_answer=True, clock=house.clock)
    assert (closed.state.value, closed.unanswered) == ("closed", 0)
    assert house.running(one) == {}
    assert care.close(one, by=house.salma, reason="done", clock=house.clock).version == closed.version
    opened = care.reopen(one, by=house.salma, reason="it was none", clock=house.clock)
    assert opened.state is care.ConversationState.OPEN
    with pytest.raises(care.ConversationClosed):
        care.reopen(one, by=house.salma, reason="it was none", clock=house.clock)


def test_an_old_conversation_is_not_opened_beside_a_new_one(house: House) -> None:
    old = house.hears()
    care.close(old, by=house.salma, reason="it was spam", nothing_to_answer=True, clock=house.clock)
    house.clock.advance(timedelta(days=30))
    assert house.hears("new") != old
    with pytest.raises(care.ConversationClosed):
        care.reopen(old, by=house.salma, reason="look again", clock=house.clock)


def test_notes_and_tags_are_kept_and_send_nothing(house: House) -> None:
    one = house.hears()
    care.note(one, text="She called too.\nLine two.", by=house.salma, clock=house.clock)
    for name in ("refund-asked", "vip"):
        care.make_tag(
            id=new_id(), institution_id=house.id, name=name, by=house.boss, reason="to sort", clock=house.clock
        )
    tagged = care.tag(one, tags=["Refund  Asked", "vip", "VIP"], by=house.salma, clock=house.clock)
    assert tagged.tags == ("refund-asked", "vip")
    assert care.tag(one, tags=["vip", "refund-asked"], by=house.salma, clock=house.clock).version == tagged.version
    with pytest.raises(InputError):
        care.tag(one, tags=[str(n) for n in range(13)], by=house.salma, clock=house.clock)
    assert house.said(one)[1].text == "She called too.\nLine two."
    assert house.now_is(one).unanswered == 1
    assert not OutgoingRow.objects.exists()
    found = care.conversations(institution_id=house.id, by=house.salma, wanted=care.Inbox(tag="vip"))
    assert [each.id for each in found.conversations] == [one]


def test_the_inbox_shows_the_longest_wait_first_and_pages_without_gaps(house: House) -> None:
    ids = []
    for n in range(9):
        ids.append(house.hears(f"number {n}", who=f"wa:{n}"))
        house.waits()
    for one in ids[:3]:
        house.answers(one)
        house.waits()
    expected = [*ids[3:], *reversed(ids[:3])]
    seen: list[UUID] = []
    marker = None
    while True:
        page = care.conversations(institution_id=house.id, by=house.salma, before=marker, limit=2)
        seen += [each.id for each in page.conversations]
        marker = page.next
        if marker is None:
            break
    assert seen == expected
    with pytest.raises(InvalidCursor):
        care.conversations(institution_id=house.id, by=house.salma, before="nonsense")


def test_lists_and_their_counts_say_the_same(house: House) -> None:
    ids = [house.hears(f"number {n}", who=f"wa:{n}") for n in range(6)]
    care.take(ids[0], by=house.salma, clock=house.clock)
    care.take(ids[1], by=house.karim, clock=house.clock)
    house.answers(ids[2])
    care.close(ids[3], by=house.salma, reason="it was spam", nothing_to_answer=True, clock=house.clock)
    for who in (house.salma, house.karim, house.boss):
        told = care.counts(house.id, by=who, clock=house.clock)
        for box, count in told.items():
            page = care.conversations(institution_id=house.id, by=who, wanted=care.Inbox(box=box), clock=house.clock)
            assert len(page.conversations) == count, box
    mine = care.counts(house.id, by=house.salma, clock=house.clock)
    assert (mine[care.Box.MINE], mine[care.Box.UNANSWERED], mine[care.Box.CLOSED]) == (2, 4, 1)


def test_entries_are_paged_from_the_end(house: House) -> None:
    one = house.hears("number 0")
    for n in range(1, 7):
        house.waits()
        house.hears(f"number {n}")
    last = care.entries(one, by=house.salma, limit=3)
    assert [e.text for e in last.entries] == ["number 4", "number 5", "number 6"]
    rest = care.entries(one, by=house.salma, before=last.before, limit=10)
    assert [e.text for e in rest.entries] == [f"number {n}" for n in range(4)]
    assert rest.before is None


def test_merged_customers_conversations_are_found_together_and_apart_again(house: House) -> None:
    one, other = mona(house), mona(house, phone="+201007654321")
    ids = {
        house.hears(phone=PHONE, who="wa:1"): one,
        house.hears(phone="+201007654321", who="wa:2"): other,
    }

    def found(customer: people.Customer) -> set[UUID]:
        page = care.conversations(
            institution_id=house.id, by=house.salma, wanted=care.Inbox(customer_id=customer.id), clock=house.clock
        )
        return {each.id for each in page.conversations}

    first, second = (house.agent("people.merge.propose", "people.merge.confirm") for _ in range(2))
    change = people.merge_customers(
        kept=one.id, merged=other.id, institution_id=house.id, by=first, reason="the same card", clock=house.clock
    )
    people.confirm_change(change.id, by=second, clock=house.clock)
    assert found(one) == found(other) == set(ids)
    undo = people.unmerge_customers(change.id, by=first, reason="they are sisters", clock=house.clock)
    people.confirm_change(undo.id, by=second, clock=house.clock)
    assert len(found(one)) == len(found(other)) == 1


def test_a_call_is_logged_with_what_was_answered(house: House) -> None:
    contact = new_id()
    (one,) = {
        care.log_contact(
            id=contact, line_id=house.branch.id, phone="0100 123 4567", text="Asks for her money",
            said="It came back at 14:33.", by=house.salma, clock=house.clock,
        )
        for _ in range(2)
    }  # fmt: skip
    now = house.now_is(one)
    assert (now.channel, now.state.value, now.unanswered, now.assignee) == (
        "branch",
        "waiting",
        0,
        staff_id(house.salma),
    )
    assert [(e.kind.value, e.text, e.delivery) for e in house.said(one)] == [
        ("in", "Asks for her money", None),
        ("out", "It came back at 14:33.", "told"),
    ]
    assert not OutgoingRow.objects.exists()
    house.answers(one, "It is there since 14:35.")
    assert house.said(one)[-1].delivery == "told"


def test_a_visit_without_an_answer_waits_for_one_and_a_customer_named_is_a_claim(house: House) -> None:
    customer = mona(house)
    one = house.now_is(
        care.log_contact(
            id=new_id(), line_id=house.branch.id, customer_id=customer.id, text="Brought papers", by=house.salma,
            clock=house.clock,
        )
    )  # fmt: skip
    assert (one.unanswered, one.customer_id, one.proof) == (1, customer.id, "claimed")
    with pytest.raises(InputError):
        care.log_contact(id=new_id(), line_id=house.branch.id, text="who?", by=house.salma, clock=house.clock)
    with pytest.raises(InputError):
        care.log_contact(id=new_id(), line_id=house.talk.id, name="Mona", text="x", by=house.salma, clock=house.clock)


def test_what_is_written_down_later_waits_since_the_call_and_is_answered_at_its_time(house: House) -> None:
    called_at = house.clock.now() - timedelta(hours=3)
    one = care.log_contact(
        id=new_id(), line_id=house.branch.id, phone="0100 123 4567", text="Asks for her money", at=called_at,
        by=house.salma, clock=house.clock,
    )  # fmt: skip
    assert house.now_is(one).unanswered_since == called_at
    before = care.log_contact(
        id=new_id(), line_id=house.branch.id, phone="0100 123 4567", text="Asked where the branch is",
        said="In Nile Street, until 17:00.", at=called_at - timedelta(hours=1), by=house.salma, clock=house.clock,
    )  # fmt: skip
    now = house.now_is(one)
    assert (before, now.unanswered, now.unanswered_since) == (one, 1, called_at), "what came later still waits"
    house.answers(one, "It came at 14:33.")
    care.log_contact(
        id=new_id(), line_id=house.branch.id, phone="0100 123 4567", text="Asked for the hours", said="Until 17:00.",
        at=called_at - timedelta(hours=2), by=house.salma, clock=house.clock,
    )  # fmt: skip
    assert house.now_is(one).unanswered == 0, "what was answered since then does not wait again"
    assert [entry.at for entry in house.said(one) if entry.text.startswith("In Nile")] == [
        called_at - timedelta(hours=1)
    ]


def test_a_call_of_ours_says_what_we_called_for_and_nothing_waits(house: House) -> None:
    call: dict[str, Any] = {
        "line_id": house.branch.id, "phone": "0100 123 4567", "text": "Thanks", "by": house.salma, "clock": house.clock,
    }  # fmt: skip
    one = care.log_contact(id=new_id(), said="Your card is here since 10:00.", we_called=True, **call)
    assert house.now_is(one).unanswered == 0
    assert house.said(one)[-1].details == {"called": "us"}
    now = house.clock.now()
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({"we_called": True}, "said"), ({"at": now + timedelta(hours=1)}, "at"), ({"at": now - timedelta(days=32)}, "at"),
    )  # fmt: skip
    for wrong, field in wrongs:
        with pytest.raises(InputError) as refused:
            care.log_contact(id=new_id(), **call, **wrong)
        assert refused.value.field == field
    with pytest.raises(people.UnknownCustomer):
        care.log_contact(id=new_id(), **call, customer_id=a_customer(an_institution("delta").id).id)


def test_a_colleague_s_conversation_goes_to_another_team_only_by_who_may_assign(house: House) -> None:
    one = house.hears()
    care.take(one, by=house.karim, clock=house.clock)
    with pytest.raises(people.NotPermitted):
        care.give_to_team(one, team_id=new_id(), by=house.salma, reason="about loans", clock=house.clock)
    team = house.cards.id
    care.give_to_team(one, team_id=team, by=house.karim, reason="about loans", clock=house.clock)
    assert (house.now_is(one).team_id, house.now_is(one).assignee) == (team, None)

"""Every message lands in exactly one conversation, once, with one accountable person."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.care import api as care
from raseed.care.clocks.tests.desk import someone
from raseed.care.conversations.accounting import clock_breached, settle_accountable
from raseed.care.conversations.receiving import REOPENED_WITHIN
from raseed.care.models import ConversationRow, EntryRow
from raseed.channels import api as channels
from raseed.channels.api import Channel, MessageUnknown
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import a_colleague, make_hashes_quick
from raseed.people.tests.world import a_customer, an_institution
from raseed.platform.events import ATTEMPTS_MAX, deliver_event
from raseed.platform.models import DeliveryRow, EventRow

from .talk import House, mona, staff_id


def kinds(house: House, conversation_id: UUID) -> list[str]:
    return [entry.kind.value for entry in house.said(conversation_id)]


def texts(house: House, conversation_id: UUID) -> list[str]:
    return [entry.text for entry in house.said(conversation_id) if entry.kind is not care.EntryKind.EVENT]


def test_a_first_message_opens_a_conversation_that_somebody_answers_for(house: House) -> None:
    one = house.now_is(house.hears("أين فلوسي؟"))
    assert (one.state.value, one.unanswered, one.unanswered_since) == ("open", 1, house.clock.now())
    assert (one.assignee, one.accountable, one.team_id) == (None, house.nadia, house.team.id)
    assert (one.language, one.snippet, one.name, one.proof) == ("ar", "أين فلوسي؟", "Mona", "none")
    assert {each.accountable for each in house.running(one.id).values()} == {house.nadia}
    assert set(house.running(one.id)) == {"first-answer", "resolution"}


def test_the_same_message_told_twice_is_there_once(house: House) -> None:
    message = house.writes()
    first, second = (care.receive(message.id, clock=house.clock) for _ in range(2))
    assert first == second
    assert house.now_is(first).version == 2
    assert len(house.running(first)) == 2


def test_the_same_message_told_at_the_same_instant_by_many_is_there_once(house: House) -> None:
    messages = [house.writes(f"message {n}") for n in range(4)]
    found: list[UUID] = []
    ready = threading.Barrier(12)

    def place(message_id: UUID) -> None:
        ready.wait()
        try:
            found.append(care.receive(message_id, clock=house.clock))
        finally:
            connection.close()

    threads = [threading.Thread(target=place, args=(message.id,)) for message in messages * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 12
    assert len(set(found)) == 1
    one = house.now_is(found[0])
    assert (one.unanswered, one.version) == (4, 5)
    assert sorted(EntryRow.objects.values_list("position", flat=True)) == [1, 2, 3, 4]


def test_a_sender_goes_on_with_one_conversation_on_a_line_and_another_on_another(house: House) -> None:
    first = house.hears("one")
    assert house.hears("two") == first
    assert house.hears("papers", line=house.documents) != first
    assert house.hears("somebody else", who="wa:2") != first
    assert texts(house, first) == ["one", "two"]


def test_messages_stand_in_the_order_in_which_they_were_sent(house: House) -> None:
    start = house.clock.now()
    house.waits(60)
    (one,) = {house.hears(f"sentence {place}", at=start + timedelta(seconds=place)) for place in (3, 1, 2)}
    assert texts(house, one) == ["sentence 1", "sentence 2", "sentence 3"]


def test_a_message_that_comes_late_never_stands_above_the_answer_given_without_it(house: House) -> None:
    start = house.clock.now()
    house.waits(3600)
    one = house.hears("sent second", at=start + timedelta(seconds=10))
    house.waits(5)
    house.answers(one, "It came at 14:33.")
    house.waits(5)
    house.hears("sent first, came last", at=start)
    assert texts(house, one) == ["sent second", "It came at 14:33.", "sent first, came last"]
    now = house.now_is(one)
    assert (now.state.value, now.unanswered, now.unanswered_since) == ("open", 1, house.clock.now())


def test_what_is_written_soon_after_the_end_opens_it_again_and_later_is_a_new_one(house: House) -> None:
    one = house.hears("first")
    house.answers(one)
    care.close(one, by=house.salma, reason="done with it", clock=house.clock)
    house.clock.advance(REOPENED_WITHIN)
    assert house.hears("again") == one
    assert house.now_is(one).state is care.ConversationState.OPEN
    care.close(one, by=house.salma, reason="spam", nothing_to_answer=True, clock=house.clock)
    house.clock.advance(REOPENED_WITHIN + timedelta(seconds=1))
    assert house.hears("much later") != one


def test_a_reaction_is_kept_and_asks_for_nothing(house: House) -> None:
    one = house.hears("thanks in advance")
    house.answers(one)
    assert house.hears("👍", kind="reaction") == one
    assert house.now_is(one).state is care.ConversationState.WAITING
    care.close(one, by=house.salma, reason="done with it", clock=house.clock)
    house.clock.advance(REOPENED_WITHIN * 10)
    assert house.hears("👍", kind="reaction") == one
    assert house.now_is(one).state is care.ConversationState.CLOSED


def test_who_hides_their_number_goes_on_with_their_conversation(house: House) -> None:
    one = house.hears("with my number")
    assert house.hears("with both", who="bsuid:9", aliases=("wa:201001234567",)) == one
    assert house.hears("hidden now", who="bsuid:9") == one


def test_two_senders_who_turn_out_to_be_one_lose_no_message(house: House) -> None:
    shown, hidden = house.hears("shown"), house.hears("hidden", who="bsuid:9")
    assert shown != hidden
    both = house.hears("both", who="bsuid:9", aliases=("wa:201001234567",))
    assert both in {shown, hidden}
    assert EntryRow.objects.filter(kind="in").count() == 3
    assert {house.now_is(one).identity_id for one in (shown, hidden)} == {house.now_is(both).identity_id}
    assert all(house.now_is(one).unanswered for one in (shown, hidden))


def test_a_number_on_record_is_a_claim_and_no_more(house: House) -> None:
    customer = mona(house)
    one = house.now_is(house.hears(phone=customer.phone))
    assert (one.customer_id, one.proof) == (customer.id, "claimed")


def test_somebody_elses_customers_number_claims_nothing_here(house: House) -> None:
    stranger = a_customer(an_institution("delta").id)
    assert house.now_is(house.hears(phone=stranger.phone)).customer_id is None


def test_whose_customer_a_number_is_elsewhere_is_not_told_here(house: House) -> None:
    delta = an_institution("delta")
    someone(delta.id, "delta")
    theirs = a_customer(delta.id, phone="+201055555555")
    calls = make_line(Channel.PHONE, Clerk(delta.id), address="+20255550001")
    here = make_line(Channel.PHONE, Clerk(house.id), address="+20255550002")
    assert calls.scope == here.scope
    care.receive(house.writes(who=theirs.phone, phone=theirs.phone, line=calls).id, clock=house.clock)
    one = house.now_is(house.hears(who=theirs.phone, phone=theirs.phone, line=here))
    assert (one.customer_id, one.proof) == (None, "none")


def test_a_message_of_64_kb_and_one_without_words_are_taken(house: House) -> None:
    one = house.hears("ك" * 65_536)
    house.hears("", kind="sticker")
    house.hears(" ".join(f"word{n}" for n in range(9_000)))
    assert house.now_is(one).unanswered == 3
    assert len(house.now_is(one).snippet) <= 140


def test_what_changes_is_told_without_anybodys_words(house: House) -> None:
    one = house.hears("my secret")
    house.answers(one, "It came at 14:33.")
    told = list(EventRow.objects.filter(name="care.conversation_changed").values_list("payload", flat=True))
    assert told == [{"conversation_id": str(one), "version": 2}, {"conversation_id": str(one), "version": 3}]


def test_when_a_shift_ends_the_next_on_duty_answers_for_it(house: House) -> None:
    one = house.hears()
    care.take(one, by=house.salma, clock=house.clock)
    assert house.now_is(one).accountable == staff_id(house.salma)
    house.goes_away(staff_id(house.salma))
    assert settle_accountable(clock=house.clock) == 1
    assert settle_accountable(clock=house.clock) == 0
    now = house.now_is(one)
    assert (now.assignee, now.accountable) == (staff_id(house.salma), house.nadia)


def test_a_clock_that_ran_out_is_marked_until_somebody_answers(house: House) -> None:
    one = house.hears()
    clock_breached(one, at=house.clock.now(), clock=house.clock)
    assert care.counts(house.id, by=house.salma, clock=house.clock)[care.Box.BREACHED] == 1
    house.answers(one)
    assert house.now_is(one).breached_at is None
    clock_breached(one, at=house.clock.now(), clock=house.clock)
    assert house.now_is(one).breached_at is None


def test_an_unknown_message_is_refused_in_words(house: House) -> None:
    with pytest.raises(MessageUnknown):
        care.receive(new_id(), clock=house.clock)


def test_the_database_holds_what_the_code_promises(house: House) -> None:
    one = house.hears()
    house.answers(one)
    house.hears("again")
    message = EntryRow.objects.filter(kind="in").values_list("message_id", flat=True)[0]
    for statement in (
        "UPDATE care_entry SET text = 'else'",
        "DELETE FROM care_entry",
        "TRUNCATE care_entry CASCADE",
        "UPDATE care_conversation SET version = version - 1",
        "UPDATE care_conversation SET unanswered = 0",
        "UPDATE care_conversation SET state = 'closed'",
        "UPDATE care_conversation SET accountable = NULL",
        "UPDATE care_conversation SET identity_id = gen_random_uuid()",
        "DELETE FROM care_conversation",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    other = ConversationRow.objects.get(id=one)
    with pytest.raises(DatabaseError), transaction.atomic():
        EntryRow.objects.create(
            id=new_id(), conversation=other, position=99, at=house.clock.now(), order_at=house.clock.now(), kind="in",
            actor="x", text="twice", message_id=message, message_kind="text",
        )  # fmt: skip


def test_who_may_not_see_conversations_finds_none(house: House) -> None:
    one = house.hears()
    stranger: Any = people.Author("staff:x", {})
    with pytest.raises(care.UnknownConversation):
        care.conversation(one, by=stranger)
    with pytest.raises(people.NotPermitted):
        care.conversations(institution_id=house.id, by=stranger)


def test_where_nobody_works_a_message_waits_and_is_placed_as_soon_as_somebody_is_there(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hashes_quick(monkeypatch)
    empty = an_institution()
    line = make_line(Channel.TELEGRAM, Clerk(empty.id))
    channels.take_in(
        line_id=line.id, party=channels.Party(line.scope, "tg:1", name="Mona"), text="Is anybody there?",
        provider_id="1", sent_at=SYSTEM_CLOCK.now(),
    )  # fmt: skip
    assert not care.duty.somebody_works(empty.id)
    (owed,) = DeliveryRow.objects.filter(handler="care.receive_message")
    for _ in range(ATTEMPTS_MAX + 2):
        deliver_event(delivery_id=owed.id)
    owed.refresh_from_db()
    assert (owed.attempts, owed.failed_at, EntryRow.objects.count()) == (0, None, 0)
    assert owed.due_at > SYSTEM_CLOCK.now(), "it is asked again"
    a_colleague(empty.id, login="first", roles=("agent",))
    assert care.duty.somebody_works(empty.id)
    deliver_event(delivery_id=owed.id)
    assert EntryRow.objects.get(kind="in").text == "Is anybody there?"
    assert not DeliveryRow.objects.filter(id=owed.id).exists()

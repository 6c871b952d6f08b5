"""An answer leaves once; two who answer at the same instant: one message leaves, and the other is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from raseed.care import api as care
from raseed.care.cards import registry
from raseed.care.cards.domain import Asked, Card, Source
from raseed.care.cards.domain import fact as make_fact
from raseed.care.clocks import api as clocks
from raseed.care.conversations.delivery import delivery_changed
from raseed.care.models import EntryRow
from raseed.channels import api as channels
from raseed.channels.api import Channel
from raseed.channels.models import OutgoingRow
from raseed.channels.sending.moving import move
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.platform.api import SameIdOtherContent, audit_records

from .talk import House, mona, staff_id

BALANCE = "Your balance is EGP 120.00."


def sent() -> int:
    return OutgoingRow.objects.count()


def test_an_answer_leaves_stops_the_clock_and_is_the_answerers(house: House) -> None:
    one = house.hears()
    house.waits()
    entry = house.answers(one)
    now = house.now_is(one)
    assert (entry.kind, entry.actor, entry.delivery) == (care.EntryKind.OUT, house.salma.actor, "waiting")
    assert (now.state.value, now.unanswered, now.unanswered_since) == ("waiting", 0, None)
    assert (now.assignee, now.accountable) == (staff_id(house.salma), staff_id(house.salma))
    (settle,) = house.running(one).values()
    assert (settle.kind, settle.assignee) == (clocks.ClockKind.RESOLUTION, staff_id(house.salma))
    assert settle.paused is clocks.PauseReason.WAITING_FOR_CUSTOMER
    (answer,) = clocks.stopped_clocks(one, clock=house.clock)
    assert (answer.kind, answer.elapsed_s) == (clocks.ClockKind.FIRST_ANSWER, 1)
    record = clocks.record_of(
        staff_id(house.salma), institution_id=house.id, since=house.clock.now() - timedelta(days=1),
        until=house.clock.now() + timedelta(days=1), by=people.SYSTEM,
    )  # fmt: skip
    assert record.answered == 1
    assert sent() == 1


def test_two_agents_who_answer_at_the_same_instant_send_one_message(house: House) -> None:
    one = house.hears()
    version = house.now_is(one).version
    outcomes: list[Any] = []
    ready = threading.Barrier(8)

    def answer(by: people.Author, n: int) -> None:
        ready.wait()
        try:
            outcomes.append(house.answers(one, f"It came back at 14:3{n}.", by=by, expected_version=version).id)
        except RaseedError as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=((house.salma, house.karim)[n % 2], n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("version_moved") == 7
    assert sent() == 1
    assert EntryRow.objects.filter(kind="out").count() == 1


def test_what_the_customer_writes_meanwhile_stops_the_answer(house: House) -> None:
    one = house.hears()
    version = house.now_is(one).version
    house.hears("Forget it, it is there")
    with pytest.raises(care.VersionMoved) as refused:
        house.answers(one, expected_version=version)
    assert refused.value.params["version"] == house.now_is(one).version
    assert sent() == 0


def test_the_same_answer_again_is_the_first_one_and_with_other_words_is_refused(house: House) -> None:
    one, again = house.hears(), new_id()
    first = house.answers(one, client_message_id=again)
    assert house.answers(one, client_message_id=again, expected_version=2) == first
    with pytest.raises(SameIdOtherContent):
        house.answers(one, "It came back at 15:00.", client_message_id=again)
    assert sent() == 1


def test_while_a_colleague_writes_nobody_else_sends(house: House) -> None:
    one = house.hears()
    mine = care.hold_lease(one, by=house.salma, clock=house.clock)
    theirs = care.hold_lease(one, by=house.karim, clock=house.clock)
    assert mine.holder == theirs.holder == staff_id(house.salma)
    with pytest.raises(care.HeldByAnother) as refused:
        house.answers(one, by=house.karim)
    assert refused.value.params["holder"] == str(staff_id(house.salma))
    with pytest.raises(people.NotPermitted):
        care.hold_lease(one, by=house.karim, take_over=True, clock=house.clock)
    assert care.hold_lease(one, by=house.boss, take_over=True, clock=house.clock).holder == staff_id(house.boss)
    with pytest.raises(care.HeldByAnother):
        house.answers(one, by=house.salma)
    house.waits(61)
    house.answers(one, by=house.salma)
    assert care.leases_of([one], clock=house.clock) == {}


def test_a_lease_is_given_back_and_ends_with_the_answer(house: House) -> None:
    one = house.hears()
    care.hold_lease(one, by=house.salma, clock=house.clock)
    care.release_lease(one, by=house.salma, clock=house.clock)
    care.hold_lease(one, by=house.karim, clock=house.clock)
    house.answers(one, by=house.karim)
    assert care.leases_of([one], clock=house.clock) == {}


def test_who_is_here_is_known_and_forgotten(house: House) -> None:
    one, other = house.hears(), house.hears(who="wa:2")
    care.be_here(one, by=house.salma, clock=house.clock)
    care.be_here(one, by=house.karim, typing=True, clock=house.clock)
    here = care.who_is_here([one, other], clock=house.clock)
    assert {each.staff_id: each.typing for each in here[one]} == {
        staff_id(house.salma): False, staff_id(house.karim): True,
    }  # fmt: skip
    assert here[other] == ()
    care.leave(one, by=house.karim, clock=house.clock)
    house.waits(46)
    assert care.who_is_here([one], clock=house.clock) == {one: ()}


def test_an_empty_answer_is_stopped_counted_and_may_be_sent_with_a_reason(house: House) -> None:
    one = house.hears()
    with pytest.raises(care.EmptyReply) as refused:
        house.answers(one, "The data is being updated.")
    assert refused.value.kinds == ["empty"]
    assert sent() == 0
    assert [each.after for each in audit_records(action="care.reply_stopped").records] == [{"kinds": ["empty"]}]
    entry = house.answers(one, "The data is being updated.", override=care.Override("told the rest by phone"))
    assert entry.overridden == "told the rest by phone"
    assert audit_records(action="care.reply_overridden").records[0].reason == "told the rest by phone"
    with pytest.raises(UnacceptableText):
        house.answers(one, "The data is being updated.", override=care.Override(" "))


@pytest.mark.parametrize("text", ["", "  \n ", "abc\u202edef 14:33", "a\x00b", "x" * 4097])
def test_an_answer_that_cant_be_read_is_refused(house: House, text: str) -> None:
    one = house.hears()
    with pytest.raises(UnacceptableText):
        house.answers(one, text)
    assert sent() == 0


def test_nothing_is_sent_into_a_closed_conversation(house: House) -> None:
    one = house.hears()
    care.close(one, by=house.salma, reason="spam", nothing_to_answer=True, clock=house.clock)
    with pytest.raises(care.ConversationClosed):
        house.answers(one)


@pytest.fixture
def balance() -> Iterator[dict[str, str]]:
    """A source of one fact, whose value a test may change."""
    holds = {"value": "120.00"}

    def provider(asked: Asked) -> Card:
        made = make_fact(
            asked, provider="test", key="balance:1", stands=(holds["value"],), words=lambda _: "Balance",
            value=lambda _: holds["value"], source=lambda _: "ledger", as_of=asked.now,
            reply=lambda _: f"Your balance is EGP {holds['value']}.",
        )  # fmt: skip
        return Card("test", "Test", (made,))

    registry._sources["test"] = Source("test", "Test", provider, "care.conversations.view")
    yield holds
    del registry._sources["test"]


def the_fact(house: House, customer: people.Customer) -> care.InsertedFact:
    card = care.cards(customer.id, house.id, by=house.salma, language="en", reply_language="en", only=["test"])[0]
    return card.facts[0].inserted()


def proven(house: House) -> tuple[Any, people.Customer]:
    customer = mona(house, language="en")
    one = house.hears(phone=customer.phone)
    people.link_identity(
        house.now_is(one).identity_id, customer_id=customer.id, how="one_time_code", by=people.SYSTEM, reason="by code",
        clock=house.clock,
    )  # fmt: skip
    return one, customer


def test_facts_are_told_to_who_has_proven_to_be_the_customer(house: House, balance: dict[str, str]) -> None:
    one, customer = proven(house)
    entry = house.answers(one, f"Dear Mona, {BALANCE}", facts=[the_fact(house, customer)])
    assert [each.ref.key for each in entry.facts] == ["balance:1"]


def test_facts_are_refused_for_a_claim_and_for_another_customer(house: House, balance: dict[str, str]) -> None:
    customer = mona(house, language="en")
    fact = the_fact(house, customer)
    stranger = house.hears(who="wa:2")
    with pytest.raises(care.IdentityNotProven):
        house.answers(stranger, BALANCE, facts=[fact])
    claimed = house.hears(phone=customer.phone)
    with pytest.raises(care.IdentityNotProven):
        house.answers(claimed, BALANCE, facts=[fact])
    adel = mona(house, phone="+201007654321")
    people.link_identity(
        house.now_is(claimed).identity_id, customer_id=adel.id, how="one_time_code", by=people.SYSTEM, reason="by code",
        clock=house.clock,
    )  # fmt: skip
    with pytest.raises(care.IdentityNotProven):
        house.answers(claimed, BALANCE, facts=[fact])
    assert sent() == 0


def test_a_fact_that_has_changed_stops_the_answer(house: House, balance: dict[str, str]) -> None:
    one, customer = proven(house)
    fact = the_fact(house, customer)
    balance["value"] = "20.00"
    with pytest.raises(care.FactChanged):
        house.answers(one, BALANCE, facts=[fact])
    assert sent() == 0
    assert house.now_is(one).unanswered == 1


def test_a_macro_is_sent_with_its_facts_or_not_at_all(house: House, balance: dict[str, str]) -> None:
    one, customer = proven(house)
    made = care.edit_macro(
        id=new_id(), institution_id=house.id, slug="balance", title="Balance", by=house.boss, reason="often asked",
        texts={"en": "Good morning. {fact:balance}", "ar": "صباح الخير. {fact:balance}"}, clock=house.clock,
    )  # fmt: skip
    assert made.facts == ("balance",)
    assert care.macros(house.id, by=house.salma, language="he") == []
    with pytest.raises(care.FactsMissing):
        care.fill_macro(made.id, language="en", facts=[], by=house.salma)
    fact = the_fact(house, customer)
    text = care.fill_macro(made.id, language="en", facts=[fact], by=house.salma)
    assert text == f"Good morning. {BALANCE}"
    with pytest.raises(care.FactsMissing):
        house.answers(one, "Good morning. It came at 14:33.", facts=[fact], macro_id=made.id)
    assert house.answers(one, text, facts=[fact], macro_id=made.id).facts == (fact,)


@pytest.mark.parametrize(
    ("slug", "texts"),
    [("b", {"en": "x {fact:a}", "ar": "س"}), ("b", {}), ("Big", {"en": "x"}), ("taken", {"en": "x"})],
)
def test_a_macro_that_is_not_whole_is_refused(house: House, slug: str, texts: dict[str, str]) -> None:
    def edit(slug: str, texts: dict[str, str]) -> care.Macro:
        return care.edit_macro(
            id=new_id(), institution_id=house.id, slug=slug, title="A", texts=texts, by=house.boss, reason="a test"
        )

    edit("taken", {"en": "y"})
    with pytest.raises(care.InvalidMacro):
        edit(slug, texts)
    assert [each.slug for each in care.macros(house.id, by=house.salma)] == ["taken"]


def becomes(entry: care.Entry, state: channels.OutgoingState, house: House, code: str = "") -> None:
    assert entry.message_id
    row = OutgoingRow.objects.get(id=entry.message_id)
    with transaction.atomic():
        move(row, state, at=house.clock.now(), code=code, clock=house.clock)
    delivery_changed(entry.message_id, clock=house.clock)


def test_what_became_of_an_answer_is_seen_in_the_conversation(house: House) -> None:
    one = house.hears()
    entry = house.answers(one)
    becomes(entry, channels.OutgoingState.DELIVERED, house)
    assert house.said(one)[-1].delivery == "delivered"
    assert house.now_is(one).version == 3
    delivery_changed(new_id(), clock=house.clock)


def test_an_answer_that_failed_is_owed_again_and_a_retry_really_sends(house: House) -> None:
    one = house.hears()
    entry = house.answers(one)
    becomes(entry, channels.OutgoingState.FAILED, house, code="provider_trouble")
    failed, now = house.said(one)[-1], house.now_is(one)
    assert (failed.delivery, failed.reason, failed.may_retry) == ("failed", "provider_trouble", True)
    assert (now.state.value, now.unanswered, now.accountable) == ("open", 1, staff_id(house.salma))
    again = care.retry(entry.id, by=house.karim, clock=house.clock)
    assert (again.delivery, OutgoingRow.objects.get().round) == ("waiting", 1)
    assert house.now_is(one).unanswered == 0
    assert [each.paused for each in house.running(one).values()] == [clocks.PauseReason.WAITING_FOR_CUSTOMER]
    assert {each.rule for each in clocks.stopped_clocks(one, clock=house.clock)} == {"first-answer"}
    with pytest.raises(care.EntryNotFailed):
        care.retry(entry.id, by=house.karim, clock=house.clock)


def test_an_answer_is_not_sent_again_with_a_fact_that_has_changed_since(house: House, balance: dict[str, str]) -> None:
    one, customer = proven(house)
    entry = house.answers(one, BALANCE, facts=[the_fact(house, customer)])
    becomes(entry, channels.OutgoingState.FAILED, house, code="provider_trouble")
    balance["value"] = "20.00"
    with pytest.raises(care.FactChanged):
        care.retry(entry.id, by=house.salma, clock=house.clock)
    assert (house.now_is(one).unanswered, OutgoingRow.objects.get().state) == (1, "failed")
    balance["value"] = "120.00"
    assert care.retry(entry.id, by=house.salma, clock=house.clock).delivery == "waiting"


def test_an_old_answer_that_fails_late_owes_nothing_when_there_was_a_later_one(house: House) -> None:
    one = house.hears()
    first = house.answers(one)
    house.answers(one, "It is there since 14:35.")
    becomes(first, channels.OutgoingState.FAILED, house, code="provider_trouble")
    assert house.now_is(one).unanswered == 0


def test_other_rooms_tell_once_without_a_version(house: House) -> None:
    one, id_ = house.hears(), new_id()
    for _ in range(2):
        care.tell(one, client_message_id=id_, text="The answer is here.", purpose="gap", clock=house.clock)
    assert (sent(), house.now_is(one).unanswered) == (1, 1)
    care.tell(
        one, client_message_id=new_id(), text="The refund is done.", purpose="gap", answers=True, clock=house.clock
    )
    assert house.now_is(one).unanswered == 0


def test_a_closed_window_takes_a_template_whose_words_are_kept_and_no_free_text(house: House) -> None:
    whatsapp = make_line(Channel.WHATSAPP, Clerk(house.id), address="106540352242922")
    channels.register_template(
        line_id=whatsapp.id,
        name="back",
        language="en",
        body="Your transfer came back at {{1}}. {{2}}",
        by=Clerk(house.id),
    )
    one = house.hears(line=whatsapp, who="wa:201001234567", phone="+201001234567")
    assert care.window_of(one, by=house.salma, clock=house.clock).open
    house.clock.advance(timedelta(hours=24, seconds=1))
    assert care.window_of(one, by=house.salma, clock=house.clock).templates_only
    with pytest.raises(care.WindowClosed):
        house.answers(one)
    template = care.ReplyTemplate("back", "en", ("14:33", "{{1}}"))
    assert house.answers(one, "", template=template).text == "Your transfer came back at 14:33. {{1}}"
    with pytest.raises(channels.TemplateUnknown):
        house.answers(one, "", template=care.ReplyTemplate("none", "en", ()))
    assert sent() == 1

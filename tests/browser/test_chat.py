"""Writing from the app and answering at the desk, both live; two agents at once; and a message that is written without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest
from django.test import override_settings

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.channels.models import MessageRow
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import NILE
from raseed.web.tests.visitor import NARROW, WIDE, Visit, Visitor
from tests.browser.test_looks import wrong_with
from tests.browser.test_office import LANGUAGES, house, sign_in

if TYPE_CHECKING:
    from raseed.web.tests.office.house import House

pytestmark = pytest.mark.browser
__all__ = ["house"]
ASKS: Final = "أين تحويلي؟ خُصم المبلغ 250 ولم يصل."
ANSWER: Final = "أهلاً ليلى، أنا سلمى. وصل تحويلكم بقيمة 250 اليوم الساعة 14:10، والمرجع A1B2C3."
OTHER: Final = "أهلاً ليلى، أنا هدى. سأراجع تحويلكم وأكتب لكم اليوم الساعة 16:00 بما وجدت."
WAITS_MS: Final = 20_000
HERE: Final = f"/chat/{NILE}"
SEND: Final = "main form .button.wide"
TWICE: Final = """() => {
  const form = document.querySelector("main form");
  return Promise.all([1, 2].map(() => fetch(form.action, { method: "POST", body: new FormData(form) })));
}"""


@pytest.fixture
def line(house: House) -> channels.Line:
    """The line on which the app's customers write."""
    del house
    return channels.register_line(
        id=new_id(), institution_id=NILE, channel=channels.Channel.WEB, address="nile",
        names={"en": "Web chat", "ar": "محادثة"}, by=people.SYSTEM,
    )  # fmt: skip


@pytest.fixture
def live(line: channels.Line) -> Iterator[None]:
    """The rail and the worker run beside the pages."""
    from tests.browser.playing import rail_and_worker  # noqa: PLC0415  (models need Django set up)

    del line
    with rail_and_worker() as rail, override_settings(RAIL_URL=rail):
        yield


def written(visitor: Visitor, text: str) -> None:
    """Write something in the chat and send it."""
    visitor.page.fill("#text", text)
    visitor.press(SEND)


def stays(visitor: Visitor) -> None:
    """Mark the page as it is, so that a page loaded again is told from one that stayed."""
    visitor.page.evaluate("window.stays = true")


def stayed(visitor: Visitor) -> bool:
    """Whether it is the page that was marked."""
    return bool(visitor.page.evaluate("window.stays === true"))


def the_conversation() -> care.Conversation:
    """Return the one conversation that there is."""
    (found,) = care.conversations(institution_id=NILE, by=people.SYSTEM, wanted=care.EVERYTHING).conversations
    return found


@pytest.mark.slow
def test_customer_and_agent_write_to_each_other_and_no_page_is_loaded_again(
    house: House, live: None, visit: Visit
) -> None:
    """Worker, pulse, rail and browser in one piece: what one writes stands before the other by itself."""
    del live
    with ExitStack() as pages:
        customer, agent = (pages.enter_context(visit("ar", width=width)) for width in (NARROW, WIDE))
        sign_in(agent, house.salma)
        agent.go("/office/desk/?box=open")
        stays(agent)
        customer.sign_in()
        customer.go(HERE)
        written(customer, ASKS)
        customer.picture("chat-written")
        agent.page.wait_for_selector("a.conv >> text=خُصم المبلغ", timeout=WAITS_MS)
        assert stayed(agent)
        stays(customer)
        agent.press("a.conv")
        talk = the_conversation()
        assert (talk.customer_id, talk.proof, talk.channel) == (house.street.layla.id, "proven", "web")
        assert agent.page.locator("button.put").count() > 0, "who is signed in has proven to be"
        agent.page.keyboard.press("r")
        agent.page.keyboard.type(ANSWER)
        with agent.page.expect_navigation():
            agent.page.keyboard.press("Control+Enter")
        stays(agent)
        customer.page.wait_for_selector("#thread .in >> text=وصل تحويلكم", timeout=WAITS_MS)
        assert stayed(customer)
        customer.picture("chat-answered")
        agent.page.wait_for_selector(".thread .out .ticks-of.read", timeout=WAITS_MS)
        assert stayed(agent)
        agent.picture("chat-desk-read")
        written(customer, "شكراً جزيلاً")
        agent.page.wait_for_selector("#thread .in.fresh >> text=شكراً", timeout=WAITS_MS)
        assert stayed(agent)
    (answer,) = (each for each in care.entries(talk.id, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT)
    assert answer.message_id is not None
    assert channels.outgoing([answer.message_id])[answer.message_id].state is channels.OutgoingState.READ


def a_question(customer: people.Customer, line: channels.Line) -> care.Conversation:
    """Let a customer have asked something in the chat."""
    party = channels.Party(scope=line.scope, external_id=f"customer:{customer.id}", name="ليلى")
    message = channels.take_in(
        line_id=line.id, party=party, kind="text", text=ASKS, provider_id=f"{customer.id}:{new_id()}:0",
        sent_at=SYSTEM_CLOCK.now(),
    )  # fmt: skip
    return care.conversation(care.receive(message.id), by=people.SYSTEM)


def test_the_second_of_two_agents_is_told_while_the_first_writes_and_loses_nothing(
    house: House, line: channels.Line, visit: Visit
) -> None:
    talk = a_question(house.street.layla, line)
    with ExitStack() as pages:
        first, second = (pages.enter_context(visit("ar", width=WIDE)) for _ in range(2))
        for visitor, colleague in ((first, house.salma), (second, house.hoda)):
            sign_in(visitor, colleague)
            visitor.go(f"/office/desk/{talk.id}")
        with first.page.expect_response("**/here"):
            first.page.keyboard.press("r")
            first.page.keyboard.type(ANSWER)
        second.page.keyboard.press("r")
        with second.page.expect_response("**/here"):
            second.page.keyboard.type(OTHER)
        second.page.wait_for_selector("#writing >> text=سلمى")
        second.picture("chat-two-agents")
        send(second)
        assert "سلمى" in second.page.inner_text("#answer [role=alert]")
        assert second.page.input_value("#text") == OTHER
        send(first)
        send(second)
        assert second.page.locator("#thread .out.fresh >> text=وصل تحويلكم").count() == 1, "what was answered meanwhile"
        assert second.page.input_value("#text") == OTHER
        second.picture("chat-answered-meanwhile")
    out = [each for each in care.entries(talk.id, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]
    assert [(each.actor, each.text) for each in out] == [(house.salma.staff.actor, ANSWER)]


def send(visitor: Visitor) -> None:
    """Send what is written, by keyboard."""
    visitor.page.focus("#text")
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_connection_a_message_is_kept_and_goes_out_once_by_itself(
    house: House, line: channels.Line, visit: Visit, language: str
) -> None:
    with visit(language, width=NARROW) as visitor:
        page = visitor.page
        visitor.sign_in()
        visitor.go(HERE)
        visitor.context.set_offline(True)
        page.fill("#text", ASKS)
        page.click(SEND)
        page.wait_for_selector("#waits:visible")
        assert not (wrong := wrong_with(visitor, language, NARROW)), wrong
        visitor.picture(f"chat-offline-{language}")
        page.click(SEND)
        assert page.input_value("#text") == ASKS
        assert not MessageRow.objects.filter(line_id=line.id).exists()
        with page.expect_navigation():
            visitor.context.set_offline(False)
        page.wait_for_selector(f"#thread .out >> text={ASKS}")
        assert page.input_value("#text") == ""
    assert MessageRow.objects.filter(line_id=line.id).count() == 1


def test_what_was_being_written_is_there_again_and_two_taps_make_one_message(
    house: House, line: channels.Line, visit: Visit
) -> None:
    del house
    with visit("ar", width=NARROW) as visitor:
        page = visitor.page
        visitor.sign_in()
        visitor.go(HERE)
        page.fill("#text", ASKS)
        made = page.input_value("main form [name=id]")
        visitor.go("/")
        visitor.go(HERE)
        assert page.input_value("#text") == ASKS
        assert page.input_value("main form [name=id]") == made, "sent again it is the same message"
        page.evaluate(TWICE)
        visitor.go(HERE)
        assert page.input_value("#text") == "", "it is among the messages, and no draft any more"
    assert [each.text for each in MessageRow.objects.filter(line_id=line.id)] == [ASKS]

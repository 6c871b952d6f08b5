"""A call or a visit is written down at the desk, once, by who may answer, with the customer found or unknown."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import DELTA
from raseed.web.tests.street import hidden, words_of

from .bureau import NILE, Bureau, at_desk

HERE = "/office/desk/contact"


@pytest.fixture
def calls(bureau: Bureau) -> channels.Line:
    """The line on which people call."""
    del bureau
    return a_line(NILE)


def a_line(institution_id: UUID, channel: channels.Channel = channels.Channel.PHONE) -> channels.Line:
    return channels.register_line(
        id=new_id(), institution_id=institution_id, channel=channel, address=f"+2022555{str(new_id().int)[-4:]}",
        names={"en": "Calls", "ar": "المكالمات"}, by=people.SYSTEM,
    )  # fmt: skip


def when(hours: int) -> str:
    """Return a time so many hours ago as the form takes it, where the institution is."""
    at = SYSTEM_CLOCK.now() - timedelta(hours=hours)
    return at.astimezone(ZoneInfo(people.institution(NILE).zone)).strftime("%Y-%m-%dT%H:%M")


def form(on: channels.Line, /, **others: str) -> dict[str, str]:
    return {
        "do": "keep", "id": str(new_id()), "line": str(on.id), "direction": "they", "at": when(2), "customer": "",
        "phone": "", "name": "", "text": "تسأل عن تحويلها", "said": "", **others,
    }  # fmt: skip


def test_a_caller_is_found_and_what_was_said_waits_since_the_call(bureau: Bureau, calls: channels.Line) -> None:
    client, layla = at_desk(bureau.house.salma), bureau.house.street.layla
    assert HERE in client.get("/office/desk/").content.decode()
    found = client.post(HERE, form(calls, do="find", q=layla.names["ar"][:4]))
    assert found.status_code == 200
    assert str(layla.id) in found.content.decode()
    assert "تسأل عن تحويلها" in found.content.decode(), "nothing typed is lost"
    entered = form(calls, customer=str(layla.id))
    chosen = client.post(HERE, entered | {"do": "find"}).content.decode()
    assert hidden(chosen, "customer") == str(layla.id)
    other = client.post(HERE, entered | {"do": "other"}).content.decode()
    assert hidden(other, "customer") == ""
    answers = [client.post(HERE, entered) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303], "sent twice it is written down once"
    (address,) = {each["Location"] for each in answers}
    one = care.conversation(UUID(address.rpartition("/")[2]), by=people.SYSTEM)
    assert (one.channel, one.customer_id, one.proof, one.unanswered) == ("phone", layla.id, "claimed", 1)
    assert one.unanswered_since is not None
    assert one.unanswered_since < SYSTEM_CLOCK.now() - timedelta(hours=1)
    assert "تسأل عن تحويلها" in (page := client.get(address).content.decode())
    assert "Nothing is sent from here" in words_of(page)


def test_an_unknown_caller_is_known_by_the_number_and_what_was_answered_stands_there(
    bureau: Bureau, calls: channels.Line
) -> None:
    client = at_desk(bureau.house.salma)
    done = client.post(HERE, form(calls, phone="0100 999 8877", direction="we", said="بطاقتكم في الفرع منذ 10:00."))
    assert done.status_code == 303, words_of(done.content.decode())
    page = client.get(done["Location"]).content.decode()
    assert "بطاقتكم في الفرع" in page
    assert "We called" in words_of(page)
    one = care.conversation(UUID(done["Location"].rpartition("/")[2]), by=people.SYSTEM)
    assert (one.unanswered, one.state.value, one.assignee) == (0, "waiting", bureau.house.salma.staff.id)


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_written(bureau: Bureau, calls: channels.Line) -> None:
    client = at_desk(bureau.house.salma)
    abroad = a_line(DELTA)
    for wrong in (
        {}, {"phone": "12"}, {"name": "Mona", "text": ""}, {"name": "Mona", "text": "x" * 5_000 + "\x00"},
        {"name": "Mona", "at": "tomorrow"}, {"name": "Mona", "at": when(-3)}, {"name": "Mona", "at": when(24 * 40)},
        {"name": "Mona", "direction": "we"}, {"name": "Mona", "line": "x"}, {"name": "Mona", "line": str(bureau.line.id)},
        {"name": "Mona", "line": str(abroad.id)}, {"customer": "x"}, {"customer": str(new_id())},
    ):  # fmt: skip
        answer = client.post(HERE, form(calls, **wrong))
        assert answer.status_code in (400, 404, 409, 422), (wrong, answer.status_code)
    assert not care.conversations(institution_id=NILE, by=people.SYSTEM).conversations


def test_without_a_line_the_desk_offers_none_and_says_so(bureau: Bureau) -> None:
    client = at_desk(bureau.house.salma)
    assert HERE not in client.get("/office/desk/").content.decode()
    assert "No line for calls or visits" in words_of(client.get(HERE).content.decode())
    assert at_desk(bureau.house.tamer).get(HERE).status_code in (403, 404)

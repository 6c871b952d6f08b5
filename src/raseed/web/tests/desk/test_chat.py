"""A signed-in customer writes from the app and reads the answer there; once, whatever is tapped twice, and nobody else reads it."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.channels.models import MessageRow
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import run_worker
from raseed.web import chats
from raseed.web.tests.street import DELTA, MONA_PHONE, NILE, hidden, signed_in, words_of
from raseed.web.tests.test_bytes import ALL_MAX, FIRST_PAINT_MAX, weigh

from .bureau import Bureau

ANSWER = "أهلاً ليلى، أنا سلمى. راجعت تحويلكم رقم 250، وسأكتب لكم اليوم الساعة 16:00 بما وجدت."
HERE = f"/chat/{NILE}"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def web(bureau: Bureau) -> channels.Line:
    """The line on which the app's customers write."""
    del bureau
    return channels.register_line(
        id=new_id(), institution_id=NILE, channel=channels.Channel.WEB, address="nile", names={"en": "Web chat"},
        by=people.SYSTEM,
    )  # fmt: skip


def page_of(client: Client, address: str = HERE) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def written(client: Client, text: str, **others: object) -> tuple[int, str]:
    """Write something, and return the status and the form's id."""
    id_ = hidden(page_of(client), "id")
    return client.post(HERE, {"id": id_, "text": text, **others}).status_code, id_


def conversation_of(customer: people.Customer) -> care.Conversation:
    """Let the worker tell what came in, as it does, and return the customer's conversation."""
    run_worker(wait=False, queues=["events"])
    page = care.conversations(institution_id=NILE, by=people.SYSTEM, wanted=care.EVERYTHING)
    (found,) = [each for each in page.conversations if each.customer_id == customer.id]
    return found


def test_what_is_written_is_answered_by_a_person_and_read_here(bureau: Bureau, web: channels.Line) -> None:
    client = signed_in()
    status, _ = written(client, "أين تحويلي؟")
    assert status == 303
    page = page_of(client)
    assert "أين تحويلي؟" in page
    assert "Delivered" in words_of(page)
    layla = bureau.house.street.layla
    talk = conversation_of(layla)
    assert talk.channel == "web"
    care.reply(
        talk.id, client_message_id=new_id(), text=ANSWER, facts=(), expected_version=talk.version,
        by=people.author_of_staff(bureau.house.salma.staff.id),
    )  # fmt: skip
    assert "Answers you have not read: 1" in words_of(page_of(client, "/"))
    page = page_of(client)
    assert "سلمى" in page
    assert page.index("أين تحويلي؟") < page.index("سلمى"), "in order"
    assert "✓✓" in page
    assert "Answers you have not read" not in words_of(page_of(client, "/"))
    (answer,) = channels.web_messages(web.id, f"customer:{layla.id}")
    assert answer.read_at is not None
    assert channels.outgoing([answer.id])[answer.id].state is channels.OutgoingState.READ


def test_a_double_tap_or_a_reload_sends_once_and_other_words_are_another_message(web: channels.Line) -> None:
    client = signed_in()
    _, id_ = written(client, "once")
    assert client.post(HERE, {"id": id_, "text": "once"}).status_code == 303
    assert MessageRow.objects.filter(line_id=web.id).count() == 1
    assert client.post(HERE, {"id": id_, "text": "once, and more"}).status_code == 303
    assert MessageRow.objects.filter(line_id=web.id).count() == 2
    assert signed_in(MONA_PHONE).post(HERE, {"id": id_, "text": "once"}).status_code == 303
    assert "once" in page_of(signed_in(MONA_PHONE)), "another's id gives nothing away and loses nothing"


def test_nobody_else_reads_it(web: channels.Line) -> None:
    del web
    client = signed_in()
    photo = SimpleUploadedFile("bill.png", PNG, content_type="image/png")
    status, _ = written(client, "only for you", file=photo)
    assert status == 303
    assert "bill.png" in page_of(client)
    mona = signed_in(MONA_PHONE)
    assert "only for you" not in page_of(mona)
    file_id = MessageRow.objects.get().files.get().id
    assert mona.get(f"{HERE}/files/{file_id}").status_code == 404
    assert mona.get(f"/chat/{DELTA}").status_code == 404, "no customer there"
    assert Client(SERVER_NAME="localhost").get(HERE).status_code == 303
    assert Client(SERVER_NAME="localhost").get(f"{HERE}/lines").status_code == 401


def test_an_open_page_hears_only_what_is_new(web: channels.Line) -> None:
    client = signed_in()
    written(client, "hello")
    tag = '"' + str(re.search(r'data-tag="(\w+)"', page_of(client))[1]) + '"'  # type: ignore[index]
    quiet = client.get(f"{HERE}/lines", headers={"if-none-match": tag})
    assert (quiet.status_code, quiet.content) == (304, b"")
    assert client.get(f"{HERE}/lines", headers={"if-none-match": f"W/{tag}"}).status_code == 304
    channels.send_message(
        client_message_id=new_id(), line_id=web.id, to=MessageParty.of(web), purpose=channels.REPLY,
        content=channels.OutgoingContent(text="hello back <b>"), clock=SYSTEM_CLOCK,
    )  # fmt: skip
    news = client.get(f"{HERE}/lines", headers={"if-none-match": tag})
    assert news.status_code == 200
    assert "hello back &lt;b&gt;" in news.content.decode()
    assert "<html" not in news.content.decode()


class MessageParty:
    """Whoever wrote last on a line."""

    @staticmethod
    def of(line: channels.Line) -> channels.Party:
        row = MessageRow.objects.filter(line_id=line.id).latest("received_at")
        return channels.Party(row.scope, row.external_id)


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_what_can_t_be_taken_is_said_beside_its_field(web: channels.Line, language: str) -> None:
    client = signed_in(language=language)
    id_ = str(new_id())
    program = SimpleUploadedFile("a.exe", b"MZ", content_type="application/x-msdownload")
    empty = SimpleUploadedFile("a.png", b"", content_type="image/png")
    for sent, place in (
        ({"text": " "}, "text"), ({"text": "x" * 4_001}, "text"), ({"text": "", "file": program}, "file"),
        ({"text": "", "file": empty}, "file"),
    ):  # fmt: skip
        answer = client.post(HERE, {"id": id_, **sent})
        assert answer.status_code == 400, sent
        assert f'id="{place}-error"' in answer.content.decode()
    assert client.post(HERE, {"id": "x", "text": "words kept"}).status_code == 400
    assert not MessageRow.objects.filter(line_id=web.id).exists()


def test_writing_too_fast_is_stopped_with_the_words_kept(web: channels.Line, monkeypatch: pytest.MonkeyPatch) -> None:
    del web
    monkeypatch.setattr(chats, "WRITTEN_MAX", 2)
    client = signed_in()
    assert [written(client, f"n {number}")[0] for number in range(2)] == [303, 303]
    answer = client.post(HERE, {"id": str(new_id()), "text": "the third"})
    assert answer.status_code == 429
    assert "the third" in answer.content.decode()


def test_without_a_web_line_the_page_says_how_else(bureau: Bureau) -> None:
    del bureau
    client = signed_in()
    page = words_of(page_of(client))
    assert "not possible yet" in page
    assert "WhatsApp" in page
    assert client.post(HERE, {"id": str(new_id()), "text": "hello"}).status_code == 409
    assert f"/chat/{DELTA}" in page_of(client), "she may choose"


def test_the_page_is_within_the_budget(web: channels.Line) -> None:
    del web
    client = signed_in(language="ar")
    for number in range(9):
        written(client, f"أين تحويلي رقم {number}؟ المبلغ خُصم ولم يصل إلى صاحبه.")
    paint, everything = weigh(client, HERE)
    print(f"chat: {paint} bytes to the first paint, {everything} in all")
    assert paint <= FIRST_PAINT_MAX
    assert everything <= ALL_MAX


def test_everything_that_was_ever_written_is_read_page_by_page_and_its_files_with_it(web: channels.Line) -> None:
    client = signed_in()
    written(client, "the very first")
    channels.send_message(
        client_message_id=new_id(), line_id=web.id, to=MessageParty.of(web), purpose=channels.REPLY,
        content=channels.OutgoingContent(text="our terms", media=channels.OutgoingMedia("terms.pdf", "application/pdf", PDF)),
    )  # fmt: skip
    for number in range(70):
        if number % 2:
            channels.take_in(
                line_id=web.id, party=MessageParty.of(web), text=f"question {number}.", provider_id=f"p{number}",
                sent_at=SYSTEM_CLOCK.now(),
            )  # fmt: skip
        else:
            channels.send_message(
                client_message_id=new_id(), line_id=web.id, to=MessageParty.of(web), purpose=channels.REPLY,
                content=channels.OutgoingContent(text=f"answer {number}."),
            )  # fmt: skip
    latest = page_of(client)
    assert latest.count('<div class="bubble">') == chats.SHOWN_MAX
    assert "the very first" not in latest
    link = str(re.search(r'class="more"><a [^>]*href="([^"]+)"', latest)[1])  # type: ignore[index]
    past = page_of(client, link)
    assert past.count('<div class="bubble">') == 72 - chats.SHOWN_MAX
    assert "the very first" in past
    assert 'class="more"' not in past
    assert "data-from" not in past, "a page of the past does not fetch itself anew"
    found = re.findall(r"(?:question|answer) (\d+)\.", past + latest)
    assert [int(each) for each in found] == list(range(70)), "each once, in order"
    (file,) = re.findall(rf'href="({HERE}/files/[^"]+)"', past)
    assert client.get(file).content == PDF, "an old file is there as well"
    assert signed_in(MONA_PHONE).get(file).status_code == 404
    assert client.get(f"{HERE}?before=x").status_code == 400
    assert signed_in(MONA_PHONE).get(link).status_code == 200
    assert "the very first" not in page_of(signed_in(MONA_PHONE), link), "another's marker leads into one's own"

"""On the demo's phone somebody writes to an institution over each channel and sees what comes back; plain HTML is enough for it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest

from raseed.demo.phone.server import PhoneServer

from .channels_world import ARABIC, BOT_TOKEN, PHONE, TALK, Receiver, Simulator, items, running

LINE = f"whatsapp:{TALK}"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    receiver = Receiver()
    with running(tmp_path, receiver) as found:
        yield found
    receiver.close()


@pytest.fixture
def phone(sim: Simulator) -> Iterator[PhoneServer]:
    server = PhoneServer(("127.0.0.1", 0), key=lambda: None, channels=sim.url)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(
    phone: PhoneServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", phone.server_address[1], timeout=5)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said, answer.headers


def form(fields: dict[str, str], file: tuple[str, str, bytes] | None = None) -> tuple[bytes, str]:
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file is not None:
        name, kind, content = file
        head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join([*parts, b"--B--\r\n"]), "multipart/form-data; boundary=B"


def say(phone: PhoneServer, text: str, line: str = LINE, file: tuple[str, str, bytes] | None = None) -> str:
    body, kind = form({"phone": PHONE, "line": line, "lang": "ar", "text": text}, file)
    status, _, headers = ask(phone, "POST", "/chat/say", body, Content_Type=kind)
    assert status == 303
    return str(headers["Location"]).partition("#")[0]


def page(phone: PhoneServer, line: str = LINE, lang: str = "ar", path: str = "/chat") -> str:
    return ask(phone, "GET", f"{path}?{urlencode({'phone': PHONE, 'line': line, 'lang': lang})}")[1].decode()


def test_who_writes_and_to_whom_is_chosen_first(phone: PhoneServer):
    assert 'href="/chat?lang=en"' in ask(phone, "GET", "/?lang=en")[1].decode()
    people = ask(phone, "GET", "/chat?lang=ar")[1].decode()
    assert "أمل" in people
    assert 'dir="rtl"' in people
    lines = ask(phone, "GET", f"/chat?{urlencode({'phone': PHONE, 'lang': 'en'})}")[1].decode()
    for name in ("WhatsApp", "WhatsApp for documents", "Telegram", "Text message"):
        assert f">{name}<" in lines


def test_a_text_goes_out_and_the_answer_comes_with_its_ticks(phone: PhoneServer, sim: Simulator):
    sim.deliver(sent_ms=0, delivered_ms=0)
    told = say(phone, ARABIC)
    assert ARABIC in ask(phone, "GET", told)[1].decode()
    sim.receiver.wait(lambda: len(items(sim.receiver.bodies(), "messages")) == 1)
    sim.send("<b>تم الرد</b>")
    sim.receiver.wait(lambda: len(items(sim.receiver.bodies(), "statuses")) == 2)
    entries = page(phone, lang="en", path="/chat/entries")
    assert "&lt;b&gt;تم الرد" in entries
    assert "<html" not in entries
    sim.receiver.wait(lambda: items(sim.receiver.bodies(), "statuses")[-1]["status"] == "read")
    assert "✓✓</span>read" in page(phone, lang="en", path="/chat/entries")


def test_a_photo_is_seen_and_a_document_is_saved(phone: PhoneServer, sim: Simulator):
    say(phone, "العداد", file=("عداد.png", "image/png", PNG))
    say(phone, "", file=("كشف.pdf", "application/pdf", b"%PDF-1.4 <script>"))
    sim.receiver.wait(lambda: len(items(sim.receiver.bodies(), "messages")) == 2)
    picture, document = items(sim.receiver.bodies(), "messages")
    assert (picture["image"]["caption"], document["document"]["filename"]) == ("العداد", "كشف.pdf")
    shown = page(phone, path="/chat/entries")
    where = shown.partition('<img src="')[2].partition('"')[0].replace("&amp;", "&")
    status, content, headers = ask(phone, "GET", where)
    assert (status, content, headers["Content-Type"]) == (200, PNG, "image/png")
    saved = shown.partition('<p><a href="')[2].partition('"')[0].replace("&amp;", "&")
    _, content, headers = ask(phone, "GET", saved)
    assert headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in headers["Content-Disposition"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]


def test_the_number_is_hidden_and_shown_again(phone: PhoneServer, sim: Simulator):
    fields = urlencode({"phone": PHONE, "line": LINE, "lang": "en", "hidden": "1"}).encode()
    assert ask(phone, "POST", "/chat/hide", fields)[0] == 303
    assert "does not see this phone" in page(phone, lang="en")
    say(phone, "من أنا؟")
    sim.receiver.wait(lambda: bool(items(sim.receiver.bodies(), "messages")))
    assert "from" not in items(sim.receiver.bodies(), "messages")[0]


def test_telegram_and_text_messages_are_written_from_the_same_page(phone: PhoneServer, sim: Simulator):
    say(phone, "1", line="telegram:jasmine_bot")
    say(phone, "2", line="sms:+201499999")
    sim.receiver.wait(lambda: bool(sim.receiver.bodies("/telegram") and sim.receiver.bodies("/sms")))
    chat = sim.receiver.bodies("/telegram")[0]["message"]["chat"]["id"]
    sim.call("POST", f"/bot{BOT_TOKEN}/sendMessage", {"chat_id": chat, "text": "أهلا"})
    assert "أهلا" in page(phone, line="telegram:jasmine_bot", path="/chat/entries")


def test_what_can_t_be_sent_is_said_in_words(phone: PhoneServer):
    told = say(phone, "   ")
    assert 'role="alert"' in ask(phone, "GET", told)[1].decode()
    assert "problem=1" in say(phone, "x" * 2001, line="sms:+201499999")
    body, kind = form({"phone": PHONE, "line": "whatsapp:nobody", "text": "x"})
    assert ask(phone, "POST", "/chat/say", body, Content_Type=kind)[0] == 400
    body, kind = form({"phone": PHONE, "line": LINE, "text": "x"})
    assert ask(phone, "POST", "/chat/say", body, Content_Type=kind, Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(phone, "POST", "/chat/say", b"x", Content_Length=str(21 << 20))[0] == 413


def test_without_the_channels_the_page_says_so(tmp_path: Path):
    server = PhoneServer(("127.0.0.1", 0), key=lambda: None, channels="http://127.0.0.1:9")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        status, said, _ = ask(server, "GET", "/chat?lang=en")
        assert (status, b"not running" in said) == (503, True)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""The phone shows each text once, whatever the sender repeats, and misbehaves exactly as it is told to."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from django.test import override_settings

from raseed.channels.gateway import DeliveryProblem, post_text
from raseed.demo.phone.mailbox import MESSAGES_KEPT_MAX, Mailbox, Manner, Taken
from raseed.demo.phone.server import PhoneServer
from raseed.demo.staff_file import StaffAccess, write_staff_file
from raseed.kernel.ids import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONE = "+201400000001"
KEY = "a-key"


@pytest.fixture
def phone() -> Iterator[PhoneServer]:
    server = PhoneServer(("127.0.0.1", 0), key=lambda: KEY)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(
    phone: PhoneServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", phone.server_address[1], timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


def hand_in(phone: PhoneServer, message: object, key: str = KEY) -> int:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return ask(phone, "POST", "/sms", body, Authorization=f"Bearer {key}")[0]


def text_to(number: str = PHONE, text: str = "رمزك 123456") -> dict[str, str]:
    return {"id": str(new_id()), "to": number, "text": text}


def test_a_text_arrives_on_its_phone_and_on_no_other(phone: PhoneServer):
    assert hand_in(phone, text_to()) == 202
    assert "رمزك 123456" in ask(phone, "GET", f"/phone?{urlencode({'number': PHONE})}")[1]
    assert "رمزك" not in ask(phone, "GET", "/phone?number=%2B201400000002")[1]
    assert PHONE in ask(phone, "GET", "/")[1]


def test_a_number_typed_in_arabic_digits_or_without_its_plus_is_found(phone: PhoneServer):
    hand_in(phone, text_to())
    for typed in ("٢٠١٤٠٠٠٠٠٠٠١", "201400000001", "00201400000001"):
        assert "رمزك" in ask(phone, "GET", f"/phone?{urlencode({'number': typed})}")[1]


def test_the_same_id_again_is_shown_once_and_with_other_words_refused(phone: PhoneServer):
    message = text_to()
    assert [hand_in(phone, message) for _ in range(3)] == [202, 200, 200]
    assert hand_in(phone, {**message, "text": "other"}) == 409
    (shown,) = json.loads(ask(phone, "GET", f"/messages.json?{urlencode({'number': PHONE})}")[1])
    assert shown["handed_in"] == 3


def test_texts_and_numbers_are_never_taken_for_markup(phone: PhoneServer):
    hand_in(phone, text_to(text="<script>alert(1)</script>\u202e&"))
    page = ask(phone, "GET", f"/phone?{urlencode({'number': PHONE})}")[1]
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert 'dir="auto"' in page
    index = ask(phone, "GET", "/phone?" + urlencode({"number": '"><script>', "lang": '"><script>'}))[1]
    assert "<script>" not in index
    policy = ask(phone, "GET", "/")[2]["Content-Security-Policy"]
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "message",
    [
        b"", b"{", b"[]", b"\xff\xfe", b'"x"', b"[" * 5000,
        {"id": "1", "to": PHONE, "text": "x"},
        {"id": str(new_id()), "to": "0100", "text": "x"},
        {"id": str(new_id()), "to": PHONE, "text": ""},
        {"id": str(new_id()), "to": PHONE, "text": "x" * 2001},
        {"id": str(new_id()), "to": PHONE, "text": 5},
    ],
)  # fmt: skip
def test_what_is_no_text_message_is_refused(phone: PhoneServer, message: object):
    assert hand_in(phone, message) == 422


def test_a_wrong_key_a_large_body_and_a_strange_host_are_refused(phone: PhoneServer):
    assert hand_in(phone, text_to(), key="wrong") == 401
    assert ask(phone, "POST", "/sms", b"x", Content_Length=str(1 << 20))[0] == 413
    assert ask(phone, "GET", "/", Host="evil.example")[0] == 421
    assert ask(phone, "POST", "/control", b"manner=error&times=1", Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(phone, "GET", "/nowhere")[0] == 404
    assert phone.mailbox.phones() == []


def test_it_speaks_three_languages_each_in_its_direction(phone: PhoneServer):
    for language, direction in (("ar", "rtl"), ("he", "rtl"), ("en", "ltr")):
        page = ask(phone, "GET", f"/?lang={language}")[1]
        assert f'<html lang="{language}" dir="{direction}">' in page
    assert 'lang="he"' in ask(phone, "GET", "/", Accept_Language="he-IL,he")[1]


def test_it_misbehaves_as_often_as_it_was_told_and_then_behaves_again(phone: PhoneServer):
    status, _, headers = ask(
        phone, "POST", "/control", urlencode({"manner": "error", "times": "٢", "lang": "ar"}).encode()
    )
    assert (status, headers["Location"]) == (303, "/?lang=ar")
    assert [hand_in(phone, text_to()) for _ in range(3)] == [500, 500, 202]
    assert ask(phone, "POST", "/control", b"manner=explode&times=1")[0] == 400
    assert ask(phone, "POST", "/control", b"manner=error&times=-1")[0] == 400


def test_a_lost_reply_leaves_the_text_on_the_phone_once_however_often_it_is_sent_again(phone: PhoneServer):
    phone.mailbox.misbehave(Manner.REPLY_LOST, 1)
    message = text_to()
    with pytest.raises((http.client.HTTPException, OSError)):
        hand_in(phone, message)
    assert hand_in(phone, message) == 200
    (shown,) = phone.mailbox.messages(PHONE)
    assert (shown.handed_in, shown.text) == (2, message["text"])


def test_two_deliveries_are_shown_once_and_said_to_be_two(phone: PhoneServer):
    phone.mailbox.misbehave(Manner.TWICE, 1)
    hand_in(phone, text_to())
    page = ask(phone, "GET", f"/phone?{urlencode({'number': PHONE, 'lang': 'en'})}")[1]
    assert page.count("رمزك 123456") == 1
    assert "arrived 2 times" in page


def test_a_silent_gateway_takes_nothing_and_lets_go_when_it_stops():
    server = PhoneServer(("127.0.0.1", 0), key=lambda: None)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.mailbox.misbehave(Manner.SILENT, 1)
    server.stopping.set()
    with pytest.raises((http.client.HTTPException, OSError)):
        hand_in(server, text_to())
    assert server.mailbox.messages(PHONE) == []
    server.shutdown()
    thread.join()
    server.server_close()


def test_channels_own_adapter_can_t_tell_it_from_a_gateway(phone: PhoneServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RASEED_SMS_KEY", KEY)
    with override_settings(SMS_URL=f"http://127.0.0.1:{phone.server_address[1]}/sms"):
        message_id = new_id()
        post_text(message_id=message_id, to_phone=PHONE, text="מספר סודי 111222")
        post_text(message_id=message_id, to_phone=PHONE, text="מספר סודי 111222")
        phone.mailbox.misbehave(Manner.ERROR, 1)
        with pytest.raises(DeliveryProblem, match="answered_500"):
            post_text(message_id=new_id(), to_phone=PHONE, text="x")
        phone.mailbox.misbehave(Manner.REPLY_LOST, 1)
        with pytest.raises(DeliveryProblem, match="no_connection"):
            post_text(message_id=new_id(), to_phone=PHONE, text="y")
    assert [each.text for each in phone.mailbox.messages(PHONE)] == ["y", "מספר סודי 111222"]


def test_the_mailbox_forgets_the_oldest_when_it_is_full():
    box = Mailbox()
    for _ in range(MESSAGES_KEPT_MAX + 5):
        assert box.take(text_to(), NOON) is Taken.NEW
    assert len(box.messages(PHONE)) == MESSAGES_KEPT_MAX


def test_the_authenticator_is_linked_from_the_first_page_and_reads_the_file_when_it_is_shown(tmp_path: Path):
    file = tmp_path / "demo-staff.json"
    server = PhoneServer(("127.0.0.1", 0), key=lambda: KEY, staff_file=file)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        assert 'href="/staff?lang=en"' in ask(server, "GET", "/?lang=en")[1]
        assert "demo staff" in ask(server, "GET", "/staff?lang=en")[1]
        secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        write_staff_file(
            file, [StaffAccess("1", "noa.yasmin", {"en": "Noa"}, "en", {"en": "Bank"}, [], "a-password", secret)]
        )
        status, page, headers = ask(server, "GET", "/staff?lang=en")
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert "a-password" in page
        assert ask(server, "GET", "/staff", Host="evil.example")[0] == 421
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""The simulated Bot API, X, text gateway and malware scanner keep to their wires."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from raseed.channels.gateway import post_text
from raseed.demo.channels.scanner import MARKED
from raseed.kernel.ids import new_id

from .channels_world import (
    ARABIC,
    BOT_SECRET,
    BOT_TOKEN,
    OTHER,
    PHONE,
    SMS_KEY,
    X_ACCOUNT,
    X_SECRET,
    X_TOKEN,
    Receiver,
    Simulator,
    running,
)

BOT = f"/bot{BOT_TOKEN}"
SMS_LINE = "+201499999"


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    receiver = Receiver()
    with running(tmp_path, receiver) as found:
        yield found
    receiver.close()


def heard(sim: Simulator, path: str, count: int) -> list[Any]:
    sim.receiver.wait(lambda: len(sim.receiver.bodies(path)) >= count)
    return sim.receiver.bodies(path)


def telegram(sim: Simulator, **more: Any) -> Any:
    return sim.say("telegram", "jasmine_bot", **more)


def test_updates_are_numbered_and_told_with_the_secret_until_somebody_says_200(sim: Simulator):
    sim.receiver.answers = [500]
    telegram(sim, text=ARABIC)
    telegram(sim, text="2")
    found = heard(sim, "/telegram", 2)
    numbers = [each["update_id"] for each in found]
    assert sorted(numbers) == [min(numbers), min(numbers) + 1]
    message = next(each["message"] for each in found if each["message"]["text"] == ARABIC)
    assert message["chat"]["id"] == message["from"]["id"]
    assert message["chat"]["type"] == "private"
    assert PHONE[1:] not in json.dumps(found), "Telegram never tells a number"
    assert {headers["x-telegram-bot-api-secret-token"] for _, headers, _ in sim.receiver.heard} == {BOT_SECRET}


def test_a_bot_answers_whoever_has_written_to_it_and_nobody_else(sim: Simulator):
    telegram(sim, text="?")
    (update,) = heard(sim, "/telegram", 1)
    chat = update["message"]["chat"]["id"]
    status, said = sim.call("POST", f"{BOT}/sendMessage", {"chat_id": chat, "text": "نعم"})
    assert (status, said["ok"], said["result"]["text"]) == (200, True, "نعم")
    assert [each["text"] for each in sim.chat("telegram", "jasmine_bot")] == ["?", "نعم"]
    assert (
        sim.call("POST", f"{BOT}/sendMessage", {"chat_id": 5, "text": "x"})[1]["description"]
        == "Bad Request: chat not found"
    )
    assert sim.call("POST", f"{BOT}/sendMessage", {"chat_id": chat, "text": "x" * 4097})[0] == 400
    assert sim.call("POST", "/bot1:no/getMe")[0] == 401
    sim.call("POST", "/people/hide", {"phone": PHONE, "absent": True})
    assert sim.call("POST", f"{BOT}/sendMessage", {"chat_id": chat, "text": "x"})[0] == 403
    sim.switch(channel="telegram", place="account", manner="rate", times=1)
    assert sim.call("GET", f"{BOT}/getMe")[1]["parameters"] == {"retry_after": 3}
    assert sim.call("GET", f"{BOT}/getMe")[1]["result"]["username"] == "jasmine_bot"


def test_a_picture_comes_in_sizes_and_is_fetched_by_its_path(sim: Simulator):
    picture = b"\xff\xd8\xff picture"
    file = {"name": "عداد.jpg", "kind": "image/jpeg", "content": base64.b64encode(picture).decode()}
    telegram(sim, file=file, text="العداد")
    (update,) = heard(sim, "/telegram", 1)
    assert update["message"]["caption"] == "العداد"
    largest = update["message"]["photo"][-1]
    path = sim.call("GET", f"{BOT}/getFile?file_id={largest['file_id']}")[1]["result"]["file_path"]
    assert sim.call("GET", f"/file{BOT}/{path}") == (200, picture)
    assert sim.call("GET", f"/file/bot1:no/{path}")[0] == 401


def test_a_bot_without_a_webhook_asks_for_its_updates(sim: Simulator):
    assert sim.call("POST", f"{BOT}/getUpdates")[0] == 409
    assert sim.call("POST", f"{BOT}/deleteWebhook")[1]["result"] is True
    telegram(sim, text="1")
    telegram(sim, text="2")
    first, second = sim.call("GET", f"{BOT}/getUpdates?timeout=5")[1]["result"]
    later = sim.call("GET", f"{BOT}/getUpdates?offset={second['update_id']}")[1]["result"]
    assert ([each["update_id"] for each in later], first["message"]["text"]) == ([second["update_id"]], "1")


def test_x_signs_its_events_in_base64_and_sends_the_accounts_own_messages_too(sim: Simulator):
    sim.say("x", X_ACCOUNT, text=ARABIC)
    (told,) = heard(sim, "/x", 1)
    _, headers, body = sim.receiver.heard[0]
    expected = base64.b64encode(hmac.digest(X_SECRET.encode(), body, hashlib.sha256)).decode()
    assert headers["x-twitter-webhooks-signature"] == f"sha256={expected}"
    (event,) = told["direct_message_events"]
    sender = event["message_create"]["sender_id"]
    assert told["for_user_id"] == event["message_create"]["target"]["recipient_id"] == X_ACCOUNT
    assert told["users"][sender]["name"] == "أمل"
    path = f"/2/dm_conversations/with/{sender}/messages"
    status, said = sim.call("POST", path, {"text": "نعم"}, Authorization=f"Bearer {X_TOKEN}")
    assert status == 201
    echo = heard(sim, "/x", 2)[-1]["direct_message_events"][0]
    assert (echo["id"], echo["message_create"]["sender_id"]) == (said["data"]["dm_event_id"], X_ACCOUNT)
    assert sim.call("POST", path, {"text": "x"}, Authorization="Bearer no")[0] == 401
    assert (
        sim.call("POST", "/2/dm_conversations/with/77/messages", {"text": "x"}, Authorization=f"Bearer {X_TOKEN}")[0]
        == 403
    )
    sim.switch(channel="x", manner="rate", times=1)
    assert sim.call("POST", path, {"text": "x"}, Authorization=f"Bearer {X_TOKEN}")[0] == 429


def test_x_takes_a_webhook_only_after_its_challenge(sim: Simulator):
    good = {"url": f"{sim.receiver.url}/x2"}
    assert sim.call("POST", "/2/webhooks", good, Authorization=f"Bearer {X_TOKEN}")[1]["data"]["valid"] is True
    assert sim.call("POST", "/2/webhooks", {"url": f"{sim.url}/health"}, Authorization=f"Bearer {X_TOKEN}")[0] == 400


def test_texts_go_both_ways_over_the_gateway(sim: Simulator, monkeypatch: pytest.MonkeyPatch):
    sim.say("sms", SMS_LINE, text=ARABIC)
    (told,) = heard(sim, "/sms", 1)
    (message,) = told["messages"]
    assert (message["from"], message["to"], message["text"]) == (PHONE, SMS_LINE, ARABIC)
    _, headers, body = sim.receiver.heard[0]
    assert headers["x-raseed-signature-256"] == "sha256=" + hmac.new(b"sms-in", body, hashlib.sha256).hexdigest()
    monkeypatch.setenv("RASEED_SMS_KEY", SMS_KEY)
    ours = new_id()
    with override_settings(SMS_URL=f"{sim.url}/sms"):
        for _ in range(3):
            post_text(message_id=ours, to_phone=PHONE, text="رمزك 1234")
    assert [each["text"] for each in sim.chat("sms", SMS_LINE)] == [ARABIC, "رمزك 1234"]
    reports = [each for told in heard(sim, "/sms", 3)[1:] for each in told["statuses"]]
    assert [(each["id"], each["status"]) for each in reports] == [(str(ours), "sent"), (str(ours), "delivered")]
    again = {"id": str(ours), "to": PHONE, "text": "other"}
    assert sim.call("POST", "/sms", again, Authorization=f"Bearer {SMS_KEY}")[0] == 409
    assert sim.call("POST", "/sms", again, Authorization="Bearer no")[0] == 401
    assert sim.call("POST", "/sms", {"id": "1", "to": OTHER, "text": "x"}, Authorization=f"Bearer {SMS_KEY}")[0] == 422


def scan(sim: Simulator, content: bytes, command: bytes = b"zINSTREAM\0") -> bytes:
    with socket.create_connection(("127.0.0.1", sim.channels.port), timeout=5) as talk:
        talk.sendall(command)
        if b"INSTREAM" in command:
            for place in range(0, len(content), 1024):
                part = content[place : place + 1024]
                talk.sendall(len(part).to_bytes(4, "big") + part)
            talk.sendall(b"\0\0\0\0")
        said = b""
        while part := talk.recv(1024):
            said += part
        return said


def test_the_scanner_finds_what_is_marked_and_the_test_file_on_the_same_port(sim: Simulator):
    eicar = base64.b64decode(
        "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo="
    )
    assert scan(sim, b"", b"zPING\0") == b"PONG\0"
    assert scan(sim, b"", b"nVERSION\n").startswith(b"ClamAV ")
    assert scan(sim, b"x" * 10_000) == b"stream: OK\0"
    assert scan(sim, eicar) == b"stream: Eicar-Signature FOUND\0"
    assert scan(sim, b"x" * 5_000 + MARKED, b"nINSTREAM\n") == b"stream: Raseed.Demo.Malware FOUND\n"
    sim.switch(channel="scanner", manner="found", times=1)
    assert b"FOUND" in scan(sim, b"x")
    sim.switch(channel="scanner", manner="error", times=1)
    assert scan(sim, b"x").endswith(b"ERROR\0")
    sim.switch(channel="scanner", manner="dead", times=1)
    assert scan(sim, b"") == b""

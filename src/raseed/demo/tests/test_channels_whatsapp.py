"""The simulated Cloud API is as real as it can be: what it signs, escapes, batches, repeats, refuses and loses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .channels_world import (
    APP,
    APP_SECRET,
    ARABIC,
    DOCUMENTS,
    OTHER,
    PHONE,
    TALK,
    TOKEN,
    VERIFY,
    WABA,
    Receiver,
    Simulator,
    items,
    running,
)  # fmt: skip

BEARER = f"Bearer {TOKEN}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def sim(tmp_path: Path, receiver: Receiver) -> Iterator[Simulator]:
    with running(tmp_path, receiver) as found:
        yield found


def came(sim: Simulator, kind: str, count: int) -> list[Any]:
    sim.receiver.wait(lambda: len(items(sim.receiver.bodies(), kind)) >= count)
    return items(sim.receiver.bodies(), kind)


def test_a_text_arrives_escaped_in_lower_case_and_signed_over_its_raw_bytes(sim: Simulator):
    said = sim.say(text=ARABIC)
    (message,) = came(sim, "messages", 1)
    assert (message["id"], message["text"]["body"], message["from"]) == (said["id"], ARABIC, PHONE[1:])
    assert message["timestamp"].isdigit()
    _, headers, body = sim.receiver.heard[0]
    assert body.isascii()
    assert rb"\u0631\u0635\u064a\u062f\u064a" in body, "lower-case hex digits"
    expected = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    assert value["metadata"] == {"display_phone_number": "15550783881", "phone_number_id": TALK}
    assert value["contacts"][0]["profile"] == {"name": "أمل"}


def test_an_answer_is_sent_delivered_and_read_when_the_chat_is_opened(sim: Simulator):
    sim.deliver(sent_ms=0, delivered_ms=50)
    sim.say(text="?")
    status, said = sim.send(biz_opaque_callback_data="ours-1")
    assert status == 200
    assert said["contacts"] == [{"input": PHONE, "wa_id": PHONE[1:]}]
    assert said["messages"][0]["id"].startswith("wamid.")
    found = came(sim, "statuses", 2)
    assert [each["status"] for each in found] == ["sent", "delivered"]
    assert {each["biz_opaque_callback_data"] for each in found} == {"ours-1"}
    assert {each["recipient_id"] for each in found} == {PHONE[1:]}
    sim.receiver.wait(
        lambda: [entry["state"] for entry in sim.chat()] == ["sent", "delivered"]
    )  # it ticks once it is told
    sim.call("POST", "/people/read", {"channel": "whatsapp", "line": TALK, "phone": PHONE})
    assert came(sim, "statuses", 3)[-1]["status"] == "read"
    assert sim.chat()[-1]["state"] == "read"


def test_a_hidden_number_is_nowhere_and_the_user_id_reaches_the_same_person_on_each_number(sim: Simulator):
    sim.call("POST", "/people/hide", {"phone": PHONE, "hidden": True})
    sim.say(text="من هنا")
    sim.say(text="ومن هنا", line=DOCUMENTS)
    first, second = came(sim, "messages", 2)
    assert "from" not in first
    assert first["from_user_id"] == second["from_user_id"]
    assert first["from_user_id"].startswith("EG.")
    assert PHONE[1:] not in b"".join(body for _, _, body in sim.receiver.heard).decode()
    body = {
        "messaging_product": "whatsapp",
        "recipient": first["from_user_id"],
        "type": "text",
        "text": {"body": "أهلا"},
    }
    status, said = sim.call("POST", f"/v23.0/{TALK}/messages", body, Authorization=BEARER)
    assert (status, said["contacts"][0]["user_id"]) == (200, first["from_user_id"])
    assert sim.chat()[-1]["text"] == "أهلا"
    told = came(sim, "statuses", 1)[0]
    assert (told["recipient_user_id"], "recipient_id" in told) == (first["from_user_id"], False)


def test_a_user_id_in_the_wrong_field_is_answered_yes_and_reaches_nobody(sim: Simulator):
    sim.say(text="?")
    (message,) = came(sim, "messages", 1)
    assert sim.send(to=message["from_user_id"])[0] == 200
    assert len(sim.chat()) == 1


def test_a_batch_is_spread_over_entries_changes_and_arrays_and_nothing_of_it_is_missing(sim: Simulator):
    sim.deliver(paused=1)
    told = [
        sim.say(text=f"{n}", line=(TALK, DOCUMENTS)[n % 2], phone=(PHONE, OTHER)[n % 3 == 0])["id"] for n in range(60)
    ]
    sim.deliver(paused=0, batch=50, shuffle=1, redeliver=100, redeliver_after_ms=0)
    found = came(sim, "messages", 120)
    assert sorted(each["id"] for each in found) == sorted(told * 2)
    assert [each["id"] for each in found[:60]] != told
    bodies = sim.receiver.bodies()
    assert max(len(items([body], "messages")) for body in bodies) == 50
    assert max(len(body["entry"]) for body in bodies) > 1
    assert max(len(entry["changes"]) for body in bodies for entry in body["entry"]) > 1
    for _, headers, body in sim.receiver.heard:
        expected = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == f"sha256={expected}"


def test_a_redelivery_says_the_same_in_other_bytes(sim: Simulator):
    sim.deliver(redeliver=100, redeliver_after_ms=0)
    sim.say(text=ARABIC)
    sim.receiver.wait(lambda: len(sim.receiver.heard) >= 2)
    first, second = (body for _, _, body in sim.receiver.heard[:2])
    assert first != second
    assert json.loads(first) == json.loads(second)


def test_a_webhook_that_refuses_is_told_again_after_a_restart_too(tmp_path: Path, receiver: Receiver):
    with running(tmp_path, receiver) as sim:
        receiver.answers = [500, 503, 302, 404] * 25
        said = sim.say(text="لا تضيع")
        receiver.wait(lambda: len(receiver.answers) < 100)
        assert not receiver.heard
    receiver.answers = []
    with running(tmp_path, receiver) as sim:
        assert came(sim, "messages", 1)[0]["id"] == said["id"]
        assert [entry["text"] for entry in sim.chat()] == ["لا تضيع"]


def test_a_missing_and_a_wrong_signature_come_as_often_as_asked(sim: Simulator):
    sim.deliver(unsigned=1)
    sim.say(text="1")
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 1)
    sim.deliver(wrong_signature=1)
    sim.say(text="2")
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 2)
    sim.say(text="3")
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 3)
    good = [
        headers.get("x-hub-signature-256")
        == "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        for _, headers, body in sim.receiver.heard
    ]
    assert good == [False, False, True]


def sent_file(sim: Simulator, content: bytes = b"%PDF-1.4 hello", kind: str = "application/pdf") -> tuple[str, Any]:
    file = {"name": "كشف.pdf", "kind": kind, "content": base64.b64encode(content).decode()}
    return sim.say(file=file, text="هذا هو")["media"], came(sim, "messages", 1)[-1]


def test_a_file_is_fetched_in_two_steps_with_the_same_token(sim: Simulator):
    media_id, message = sent_file(sim)
    assert message["type"] == "document"
    told = message["document"]
    assert (told["id"], told["filename"], told["caption"], told["mime_type"]) == (
        media_id,
        "كشف.pdf",
        "هذا هو",
        "application/pdf",
    )
    status, where = sim.call("GET", f"/v23.0/{media_id}", Authorization=BEARER)
    assert (status, where["file_size"], where["messaging_product"]) == (200, 14, "whatsapp")
    assert base64.b64decode(told["sha256"]).hex() == where["sha256"], "base64 in the webhook, hex here"
    path = where["url"].removeprefix(sim.url)
    assert sim.call("GET", path)[0] == 401
    assert sim.call("GET", path, Authorization=BEARER) == (200, b"%PDF-1.4 hello")
    assert sim.call("GET", f"/v23.0/{media_id}", Authorization="Bearer other")[1]["error"]["code"] == 190


def test_files_are_cut_lost_and_exchanged_as_asked(sim: Simulator):
    media_id, _ = sent_file(sim, b"x" * 1000)
    path = sim.call("GET", f"/v23.0/{media_id}", Authorization=BEARER)[1]["url"].removeprefix(sim.url)
    sim.switch(channel="whatsapp", place="file", manner="error", times=2)
    assert [sim.call("GET", path, Authorization=BEARER)[0] for _ in range(2)] == [500, 500]
    sim.switch(channel="whatsapp", place="file", manner="other_bytes", times=1)
    assert sim.call("GET", path, Authorization=BEARER)[1] != b"x" * 1000
    sim.switch(channel="whatsapp", place="file", manner="cut", times=1)
    assert sim.call("GET", path, Authorization=BEARER)[1] == b"x" * 500
    sim.switch(channel="whatsapp", place="media", manner="lost", times=1)
    status, said = sim.call("GET", f"/v23.0/{media_id}", Authorization=BEARER)
    assert (status, said["error"]["code"], said["error"]["error_subcode"]) == (400, 100, 33)
    assert sim.call("GET", path, Authorization=BEARER)[0] == 404


def test_outside_the_window_a_text_fails_later_and_a_template_arrives(sim: Simulator):
    sim.deliver(sent_ms=0, delivered_ms=0)
    status, said = sim.send()
    assert status == 200
    failed = came(sim, "statuses", 1)[0]
    assert (failed["id"], failed["status"], failed["errors"][0]["code"]) == (
        said["messages"][0]["id"],
        "failed",
        131047,
    )
    template = {"waba": WABA, "name": "case_news", "language": "ar", "body": "بلاغ {{1}}: {{2}}"}
    assert sim.call("POST", "/control", {"template": template})[0] == 204

    def by_template(name: str, *values: str) -> tuple[int, Any]:
        parts = [{"type": "body", "parameters": [{"type": "text", "text": each} for each in values]}]
        told = {"name": name, "language": {"code": "ar"}, "components": parts}
        body = {"messaging_product": "whatsapp", "to": PHONE, "type": "template", "template": told}
        return sim.call("POST", f"/v23.0/{TALK}/messages", body, Authorization=BEARER)

    assert by_template("case_news", "R-1")[1]["error"]["code"] == 132000
    assert by_template("nothing", "R-1")[1]["error"]["code"] == 132001
    status, said = by_template("case_news", "R-1", "تم")
    assert (status, said["messages"][0]["message_status"]) == (200, "accepted")
    assert sim.chat()[-1]["text"] == "بلاغ R-1: تم"


@pytest.mark.parametrize(
    ("code", "status"),
    [(131047, 400), (131026, 400), (131049, 400), (131056, 429), (130429, 429), (131051, 400), (131052, 400),
     (131053, 400), (132000, 400), (132001, 404), (131062, 400), (190, 401), (131016, 500), (133004, 503)],
)  # fmt: skip
def test_each_error_code_is_answered_in_graphs_shape(sim: Simulator, code: int, status: int):
    sim.say(text="?")
    sim.switch(channel="whatsapp", place="send", manner="code", code=code, times=1)
    answered, said = sim.send()
    assert (answered, said["error"]["code"]) == (status, code)
    assert {"message", "type", "fbtrace_id"} <= set(said["error"])
    assert sim.send()[0] == 200


def test_it_fails_later_with_a_code_does_nothing_loses_the_answer_or_hangs_up(sim: Simulator):
    sim.deliver(sent_ms=0, delivered_ms=0)
    sim.say(text="?")
    sim.switch(channel="whatsapp", place="send", manner="fails", code=131049, times=1)
    assert sim.send()[0] == 200
    assert came(sim, "statuses", 1)[0]["errors"][0]["code"] == 131049
    sim.switch(channel="whatsapp", place="send", manner="nothing", times=1)
    quiet = sim.send("إلى لا مكان")[1]["messages"][0]["id"]
    sim.switch(channel="whatsapp", place="send", manner="reply_lost", times=1)
    with pytest.raises(Exception, match=r"closed|reset"):
        sim.send("وصل")
    sim.switch(channel="whatsapp", place="send", manner="dead", times=1)
    with pytest.raises(Exception, match=r"closed|reset"):
        sim.send("لم يصل")
    assert [entry["text"] for entry in sim.chat() if entry["state"] == "delivered"] in ([], ["وصل"])
    found = came(sim, "statuses", 3)
    assert quiet not in {each["id"] for each in found}
    assert "لم يصل" not in {entry["text"] for entry in sim.chat()}


def test_a_pair_and_a_number_have_their_limits(sim: Simulator):
    sim.say(text="?")
    answers = [sim.send(f"{n}") for n in range(46)]
    assert [status for status, _ in answers] == [200] * 45 + [429]
    assert answers[-1][1]["error"]["code"] == 131056
    sim.deliver(limits=0)
    assert sim.send()[0] == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [({"messaging_product": "x"}, 100), ({"to": ""}, 100), ({"type": "hologram"}, 131051), ({"text": {}}, 131008),
     ({"text": {"body": "x" * 4097}}, 100), ({"type": "image", "image": {}}, 131008), ({"biz_opaque_callback_data": "x" * 513}, 100),
     ({"type": "template", "template": [1]}, 100), ({"type": "image", "image": [1]}, 100)],
)  # fmt: skip
def test_what_is_no_message_is_refused_with_the_code_that_says_so(sim: Simulator, change: dict[str, Any], code: int):
    status, said = sim.send(**change)
    assert (status, said["error"]["code"]) == (400, code)


def test_a_webhook_is_set_once_it_has_given_the_challenge_back(sim: Simulator):
    path = f"/v23.0/{APP}/subscriptions"
    wanted = {
        "object": "whatsapp_business_account",
        "callback_url": f"{sim.receiver.url}/elsewhere",
        "verify_token": VERIFY,
    }
    assert sim.call("POST", path, wanted, Authorization="Bearer x")[1]["error"]["code"] == 190
    app = f"Bearer {APP}|{APP_SECRET}"
    assert sim.call("POST", path, wanted | {"verify_token": "wrong"}, Authorization=app)[0] == 400
    assert sim.call("POST", path, wanted, Authorization=app) == (200, {"success": True})
    sim.say(text="?")
    sim.receiver.wait(lambda: bool(sim.receiver.heard))
    assert sim.receiver.heard[0][0] == "/elsewhere"


def test_others_kinds_come_as_they_are_and_what_no_one_knows_comes_with_an_error(sim: Simulator):
    sim.say(kind="location", facts={"body": {"location": {"latitude": 30.04, "longitude": 31.23}}})
    sim.say(kind="unsupported")
    place, strange = came(sim, "messages", 2)
    assert (place["type"], place["location"]["latitude"]) == ("location", 30.04)
    assert (strange["type"], strange["errors"][0]["code"]) == ("unsupported", 131051)


def test_pages_of_other_places_and_other_hosts_may_not_switch_or_write(sim: Simulator):
    assert sim.call("POST", "/control", {"manner": "error"}, Sec_Fetch_Site="cross-site")[0] == 421
    assert sim.call("GET", "/people/lines", Host="evil.example")[0] == 421
    assert sim.call("POST", "/control", {"manner": "explode"})[0] == 400
    for language, direction in (("ar", "rtl"), ("en", "ltr")):
        page = sim.call("GET", f"/?lang={language}")[1].decode()
        assert f'<html lang="{language}" dir="{direction}">' in page
    assert urlsplit(sim.url).hostname == "127.0.0.1"

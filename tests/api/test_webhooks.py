"""Webhooks over the API, from the registration to a message that arrives and is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.platform.webhooks.sending import Sender
from raseed.platform.webhooks.tests.receiving import Receiver, answer, owe_all, receiving
from raseed_testing import NewDatabase

from .world import World, ask, build_world


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as there:
        yield there


def block(world: World) -> None:
    ask("POST", f"/accounts/{world.account.id}/block", {"reason": "called at 14:03"}, key=world.key)
    ask("POST", f"/accounts/{world.account.id}/unblock", {"reason": "found again"}, key=world.key)
    owe_all()


def test_from_the_registration_to_the_message_and_again(world: World, receiver: Receiver) -> None:
    address = f"/webhooks/{new_id()}"
    wanted = {"url": f"{receiver.address}/in", "events": ["banking.account_blocked"], "description": "desk"}
    made = ask("PUT", address, wanted, key=world.key)
    assert (made.status, made.json["state"], made.json["secret"][:6]) == (200, "on", "whsec_")
    assert ask("PUT", address, wanted, key=world.key).json == made.json
    assert "secret" not in ask("GET", address, key=world.key).json
    ask("DELETE", f"/webhooks/{world.webhook_id}", key=world.key)
    receiver.default = answer(503, b"later")
    block(world)
    Sender().run_due()
    (message,) = receiver.messages
    assert message.json()["payload"] == {"account_id": str(world.account.id)}
    (delivery,) = ask("GET", f"{address}/deliveries?state=waiting", key=world.key).json["deliveries"]
    assert (delivery["event_id"], delivery["last_outcome"]) == (str(message.id), "answered_503")
    one = ask("GET", f"{address}/deliveries/{message.id}", key=world.key).json
    assert [(each["number"], each["status"], each["answer"]) for each in one["log"]] == [(1, 503, "later")]
    receiver.default = answer(200)
    assert ask("POST", f"{address}/deliveries/{message.id}/replay", key=world.key).status == 202
    Sender().run_due()
    assert ask("GET", f"{address}/deliveries/{message.id}", key=world.key).json["state"] == "delivered"
    span = {"since": "2026-01-01T00:00:00+02:00", "until": SYSTEM_CLOCK.now().isoformat()}
    assert ask("POST", f"{address}/replay", span, key=world.key).json == {"events": 1}
    Sender().run_due()
    assert [each.id for each in receiver.messages] == [message.id] * 3


def test_switching_rotating_and_removing(world: World) -> None:
    address = f"/webhooks/{world.webhook_id}"
    off = ask("PATCH", address, {"on": False, "events": ["*"]}, key=world.key).json
    assert (off["state"], off["off_reason"], off["events"]) == ("off", "person", ["*"])
    replay = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    assert ask("POST", f"{address}/replay", replay, key=world.key).error["code"] == "endpoint_off"
    assert ask("PATCH", address, {"on": True}, key=world.key).json["state"] == "on"
    turned = ask("POST", f"{address}/secret", {"generation": 2}, key=world.key).json
    assert (turned["generation"], turned["previous_until"] is None) == (2, False)
    assert ask("POST", f"{address}/secret", {"generation": 2}, key=world.key).json == turned
    assert ask("POST", f"{address}/secret", {"generation": 9}, key=world.key).error["params"] == {"generation": 2}
    gone = ask("DELETE", address, key=world.key)
    assert (gone.status, gone.body) == (204, b"")
    for method in ("GET", "DELETE"):
        assert ask(method, address, key=world.key).error["code"] == "endpoint_unknown"


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"url": "http://hooks.example/"}, 422, "invalid_endpoint_url"),
        ({"url": "https://169.254.169.254/"}, 422, "invalid_endpoint_url"),
        ({"url": ""}, 400, "wrong_shape"),
        ({"events": []}, 400, "wrong_shape"),
        ({"events": ["nothing.like_it"]}, 422, "unknown_event"),
        ({"events": "*"}, 400, "wrong_shape"),
        ({"description": "a\u202eb"}, 422, "unacceptable_text"),
    ],
)
def test_what_no_endpoint_can_be_is_refused(world: World, wrong: dict[str, Any], status: int, code: str) -> None:
    wanted = {"url": "https://hooks.example/in", "events": ["*"]} | wrong
    reply = ask("PUT", f"/webhooks/{new_id()}", wanted, key=world.key)
    assert (reply.status, reply.error["code"]) == (status, code)


def test_the_names_of_events_are_told(world: World) -> None:
    names = ask("GET", "/webhooks/events", key=world.key).json["events"]
    assert {"banking.account_opened", "people.customer_joined"} <= set(names)

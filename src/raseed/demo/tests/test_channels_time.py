"""What the simulated Cloud API forgets with time: files after seven days, their addresses after five minutes, the window after a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from raseed.demo.channels.exchange import Answer, Asked
from raseed.demo.channels.hooks import Hooks
from raseed.demo.channels.lines import Lines
from raseed.demo.channels.manners import Told
from raseed.demo.channels.people import File, say
from raseed.demo.channels.store import Store
from raseed.demo.channels.whatsapp import WhatsApp
from raseed.demo.channels.world import World
from raseed.kernel.clock import ManualClock

from .channels_world import PHONE, TALK, TOKEN, lines_to

BEARER = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def world(clock: ManualClock) -> World:
    return World(Lines(lines=lines_to("http://127.0.0.1:9")), Store(), clock=clock, base="http://127.0.0.1:1")


def got(world: World, path: str, **query: str) -> Answer:
    return WhatsApp(world).answer(Asked("GET", path, query, BEARER), Told())


def sent(world: World) -> list[Any]:
    body = b'{"messaging_product": "whatsapp", "to": "%s", "text": {"body": "x"}}' % PHONE.encode()
    answer = WhatsApp(world).answer(Asked("POST", f"/v23.0/{TALK}/messages", {}, BEARER, body), Told())
    assert answer.status == 200
    owed = world.store.owed([f"whatsapp:{TALK}"], world.now_ms() + 60_000, 1_000)
    return [each.item["status"] for each in owed if "status" in each.item]


def test_a_file_lives_seven_days_and_its_address_five_minutes(world: World, clock: ManualClock):
    line = world.lines.find("whatsapp", TALK)
    assert line is not None
    media = say(world, line, PHONE, file=File("a.png", "image/png", b"png")).media
    path = f"/v23.0/{media}"
    until = str(world.now_ms() + 5 * 60_000)
    assert got(world, "/whatsapp-media/", mid=media, ext=until).body == b"png"
    clock.advance(timedelta(minutes=5, seconds=1))
    assert got(world, "/whatsapp-media/", mid=media, ext=until).status == 404
    assert got(world, path).status == 200, "the id is still good, and tells another address"
    clock.advance(timedelta(days=7))
    assert got(world, path).status == 400
    later = str(world.now_ms() + 60_000)
    assert got(world, "/whatsapp-media/", mid=media, ext=later).status == 404


def test_the_window_closes_a_day_after_the_last_word(world: World, clock: ManualClock):
    line = world.lines.find("whatsapp", TALK)
    assert line is not None
    say(world, line, PHONE, text="?")
    clock.advance(timedelta(hours=24))
    assert [each["status"] for each in sent(world)] == ["sent", "delivered"]
    clock.advance(timedelta(seconds=1))
    failed = sent(world)[-1]
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131047)


def test_what_was_never_taken_is_given_up_after_seven_days(world: World, clock: ManualClock):
    line = world.lines.find("whatsapp", TALK)
    assert line is not None
    say(world, line, PHONE, text="?")
    hooks = Hooks(world)
    assert hooks.deliver_due() == 1
    assert hooks.deliver_due() == 0, "it waits before it tries again"
    clock.advance(timedelta(days=7, seconds=1))
    assert hooks.deliver_due() == 1
    clock.advance(timedelta(hours=1))
    assert hooks.deliver_due() == 0

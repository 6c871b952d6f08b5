"""Items become messages and statuses once each; a bad one is set aside, told of, replayable, and holds up nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from raseed.channels.api import (
    Channel,
    ChannelsNotPermitted,
    ItemUnknown,
    Line,
    incoming,
    item_content,
    replay_item,
    set_aside,
)
from raseed.channels.events import ITEM_SET_ASIDE, MESSAGE_RECEIVED
from raseed.channels.models import ItemRow, MediaRow, MessageRow
from raseed.channels.receiving import working
from raseed.channels.receiving.messages import keep_message
from raseed.channels.receiving.splitting import split
from raseed.channels.receiving.working import ATTEMPTS_MAX, BATCH, forget_items, sweep_items, work_line
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.api import audit_trail, run_worker
from raseed.platform.models import EventRow

from .delivering import delivery, provider, said, told, value, work_all
from .lines import Clerk, make_line


@pytest.fixture
def line(database: object) -> Line:
    return make_line(Channel.WHATSAPP, Clerk())


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(working, "_sinks", [])
    working.register_status_sink(lambda **told: found.append(told))
    return found


def brought(line: Line, *messages: Any, statuses: Any = (), **more: Any) -> None:
    with provider() as hooks:
        assert hooks.post(line, delivery([value(line, messages, statuses, **more)])).status == 200


def test_the_worker_does_it_by_itself_and_tells_of_each_once(line: Line) -> None:
    brought(line, *(said(n) for n in range(250)))
    run_worker(wait=False)
    assert EventRow.objects.filter(name=MESSAGE_RECEIVED).count() == 250
    assert set(ItemRow.objects.values_list("state", "problem", "attempts")) == {("done", "message", 1)}
    run_worker(wait=False)
    assert MessageRow.objects.count() == 250


def test_every_kind_of_message_is_kept_and_an_unknown_one_too(line: Line) -> None:
    kinds: list[dict[str, Any]] = [
        {"type": "image", "image": {"id": "m1", "mime_type": "image/jpeg", "sha256": "x", "caption": "العداد"}},
        {"type": "document", "document": {"id": "m2", "filename": "../bill\u202e.pdf", "mime_type": "application/pdf"}},
        {"type": "location", "location": {"latitude": 30.04, "longitude": 31.23, "name": "Home"}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ali"}, "phones": [{"phone": "+2010"}, {}]}]},
        {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}},
        {"type": "button", "button": {"text": "Yes", "payload": "y"}},
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"title": "Bill", "description": "March"}}},
        {"type": "order", "order": {"catalog_id": "1"}, "later_field": {"a": [1, 2]}},
        {"type": "unsupported", "errors": [{"code": 131051, "title": "Unsupported message type"}]},
        {"type": "text", "text": {"body": "answer"}, "context": {"id": "wamid.9", "from": "1"}},
    ]  # fmt: skip
    base = {"from": "201001234567", "timestamp": "1764000000"}
    brought(line, *({**base, "id": f"w{n}", **kind} for n, kind in enumerate(kinds)))
    work_all()
    rows = list(MessageRow.objects.order_by("provider_id").values_list("kind", "text", "reply_to"))
    assert rows == [
        ("image", "العداد", ""), ("document", "", ""), ("location", "Home\n30.04, 31.23", ""), ("contacts", "Ali +2010", ""),
        ("reaction", "👍", "wamid.0"), ("button", "Yes", ""), ("button", "Bill\nMarch", ""), ("unknown", "", ""),
        ("unknown", "Unsupported message type", ""), ("text", "answer", "wamid.9"),
    ]  # fmt: skip
    assert sorted(MediaRow.objects.values_list("source", "name", "claimed_type")) == [
        ("m1", "", "image/jpeg"), ("m2", "bill.pdf", "application/pdf"),
    ]  # fmt: skip


def test_a_hidden_number_is_known_by_its_id_and_both_are_told_where_both_are_known(line: Line) -> None:
    hidden = {**said(1), "from_user_id": "US.13491208655302741918"}
    del hidden["from"]
    brought(
        line, hidden, contacts=[{"profile": {"name": "N", "username": "@nun"}, "user_id": "US.13491208655302741918"}]
    )
    brought(line, said(2, from_user_id="US.1"), contacts=[{"profile": {}, "wa_id": "201001234567", "user_id": "US.1"}])
    nobody = {**said(3)}
    del nobody["from"]
    brought(line, nobody, contacts=[])
    work_all()
    first, second = (incoming(MessageRow.objects.get(provider_id=f"wamid.{n}").id).party for n in (1, 2))
    assert (first.external_id, first.aliases, first.phone, first.username) == (
        "bsuid:US.13491208655302741918", (), None, "nun",
    )  # fmt: skip
    assert (second.external_id, second.aliases, second.phone) == ("bsuid:US.1", ("wa:201001234567",), "+201001234567")
    assert ItemRow.objects.get(state="set_aside").problem == "no_sender"


def test_many_senders_in_one_delivery_keep_their_own_names(line: Line) -> None:
    contacts = [{"profile": {"name": f"N{n}"}, "wa_id": f"20100000000{n}"} for n in range(3)]
    brought(line, *({**said(n), "from": f"20100000000{n}"} for n in (2, 0, 1)), contacts=contacts)
    work_all()
    assert set(MessageRow.objects.values_list("phone", "name")) == {(f"+20100000000{n}", f"N{n}") for n in range(3)}


def test_statuses_go_to_whoever_keeps_them_also_of_messages_we_never_sent(
    line: Line, statuses: list[dict[str, Any]]
) -> None:
    ours = str(new_id())
    brought(
        line,
        statuses=[
            told(1, "sent", biz_opaque_callback_data=ours), told(1, "read"), told(1, "played"), told(2, "deleted"),
            told(3, "failed", errors=[{"code": 131047, "title": "Re-engagement message"}]), told(1, "sent"),
        ],
    )  # fmt: skip
    work_all()
    assert [(one["provider_id"], one["state"], one["error_code"]) for one in statuses] == [
        ("wamid.1", "sent", ""), ("wamid.1", "read", ""), ("wamid.1", "read", ""), ("wamid.3", "failed", "131047"),
    ]  # fmt: skip
    assert str(statuses[0]["client_message_id"]) == ours
    assert {one["line_id"] for one in statuses} == {line.id}


def test_a_poison_item_is_tried_alone_set_aside_told_of_and_blocks_nobody(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:

    def poisoned(draft: Any, *args: Any, **more: Any) -> Any:
        if draft.provider_id == "wamid.13":
            raise ZeroDivisionError("personal words")
        return keep_message(draft, *args, **more)

    monkeypatch.setattr(working, "keep_message", poisoned)
    brought(line, *(said(n) for n in range(2 * BATCH)))
    clock = ManualClock(SYSTEM_CLOCK.now())
    work_line(line.id, clock=clock)
    assert MessageRow.objects.count() == 2 * BATCH - 1
    for _ in range(ATTEMPTS_MAX):
        clock.advance(timedelta(hours=1))
        work_line(line.id, clock=clock)
    clerk = Clerk(line.institution_id)
    [item] = set_aside(line.institution_id, by=clerk)
    assert (item.problem, item.attempts, item.line_id) == ("ZeroDivisionError", ATTEMPTS_MAX, line.id)
    [event] = EventRow.objects.filter(name=ITEM_SET_ASIDE)
    assert event.payload == {"item_id": str(item.id), "line_id": str(line.id), "problem": "ZeroDivisionError"}
    monkeypatch.undo()
    assert "wamid.13" in item_content(item.id, by=clerk, reason="to mend it")
    replay_item(item.id, by=clerk, reason="mended")
    run_worker(wait=False)
    assert MessageRow.objects.count() == 2 * BATCH
    assert not set_aside(line.institution_id, by=clerk)
    assert [record.action for record in audit_trail(subject=f"item:{item.id}")] == [
        "channels.item_replayed", "channels.item_viewed",
    ]  # fmt: skip


def test_an_item_that_ends_its_worker_again_and_again_is_set_aside(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    brought(line, said(1), said(2))

    def die(*_args: Any, **_more: Any) -> None:
        raise SystemExit

    clock = ManualClock(SYSTEM_CLOCK.now())
    with monkeypatch.context() as patch:
        patch.setattr(working, "_work", die)
        for _ in range(ATTEMPTS_MAX):
            with pytest.raises(SystemExit):
                work_line(line.id, clock=clock)
            clock.advance(timedelta(hours=1))
    work_line(line.id, clock=clock)
    assert set(ItemRow.objects.values_list("state", "problem")) == {("set_aside", "never_ended")}


def test_nobody_sees_or_replays_what_is_another_institutions(line: Line) -> None:
    with provider() as hooks:
        hooks.post(line, b"[]")
    work_all()
    clerk, stranger = Clerk(line.institution_id), Clerk()
    [item] = set_aside(line.institution_id, by=clerk)
    assert set_aside(stranger.institution_id, by=stranger) == []
    with pytest.raises(ChannelsNotPermitted):
        set_aside(line.institution_id, by=stranger)
    with pytest.raises(ChannelsNotPermitted):
        replay_item(item.id, by=stranger)
    replay_item(item.id, by=clerk)
    with pytest.raises(ItemUnknown):
        replay_item(item.id, by=clerk)


def test_two_workers_at_once_make_no_message_twice(line: Line) -> None:
    brought(line, *(said(n) for n in range(300)))
    programs = [subprocess.Popen([sys.executable, "-c", WORK, str(line.id)], env=environment()) for _ in range(2)]
    assert [program.wait(60) for program in programs] == [0, 0]
    assert MessageRow.objects.count() == EventRow.objects.filter(name=MESSAGE_RECEIVED).count() == 300


WORK = """
import django, sys, uuid; django.setup()
from raseed.channels.receiving.working import work_line
from raseed.kernel.clock import SYSTEM_CLOCK
print("ready", flush=True)
work_line(uuid.UUID(sys.argv[1]), clock=SYSTEM_CLOCK)
"""
DYING = """
import django, os, signal, sys, uuid; django.setup()
from raseed.channels.receiving import messages, working
from raseed.kernel.clock import SYSTEM_CLOCK
keep, seen = working.keep_message, []
def dying(*args, **more):
    seen.append(1)
    if len(seen) == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return keep(*args, **more)
working.keep_message = dying
working.work_line(uuid.UUID(sys.argv[1]), clock=SYSTEM_CLOCK)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "raseed.project.settings"}


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(line: Line) -> None:
    brought(line, *(said(n) for n in range(60)))
    killed = subprocess.run([sys.executable, "-c", DYING, str(line.id)], env=environment(), timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    connections.close_all()
    assert MessageRow.objects.count() == 0
    assert not EventRow.objects.exists()
    work_line(line.id, clock=SYSTEM_CLOCK)
    assert MessageRow.objects.count() == 0, "the claim of who was killed still stands"
    work_line(line.id, clock=ManualClock(SYSTEM_CLOCK.now() + 2 * working.LEASE))
    assert MessageRow.objects.count() == EventRow.objects.filter(name=MESSAGE_RECEIVED).count() == 60


def test_what_lost_its_job_is_swept_up(line: Line) -> None:
    brought(line, said(1))
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    run_worker(wait=False)
    assert not MessageRow.objects.exists()
    ItemRow.objects.update(next_try_at=SYSTEM_CLOCK.now() - timedelta(minutes=5))
    sweep_items(timestamp=0)
    run_worker(wait=False)
    assert MessageRow.objects.count() == 1


def test_what_was_worked_is_forgotten_after_a_month_and_what_was_set_aside_is_not(line: Line) -> None:
    brought(line, said(1), 7)
    work_all()
    ItemRow.objects.update(ended_at=SYSTEM_CLOCK.now() - timedelta(days=31))
    forget_items(timestamp=0)
    assert list(ItemRow.objects.values_list("state", flat=True)) == ["set_aside"]
    brought(line, said(1))
    work_all()
    assert MessageRow.objects.count() == 1, "what comes again after that is still known by its message"


def test_a_week_late_and_from_the_future(line: Line) -> None:
    now = int(SYSTEM_CLOCK.now().timestamp())
    brought(
        line, said(1, timestamp=str(now - 7 * 86400)), said(2, timestamp=str(now + 86400)), said(3, timestamp="9" * 30),
        said(4, timestamp="soon"), said(5, timestamp=now),
    )  # fmt: skip
    work_all()
    assert sorted(MessageRow.objects.values_list("provider_id", "late")) == [
        ("wamid.1", True), ("wamid.2", False), ("wamid.5", False),
    ]  # fmt: skip
    assert {row.problem for row in ItemRow.objects.filter(state="set_aside")} == {"no_timestamp"}


def test_an_edited_message_of_telegram_is_one_that_answers_the_first(database: object) -> None:
    line = make_line(Channel.TELEGRAM, Clerk())
    chat = {
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 5, "first_name": "A", "last_name": "B"},
        "message_id": 9,
    }
    group = {**chat, "chat": {"id": -5, "type": "group"}, "date": 1764000000, "text": "not for us"}
    photo = {
        "photo": [{"file_id": "small", "width": 1}, {"file_id": "large", "width": 9}],
        "caption": "c",
        "date": 1764000000,
    }
    updates: list[dict[str, Any]] = [
        {"update_id": 1, "message": {**chat, "date": 1764000000, "text": "one"}},
        {"update_id": 2, "edited_message": {**chat, "date": 1764000000, "edit_date": 1764000009, "text": "two"}},
        {"update_id": 3, "message": group},
        {"update_id": 4, "message": {**chat, **photo, "message_id": 10}},
        {"update_id": 5, "callback_query": {"from": chat["from"], "data": "yes", "message": {**chat, "date": 1764000000}}},
        {"update_id": 6, "poll": {}},
    ]  # fmt: skip
    with provider() as hooks:
        for update in updates:
            assert hooks.post(line, json.dumps(update).encode()).status == 200
    work_all()
    assert sorted(MessageRow.objects.values_list("provider_id", "kind", "text", "reply_to")) == [
        ("5:10", "image", "c", ""), ("5:9", "text", "one", ""), ("5:9:2", "text", "two", "5:9"),
        ("pressed:5", "button", "yes", "5:9"),
    ]  # fmt: skip
    assert MediaRow.objects.get().source == "large"
    assert MessageRow.objects.filter(name="A B", external_id="tg:5").count() == 4


def test_splitting_gives_the_same_keys_for_other_bytes(line: Line) -> None:
    first = delivery([value(line, [said(1)], [told(2)])])
    other = json.dumps(json.loads(first), indent=2, ensure_ascii=False).encode()
    assert first != other
    assert [piece.key for piece in split(Channel.WHATSAPP, first)] == [
        piece.key for piece in split(Channel.WHATSAPP, other)
    ]

"""What a provider delivers is proven over its bytes, kept whole and once before it is acknowledged, and refused in words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections

from raseed.channels.api import (
    OVERLAP_MAX,
    PROVING,
    Channel,
    InvalidLine,
    LinePurpose,
    change_line,
    end_overlap,
    overlap_of,
    set_line_secret,
)
from raseed.channels.http.rail import BODY_BYTES_MAX
from raseed.channels.lines.secrets import accepted_secrets, folder
from raseed.channels.models import ItemRow, MessageRow
from raseed.channels.receiving.intake import connect_to_database
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id

from .delivering import Provider, delivery, provider, said, signed, told, value, work_all
from .lines import SECRET, VERIFY, Clerk, make_line


@pytest.fixture
def hooks(database: object) -> Iterator[Provider]:
    with provider() as told:
        yield told


def test_the_bytes_of_an_arabic_message_are_proven_as_they_came(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk(), address="106540352242922")
    body = (
        rb'{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":'
        rb'"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":'
        rb'{"name":"\u0633\u0627\u0631\u0629"},"wa_id":"201001234567"}],"messages":[{"from":"201001234567","id":"wamid.HBgMMjAx",'
        rb'"timestamp":"1764000000","text":{"body":"\u0623\u064a\u0646 \u0646\u0642\u0648\u062f\u064a\u061f"},"type":"text"}]},'
        rb'"field":"messages"}]}]}'
    )
    again = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert again != body
    assert hooks.post(line, body).status == 200
    assert hooks.post(line, again, **signed(Channel.WHATSAPP, body)).error["code"] == "signature_wrong"
    work_all()
    kept = MessageRow.objects.get()
    assert (kept.text, kept.name, kept.phone, kept.external_id) == (
        "أين نقودي؟",
        "سارة",
        "+201001234567",
        "wa:201001234567",
    )


def test_meta_asks_first_and_is_answered_only_with_the_token(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    asked = f"/hooks/whatsapp/{line.id}?hub.mode=subscribe&hub.verify_token="
    right = hooks.get(f"{asked}{VERIFY}&hub.challenge=1158201444")
    assert (right.status, right.body) == (200, b"1158201444")
    assert right.headers["content-type"].startswith("text/plain")
    for wrong in (f"{asked}other&hub.challenge=1", f"/hooks/whatsapp/{line.id}", f"{asked}&hub.challenge=1"):
        assert hooks.get(wrong).status == 403
    assert hooks.get(f"/hooks/whatsapp/{line.id}?{'a=1&' * 100}").status == 403


def test_x_asks_and_is_answered_with_the_proof_of_its_question(hooks: Provider) -> None:
    line = make_line(Channel.X, Clerk())
    answer = hooks.get(f"/hooks/x/{line.id}?crc_token=abc")
    assert answer.json == {"response_token": signed(Channel.X, b"abc")["x-twitter-webhooks-signature"]}
    assert hooks.get(f"/hooks/x/{line.id}").error["code"] == "hook_unknown"


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.TELEGRAM, Channel.X, Channel.SMS])
def test_what_is_not_proven_is_refused_in_words_and_not_kept(hooks: Provider, channel: Channel) -> None:
    line = make_line(channel, Clerk())
    missing = hooks.post(line, b"{}", content_type="application/json")
    assert (missing.status, missing.error["code"]) == (401, "signature_missing")
    (name, good), *_ = signed(channel, b"{}").items()
    for wrong in (good[:-1], good + "x", "sha256=", "sha256=zz", "\u0661", signed(channel, b"{}", "another")[name]):
        refused = hooks.post(line, b"{}", **{name: wrong})
        assert (refused.status, refused.error["code"]) == (403, "signature_wrong")
    assert not ItemRow.objects.exists()


def test_there_is_a_door_only_where_an_active_line_has_a_secret(hooks: Provider) -> None:
    clerk = Clerk()
    line, off, mail = (make_line(one, clerk) for one in (Channel.WHATSAPP, Channel.WHATSAPP, Channel.EMAIL))
    change_line(line_id=off.id, active=False, by=clerk, reason="closed")
    for target in (
        f"/hooks/telegram/{line.id}", f"/hooks/whatsapp/{new_id()}", "/hooks/whatsapp/none", f"/hooks/whatsapp/{off.id}",
        f"/hooks/email/{mail.id}", f"/hooks/nothing/{line.id}",
    ):  # fmt: skip
        asked = hooks.ask("POST", target, b"{}", signed(Channel.WHATSAPP, b"{}"))
        assert hooks.loop.run_until_complete(asked).error["code"] == "hook_unknown"


def test_every_item_of_every_array_is_kept(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    body = delivery(
        [value(line, [said(n) for n in range(50)]), value(line, [], [told(n) for n in range(50)])],
        [value(line, [said(n) for n in range(50, 60)], [told(n) for n in range(50, 70)]), {"events": [1]}],
    )
    assert hooks.post(line, body).status == 200
    work_all()
    assert MessageRow.objects.count() == 60
    assert ItemRow.objects.filter(kind="status").count() == 70
    assert ItemRow.objects.filter(kind="other").count() == 1
    assert not ItemRow.objects.exclude(state="done").exists()


@pytest.mark.parametrize(
    "body", [b"{}", b'{"entry":[]}', b'{"entry":[{"changes":[]}]}', b'{"object":"x","entry":[],"later":{"a":1}}']
)
def test_a_delivery_of_nothing_is_acknowledged(hooks: Provider, body: bytes) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    assert hooks.post(line, body).status == 200


def test_one_malformed_element_takes_no_other_with_it(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    strange: list[Any] = [
        said(1),
        7,
        None,
        {"id": None},
        [],
        "x",
        {"type": "text"},
        said(2),
        {**said(3), "text": "no object"},
    ]
    assert hooks.post(line, delivery([value(line, strange), 5, {"messages": {}}])).status == 200  # type: ignore[list-item]
    work_all()
    assert sorted(MessageRow.objects.values_list("provider_id", "text")) == [
        ("wamid.1", "مرحبا"), ("wamid.2", "مرحبا"), ("wamid.3", ""),
    ]  # fmt: skip
    assert ItemRow.objects.filter(state="set_aside", problem="unreadable").count() == 8


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"\xff\xfe", b'{"entry":', b"[" * 100_000, b'"text"', b"null"]
)
def test_what_is_signed_and_no_json_is_refused_in_words_and_kept_for_a_person(hooks: Provider, body: bytes) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    for _ in range(2):
        refused = hooks.post(line, body, **signed(Channel.WHATSAPP, body), content_type="text/plain")
        assert (refused.status, refused.error["code"]) == (400, "not_json")
    work_all()
    kept = ItemRow.objects.get()
    assert (kept.state, kept.problem, bytes(kept.content)) == ("set_aside", "unreadable", body)


def test_half_an_emoji_spoils_nothing(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    body = delivery([value(line, [said(1, "cut \ud83d"), said(2, "nul \x00 and \u202e")])])
    assert hooks.post(line, body).status == 200
    work_all()
    assert sorted(MessageRow.objects.values_list("text", flat=True)) == ["cut ?", "nul  and "]


def test_a_body_beyond_the_bound_is_refused_and_one_within_it_taken(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    long = delivery([value(line, [said(1, "ب" * 65_536)])])
    assert hooks.post(line, long).status == 200
    refused = hooks.post(line, b" " * (BODY_BYTES_MAX + 1))
    assert (refused.status, refused.error["code"]) == (413, "body_too_large")
    work_all()
    assert len(MessageRow.objects.get().text) == 65_536


def test_a_redelivery_is_one_message_also_with_other_bytes_and_at_the_same_instant(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    first = delivery([value(line, [said(1, "first"), said(2)])])
    other = delivery([value(line, [said(2), said(3)])], [value(line, [said(1, "other", context={"id": "wamid.0"})])])
    assert [reply.status for reply in hooks.post_together(line, [first, other, first, other])] == [200] * 4
    work_all()
    assert hooks.post(line, other).status == 200
    work_all()
    assert MessageRow.objects.count() == 3
    assert MessageRow.objects.get(provider_id="wamid.1").text in {"first", "other"}, "whichever came first"
    assert ItemRow.objects.count() == 3
    assert (hooks.hooks.intake.kept, hooks.hooks.intake.repeated) == (3, 10)
    assert hooks.hooks.intake.writes <= 3, "what came together was written together"


def test_two_rails_that_take_the_same_items_in_other_orders_do_not_wait_in_a_circle(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    with provider() as second:
        second.loop.close()
        second.loop = hooks.loop
        for turn in range(20):
            numbers = [f"{turn}.{n}" for n in range(50)]
            bodies = [delivery([value(line, [said(n) for n in order])]) for order in (numbers, numbers[::-1])]
            replies = hooks.loop.run_until_complete(_both(hooks, second, line.id, bodies))
            assert [reply.status for reply in replies] == [200, 200]
        hooks.loop.run_until_complete(second.hooks.close())
        second.loop = asyncio.new_event_loop()
    assert ItemRow.objects.count() == 1000


async def _both(one: Provider, two: Provider, line_id: object, bodies: list[bytes]) -> list[Any]:
    return await asyncio.gather(*(
        door.ask("POST", f"/hooks/whatsapp/{line_id}", body, signed(Channel.WHATSAPP, body))
        for door, body in zip((one, two), bodies, strict=True)
    ))  # fmt: skip


def test_an_acknowledgement_means_that_it_is_on_the_disk(own_server: Any) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    with provider() as hooks:
        assert hooks.post(line, delivery([value(line, [said(1)])])).status == 200
        own_server.server.kill()
        away = hooks.post(line, delivery([value(line, [said(2)])]))
        assert (away.status, away.error["code"]) == (503, "deliveries_wait")
        own_server.server.start(leashed=True)
        assert hooks.post(line, delivery([value(line, [said(2)])])).status == 200
    connections.close_all()
    assert ItemRow.objects.count() == 2


def test_the_connection_is_made_anew_when_the_server_ends_it(hooks: Provider) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    assert hooks.post(line, delivery([value(line, [said(1)])])).status == 200

    async def end_it() -> None:
        async with await connect_to_database() as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'raseed-hooks' "
                "AND pid <> pg_backend_pid()"
            )

    hooks.loop.run_until_complete(end_it())
    statuses = [hooks.post(line, delivery([value(line, [said(n)])])).status for n in (2, 2)]
    assert statuses in ([503, 200], [200, 200])
    assert ItemRow.objects.count() == 2


def test_a_delivery_that_cannot_be_written_spoils_no_other(hooks: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    line = make_line(Channel.WHATSAPP, Clerk())
    intake = hooks.hooks.intake
    run = intake._run

    async def refuse_one(together: Any) -> None:
        if any(b"wamid.2" in piece.content for one in together for piece in one.pieces):
            raise psycopg.DataError
        await run(together)

    monkeypatch.setattr(intake, "_run", refuse_one)
    replies = hooks.post_together(line, [delivery([value(line, [said(n)])]) for n in (1, 2, 3)])
    assert [reply.status for reply in replies] == [200, 503, 200]


def test_several_numbers_of_one_provider_come_in_at_one_address(hooks: Provider) -> None:
    clerk = Clerk()
    talk = make_line(Channel.WHATSAPP, clerk)
    papers = make_line(Channel.WHATSAPP, clerk, purpose=LinePurpose.DOCUMENTS)
    foreign = make_line(Channel.WHATSAPP, Clerk())
    body = delivery([value(talk, [said(1)]), value(papers, [said(2)]), value(foreign, [said(3)])])
    assert hooks.post(talk, body).status == 200
    assert hooks.post(papers, delivery([value(papers, [said(2)])])).status == 200
    work_all()
    assert sorted(MessageRow.objects.values_list("provider_id", "line_id")) == [
        ("wamid.1", talk.id),
        ("wamid.2", papers.id),
    ]
    assert ItemRow.objects.get(state="set_aside").problem == "number_unknown"


def test_the_other_channels_deliver_too(hooks: Provider) -> None:
    clerk = Clerk()
    telegram, x, sms = (make_line(one, clerk) for one in (Channel.TELEGRAM, Channel.X, Channel.SMS))
    update = {
        "update_id": 10, "message": {"message_id": 5, "date": 1764000000, "text": "שלום", "chat": {"id": 77, "type": "private"},
                                     "from": {"id": 77, "is_bot": False, "first_name": "Noa", "username": "noa"}},
    }  # fmt: skip
    event = {
        "for_user_id": x.address, "users": {"9": {"name": "Nine", "screen_name": "nine"}}, "tweet_create_events": [{"id": 1}],
        "direct_message_events": [
            {"type": "message_create", "id": "e1", "created_timestamp": "1764000000123",
             "message_create": {"sender_id": "9", "message_data": {"text": "hello"}}},
            {"type": "message_create", "id": "e2", "created_timestamp": "1764000000124",
             "message_create": {"sender_id": x.address, "message_data": {"text": "ours"}}},
        ],
    }  # fmt: skip
    text = {
        "messages": [{"id": "s1", "from": "+201001234567", "to": sms.address, "text": "رصيد", "sent_at": "2025-11-24T16:00:00Z"}],
        "statuses": [{"id": "o1", "status": "delivered", "at": "2025-11-24T16:00:00Z"}],
    }  # fmt: skip
    for line, body in ((telegram, update), (telegram, update), (x, event), (sms, text)):
        assert hooks.post(line, json.dumps(body).encode()).status == 200
    work_all()
    assert sorted(MessageRow.objects.values_list("external_id", "text", "provider_id")) == [
        ("+201001234567", "رصيد", "s1"), ("tg:77", "שלום", "77:5"), ("x:9", "hello", "e1"),
    ]  # fmt: skip
    assert SECRET not in json.dumps(list(ItemRow.objects.values_list("key", "problem")))


@pytest.mark.parametrize("channel", list(PROVING))
def test_while_a_secret_is_replaced_both_prove_what_comes_in_and_afterwards_only_the_new_one(
    hooks: Provider, channel: Channel
) -> None:
    clerk = Clerk()
    line = make_line(channel, clerk)
    name, now = PROVING[channel], SYSTEM_CLOCK.now()
    set_line_secret(line_id=line.id, name=name, value="the-next-one", by=clerk, overlap=timedelta(hours=1))
    body = b'{"update_id": 1}'
    for secret in (SECRET, "the-next-one"):
        assert hooks.post(line, body, **signed(channel, body, secret)).status == 200
    assert hooks.post(line, body, **signed(channel, body, "another")).error["code"] == "signature_wrong"
    assert accepted_secrets(line.id, name, now=now + timedelta(minutes=59)) == ("the-next-one", SECRET)
    assert accepted_secrets(line.id, name, now=now + timedelta(hours=2)) == ("the-next-one",), "bounded"
    kept = folder(line.id) / f"{name}.before"
    assert kept.stat().st_mode & 0o077 == 0
    end_overlap(line_id=line.id, by=clerk, reason="the old one became known")
    assert not kept.exists()
    hooks.hooks._doors._known.clear()
    assert hooks.post(line, body, **signed(channel, body, SECRET)).error["code"] == "signature_wrong"
    assert hooks.post(line, body, **signed(channel, body, "the-next-one")).status == 200


def test_an_overlap_is_bounded_and_only_of_what_proves(database: object) -> None:
    clerk = Clerk()
    line = make_line(Channel.TELEGRAM, clerk)
    for name, overlap in (
        ("access_token", timedelta(hours=1)), ("secret_token", OVERLAP_MAX + timedelta(seconds=1)),
        ("secret_token", timedelta(seconds=-1)),
    ):  # fmt: skip
        with pytest.raises(InvalidLine):
            set_line_secret(line_id=line.id, name=name, value="x", by=clerk, overlap=overlap)
    set_line_secret(line_id=line.id, name="secret_token", value="second", by=clerk, overlap=OVERLAP_MAX)
    set_line_secret(line_id=line.id, name="secret_token", value="third", by=clerk)
    assert overlap_of(line.id) is None, "without an overlap the earlier ones are gone"

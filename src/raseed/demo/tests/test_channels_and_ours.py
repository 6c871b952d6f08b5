"""What the simulated providers deliver is what our doors take in, and what our wires send is what they understand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from raseed.channels.adapters.domain import Parcel, PutOff, Recipient, Refused, Taken, Unclear, Wait, Wire
from raseed.channels.adapters.sms import SmsWire
from raseed.channels.adapters.telegram import TelegramWire
from raseed.channels.adapters.whatsapp import WhatsAppWire
from raseed.channels.adapters.x import XWire
from raseed.channels.api import Channel, Line, LinePurpose
from raseed.channels.receiving.domain import ItemKind
from raseed.channels.receiving.proof import check
from raseed.channels.receiving.reading import READERS
from raseed.channels.receiving.splitting import Piece, split
from raseed.kernel.ids import new_id

from .channels_world import (
    APP_SECRET,
    ARABIC,
    BOT_SECRET,
    BOT_TOKEN,
    DOCUMENTS,
    OTHER,
    PHONE,
    SMS_KEY,
    TALK,
    TOKEN,
    WABA,
    X_ACCOUNT,
    X_SECRET,
    X_TOKEN,
    Receiver,
    Simulator,
    running,
)

SECRETS = {Channel.WHATSAPP: APP_SECRET, Channel.TELEGRAM: BOT_SECRET, Channel.X: X_SECRET, Channel.SMS: "sms-in"}
ADDRESSES = {Channel.WHATSAPP: TALK, Channel.TELEGRAM: "jasmine_bot", Channel.X: X_ACCOUNT, Channel.SMS: "+201499999"}
TOKENS = {Channel.WHATSAPP: TOKEN, Channel.TELEGRAM: BOT_TOKEN, Channel.X: X_TOKEN, Channel.SMS: SMS_KEY}
WIRES: Mapping[Channel, Wire] = {
    Channel.WHATSAPP: WhatsAppWire(), Channel.TELEGRAM: TelegramWire(), Channel.X: XWire(), Channel.SMS: SmsWire(),
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    receiver = Receiver()
    with running(tmp_path, receiver) as found, override_settings(CHANNEL_NETWORKS="127.0.0.0/8"):
        yield found
    receiver.close()


def line_of(channel: Channel) -> Line:
    scope = {Channel.WHATSAPP: f"waba:{WABA}", Channel.TELEGRAM: "bot:jasmine_bot", Channel.X: f"x:{X_ACCOUNT}"}
    return Line(
        new_id(), new_id(), channel, LinePurpose.TALK, scope.get(channel, "e164"), ADDRESSES[channel], {}, {}, active=True
    )  # fmt: skip


def pieces(sim: Simulator, channel: Channel) -> list[Piece]:
    """Return what our doors make of all that was delivered, each delivery proven."""
    found = []
    for path, headers, body in sim.receiver.heard:
        if path == f"/{channel.value}":
            check(channel, {name.encode(): value.encode() for name, value in headers.items()}, body, SECRETS[channel])
            found += split(channel, body)
    return found


def read(piece: Piece, channel: Channel) -> Any:
    content: Any = json.loads(piece.content)
    return READERS[channel, piece.kind](content, line_of(channel))


@pytest.mark.parametrize("channel", list(SECRETS))
def test_a_message_on_each_channel_is_proven_split_and_read(sim: Simulator, channel: Channel):
    said = sim.say(channel.value, ADDRESSES[channel], text=ARABIC)
    sim.receiver.wait(lambda: bool(sim.receiver.heard))
    (piece,) = pieces(sim, channel)
    draft = read(piece, channel)
    assert draft.text == ARABIC
    assert draft.provider_id.endswith(said["id"])
    assert draft.party.name == ("" if channel is Channel.SMS else "أمل")


def test_a_storm_is_taken_apart_whole_whatever_the_bytes_and_the_order(sim: Simulator):
    sim.deliver(paused=1)
    told = {
        sim.say(text=f"{n}", line=(TALK, DOCUMENTS)[n % 2], phone=(PHONE, OTHER)[n % 3 == 0])["id"] for n in range(120)
    }  # fmt: skip
    sim.deliver(paused=0, batch=50, shuffle=1, redeliver=100, redeliver_after_ms=0)
    sim.receiver.wait(lambda: len(pieces(sim, Channel.WHATSAPP)) >= 240)
    found = pieces(sim, Channel.WHATSAPP)
    assert {each.kind for each in found} == {ItemKind.MESSAGE}
    assert len({each.key for each in found}) == 120, "the same message in other bytes is the same piece"
    assert {read(each, Channel.WHATSAPP).provider_id for each in found} == told


def test_a_hidden_number_is_a_party_with_its_user_id_alone(sim: Simulator):
    sim.say(text="1")
    sim.call("POST", "/people/hide", {"phone": PHONE, "hidden": True})
    sim.say(text="2")
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 2)
    shown, hidden = (read(each, Channel.WHATSAPP).party for each in pieces(sim, Channel.WHATSAPP))
    assert (shown.phone, shown.aliases) == (PHONE, (f"wa:{PHONE[1:]}",))
    assert (hidden.phone, hidden.aliases, hidden.external_id) == (None, (), shown.external_id)


def parcel(sim: Simulator, channel: Channel, to: Recipient, **more: Any) -> Parcel:
    base = f"{sim.url}/sms" if channel is Channel.SMS else sim.url
    secrets: Mapping[str, str] = {"access_token": TOKENS[channel]}
    return Parcel(
        new_id(), new_id(), ADDRESSES[channel], {"api_base": base}, lambda name: secrets.get(name, ""), to, **{"text": "نعم", **more}
    )  # fmt: skip


def recipient(sim: Simulator, channel: Channel) -> Recipient:
    """Return whoever has just written, as our reader knows them."""
    sim.say(channel.value, ADDRESSES[channel], text="?")
    sim.receiver.wait(lambda: bool(pieces(sim, channel)))
    party = read(pieces(sim, channel)[-1], channel).party
    return Recipient(party.external_id, party.phone or "", party.name)


@pytest.mark.parametrize("channel", list(SECRETS))
def test_our_wires_reach_the_phone(sim: Simulator, channel: Channel):
    to = recipient(sim, channel)
    assert isinstance(WIRES[channel].hand_over(parcel(sim, channel, to)), Taken)
    files: dict[str, Any] = {"media": PNG, "media_name": "عداد.png", "media_type": "image/png", "text": "صورة"}
    if channel is not Channel.SMS:
        assert isinstance(WIRES[channel].hand_over(parcel(sim, channel, to, **files)), Taken)
    chat = [each for each in sim.chat(channel.value, ADDRESSES[channel]) if not each["mine"]]
    assert [each["text"] for each in chat] == ["نعم", "صورة"][: 1 if channel is Channel.SMS else 2]
    if channel is not Channel.SMS:
        assert chat[1]["media"]["size"] == len(PNG)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"manner": "code", "code": 131047}, Refused("window_closed")),
        ({"manner": "code", "code": 131026}, Refused("undeliverable")),
        ({"manner": "code", "code": 131049}, Refused("held_back")),
        ({"manner": "code", "code": 131051}, Refused("kind_not_supported")),
        ({"manner": "code", "code": 131053}, Refused("file_refused")),
        ({"manner": "code", "code": 132000}, Refused("template_values")),
        ({"manner": "code", "code": 132001}, Refused("template_unknown")),
        ({"manner": "code", "code": 131062}, Refused("needs_number")),
        ({"manner": "code", "code": 131056}, PutOff(Wait.PAIR_LIMIT)),
        ({"manner": "rate"}, PutOff(Wait.LINE_LIMIT)),
        ({"manner": "token_expired"}, PutOff(Wait.TOKEN)),
        ({"manner": "busy"}, PutOff(Wait.TROUBLE)),
        ({"manner": "reply_lost"}, Unclear("no_answer")),
        ({"manner": "dead"}, Unclear("no_answer")),
        ({"manner": "rubbish"}, Unclear("answer_unclear")),
        ({"manner": "redirect"}, Unclear("answer_unclear")),
    ],
    ids=lambda each: f"{each.get('code', each['manner'])}" if isinstance(each, dict) else "",
)
def test_each_misbehaviour_has_its_outcome(sim: Simulator, rule: dict[str, Any], outcome: Any):
    to = recipient(sim, Channel.WHATSAPP)
    sim.switch(channel="whatsapp", place="send", times=1, **rule)
    found = WIRES[Channel.WHATSAPP].hand_over(parcel(sim, Channel.WHATSAPP, to))
    assert type(found) is type(outcome)
    assert getattr(found, "code", getattr(found, "why", "")) == getattr(outcome, "code", getattr(outcome, "why", ""))

"""A message that no provider delivers is kept and told once, cleaned, and never in anything but its table."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from raseed.channels.api import (
    Channel,
    LineUnknown,
    MediaNotKept,
    MediaState,
    MessageKind,
    MessageUnknown,
    NewFile,
    Party,
    change_line,
    incoming,
    incomings,
    media_bytes,
    media_of,
    take_in,
)
from raseed.channels.events import MESSAGE_RECEIVED
from raseed.channels.models import MessageRow
from raseed.channels.receiving.domain import TEXT_LENGTH_MAX
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.platform.models import EventRow

from .lines import Clerk, make_line


def asker(**more: object) -> Party:
    return Party("address", "someone@example.org", name="Someone", **more)  # type: ignore[arg-type]


def test_it_is_kept_and_told_once_however_often_it_is_brought(database: object) -> None:
    line = make_line(Channel.EMAIL, Clerk())
    told: dict[str, Any] = {
        "line_id": line.id, "party": asker(), "text": "أين نقودي؟", "provider_id": "<a@b>", "sent_at": SYSTEM_CLOCK.now(),
    }  # fmt: skip
    first = take_in(**told)
    again = take_in(**{**told, "text": "something else"})
    assert again == first
    assert first.text == "أين نقودي؟"
    assert first.party.name == "Someone"
    [event] = EventRow.objects.filter(name=MESSAGE_RECEIVED)
    assert event.payload == {
        "message_id": str(first.id), "line_id": str(line.id), "institution_id": str(line.institution_id), "channel": "email",
    }  # fmt: skip
    assert "نقودي" not in json.dumps(event.payload, ensure_ascii=False)


def test_it_is_the_callers_transaction_that_keeps_it(database: object) -> None:
    line = make_line(Channel.PHONE, Clerk())
    with transaction.atomic():
        take_in(line_id=line.id, party=asker(), text="x", provider_id="1", sent_at=SYSTEM_CLOCK.now())
        transaction.set_rollback(True)
    assert not MessageRow.objects.exists()
    assert not EventRow.objects.filter(name=MESSAGE_RECEIVED).exists()


def test_a_name_hides_nothing_and_a_text_turns_nothing(database: object) -> None:
    line = make_line(Channel.WEB, Clerk())
    party = Party(line.scope, "1", name="\u202eada\u200b\u2066 m\u0000\n\u00adA", username="\u200badm\ud800in")
    kept = take_in(
        line_id=line.id, party=party, text="a\r\nb\u202ec\u0000\ud83d \u200d👩\u200d👧 e" + "\u0301" * 50,
        provider_id="1", sent_at=SYSTEM_CLOCK.now(),
    )  # fmt: skip
    assert kept.party.name == "ada m A"
    assert kept.party.username == "admin"
    assert kept.text == "a\nbc\N{REPLACEMENT CHARACTER} \u200d👩\u200d👧 e" + "\u0301" * 8


def test_a_message_from_the_future_is_of_now_and_one_from_last_week_is_late(database: object) -> None:
    line = make_line(Channel.WEB, Clerk())
    now = SYSTEM_CLOCK.now()
    ahead = take_in(line_id=line.id, party=asker(), text="x", provider_id="1", sent_at=now + timedelta(days=400))
    behind = take_in(line_id=line.id, party=asker(), text="x", provider_id="2", sent_at=now - timedelta(days=7))
    assert ahead.sent_at == ahead.received_at
    assert not ahead.late
    assert behind.late
    with connection.cursor() as cursor, pytest.raises(Exception, match="not_from_the_future"), transaction.atomic():
        cursor.execute("UPDATE channels_message SET sent_at = received_at + interval '1 second'")


def test_a_text_longer_than_the_bound_is_cut_and_an_empty_one_is_kept(database: object) -> None:
    line = make_line(Channel.WEB, Clerk())
    now = SYSTEM_CLOCK.now()
    long = take_in(line_id=line.id, party=asker(), text="ب" * (TEXT_LENGTH_MAX + 1), provider_id="1", sent_at=now)
    assert len(long.text) == TEXT_LENGTH_MAX
    assert take_in(line_id=line.id, party=asker(), text="", provider_id="2", sent_at=now).text == ""


def test_ids_that_cannot_be_kept_are_known_by_their_digest(database: object) -> None:
    line = make_line(Channel.WEB, Clerk())
    now = SYSTEM_CLOCK.now()
    for provider_id in ("\u0000", "x" * 5000, "\ud800"):
        kept = take_in(line_id=line.id, party=asker(), text="x", provider_id=provider_id, sent_at=now)
        assert kept.provider_id.startswith("sha256:")
        assert take_in(line_id=line.id, party=asker(), text="x", provider_id=provider_id, sent_at=now) == kept


def test_files_wait_to_be_checked_and_cannot_be_seen_before(database: object) -> None:
    line = make_line(Channel.EMAIL, Clerk())
    kept = take_in(
        line_id=line.id, party=asker(), text="", provider_id="1", sent_at=SYSTEM_CLOCK.now(),
        files=[NewFile("../../etc/\u202epasswd.pdf", "application/pdf", b"%PDF-1.4")], kind=MessageKind.DOCUMENT,
    )  # fmt: skip
    [file] = kept.media
    assert (file.state, file.name, file.claimed_type) == (MediaState.WAITING, "passwd.pdf", "application/pdf")
    assert media_of(kept.id) == [file]
    with pytest.raises(MediaNotKept):
        media_bytes(file.id)


def test_nothing_is_taken_in_on_a_line_that_is_not_there_or_is_off(database: object) -> None:
    clerk = Clerk()
    line = make_line(Channel.WEB, clerk)
    change_line(line_id=line.id, active=False, by=clerk, reason="moved")
    for line_id in (line.id, new_id()):
        with pytest.raises(LineUnknown):
            take_in(line_id=line_id, party=asker(), text="x", provider_id="1", sent_at=SYSTEM_CLOCK.now())


def test_messages_are_found_by_id_or_said_to_be_unknown(database: object) -> None:
    line = make_line(Channel.WEB, Clerk())
    kept = take_in(line_id=line.id, party=asker(), text="x", provider_id="1", sent_at=SYSTEM_CLOCK.now())
    assert incomings([kept.id, new_id()]) == {kept.id: kept}
    with pytest.raises(MessageUnknown):
        incoming(new_id())

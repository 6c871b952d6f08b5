"""A message is kept by its sender's transaction, handed over once, and what became of it is told truthfully."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from raseed.channels.api import (
    Channel,
    ChannelsNotPermitted,
    FileNotCarried,
    InvalidMessage,
    InvalidSendingTime,
    LineCannotSend,
    NothingToRetry,
    OutgoingContent,
    OutgoingMedia,
    OutgoingState,
    OutgoingUnknown,
    Party,
    RecipientNotOnLine,
    Window,
    WindowClosed,
    attempts_of,
    change_line,
    line_standings,
    outgoing_content,
    register_template,
    retry_message,
    settle_message,
    unknown_messages,
    window,
)
from raseed.channels.models import OutgoingRow
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.upkeep import look_after
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.api import SameIdOtherContent, run_worker

from .providers import INSTITUTION, PERSON, STAFF, Provider, graph_error, made_line, now_of, person, sent, wrote


def test_a_message_reaches_the_provider_in_its_own_words_and_says_what_it_is_called(
    database: Any, provider: Provider
) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    message = sent(line, "مرحبًا")
    assert message.state is OutgoingState.WAITING
    run_worker(wait=False)
    (asked,) = provider.asked
    assert asked.path == "/v23.0/106540352242922/messages"
    assert asked.headers["Authorization"] == "Bearer EAAG-one"
    assert asked.said == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PERSON,
        "biz_opaque_callback_data": str(message.id),
        "type": "text",
        "text": {"body": "مرحبًا", "preview_url": False},
    }
    done = now_of(message.id)
    assert (done.state, done.provider_id, done.attempts, done.reason) == (OutgoingState.SENT, "wamid.1", 1, None)
    assert [(one.number, one.outcome, one.provider_id) for one in attempts_of(message.id)] == [(1, "taken", "wamid.1")]


def test_a_message_of_a_transaction_that_was_rolled_back_is_never_sent(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    with transaction.atomic():
        sent(line)
        transaction.set_rollback(True)
    run_worker(wait=False)
    assert provider.asked == []
    assert not OutgoingRow.objects.exists()


def test_the_same_id_is_one_message_and_other_content_under_it_is_refused(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    same = new_id()
    for _ in range(3):
        assert sent(line, "one", id=same).id == same
    others: list[dict[str, Any]] = [
        {"text": "two"},
        {"to": Party(line.scope, "wa:201009999999", "+201009999999")},
        {"reply_to": "wamid.in"},
        {"purpose": "notice"},
    ]
    wrote(line, Party(line.scope, "wa:201009999999"))
    for other in others:
        with pytest.raises(SameIdOtherContent):
            sent(line, id=same, **{"text": "one", **other})
    run_worker(wait=False)
    assert [asked.said["text"]["body"] for asked in provider.asked] == ["one"]


def test_a_repeat_is_answered_also_when_the_window_has_closed_since(database: Any) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    line = made_line(clock=clock)
    wrote(line, clock=clock)
    same = new_id()
    sent(line, "one", id=same, clock=clock)
    clock.advance(timedelta(days=3))
    assert sent(line, "one", id=same, clock=clock).id == same


def test_free_text_is_refused_once_the_window_has_closed_and_that_is_known_before(database: Any) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    line = made_line(clock=clock)
    assert window(line.id, person(line), clock=clock) == Window(open=False, closes_at=None, templates_only=True)
    wrote(line, clock=clock)
    closes_at = clock.now() + timedelta(hours=24)
    assert window(line.id, person(line), clock=clock) == Window(open=True, closes_at=closes_at, templates_only=False)
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    sent(line, clock=clock)
    clock.advance(timedelta(seconds=1))
    assert window(line.id, person(line), clock=clock) == Window(open=False, closes_at=closes_at, templates_only=True)
    with pytest.raises(WindowClosed):
        sent(line, clock=clock)


def test_somebody_who_hides_the_number_now_has_the_window_that_the_number_opened(database: Any) -> None:
    line = made_line()
    wrote(line, Party(line.scope, "bsuid:EG.7", aliases=("wa:201001234567",)))
    assert window(line.id, Party(line.scope, "bsuid:EG.7")).open
    wrote(line, Party(line.scope, "wa:201005550000"))
    assert window(line.id, Party(line.scope, "bsuid:EG.8", aliases=("wa:201005550000",))).open
    assert not window(line.id, Party(line.scope, "bsuid:EG.9")).open


def test_a_message_that_waited_past_its_window_fails_in_words_without_asking_the_provider(
    database: Any, provider: Provider
) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    message = sent(line, not_before=clock.now() + timedelta(hours=30), clock=clock)
    assert not carry(message.id, clock=clock)
    clock.advance(timedelta(hours=31))
    carry(message.id, clock=clock)
    done = now_of(message.id)
    assert (done.state, done.reason and done.reason.code) == (OutgoingState.FAILED, "window_closed")
    assert provider.asked == []
    with pytest.raises(NothingToRetry):
        retry_message(message.id, by=STAFF, reason="asked again", clock=clock)
    wrote(line, clock=clock)
    retry_message(message.id, by=STAFF, reason="the customer wrote again", clock=clock)
    carry(message.id, clock=clock)
    assert now_of(message.id).state is OutgoingState.SENT


def test_an_expired_message_is_not_sent_and_not_sent_again(database: Any, provider: Provider) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    tried, swept = (sent(line, expires_at=clock.now() + timedelta(minutes=5), clock=clock) for _ in range(2))
    clock.advance(timedelta(minutes=5))
    carry(tried.id, clock=clock)
    look_after(clock=clock)
    for message in (tried, swept):
        assert now_of(message.id).state is OutgoingState.EXPIRED
        with pytest.raises(NothingToRetry):
            retry_message(message.id, by=STAFF, reason="asked again", clock=clock)
    assert provider.asked == []
    with pytest.raises(InvalidSendingTime):
        sent(line, expires_at=clock.now(), clock=clock)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4097, "nul \x00", "half \ud800"])
def test_a_text_that_could_not_be_sent_is_refused_while_its_writer_looks(database: Any, text: str) -> None:
    line = made_line()
    wrote(line)
    with pytest.raises(InvalidMessage):
        sent(line, text)


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.BRANCH])
def test_calls_and_visits_are_written_down_and_nothing_is_sent_on_their_lines(database: Any, channel: Channel) -> None:
    line = made_line(channel)
    with pytest.raises(LineCannotSend):
        sent(line, to=Party(line.scope, "+201001234567", "+201001234567"))


def test_nothing_new_is_kept_for_a_closed_line_and_what_waits_there_waits(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    before = sent(line)
    change_line(line_id=line.id, active=False, by=STAFF, reason="moved to another number")
    with pytest.raises(LineCannotSend):
        sent(line)
    run_worker(wait=False)
    waiting = now_of(before.id)
    assert (waiting.state, waiting.reason and waiting.reason.code) == (OutgoingState.WAITING, "line_not_set_up")
    assert provider.asked == []


@pytest.mark.parametrize(
    ("channel", "external_id"),
    [
        (Channel.WHATSAPP, "777"),
        (Channel.TELEGRAM, "not a chat"),
        (Channel.X, "@name"),
        (Channel.SMS, "0100"),
        (Channel.EMAIL, "mona@example.org\nBcc: all@example.org"),
        (Channel.EMAIL, "nobody"),
    ],
)
def test_somebody_without_an_address_on_the_line_is_refused(database: Any, channel: Channel, external_id: str) -> None:
    line = made_line(channel)
    with pytest.raises(RecipientNotOnLine):
        sent(line, to=Party(line.scope, external_id))
    with pytest.raises(RecipientNotOnLine):
        sent(line, to=Party("another:scope", person(line).external_id, "+201001234567"))


def test_a_file_is_what_it_says_and_no_larger_than_it_may_be(database: Any) -> None:
    line = made_line()
    wrote(line)
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    for name, kind, content in (
        ("a.png", "image/png", b"MZ\x90\x00 a program"),
        ("a.png", "image/png", b""),
        ("a.png", "image/png", png + b"0" * (5 << 20)),
        ("a.pdf", "application/pdf", b"%PDF-" + b"0" * (16 << 20)),
        ("a.exe", "application/octet-stream", png),
        ("a\u202egnp.exe", "image/png", png),
        ("", "image/png", png),
    ):
        with pytest.raises(FileNotCarried):
            sent(line, content=OutgoingContent(media=OutgoingMedia(name, kind, content)))
    kept = sent(line, content=OutgoingContent("see", media=OutgoingMedia("C:\\tmp\\../bill.png", "image/png", png)))
    there = outgoing_content(kept.id)
    assert there is not None
    assert there.media == OutgoingMedia("bill.png", "image/png", png)


def test_without_the_permission_nothing_is_sent_again_or_settled(database: Any) -> None:
    class Nobody:
        actor = "staff:nobody"

        def may(self, permission: str, institution_id: UUID) -> bool:
            del permission, institution_id
            return False

    line = made_line()
    wrote(line)
    message = sent(line)
    for deed in (
        lambda: retry_message(message.id, by=Nobody(), reason="because"),
        lambda: settle_message(message.id, was_sent=True, by=Nobody(), reason="because"),
        lambda: line_standings(INSTITUTION, by=Nobody()),
        lambda: unknown_messages(INSTITUTION, by=Nobody()),
        lambda: register_template(line_id=line.id, name="a", language="ar", body="b", by=Nobody()),
    ):
        with pytest.raises(ChannelsNotPermitted):
            deed()
    with pytest.raises(OutgoingUnknown):
        retry_message(new_id(), by=STAFF, reason="because")


def test_no_job_event_log_or_audit_record_holds_a_customers_text_or_number(
    database: Any, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line = made_line(base=provider.address)
    wrote(line)
    provider.answers = [(400, graph_error(131026, "to +201001234567"))]
    message = sent(line, "very private words")
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(j)::text, '') FROM procrastinate_jobs AS j")
        jobs = str(cursor.fetchone())
    run_worker(wait=False)
    retry_message(message.id, by=STAFF, reason="tried once more")
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(e)::text, '') FROM platform_event AS e")
        events = str(cursor.fetchone())
        cursor.execute("SELECT coalesce(json_agg(a)::text, '') FROM platform_audit AS a")
        audit = str(cursor.fetchone())
    for place in (jobs, events, audit, caplog.text):
        assert "very private" not in place
        assert PERSON not in place
    assert "channels.delivery_changed" in events
    assert "channels.message_sent_again" in audit

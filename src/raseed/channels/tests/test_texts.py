"""A text is kept by its sender's transaction, reaches the gateway at least once under one id, and a code is never kept."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import override_settings

from raseed.channels.api import (
    ONE_TIME_CODE,
    SMS_KEY_NAME,
    InvalidMessage,
    TextState,
    failed_texts,
    outgoing_text,
    retry_text,
    send_text,
)
from raseed.channels.models import TextRow
from raseed.channels.services import ATTEMPTS_MAX, sweep_texts, try_delivery
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import NotFound
from raseed.kernel.ids import new_id
from raseed.platform.api import SameIdOtherContent, key_text, run_worker

PHONE = "+201001234567"


@dataclass
class Gateway:
    """A gateway on loopback: keeps what it was sent, answers as told."""

    address: str = ""
    status: int = 200
    received: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    told = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            told.headers.append(dict(self.headers.items()))
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_address[1]}/texts"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(SMS_URL=told.address):
            yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(text: str = "مرحبًا", *, purpose: str = "notice", **more: Any) -> UUID:
    message_id = new_id()
    send_text(to_phone=PHONE, text=text, purpose=purpose, message_id=message_id, **more)
    return message_id


def job_arguments() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(j)::text, '') FROM procrastinate_jobs j")
        return str(cursor.fetchone()[0])


def test_a_text_reaches_the_gateway_with_its_id_and_our_key(database: Any, gateway: Gateway) -> None:
    message_id = send("مرحبًا")
    run_worker(wait=False)
    assert gateway.received == [{"id": str(message_id), "to": PHONE, "text": "مرحبًا"}]
    (headers,) = gateway.headers
    assert headers["Authorization"] == f"Bearer {key_text(SMS_KEY_NAME)}"
    assert headers["Idempotency-Key"] == str(message_id)
    sent = outgoing_text(message_id)
    assert (sent.state, sent.attempts, sent.text, sent.next_try_at) == (TextState.DELIVERED, 1, "مرحبًا", None)
    assert sent.delivered_at is not None


def test_a_text_of_a_transaction_that_was_rolled_back_is_never_sent(database: Any, gateway: Gateway) -> None:
    with transaction.atomic():
        send()
        transaction.set_rollback(True)
    run_worker(wait=False)
    assert gateway.received == []
    assert TextRow.objects.count() == 0


def test_the_same_message_again_is_one_message_and_other_content_is_refused(database: Any, gateway: Gateway) -> None:
    message_id = new_id()
    for _ in range(3):
        send_text(to_phone=PHONE, text="one", purpose="notice", message_id=message_id)
    with pytest.raises(SameIdOtherContent):
        send_text(to_phone=PHONE, text="two", purpose="notice", message_id=message_id)
    with pytest.raises(SameIdOtherContent):
        send_text(to_phone="+201001234568", text="one", purpose="notice", message_id=message_id)
    run_worker(wait=False)
    assert [text["text"] for text in gateway.received] == ["one"]


@pytest.mark.parametrize("text", ["", "x" * 1001])
def test_an_empty_or_overlong_text_is_refused(database: Any, text: str) -> None:
    with pytest.raises(InvalidMessage):
        send(text)


def test_a_codes_text_is_blanked_once_delivered_and_was_never_anywhere_else(
    database: Any, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    message_id = send("code 493817", purpose=ONE_TIME_CODE)
    assert "493817" not in job_arguments()
    run_worker(wait=False)
    assert gateway.received[0]["text"] == "code 493817"
    assert outgoing_text(message_id).text is None
    assert "493817" not in job_arguments()
    assert "493817" not in caplog.text


def test_the_database_itself_refuses_to_keep_a_code_at_the_end_of_its_way(database: Any) -> None:
    message_id = send("code 493817", purpose=ONE_TIME_CODE)
    with pytest.raises(IntegrityError, match="channels_text_no_code_kept"):
        TextRow.objects.filter(message_id=message_id).update(state="failed", next_try_at=None)


def test_a_failed_try_is_kept_and_the_next_is_planned_later_each_time(
    database: Any, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.status = 503
    clock = ManualClock(SYSTEM_CLOCK.now())
    message_id = send("code 493817", purpose=ONE_TIME_CODE, clock=clock)
    pauses = []
    for _ in range(ATTEMPTS_MAX - 1):
        try_delivery(message_id, clock=clock)
        planned = outgoing_text(message_id).next_try_at
        assert planned is not None
        pauses.append((planned - clock.now()).total_seconds())
        try_delivery(message_id, clock=clock)
        clock.advance(planned - clock.now())
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert outgoing_text(message_id).last_error == "answered_503"
    try_delivery(message_id, clock=clock)
    (failed,) = failed_texts()
    assert (failed.message_id, failed.state, failed.attempts) == (message_id, TextState.FAILED, ATTEMPTS_MAX)
    assert failed.text is None
    assert len(gateway.received) == ATTEMPTS_MAX
    assert "493817" not in caplog.text


def test_a_given_up_text_can_be_tried_again_under_its_own_id_but_a_code_cannot(database: Any, gateway: Gateway) -> None:
    message_id, code_id = send("hello"), send("code 493817", purpose=ONE_TIME_CODE)
    TextRow.objects.filter(message_id=code_id).update(text=None)
    TextRow.objects.update(state="failed", next_try_at=None)
    retry_text(message_id)
    run_worker(wait=False)
    assert [text["id"] for text in gateway.received] == [str(message_id)]
    for hopeless in (code_id, message_id, new_id()):
        with pytest.raises(NotFound):
            retry_text(hopeless)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 500])
def test_any_answer_but_2xx_is_a_failure_and_a_redirect_is_not_followed(
    database: Any, gateway: Gateway, status: int
) -> None:
    gateway.status = status
    message_id = send()
    try_delivery(message_id, clock=SYSTEM_CLOCK)
    assert outgoing_text(message_id).last_error == f"answered_{status}"


def test_a_gateway_that_is_not_there_is_a_failure_like_any_other(database: Any) -> None:
    with override_settings(SMS_URL="http://127.0.0.1:9/"):
        message_id = send()
        try_delivery(message_id, clock=SYSTEM_CLOCK)
    assert outgoing_text(message_id).last_error.startswith("no_connection")


def test_without_a_gateways_address_texts_wait_and_use_up_no_tries(database: Any) -> None:
    with override_settings(SMS_URL=""):
        message_id = send()
        run_worker(wait=False)
        sweep_texts(timestamp=0)
    waiting = outgoing_text(message_id)
    assert (waiting.state, waiting.attempts) == (TextState.WAITING, 0)


def test_a_text_is_not_sent_after_its_time_and_an_expired_code_is_blanked(database: Any, gateway: Gateway) -> None:
    past = SYSTEM_CLOCK.now() - timedelta(seconds=1)
    tried = send("code 493817", purpose=ONE_TIME_CODE, expires_at=past)
    try_delivery(tried, clock=SYSTEM_CLOCK)
    swept = send("code 493817", purpose=ONE_TIME_CODE, expires_at=past)
    sweep_texts(timestamp=0)
    for message_id in (tried, swept):
        expired = outgoing_text(message_id)
        assert (expired.state, expired.text) == (TextState.EXPIRED, None)
    assert gateway.received == []


def test_two_workers_at_the_same_instant_try_once(database: Any, gateway: Gateway) -> None:
    message_id = send()

    def work(_: int) -> None:
        try_delivery(message_id, clock=SYSTEM_CLOCK)
        connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert len(gateway.received) == 1


def test_a_text_whose_worker_was_killed_in_mid_air_is_sent_again_with_the_same_id(
    database: Any, gateway: Gateway
) -> None:
    message_id = send()
    TextRow.objects.update(attempts=1, next_try_at=SYSTEM_CLOCK.now() - timedelta(minutes=5))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    sweep_texts(timestamp=0)
    run_worker(wait=False)
    assert [text["id"] for text in gateway.received] == [str(message_id)]
    assert outgoing_text(message_id).attempts == 2


def test_an_unknown_text_is_not_found(database: Any) -> None:
    with pytest.raises(NotFound):
        outgoing_text(new_id())


@pytest.mark.usefixtures("database")
def test_a_code_that_somebody_waits_for_goes_before_reminders_that_were_kept_earlier(gateway: Gateway) -> None:
    for number in range(5):
        send_text(to_phone=PHONE, text=f"reminder {number}", purpose="bill_notice", message_id=new_id())
    send_text(to_phone=PHONE, text="123456", purpose=ONE_TIME_CODE, message_id=new_id())
    run_worker(wait=False, concurrency=1)
    assert gateway.received[0]["text"] == "123456"
    assert len(gateway.received) == 6

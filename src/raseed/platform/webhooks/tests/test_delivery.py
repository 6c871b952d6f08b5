"""An event reaches every endpoint that asked for it, signed, at least once, whatever endpoints and workers do."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connections, transaction
from django.test import override_settings

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.api import audit_trail, emit, run_worker
from raseed.platform.models import DeliveryRow
from raseed.platform.webhooks import api as webhooks
from raseed.platform.webhooks import client
from raseed.platform.webhooks.domain import PAUSES, SPAN, TRIES_MAX
from raseed.platform.webhooks.models import OwedRow
from raseed.platform.webhooks.sending import EACH, Sender

from .receiving import EVENT, Manager, Message, Receiver, answer, endpoint_at, receiving, tell

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as there:
        yield there


@pytest.fixture
def manager(database: object) -> Manager:
    return Manager(new_id())


def signature_by_openssl(secret: str, message: Message) -> str:
    """Compute a message's signature with a program that shares no line with ours."""
    key = base64.b64decode(secret.removeprefix("whsec_")).hex()
    signed = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}.".encode() + message.body
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key}", "-binary"]
    found = subprocess.run(command, input=signed, capture_output=True, check=True)
    return "v1," + base64.b64encode(found.stdout).decode()


def test_an_event_arrives_with_its_envelope_and_nothing_else(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(f"{receiver.address}/in?tenant=7", manager)
    event_id = tell(manager, account_id="0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaab")
    assert Sender().run_due() == 1
    (message,) = receiver.messages
    assert message.path == "/in?tenant=7"
    assert message.id == event_id
    assert message.headers["content-type"] == "application/json"
    envelope = message.json()
    assert set(envelope) == {"id", "name", "version", "institution_id", "position", "occurred_at", "payload"}
    assert (envelope["id"], envelope["name"], envelope["version"]) == (str(event_id), EVENT, 1)
    assert envelope["payload"] == {"account_id": "0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaab"}
    sent, attempts = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert (sent.state, sent.attempts, sent.last_status) == (webhooks.DeliveryState.DELIVERED, 1, 204)
    assert [(each.number, each.status, each.outcome) for each in attempts] == [(1, 204, "delivered")]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl to check signatures with")
def test_a_program_that_is_not_ours_finds_the_signature_right(manager: Manager, receiver: Receiver) -> None:
    _, secret = endpoint_at(receiver.address, manager)
    tell(manager)
    Sender().run_due()
    (message,) = receiver.messages
    assert message.headers["webhook-signature"] == signature_by_openssl(secret, message)
    assert abs(int(message.headers["webhook-timestamp"]) - SYSTEM_CLOCK.now().timestamp()) < 60
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl to check signatures with")
def test_after_a_rotation_both_secrets_sign_until_the_old_one_ends(manager: Manager, receiver: Receiver) -> None:
    clock = ManualClock(NOON)
    endpoint, old = endpoint_at(receiver.address, manager, clock=clock)
    turned, new = webhooks.rotate_secret(endpoint_id=endpoint.id, generation=2, by=manager, clock=clock)
    assert (turned.generation, new != old) == (2, True)
    assert webhooks.rotate_secret(endpoint_id=endpoint.id, generation=2, by=manager, clock=clock)[1] == new
    for wrong in (1, 4):
        with pytest.raises(webhooks.WrongGeneration):
            webhooks.rotate_secret(endpoint_id=endpoint.id, generation=wrong, by=manager, clock=clock)
    tell(manager, clock=clock)
    Sender(clock).run_due()
    clock.advance(timedelta(hours=24))
    tell(manager, clock=clock)
    Sender(clock).run_due()
    both, alone = receiver.messages
    assert both.headers["webhook-signature"].split() == [
        signature_by_openssl(new, both),
        signature_by_openssl(old, both),
    ]
    assert alone.headers["webhook-signature"] == signature_by_openssl(new, alone)


def test_only_endpoints_of_the_same_institution_that_asked_for_it_hear_of_an_event(
    manager: Manager, receiver: Receiver
) -> None:
    stranger = Manager(new_id())
    endpoint_at(f"{receiver.address}/named", manager)
    endpoint_at(f"{receiver.address}/all", manager, events=("*",))
    endpoint_at(f"{receiver.address}/other-name", manager, events=("people.customer_joined",))
    endpoint_at(f"{receiver.address}/stranger", stranger, events=("*",))
    off, _ = endpoint_at(f"{receiver.address}/off", manager)
    webhooks.change_endpoint(endpoint_id=off.id, on=False, by=manager)
    tell(manager)
    Sender().run_due()
    assert sorted(message.path for message in receiver.messages) == ["/all", "/named"]


def test_an_event_nobody_asked_for_costs_its_transaction_no_job(manager: Manager) -> None:
    with transaction.atomic():
        emit(EVENT, {}, institution_id=manager.institution_id)
    assert not DeliveryRow.objects.exists()


def test_the_workers_jobs_owe_events_to_endpoints(manager: Manager, receiver: Receiver) -> None:
    endpoint_at(receiver.address, manager)
    with transaction.atomic():
        emit(EVENT, {}, institution_id=manager.institution_id)
    run_worker(wait=False)
    assert Sender().run_due() == 1


def test_an_event_of_a_transaction_that_was_rolled_back_is_never_told(manager: Manager, receiver: Receiver) -> None:
    endpoint_at(receiver.address, manager)
    with transaction.atomic():
        emit(EVENT, {}, institution_id=manager.institution_id)
        transaction.set_rollback(True)
    run_worker(wait=False)
    assert Sender().run_due() == 0


def test_a_failing_endpoint_is_tried_for_three_days_with_growing_pauses_and_then_given_up(
    manager: Manager, receiver: Receiver
) -> None:
    receiver.default = answer(500, b"\x1b[31mboom")
    clock = ManualClock(NOON)
    endpoint, _ = endpoint_at(receiver.address, manager, clock=clock)
    event_id = tell(manager, clock=clock)
    pauses = []
    for _ in range(TRIES_MAX - 1):
        assert Sender(clock).run_due() == 1
        planned = OwedRow.objects.get().next_try_at
        assert planned is not None
        pauses.append(planned - clock.now())
        assert Sender(clock).run_due() == 0, "nothing is sent before its time"
        clock.advance(planned - clock.now())
    assert tuple(pauses) == PAUSES
    assert timedelta(days=2, hours=23) < SPAN < timedelta(days=3)
    Sender(clock).run_due()
    dead, attempts = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert (dead.state, dead.attempts, dead.last_outcome) == (webhooks.DeliveryState.DEAD, TRIES_MAX, "answered_500")
    assert {message.id for message in receiver.messages} == {event_id}
    assert len(receiver.messages) == len(attempts) == TRIES_MAX
    assert attempts[0].answer == "\N{REPLACEMENT CHARACTER}[31mboom"
    (listed,) = webhooks.deliveries(endpoint.id, by=manager, state=webhooks.DeliveryState.DEAD).deliveries
    assert listed.event_id == event_id


def test_an_endpoint_that_took_nothing_for_days_is_switched_off_and_its_record_says_why(
    manager: Manager, receiver: Receiver
) -> None:
    receiver.default = answer(500)
    clock = ManualClock(NOON)
    endpoint, _ = endpoint_at(receiver.address, manager, clock=clock)
    for _ in range(6):
        tell(manager, clock=clock)
        Sender(clock).run_due()
        clock.advance(timedelta(days=1))
    off = webhooks.endpoint(endpoint.id, by=manager)
    assert (off.state, off.off_reason) == (webhooks.EndpointState.OFF, webhooks.OffReason.FAILING)
    latest = audit_trail(f"webhook:{endpoint.id}")[0]
    assert (latest.actor, latest.action) == ("system", "platform.webhook_switched_off")
    sent = len(receiver.messages)
    tell(manager, clock=clock)
    clock.advance(timedelta(days=1))
    assert Sender(clock).run_due() == 0
    receiver.default = answer(200)
    on = webhooks.change_endpoint(endpoint_id=endpoint.id, on=True, by=manager, clock=clock)
    assert (on.state, on.failing_since) == (webhooks.EndpointState.ON, None)
    Sender(clock).run_due()
    assert len(receiver.messages) > sent
    assert webhooks.endpoint(endpoint.id, by=manager).failing_since is None


def test_a_success_in_between_keeps_an_endpoint_on(manager: Manager, receiver: Receiver) -> None:
    clock = ManualClock(NOON)
    endpoint, _ = endpoint_at(receiver.address, manager, clock=clock)
    for status in (500, 200, 500, 500, 500, 500):
        receiver.default = answer(status)
        tell(manager, clock=clock)
        Sender(clock).run_due()
        clock.advance(timedelta(days=1))
    assert webhooks.endpoint(endpoint.id, by=manager).state is webhooks.EndpointState.ON


def test_an_endpoint_that_says_it_is_gone_is_switched_off_at_once(manager: Manager, receiver: Receiver) -> None:
    receiver.default = answer(410)
    endpoint, _ = endpoint_at(receiver.address, manager)
    tell(manager)
    Sender().run_due()
    assert webhooks.endpoint(endpoint.id, by=manager).off_reason is webhooks.OffReason.GONE


def test_an_endpoint_may_ask_for_a_longer_pause(manager: Manager, receiver: Receiver) -> None:
    receiver.default = answer(429, Retry_After="90")
    clock = ManualClock(NOON)
    endpoint_at(receiver.address, manager, clock=clock)
    tell(manager, clock=clock)
    Sender(clock).run_due()
    assert OwedRow.objects.get().next_try_at == NOON + timedelta(seconds=90)


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    handler.connection.close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def half_an_answer(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nhalf")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01\x02 what?\r\n\r\n" * 10)


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        handler.wfile.write(f"X-{number}: {'a' * 100}\r\n".encode())


def endless_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 500 Oops\r\n\r\n")
    for _ in range(10_000):
        handler.wfile.write(b"x" * 10_000)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (answer(301, Location="http://127.0.0.1:1/elsewhere"), "redirected"),
        (answer(307, Location="/other"), "redirected"),
        (answer(404), "answered_404"),
        (cut, "no_connection"),
        (hang_up, "no_connection"),
        (half_an_answer, "answered_500"),
        (nonsense, "unreadable_answer"),
        (endless_headers, "unreadable_answer"),
        (endless_body, "answered_500"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_whatever_an_endpoint_answers_it_is_a_failure_that_is_tried_again(
    manager: Manager, receiver: Receiver, behaviour: Any, outcome: str
) -> None:
    receiver.default = behaviour
    endpoint, _ = endpoint_at(f"{receiver.address}/first", manager)
    event_id = tell(manager)
    Sender().run_due()
    waiting, (attempt,) = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert waiting.state is webhooks.DeliveryState.WAITING
    assert attempt.outcome.startswith(outcome)
    assert len(attempt.answer) <= 500
    assert [message.path for message in receiver.messages] == ["/first"], "a redirect is not followed"


def test_an_endpoint_that_drips_is_left_after_a_time(
    manager: Manager, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SECONDS_MAX", 0.6)
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    receiver.default = drip
    endpoint, _ = endpoint_at(receiver.address, manager)
    event_id = tell(manager)
    Sender().run_due()
    over.set()
    _, (attempt,) = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert attempt.outcome == "no_answer_in_time"
    assert attempt.took_ms < 5_000


def test_nobody_there_is_a_failure_like_any_other(manager: Manager) -> None:
    endpoint, _ = endpoint_at("http://127.0.0.1:9/", manager)
    event_id = tell(manager)
    Sender().run_due()
    assert webhooks.delivery(endpoint.id, event_id, by=manager)[0].last_outcome.startswith("no_connection")


def test_a_slow_endpoint_holds_nobody_up_and_has_only_a_few_posts_in_the_air(
    manager: Manager, receiver: Receiver
) -> None:
    free = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        free.wait(30)
        answer(200)(handler)

    receiver.behaviours["/slow"] = slow
    endpoint_at(f"{receiver.address}/slow", manager)
    endpoint_at(f"{receiver.address}/quick", manager)
    for _ in range(40):
        tell(manager)
    sender = Sender()
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        receiver.wait_for(lambda messages: sum(message.path == "/quick" for message in messages) == 40)
        assert len(receiver.at("/slow")) == EACH
        free.set()
        receiver.wait_for(lambda messages: sum(message.path == "/slow" for message in messages) == 40)
    finally:
        free.set()
        sender.stop()
        thread.join(30)
    assert not OwedRow.objects.exclude(state="delivered").exists()


def test_two_workers_at_once_send_each_event_once(manager: Manager, receiver: Receiver) -> None:
    endpoint_at(receiver.address, manager)
    for _ in range(30):
        tell(manager)

    def work() -> None:
        Sender().run_due()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.messages) == len({message.id for message in receiver.messages}) == 30


@pytest.mark.slow
def test_an_event_whose_worker_was_killed_in_mid_air_comes_again_under_the_same_id(
    manager: Manager, receiver: Receiver
) -> None:
    over = threading.Event()

    def hang(_: BaseHTTPRequestHandler) -> None:
        over.wait(60)

    receiver.default = hang
    endpoint, _ = endpoint_at(receiver.address, manager)
    event_id = tell(manager)
    command = [sys.executable, "-m", "raseed.project.worker"]
    with subprocess.Popen(command, start_new_session=True) as worker:
        try:
            receiver.wait_for(lambda messages: len(messages) == 1, 60)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
    over.set()
    receiver.default = answer(200)
    assert Sender().run_due() == 0, "the claim of the dead is a lease that still runs"
    OwedRow.objects.update(next_try_at=SYSTEM_CLOCK.now() - timedelta(seconds=1))
    assert Sender().run_due() == 1
    assert [message.id for message in receiver.messages] == [event_id, event_id]
    sent, attempts = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert (sent.state, sent.attempts) == (webhooks.DeliveryState.DELIVERED, 2)
    assert [each.number for each in attempts] == [2], "nobody knows what came of the first"


@pytest.mark.slow
def test_the_worker_sends_and_stops_in_order(manager: Manager, receiver: Receiver) -> None:
    endpoint_at(receiver.address, manager)
    with subprocess.Popen([sys.executable, "-m", "raseed.project.worker"], start_new_session=True) as worker:
        try:
            with transaction.atomic():
                emit(EVENT, {}, institution_id=manager.institution_id)
            receiver.wait_for(lambda messages: len(messages) == 1, 60)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        finally:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)


def certificate(folder: Path, name: str) -> Path:
    """Write a certificate that signs itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SYSTEM_CLOCK.now()
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("trusted", "name", "outcome"),
    [
        ("trusted", "bank.example", "delivered"),
        ("trusted", "evil.example", "not_trusted"),
        ("", "bank.example", "not_trusted"),
    ],
)
def test_https_goes_to_the_address_looked_up_and_asks_for_a_certificate_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: str, name: str, outcome: str
) -> None:
    file = certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    looked_up = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def serve(listener: socket.socket) -> None:
        try:
            with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as sock:
                said = b""
                while b"{}" not in said:
                    said += sock.recv(65536)
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass

    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr("raseed.platform.webhooks.addresses.socket.getaddrinfo", look_up)
    with socket.create_server(("127.0.0.1", 0)) as listener, override_settings(WEBHOOK_NETWORKS="127.0.0.0/8"):
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        found = client.post(f"https://bank.example:{listener.getsockname()[1]}/in", b"{}", {})
        thread.join()
    assert found.word.startswith(outcome), found
    assert looked_up == ["bank.example"]

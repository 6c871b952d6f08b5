"""Certificates and keys over the rail: to those with the key, from files alone."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.conf import settings

from raseed.display.http.certificates import CertificateRail
from raseed.display.http.metrics import ProofFigures
from raseed.display.proof.certificate import Certificate
from raseed.display.prover.certificates import checked, public_keys
from raseed.display.prover.layout import set_sequence
from raseed.display.prover.tests.world import World
from raseed.platform.rail.application import Rail
from raseed.platform.rail.sign_in import Key, Keys
from raseed.platform.rail.sign_in import _digest as digest

if TYPE_CHECKING:
    from pathlib import Path

KEYS = Keys([Key("bank", frozenset({"certificates"}), digest(b"c")), Key("other", frozenset({"ledger"}), digest(b"l"))])


def ask(path: str, key: bytes | None = b"c") -> tuple[int, Any]:
    rail, sent = Rail(CertificateRail().routes(), KEYS), []
    headers = [(b"authorization", b"Bearer " + key)] if key else []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(rail(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def test_certificates_go_to_trusted_systems_and_keys_to_everyone(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    world = World(tmp_path)
    [customer] = world.join(1)
    world.prove()
    status, found = ask(f"/display/v1/certificates/{customer}")
    assert status == 200
    certificate = Certificate.parse(json.dumps(found).encode())
    checked(certificate, now=certificate.as_of, account_id=customer, booked_minor=1000)
    assert ask("/display/v1/keys", None) == (200, {"keys": public_keys()})
    assert ask(f"/display/v1/certificates/{customer}", None)[0] == 401
    assert ask(f"/display/v1/certificates/{customer}", b"l")[0] == 403
    assert ask(f"/display/v1/certificates/{UUID(int=5)}")[1]["error"]["code"] == "no_certificate"
    assert ask("/display/v1/certificates/nonsense")[0] == 400
    figures = {family.name: family.samples[0].value for family in ProofFigures().collect()}
    assert figures["raseed_display_proven_as_of_seconds"] == certificate.root.as_of_us // 1_000_000
    assert figures["raseed_display_proven_batch"] == certificate.batch
    assert figures["raseed_display_proven_accounts"] == 1
    world.close()


def test_a_tree_that_was_left_half_written_holds_nobody_up(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prover was killed while it wrote: whoever asks is told at once, and the event loop never waits."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    world = World(tmp_path)
    [customer] = world.join(1)
    [tree] = (world.prove()._trees or {}).values()
    set_sequence(tree.store._raw, 2**40 + 1)
    slept: list[Any] = []
    pause = threading.Event()

    def noted(seconds: Any) -> None:
        assert threading.current_thread() is not threading.main_thread()
        slept.append(seconds)
        pause.wait(seconds)

    monkeypatch.setattr("raseed.display.prover.reader.time.sleep", noted)
    for _ in range(20):
        assert ask(f"/display/v1/certificates/{customer}")[1]["error"]["code"] == "no_certificate"
    assert sum(slept) < 0.1
    set_sequence(tree.store._raw, 2**40 + 2)
    assert ask(f"/display/v1/certificates/{customer}")[0] == 200
    world.close()

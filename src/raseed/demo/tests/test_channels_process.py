"""The simulator as a process of its own: killed at any moment it has lost nothing that it said yes to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raseed.demo.channels.lines import Customer, file_text
from raseed.demo.channels.outgoing import fetch

from .channels_world import PHONE, TALK, TOKEN, Receiver, items, lines_to


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    files = ["--lines", str(folder / "lines.json"), "--state", str(folder / "state.sqlite")]
    command = [sys.executable, "-m", "raseed.demo.channels", "--port", "0", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().rpartition("http")[2].strip().rstrip("/")
        try:
            yield running, f"http{address}"
        finally:
            running.kill()


def post(url: str, told: object, token: str = "") -> int:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return fetch("POST", url, json.dumps(told).encode(), headers)[0]


def test_what_was_said_and_sent_outlives_a_kill(tmp_path: Path) -> None:
    receiver = Receiver()
    (tmp_path / "lines.json").write_text(file_text(lines_to(receiver.url), [Customer(PHONE, "أمل")]), encoding="utf-8")
    try:
        with process(tmp_path) as (running, url):
            assert post(f"{url}/control", {"delivery": {"paused": 1}}) == 204
            for number in range(20):
                said = {"channel": "whatsapp", "line": TALK, "phone": PHONE, "text": f"{number}"}
                assert post(f"{url}/people/say", said) == 201
            body = {"messaging_product": "whatsapp", "to": PHONE, "type": "text", "text": {"body": "جواب"}}
            assert post(f"{url}/v23.0/{TALK}/messages", body, TOKEN) == 200
            assert not receiver.heard
            running.send_signal(signal.SIGKILL)
        with process(tmp_path):
            receiver.wait(lambda: len(items(receiver.bodies(), "messages")) >= 20)
            receiver.wait(lambda: len(items(receiver.bodies(), "statuses")) >= 2)
        texts = {each["text"]["body"] for each in items(receiver.bodies(), "messages")}
        assert texts == {f"{number}" for number in range(20)}
        assert (tmp_path / "state.sqlite").stat().st_mode & 0o777 == 0o600
    finally:
        receiver.close()


@pytest.mark.parametrize("words", [["--port", "99999"], ["--port", "x"], []])
def test_it_says_what_is_wrong_and_ends_with_two(tmp_path: Path, words: list[str]) -> None:
    files = ["--lines", str(tmp_path / "lines.json")] if words else []
    done = subprocess.run(
        [sys.executable, "-m", "raseed.demo.channels", *files, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr

"""Clients of the providers that are not ours give the providers our real address, and what people write then arrives.

The provider is simulated, the rail is the process that ``./raseed run`` starts. The clients are no dependency of ours: who wants
these tests to run installs them beside the rest, as docs/subsystems/demo.md says.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from raseed.channels.api import Channel, Line
from raseed.channels.lines.secrets import write_secret
from raseed.channels.models import MessageRow
from raseed.channels.receiving.working import work_line
from raseed.channels.tests.lines import Clerk, make_line
from raseed.demo.tests.channels_world import (
    APP,
    APP_SECRET,
    ARABIC,
    BOT_TOKEN,
    PHONE,
    TALK,
    TOKEN,
    VERIFY,
    WABA,
    Receiver,
    Simulator,
    running,
)
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed_testing import Database

from .serving import serving_rail

pytestmark = pytest.mark.slow
needs_pywa = pytest.mark.skipif(find_spec("pywa") is None, reason="pywa is not installed: see docs/subsystems/demo.md")
needs_telegram = pytest.mark.skipif(
    find_spec("telegram") is None, reason="python-telegram-bot is not installed: see docs/subsystems/demo.md"
)
OURS = "a-secret-that-only-the-line-has"


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    elsewhere = Receiver()
    with running(tmp_path, elsewhere) as found:
        yield found
    elsewhere.close()


@contextmanager
def line_at_the_rail(channel: Channel, address: str, **secrets: str) -> Iterator[tuple[Line, str]]:
    """Register a line and serve the rail; gives the line and the address at which it listens."""
    settings = {"waba_id": WABA} if channel is Channel.WHATSAPP else {}
    line = make_line(channel, Clerk(), address=address, settings=settings)
    for name, value in secrets.items():
        write_secret(line.id, name, value)
    with serving_rail() as rail:
        yield line, f"{rail}/hooks/{channel}/{line.id}"


def arrived(sim: Simulator, line: Line) -> list[str]:
    """Wait for a first message of a line and return the texts of all."""

    def there() -> bool:
        work_line(line.id, clock=SYSTEM_CLOCK)
        return MessageRow.objects.filter(line_id=line.id).exists()

    sim.receiver.wait(there)
    return list(MessageRow.objects.filter(line_id=line.id).values_list("text", flat=True))


@needs_pywa
def test_pywa_registers_our_address_and_what_is_written_arrives(database: Database, sim: Simulator) -> None:
    pywa, errors = importlib.import_module("pywa"), importlib.import_module("pywa.errors")
    secrets = {"app_secret": APP_SECRET, "verify_token": OURS}
    client = pywa.WhatsApp(phone_id=TALK, token=TOKEN, app_secret=APP_SECRET, verify_token=OURS, server=None)
    client.api._session.base_url = f"{sim.url}/v23.0"
    try:
        with line_at_the_rail(Channel.WHATSAPP, TALK, **secrets) as (line, address):
            token = client.api.get_app_access_token(client_id=int(APP), client_secret=APP_SECRET)["access_token"]

            def register(verify_token: str) -> Any:
                return client.api.set_app_callback_url(
                    app_id=int(APP), access_token=token, callback_url=address, verify_token=verify_token, fields=("messages",)
                )  # fmt: skip

            with pytest.raises(errors.WhatsAppError, match="couldn't be validated"):
                register(VERIFY)
            assert register(OURS) == {"success": True}
            sim.say(text=ARABIC)
            assert arrived(sim, line) == [ARABIC]
            assert sim.receiver.heard == [], "nothing went to the address before"
    finally:
        client.api._session.close()


@needs_telegram
@pytest.mark.filterwarnings("ignore")
def test_python_telegram_bot_registers_our_address_and_what_is_written_arrives(
    database: Database, sim: Simulator
) -> None:
    telegram = importlib.import_module("telegram")

    async def register(address: str, secret: str) -> None:
        async with telegram.Bot(BOT_TOKEN, base_url=f"{sim.url}/bot") as bot:
            assert await bot.set_webhook(address, secret_token=secret)
            assert (await bot.get_webhook_info()).url == address

    with line_at_the_rail(Channel.TELEGRAM, "jasmine_bot", secret_token=OURS) as (line, address):
        asyncio.run(register(address, OURS))
        sim.say("telegram", "jasmine_bot", phone=PHONE, text=ARABIC)
        assert arrived(sim, line) == [ARABIC]

"""A rail with nothing but hooks, asked in this process; and deliveries signed as their providers sign them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from raseed.channels.api import Channel, Line
from raseed.channels.http.rail import STATUSES, Hooks
from raseed.channels.models import LineRow
from raseed.channels.receiving.working import work_line
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.rail.application import Rail
from raseed.platform.rail.pool import Pool
from raseed.platform.rail.sign_in import Keys
from raseed.platform.rail.tests.asking import Exchange, Reply

from .lines import SECRET

AT = "1764000000"


class Provider:
    """Delivers to a rail of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pool = Pool(threads=1)
        self.hooks = Hooks(self.pool)
        self.rail = Rail(self.hooks.routes(), Keys([]), statuses=STATUSES)

    async def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Reply:
        exchange = Exchange(method, target, [body], headers)
        await self.rail(exchange.scope, exchange.receive, exchange.send)
        return exchange.reply

    def get(self, target: str) -> Reply:
        return self.loop.run_until_complete(self.ask("GET", target, b"", {}))

    def post(self, line: Line, body: bytes, **headers: str) -> Reply:
        """Post bytes, rightly signed unless headers are given."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()} or signed(line.channel, body)
        return self.loop.run_until_complete(self.ask("POST", f"/hooks/{line.channel}/{line.id}", body, sent))

    def post_together(self, line: Line, bodies: Sequence[bytes]) -> list[Reply]:
        """Post several at the same instant."""
        target = f"/hooks/{line.channel}/{line.id}"

        async def all_of_them() -> list[Reply]:
            asked = [self.ask("POST", target, body, signed(line.channel, body)) for body in bodies]
            return list(await asyncio.gather(*asked))

        return self.loop.run_until_complete(all_of_them())


@contextmanager
def provider() -> Iterator[Provider]:
    """Deliver for the length of a ``with``."""
    told = Provider()
    try:
        yield told
    finally:
        told.loop.run_until_complete(told.hooks.close())
        told.pool.close()
        told.loop.close()


def signed(channel: Channel, body: bytes, secret: str = SECRET) -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256)
    return {
        Channel.WHATSAPP: {"x-hub-signature-256": f"sha256={mac.hexdigest()}"},
        Channel.TELEGRAM: {"x-telegram-bot-api-secret-token": secret},
        Channel.X: {"x-twitter-webhooks-signature": "sha256=" + base64.b64encode(mac.digest()).decode()},
        Channel.SMS: {"x-raseed-signature-256": f"sha256={mac.hexdigest()}"},
    }[channel]


def work_all(clock: Clock = SYSTEM_CLOCK) -> None:
    """Do the worker's part here."""
    for line_id in LineRow.objects.values_list("id", flat=True):
        work_line(line_id, clock=clock)


def said(number: int | str, text: str = "مرحبا", **more: Any) -> dict[str, Any]:
    """A WhatsApp message."""
    return {
        "from": "201001234567", "id": f"wamid.{number}", "timestamp": AT, "type": "text", "text": {"body": text}, **more,
    }  # fmt: skip


def told(number: int | str, status: str = "delivered", **more: Any) -> dict[str, Any]:
    """A WhatsApp status."""
    return {"id": f"wamid.{number}", "status": status, "timestamp": AT, "recipient_id": "201001234567", **more}


def value(line: Line, messages: Sequence[Any] = (), statuses: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    """The value of a change."""
    found: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": line.address},
        "contacts": [{"profile": {"name": "سارة"}, "wa_id": "201001234567"}],
    }
    if messages:
        found["messages"] = list(messages)
    if statuses:
        found["statuses"] = list(statuses)
    return {**found, **more}


def delivery(*entries: Sequence[dict[str, Any]]) -> bytes:
    """A delivery as Meta writes it: entries, each of values; other letters escaped in lower case."""
    body = {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "102290129340398", "changes": [{"field": "messages", "value": one} for one in entry]}
            for entry in entries
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()

"""Asks a rail as a server would, without one: an ASGI exchange in this process."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from raseed.platform.rail.application import Rail


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        assert set(found) == {"code", "message", "hint", "field", "params"}
        return found


class Exchange:
    """One request; ``parts`` are the pieces in which its body arrives, and it counts how many were taken."""

    def __init__(self, method: str, target: str, parts: list[bytes], headers: dict[str, str]) -> None:
        path, _, query = target.partition("?")
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self.parts = list(parts)
        self.taken = 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.taken >= len(self.parts):
            return {"type": "http.disconnect"}
        part = self.parts[self.taken]
        self.taken += 1
        return {"type": "http.request", "body": part, "more_body": self.taken < len(self.parts)}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def reply(self) -> Reply:
        start, end = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert headers["content-length"] == str(len(end["body"]))
        return Reply(start["status"], headers, end["body"])


def ask(
    rail: Rail,
    method: str,
    target: str,
    body: Any = None,
    *,
    key: str | None = None,
    language: str | None = None,
    **headers: str,
) -> Reply:
    """Send one request to the rail and return its reply; a body that is no bytes goes as JSON."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    if language is not None:
        sent["accept-language"] = language
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    exchange = Exchange(method, target, [content], sent)
    asyncio.run(rail(exchange.scope, exchange.receive, exchange.send))
    return exchange.reply

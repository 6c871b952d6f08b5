"""X's API v2 as far as direct messages need it: sending, files, and webhooks with their challenge (CRC)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlencode

from .exchange import Answer, Asked, answer_json
from .lines import Line, X
from .manners import Manner, Told
from .outgoing import fetch
from .store import Message
from .world import World, digits_name, hex_name
from .x_events import conversation, event, user_id

SIGNATURE: Final = "x-twitter-webhooks-signature"
TEXT_MAX: Final = 10_000
FILE_BYTES_MAX: Final = 5 << 20
PAUSE_S: Final = 60
_SEND: Final = re.compile(r"/2/dm_conversations/with/([0-9]{1,20})/messages\Z")
_TITLES: Final = {400: "Invalid Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
                  500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip


class XApi:
    """The provider; each account is known by its bearer token."""

    channel = X

    def __init__(self, world: World) -> None:
        self._world = world

    def place(self, asked: Asked) -> str | None:
        """Return which place of the provider a request is for; ``None``: none of its."""
        if asked.path.startswith("/x-media/"):
            return "file"
        if not asked.path.startswith("/2/"):
            return None
        return "send" if _SEND.match(asked.path) else "upload" if asked.path == "/2/media/upload" else "account"

    def early(self, told: Told) -> Answer | None:
        """Return what is answered before anything is looked at, if the manner says so."""
        status = {
            Manner.ERROR: 500, Manner.BUSY: 503, Manner.RATE: 429, Manner.TOKEN_EXPIRED: 401, Manner.FAILS: 403,
            Manner.CODE: told.code or 400,
        }.get(told.manner)  # fmt: skip
        return None if status is None else self._no(status)

    def answer(self, asked: Asked, told: Told) -> Answer:  # noqa: PLR0911 - a list of doors
        """Answer a request."""
        line = self._world.lines.with_secret(X, "access_token", asked.bearer)
        if line is None:
            return self._no(401)
        sending = _SEND.match(asked.path)
        if sending and asked.method == "POST":
            return self._send(line, sending[1], asked, told)
        if asked.path == "/2/media/upload" and asked.method == "POST":
            return self._upload(asked)
        if asked.path.startswith("/x-media/"):
            return self._file(asked, told)
        if asked.path == "/2/users/me":
            return answer_json(
                200, {"data": {"id": line.address, "name": line.name, "username": line.facts.get("screen_name", "")}}
            )
        if asked.path.startswith("/2/webhooks"):
            return self._webhooks(line, asked)
        if asked.path.startswith("/2/account_activity/webhooks/") and asked.path.endswith("/subscriptions/all"):
            return answer_json(200, {"data": {"subscribed": True}})
        return self._no(404)

    def _send(self, line: Line, other: str, asked: Asked, told: Told) -> Answer:
        world = self._world
        fields, _ = asked.told()
        text, attachments = fields.get("text", ""), fields.get("attachments") or []
        phone = world.store.phone_of(X, "", other)
        if phone is None or world.store.person(phone).absent or world.store.last_in_ms(X, line.address, phone) is None:
            return self._no(403, "You do not have permission to DM one or more participants.")
        media_id = str(attachments[0].get("media_id", "")) if attachments and isinstance(attachments[0], dict) else ""
        media = world.store.media(X, media_id) if media_id else None
        if not isinstance(text, str) or (not text.strip() and not media_id) or len(text) > TEXT_MAX:
            return self._no(400, "One or more parameters to your request was invalid.")
        if media_id and media is None:
            return self._no(400, "Your media IDs are invalid.")
        kind = "text" if media is None else "image"
        message = Message(
            digits_name(19), X, line.address, phone, False, kind, text, media_id, media.name if media else "", "",
            world.now_ms(), "sent", 0, {},
        )  # fmt: skip
        if told.manner is not Manner.NOTHING:
            with world.store.whole():
                world.store.add(message)
                world.owe(line, event(world, line, message))
        return answer_json(201, {"data": {"dm_conversation_id": conversation(line, other), "dm_event_id": message.id}})

    def _upload(self, asked: Asked) -> Answer:
        _, files = asked.told()
        file = files.get("media")
        if file is None or not 0 < len(file.content) <= FILE_BYTES_MAX:
            return self._no(400, "media: file is missing or too large")
        media = self._world.store.add_media(
            digits_name(19), X, file.kind, file.file_name or "", self._world.now_ms(), file.content
        )
        return answer_json(200, {"data": {"id": media.id, "media_key": f"3_{media.id}", "size": media.size}})

    def _file(self, asked: Asked, told: Told) -> Answer:
        media = self._world.store.media(X, asked.path.rpartition("/")[2])
        if media is None or media.lost or told.manner is Manner.LOST:
            return self._no(404)
        content = media.content[::-1] + b"\x00" if told.manner is Manner.OTHER_BYTES else media.content
        return Answer(200, content, media.kind, cut=told.manner is Manner.CUT)

    def _webhooks(self, line: Line, asked: Asked) -> Answer:
        """Register a webhook, or ask it for its challenge again."""
        if asked.method == "GET":
            url = hook_of(self._world, line)
            return answer_json(200, {"data": [self._hook(line, url)] if url else []})
        if asked.method == "DELETE":
            self._world.store.set_hook(line.key, "")
            return answer_json(200, {"data": {"deleted": True}})
        url = str(asked.told()[0].get("url", "")) or hook_of(self._world, line)
        if not passes_challenge(url, line.secrets.get("consumer_secret", "")):
            return self._no(400, "CrcValidationFailed: Unable to verify webhook with a CRC challenge.")
        self._world.store.set_hook(line.key, url)
        return answer_json(200, {"data": self._hook(line, url)})

    def _hook(self, line: Line, url: str) -> dict[str, Any]:
        at = self._world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"id": line.address, "url": url, "valid": True, "created_at": at}

    def _no(self, status: int, detail: str = "") -> Answer:
        title = _TITLES.get(status, "Error")
        told = {"title": title, "detail": detail or title, "type": "about:blank", "status": status}
        reset = str(int(self._world.clock.now().timestamp()) + PAUSE_S)
        headers = {"x_rate_limit_reset": reset, "x_rate_limit_remaining": "0"} if status == 429 else {}  # noqa: PLR2004
        return answer_json(status, told, **headers)


def hook_of(world: World, line: Line) -> str:
    """Return an account's webhook: what its owner has set, else what the file has."""
    kept = world.store.hook(line.key)
    return line.hook if kept is None else kept[0]


def passes_challenge(url: str, consumer_secret: str) -> bool:
    """Ask a webhook to prove that it knows the consumer secret; X gives it three seconds."""
    token = hex_name(32).lower()
    try:
        status, body, _ = fetch("GET", f"{url}?{urlencode({'crc_token': token, 'nonce': hex_name(16)})}", timeout_s=3)
        told = json.loads(body).get("response_token")
    except (OSError, HTTPException, ValueError, AttributeError):
        return False
    return (
        status == 200  # noqa: PLR2004
        and isinstance(told, str)
        and hmac.compare_digest(told.encode(), signature(consumer_secret, token.encode()).encode())
    )


def signature(consumer_secret: str, body: bytes) -> str:
    """Return what stands for a body or a challenge: HMAC-SHA256 in base64."""
    return "sha256=" + base64.b64encode(hmac.digest(consumer_secret.encode(), body, hashlib.sha256)).decode()


__all__ = ["XApi", "hook_of", "passes_challenge", "signature", "user_id"]

"""The text gateway: takes texts on the wire of docs/subsystems/channels.md, each id once, and delivers those that people write.

What it delivers is ``{"messages": […]}`` and ``{"statuses": […]}``, signed over the raw bytes with the line's ``api_key``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .exchange import Answer, Asked, answer_json
from .lines import SMS, Line
from .manners import Manner, Told
from .store import Message
from .world import World

TEXT_MAX: Final = 2_000
ABSENT: Final = "27"
SIGNATURE: Final = "X-Raseed-Signature-256"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")


def message_item(line: Line, message: Message) -> dict[str, Any]:
    """Return the item for a text that somebody has written."""
    to = f"+{line.number}"
    told = {"id": message.id, "from": message.phone, "to": to, "text": message.text, "sent_at": message.at_ms // 1000}
    return {"message": told}


def body(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is delivered of these items together."""
    told: dict[str, Any] = {}
    for item in items:
        for name, many in (("message", "messages"), ("status", "statuses")):
            if name in item:
                told.setdefault(many, []).append(item[name])
    return told


class Sms:
    """The provider; each sender's number is known by its key."""

    channel = SMS

    def __init__(self, world: World) -> None:
        self._world = world

    def place(self, asked: Asked) -> str | None:
        """Return which place of the provider a request is for; ``None``: none of its."""
        return "send" if asked.path == "/sms" or asked.path.startswith("/sms/") else None

    def early(self, told: Told) -> Answer | None:
        """Return what is answered before anything is looked at, if the manner says so."""
        status = {
            Manner.ERROR: 500, Manner.BUSY: 503, Manner.RATE: 429, Manner.TOKEN_EXPIRED: 401,
            Manner.CODE: told.code or 500,
        }.get(told.manner)  # fmt: skip
        return None if status is None else answer_json(status, {"error": "the gateway is out of order"})

    def answer(self, asked: Asked, told: Told) -> Answer:
        """Take a text."""
        line = self._line(asked)
        if line is None:
            return answer_json(401, {"error": "wrong key"})
        message = asked.json()
        if asked.method != "POST" or not isinstance(message, dict):
            return answer_json(422, {"error": "no text message"})
        message_id, phone, text = message.get("id"), message.get("to"), message.get("text")
        if not (isinstance(message_id, str) and isinstance(phone, str) and isinstance(text, str)):
            return answer_json(422, {"error": "no text message"})
        if not _ID.match(message_id) or not _PHONE.match(phone) or not 0 < len(text) <= TEXT_MAX:
            return answer_json(422, {"error": "no text message"})
        store = self._world.store
        with store.whole():
            known = store.message(SMS, message_id)
            if known is not None:
                same = (known.phone, known.text) == (phone, text)
                return answer_json(
                    200 if same else 409, {"id": message_id, "state": "known" if same else "other_content"}
                )
            if told.manner is not Manner.NOTHING:
                at = self._world.now_ms()
                store.add(
                    Message(
                        message_id, SMS, line.address, phone, False, "text", text, "", "", "", at, "accepted", 0, {}
                    )
                )
                self._report(line, message_id, fails=told.manner is Manner.FAILS or store.person(phone).absent)
        return answer_json(202, {"id": message_id, "state": "new"})

    def _report(self, line: Line, message_id: str, *, fails: bool) -> None:
        """Promise the delivery reports of a text that was taken."""
        delivery = self._world.switch.delivery
        steps = (
            {"failed": delivery.sent_ms} if fails else {"sent": delivery.sent_ms, "delivered": delivery.delivered_ms}
        )
        for state, after in steps.items():
            told = {"id": message_id, "status": state, "at": (self._world.now_ms() + after) // 1000}
            more = {"error_code": ABSENT, "error": "absent subscriber"} if fails else {}
            self._world.owe(line, {"status": told | more}, after_ms=after)

    def _line(self, asked: Asked) -> Line | None:
        for each in self._world.lines:
            key = each.secrets.get("access_token", "")
            if each.channel == SMS and key and hmac.compare_digest(key.encode(), asked.bearer.encode()):
                return each
        return None

"""``/hooks/{channel}/{line}``: where providers deliver. Proven over the raw bytes, taken apart, kept in one write, then 200.

Nothing else happens here: messages are made of the items by jobs. A delivery that is rightly signed and can't be read is kept
as well, for a person to look at, and refused in words.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from raseed.platform.rail.application import Answer, Request, Route
from raseed.platform.rail.errors import NotJson
from raseed.platform.rail.pool import Pool

from ..domain import Channel
from ..receiving.doors import Door, Doors
from ..receiving.errors import STATUSES, HookUnknown, SignatureWrong
from ..receiving.intake import Intake
from ..receiving.proof import check, crc_answer
from ..receiving.splitting import NotReadable, Piece, split

BODY_BYTES_MAX: Final = 8 << 20
"""Of one delivery: more than twice what the largest provider says it sends (WhatsApp: 3 MB)."""
IN_THREAD_BYTES_MIN: Final = 128 << 10
"""Deliveries of at least this size are read in a thread, so that nobody's small one waits for them."""
QUERY_BYTES_MAX: Final = 2_000
CHALLENGE_LENGTH_MAX: Final = 500
PATH: Final = "/hooks/{channel}/{line}"
TEXT: Final = b"text/plain; charset=utf-8"

__all__ = ["STATUSES", "Hooks"]


class Hooks:
    """The handlers, over an intake and a pool of threads."""

    def __init__(self, pool: Pool, intake: Intake | None = None) -> None:
        self._pool = pool
        self.intake = intake or Intake()
        self._doors = Doors(pool)

    def routes(self) -> list[Route]:
        """Return the routes; none asks for a key of ours: each delivery proves itself."""
        return [
            Route("GET", PATH, self.verify, None, "Answers a provider's first question about a line."),
            Route(
                "POST", PATH, self.deliver, None, "Takes what a provider delivers to a line, once.",
                bytes_max=BODY_BYTES_MAX, any_type=True,
            ),
        ]  # fmt: skip

    async def verify(self, request: Request) -> Answer:
        """Answer WhatsApp's challenge, or X's question (CRC).

        Raises:
            HookUnknown: no line is there, or its channel asks nothing. SignatureWrong: another token.
        """
        door = await self._doors.find(request.places["channel"], request.places["line"])
        asked = _query(request.query)
        if door.line.channel is Channel.X and asked.get("crc_token"):
            answer = crc_answer(door.secret, asked["crc_token"].encode("utf-8", "replace"))
            return Answer(b'{"response_token":"%s"}' % answer.encode())
        if door.line.channel is not Channel.WHATSAPP:
            raise HookUnknown
        said = asked.get("hub.verify_token", "").encode("utf-8", "replace")
        known = door.verify_token.encode()
        if asked.get("hub.mode") != "subscribe" or not known or not hmac.compare_digest(said, known):
            raise SignatureWrong
        challenge = asked.get("hub.challenge", "")
        return Answer(challenge[:CHALLENGE_LENGTH_MAX].encode("utf-8", "replace"), kind=TEXT)

    async def deliver(self, request: Request) -> Answer:
        """Keep a delivery.

        Raises:
            HookUnknown, SignatureMissing, SignatureWrong, DeliveriesWait: nothing was kept.
            NotJson: it was kept as it is, for a person.
        """
        door = await self._doors.find(request.places["channel"], request.places["line"])
        if len(request.body) < IN_THREAD_BYTES_MIN:
            pieces, readable = proven(door, request.headers, request.body)
        else:
            pieces, readable = await asyncio.to_thread(proven, door, request.headers, request.body)
        await self.intake.keep(door.line.id, pieces)
        if not readable:
            raise NotJson(detail="it was kept as it came, for a person to look at")
        return Answer(b'{"ok":true}')

    async def close(self) -> None:
        """Write what waits."""
        await self.intake.close()


def proven(door: Door, headers: Mapping[bytes, bytes], body: bytes) -> tuple[list[Piece], bool]:
    """Return the pieces of a delivery that is proven, and whether it could be read.

    Raises:
        SignatureMissing, SignatureWrong: it is not proven.
    """
    check(door.line.channel, headers, body, *door.accepted)
    try:
        return split(door.line.channel, body), True
    except NotReadable as trouble:
        return [trouble.piece], False


def _query(query: bytes) -> dict[str, str]:
    """Return the first value of each parameter; providers may add some that we don't know."""
    text = query[:QUERY_BYTES_MAX].decode("ascii", "replace")
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}

"""Tells the institutions' webhooks what they are owed: signed, alone or in batches, until they say 2xx, for seven days."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from threading import Lock, Thread
from typing import Any, Final

from . import sms, telegram, whatsapp_wire, x
from .lines import SMS, TELEGRAM, WHATSAPP, Line, X
from .manners import Delivery
from .outgoing import fetch
from .store import DAY_MS, Owed
from .world import World

GIVEN_UP_MS: Final = 7 * DAY_MS
PAUSE_MS: Final = 1_000
PAUSE_MS_MAX: Final = 60_000
IDLE_S: Final = 2.0
SHUFFLED_OF: Final = 8
"""How many times as many items as go into a batch are drawn from, where order does not count."""
_STATE_OF: Final = frozenset({"sent", "delivered", "failed"})


@dataclass(frozen=True, slots=True)
class Address:
    """A webhook: all lines that have it and the same secret are told in common."""

    channel: str
    url: str
    secret: str


class Hooks:
    """The deliverer: one thread looks what is due, one more for each webhook that is being told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = Lock()
        self._busy: set[Address] = set()

    def run(self) -> None:
        """Deliver until the world stops."""
        while not self._world.stopping.is_set():
            self._world.wake.clear()
            for address, lines in self._addresses().items():
                if self._is_due(lines):
                    self._start(address, lines)
            due = self._world.store.next_due_ms()
            wait = IDLE_S if due is None else min(max((due - self._world.now_ms()) / 1000, 0.02), IDLE_S)
            self._world.wake.wait(wait)

    def deliver_due(self) -> int:
        """Deliver once whatever is due now, in this thread; return how many requests were made."""
        return sum(self._deliver(address, lines) for address, lines in self._addresses().items())

    def _start(self, address: Address, lines: Sequence[Line]) -> None:
        with self._lock:
            if address in self._busy:
                return
            self._busy.add(address)

        def work() -> None:
            try:
                while not self._world.stopping.is_set() and self._deliver(address, lines):
                    pass
            finally:
                with self._lock:
                    self._busy.discard(address)
                self._world.wake.set()

        Thread(target=work, daemon=True).start()

    def _addresses(self) -> dict[Address, list[Line]]:
        found: dict[Address, list[Line]] = {}
        for line in self._world.lines:
            kept = self._world.store.hook(line.key)
            url = line.hook if kept is None else kept[0]
            secret = line.secrets.get(_SECRET_NAMES[line.channel], "")
            if line.channel == TELEGRAM:
                url, secret = telegram.hook_of(self._world, line)
            if url:
                found.setdefault(Address(line.channel, url, secret), []).append(line)
        return found

    def _is_due(self, lines: Sequence[Line]) -> bool:
        return bool(self._due(lines))

    def _due(self, lines: Sequence[Line]) -> list[Owed]:
        """Return the items of the next request; none while a batch is still to fill."""
        delivery = self._world.switch.delivery
        if delivery.paused:
            return []
        now = self._world.now_ms()
        wanted = delivery.batch * (SHUFFLED_OF if delivery.shuffle else 1)
        owed = self._world.store.owed([each.key for each in lines], now, wanted)
        if not owed:
            return []
        oldest = min(each.due_ms for each in owed)
        if len(owed) < delivery.batch and now - oldest < delivery.hold_ms:
            return []
        if delivery.shuffle:
            self._world.rng.shuffle(owed)
        return owed[: delivery.batch]

    def _deliver(self, address: Address, lines: Sequence[Line]) -> int:
        owed = self._due(lines)
        for body, headers, told in _requests(address, owed, lines, self._world):
            self._tell(address, body, headers, told)
        for each in owed:
            self._note_state(address.channel, each)
        return 1 if owed else 0

    def _tell(self, address: Address, body: bytes, headers: Mapping[str, str], told: Sequence[Owed]) -> None:
        world = self._world
        sent = {"Content-Type": "application/json", "User-Agent": "demo-channels", **self._signed(headers)}
        try:
            status, _, _ = fetch("POST", address.url, body, sent)
            answer = str(status)
        except (OSError, HTTPException, ValueError) as trouble:
            status, answer = 0, type(trouble).__name__
        now = world.now_ms()
        seqs = [each.seq for each in told]
        if 200 <= status < 300:  # noqa: PLR2004
            with world.store.whole():
                world.store.settle(seqs, now_ms=now, answer=answer, again_ms=None)
                self._again(told, now)
            return
        tries = max(each.tries for each in told)
        too_old = now - min(each.made_ms for each in told) > GIVEN_UP_MS
        again = None if too_old else now + min(PAUSE_MS << min(tries, 10), PAUSE_MS_MAX)
        world.store.settle(seqs, now_ms=now, answer=answer, again_ms=again)

    def _again(self, told: Sequence[Owed], now: int) -> None:
        """Deliver some of what was taken once more, later, as providers do who have not seen the answer."""
        delivery: Delivery = self._world.switch.delivery
        for each in told:
            if delivery.redeliver and self._world.rng.randrange(100) < delivery.redeliver and each.copy == 0:
                due = now + delivery.redeliver_after_ms
                self._world.store.owe(
                    each.line, each.item, now_ms=now, due_ms=due, copy=1 + self._world.rng.randrange(6)
                )
        self._world.wake.set()

    def _signed(self, headers: Mapping[str, str]) -> dict[str, str]:
        switch = self._world.switch
        if switch.count_down("unsigned"):
            return {}
        if switch.count_down("wrong_signature"):
            return {
                name: value[:-4] + ("0000" if not value.endswith("0000") else "1111") for name, value in headers.items()
            }
        return dict(headers)

    def _note_state(self, channel: str, owed: Owed) -> None:
        """Let the phone's ticks follow what the webhook is told of a message."""
        status = owed.item.get("status")
        if status and status["status"] in _STATE_OF:
            error = int((status.get("errors") or [{"code": status.get("error_code", 0)}])[0]["code"])
            self._world.store.rise(channel, status["id"], status["status"], error)


_SECRET_NAMES: Final = {WHATSAPP: "app_secret", TELEGRAM: "secret_token", X: "consumer_secret", SMS: "api_key"}
_Request = tuple[bytes, dict[str, str], Sequence[Owed]]


def _requests(address: Address, owed: Sequence[Owed], lines: Sequence[Line], world: World) -> Iterator[_Request]:
    """Yield the requests that tell these items: Telegram puts one into each, the others many into one."""
    if not owed:
        return
    copies = max(each.copy for each in owed)
    again = copies if world.switch.delivery.other_bytes else 0
    if address.channel == TELEGRAM:
        secret = {"X-Telegram-Bot-Api-Secret-Token": address.secret} if address.secret else {}
        for each in owed:
            yield _bytes(each.item, each.copy and again), secret, [each]
    elif address.channel == WHATSAPP:
        told = whatsapp_wire.envelope([each.item for each in owed], world.rng if len(owed) > 1 else None)
        body = whatsapp_wire.as_other_bytes(told, again) if again else whatsapp_wire.as_bytes(told)
        yield body, {whatsapp_wire.SIGNATURE: whatsapp_wire.signature(address.secret, body)}, owed
    elif address.channel == SMS:
        body = _bytes(sms.body([each.item for each in owed]), again)
        yield body, {sms.SIGNATURE: whatsapp_wire.signature(address.secret, body)}, owed
    else:
        for line in lines:
            mine = [each for each in owed if each.line == line.key]
            if mine:
                body = _bytes(_x_body(line, mine), again)
                yield body, {x.SIGNATURE: x.signature(address.secret, body)}, mine


def _bytes(told: Mapping[str, Any], copy: int) -> bytes:
    return whatsapp_wire.as_other_bytes(told, copy) if copy else json.dumps(told, separators=(",", ":")).encode()


def _x_body(line: Line, owed: Sequence[Owed]) -> dict[str, Any]:
    users: dict[str, Any] = {}
    for each in owed:
        users |= each.item["users"]
    events = [each.item["event"] for each in owed]
    return {"for_user_id": line.address, "direct_message_events": events, "users": users, "apps": {}}

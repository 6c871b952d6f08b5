"""A receiver of webhooks on loopback that behaves as told, and an institution that has an endpoint there."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.platform.api import emit
from raseed.platform.events import deliver_event
from raseed.platform.models import DeliveryRow
from raseed.platform.webhooks import api as webhooks
from raseed.platform.webhooks import fanout

EVENT = "banking.account_opened"


@dataclass(frozen=True)
class Manager:
    """Someone who may manage the webhooks of one institution."""

    institution_id: UUID
    actor: str = "staff:0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa"

    def may(self, permission: str, institution_id: UUID) -> bool:
        return permission == webhooks.MANAGE and institution_id == self.institution_id


@dataclass
class Message:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> UUID:
        return UUID(self.headers["webhook-id"])

    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@dataclass
class Receiver:
    """Keeps what it was sent; ``behaviours`` are by path, ``default`` for the others."""

    address: str = ""
    messages: list[Message] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    default: Behaviour = field(default_factory=lambda: answer(204))
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, enough: Callable[[list[Message]], bool], seconds: float = 20) -> None:
        with self.came:
            assert self.came.wait_for(lambda: enough(self.messages), seconds), [m.path for m in self.messages]

    def at(self, path: str) -> list[Message]:
        return [message for message in self.messages if message.path == path]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive for the length of a ``with``."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with told.came:
                told.messages.append(Message(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                told.came.notify_all()
            with contextlib.suppress(OSError):
                told.behaviours.get(self.path, told.default)(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint_at(
    url: str, by: Manager, *, events: tuple[str, ...] = (EVENT,), clock: Clock = SYSTEM_CLOCK
) -> tuple[webhooks.Endpoint, str]:
    """Register an endpoint of the manager's institution."""
    return webhooks.register_endpoint(
        id=new_id(), institution_id=by.institution_id, url=url, events=events, by=by, clock=clock
    )


def tell(by: Manager, *, name: str = EVENT, clock: Clock = SYSTEM_CLOCK, **payload: Any) -> UUID:
    """Let an event happen, and owe it to whoever wants it."""
    with transaction.atomic():
        event_id = emit(name, payload or {"account_id": str(new_id())}, institution_id=by.institution_id, clock=clock)
    owe_all()
    return event_id


def owe_all() -> None:
    """Do the worker's part of the outbox here."""
    for delivery_id in DeliveryRow.objects.filter(handler=fanout.HANDLER).values_list("id", flat=True):
        deliver_event(delivery_id=delivery_id)

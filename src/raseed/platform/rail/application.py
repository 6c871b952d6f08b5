"""The bare ASGI application: finds the route, asks for the key, reads the body within its bound, answers in one shape.

No framework and nothing of Django's request handling; a handler is a coroutine from ``Request`` to ``Answer``, and what it
raises of the error tree is answered in the reader's language.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from raseed.kernel.errors import RaseedError

from .bodies import BODY_BYTES_MAX, ClientGone, check_head, read_on
from .errors import HEADERS, InternalError, MethodRefused, NoSuchAddress, error_json, status_of
from .languages import reader_language
from .metrics import Requests
from .sign_in import Key, Keys

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Step = Callable[[], Awaitable[None]]
JSON: Final = b"application/json"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Request:
    """What a handler is given: the places of its path filled in, the query as it came, the whole body."""

    places: Mapping[str, str]
    query: bytes
    body: bytes
    key: Key | None
    headers: dict[bytes, bytes]


@dataclass(slots=True)
class Answer:
    """What a handler gives back. With ``parts`` it is sent as they come, until they end or the client has gone."""

    body: bytes
    status: int = 200
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    parts: AsyncIterator[bytes] | None = None


Handler = Callable[[Request], Awaitable[Answer]]


async def pour(answer: Answer, parts: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send an answer in parts as they come; stop at once when the client goes."""
    await send({
        "type": "http.response.start", "status": answer.status, "headers": [(b"content-type", answer.kind), *answer.headers],
    })  # fmt: skip
    gone = asyncio.ensure_future(_gone(receive))
    source = aiter(parts)
    part = asyncio.ensure_future(_next(source))
    try:
        while True:
            await asyncio.wait({part, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() or (content := part.result()) is None:
                break
            await send({"type": "http.response.body", "body": content, "more_body": True})
            part = asyncio.ensure_future(_next(source))
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        for task in (gone, part):
            task.cancel()
        await asyncio.gather(gone, part, return_exceptions=True)


async def _next(source: AsyncIterator[bytes]) -> bytes | None:
    return await anext(source, None)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True, slots=True)
class Route:
    """An address, what it does, and what its description says of it.

    Attributes:
        method: in capitals.
        path: with ``{names}`` where something is filled in.
        handler: what answers.
        scope: what a key must be for; None: no key is needed.
        summary: a sentence for the API's description.
        takes: the type of the body, for the description; None: no body.
        gives: status and type of the answers, for the description.
        parameters: name and JSON schema of the query's parameters, for the description.
        bytes_max: the most bytes of a body.
        any_type: whether a body may say that it is something else than JSON; the handler reads the bytes.
    """

    method: str
    path: str
    handler: Handler
    scope: str | None
    summary: str
    takes: Any = None
    gives: Mapping[int, Any] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bytes_max: int = BODY_BYTES_MAX
    any_type: bool = False


class Rail:
    """The application. ``on_start`` and ``on_stop`` are run when the server starts and stops it."""

    def __init__(
        self,
        routes: Iterable[Route],
        keys: Keys,
        *,
        statuses: Mapping[type[RaseedError], int] | None = None,
        requests: Requests | None = None,
        on_start: Sequence[Step] = (),
        on_stop: Sequence[Step] = (),
    ) -> None:
        self.routes = tuple(routes)
        self._keys = keys
        self._statuses = dict(statuses or {})
        self._requests = requests or Requests()
        self._on_start = on_start
        self._on_stop = on_stop
        self._fixed = {(route.method, route.path): route for route in self.routes if "{" not in route.path}
        self._filled = [
            (
                re.compile(_PLACE.sub(r"(?P<\1>[^/]+)", re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}"))),
                route,
            )
            for route in self.routes
            if "{" in route.path
        ]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Answer one request, or start and stop with the server; other kinds of connections are left alone."""
        if scope["type"] == "http":
            return self._answer_http(scope, receive, send)
        return self._live(scope, receive, send)

    async def _answer_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method, path = scope["method"], scope["path"]
        headers = dict(scope["headers"])
        route = self._fixed.get((method, path))
        try:
            places: Mapping[str, str] = {}
            if route is None:
                route, places = self._find(method, path)
            key = None if route.scope is None else self._keys.find(headers.get(b"authorization"), route.scope)
            body = b""
            if method in _BODIED:
                check_head(headers, route.bytes_max, any_type=route.any_type)
                message = await receive()
                body = message.get("body", b"")
                if message["type"] != "http.request" or message.get("more_body") or len(body) > route.bytes_max:
                    body = await read_on(message, receive, route.bytes_max)
            answer = await route.handler(Request(places, scope["query_string"], body, key, headers))
            status, content = answer.status, answer.body
            if answer.parts is not None:
                await pour(answer, answer.parts, receive, send)
                return
            head = [(b"content-type", answer.kind), (b"content-length", b"%d" % len(content)), *answer.headers]
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - every error is answered
            refusal = error if isinstance(error, RaseedError) else self._bug(error, route)
            status = status_of(refusal, self._statuses)
            content = error_json(refusal, reader_language(headers.get(b"accept-language", b"")))
            head = [(b"content-type", JSON), (b"content-length", b"%d" % len(content)), *HEADERS.get(status, ())]
            if isinstance(refusal, MethodRefused):
                head.append((b"allow", str(refusal.params["allowed"]).encode()))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": content, "more_body": False})
        self._requests.count(
            route.path if route else "none", method if route else "none", status, time.perf_counter() - began
        )

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        allowed = sorted(there for there, fixed in self._fixed if fixed == path)
        for pattern, route in self._filled:
            found = pattern.fullmatch(path)
            if found and route.method == method:
                return route, found.groupdict()
            if found:
                allowed.append(route.method)
        if allowed:
            raise MethodRefused(method=method if method.isalpha() else "?", allowed=", ".join(allowed))
        raise NoSuchAddress

    def _bug(self, error: Exception, route: Route | None) -> InternalError:
        _log.error("%s %s failed", route.method if route else "", route.path if route else "", exc_info=error)
        return InternalError()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        await receive()
        for step in self._on_start:
            await step()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for step in self._on_stop:
            await step()
        await send({"type": "lifespan.shutdown.complete"})

"""The phone's HTTP side: the gateway's wire at ``POST /sms``, the pages, and the form that sets its manners."""

from __future__ import annotations

import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from raseed.demo.payroll import NAME as PAYROLL_FILE
from raseed.demo.payroll import read_payroll
from raseed.demo.staff_file import read_staff_file
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import mark
from raseed.kernel.text import ascii_digits

from .chat import BODY_BYTES_MAX as CHAT_BYTES_MAX
from .chat import PATHS as CHAT_PATHS
from .chat import Chat, Reply
from .chat_pages import SCRIPT, SCRIPT_PATH, chat_link
from .chat_pages import STYLE as CHAT_STYLE
from .mailbox import Mailbox, Manner, Taken
from .pages import LANGUAGES, STYLE, index_page, phone_page, problem_page
from .payroll_page import payroll_file, payroll_section
from .staff_page import PATH, staff_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from raseed.demo.payroll import Payroll

BODY_BYTES_MAX: Final = 64 << 10
TIMES_DIGITS_MAX: Final = 4
LENGTH_DIGITS_MAX: Final = 9
SLOW_S: Final = 5
SILENT_S: Final = 30
IDLE_S: Final = 35
_POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
_CHAT_POLICY: Final = f"{_POLICY}; script-src 'self'; connect-src 'self'; img-src 'self'"
_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_STATUS: Final = {Taken.NEW: 202, Taken.KNOWN: 200, Taken.OTHER_CONTENT: 409, Taken.UNREADABLE: 422}
_NO_SUCH_PAGE: Final = mark("There is no such page.")
_NOT_UNDERSTOOD: Final = mark("This could not be understood.")


class PhoneServer(ThreadingHTTPServer):
    """The server; ``key`` returns the bearer key that a sender must show, ``None`` where none is asked for.

    ``staff_file`` holds what the demo's staff sign in with, and is read at each showing; so is the payroll beside it.
    ``channels`` is where the simulated channels are; without them nobody can write from here.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        key: Callable[[], str | None],
        mailbox: Mailbox | None = None,
        staff_file: Path | None = None,
        channels: str = "",
    ) -> None:
        self.key = key
        self.chat = Chat(channels) if channels else None
        self.staff_file = staff_file
        self.mailbox = mailbox or Mailbox()
        self.stopping = Event()
        super().__init__(address, PhoneHandler)

    def shutdown(self) -> None:
        """Stop, waking those who keep a sender waiting."""
        self.stopping.set()
        super().shutdown()


class PhoneHandler(BaseHTTPRequestHandler):
    """One connection."""

    server: PhoneServer
    protocol_version = "HTTP/1.1"
    server_version = "text-gateway"
    sys_version = ""
    timeout = IDLE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing: the texts are secret, and the supervisor's screen is not for them."""

    def do_GET(self) -> None:  # noqa: C901 - a list of pages
        """Serve a page."""
        if not self._at_home():
            return
        address = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
        language = self._language(asked)
        box = self.server.mailbox
        if address.path == "/":
            more = chat_link(language) if self.server.chat else ""
            more += payroll_section(language, self._payroll())
            self._page(200, index_page(language, box.phones(), box.manner(), more))
        elif address.path == "/phone":
            number = _number(asked.get("number", ""))
            self._page(200, phone_page(language, number, box.messages(number)))
        elif address.path == PATH:
            file = self.server.staff_file
            self._page(200, staff_page(language, read_staff_file(file) if file else [], SYSTEM_CLOCK.now()))
        elif address.path == "/messages.json":
            texts = box.messages(_number(asked.get("number", "")))
            self._json(200, [{"id": m.message_id, "text": m.text, "handed_in": m.handed_in} for m in texts])
        elif address.path == "/style.css":
            self._answer(200, "text/css; charset=utf-8", (STYLE + CHAT_STYLE).encode())
        elif address.path in CHAT_PATHS and self.server.chat is not None:
            asked["phone"] = _number(asked["phone"]) if asked.get("phone") else ""
            self._reply(self.server.chat.get(address.path, asked, language))
        elif address.path == SCRIPT_PATH:
            self._answer(200, "text/javascript; charset=utf-8", SCRIPT.encode())
        elif address.path == "/health":
            self._json(200, {"ok": True})
        elif (found := payroll_file(address.path, self._payroll(), SYSTEM_CLOCK.now())) is not None:
            name, content = found
            self._answer(200, "application/xml; charset=utf-8", content, saved_as=name)
        else:
            self._page(404, problem_page(language, _NO_SUCH_PAGE))

    def _payroll(self) -> Payroll | None:
        file = self.server.staff_file
        return None if file is None else read_payroll(file.with_name(PAYROLL_FILE))

    def do_POST(self) -> None:
        """Take a text, or new manners."""
        path = urlsplit(self.path).path
        body = self._body(CHAT_BYTES_MAX if path in CHAT_PATHS else BODY_BYTES_MAX)
        if body is None or not self._at_home():
            return
        if path == "/sms":
            self._take(body)
        elif path == "/control":
            self._control(body)
        elif path in CHAT_PATHS and self.server.chat is not None:
            self._write_in_chat(path, body, self.server.chat)
        else:
            self._json(404, {"error": "no such resource"})

    def _write_in_chat(self, path: str, body: bytes, chat: Chat) -> None:
        language = self._language({})
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            self._page(403, problem_page(language, _NOT_UNDERSTOOD))
            return
        self._reply(chat.post(path, self.headers.get("Content-Type", ""), body, language))

    def _reply(self, reply: Reply) -> None:
        if reply.to:
            self.send_response(reply.status)
            self.send_header("Location", reply.to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._answer(reply.status, reply.kind, reply.body, saved_as=reply.saved_as, policy=_CHAT_POLICY)

    def _take(self, body: bytes) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        key = self.server.key()
        if key is not None and not (key and hmac.compare_digest(given.encode(), key.encode())):
            self._json(401, {"error": "wrong key"})
            return
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            message = None
        manner = self.server.mailbox.next_manner()
        if manner is Manner.ERROR:
            self._json(500, {"error": "the gateway is out of order"})
            return
        if manner is Manner.SILENT:
            self.server.stopping.wait(SILENT_S)
            self.close_connection = True
            return
        if manner is Manner.SLOW:
            self.server.stopping.wait(SLOW_S)
        taken = self.server.mailbox.take(message, SYSTEM_CLOCK.now(), twice=manner is Manner.TWICE)
        if manner is Manner.REPLY_LOST:
            self.close_connection = True
            return
        self._json(_STATUS[taken], {"id": message.get("id") if isinstance(message, dict) else None, "state": taken})

    def _control(self, body: bytes) -> None:
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        language = self._language(form)
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            self._page(403, problem_page(language, _NOT_UNDERSTOOD))
            return
        times = ascii_digits(form.get("times", ""))
        manner = form.get("manner", "")
        if manner not in set(Manner) or not (times.isascii() and times.isdigit() and len(times) <= TIMES_DIGITS_MAX):
            self._page(400, problem_page(language, _NOT_UNDERSTOOD))
            return
        self.server.mailbox.misbehave(Manner(manner), int(times))
        self.send_response(303)
        self.send_header("Location", f"/?lang={language}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self, most: int) -> bytes | None:
        """Read the body, or answer why not."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= LENGTH_DIGITS_MAX and int(length) <= most):
            self.close_connection = True
            self._json(413 if length.isdigit() else 411, {"error": "a body of known, small length is needed"})
            return None
        started = time.monotonic()
        try:
            body = self.rfile.read(int(length))
        except OSError:
            self.close_connection = True
            return None
        if len(body) < int(length) or time.monotonic() - started > IDLE_S:
            self.close_connection = True
            return None
        return body

    def _at_home(self) -> bool:
        """Refuse requests that a page elsewhere sends here under another host's name."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if host in _HOSTS:
            return True
        self.close_connection = True
        self._json(421, {"error": "not addressed to this host"})
        return False

    def _language(self, asked: Mapping[str, str]) -> str:
        language = asked.get("lang") or self.headers.get("Accept-Language", "")[:2].lower()
        return language if language in LANGUAGES else "en"

    def _page(self, status: int, page: str) -> None:
        self._answer(status, "text/html; charset=utf-8", page.encode())

    def _json(self, status: int, value: object) -> None:
        self._answer(status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False).encode())

    def _answer(self, status: int, kind: str, body: bytes, *, saved_as: str = "", policy: str = _POLICY) -> None:
        self.send_response(status)
        if saved_as:
            self.send_header("Content-Disposition", f'attachment; filename="{saved_as}"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Referrer-Policy", "same-origin")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _number(text: str) -> str:
    """Return a number as typed, in plain digits, with its leading plus (which an address may have lost)."""
    digits = "".join(c for c in ascii_digits(text) if c.isascii() and c.isdigit())[:15]
    return f"+{digits.removeprefix('00')}"

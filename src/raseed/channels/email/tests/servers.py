"""A mail server on loopback, as small as can be: SMTP in (RFC 5321) and IMAP out (RFC 3501), with bad days."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class MailServer:
    """What it took, what it holds, and how it behaves."""

    smtp_port: int = 0
    imap_port: int = 0
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    hang_up_at: str = ""
    tls: ssl.SSLContext | None = None
    size: str = ""
    validity: int = 7
    box: dict[int, bytes] = field(default_factory=dict)
    password: str = "throw-away"
    sizes: dict[int, int] = field(default_factory=dict)
    drop_after: int | None = None

    def put(self, mail: bytes | str) -> int:
        """Put a mail into the box."""
        number = max(self.box, default=0) + 1
        raw = mail.encode() if isinstance(mail, str) else mail
        self.box[number] = re.sub(rb"\r?\n", b"\r\n", raw)
        return number


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:  # noqa: C901, PLR0912  (one branch for each command)
        told: MailServer = self.server.told  # type: ignore[attr-defined]
        self._say("220 mail.test ready")
        sender = recipient = ""
        while line := self.rfile.readline(2000):
            words = line.decode("utf-8", "replace").strip()
            verb = words.split(" ")[0].split(":")[0].upper()
            told.said.append(words if verb != "AUTH" else "AUTH …")
            if told.hang_up_at == verb:
                return
            if verb in told.replies:
                self._say(told.replies[verb])
                continue
            match verb:
                case "EHLO":
                    extras = ["mail.test", *([f"SIZE {told.size}"] if told.size else [])]
                    extras += ["STARTTLS"] if told.tls is not None else []
                    extras += ["AUTH PLAIN LOGIN", "SMTPUTF8"]
                    for extra in extras[:-1]:
                        self._say(f"250-{extra}")
                    self._say(f"250 {extras[-1]}")
                case "STARTTLS":
                    self._say("220 go on")
                    assert told.tls is not None
                    self.connection = told.tls.wrap_socket(self.connection, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                case "AUTH":
                    self._say("235 welcome")
                case "MAIL":
                    sender = words
                    self._say("250 ok")
                case "RCPT":
                    recipient = words
                    self._say("250 ok")
                case "DATA":
                    self._say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        body += part.removeprefix(b".") if part.startswith(b"..") else part
                    told.taken.append((sender, recipient, body))
                    if told.hang_up_at == "DOT":
                        return
                    self._say(told.replies.get("DOT", "250 taken"))
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("500 what?")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the encrypted one, which the server does not know


class _Imap(socketserver.StreamRequestHandler):
    def handle(self) -> None:  # noqa: C901  (one branch for each command)
        told: MailServer = self.server.told  # type: ignore[attr-defined]
        self._say("* OK mail.test ready")
        fetched = 0
        while line := self.rfile.readline(4000):
            tag, _, rest = line.decode().strip().partition(" ")
            told.said.append(rest if not rest.startswith("LOGIN") else "LOGIN …")
            if rest == "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1")
            elif rest.startswith("LOGIN"):
                if told.password not in rest:
                    self._say(f"{tag} NO [AUTHENTICATIONFAILED] no")
                    continue
            elif rest.startswith("EXAMINE"):
                self._say(f"* {len(told.box)} EXISTS")
                self._say(f"* OK [UIDVALIDITY {told.validity}] valid")
            elif rest.startswith("UID SEARCH"):
                first = int(rest.split("UID ")[2].split(":")[0])
                found = [n for n in sorted(told.box) if n >= first] or sorted(told.box)[-1:]  # "*" is the last one
                self._say("* SEARCH " + " ".join(map(str, found)))
            elif rest.startswith("UID FETCH"):
                number = int(rest.split(" ")[2])
                if number in told.box:
                    raw = told.box[number]
                    if "SIZE" in rest:
                        self._say(f"* 1 FETCH (UID {number} RFC822.SIZE {told.sizes.get(number, len(raw))})")
                    else:
                        fetched += 1
                        if told.drop_after is not None and fetched > told.drop_after:
                            return
                        part = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in rest else raw
                        self._say(f"* 1 FETCH (UID {number} BODY[] {{{len(part)}}}")
                        self.wfile.write(part + b")\r\n")
            elif rest == "LOGOUT":
                self._say("* BYE")
                self._say(f"{tag} OK")
                return
            self._say(f"{tag} OK done")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, told: MailServer, handler: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.told = told

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request, client_address


@contextmanager
def mail_server_running() -> Iterator[MailServer]:
    told = MailServer()
    servers = [_Server(told, _Smtp), _Server(told, _Imap)]
    told.smtp_port, told.imap_port = (server.server_address[1] for server in servers)
    threads = [threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}) for each in servers]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()

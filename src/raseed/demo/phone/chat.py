"""The phone's messengers: a person of the demo writes to an institution and sees what comes back, through the simulated channels.

The phone knows the providers only by their simulator's people's side (``raseed.demo.channels``, ``/people/…``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from raseed.demo.channels.outgoing import fetch
from raseed.demo.multipart import Part, parts_of
from raseed.kernel.errors import mark

from .chat_pages import chat_page, choice_page, entries_html, gone_page
from .pages import LANGUAGES, problem_page

PATHS: Final = frozenset({"/chat", "/chat/entries", "/chat/file", "/chat/say", "/chat/hide"})
BODY_BYTES_MAX: Final = 20 << 20
ANSWER_BYTES_MAX: Final = 128 << 20
TEXT_MAX: Final = 65_536
_SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What a browser may show within the page; anything else is saved."""
_NOT_SENT: Final = mark("This could not be sent: it is empty, too long, or this channel does not carry it.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the phone answers. ``to`` sends the browser elsewhere; ``saved_as`` lets it save the content."""

    status: int
    kind: str
    body: bytes
    to: str = ""
    saved_as: str = ""


class Chat:
    """The messengers' pages, over the simulator at an address."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def get(self, path: str, asked: Mapping[str, str], language: str) -> Reply:
        """Return a page, a part of one, or a file."""
        told = self._ask("GET", "/people/lines")
        if told is None:
            return _page(503, gone_page(language))
        phone, line = asked.get("phone", ""), _line(told, asked.get("line", ""))
        if path == "/chat/file" and line is not None:
            return self._file(line, phone, asked.get("id", ""), language)
        if line is None or not phone:
            return _page(200, choice_page(language, told["lines"], told["people"], phone))
        where = {"channel": line["channel"], "line": line["line"], "phone": phone}
        self._ask("POST", "/people/read", where)
        chat = self._ask("GET", f"/people/chat?{urlencode(where)}")
        if chat is None:
            return _page(503, gone_page(language))
        entries = entries_html(language, chat["entries"], phone=phone, line=line)
        if path == "/chat/entries":
            return _page(200, entries)
        person = _person(told, phone)
        problem = _NOT_SENT if asked.get("problem") else ""
        return _page(200, chat_page(language, person, line, told["lines"], chat, entries, problem))

    def post(self, path: str, kind: str, body: bytes, language: str) -> Reply:
        """Send what was typed and chosen, or hide the number."""
        fields, file = _form(kind, body)
        told = self._ask("GET", "/people/lines")
        language = fields.get("lang", language) if fields.get("lang") in LANGUAGES else language
        if told is None:
            return _page(503, gone_page(language))
        phone, line = fields.get("phone", ""), _line(told, fields.get("line", ""))
        if line is None or not phone:
            return _page(400, problem_page(language, mark("This could not be understood.")))
        back = {"phone": phone, "line": fields["line"], "lang": language}
        if path == "/chat/hide":
            self._ask("POST", "/people/hide", {"phone": phone, "hidden": fields.get("hidden") == "1"})
        elif not self._say(line, _person(told, phone), fields.get("text", ""), file):
            back["problem"] = "1"
        return Reply(303, "text/plain", b"", to=f"/chat?{urlencode(back)}#end")

    def _say(self, line: Mapping[str, str], person: Mapping[str, str], text: str, file: Part | None) -> bool:
        said: dict[str, Any] = {
            "channel": line["channel"], "line": line["line"], "phone": person["phone"], "name": person["name"],
            "text": text.replace("\r\n", "\n").strip("\n"),
        }  # fmt: skip
        if file is not None and file.content:
            content = base64.b64encode(file.content).decode()
            kind = file.kind or "application/octet-stream"
            said["file"] = {"name": file.file_name or "file", "kind": kind, "content": content}
        if (not said["text"].strip() and "file" not in said) or len(text) > TEXT_MAX:
            return False
        return self._ask("POST", "/people/say", said) is not None

    def _file(self, line: Mapping[str, str], phone: str, media_id: str, language: str) -> Reply:
        where = {"channel": line["channel"], "line": line["line"], "phone": phone, "id": media_id}
        try:
            status, content, headers = fetch(
                "GET", f"{self._address}/people/media?{urlencode(where)}", most=ANSWER_BYTES_MAX
            )
        except (OSError, HTTPException, ValueError):
            return _page(503, gone_page(language))
        if status != 200:  # noqa: PLR2004
            return _page(404, problem_page(language, mark("This file is no longer there.")))
        kind = headers.get("content-type", "")
        if kind in _SHOWN:
            return Reply(200, kind, content)
        return Reply(200, "application/octet-stream", content, saved_as=f"file-{media_id if media_id.isalnum() else 0}")

    def _ask(self, method: str, path: str, told: Mapping[str, Any] | None = None) -> Any | None:
        """Ask the simulator; ``None``: it is not there, or said no."""
        body = None if told is None else json.dumps(told).encode()
        try:
            status, said, _ = fetch(
                method, f"{self._address}{path}", body, {"Content-Type": "application/json"}, most=ANSWER_BYTES_MAX
            )
            return json.loads(said) if 200 <= status < 300 else None  # noqa: PLR2004
        except (OSError, HTTPException, ValueError):
            return None


def _line(told: Mapping[str, Any], key: str) -> dict[str, str] | None:
    return next((each for each in told["lines"] if f"{each['channel']}:{each['line']}" == key), None)


def _person(told: Mapping[str, Any], phone: str) -> dict[str, str]:
    return next(
        (each for each in told["people"] if each["phone"] == phone), {"phone": phone, "name": "", "language": ""}
    )


def _form(kind: str, body: bytes) -> tuple[dict[str, str], Part | None]:
    """Return the fields of a form, sent either way, and the file that was chosen."""
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), None
    fields: dict[str, str] = {}
    file = None
    for part in parts_of(kind, body):
        if part.file_name is None:
            fields[part.name] = part.content.decode("utf-8", "replace")
        elif part.name == "file":
            file = part
    return fields, file


def _page(status: int, html: str) -> Reply:
    return Reply(status, "text/html; charset=utf-8", html.encode())

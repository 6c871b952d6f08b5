"""A request as the providers see it, and their answer: bodies as JSON, as a form or in parts with files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from raseed.demo.multipart import Part, parts_of


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``parts`` are files, ``fields`` everything else that was told in the address or the body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def bearer(self) -> str:
        """Return the bearer token, or the one in the address, as Meta allows it too."""
        return self.headers.get("authorization", "").removeprefix("Bearer ").strip() or self.query.get(
            "access_token", ""
        )

    def json(self) -> Any:
        """Return the body as JSON; ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def told(self) -> tuple[dict[str, Any], dict[str, Part]]:
        """Return fields (address and body, whichever way it was written) and files by name."""
        kind = self.headers.get("content-type", "")
        fields: dict[str, Any] = dict(self.query)
        files: dict[str, Part] = {}
        if kind.startswith("multipart/"):
            for part in parts_of(kind, self.body):
                if part.file_name is None:
                    fields[part.name] = part.content.decode("utf-8", "replace")
                else:
                    files[part.name] = part
        elif kind.startswith("application/json"):
            found = self.json()
            fields |= found if isinstance(found, dict) else {}
        elif self.body:
            fields |= dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return fields, files


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; ``cut`` sends half of the body and hangs up."""

    status: int
    body: bytes = b""
    kind: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


def answer_json(status: int, value: object, **headers: str) -> Answer:
    """Return an answer in JSON, escaped to plain ASCII as the providers do."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value, separators=(",", ":")).encode(), headers=named)

"""The lines that the providers know: numbers, bots and accounts of the institutions, from a file that planting writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

WHATSAPP, TELEGRAM, X, SMS = "whatsapp", "telegram", "x", "sms"
TEMPLATE_NAMES: Final = ("waba", "name", "language", "body")
CHANNELS: Final = (WHATSAPP, TELEGRAM, X, SMS)


@dataclass(frozen=True, slots=True)
class Line:
    """One number, bot or account.

    ``address`` is WhatsApp's phone number id, Telegram's bot user name, X's account id or a sender's number. ``hook`` is where
    its updates go until its owner sets another through the API. ``secrets`` and ``facts`` by name, as docs/subsystems/demo.md has them.
    """

    channel: str
    address: str
    name: str = ""
    purpose: str = "talk"
    hook: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name it among all lines."""
        return f"{self.channel}:{self.address}"

    @property
    def scope(self) -> str:
        """Return under what its people's ids are one person's: lines of one WhatsApp business account share them."""
        return self.facts.get("waba", self.address) if self.channel == WHATSAPP else self.address

    @property
    def number(self) -> str:
        """Return the number that people see, in digits; nothing where the channel has none."""
        shown = self.facts.get("display") or (self.address if self.channel == SMS else "")
        return "".join(each for each in shown if each.isdigit())


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody of the demo whose phone can be played."""

    phone: str
    name: str
    language: str = "ar"


@dataclass(slots=True)
class Lines:
    """All lines and people; read again when their file has changed, so that planting needs no restart."""

    file: Path | None = None
    lines: Sequence[Line] = ()
    customers: Sequence[Customer] = ()
    approved: Sequence[Mapping[str, str]] = ()
    _seen: tuple[int, int] = (0, 0)

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines as the file has them now."""
        self._look()
        return iter(self.lines)

    def people(self) -> Sequence[Customer]:
        """Return the people as the file has them now."""
        self._look()
        return self.customers

    def templates(self, waba: str) -> list[Mapping[str, str]]:
        """Return the templates that were approved for an account before the simulator began."""
        self._look()
        return [each for each in self.approved if each["waba"] == waba]

    def find(self, channel: str, address: str) -> Line | None:
        """Return the line with an address."""
        return next((each for each in self if (each.channel, each.address) == (channel, address)), None)

    def with_secret(self, channel: str, name: str, value: str) -> Line | None:
        """Return the line of a channel that has this secret."""
        return next(
            (each for each in self if value and each.channel == channel and each.secrets.get(name) == value), None
        )

    def with_fact(self, name: str, value: str) -> Line | None:
        """Return the first line with this fact."""
        return next((each for each in self if value and each.facts.get(name) == value), None)

    def _look(self) -> None:
        if self.file is None:
            return
        try:
            told = self.file.stat()
            seen = (told.st_mtime_ns, told.st_size)
            if seen != self._seen:
                content = json.loads(self.file.read_text(encoding="utf-8"))
                self.lines = [Line(**each) for each in content["lines"]]
                self.customers = [Customer(**each) for each in content.get("people", [])]
                self.approved = [
                    {name: str(each[name]) for name in TEMPLATE_NAMES} for each in content.get("templates", [])
                ]
                self._seen = seen
        except (OSError, ValueError, KeyError, TypeError):  # being replaced, or not there yet: what was known stays
            return


def file_text(lines: Sequence[Line], customers: Sequence[Customer], **more: Any) -> str:
    """Return the file's content."""
    told = {
        **more,
        "lines": [
            {name: getattr(each, name) for name in ("channel", "address", "name", "purpose", "hook")}
            | {"secrets": dict(each.secrets), "facts": dict(each.facts)}
            for each in lines
        ],
        "people": [{"phone": each.phone, "name": each.name, "language": each.language} for each in customers],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)

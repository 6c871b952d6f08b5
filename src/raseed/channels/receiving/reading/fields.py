"""Fields of strangers' JSON: each is taken if it is of its kind, and is nothing otherwise; what must be there is asked for by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

_YEAR_MS: Final = 100_000_000_000
"""Instants above this are milliseconds: as seconds they would be after the year 5000."""


class Unreadable(Exception):
    """Something without which an item says nothing is not there; its text is one word for the item's problem."""


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of an array; nothing of anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def obj(value: object) -> dict[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a text, or a number as one, or nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def needed(value: object, word: str) -> str:
    """Return a text that must be there.

    Raises:
        Unreadable: it is not.
    """
    found = text(value)
    if not found:
        raise Unreadable(f"no_{word}")
    return found


def instant(value: object) -> datetime | None:
    """Return an instant given in Unix seconds or milliseconds, as number or text, or in ISO 8601; else ``None``."""
    said = text(value)
    try:
        if said.isascii() and said.isdigit() and len(said) <= 15:  # noqa: PLR2004  (longer ones are no instants)
            number = int(said)
            return datetime.fromtimestamp(number / 1000 if number >= _YEAR_MS else number, UTC)
        moment = datetime.fromisoformat(said)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def lines_of(*parts: object) -> str:
    """Return what is there of the parts, a line each."""
    return "\n".join(part for part in map(text, parts) if part)

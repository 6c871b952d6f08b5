"""Days as people enter them, and the instants at which they begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from raseed.kernel.errors import InputError, mark
from raseed.kernel.text import ascii_digits


class InvalidDay(InputError):
    """A day that is not written as one, or a last day before the first."""

    code = "invalid_day"
    sentence = mark("This is not a day we can look for.")
    hint = mark("Choose a day; the last may not be before the first.")


def day_in(text: str, *, field: str) -> date | None:
    """Return the day that was entered, or ``None`` where none was.

    Raises:
        InvalidDay: it is none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(ascii_digits(text))
    except ValueError:
        raise InvalidDay(field=field) from None


def needed_day(text: str, *, field: str) -> date:
    """Return the day that was entered.

    Raises:
        InvalidDay: it is none, or none was.
    """
    day = day_in(text, field=field)
    if day is None:
        raise InvalidDay(field=field)
    return day


def midnight(day: date, zone: str) -> datetime:
    """Return the instant at which a day begins in a zone (IANA)."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)

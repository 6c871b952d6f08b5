"""Hours as they are kept in a row, and as the audit trail tells what became of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from raseed.kernel.calendars import DAY_S, Day, Hours, InvalidCalendar, Opening, Week
from raseed.kernel.hijri import Days

DAYS_TOLD_MAX: Final = 60
"""Days of their own that one record of the audit trail names."""
_MINUTE_S: Final = 60


def day_text(openings: Day) -> str:
    """Return openings as they are read and entered: ``08:00-12:00, 16:00-20:00``; nothing for a day that is closed."""
    return ", ".join(f"{_clock_text(each.start_s)}-{_clock_text(each.end_s)}" for each in openings)


def _clock_text(second: int) -> str:
    shown = second if second == DAY_S else second % DAY_S
    return f"{shown // 3600:02}:{shown % 3600 // _MINUTE_S:02}"


def told_hours(hours: Hours) -> dict[str, str | list[str] | None]:
    """Return hours as facts for the audit trail: seven days from Monday on, days of their own with their openings."""

    def of(days: Week | None) -> list[str] | None:
        return None if days is None else [day_text(day) or "–" for day in days]

    return {
        "zone": hours.zone,
        "week": of(hours.week),
        "ramadan_week": of(hours.ramadan_week),
        "own_days": [f"{day.isoformat()}: {day_text(own) or '–'}" for day, own in sorted(hours.days.items())],
        "announced": [
            f"{year}: {days.first.isoformat()} – {days.last.isoformat()}"
            for year, days in sorted(hours.announced.items())
        ],
    }


def changed_facts(before: Hours, after: Hours) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs between hours, before and after; of the days of their own only those that differ."""
    was, is_now = told_hours(before), told_hours(after)
    own, fresh = was["own_days"], is_now["own_days"]
    assert isinstance(own, list), "days are a list"
    assert isinstance(fresh, list), "days are a list"
    gone, come = sorted(set(own) - set(fresh)), sorted(set(fresh) - set(own))
    was["own_days"], is_now["own_days"] = gone[:DAYS_TOLD_MAX], come[:DAYS_TOLD_MAX]
    keys = [key for key in was if was[key] != is_now[key]]
    return {key: was[key] for key in keys}, {key: is_now[key] for key in keys}


def hours_facts(hours: Hours) -> dict[str, Any]:
    """Return hours as they are kept."""

    def of(day: Day) -> list[list[int]]:
        return [[each.start_s, each.end_s] for each in day]

    return {
        "zone": hours.zone,
        "week": [of(day) for day in hours.week],
        "ramadan_week": None if hours.ramadan_week is None else [of(day) for day in hours.ramadan_week],
        "days": {day.isoformat(): of(openings) for day, openings in sorted(hours.days.items())},
        "announced": {
            str(year): [days.first.isoformat(), days.last.isoformat()] for year, days in sorted(hours.announced.items())
        },
    }


def hours_from(facts: Mapping[str, Any]) -> Hours:
    """Return the hours that are kept as ``facts``.

    Raises:
        InvalidCalendar: they are no hours.
    """

    def of(day: Any) -> Day:
        return tuple(Opening(int(start), int(end)) for start, end in day)

    def whole(days: Any) -> Week:
        return tuple(of(day) for day in days)

    try:
        return Hours(
            zone=str(facts["zone"]),
            week=whole(facts["week"]),
            ramadan_week=None if facts.get("ramadan_week") is None else whole(facts["ramadan_week"]),
            days={date.fromisoformat(day): of(openings) for day, openings in facts.get("days", {}).items()},
            announced={
                int(year): Days(date.fromisoformat(first), date.fromisoformat(last))
                for year, (first, last) in facts.get("announced", {}).items()
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCalendar(field="hours") from error

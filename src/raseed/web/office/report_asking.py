"""What a report is asked for, as the address tells it: a period, a team, a channel; and which figure is looked behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.care.api import reports
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.text import ascii_digits
from raseed.web.days import day_in
from raseed.web.desk.words import CHANNEL_WORDS
from raseed.web.periods import OWN

if TYPE_CHECKING:
    from .requests import StaffRequest

PERIODS: Final = {
    "today": mark("Today"),
    "7": mark("7 days"),
    "30": mark("30 days"),
    "month": mark("This month"),
    OWN: mark("From day to day"),
}
USUAL: Final = "30"
TEXT_MAX: Final = 60
NONE: Final = "-"
"""How an address says that something has none: no team, no channel."""
OF: Final = "by-"
"""Before the names of what a figure is told apart by, so that they are not taken for what the report is narrowed to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report's period, team and channel, as they are entered and as they are meant."""

    period: str
    first: str
    last: str
    wanted: reports.Wanted

    @property
    def query(self) -> str:
        """Return it for an address as it was entered, so that "7 days" stays that tomorrow."""
        days = {"first": self.first, "last": self.last} if self.period == OWN else {}
        return urlencode({"period": self.period, **days, **_narrowed(self.wanted)})

    def fixed(self) -> dict[str, str]:
        """Return it for an address with its days, so that what is behind a figure stays what it was."""
        days = {"first": self.wanted.first.isoformat(), "last": self.wanted.last.isoformat()}
        return {"period": OWN, **days, **_narrowed(self.wanted)}


def _narrowed(wanted: reports.Wanted) -> dict[str, str]:
    told = {"team": str(wanted.team_id or ""), "channel": wanted.channel}
    return {name: value for name, value in told.items() if value}


def asked_of(request: StaffRequest, *, plain: bool = False) -> Asked:
    """Read what is asked from the address; with ``plain`` the usual, whatever it says.

    Raises:
        InvalidDay, InvalidReportPeriod: what was entered is no period. UnknownFigure: there is no such team or channel here.
    """
    told = {} if plain else {name: request.GET.get(name, "").strip()[:TEXT_MAX] for name in request.GET}
    period = told.get("period") or USUAL
    period = period if period in PERIODS else USUAL
    today = SYSTEM_CLOCK.now().astimezone(ZoneInfo(request.institution.zone)).date()
    first, last = _days(period, today, told)
    wanted = reports.Wanted(request.institution.id, first, last, _team(told.get("team", ""), request), _channel(told))
    return Asked(period, first.isoformat(), last.isoformat(), wanted)


def _days(period: str, today: date, told: Mapping[str, str]) -> tuple[date, date]:
    if period == OWN:
        last = day_in(told.get("last", ""), field="last") or today
        return day_in(told.get("first", ""), field="first") or last, last
    if period == "month":
        return today.replace(day=1), today
    return today - timedelta({"today": 1, "7": 7, "30": 30}[period] - 1), today


def _team(text: str, request: StaffRequest) -> UUID | None:
    if not text:
        return None
    known = {str(team.id): team.id for team in reports.teams_of(request.institution.id)}
    if text not in known:
        raise reports.UnknownFigure(field="team")
    return known[text]


def _channel(told: Mapping[str, str]) -> str:
    channel = told.get("channel", "")
    if channel and channel not in CHANNEL_WORDS:
        raise reports.UnknownFigure(field="channel")
    return channel


def query_of(behind: reports.Behind, asked: Asked) -> str:
    """Return the address of what is behind a figure."""
    where = {f"{OF}{name}": NONE if value is None else str(value) for name, value in behind.where.items()}
    return urlencode(
        {**asked.fixed(), "of": behind.measure.value, **where, **({"earlier": "1"} if behind.earlier else {})}
    )


def behind_of(request: StaffRequest) -> reports.Behind:
    """Read from the address which figure is looked behind.

    Raises:
        UnknownFigure: it says nothing that a report counts.
    """
    measure = request.GET.get("of", "")
    if measure not in set(reports.Measure):
        raise reports.UnknownFigure(field="of")
    names = [name.removeprefix(OF) for name in request.GET if name.startswith(OF)]
    where = {name: _value(name, request.GET.get(f"{OF}{name}", "")) for name in names}
    return reports.Behind(reports.Measure(measure), where, request.GET.get("earlier") == "1")


def _value(name: str, text: str) -> reports.Key:
    if text == NONE:
        return None
    kind = reports.TYPES.get(name, "")
    try:
        if kind == "uuid":
            return parse_id(text)
        if kind == "date":
            return date.fromisoformat(ascii_digits(text))
        if kind == "int" and text.isascii() and text.isdecimal() and len(text) <= 2:  # noqa: PLR2004  (hours and weekdays)
            return int(text)
    except (ValueError, InvalidId):
        raise reports.UnknownFigure(field=name) from None
    if kind != "text" or not text.isprintable() or len(text) > TEXT_MAX:
        raise reports.UnknownFigure(field=name)
    return text

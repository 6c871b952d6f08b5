"""Which drawing stands above which table of a report, and what it is called for whoever does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from raseed.care.api import reports
from raseed.kernel.calendars import WEEKDAYS, weekend_of
from raseed.kernel.errors import mark

from . import plots
from .report_words import TABLE_WORDS, WEEKDAY_WORDS, column_words, key_words, weekday_letters, worked_text

if TYPE_CHECKING:
    from .requests import StaffRequest

ROWS_MAX: Final = 12
"""Of lines drawn under each other; the table has all."""
TOLD: Final = mark("The figures are in the table below.")
ANSWERED: Final = (
    ("in_time", "good"),
    ("late", "late"),
    ("overdue", "over"),
    ("waiting", "soft"),
    ("unneeded", "none"),
)
PROMISED: Final = (("kept", "good"), ("late", "late"), ("overdue", "over"), ("waiting", "soft"))
BECAME: Final = (("rewritten", "good"), ("overridden", "late"), ("nothing", "soft"), ("elsewhere", "none"))
STACKED: Final = {
    ("promises", "teams"): PROMISED,
    ("replies", "languages"): BECAME,
}
"""Bars of several parts, each with its look."""


def plot_of(report: str, table: reports.Table, request: StaffRequest) -> str:
    """Return the drawing above a table, nothing where words say it better or there is nothing to draw."""
    drawing = ""
    if not table.lines or not any(_has_something(line) for line in table.lines):
        return ""
    if (report, table.code) == ("volumes", "times"):
        drawing = _counts(report, table, "messages", request)
    elif (report, table.code) == ("volumes", "hours"):
        drawing = _hours(table, request)
    elif (report, table.code) in STACKED:
        drawing = _parts(report, table, STACKED[report, table.code], request)
    elif report == "reasons":
        drawing = _pairs(report, table, request)
    elif report in {"clocks", "people"} and "median" in table.columns:
        drawing = _spans(report, table, request)
    return _drawn(drawing)


def _has_something(line: reports.Line) -> bool:
    return any(isinstance(cell, reports.Figure) and cell.count for cell in line.cells.values())


def answers_plot(table: reports.Table, request: StaffRequest) -> str:
    """Return the drawing of how the answers owed by time stand."""
    return _drawn(
        _parts("volumes", table, ANSWERED, request, code="answers", title=gettext("Answers owed, and how they stand"))
    )


def legend(parts: Sequence[tuple[str, str]], report: str) -> list[tuple[str, str]]:
    """Return what the looks of parts mean: the look and its words."""
    return [(look, column_words(report, column)) for column, look in parts]


def week_from(country: str) -> list[int]:
    """Return the weekdays in the order in which a week is worked: the day after the weekend first (Monday is 0)."""
    weekend = weekend_of(country)
    first = next(day for day in range(WEEKDAYS) if day not in weekend and (day - 1) % WEEKDAYS in weekend)
    return [(first + place) % WEEKDAYS for place in range(WEEKDAYS)]


def _drawn(drawing: str) -> str:
    return mark_safe(drawing)  # noqa: S308  (``plots`` has escaped all words)


def _frame(report: str, code: str, request: StaffRequest, title: str = "") -> plots.Frame:
    words = title or gettext(TABLE_WORDS[report, code])
    return plots.Frame(f"plot-{code}", words, gettext(TOLD), request.reader.direction == "rtl")


def _counts(report: str, table: reports.Table, column: str, request: StaffRequest) -> str:
    names = key_words(table.about, [line.key for line in table.lines], request)
    number, what = request.reader.number, column_words(report, column)
    columns = [
        plots.Bar(names[line.key], (plots.Part(line.count(column), "", f"{what} {number(line.count(column))}"),))
        for line in table.lines
    ]
    return plots.bars(_frame(report, table.code, request), columns, number=number)


def _parts(
    report: str,
    table: reports.Table,
    parts: Sequence[tuple[str, str]],
    request: StaffRequest,
    *,
    code: str = "",
    title: str = "",
) -> str:
    names, number = key_words(table.about, [line.key for line in table.lines], request), request.reader.number
    columns = [
        plots.Bar(
            names[line.key],
            tuple(
                plots.Part(line.count(column), look, f"{column_words(report, column)} {number(line.count(column))}")
                for column, look in parts
            ),
        )
        for line in table.lines
    ]
    return plots.bars(_frame(report, code or table.code, request, title), columns, number=number)


def _pairs(report: str, table: reports.Table, request: StaffRequest) -> str:
    lines, number = table.lines[:ROWS_MAX], request.reader.number
    names = key_words(table.about, [line.key for line in lines], request)
    before = column_words(report, "before")
    rows = [
        plots.Pair(
            names[line.key], line.count("now"), line.count("before"),
            f"{number(line.count('now'))} ({before} {number(line.count('before'))})",
        )
        for line in lines
    ]  # fmt: skip
    return plots.pairs(_frame(report, table.code, request), rows)


def _spans(report: str, table: reports.Table, request: StaffRequest) -> str:
    names, rows = key_words(table.about, [line.key for line in table.lines], request), []
    for line in table.lines[:ROWS_MAX]:
        median, p90 = line.cells["median"], line.cells["p90"]
        if not (isinstance(median, reports.Length) and isinstance(p90, reports.Length)) or median.seconds is None:
            continue
        end = p90.seconds or median.seconds
        words = f"{worked_text(median.seconds, request)} – {worked_text(end, request)}"
        rows.append(plots.Span(names[line.key], median.seconds, end, words))
    return plots.spans(_frame(report, table.code, request), rows) if rows else ""


def _hours(table: reports.Table, request: StaffRequest) -> str:
    days = week_from(request.institution.country)
    names = key_words("hour", [line.key for line in table.lines], request)
    by_letters = {weekday_letters(day): gettext(WEEKDAY_WORDS[day]) for day in days}
    rows = [(names[line.key], [line.count(str(day)) for day in days]) for line in table.lines]
    number = request.reader.number

    def said(row: str, column: str, value: int) -> str:
        return f"{by_letters[column]} {row}: {number(value)}"

    return plots.grid(_frame("volumes", "hours", request), list(by_letters), rows, number=number, said=said)


__all__ = ["ANSWERED", "STACKED", "answers_plot", "legend", "plot_of", "week_from"]

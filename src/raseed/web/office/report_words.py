"""What reports call things: reports, tables, columns, what lines are about; and figures written for the reader."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.care import api as care
from raseed.care.api import reports
from raseed.channels import api as channels
from raseed.kernel.errors import mark
from raseed.web.desk.listing import staff_names
from raseed.web.desk.words import HOUR_S, HOURS, MINUTES, channel_words
from raseed.web.terms import rate_text

from .naming import name_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .requests import StaffRequest

MINUTE_S: Final = 60
SECONDS: Final = mark("%(count)s s")
REPORT_WORDS: Final = {
    "volumes": mark("Volumes"),
    "reasons": mark("Reasons"),
    "clocks": mark("Clocks by team"),
    "people": mark("Clocks by person"),
    "promises": mark("Promises kept"),
    "replies": mark("Empty answers stopped"),
}
TABLE_WORDS: Final = {
    ("volumes", "times"): mark("What came in, by time"),
    ("volumes", "hours"): mark("Messages by hour and weekday"),
    ("volumes", "channels"): mark("By channel"),
    ("volumes", "lines"): mark("By line"),
    ("volumes", "teams"): mark("By team"),
    ("reasons", "categories"): mark("Cases by category"),
    ("reasons", "tags"): mark("Conversations by tag"),
    ("clocks", "first_answer"): mark("First answer"),
    ("clocks", "next_answer"): mark("Next answer"),
    ("clocks", "resolution"): mark("Resolution"),
    ("people", "first_answer"): mark("First answer"),
    ("people", "next_answer"): mark("Next answer"),
    ("people", "resolution"): mark("Resolution"),
    ("people", "handed"): mark("Handed over between people"),
    ("promises", "teams"): mark("Questions by team"),
    ("promises", "owners"): mark("Questions by who answers for them"),
    ("promises", "askers"): mark("Customers who asked, by channel"),
    ("replies", "languages"): mark("What became of stopped answers, by language"),
    ("replies", "kinds"): mark("What was wrong with them"),
    ("replies", "writers"): mark("By who wrote them"),
}
NOTES: Final = {
    ("volumes", "times"): mark(
        "Messages by when they were sent, conversations by when they began, answers by when they were first owed."
    ),
    ("volumes", "hours"): mark("In the institution's time. The darker, the more."),
    ("reasons", "categories"): mark("The mark on each bar is the period before, which was as long."),
    ("reasons", "tags"): mark("By when conversations began. One with two tags is counted with both."),
    ("clocks", "first_answer"): mark("Working time from the first message to its answer. The dot is the median; nine of ten end where the line ends."),
    ("clocks", "resolution"): mark("Working time until a conversation was closed or a case resolved, without what it stood still."),
    ("people", "first_answer"): mark("What was done counts for who did it, what ran out for who held it then."),
    ("people", "handed"): mark("By people only; what shifts and overdue clocks move is nobody's."),
    ("promises", "teams"): mark("By the time that was promised first."),
    ("replies", "languages"): mark("Each time that sending was stopped is one. What became of it is the writer's next answer there."),
    ("replies", "kinds"): mark("One answer may be wrong in two ways."),
}  # fmt: skip
ABOUT_WORDS: Final = {
    "day": mark("Day"),
    "month": mark("Month"),
    "hour": mark("Hour"),
    "channel": mark("Channel"),
    "line": mark("Line"),
    "team": mark("Team"),
    "person": mark("Person"),
    "category": mark("Category"),
    "tag": mark("Tag"),
    "language": mark("Language"),
    "kind": mark("What is wrong"),
}
COLUMN_WORDS: Final = {
    "messages": mark("Messages in"),
    "conversations": mark("New conversations"),
    "answers": mark("Answers owed"),
    **reports.STANDING_WORDS,
    "share": mark("Share in time"),
    "now": mark("This period"),
    "before": mark("Period before"),
    "open": mark("Open"),
    "resolved": mark("Resolved"),
    "ended": mark("Answered or settled"),
    "others": mark("Done for others"),
    "broken": mark("Ran out"),
    "median": mark("Median"),
    "p90": mark("Nine of ten within"),
    "given": mark("Handed over"),
    "taken": mark("Taken over"),
    "questions": mark("Questions promised"),
    "kept": mark("In time"),
    "untold": mark("Answered, but not told yet"),
    "askers": mark("Customers who asked"),
    "stopped": mark("Stopped"),
    "rewritten": mark("Written anew"),
    "overridden": mark("Sent all the same"),
    "nothing": mark("Nothing sent"),
    "elsewhere": mark("Not in a conversation"),
    "sent": mark("Sent all the same"),
}
COLUMNS_OF: Final = {
    ("reasons", "waiting"): mark("Waiting for the customer"),
    ("clocks", "in_time"): mark("In time"),
    ("clocks", "late"): mark("Too late"),
    ("people", "in_time"): mark("In time"),
    ("people", "late"): mark("Too late"),
    ("promises", "late"): mark("Too late"),
    ("promises", "overdue"): mark("Open, overdue"),
    ("promises", "waiting"): mark("Open, not due yet"),
    ("promises", "share"): mark("Share kept"),
}
"""What a column is called in one report and not in others."""
KIND_WORDS: Final = {
    "empty": mark("Empty"),
    "dismissive": mark("Dismissive"),
    "blaming": mark("Blaming"),
    "sarcastic": mark("Mocking"),
    "commanding": mark("Giving orders"),
}
LANGUAGE_WORDS: Final = {"ar": mark("Arabic"), "he": mark("Hebrew"), "en": mark("English")}
WEEKDAY_WORDS: Final = (
    mark("Monday"), mark("Tuesday"), mark("Wednesday"), mark("Thursday"), mark("Friday"), mark("Saturday"), mark("Sunday"),
)  # fmt: skip
NONE_WORDS: Final = {
    "team": mark("No team"),
    "person": mark("Nobody of the staff"),
    "channel": mark("No channel"),
    "line": mark("No line"),
}


def column_words(report: str, column: str) -> str:
    """Return what a column of a report is called."""
    if report == "volumes" and column.isdecimal():
        return gettext(WEEKDAY_WORDS[int(column)])
    return gettext(COLUMNS_OF.get((report, column)) or COLUMN_WORDS[column])


def weekday_letters(weekday: int) -> str:
    """Return a weekday as short as a phone needs it: what it begins with, without the article."""
    words = gettext(WEEKDAY_WORDS[weekday])
    return words.removeprefix("ال").removeprefix("יום ")[:3]


def share_text(share: reports.Share, request: StaffRequest) -> str:
    """Write a share; of nothing a dash."""
    return "–" if share.percent is None else rate_text(share.percent * 10_000, request.reader)


def worked_text(seconds: int | None, request: StaffRequest) -> str:
    """Write a length of working time to the minute, in hours: days of work are of different lengths; a dash if there is none."""
    if seconds is None:
        return "–"
    number = request.reader.number
    if seconds < MINUTE_S:
        return gettext(SECONDS) % {"count": number(seconds)}
    hours, minutes = divmod(seconds // MINUTE_S, MINUTE_S)
    told = [(HOURS, hours)] if hours else []
    if minutes or not hours:
        told.append((MINUTES, minutes))
    assert HOUR_S == MINUTE_S * MINUTE_S
    return "\u00a0".join(gettext(unit) % {"count": number(count)} for unit, count in told).replace(" ", "\u00a0")


def key_words(about: str, keys: Iterable[reports.Key], request: StaffRequest) -> dict[reports.Key, str]:
    """Return what lines are about, in words; names are looked up for all at once."""
    wanted = list(keys)
    ids = [key for key in wanted if isinstance(key, UUID)]
    names: dict[UUID, str] = {}
    language = request.reader.language
    if about == "person":
        names = staff_names(request, ids)
    elif about == "team":
        names = {team.id: name_in(team.names, language) for team in reports.teams_of(request.institution.id)}
    elif about == "line":
        names = {
            line.id: name_in(line.names, language) or line.address for line in channels.lines(request.institution.id)
        }
    return {key: _key_words(about, key, names, request) for key in wanted}


def _key_words(about: str, key: reports.Key, names: dict[UUID, str], request: StaffRequest) -> str:
    reader, country = request.reader, request.institution.country
    if key is None or key == "":
        return gettext(NONE_WORDS[about]) if about in NONE_WORDS else "–"
    if isinstance(key, UUID):
        return names.get(key) or reader.text(key.hex[-8:].upper())
    if isinstance(key, date):
        return reader.month(key, country=country) if about == "month" else reader.day_month(key, country=country)
    if about == "hour":
        return reader.text(f"{int(key):02}:00")
    if about == "channel":
        return channel_words(str(key))
    known: Mapping[str, str] = {"kind": KIND_WORDS, "language": LANGUAGE_WORDS}.get(about, {})
    if about == "category":
        known = {category.value: text for category, text in care.CATEGORY_WORDS.items()}
    return gettext(known[str(key)]) if str(key) in known else str(key)

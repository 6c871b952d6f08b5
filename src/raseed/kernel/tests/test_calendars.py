from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.calendars import (
    Calendar,
    CalendarNeverOpens,
    Hours,
    InvalidCalendar,
    Opening,
    Version,
    met,
    opening,
    week,
    weekend_of,
)
from raseed.kernel.hijri import Days, first_of_month, ramadan, year_near

EVER = datetime(2000, 1, 1, tzinfo=UTC)
FRI_SAT = weekend_of("EG")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(zone: str, *pairs: str, **more: Any) -> Calendar:
    day = tuple(opening(*pair.split("-")) for pair in pairs)
    return Calendar((Version(EVER, Hours(zone, week(day), **more)),))


def hours(length: timedelta) -> float:
    return length.total_seconds() / 3600


# Clocks that are put forward and back. The dates are tzdata's; the sums were done by hand.


@pytest.mark.parametrize(
    ("zone", "day", "shift", "long"),
    [
        ("Africa/Cairo", "2022-04-28", "22:00-06:00", 8),  # no summer time that year
        ("Africa/Cairo", "2023-04-27", "22:00-06:00", 7),  # it came back: midnight became one o'clock
        ("Africa/Cairo", "2023-10-26", "22:00-06:00", 9),  # midnight became eleven
        ("Africa/Cairo", "2024-04-25", "22:00-06:00", 7),
        ("Africa/Cairo", "2024-10-31", "22:00-06:00", 9),
        ("Africa/Cairo", "2025-04-24", "22:00-06:00", 7),
        ("Africa/Cairo", "2025-10-30", "22:00-06:00", 9),
        ("Africa/Cairo", "2026-04-23", "22:00-06:00", 7),
        ("Africa/Cairo", "2026-10-29", "22:00-06:00", 9),
        ("Africa/Cairo", "2023-04-28", "00:00-08:00", 7),  # begins at the change
        ("Africa/Cairo", "2023-04-28", "00:15-00:45", 0),  # never was
        ("Africa/Cairo", "2023-04-28", "00:30-01:30", 0.5),
        ("Africa/Cairo", "2023-04-27", "20:00-00:30", 4),  # ends at the change
        ("Africa/Cairo", "2023-10-26", "20:00-23:30", 3.5),  # half past eleven is met the first time
        ("Africa/Cairo", "2023-10-26", "23:15-23:45", 0.5),  # once, not twice
        ("Africa/Cairo", "2023-10-26", "23:30-00:30", 2),
        ("Asia/Jerusalem", "2026-03-27", "01:00-04:00", 2),  # a Friday, at two
        ("Asia/Jerusalem", "2026-03-27", "02:30-03:30", 0.5),
        ("Asia/Jerusalem", "2025-03-28", "01:00-04:00", 2),
        ("Asia/Jerusalem", "2026-10-25", "00:00-04:00", 5),  # a Sunday
        ("Asia/Jerusalem", "2026-10-24", "23:00-01:30", 2.5),
        ("Asia/Damascus", "2022-03-25", "00:00-08:00", 7),  # the last time that clocks went forward
        ("Asia/Damascus", "2022-10-27", "22:00-06:00", 8),  # they were not put back any more
        ("Asia/Damascus", "2023-03-31", "00:00-08:00", 8),
        ("Asia/Muscat", "2026-03-27", "22:00-06:00", 8),
        ("Europe/London", "2026-03-28", "22:00-06:00", 7),
        ("Europe/London", "2026-03-29", "01:15-01:45", 0),
        ("Europe/London", "2026-10-25", "01:30-02:30", 2),
        ("Europe/London", "2026-10-25", "01:00-01:30", 0.5),
        ("Europe/London", "2026-10-24", "22:00-06:00", 9),
    ],
)
def test_a_shift_is_as_long_as_the_clock_on_the_wall_makes_it(zone: str, day: str, shift: str, long: float) -> None:
    only = date.fromisoformat(day)
    openings = (opening(*shift.split("-")),)
    kept = Calendar((Version(EVER, Hours(zone, week(()), days={only: openings})),))
    midnight = datetime.combine(only, datetime.min.time(), UTC)
    assert hours(kept.working_between(midnight - timedelta(days=3), midnight + timedelta(days=4))) == long


@pytest.mark.parametrize(
    ("zone", "day", "second", "instant"),
    [
        ("Africa/Cairo", "2022-07-01", 8 * 3600, "2022-07-01T06:00:00"),
        ("Africa/Cairo", "2023-07-01", 8 * 3600, "2023-07-01T05:00:00"),
        ("Africa/Cairo", "2023-04-28", 0, "2023-04-27T22:00:00"),
        ("Africa/Cairo", "2023-04-28", 1799, "2023-04-27T22:00:00"),
        ("Africa/Cairo", "2023-04-28", 3600, "2023-04-27T22:00:00"),
        ("Africa/Cairo", "2023-10-26", 86_400, "2023-10-26T22:00:00"),
        ("Africa/Cairo", "2023-10-26", 86_399, "2023-10-26T20:59:59"),
        ("Asia/Damascus", "2022-01-10", 8 * 3600, "2022-01-10T06:00:00"),
        ("Asia/Damascus", "2023-01-10", 8 * 3600, "2023-01-10T05:00:00"),
        ("Pacific/Apia", "2011-12-30", 12 * 3600, "2011-12-30T10:00:00"),  # a day that never was
        ("Europe/London", "2026-10-25", 5400, "2026-10-25T00:30:00"),
    ],
)
def test_a_time_of_day_is_met_when_the_wall_first_shows_it_or_later(zone, day, second, instant) -> None:
    assert met(date.fromisoformat(day), second, ZoneInfo(zone)) == at(instant)


def test_midnight_to_midnight_leaves_nothing_out_when_clocks_change() -> None:
    whole = calendar("Africa/Cairo", "00:00-00:00")
    since, until = at("2023-04-20T00:00:00"), at("2023-11-05T00:00:00")
    assert whole.working_between(since, until) == until - since
    assert len(list(whole.spans(since, until))) == 1


def test_a_split_day_and_a_weekend_are_counted_to_the_second() -> None:
    hours_ = Hours("Africa/Cairo", week((opening("09:00", "13:00"), opening("17:00", "21:00")), weekend=FRI_SAT))
    split = Calendar((Version(EVER, hours_),))
    thursday = at("2026-01-08T18:59:58")  # 20:59:58 in Cairo
    assert split.add_working(thursday, timedelta(seconds=2)) == at("2026-01-08T19:00:00")
    assert split.add_working(thursday, timedelta(seconds=3)) == at("2026-01-11T07:00:01")
    assert split.add_working(at("2026-01-11T10:30:00"), timedelta(hours=1)) == at("2026-01-11T15:30:00")


def test_a_holiday_takes_what_begins_on_it_and_leaves_the_night_that_began_before() -> None:
    night = calendar("Asia/Muscat", "22:00-06:00", days={date(2026, 11, 18): ()})
    since = at("2026-11-17T18:00:00")
    assert [(span.start, span.end) for span in night.spans(since, at("2026-11-20T02:00:00"))] == [
        (at("2026-11-17T18:00:00"), at("2026-11-18T02:00:00")),
        (at("2026-11-19T18:00:00"), at("2026-11-20T02:00:00")),
    ]


@pytest.mark.parametrize("pairs", [("00:00-24:00",), ("00:00-12:00", "12:00-24:00"), ("06:00-18:00", "18:00-06:00")])
@pytest.mark.parametrize("zone", ["Africa/Cairo", "UTC"])
def test_a_place_that_never_closes_is_open_every_second_across_changes_of_clocks_too(
    zone: str, pairs: tuple[str, ...]
) -> None:
    always, start = calendar(zone, *pairs), at("2026-04-20T17:03:11")
    for days in (0, 1, 7, 8, 400):
        work = timedelta(days=days, seconds=59)
        assert always.add_working(start, work) == start + work
        assert always.working_between(start, start + work) == work
    assert always.next_open(start) == start


def test_half_a_holiday_has_hours_of_its_own() -> None:
    half = calendar("Asia/Jerusalem", "08:00-17:00", days={date(2026, 4, 1): (opening("08:00", "12:00"),)})
    assert half.working_between(at("2026-04-01T00:00:00"), at("2026-04-02T00:00:00")) == timedelta(hours=4)


def test_ramadan_has_its_hours_and_what_was_announced_wins() -> None:
    short = week((opening("10:00", "15:00"),))
    table = calendar("Africa/Cairo", "08:00-17:00", ramadan_week=short)
    seen = calendar(
        "Africa/Cairo", "08:00-17:00", ramadan_week=short,
        announced={1447: Days(date(2026, 2, 19), date(2026, 3, 19))},
    )  # fmt: skip
    assert ramadan(1447) == Days(date(2026, 2, 18), date(2026, 3, 19))
    day = (at("2026-02-18T00:00:00"), at("2026-02-19T00:00:00"))
    assert hours(table.working_between(*day)) == 5
    assert hours(seen.working_between(*day)) == 9
    month = (at("2026-02-10T00:00:00"), at("2026-03-30T00:00:00"))
    assert hours(seen.working_between(*month) - table.working_between(*month)) == 4


def test_nights_of_ramadan_that_run_into_the_day_are_not_counted_twice() -> None:
    late = week((opening("21:00", "02:00"),))
    kept = Calendar((Version(EVER, Hours("Asia/Muscat", week((opening("01:00", "09:00"),)), ramadan_week=late)),))
    last = ramadan(1447).last  # its night ends at two on a morning that opens at one
    midnight = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC) - timedelta(hours=4)
    spans = list(kept.spans(midnight, midnight + timedelta(hours=20)))
    assert [(span.start - midnight, span.end - midnight) for span in spans] == [(timedelta(0), timedelta(hours=9))]


def test_hours_that_change_while_time_is_counted_count_from_that_instant_only() -> None:
    before = Hours("Asia/Muscat", week((opening("08:00", "16:00"),)))
    after = Hours("Asia/Muscat", week((opening("10:00", "12:00"),)))
    edited = Calendar((Version(EVER, before), Version(at("2026-06-03T07:00:00"), after)))  # 11:00 in Muscat
    start = at("2026-06-02T10:00:00")  # 14:00
    assert edited.add_working(start, timedelta(hours=5)) == at("2026-06-03T07:00:00")
    assert edited.add_working(start, timedelta(hours=6)) == at("2026-06-03T08:00:00")
    assert edited.add_working(start, timedelta(hours=7)) == at("2026-06-04T07:00:00")
    untouched = Calendar((Version(EVER, before),))
    until = at("2026-06-03T07:00:00")
    assert edited.working_between(start, until) == untouched.working_between(start, until)


def test_working_days_are_counted_at_their_close() -> None:
    cairo = Calendar((Version(EVER, Hours("Africa/Cairo", week((opening("08:00", "15:00"),), weekend=FRI_SAT))),))
    wednesday = date(2026, 1, 7)
    began = at("2026-01-07T10:00:00")
    assert cairo.add_working_days(wednesday, began, 1) == at("2026-01-08T13:00:00")
    assert cairo.add_working_days(wednesday, began, 2) == at("2026-01-11T13:00:00")
    assert cairo.working_days_between(wednesday, began, at("2026-01-11T12:59:59")) == 1
    assert cairo.working_days_between(wednesday, began, at("2026-01-11T13:00:00")) == 2


def test_the_working_day_of_a_night_shift_ends_at_midnight() -> None:
    night = calendar("Asia/Muscat", "20:00-04:00")
    assert night.close_of(date(2026, 5, 5)) == at("2026-05-05T20:00:00")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Opening(3600, 3600),
        lambda: Opening(-1, 10),
        lambda: Opening(86_400, 90_000),
        lambda: Opening(0, 86_401),
        lambda: opening("8", "9"),
        lambda: opening("25:00", "26:00"),
        lambda: opening("08:61", "09:00"),
        lambda: Hours("Asia/Muscat", ((),)),
        lambda: Hours("Asia/Nowhere", week(())),
        lambda: Hours("../etc/passwd", week(())),
        lambda: Hours("", week(())),
        lambda: Hours("Asia/Muscat", week((Opening(0, 7200), Opening(3600, 9000)))),
        lambda: Calendar(()),
        lambda: Calendar((Version(EVER, Hours("UTC", week(()))),) * 2),
        lambda: Calendar((Version(datetime(2026, 1, 1), Hours("UTC", week(()))),)),  # noqa: DTZ001
    ],
)
def test_hours_that_can_not_be_are_refused(wrong) -> None:
    with pytest.raises(InvalidCalendar):
        wrong()


def test_a_calendar_that_never_opens_says_so() -> None:
    never = calendar("Asia/Muscat")
    with pytest.raises(CalendarNeverOpens):
        never.add_working(EVER, timedelta(seconds=1))
    with pytest.raises(CalendarNeverOpens):
        never.add_working_days(EVER.date(), EVER, 1)
    assert never.working_between(EVER, EVER + timedelta(days=10)) == timedelta(0)
    assert never.add_working(EVER, timedelta(0)) == EVER


def test_the_tabular_calendar_has_its_known_days() -> None:
    assert first_of_month(1, 1) == date(622, 7, 19)  # 16 July by the Julian calendar
    assert first_of_month(1445, 9) == date(2024, 3, 11)
    assert first_of_month(1446, 9) == date(2025, 3, 1)


@given(st.dates(date(700, 1, 1), date(2400, 1, 1)))
def test_every_day_is_in_its_hijri_year(day: date) -> None:
    year = year_near(day)
    assert first_of_month(year, 1) <= day < first_of_month(year + 1, 1)
    assert 29 <= (ramadan(year).last - ramadan(year).first).days + 1 <= 30


# Laws, over calendars of all shapes.

ZONES = ("Africa/Cairo", "Asia/Muscat", "Asia/Jerusalem", "Asia/Damascus", "Europe/London", "America/Santiago")
INSTANTS = st.integers(0, 5 * 365 * 86_400 * 1_000_000).map(
    lambda us: datetime(2022, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)


@st.composite
def days(draw) -> tuple[Opening, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 47), max_size=4)))
    edges = edges[: len(edges) // 2 * 2]
    found = [Opening(a * 1800, b * 1800) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if found and draw(st.booleans()):
        start = found[-1].start_s
        found[-1] = Opening(start, start + draw(st.integers(1, 86_400)))
    return tuple(found)


@st.composite
def some_hours(draw) -> Hours:
    whole = (*draw(st.tuples(*([days()] * 6))), (Opening(28_800, 61_200),))
    own = draw(st.dictionaries(st.dates(date(2022, 1, 1), date(2026, 12, 31)), days(), max_size=3))
    fasting = draw(st.none() | st.just(week((Opening(36_000, 54_000),))))
    return Hours(draw(st.sampled_from(ZONES)), whole, fasting, own)


@st.composite
def calendars(draw) -> Calendar:
    starts = sorted(draw(st.sets(INSTANTS, max_size=2)))
    return Calendar(tuple(Version(each, draw(some_hours())) for each in (EVER, *starts)))


@given(calendars(), INSTANTS, st.integers(0, 20 * 86_400))
def test_what_was_added_is_what_lies_between(kept: Calendar, start: datetime, seconds: int) -> None:
    work = timedelta(seconds=seconds)
    due = kept.add_working(start, work)
    assert kept.working_between(start, due) == work
    if seconds:
        assert kept.working_between(start, due - timedelta(microseconds=1)) < work  # no earlier instant will do


@given(calendars(), INSTANTS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_adding_twice_is_adding_the_sum(kept: Calendar, start: datetime, one: int, other: int) -> None:
    first, second = timedelta(seconds=one), timedelta(seconds=other)
    assert kept.add_working(kept.add_working(start, first), second) == kept.add_working(start, first + second)


@given(calendars(), st.lists(INSTANTS, min_size=3, max_size=3))
def test_stretches_of_time_add_up_and_none_is_longer_than_itself(kept: Calendar, instants: list[datetime]) -> None:
    a, b, c = sorted(instants)
    assert kept.working_between(a, b) + kept.working_between(b, c) == kept.working_between(a, c)
    assert timedelta(0) <= kept.working_between(a, c) <= c - a


@given(calendars(), INSTANTS, INSTANTS, st.integers(0, 10**6))
def test_who_starts_later_is_never_due_earlier(kept: Calendar, a: datetime, b: datetime, seconds: int) -> None:
    early, late = sorted((a, b))
    work = timedelta(seconds=seconds)
    assert kept.add_working(early, work) <= kept.add_working(late, work)


@given(calendars(), INSTANTS, st.integers(1, 25), st.integers(1, 25))
def test_counted_days_are_the_days_between_and_add_up(kept: Calendar, start: datetime, one: int, other: int) -> None:
    began = kept.day_of(start)
    due = kept.add_working_days(began, start, one)
    later = kept.add_working_days(began, due, other)
    if len({version.hours.zone for version in kept.versions}) == 1:  # an office that moves may meet a day's close twice
        assert kept.working_days_between(began, start, due) == one
        assert later == kept.add_working_days(began, start, one + other)
    assert later > due > start


@given(some_hours(), INSTANTS)
def test_open_is_what_a_walk_by_minutes_finds(hours_: Hours, start: datetime) -> None:
    """A day and a half, walked minute by minute beside the highest time that the wall has shown: no code is shared."""
    zone = ZoneInfo(hours_.zone)
    start = start.replace(second=0, microsecond=0)
    kept = Calendar((Version(EVER, hours_),))
    shown = datetime(1, 1, 1)  # noqa: DTZ001  the wall's highest time so far: what is skipped is passed at once, what is repeated is over
    minute, found = start - timedelta(hours=30), 0
    while minute < start + timedelta(hours=36):
        shown = max(shown, minute.astimezone(zone).replace(tzinfo=None))
        if minute >= start:
            for back in (0, 1, 2):
                day = shown.date() - timedelta(days=back)
                second = (shown - datetime.combine(day, datetime.min.time())).total_seconds()
                if any(each.start_s <= second < each.end_s for each in _by_minutes(hours_.openings(day))):
                    found += 60
                    break
        minute += timedelta(minutes=1)
    by_minutes = Calendar((Version(EVER, _whole_minutes(hours_)),))
    assert by_minutes.working_between(start, start + timedelta(hours=36)) == timedelta(seconds=found)
    assert kept.is_open(start) is any(span.start <= start for span in kept.spans(start, start + timedelta(seconds=1)))


def _by_minutes(openings: tuple[Opening, ...]) -> list[Opening]:
    return [Opening(each.start_s, max(each.end_s // 60 * 60, each.start_s + 60)) for each in openings]


def _whole_minutes(hours_: Hours) -> Hours:
    return Hours(
        hours_.zone,
        tuple(tuple(_by_minutes(day)) for day in hours_.week),
        hours_.ramadan_week,
        {day: tuple(_by_minutes(own)) for day, own in hours_.days.items()},
    )


def test_hours_around_the_clock_count_like_time_and_come_to_an_end() -> None:
    always = Calendar(
        (Version(datetime(2026, 1, 1, tzinfo=UTC), Hours("Africa/Cairo", week((opening("00:00", "00:00"),)))),)
    )
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for time in (
        timedelta(hours=1),
        timedelta(days=7),
        timedelta(days=400, microseconds=1),
    ):  # clocks change twice in it
        assert always.add_working(start, time) == start + time
        assert always.working_between(start, start + time) == time
    assert always.next_open(start) == start
    assert always.is_open(start)
    assert [(span.start, span.end) for span in always.spans(start, start + timedelta(days=30))] == [
        (start, start + timedelta(days=30))
    ]
    endless = list(islice(always.spans(start), 5))
    assert all(one.end == following.start for one, following in pairwise(endless))

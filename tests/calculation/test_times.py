"""Days and moments in Belgium: summer time, short months, public holidays."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdiag.calculation import times


def day(text: str) -> int:
    """Give the ordinal of a day."""
    return dt.date.fromisoformat(text).toordinal()


def written(ordinal: int) -> str:
    """Write a day."""
    return dt.date.fromordinal(ordinal).isoformat()


def moment(text: str) -> int:
    """Give the seconds of a moment with an offset."""
    return times.seconds_of(dt.datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "hours"), [("2025-11-20", 24), ("2025-03-30", 23), ("2025-10-26", 25)]
)
def test_a_day_is_as_long_as_it_is_in_belgium(text: str, hours: int) -> None:
    """A day has 24 hours, but 23 and 25 when the clock is changed."""
    first, last = times.start_of_day(day(text)), times.end_of_day(day(text))
    assert last - first + 1 == hours * 3600


@given(st.integers(day("1950-01-01"), day("2100-01-01")))
def test_a_day_holds_its_own_moments(ordinal: int) -> None:
    """The first and the last second of a day lie in it, and the next day follows at once."""
    first, last = times.start_of_day(ordinal), times.end_of_day(ordinal)
    assert times.day_of(first) == times.day_of(last) == ordinal
    assert times.start_of_day(ordinal + 1) == last + 1


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2025-01-31", 1, "2025-02-28"), ("2024-01-31", 1, "2024-02-29"),
        ("2025-03-31", -1, "2025-02-28"), ("2025-11-20", 12, "2026-11-20"),
        ("2025-12-15", 1, "2026-01-15"), ("2025-11-20", 0, "2025-11-20"),
    ],
)  # fmt: skip
def test_months_end_when_they_end(start: str, count: int, end: str) -> None:
    """A month later is the same day, or the last one of a shorter month."""
    assert written(times.add_months(day(start), count)) == end


def test_a_month_later_is_the_same_time_on_the_clock() -> None:
    """Months move a moment along the wall clock, also over the end of summer time."""
    later = times.add_months_to_moment(moment("2025-10-20T12:00:00+02:00"), 1)
    assert later == moment("2025-11-20T12:00:00+01:00")


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2025-11-20", 1, "2025-11-21"), ("2025-11-21", 1, "2025-11-24"),
        ("2025-11-22", 0, "2025-11-24"), ("2025-11-20", 0, "2025-11-20"),
        ("2025-11-10", 1, "2025-11-12"), ("2025-12-24", 2, "2025-12-29"),
        ("2025-11-24", -1, "2025-11-21"),
    ],
)  # fmt: skip
def test_working_days_leave_out_weekends_and_holidays(start: str, count: int, end: str) -> None:
    """Saturdays, Sundays, 11 November and Christmas are no working days."""
    assert written(times.add_working_days(day(start), count)) == end


@given(st.integers(day("2020-01-01"), day("2030-01-01")), st.integers(1, 40))
def test_working_days_are_counted_as_they_are_added(start: int, count: int) -> None:
    """So many working days later lie so many working days between."""
    end = times.add_working_days(start, count)
    assert times.working_days_between(start, end) == count
    assert times.working_days_between(end, start) == -count
    assert times.is_working_day(end)


def test_days_stay_between_the_years_1900_and_2200() -> None:
    """Moving a day never leaves the calendar."""
    assert times.add_days(times.LAST_DAY, 10**9) == times.LAST_DAY
    assert times.add_days(times.FIRST_DAY, -(10**9)) == times.FIRST_DAY
    assert times.add_months(times.LAST_DAY, 10**6) == times.LAST_DAY
    assert times.add_months(times.FIRST_DAY, -(10**6)) == times.FIRST_DAY
    assert times.add_working_days(times.LAST_DAY, 5) == times.LAST_DAY


def test_parts_of_a_day() -> None:
    """First and last day of the month, its length, month and year."""
    found = day("2024-02-10")
    assert written(times.month_start(found)) == "2024-02-01"
    assert written(times.month_end(found)) == "2024-02-29"
    assert times.days_in_month(found) == 29
    assert (times.month_of(found), times.year_of(found)) == (2, 2024)

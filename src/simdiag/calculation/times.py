"""Days, moments and months in Belgium.

Moments are seconds since 1970 UTC, days are proleptic ordinals (``datetime.date.toordinal``). The
clock is never read here.
"""

from __future__ import annotations

import calendar
import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY_SECONDS = 86_400
FIRST_DAY = dt.date(1900, 1, 1).toordinal()
LAST_DAY = dt.date(2199, 12, 31).toordinal()


def seconds_of(moment: dt.datetime) -> int:
    """Give the seconds of an aware date-time."""
    return int((moment - _EPOCH).total_seconds())


def moment_of(seconds: int) -> dt.datetime:
    """Give the local date-time in Brussels of a number of seconds; stays between 1900 and 2199."""
    within = min(max(seconds, start_of_day(FIRST_DAY)), end_of_day(LAST_DAY))
    return (_EPOCH + dt.timedelta(seconds=within)).astimezone(BRUSSELS)


@lru_cache(maxsize=4096)
def start_of_day(day: int) -> int:
    """Give the first second of a day in Brussels."""
    return seconds_of(dt.datetime.combine(_date(day), dt.time(), BRUSSELS))


@lru_cache(maxsize=4096)
def end_of_day(day: int) -> int:
    """Give the last second of a day in Brussels."""
    return seconds_of(dt.datetime.combine(_date(day), dt.time(23, 59, 59), BRUSSELS))


@lru_cache(maxsize=4096)
def day_of(seconds: int) -> int:
    """Give the day in Brussels of a moment."""
    return moment_of(seconds).date().toordinal()


def _clamp(day: int) -> int:
    return min(max(day, FIRST_DAY), LAST_DAY)


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(_clamp(day))


def add_days(day: int, count: int) -> int:
    """Move a day by whole days; stays between the years 1900 and 2199."""
    return _clamp(day + count)


def add_months(day: int, count: int) -> int:
    """Move a day by months, to the last day of a month that is too short."""
    date = _date(day)
    month_index = date.year * 12 + date.month - 1 + count
    year, month = divmod(month_index, 12)
    if not dt.MINYEAR < year < dt.MAXYEAR:
        return _clamp(LAST_DAY if count > 0 else FIRST_DAY)
    last = calendar.monthrange(year, month + 1)[1]
    return _clamp(dt.date(year, month + 1, min(date.day, last)).toordinal())


def add_months_to_moment(seconds: int, count: int) -> int:
    """Move a moment by months, keeping the time of day on the wall clock in Brussels."""
    local = moment_of(seconds)
    day = dt.date.fromordinal(add_months(local.date().toordinal(), count))
    return seconds_of(dt.datetime.combine(day, local.timetz().replace(tzinfo=None), BRUSSELS))


def days_in_month(day: int) -> int:
    """Give the number of days of the month in which a day lies."""
    date = _date(day)
    return calendar.monthrange(date.year, date.month)[1]


def month_start(day: int) -> int:
    """Give the first day of a month."""
    return _date(day).replace(day=1).toordinal()


def month_end(day: int) -> int:
    """Give the last day of a month."""
    return month_start(day) + days_in_month(day) - 1


def year_of(day: int) -> int:
    """Give the calendar year of a day."""
    return _date(day).year


def month_of(day: int) -> int:
    """Give the month of a day, 1 to 12."""
    return _date(day).month


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[int]:
    # Heavy to import and only needed for working days.
    from holidays.countries.belgium import Belgium  # noqa: PLC0415 - see above

    days = Belgium(years=year)  # type: ignore[no-untyped-call]
    return frozenset(day.toordinal() for day in days)


@lru_cache(maxsize=8192)
def is_working_day(day: int) -> bool:
    """Say whether a day is neither at a weekend nor a Belgian public holiday."""
    date = _date(day)
    saturday = 5
    return date.weekday() < saturday and day not in _holidays(date.year)


def add_working_days(day: int, count: int) -> int:
    """Move a day by working days; by 0 to the same day if it is one, else to the next."""
    step = -1 if count < 0 else 1
    left = abs(count)
    current = _clamp(day)
    while left or not is_working_day(current):
        if not FIRST_DAY < current < LAST_DAY:
            return current
        current += step
        if is_working_day(current):
            left = max(left - 1, 0)
    return current


def working_days_between(first: int, last: int) -> int:
    """Count the working days after ``first`` to ``last``; negative if ``last`` is earlier."""
    if last < first:
        return -working_days_between(last, first)
    stop = min(last, first + 40_000)
    return sum(1 for day in range(first + 1, stop + 1) if is_working_day(day))

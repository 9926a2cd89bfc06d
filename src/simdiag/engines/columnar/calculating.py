"""Arithmetic and functions of the language over columns.

What is common is done with whole columns; every other function is applied once to each different
combination of values, by the very code that the other engines use.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from simdiag.calculation import times
from simdiag.calculation.functions import FUNCTIONS
from simdiag.engines.columnar.columns import (
    ABSENT,
    FAR,
    KNOWN,
    OPEN,
    Column,
    Ends,
    Mask,
    Pool,
    Truths,
    decode,
    encode,
    shared_maybe,
    shared_tag,
)
from simdiag.engines.columnar.editing import edit_counts
from simdiag.errors import EngineFailure
from simdiag.model.values import Kind, SlotType, Value

_FIRST: Final = dt.date(1996, 1, 1).toordinal()
_LAST: Final = dt.date(2199, 12, 30).toordinal()
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_USUAL_SECOND: Final = (_FIRST - _EPOCH + 1) * times.DAY_SECONDS
_SAFE: Final = 1 << 60
_FURTHEST: Final = 12_000
# Days over which it is worth while to count the working days one by one.
_YEARS: Final = 20_000


class TooLarge(EngineFailure):
    """A product left the range of whole numbers that columns hold."""


@lru_cache(maxsize=1)
def _midnights() -> Ends:
    """Give the first second of each day from 1996 on, when summer time got its present rule."""
    days = np.arange(_FIRST, _LAST + 2)
    summer = np.zeros(len(days), np.bool_)
    for year in range(1996, 2200):
        # The clock changes after midnight on the last Sundays of March and October.
        begin, end = (_last_sunday(year, month) - _FIRST for month in (3, 10))
        summer[begin + 1 : end + 1] = True
    return (days - _EPOCH) * times.DAY_SECONDS - np.where(summer, 7200, 3600)


def _last_sunday(year: int, month: int) -> int:
    last = dt.date(year, month, 31)
    return last.toordinal() - (last.weekday() + 1) % 7


def _by_days(days: Ends, scalar: Callable[[int], int], shift: int) -> Ends:
    """Look up a second of each day; days before 1996 go through the calendar one by one."""
    inside = (days >= _FIRST) & (days <= _LAST)
    if inside.all():
        return _midnights()[days - _FIRST + shift] - shift
    found = _midnights()[np.where(inside, days - _FIRST, 0) + shift] - shift
    for place in np.flatnonzero(~inside).tolist():
        day = int(days[place])
        found[place] = day if abs(day) >= FAR else scalar(day)
    return found


def first_seconds(days: Ends) -> Ends:
    """Give the first second of days."""
    return _by_days(days, times.start_of_day, 0)


def last_seconds(days: Ends) -> Ends:
    """Give the last second of days."""
    return _by_days(days, times.end_of_day, 1)


def days_of(seconds: Ends) -> Ends:
    """Give the days of moments."""
    midnights = _midnights()
    inside = (seconds >= midnights[0]) & (seconds < midnights[-1])
    found: Ends = np.searchsorted(midnights, seconds, "right") - 1 + _FIRST
    if not inside.all():
        for place in np.flatnonzero(~inside).tolist():
            second = int(seconds[place])
            far = abs(second) >= FAR
            found[place] = second if far else times.day_of(second)
    return found


def as_moments(column: Column) -> Column:
    """Give days as the intervals of their moments; moments as they are."""
    if column.type.kind is not Kind.DATE:
        return column
    low, high = ends_of(column)
    return Column(
        MOMENT,
        column.tag,
        first_seconds(_known(low, column, _FIRST)),
        last_seconds(_known(high, column, _FIRST)),
        maybe=column.maybe,
        far=column.far,
    )


def _known(ends: Ends, column: Column, usual: int) -> Ends:
    """Put a usual value where none is known, so that the slow way is not taken for nothing."""
    if column.tag is None:
        return ends
    return np.where(column.tag == KNOWN, ends, usual)


MOMENT: Final = SlotType(Kind.DATETIME)


def ends_of(column: Column) -> tuple[Ends, Ends]:
    """Give both ends of numbers."""
    assert column.low is not None  # noqa: S101 - asked of numbers only
    assert column.high is not None  # noqa: S101 - likewise
    return column.low, column.high


def _limited(ends: Ends, *, far: bool) -> Ends:
    return np.clip(ends, -FAR, FAR) if far else ends


def arithmetic(symbol: str, left: Column, right: Column, result: SlotType) -> Column:
    """Add, subtract or multiply.

    Raises:
        TooLarge: A product is beyond what columns hold.
    """
    tag, maybe = shared_tag((left, right)), shared_maybe((left, right))
    if tag is not None and maybe is not None:
        maybe = maybe & (tag == KNOWN)
    far = left.far or right.far
    scale = 1
    if left.type.kind is Kind.DATE and right.type.kind is Kind.DATE:
        scale = times.DAY_SECONDS
    else:
        left, right = as_moments(left), as_moments(right)
    (low, high), (other_low, other_high) = ends_of(left), ends_of(right)
    exact = low is high and other_low is other_high
    if symbol == "*":
        return Column(result, tag, *_products(left, right), maybe=maybe, far=far)
    if symbol == "+":
        lows = _sum(low, other_low, far=far)
        highs = lows if exact else _sum(high, other_high, far=far)
    else:
        lows = _sum(low, -other_high, far=far)
        highs = lows if exact else _sum(high, -other_low, far=far)
    if scale != 1:
        lows = _limited(lows * scale, far=False) if not far else _scaled(lows, scale)
        highs = lows if exact else (highs * scale if not far else _scaled(highs, scale))
    return Column(result, tag, lows, highs, maybe=maybe, far=far)


def _scaled(ends: Ends, scale: int) -> Ends:
    return np.where(np.abs(ends) >= FAR, ends, ends * scale)


def _sum(left: Ends, right: Ends, *, far: bool) -> Ends:
    if not far:
        return left + right
    found = left + right
    for end in (left, right):
        found = np.where(np.abs(end) >= FAR, np.sign(end) * FAR, found)
    return found


def _products(left: Column, right: Column) -> tuple[Ends, Ends]:
    return _corners(left, right, _product)


def _product(left: Ends, right: Ends) -> Ends:
    if left.size and right.size:
        large = float(np.abs(left).max()) * float(np.abs(right).max())
        if large > _SAFE:
            raise TooLarge("a product of two numbers is too large for columns")
    return left * right


def _corners(
    left: Column, right: Column, function: Callable[[Ends, Ends], Ends]
) -> tuple[Ends, Ends]:
    """Apply a function to all pairs of ends, as it may rise or fall; infinite ends give no end."""
    (low, high), (other_low, other_high) = ends_of(left), ends_of(right)
    if left.far or right.far:
        far = np.abs(low) >= FAR
        for end in (high, other_low, other_high):
            far = far | (np.abs(end) >= FAR)
        clean = [np.where(far, 1, end) for end in (low, high, other_low, other_high)]
        found = [function(x, y) for x in clean[:2] for y in clean[2:]]
        lows = np.where(far, -FAR, np.minimum.reduce(found))
        return lows, np.where(far, FAR, np.maximum.reduce(found))
    if low is high and other_low is other_high:
        only = function(low, other_low)
        return only, only
    found = [function(x, y) for x in (low, high) for y in (other_low, other_high)]
    return np.minimum.reduce(found), np.maximum.reduce(found)


def _rounded(numerator: Ends, denominator: Ends, mode: str) -> Ends:
    quotient, rest = np.divmod(np.abs(numerator), np.abs(denominator))
    if mode == "up":
        quotient = quotient + (rest != 0)
    elif mode == "half_up":
        quotient = quotient + (2 * rest >= np.abs(denominator))
    return np.where((numerator < 0) == (denominator < 0), quotient, -quotient)


# Functions ---------------------------------------------------------------------------------------


def call(
    function: str,
    arguments: Sequence[Column],
    extra: tuple[int | str, ...],
    result: SlotType,
    pool: Pool,
) -> Column:
    """Apply a function of the language to columns.

    Raises:
        TooLarge: A product is beyond what columns hold.
    """
    quick = _QUICK.get(function)
    found = None
    limited = function in _UNLIMITED or not any(column.far for column in arguments)
    if quick is not None and limited:
        found = quick(arguments, extra)
    if found is not None:
        found.type = result
        found.far = any(column.far for column in arguments)
        tag = shared_tag(arguments)
        if tag is not None:
            found.tag = tag if found.tag is None else np.where(tag == KNOWN, found.tag, tag)
        maybe = shared_maybe(arguments)
        if maybe is not None:
            _flag(found, maybe if tag is None else maybe & (tag == KNOWN))
        return found
    return _each_once(function, arguments, extra, result, pool)


def _each_once(
    function: str,
    arguments: Sequence[Column],
    extra: tuple[int | str, ...],
    result: SlotType,
    pool: Pool,
) -> Column:
    """Apply a function once to each different combination of known values."""
    tag, maybe = shared_tag(arguments), shared_maybe(arguments)
    size = max((column.size for column in arguments), default=1)
    size = 0 if any(column.size == 0 for column in arguments) else size
    known: Mask = np.ones(size, np.bool_) if tag is None else np.broadcast_to(tag == KNOWN, size)
    places = np.flatnonzero(known)
    parts = [np.broadcast_to(part, size)[places] for part in _parts(arguments)]
    different, inverse = _distinct(parts, len(places))
    chosen = [
        tuple(decode(column, place, pool) for column in arguments)
        for place in places[different].tolist()
    ]
    values: list[Value] = []
    if function == "edits" and chosen:
        lefts, rights = ([str(text) for text in side] for side in zip(*chosen, strict=True))
        found = numbers(edit_counts(lefts, rights), result)
    else:
        values = [FUNCTIONS[function].apply(*given, *extra) for given in chosen]
        found = encode(values, result, pool)
    spread = np.zeros(size, np.int64)
    spread[places] = inverse
    if not chosen:
        return Column(result, _full(tag, size), *_blank(result, size))
    whole = found.take_first(spread)
    if tag is not None:
        own = whole.tags()
        whole.tag = np.where(known, own, np.broadcast_to(tag, size))
        if whole.code is not None:
            whole.code = np.where(known, whole.code, 0)
    if maybe is not None:
        _flag(whole, maybe & known)
    return whole


def _full(tag: Truths | None, size: int) -> Truths | None:
    return None if tag is None else np.broadcast_to(tag, size).copy()


def _blank(result: SlotType, size: int) -> tuple[Ends | None, Ends | None, Ends | None]:
    nothing = np.zeros(size, np.int64)
    if result.kind in {Kind.TEXT, Kind.BOOLEAN, Kind.CHOICE}:
        return None, None, nothing
    return nothing, nothing, None


def _flag(column: Column, maybe: Mask) -> None:
    """Carry over that there may be no number at all; what is no number is unknown then."""
    if column.low is not None:
        absent = column.tags() != KNOWN
        column.tag = np.where(absent & maybe, np.int8(OPEN), column.tags())
        column.maybe = np.broadcast_to(maybe, column.size) & ~absent
        return
    column.tag = np.where(maybe, np.minimum(column.tags(), np.int8(OPEN)), column.tags())


def _parts(arguments: Sequence[Column]) -> list[Ends]:
    found: list[Ends] = []
    for column in arguments:
        for part in (column.low, column.high, column.code, column.bits):
            if part is not None and not any(part is other for other in found):
                found.append(part)
        if column.maybe is not None:
            found.append(column.maybe.view(np.int8))
    return found


def _distinct(parts: Sequence[Ends], count: int) -> tuple[Ends, Ends]:
    """Give the places of different combinations, and for each place the number of its one."""
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    combined = np.zeros(count, np.int64)
    for part in parts:
        _, own = np.unique(part, return_inverse=True)
        _, combined = np.unique(combined * (int(own.max()) + 1) + own, return_inverse=True)
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return first, inverse


# What gives the right ends for infinite ones too.
_UNLIMITED: Final = frozenset({"least", "greatest", "abs"})

Quick = Callable[[Sequence[Column], tuple[int | str, ...]], Column | None]


def _rising(function: Callable[[Ends], Ends], usual: int) -> Quick:
    """Lift a function that never falls to columns."""

    def lifted(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
        (column,) = arguments
        low, high = ends_of(column)
        first = function(_known(low, column, usual))
        last = first if low is high else function(_known(high, column, usual))
        return Column(MOMENT, None, first, last)

    return lifted


def _add_days(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
    (low, high), (count_low, count_high) = map(ends_of, arguments)
    exact = low is high and count_low is count_high
    lows = np.clip(low + count_low, times.FIRST_DAY, times.LAST_DAY)
    highs = lows if exact else np.clip(high + count_high, times.FIRST_DAY, times.LAST_DAY)
    return Column(MOMENT, None, lows, highs)


def _days_between(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
    (low, high), (last_low, last_high) = map(ends_of, arguments)
    exact = low is high and last_low is last_high
    lows = last_low - high
    return Column(MOMENT, None, lows, lows if exact else last_high - low)


def _working_days_between(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column | None:
    (low, high), (last_low, last_high) = map(ends_of, arguments)
    ends = np.concatenate([low, high, last_low, last_high])
    ends = ends[ends > 0]
    if not len(ends) or ends.max() - ends.min() > _YEARS:
        return None
    days = range(int(ends.min()), int(ends.max()) + 1)
    worked = np.cumsum(np.fromiter(map(times.is_working_day, days), np.int64, len(days)))

    def count(first: Ends, last: Ends) -> Ends:
        limits = (days.start, days.stop - 1)
        found: Ends = worked[np.clip(last, *limits) - days.start]
        return found - worked[np.clip(first, *limits) - days.start]

    exact = low is high and last_low is last_high
    lows = count(high, last_low)
    return Column(MOMENT, None, lows, lows if exact else count(low, last_high))


def _add_months(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
    (low, high), (count_low, count_high) = map(ends_of, arguments)
    exact = low is high and count_low is count_high
    lows = _moved(low, count_low)
    return Column(MOMENT, None, lows, lows if exact else _moved(high, count_high))


def _moved(days: Ends, months: Ends) -> Ends:
    """Move days by months, to the last day of a month that is too short."""
    day = (np.clip(days, times.FIRST_DAY, times.LAST_DAY) - _EPOCH).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    # Further than the calendar reaches is as far as it reaches.
    moved = month + np.clip(months, -_FURTHEST, _FURTHEST).astype("timedelta64[M]")
    first = moved.astype("datetime64[D]")
    last = (moved + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    found = np.minimum(first + (day - month.astype("datetime64[D]")), last)
    ordinals = found.astype(np.int64) + _EPOCH
    return np.clip(ordinals, times.FIRST_DAY, times.LAST_DAY)


def _absolute(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
    low, high = ends_of(arguments[0])
    if low is high:
        found = np.abs(low)
        return Column(MOMENT, None, found, found)
    lows = np.where(low >= 0, low, np.where(high <= 0, -high, 0))
    return Column(MOMENT, None, lows, np.maximum(np.abs(low), np.abs(high)))


def _extreme(pick: Callable[[Ends, Ends], Ends]) -> Quick:
    def lifted(arguments: Sequence[Column], _: tuple[int | str, ...]) -> Column:
        (low, high), (other_low, other_high) = map(ends_of, arguments)
        exact = low is high and other_low is other_high
        lows = pick(low, other_low)
        return Column(MOMENT, None, lows, lows if exact else pick(high, other_high))

    return lifted


def _scale(arguments: Sequence[Column], extra: tuple[int | str, ...]) -> Column:
    mode, places = str(extra[0]), int(extra[1])
    unit = np.full(1, 10**places, np.int64)

    def scaled(value: Ends, factor: Ends) -> Ends:
        return _rounded(_product(value, factor), unit, mode)

    return Column(MOMENT, None, *_corners(arguments[0], arguments[1], scaled))


def _divide(arguments: Sequence[Column], extra: tuple[int | str, ...]) -> Column:
    left, right = arguments
    low, high = ends_of(right)
    zero = (low <= 0) & (high >= 0)
    tag = None
    if zero.any():
        tag = np.where(zero, np.where(low == high, ABSENT, OPEN), KNOWN).astype(np.int8)
        clean_low = np.where(zero, 1, low)
        clean_high = clean_low if low is high else np.where(zero, 1, high)
        right = Column(right.type, None, clean_low, clean_high)
    mode = str(extra[0])
    found = Column(MOMENT, None, *_corners(left, right, lambda x, y: _rounded(x, y, mode)))
    if tag is not None:
        found.tag = np.broadcast_to(tag, found.size).copy()
    return found


_QUICK: Final[dict[str, Quick]] = {
    "date": _rising(days_of, _USUAL_SECOND),
    "start_of": _rising(first_seconds, _FIRST),
    "end_of": _rising(last_seconds, _FIRST),
    "add_days": _add_days,
    "add_months": _add_months,
    "days_between": _days_between,
    "working_days_between": _working_days_between,
    "abs": _absolute,
    "least": _extreme(np.minimum),
    "greatest": _extreme(np.maximum),
    "scale": _scale,
    "divide": _divide,
}


def constant(value: Value, slot_type: SlotType, pool: Pool) -> Column:
    """Give a column with one element for all facts."""
    return encode([value], slot_type, pool)


def numbers(values: Ends, slot_type: SlotType) -> Column:
    """Give known exact numbers as a column."""
    return Column(slot_type, None, values, values)

"""What columns compute is what the language computes, value by value."""

from __future__ import annotations

import random

import numpy as np

from simdiag.calculation import times
from simdiag.calculation.functions import edit_count
from simdiag.engines.columnar.calculating import call, days_of, first_seconds, last_seconds
from simdiag.engines.columnar.columns import Pool, decode, encode
from simdiag.engines.columnar.editing import edit_counts
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    Kind,
    SlotType,
    Value,
)


def test_days_begin_and_end_as_in_the_calendar() -> None:
    """First and last seconds of days from 1900 to 2199 are those of the calendar of Brussels."""
    chance = random.Random(1)
    days = np.array([chance.randint(times.FIRST_DAY, times.LAST_DAY) for _ in range(3000)])
    around = np.array([times.day_of(each) for each in (1_711_846_800, 1_761_440_400)])
    days = np.concatenate([days, around - 1, around, around + 1])
    assert first_seconds(days).tolist() == [times.start_of_day(day) for day in days.tolist()]
    assert last_seconds(days).tolist() == [times.end_of_day(day) for day in days.tolist()]


def test_moments_lie_on_the_days_of_the_calendar() -> None:
    """The day of a moment is that of the wall clock in Brussels, on days of change too."""
    chance = random.Random(2)
    moments = np.array([chance.randint(0, 4_000_000_000) for _ in range(3000)])
    edges = first_seconds(np.arange(739_300, 739_600))
    moments = np.concatenate([moments, edges - 1, edges, edges + 1])
    assert days_of(moments).tolist() == [times.day_of(each) for each in moments.tolist()]


def test_months_are_added_as_in_the_calendar() -> None:
    """Days move by months as the function of the language moves them, to the limits as well."""
    chance = random.Random(4)
    kinds = SlotType(Kind.DATE), SlotType(Kind.INTEGER)
    days = [chance.randint(times.FIRST_DAY, times.LAST_DAY) for _ in range(2000)]
    months = [chance.choice((0, 1, -1, 3, 12, 13, -30, 5000, -5000)) for _ in days]
    columns = [
        encode([Interval(each, each) for each in values], kind, Pool())
        for values, kind in zip((days, months), kinds, strict=True)
    ]
    found = call("add_months", columns, (), kinds[0], Pool())
    assert found.low is not None
    assert found.low.tolist() == list(map(times.add_months, days, months))


def test_typing_errors_are_counted_alike() -> None:
    """The distance of many pairs at once is that of each pair, for any characters."""
    chance = random.Random(3)
    letters = "aab0ß 12中"
    texts = ["".join(chance.choices(letters, k=chance.randint(0, 9))) for _ in range(800)]
    texts += ["x" * 70, "x" * 63 + "yy"]
    lefts, rights = texts[::2], texts[1::2]
    assert edit_counts(lefts, rights).tolist() == [
        edit_count(left, right) for left, right in zip(lefts, rights, strict=True)
    ]


def test_values_come_back_from_columns() -> None:
    """Every kind of value, absent ones too, is read from a column as it was written."""
    held: list[tuple[SlotType, list[Value]]] = [
        (SlotType(Kind.BOOLEAN), [True, False]),
        (SlotType(Kind.TEXT), ["", "Text", "text"]),
        (SlotType(Kind.SET, choices=("a", "b", "c")), [frozenset(), frozenset({"a", "c"})]),
        (
            SlotType(Kind.MONEY),
            [Interval(-5, 10), Interval(3, 3, maybe_absent=True), Interval(-INFINITE, INFINITE)],
        ),
    ]
    for slot_type, values in held:
        every: list[Value] = [*values, UNKNOWN_VALUE, NOT_APPLICABLE]
        pool = Pool()
        column = encode(every, slot_type, pool)
        assert [decode(column, place, pool) for place in range(len(every))] == every

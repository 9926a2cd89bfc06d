"""Functions of the language: each example by hand, each interval sound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simdiag.calculation import times
from simdiag.calculation.functions import (
    FUNCTIONS,
    arithmetic_type,
    calculate,
    edit_count,
    iban_is_valid,
    phone_is_valid,
    reference_is_valid,
    round_quotient,
    text_key,
)
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    Kind,
    SlotType,
    exactly,
)

DAY = dt.date(2025, 11, 20).toordinal()
NOON = times.start_of_day(DAY) + 43_200
days = st.integers(DAY - 800, DAY + 800)
moments = st.integers(NOON - 40_000_000, NOON + 40_000_000)
numbers = st.integers(-50, 50)

# What each function takes, and what its extra arguments are.
TAKES: dict[str, tuple[list[st.SearchStrategy[int]], tuple[Any, ...]]] = {
    "date": ([moments], ()),
    "start_of": ([days], ()),
    "end_of": ([days], ()),
    "add_days": ([days, numbers], ()),
    "add_months": ([days, numbers], ()),
    "add_months_to_moment": ([moments, numbers], ()),
    "add_working_days": ([days, st.integers(-6, 6)], ()),
    "days_between": ([days, days], ()),
    "working_days_between": ([days, days], ()),
    "days_in_month": ([days], ()),
    "month_start": ([days], ()),
    "month_end": ([days], ()),
    "year": ([days], ()),
    "month": ([days], ()),
    "divide": ([numbers, numbers], ("half_up",)),
    "scale": ([numbers, numbers], ("down", 1)),
    "least": ([numbers, numbers], ()),
    "greatest": ([numbers, numbers], ()),
    "abs": ([numbers], ()),
}


def test_every_function_of_numbers_is_tried() -> None:
    """The table above knows every function but those of texts."""
    texts = {"reference_valid", "iban_valid", "phone_valid", "digits", "prefix", "edits"}
    assert TAKES.keys() == FUNCTIONS.keys() - texts


@pytest.mark.parametrize("name", sorted(TAKES))
@given(data=st.data())
def test_an_interval_holds_the_result_for_every_number_in_it(
    name: str, data: st.DataObject
) -> None:
    """Whatever numbers the arguments turn out to be, the result lies in the interval."""
    strategies, extra = TAKES[name]
    apply = FUNCTIONS[name].apply
    inside, around = [], []
    for strategy in strategies:
        low, high = sorted((data.draw(strategy), data.draw(strategy)))
        inside.append(exactly(data.draw(st.integers(low, high))))
        around.append(Interval(low, high))
    point, whole = apply(*inside, *extra), apply(*around, *extra)
    assume(point is not NOT_APPLICABLE)
    if whole is UNKNOWN_VALUE:
        return
    assert isinstance(point, Interval)
    assert isinstance(whole, Interval)
    assert point.low == point.high
    assert whole.low <= point.low <= whole.high


@pytest.mark.parametrize("name", sorted(TAKES))
def test_no_function_fails_at_infinity(name: str) -> None:
    """Unbounded arguments give an interval or no value, never an exception."""
    strategies, extra = TAKES[name]
    found = FUNCTIONS[name].apply(*(Interval(-INFINITE, INFINITE) for _ in strategies), *extra)
    assert found is UNKNOWN_VALUE or isinstance(found, Interval)


@pytest.mark.parametrize("symbol", ["+", "-", "*"])
@given(data=st.data())
def test_arithmetic_holds_every_result(symbol: str, data: st.DataObject) -> None:
    """Sum, difference and product of intervals hold those of the numbers in them."""
    operate: dict[str, Callable[[int, int], int]] = {
        "+": int.__add__,
        "-": int.__sub__,
        "*": int.__mul__,
    }
    pairs = [sorted((data.draw(numbers), data.draw(numbers))) for _ in range(2)]
    x, y = (data.draw(st.integers(low, high)) for low, high in pairs)
    left, right = (Interval(low, high) for low, high in pairs)
    found = calculate(symbol, left, right)
    assert found.low <= operate[symbol](x, y) <= found.high


@pytest.mark.parametrize(
    ("numerator", "denominator", "mode", "result"),
    [
        (5, 2, "half_up", 3), (-5, 2, "half_up", -3), (5, -2, "half_up", -3),
        (5, 2, "down", 2), (-5, 2, "down", -2), (5, 2, "up", 3), (-5, 2, "up", -3),
        (4, 2, "up", 2), (1, 3, "half_up", 0), (2, 3, "half_up", 1), (0, 7, "up", 0),
    ],
)  # fmt: skip
def test_rounding(numerator: int, denominator: int, mode: str, result: int) -> None:
    """Half goes away from nought, down goes to nought, up goes away from it."""
    assert round_quotient(numerator, denominator, mode) == result


def test_division_by_nought_has_no_value() -> None:
    """Division by exactly nought does not apply; by something that may be nought is unknown."""
    divide = FUNCTIONS["divide"].apply
    assert divide(exactly(5), exactly(0), "down") is NOT_APPLICABLE
    assert divide(exactly(5), Interval(0, 1), "down") is UNKNOWN_VALUE


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [
        ("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("abc", "abxc", 1),
        ("abc", "acb", 1), ("ABC", "abc", 0), ("123456", "132465", 2), ("kitten", "sitting", 3),
        ("a", "", 1),
    ],
)  # fmt: skip
def test_typing_errors(left: str, right: str, count: int) -> None:
    """Wrong, missing, extra and swapped characters count one each, in both directions."""
    assert edit_count(left, right) == edit_count(right, left) == count


def test_texts_are_compared_in_one_form() -> None:
    """Case, width, composition and blanks do not count; accents do."""
    assert text_key(" Ｓim\u00a0 Card ") == text_key("sim card")
    assert text_key("é") == text_key("e\u0301") != text_key("e")


@pytest.mark.parametrize(
    ("check", "text", "valid"),
    [
        (reference_is_valid, "+++123/4567/89002+++", True),
        (reference_is_valid, "123456789002", True),
        (reference_is_valid, "123/4567/89012", False),
        (reference_is_valid, "", False),
        (iban_is_valid, "BE68 5390 0754 7034", True),
        (iban_is_valid, "NL91ABNA0417164300", True),
        (iban_is_valid, "BE68 5390 0754 7035", False),
        (iban_is_valid, "7034", False),
        (phone_is_valid, "0470 12 34 56", True),
        (phone_is_valid, "+86 138 0013 8000", True),
        (phone_is_valid, "0470 12", False),
        (phone_is_valid, "no number", False),
    ],
)
def test_whether_a_number_is_well_formed(
    check: Callable[[str], bool], text: str, *, valid: bool
) -> None:
    """Check digits and lengths decide, not the blanks."""
    assert check(text) is valid


@pytest.mark.parametrize(
    ("symbol", "left", "right", "result"),
    [
        ("-", Kind.DATETIME, Kind.DATETIME, Kind.DURATION),
        ("-", Kind.DATE, Kind.DATETIME, Kind.DURATION),
        ("+", Kind.DATETIME, Kind.DURATION, Kind.DATETIME),
        ("*", Kind.INTEGER, Kind.MONEY, Kind.MONEY),
        ("*", Kind.MONEY, Kind.INTEGER, Kind.MONEY),
        ("*", Kind.MONEY, Kind.MONEY, None),
        ("+", Kind.DATE, Kind.DURATION, None),
        ("+", Kind.DATE, Kind.DATE, None),
        ("+", Kind.MONEY, Kind.INTEGER, None),
    ],
)
def test_what_arithmetic_has_a_meaning(
    symbol: str, left: Kind, right: Kind, result: Kind | None
) -> None:
    """Units fit or the expression has no type."""
    found = arithmetic_type(symbol, SlotType(left), SlotType(right))
    assert (found.kind if found else None) == result

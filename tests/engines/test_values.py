"""Comparisons of values that are known, known in part, unknown or not applicable."""

from __future__ import annotations

import pytest

from simdiag.engines.values import decide
from simdiag.model.conditions import Operator
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    Kind,
    SlotType,
    Value,
    exactly,
)

NUMBER = SlotType(Kind.INTEGER)
TEXT = SlotType(Kind.TEXT)
SET = SlotType(Kind.SET, ("p", "q"))
ALL_OPERATORS = [each for each in Operator if each not in {Operator.KNOWN, Operator.UNKNOWN}]


def outcome(operator: Operator, left: Value, *rights: Value, kind: SlotType = NUMBER) -> Truth:
    """Decide a comparison of values of one type."""
    return decide(operator, left, kind, [(right, kind) for right in rights])


@pytest.mark.parametrize(
    ("operator", "left", "right", "truth"),
    [
        (Operator.BELOW, Interval(1, 4), exactly(5), TRUE),
        (Operator.BELOW, Interval(5, 9), exactly(5), FALSE),
        (Operator.BELOW, Interval(4, 5), exactly(5), UNKNOWN),
        (Operator.AT_MOST, Interval(1, 5), exactly(5), TRUE),
        (Operator.AT_MOST, Interval(6, 9), exactly(5), FALSE),
        (Operator.AT_MOST, Interval(5, 6), exactly(5), UNKNOWN),
        (Operator.ABOVE, Interval(6, INFINITE), exactly(5), TRUE),
        (Operator.ABOVE, Interval(-INFINITE, 5), exactly(5), FALSE),
        (Operator.ABOVE, Interval(5, 6), exactly(5), UNKNOWN),
        (Operator.AT_LEAST, Interval(5, 6), exactly(5), TRUE),
        (Operator.AT_LEAST, Interval(1, 4), exactly(5), FALSE),
        (Operator.AT_LEAST, Interval(4, 5), exactly(5), UNKNOWN),
        (Operator.EQUAL, exactly(5), exactly(5), TRUE),
        (Operator.EQUAL, Interval(1, 4), exactly(5), FALSE),
        (Operator.EQUAL, Interval(4, 6), exactly(5), UNKNOWN),
        (Operator.EQUAL, Interval(4, 6), Interval(4, 6), UNKNOWN),
        (Operator.NOT_EQUAL, Interval(1, 4), exactly(5), TRUE),
        (Operator.NOT_EQUAL, Interval(4, 6), exactly(5), UNKNOWN),
    ],
)
def test_intervals_are_compared_as_a_whole(
    operator: Operator, left: Interval, right: Interval, truth: Truth
) -> None:
    """A comparison is true or false only if it is so for every number of the interval."""
    assert outcome(operator, left, right) is truth


@pytest.mark.parametrize("operator", ALL_OPERATORS)
def test_what_does_not_apply_makes_every_test_false(operator: Operator) -> None:
    """Every comparison of a value that is not applicable is false, the negated ones too."""
    kind = SET if operator in {Operator.HAS_ALL, Operator.HAS_ANY, Operator.HAS_NONE} else TEXT
    assert outcome(operator, NOT_APPLICABLE, "p", kind=kind) is FALSE


@pytest.mark.parametrize("operator", ALL_OPERATORS)
def test_unknown_makes_every_test_unknown(operator: Operator) -> None:
    """Every comparison of an unknown value is unknown."""
    assert outcome(operator, UNKNOWN_VALUE, "p", kind=TEXT) is UNKNOWN


def test_one_of_several_with_an_unknown_among_them() -> None:
    """A known equal value is enough; otherwise an unknown one leaves it open."""
    assert outcome(Operator.IN, exactly(1), exactly(1), UNKNOWN_VALUE) is TRUE
    assert outcome(Operator.IN, exactly(2), exactly(1), UNKNOWN_VALUE) is UNKNOWN
    assert outcome(Operator.NOT_IN, exactly(1), exactly(1), UNKNOWN_VALUE) is FALSE
    assert outcome(Operator.NOT_IN, exactly(2), exactly(1), UNKNOWN_VALUE) is UNKNOWN


@pytest.mark.parametrize("operator", [Operator.BELOW, Operator.EQUAL, Operator.NOT_EQUAL])
def test_a_number_that_may_not_exist_never_makes_true(operator: Operator) -> None:
    """A comparison with the minimum of perhaps nothing is unknown or false, never true."""
    maybe = Interval(1, 1, maybe_absent=True)
    assert outcome(operator, maybe, exactly(5)) < TRUE
    assert outcome(Operator.ABOVE, maybe, exactly(5)) is FALSE


@pytest.mark.parametrize(
    ("left", "right", "truth"),
    [
        ("7034", "BE68539007547034", UNKNOWN),
        ("BE68539007547034", "7034", UNKNOWN),
        ("7034", "7034", UNKNOWN),
        ("7035", "BE68539007547034", FALSE),
        ("BE68539007547034", "BE68539007547034", TRUE),
    ],
)
def test_the_end_of_an_account_number(left: str, right: str, truth: Truth) -> None:
    """An equal end of an account number proves nothing, a different one that it is another."""
    iban = SlotType(Kind.IBAN, fragment=True)
    assert outcome(Operator.EQUAL, left, right, kind=iban) is truth


def test_a_day_beside_a_moment_is_any_moment_of_it() -> None:
    """A date compared with a date-time counts as the interval of that day."""
    day, moment = SlotType(Kind.DATE), SlotType(Kind.DATETIME)
    first_of_1970 = 719163
    noon = 11 * 3600
    assert decide(Operator.BELOW, exactly(first_of_1970), day, [(exactly(noon), moment)]) is UNKNOWN
    later = exactly(noon + 86_400)
    assert decide(Operator.BELOW, exactly(first_of_1970), day, [(later, moment)]) is TRUE

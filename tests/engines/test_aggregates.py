"""Aggregates hold the result for every way in which unknown facts and values can turn out."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from simdiag.engines.aggregates import Contribution, aggregate
from simdiag.model.conditions import AggregateKind
from simdiag.model.truth import FALSE, TRUE, UNKNOWN
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

BOUNDED = SlotType(Kind.INTEGER, minimum=-1, maximum=2)
NUMBERS = range(-1, 3)

values = st.one_of(
    st.just(UNKNOWN_VALUE),
    st.just(NOT_APPLICABLE),
    st.sampled_from([Interval(low, high) for low in NUMBERS for high in NUMBERS if low <= high]),
)
rows = st.lists(
    st.builds(Contribution, st.sampled_from([FALSE, UNKNOWN, TRUE]), values), max_size=4
)


def choices(row: Contribution) -> list[int | None]:
    """Give the numbers that a fact may add in the end; none if it may add nothing."""
    if row.truth is FALSE or row.value is NOT_APPLICABLE:
        return [None]
    ends = row.value if isinstance(row.value, Interval) else BOUNDED.bounds
    numbers: list[int | None] = list(range(int(ends.low), int(ends.high) + 1))
    return numbers if row.truth is TRUE else [*numbers, None]


def holds(found: Value, number: int | None) -> bool:
    """Say whether a computed value allows a result; none stands for no result at all."""
    if number is None:
        return found is NOT_APPLICABLE or (isinstance(found, Interval) and found.maybe_absent)
    return isinstance(found, Interval) and found.low <= number <= found.high


@given(rows)
def test_every_completion_lies_within_the_aggregate(given_rows: list[Contribution]) -> None:
    """Count, sum, minimum, maximum and all-equal hold what every completion gives."""
    found = {kind: aggregate(kind, given_rows, BOUNDED) for kind in AggregateKind}
    for chosen in product(*(choices(row) for row in given_rows)):
        numbers = [number for number in chosen if number is not None]
        assert holds(found[AggregateKind.SUM], sum(numbers))
        assert holds(found[AggregateKind.MINIMUM], min(numbers, default=None))
        assert holds(found[AggregateKind.MAXIMUM], max(numbers, default=None))
        equal = found[AggregateKind.ALL_EQUAL]
        assert equal is UNKNOWN_VALUE or equal is (len(set(numbers)) <= 1)


@given(st.lists(st.sampled_from([FALSE, UNKNOWN, TRUE]), max_size=5))
def test_a_count_runs_from_the_certain_to_the_possible(truths: list[type[object]]) -> None:
    """A count goes from the facts that match to those that may."""
    given_rows = [Contribution(truth, UNKNOWN_VALUE) for truth in truths]  # type: ignore[arg-type]
    found = aggregate(AggregateKind.COUNT, given_rows, BOUNDED)
    assert found == Interval(truths.count(TRUE), len(truths) - truths.count(FALSE))  # type: ignore[arg-type]


def test_unseen_facts_open_the_ends_that_they_can_move() -> None:
    """One unseen fact stands for many: no upper end of a count, no end of a sum beyond bounds."""
    seen = Contribution(TRUE, exactly(2))
    unseen = Contribution(UNKNOWN, UNKNOWN_VALUE, many=True)
    positive = SlotType(Kind.MONEY, minimum=0)
    both = [seen, unseen]
    assert aggregate(AggregateKind.COUNT, both, positive) == Interval(1, INFINITE)
    assert aggregate(AggregateKind.SUM, both, positive) == Interval(2, INFINITE)
    assert aggregate(AggregateKind.SUM, both, BOUNDED) == Interval(-INFINITE, INFINITE)
    assert aggregate(AggregateKind.MAXIMUM, both, positive) == Interval(2, INFINITE)
    assert aggregate(AggregateKind.MINIMUM, both, positive) == Interval(-INFINITE, 2)


def test_of_nothing() -> None:
    """An empty sum and count are 0; an empty minimum and maximum have no value."""
    assert aggregate(AggregateKind.COUNT, [], BOUNDED) == exactly(0)
    assert aggregate(AggregateKind.SUM, [], BOUNDED) == exactly(0)
    assert aggregate(AggregateKind.MINIMUM, [], BOUNDED) is NOT_APPLICABLE
    assert aggregate(AggregateKind.MAXIMUM, [], BOUNDED) is NOT_APPLICABLE
    assert aggregate(AggregateKind.ALL_EQUAL, [], BOUNDED) is True

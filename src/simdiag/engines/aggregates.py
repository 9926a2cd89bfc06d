"""Aggregates over facts that may exist and values that may be unknown: always intervals (S4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simdiag.engines.values import decide
from simdiag.model.conditions import AggregateKind, Operator
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    End,
    Interval,
    SlotType,
    Value,
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One fact as seen by an aggregate.

    Attributes:
        truth: Whether it counts; facts that do not are not given.
        value: What is summed or compared; not read for a count.
        many: Whether it stands for any number of unseen facts.
    """

    truth: Truth
    value: Value
    many: bool = False


def aggregate(
    kind: AggregateKind, contributions: Iterable[Contribution], slot_type: SlotType
) -> Value:
    """Compute an aggregate.

    Args:
        kind: What is computed.
        contributions: The facts that count or may count.
        slot_type: Type of the values, for their declared bounds.

    Returns:
        An interval; ``bool`` or unknown for ``all_equal``; not applicable for the minimum or
        maximum of nothing.
    """
    rows = [row for row in contributions if row.truth is not FALSE]
    if kind is AggregateKind.COUNT:
        return _count(rows)
    rows = [row for row in rows if row.value is not NOT_APPLICABLE]
    if kind is AggregateKind.ALL_EQUAL:
        return _all_equal(rows, slot_type)
    if kind is AggregateKind.SUM:
        return _sum(rows, slot_type)
    return _extreme(kind, rows, slot_type)


def _count(rows: Sequence[Contribution]) -> Interval:
    certain = sum(1 for row in rows if row.truth is TRUE)
    high: End = INFINITE if any(row.many for row in rows) else len(rows)
    return Interval(certain, high)


def _ends(row: Contribution, slot_type: SlotType) -> Interval:
    if isinstance(row.value, Interval):
        return row.value
    return slot_type.bounds


def _sum(rows: Sequence[Contribution], slot_type: SlotType) -> Interval:
    low: End = 0
    high: End = 0
    for row in rows:
        ends = _ends(row, slot_type)
        if row.many:
            low += -INFINITE if ends.low < 0 else 0
            high += INFINITE if ends.high > 0 else 0
        elif row.truth is TRUE and not ends.maybe_absent:
            low, high = low + ends.low, high + ends.high
        else:
            low, high = low + min(0, ends.low), high + max(0, ends.high)
    return Interval(low, high)


def _extreme(kind: AggregateKind, rows: Sequence[Contribution], slot_type: SlotType) -> Value:
    if not rows:
        return NOT_APPLICABLE
    sign = 1 if kind is AggregateKind.MINIMUM else -1
    far: End = INFINITE
    near: End = INFINITE
    certain = False
    for row in rows:
        ends = _ends(row, slot_type)
        low, high = (ends.low, ends.high) if sign > 0 else (-ends.high, -ends.low)
        far = min(far, -INFINITE if row.many else low)
        if row.truth is TRUE and not ends.maybe_absent:
            certain = True
            near = min(near, high)
    if not certain:
        near = max((_mirror(_ends(row, slot_type), sign).high for row in rows), default=INFINITE)
        near = INFINITE if any(row.many for row in rows) else near
    low, high = (far, near) if sign > 0 else (-near, -far)
    return Interval(low, high, maybe_absent=not certain)


def _mirror(ends: Interval, sign: int) -> Interval:
    return ends if sign > 0 else Interval(-ends.high, -ends.low)


def _all_equal(rows: Sequence[Contribution], slot_type: SlotType) -> Value:
    if any(row.many for row in rows):
        certain = [row for row in rows if row.truth is TRUE]
        return False if _some_differ(certain, slot_type) else UNKNOWN_VALUE
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    if all(_same(a, b, slot_type) is TRUE for a, b in pairs):
        return True
    certain = [row for row in rows if row.truth is TRUE]
    return False if _some_differ(certain, slot_type) else UNKNOWN_VALUE


def _same(a: Contribution, b: Contribution, slot_type: SlotType) -> Truth:
    return decide(Operator.EQUAL, a.value, slot_type, [(b.value, slot_type)])


def _some_differ(rows: Sequence[Contribution], slot_type: SlotType) -> bool:
    return any(_same(a, b, slot_type) is FALSE for i, a in enumerate(rows) for b in rows[i + 1 :])

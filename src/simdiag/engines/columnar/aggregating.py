"""Aggregates over the facts of each element; the same meaning as :mod:`simdiag.engines.aggregates`.

Facts come sorted by their element, so every sum and extreme is one pass over segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simdiag.engines.columnar.calculating import ends_of
from simdiag.engines.columnar.columns import (
    ABSENT,
    FAR,
    KNOWN,
    NO,
    OPEN,
    YES,
    Codes,
    Column,
    Ends,
    Index,
    Mask,
    Truths,
)
from simdiag.errors import NotYet
from simdiag.model.conditions import AggregateKind
from simdiag.model.values import Kind, SlotType

if TYPE_CHECKING:
    from simdiag.engines.columnar.comparing import Comparer
    from simdiag.engines.columnar.nodes import AggregateNode

_TRUE = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """The facts that count, or may.

    Attributes:
        places: For each fact its element, in order.
        size: How many elements there are.
        truth: Whether each fact counts.
        many: Which facts stand for any number of unseen ones.
    """

    places: Index
    size: int
    truth: Truths
    many: Mask

    def some(self, at: Index) -> Counted:
        """Give some of the facts."""
        return Counted(self.places[at], self.size, self.truth[at], self.many[at])


def aggregate(
    node: AggregateNode, facts: Counted, column: Column | None, comparer: Comparer
) -> Column:
    """Compute an aggregate.

    Args:
        node: What is computed.
        facts: The facts that count, or may.
        column: What is summed or compared; none for a count.
        comparer: Knows which texts are equal.
    """
    assert node.type is not None  # noqa: S101 - the loader found it
    if node.kind is AggregateKind.COUNT:
        return _count(facts, node.type)
    assert column is not None  # noqa: S101 - all others have a value
    applies = np.flatnonzero(column.tags() != ABSENT)
    if len(applies) < len(facts.places):
        facts, column = facts.some(applies), column.take_first(applies)
    if node.kind is AggregateKind.ALL_EQUAL:
        return _all_equal(facts, column, comparer, node.type)
    assert node.value_type is not None  # noqa: S101 - likewise
    ends = _ends(column, node.value_type)
    if node.kind is AggregateKind.SUM:
        return _sum(facts, ends, node.type)
    return _extreme(facts, ends, node.type, smallest=node.kind is AggregateKind.MINIMUM)


def _ends(column: Column, slot_type: SlotType) -> tuple[Ends, Ends, Mask]:
    """Give the ends of each value; the declared bounds where none is known."""
    low, high = ends_of(column)
    known = column.tags() == KNOWN
    bounds = slot_type.bounds
    least = -FAR if slot_type.minimum is None else int(bounds.low)
    most = FAR if slot_type.maximum is None else int(bounds.high)
    maybe = np.zeros(len(low), np.bool_) if column.maybe is None else column.maybe & known
    return np.where(known, low, least), np.where(known, high, most), maybe


def _count(facts: Counted, slot_type: SlotType) -> Column:
    places, size, truth, many = facts.places, facts.size, facts.truth, facts.many
    low = np.bincount(places[truth == _TRUE], minlength=size).astype(np.int64)
    high = np.bincount(places, minlength=size).astype(np.int64)
    high[places[many]] = FAR
    return Column(slot_type, None, low, high, far=bool(many.any()))


def _sum(facts: Counted, ends: tuple[Ends, Ends, Mask], slot_type: SlotType) -> Column:
    places, size, truth, many = facts.places, facts.size, facts.truth, facts.many
    low, high, maybe = ends
    certain = (truth == _TRUE) & ~maybe
    lows = np.where(certain, low, np.minimum(low, 0))
    highs = np.where(certain, high, np.maximum(high, 0))
    lows = np.where(many, np.where(low < 0, -FAR, 0), lows)
    highs = np.where(many, np.where(high > 0, FAR, 0), highs)
    totals = [_total(places, size, part) for part in (lows, highs)]
    far = any(bool((np.abs(part) >= FAR).any()) for part in totals)
    if not far and (totals[0] == totals[1]).all():
        totals[1] = totals[0]
    return Column(slot_type, None, totals[0], totals[1], far=far)


def _total(places: Index, size: int, ends: Ends) -> Ends:
    """Add up within each element; an infinite end makes the total infinite."""
    far = np.abs(ends) >= FAR
    found = np.zeros(size, np.int64)
    np.add.at(found, places, np.where(far, 0, ends))
    found[places[far]] = np.sign(ends[far]) * FAR
    return found


def _extreme(
    facts: Counted, ends: tuple[Ends, Ends, Mask], slot_type: SlotType, *, smallest: bool
) -> Column:
    places, size, truth, many = facts.places, facts.size, facts.truth, facts.many
    low, high, maybe = ends
    if not smallest:
        low, high = -high, -low
    far = _least(places, size, np.where(many, -FAR, low))
    certain = (truth == _TRUE) & ~maybe
    near = _least(places[certain], size, high[certain])
    sure = np.zeros(size, np.bool_)
    sure[places[certain]] = True
    highest = -_least(places, size, -high)
    highest[places[many]] = FAR
    some = np.zeros(size, np.bool_)
    some[places] = True
    near = np.where(sure, near, highest)
    first, last = (far, near) if smallest else (-near, -far)
    tag = np.where(some, KNOWN, ABSENT).astype(np.int8)
    first, last = np.where(some, first, 0), np.where(some, last, 0)
    unbounded = bool((np.abs(first) >= FAR).any() or (np.abs(last) >= FAR).any())
    if (first == last).all():
        last = first
    absent = ~sure & some
    return Column(
        slot_type,
        None if some.all() else tag,
        first,
        last,
        maybe=absent if absent.any() else None,
        far=unbounded,
    )


def _least(places: Index, size: int, ends: Ends) -> Ends:
    found = np.full(size, FAR, np.int64)
    np.minimum.at(found, places, ends)
    return found


def _all_equal(facts: Counted, column: Column, comparer: Comparer, slot_type: SlotType) -> Column:
    places, size, truth, many = facts.places, facts.size, facts.truth, facts.many
    if column.bits is not None or column.type.kind is Kind.IBAN:
        raise NotYet(f"all_equal over {column.type.kind.value}")
    low, high = ends_of(column) if column.low is not None else (comparer.keys(column),) * 2
    known = column.tags() == KNOWN
    maybe = np.zeros(len(low), np.bool_) if column.maybe is None else column.maybe
    exact = known & (low == high) & ~maybe
    count = np.bincount(places, minlength=size)
    inexact = np.bincount(places[~exact], minlength=size)
    least, most = _least(places, size, low), -_least(places, size, -high)
    same = (count <= 1) | ((inexact == 0) & (least == most))
    unseen = np.zeros(size, np.bool_)
    unseen[places[many]] = True
    sure = (truth == _TRUE) & known
    # Two values are surely different if one begins after another one ends.
    begins = -_least(places[sure], size, -low[sure])
    ends = _least(places[sure], size, high[sure])
    differ = (np.bincount(places[sure], minlength=size) > 1) & (ends < begins)
    code: Codes = np.where(differ, NO, YES)
    told = differ | (same & ~unseen)
    tag = np.where(told, KNOWN, OPEN).astype(np.int8)
    return Column(slot_type, None if told.all() else tag, code=np.where(told, code, 0))

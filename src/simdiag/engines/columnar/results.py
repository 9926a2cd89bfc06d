"""Findings as columns: from the truth of their rules, or from the values of their branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simdiag.engines.columnar.columns import (
    ABSENT,
    KNOWN,
    NO,
    OPEN,
    YES,
    Column,
    Index,
    Mask,
    Truths,
)
from simdiag.engines.columnar.tables import Domain
from simdiag.model.values import Kind, SlotType, is_ordered

Values = Callable[[Domain], Column]


def truth_column(truth: Truths, slot_type: SlotType) -> Column:
    """Give truths as the values of a boolean finding."""
    code = np.where(truth == 1, 0, np.where(truth == 2, YES, NO)).astype(np.int64)  # noqa: PLR2004
    tag = np.where(truth == 1, OPEN, KNOWN).astype(np.int8)
    return Column(slot_type, tag, code=code)


class _Hull:
    """What is certain of each subject while branches are looked at in order."""

    def __init__(self, size: int, slot_type: SlotType) -> None:
        self.type = slot_type
        self.tag = np.full(size, OPEN, np.int8)
        self.parts: list[np.ndarray] = [np.zeros(size, np.int64) for _ in range(3)]
        self.maybe = np.zeros(size, np.bool_)
        self.seen = np.zeros(size, np.bool_)

    def _split(self, column: Column) -> tuple[Truths, list[np.ndarray], Mask]:
        """Give tag, three arrays of numbers and the flag of a column, blank where not known."""
        tag = column.tags()
        blank = tag != KNOWN
        nothing = np.zeros(column.size, np.int64)
        if column.low is not None and column.high is not None:
            parts = [column.low, column.high, nothing]
        else:
            held = column.code if column.code is not None else column.bits
            parts = [nothing, nothing, nothing if held is None else held]
        maybe = np.zeros(column.size, np.bool_) if column.maybe is None else column.maybe
        return tag, [np.where(blank, 0, part) for part in parts], maybe & ~blank

    def join(self, at: Index, column: Column) -> None:
        """Note that one more value is possible for some subjects."""
        tag, parts, maybe = self._split(column)
        new = ~self.seen[at]
        mine = [part[at] for part in self.parts]
        equal = (self.tag[at] == tag) & (self.maybe[at] == maybe)
        for own, other in zip(mine, parts, strict=True):
            equal &= own == other
        both = (self.tag[at] == KNOWN) & (tag == KNOWN) & is_ordered(self.type.kind)
        self.maybe[at] = np.where(new | equal, maybe, both & (self.maybe[at] | maybe))
        ends = (np.minimum(mine[0], parts[0]), np.maximum(mine[1], parts[1]), mine[2])
        for part, other, end in zip(self.parts, parts, ends, strict=True):
            part[at] = np.where(new | equal, other, np.where(both, end, 0))
        self.tag[at] = np.where(new | equal, tag, np.where(both, np.int8(KNOWN), np.int8(OPEN)))
        self.seen[at] = True

    def column(self, decided: Mask) -> Column:
        """Give the values; unknown where no branch certainly holds."""
        tag = np.where(decided, self.tag, np.int8(OPEN)).astype(np.int8)
        known = None if (tag == KNOWN).all() else tag
        if not is_ordered(self.type.kind):
            held = self.parts[2]
            if self.type.kind is Kind.SET:
                return Column(self.type, known, bits=held)
            return Column(self.type, known, code=np.where(tag == KNOWN, held, 0))
        low, high = self.parts[0], self.parts[1]
        return Column(
            self.type,
            known,
            low,
            low if (low == high).all() else high,
            maybe=self.maybe if self.maybe.any() else None,
            far=bool((np.abs(low) >= _FAR).any() or (np.abs(high) >= _FAR).any()),
        )


_FAR = 1 << 61


def branch_values(
    slot_type: SlotType, truths: Sequence[Truths], values: Sequence[Values], domain: Domain
) -> Column:
    """Give the values of a finding with branches: the first that is true, if none before is open.

    Args:
        slot_type: Of the finding.
        truths: Of each branch, for each subject.
        values: Work out the value of each branch for some subjects.
        domain: The subjects.
    """
    if len(truths) == 1 and (truths[0] == 2).all():  # noqa: PLR2004 - true everywhere
        column = values[0](domain).spread(domain.size)
        column = column.take_first(np.arange(domain.size))
        column.type = slot_type
        return column
    hull = _Hull(domain.size, slot_type)
    decided = np.zeros(domain.size, np.bool_)
    for truth, value in zip(truths, values, strict=True):
        at = np.flatnonzero((truth > 0) & ~decided)
        if len(at):
            column = value(domain.some(at)).spread(len(at))
            hull.join(at, column)
            decided |= truth == 2  # noqa: PLR2004 - true
    return hull.column(decided)


__all__ = ["ABSENT", "branch_values", "truth_column"]

"""Three truth values and Kleene's connectives.

The numbers are chosen so that *and* is the minimum, *or* the maximum and *not* the mirror image.
Source: S. C. Kleene, Introduction to Metamathematics (1952), section 64, strong tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Truth(IntEnum):
    """Whether a condition holds, as far as the facts tell."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    @property
    def word(self) -> str:
        """The value in lower case, as it stands in results."""
        return self.name.lower()


FALSE, UNKNOWN, TRUE = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
_NEGATED = (TRUE, UNKNOWN, FALSE)


def negate(value: Truth) -> Truth:
    """Kleene's *not*."""
    return _NEGATED[value]


def conjunction(values: Iterable[Truth]) -> Truth:
    """Kleene's *and*; true for nothing at all."""
    return min(values, default=TRUE)


def disjunction(values: Iterable[Truth]) -> Truth:
    """Kleene's *or*; false for nothing at all."""
    return max(values, default=FALSE)


def at_least(count: int, values: Iterable[Truth]) -> Truth:
    """Say whether at least ``count`` of the values hold.

    Equal to the *or* over all subsets of ``count`` values of their *and*.
    """
    ordered = sorted(values, reverse=True)
    if count <= 0:
        return TRUE
    return ordered[count - 1] if count <= len(ordered) else FALSE

"""Values of one slot over many facts, and the texts that they share.

A column holds for each fact a tag (:data:`ABSENT`, :data:`OPEN` or :data:`KNOWN`) and what its kind
needs: numbers have two ends, texts and booleans a code, sets a bit for each choice. The tags are
chosen so that the tag of a comparison that cannot be made is its truth: false for a value that is
not applicable, unknown for one that is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from simdiag.calculation.functions import text_key
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    Kind,
    SlotType,
    Value,
    is_ordered,
)

Truths: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Ends: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Index: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Mask: TypeAlias = npt.NDArray[np.bool_]

ABSENT: Final = 0
OPEN: Final = 1
KNOWN: Final = 2
NO: Final = 1
YES: Final = 2
# Larger than any number of the language, small enough to be added to another one.
FAR: Final = 1 << 61


class Pool:
    """The texts of a run, each with a number from 1; 0 stands for no text."""

    def __init__(self, texts: Sequence[str] = ("",)) -> None:
        """Begin with some texts, of which the first stands for none."""
        self.texts = list(texts)
        self._codes = {text: number for number, text in enumerate(self.texts) if number}
        self._keys: dict[str, int] = {}
        self._equal: list[int] = []
        self._folded: list[str] = []
        self._series: pl.Series | None = None
        self._equal_array: Codes = np.zeros(0, np.int64)

    def code(self, text: str) -> int:
        """Give the number of a text."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return found

    def codes(self, texts: Sequence[str]) -> Codes:
        """Give the numbers of several texts."""
        return np.fromiter((self.code(text) for text in texts), np.int64, len(texts))

    def equal(self) -> Codes:
        """Give for each text the number of the first one that counts as the same."""
        while len(self._equal) < len(self.texts):
            number = len(self._equal)
            key = text_key(self.texts[number]) if number else "\0"
            self._folded.append(key)
            self._equal.append(self._keys.setdefault(key, number))
        if len(self._equal_array) < len(self._equal):
            self._equal_array = np.array(self._equal, np.int64)
        return self._equal_array

    def folded(self) -> pl.Series:
        """Give the form of each text in which phrases are looked for."""
        self.equal()
        if self._series is None or len(self._series) < len(self._folded):
            self._series = pl.Series(self._folded, dtype=pl.String)
        return self._series

    def copy(self) -> Pool:
        """Give a pool with the same texts that can grow on its own."""
        return Pool(self.texts)


@dataclass(slots=True)
class Column:
    """Values of one kind; every array has one element for each fact, or one for all of them.

    Attributes:
        type: What the values are.
        tag: Whether there is a value; none if all are known.
        low, high: Ends of numbers; the same array if all are exact.
        code: Number in the pool of texts, or :data:`NO` and :data:`YES`; 0 where it is not known.
        bits: Members of a set.
        maybe: Where there may be no number at all; none if nowhere.
        far: Whether ends may be infinite.
        keys: Numbers by which texts are equal, once they were asked for.
    """

    type: SlotType
    tag: Truths | None = None
    low: Ends | None = None
    high: Ends | None = None
    code: Codes | None = None
    bits: Ends | None = None
    maybe: Mask | None = None
    far: bool = False
    keys: Codes | None = None
    _truth: list[Truths | None] = field(default_factory=lambda: [None, None])

    @property
    def size(self) -> int:
        """Number of elements."""
        for array in (self.code, self.low, self.bits, self.tag):
            if array is not None:
                return len(array)
        return 1

    def take(self, index: Index | None) -> Column:
        """Give the values of some facts; of all of them for no index."""
        if index is None or self.size == 1:
            return self
        low = None if self.low is None else self.low[index]
        return Column(
            self.type,
            None if self.tag is None else self.tag[index],
            low,
            low if self.high is self.low or self.high is None else self.high[index],
            None if self.code is None else self.code[index],
            None if self.bits is None else self.bits[index],
            None if self.maybe is None else self.maybe[index],
            self.far,
            None if self.keys is None else self.keys[index],
        )

    def spread(self, count: int) -> Column:
        """Give a column of one element for all as one with an element for each fact."""
        if self.size == count:
            return self
        return self.take_first(np.zeros(count, np.int64))

    def take_first(self, index: Index) -> Column:
        """Give the values at places of a column that may have one element only."""
        low = None if self.low is None else self.low[index]
        return Column(
            self.type,
            None if self.tag is None else self.tag[index],
            low,
            low if self.high is self.low or self.high is None else self.high[index],
            None if self.code is None else self.code[index],
            None if self.bits is None else self.bits[index],
            None if self.maybe is None else self.maybe[index],
            self.far,
        )

    def tags(self) -> Truths:
        """Give the tag of each element."""
        if self.tag is None:
            self.tag = np.full(self.size, KNOWN, np.int8)
        return self.tag

    def is_true(self, wanted: bool) -> Truths:  # noqa: FBT001 - the value compared with
        """Give the truth of a boolean being so."""
        known = self._truth[wanted]
        if known is None:
            assert self.code is not None  # noqa: S101 - a boolean has codes
            known = ((self.code == (YES if wanted else NO)) * np.int8(2)).astype(np.int8)
            if self.tag is not None:
                known |= self.tag == OPEN
            self._truth[wanted] = known
        return known


def bit_of(slot_type: SlotType, choice: str) -> int:
    """Give the bit of a choice in a set; 0 if it is none of its choices."""
    return 1 << slot_type.choices.index(choice) if choice in slot_type.choices else 0


def encode(values: Sequence[Value], slot_type: SlotType, pool: Pool) -> Column:
    """Write values as a column."""
    tag = np.fromiter((_tag(value) for value in values), np.int8, len(values))
    found = Column(slot_type, None if (tag == KNOWN).all() else tag)
    if is_ordered(slot_type.kind):
        ends = [value if isinstance(value, Interval) else _ZERO for value in values]
        found.low = np.fromiter((_end(each.low) for each in ends), np.int64, len(ends))
        found.high = np.fromiter((_end(each.high) for each in ends), np.int64, len(ends))
        found.far = bool((np.abs(found.low) >= FAR).any() or (np.abs(found.high) >= FAR).any())
        if (found.low == found.high).all():
            found.high = found.low
        maybe = np.fromiter((each.maybe_absent for each in ends), np.bool_, len(ends))
        found.maybe = maybe if maybe.any() else None
    elif slot_type.kind is Kind.SET:
        found.bits = np.fromiter((_bits(value, slot_type) for value in values), np.int64, len(tag))
    else:
        found.code = np.fromiter((_code(value, pool) for value in values), np.int64, len(tag))
    return found


_ZERO = Interval(0, 0)


def _tag(value: Value) -> int:
    if value is UNKNOWN_VALUE:
        return OPEN
    return ABSENT if value is NOT_APPLICABLE else KNOWN


def _end(end: float) -> int:
    if end == INFINITE:
        return FAR
    return -FAR if end == -INFINITE else int(end)


def _bits(value: Value, slot_type: SlotType) -> int:
    if not isinstance(value, frozenset):
        return 0
    return sum(bit_of(slot_type, choice) for choice in value)


def _code(value: Value, pool: Pool) -> int:
    if isinstance(value, bool):
        return YES if value else NO
    return pool.code(value) if isinstance(value, str) else 0


def decode(column: Column, place: int, pool: Pool) -> Value:
    """Give one value of a column as the other engines hold it."""
    at = 0 if column.size == 1 else place
    if column.tag is not None and column.tag[at] != KNOWN:
        return UNKNOWN_VALUE if column.tag[at] == OPEN else NOT_APPLICABLE
    if column.low is not None:
        assert column.high is not None  # noqa: S101 - it has both
        maybe = column.maybe is not None and bool(column.maybe[at])
        return Interval(_number(column.low[at]), _number(column.high[at]), maybe_absent=maybe)
    if column.bits is not None:
        held = int(column.bits[at])
        return frozenset(
            choice for number, choice in enumerate(column.type.choices) if held >> number & 1
        )
    assert column.code is not None  # noqa: S101 - there is no other form
    if column.type.kind is Kind.BOOLEAN:
        return bool(column.code[at] == YES)
    return pool.texts[int(column.code[at])]


def _number(end: np.int64) -> int | float:
    number = int(end)
    if abs(number) < FAR:
        return number
    return INFINITE if number > 0 else -INFINITE


def shared_tag(columns: Sequence[Column]) -> Truths | None:
    """Give the tag of what is made from several values: not applicable wins over unknown."""
    found: Truths | None = None
    for column in columns:
        if column.tag is not None:
            found = column.tag if found is None else np.minimum(found, column.tag)
    return found


def shared_maybe(columns: Sequence[Column]) -> Mask | None:
    """Give where one of several values may be none at all."""
    found: Mask | None = None
    for column in columns:
        if column.maybe is not None:
            found = column.maybe if found is None else found | column.maybe
    return found

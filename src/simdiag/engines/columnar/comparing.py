"""Comparisons of columns, three-valued; the same meaning as :mod:`simdiag.engines.values`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from simdiag.calculation.functions import text_key
from simdiag.engines.columnar.calculating import as_moments
from simdiag.engines.columnar.columns import (
    ABSENT,
    KNOWN,
    OPEN,
    YES,
    Codes,
    Column,
    Mask,
    Pool,
    Truths,
    bit_of,
    shared_tag,
)
from simdiag.engines.values import decide as decide_values
from simdiag.engines.values import has_words
from simdiag.model.conditions import Operator
from simdiag.model.values import TEXT_KINDS, Kind

_NEGATED: Final = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_IN: Operator.EQUAL,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.HAS_NONE: Operator.HAS_ANY,
}
_PHRASES: Final = {Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.CONTAINS_WORDS}


class Comparer:
    """Compares columns of one run.

    Args:
        pool: The texts of the run.
    """

    def __init__(self, pool: Pool) -> None:
        """Begin without any phrase looked up."""
        self.pool = pool
        self._phrases: dict[tuple[Operator, tuple[int, ...]], tuple[Mask, Mask]] = {}
        self._slow: dict[tuple[Operator, int, int], int] = {}

    def decide(self, operator: Operator, left: Column, rights: Sequence[Column]) -> Truths:
        """Decide a comparison for each element; one of the columns may have one for all."""
        if operator is Operator.KNOWN:
            return ((left.tags() == KNOWN) * np.int8(2)).astype(np.int8)
        if operator is Operator.UNKNOWN:
            return ((left.tags() == OPEN) * np.int8(2)).astype(np.int8)
        if left.type.kind is Kind.BOOLEAN and len(rights) == 1:
            found = _booleans(operator, left, rights[0])
            if found is not None:
                return found
        constant = all(right.size == 1 and right.tag is None for right in rights)
        if left.code is not None and left.type.kind is not Kind.BOOLEAN and constant:
            if operator in _PHRASES:
                return self._has_phrase(operator, left, rights)
            if not any(Kind.IBAN in {left.type.kind, right.type.kind} for right in rights):
                return self._is_one_of(operator, left, rights)
        return self._any_kind(operator, left, rights)

    def _any_kind(self, operator: Operator, left: Column, rights: Sequence[Column]) -> Truths:
        truths = []
        for right in rights:
            tag = shared_tag((left, right))
            one = self._one(_NEGATED.get(operator, operator), left, right)
            if operator in _NEGATED:
                one = (2 - one).astype(np.int8)
            truths.append(one if tag is None else np.where(tag == KNOWN, one, tag))
        join: Callable[..., Truths] = (
            np.minimum if operator in _NEGATED or operator is Operator.HAS_ALL else np.maximum
        )
        result = truths[0]
        for other in truths[1:]:
            result = join(result, other)
        if left.tag is not None:
            result = np.where(left.tag == ABSENT, np.int8(0), result)
        for column in (left, *rights):
            if column.maybe is not None:
                result = np.where(column.maybe, np.minimum(result, np.int8(1)), result)
        return result

    def _one(self, operator: Operator, left: Column, right: Column) -> Truths:
        """Compare values that are there; what stands for others is not looked at."""
        if left.low is not None and right.low is not None:
            if left.type.kind is not right.type.kind:
                left, right = as_moments(left), as_moments(right)
            return _order(operator, left, right)
        if left.bits is not None:
            wanted = right.bits if right.bits is not None else self._bits(left, right)
            return ((left.bits & wanted != 0) * np.int8(2)).astype(np.int8)
        assert left.code is not None  # noqa: S101 - the loader checked the types
        assert right.code is not None  # noqa: S101 - likewise
        if left.type.kind is Kind.BOOLEAN:
            return ((left.code == right.code) * np.int8(2)).astype(np.int8)
        special = Kind.IBAN in {left.type.kind, right.type.kind}
        if special or operator in {Operator.CONTAINS, Operator.CONTAINS_WORDS}:
            return self._slowly(operator, left, right)
        equal = self.keys(left) == self.keys(right)
        return (equal * np.int8(2)).astype(np.int8)

    def keys(self, column: Column) -> Codes:
        """Give the numbers by which texts are equal."""
        assert column.code is not None  # noqa: S101 - asked of texts only
        if column.type.kind not in TEXT_KINDS and column.type.kind is not Kind.CHOICE:
            return column.code
        if column.keys is None:
            column.keys = self.pool.equal()[column.code]
        return column.keys

    def _bits(self, left: Column, right: Column) -> Codes:
        assert right.code is not None  # noqa: S101 - a choice
        table = np.zeros(len(self.pool.texts), np.int64)
        for choice in left.type.choices:
            table[self.pool.code(choice)] = bit_of(left.type, choice)
        return table[right.code]

    def _is_one_of(self, operator: Operator, left: Column, rights: Sequence[Column]) -> Truths:
        keys = self.keys(left)
        found: Mask | None = None
        for right in rights:
            equal = keys == self.keys(right)
            found = equal if found is None else found | equal
        assert found is not None  # noqa: S101 - a comparison has another side
        return _told(found, left.tag, negated=operator in _NEGATED)

    def _has_phrase(self, operator: Operator, left: Column, rights: Sequence[Column]) -> Truths:
        """Look for phrases once in each different text."""
        assert left.code is not None  # noqa: S101 - phrases are looked for in texts
        phrases = tuple(int(right.code[0]) for right in rights if right.code is not None)
        single = _NEGATED.get(operator, operator)
        table, done = self._phrases.get((single, phrases), (_NOTHING, _NOTHING))
        if len(table) < len(self.pool.texts):
            more = np.zeros(len(self.pool.texts) - len(table), np.bool_)
            table, done = np.concatenate([table, more]), np.concatenate([done, more])
        todo = np.unique(left.code[~done[left.code]])
        if len(todo):
            done[todo] = True
            table[todo] = self._found(single, todo, rights)
        self._phrases[single, phrases] = (table, done)
        return _told(table[left.code], left.tag, negated=operator in _NEGATED)

    def _found(self, operator: Operator, codes: Codes, rights: Sequence[Column]) -> Mask:
        """Say which texts hold one of some phrases; for whole words, look closer at those."""
        phrases = [
            text_key(self.pool.texts[int(right.code[0])])
            for right in rights
            if right.code is not None
        ]
        series = self.pool.folded().gather(codes)
        found: Mask = np.array(series.str.contains_any(phrases).to_numpy())
        if operator is Operator.CONTAINS_WORDS:
            for place in np.flatnonzero(found).tolist():
                found[place] = any(has_words(series[place], text_key(phrase)) for phrase in phrases)
        return found

    def _slowly(self, operator: Operator, left: Column, right: Column) -> Truths:
        """Compare each different pair of texts once."""
        assert left.code is not None  # noqa: S101 - texts
        assert right.code is not None  # noqa: S101 - texts
        first, second = np.broadcast_arrays(left.code, right.code)
        size = len(self.pool.texts)
        pairs, places = np.unique(first * size + second, return_inverse=True)
        texts = self.pool.texts
        found = [
            decide_values(
                operator, texts[pair // size], left.type, [(texts[pair % size], right.type)]
            )
            for pair in pairs.tolist()
        ]
        return np.array(found, np.int8)[places].reshape(first.shape)


_NOTHING: Final = np.zeros(0, np.bool_)


def _told(found: Mask, tag: Truths | None, *, negated: bool) -> Truths:
    holds = ~found if negated else found
    truth: Truths = holds.view(np.int8) * np.int8(2)
    return truth if tag is None else np.where(tag == KNOWN, truth, tag)


def _booleans(operator: Operator, left: Column, right: Column) -> Truths | None:
    """Compare with `yes` or `no`, which is what conditions mostly do."""
    if right.size != 1 or right.tag is not None or right.code is None:
        return None
    wanted = bool(right.code[0] == YES)
    if operator in {Operator.EQUAL, Operator.IN}:
        return left.is_true(wanted)
    if operator in {Operator.NOT_EQUAL, Operator.NOT_IN}:
        return left.is_true(not wanted)
    return None


def _order(operator: Operator, left: Column, right: Column) -> Truths:
    assert left.low is not None  # noqa: S101 - numbers
    assert right.low is not None  # noqa: S101 - numbers
    assert left.high is not None  # noqa: S101 - numbers
    assert right.high is not None  # noqa: S101 - numbers
    exact = left.low is left.high and right.low is right.high
    if operator in {Operator.EQUAL, Operator.IN}:
        if exact:
            return ((left.low == right.low) * np.int8(2)).astype(np.int8)
        same = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
        apart = (left.high < right.low) | (right.high < left.low)
        return _between(same, apart)
    if operator in {Operator.ABOVE, Operator.AT_MOST}:
        left, right = right, left
    below = _below(left, right, exact=exact)
    if operator in {Operator.AT_LEAST, Operator.AT_MOST}:
        return (2 - below).astype(np.int8)
    return below


def _below(left: Column, right: Column, *, exact: bool) -> Truths:
    assert left.low is not None  # noqa: S101 - numbers
    assert right.low is not None  # noqa: S101 - numbers
    if exact:
        return ((left.low < right.low) * np.int8(2)).astype(np.int8)
    assert left.high is not None  # noqa: S101 - numbers
    assert right.high is not None  # noqa: S101 - numbers
    return _between(left.high < right.low, left.low >= right.high)


def _between(true: Mask, false: Mask) -> Truths:
    """Give true, false, or unknown where neither is told."""
    result: Truths = (true.view(np.int8) * np.int8(2)) | (~(true | false)).view(np.int8)
    return result

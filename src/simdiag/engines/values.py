"""Comparisons and expressions over values, three-valued (S4, S5 of the language).

Both engines use these functions for single comparisons; how conditions are combined and which
facts are tried is each engine's own business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

from simdiag.calculation.functions import (
    FUNCTIONS,
    absent,
    as_moment,
    calculate,
    text_key,
)
from simdiag.model.conditions import (
    Aggregate,
    Arithmetic,
    AsOf,
    Call,
    Compare,
    Expression,
    Literal,
    Operator,
    PairRef,
    SlotRef,
)
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth, negate
from simdiag.model.values import (
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Absent,
    Interval,
    Kind,
    SlotType,
    Value,
)


class Reader(Protocol):
    """What an expression may read."""

    def slot(self, alias: str, slot: str) -> Value:
        """Give the value of a slot or finding of the fact that an alias stands for."""

    def pair(self, first: str, second: str, finding: str) -> Value:
        """Give the value of a finding about two facts."""

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Give the value of an aggregate."""

    def as_of(self) -> Value:
        """Give the moment for which the case is judged."""


def evaluate(expression: Expression, reader: Reader) -> Value:
    """Give the value of an expression; never raises on well-typed input."""
    match expression:
        case Literal(value):
            return value
        case SlotRef(alias, slot):
            return reader.slot(alias, slot)
        case PairRef(first, second, finding):
            return reader.pair(first, second, finding)
        case AsOf():
            return reader.as_of()
        case Aggregate():
            return reader.aggregate(expression)
        case Arithmetic(symbol, left, right):
            return _arithmetic(symbol, left, right, reader)
        case Call(function, arguments, _, extra):
            values = [evaluate(argument, reader) for argument in arguments]
            return _call(function, values, extra)


def _arithmetic(symbol: str, left: Expression, right: Expression, reader: Reader) -> Value:
    values = (evaluate(left, reader), evaluate(right, reader))
    missing = absent(values)
    if missing is not None:
        return missing
    first, second = values
    assert isinstance(first, Interval)  # noqa: S101 - the loader checked the types
    assert isinstance(second, Interval)  # noqa: S101 - the loader checked the types
    kinds = {left.type.kind, right.type.kind}
    if kinds == {Kind.DATE}:
        # Between two days there are whole days, whatever summer time does.
        days = calculate("-", first, second)
        result = Interval(days.low * 86_400, days.high * 86_400)
    else:
        result = calculate(
            symbol, as_moment(first, left.type.kind), as_moment(second, right.type.kind)
        )
    return _flag(result, values)


def _call(function: str, values: Sequence[Value], extra: tuple[int | str, ...]) -> Value:
    missing = absent(values)
    if missing is not None:
        return missing
    return _flag(FUNCTIONS[function].apply(*values, *extra), values)


def _flag(result: Value, values: Sequence[Value]) -> Value:
    """Carry over that there may be no number at all."""
    if not any(isinstance(value, Interval) and value.maybe_absent for value in values):
        return result
    if isinstance(result, Interval):
        return Interval(result.low, result.high, maybe_absent=True)
    return UNKNOWN_VALUE


def compare(condition: Compare, reader: Reader) -> Truth:
    """Decide a comparison."""
    left = evaluate(condition.left, reader)
    operator = condition.operator
    if operator is Operator.KNOWN:
        return FALSE if isinstance(left, Absent) else TRUE
    if operator is Operator.UNKNOWN:
        return TRUE if left is UNKNOWN_VALUE else FALSE
    rights = [(evaluate(right, reader), right.type) for right in condition.right]
    return decide(operator, left, condition.left.type, rights)


def decide(
    operator: Operator, left: Value, left_type: SlotType, rights: Sequence[tuple[Value, SlotType]]
) -> Truth:
    """Decide a comparison of values that are read already.

    A value that is not applicable makes every comparison false (S15), also a negated one.
    """
    if left is NOT_APPLICABLE:
        return FALSE
    if operator in _NEGATED:
        results = [
            FALSE
            if right is NOT_APPLICABLE
            else negate(_one(_NEGATED[operator], left, left_type, right, kind))
            for right, kind in rights
        ]
        result = min(results, default=TRUE)
    elif operator is Operator.HAS_ALL:
        result = min(
            (_one(Operator.HAS_ANY, left, left_type, *right) for right in rights), default=TRUE
        )
    else:
        single = _SINGLE.get(operator, operator)
        result = max((_one(single, left, left_type, *right) for right in rights), default=FALSE)
    flagged = isinstance(left, Interval) and left.maybe_absent
    flagged = flagged or any(
        isinstance(right, Interval) and right.maybe_absent for right, _ in rights
    )
    return min(result, UNKNOWN) if flagged else result


_NEGATED = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_IN: Operator.EQUAL,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.HAS_NONE: Operator.HAS_ANY,
}
_SINGLE = {Operator.IN: Operator.EQUAL}


def _one(
    operator: Operator, left: Value, left_type: SlotType, right: Value, right_type: SlotType
) -> Truth:
    if left is NOT_APPLICABLE or right is NOT_APPLICABLE:
        return FALSE
    if left is UNKNOWN_VALUE or right is UNKNOWN_VALUE:
        return UNKNOWN
    if isinstance(left, Interval) and isinstance(right, Interval):
        if left_type.kind is not right_type.kind:
            left, right = as_moment(left, left_type.kind), as_moment(right, right_type.kind)
        return _ORDER[operator](left, right)
    if isinstance(left, frozenset):
        wanted = right if isinstance(right, frozenset) else frozenset({str(right)})
        return TRUE if left & wanted else FALSE
    if isinstance(left, bool) or isinstance(right, bool):
        return TRUE if left is right else FALSE
    return _texts(operator, str(left), left_type, str(right), right_type)


def _texts(
    operator: Operator, left: str, left_type: SlotType, right: str, right_type: SlotType
) -> Truth:
    if operator is Operator.CONTAINS:
        return TRUE if text_key(right) in text_key(left) else FALSE
    if operator is Operator.CONTAINS_WORDS:
        return TRUE if _words(right).search(text_key(left)) else FALSE
    last = 4
    is_fragment = Kind.IBAN in {left_type.kind, right_type.kind} and last in {len(left), len(right)}
    if is_fragment:
        # Four equal characters do not prove the rest; different ones do.
        return UNKNOWN if left[-last:] == right[-last:] else FALSE
    return TRUE if text_key(left) == text_key(right) else FALSE


@lru_cache(maxsize=4096)
def _words(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text_key(phrase))}(?!\w)")


def _equal(left: Interval, right: Interval) -> Truth:
    if left.low == left.high == right.low == right.high:
        return TRUE
    return FALSE if left.high < right.low or right.high < left.low else UNKNOWN


def _below(left: Interval, right: Interval) -> Truth:
    if left.high < right.low:
        return TRUE
    return FALSE if left.low >= right.high else UNKNOWN


_ORDER: dict[Operator, Callable[[Interval, Interval], Truth]] = {
    Operator.EQUAL: _equal,
    Operator.BELOW: _below,
    Operator.AT_LEAST: lambda left, right: negate(_below(left, right)),
    Operator.ABOVE: lambda left, right: _below(right, left),
    Operator.AT_MOST: lambda left, right: negate(_below(right, left)),
}

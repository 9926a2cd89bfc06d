"""Comparisons and expressions over values, three-valued (S4, S5 of the language).

Both engines use these functions for single comparisons; how conditions are combined and which
facts are tried is each engine's own business. A comparison or expression becomes a function of what
it may read, made once for each knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from simdiag.calculation.functions import FUNCTIONS, absent, as_moment, calculate, text_key
from simdiag.model.conditions import (
    Aggregate,
    Arithmetic,
    AsOf,
    Call,
    Compare,
    Condition,
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
    is_ordered,
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


Getter: TypeAlias = Callable[[Reader], Value]
Comparison: TypeAlias = Callable[[Reader], Truth]
Single: TypeAlias = Callable[[Value], Truth]
Binary: TypeAlias = Callable[[Value, Value], Truth]
Steps: TypeAlias = Sequence[tuple[Condition, Comparison | None]]

# So many values of one slot are remembered for each comparison with literals.
_REMEMBERED = 1024


class Code:
    """The comparisons and expressions of one knowledge base, each made a function once."""

    def __init__(self) -> None:
        """Nothing is made before it is asked for."""
        # By identity; what has a key is kept, so that no other object can get its identity.
        self._values: dict[int, tuple[Expression, Getter]] = {}
        self._steps: dict[int, tuple[Sequence[Condition], Steps]] = {}
        self._tests: dict[int, tuple[Compare, Comparison]] = {}

    def value(self, expression: Expression) -> Getter:
        """Give the function that evaluates an expression; it never raises on well-typed input."""
        found = self._values.get(id(expression))
        if found is None:
            found = self._values[id(expression)] = (expression, getter(expression))
        return found[1]

    def test(self, condition: Compare) -> Comparison:
        """Give the function that decides a comparison."""
        found = self._tests.get(id(condition))
        if found is None:
            found = self._tests[id(condition)] = (condition, comparison(condition))
        return found[1]

    def steps(self, parts: Sequence[Condition]) -> Steps:
        """Give the parts of a conjunction, each comparison with the function that decides it.

        Those of a list, which may be put together for one question, are not remembered.
        """
        found = self._steps.get(id(parts))
        if found is None:
            steps = [
                (part, self.test(part) if isinstance(part, Compare) else None) for part in parts
            ]
            if isinstance(parts, tuple):
                self._steps[id(parts)] = (parts, steps)
            return steps
        return found[1]


# Expressions -------------------------------------------------------------------------------------


def getter(expression: Expression) -> Getter:
    """Make the function that evaluates an expression."""
    match expression:
        case Literal(value):
            return lambda _: value
        case SlotRef(alias, slot):
            return lambda reader: reader.slot(alias, slot)
        case PairRef(first, second, finding):
            return lambda reader: reader.pair(first, second, finding)
        case AsOf():
            return lambda reader: reader.as_of()
        case Aggregate():
            return lambda reader: reader.aggregate(expression)
        case Arithmetic(symbol, left, right):
            return _arithmetic(symbol, left, right)
        case Call(function, arguments, _, extra):
            return _call(function, [getter(argument) for argument in arguments], extra)


def _arithmetic(symbol: str, left: Expression, right: Expression) -> Getter:
    first, second = getter(left), getter(right)
    kinds = (left.type.kind, right.type.kind)

    def calculated(reader: Reader) -> Value:
        values = (first(reader), second(reader))
        missing = absent(values)
        if missing is not None:
            return missing
        assert isinstance(values[0], Interval)  # noqa: S101 - the loader checked the types
        assert isinstance(values[1], Interval)  # noqa: S101 - the loader checked the types
        return _flag(_calculate(symbol, values[0], values[1], kinds), values)

    return calculated


def _calculate(symbol: str, left: Interval, right: Interval, kinds: tuple[Kind, Kind]) -> Interval:
    if kinds == (Kind.DATE, Kind.DATE):
        # Between two days there are whole days, whatever summer time does.
        days = calculate("-", left, right)
        return Interval(days.low * 86_400, days.high * 86_400)
    return calculate(symbol, as_moment(left, kinds[0]), as_moment(right, kinds[1]))


def _call(function: str, arguments: Sequence[Getter], extra: tuple[int | str, ...]) -> Getter:
    apply = FUNCTIONS[function].apply

    def called(reader: Reader) -> Value:
        values = [argument(reader) for argument in arguments]
        missing = absent(values)
        return _flag(apply(*values, *extra), values) if missing is None else missing

    return called


def _flag(result: Value, values: Sequence[Value]) -> Value:
    """Carry over that there may be no number at all."""
    if not any(isinstance(value, Interval) and value.maybe_absent for value in values):
        return result
    if isinstance(result, Interval):
        return Interval(result.low, result.high, maybe_absent=True)
    return UNKNOWN_VALUE


# Comparisons -------------------------------------------------------------------------------------


def comparison(condition: Compare) -> Comparison:
    """Make the function that decides a comparison."""
    literals = [right for right in condition.right if isinstance(right, Literal)]
    if len(literals) == len(condition.right):
        single = single_test(condition.operator, condition.left.type, literals)
        return _single_comparison(condition.left, single)
    left, left_type = getter(condition.left), condition.left.type
    rights = [
        (getter(right), binary(condition.operator, left_type, right.type))
        for right in condition.right
    ]
    if len(rights) == 1:
        ((right, decided),) = rights
        return lambda reader: decided(left(reader), right(reader))

    def joined(reader: Reader) -> Truth:
        value = left(reader)
        others = [right(reader) for right, _ in rights]
        truths = [test(value, other) for (_, test), other in zip(rights, others, strict=True)]
        return _joined(condition.operator, value, others, truths)

    return joined


def _single_comparison(left: Expression, single: Single) -> Comparison:
    """Make the function that decides something of one value; most often that of a slot."""
    match left:
        case SlotRef(alias, slot):
            return lambda reader: single(reader.slot(alias, slot))
        case PairRef(first, second, finding):
            return lambda reader: single(reader.pair(first, second, finding))
        case _:
            value = getter(left)
            return lambda reader: single(value(reader))


def single_test(operator: Operator, left_type: SlotType, literals: Sequence[Literal]) -> Single:
    """Make the function that compares one value with literals, or asks whether it is known."""
    if operator is Operator.KNOWN:
        return lambda value: FALSE if isinstance(value, Absent) else TRUE
    if operator is Operator.UNKNOWN:
        return lambda value: TRUE if value is UNKNOWN_VALUE else FALSE
    values = [literal.value for literal in literals]
    tests = [binary(operator, left_type, literal.type) for literal in literals]
    if is_ordered(left_type.kind) and len(values) == 1:
        (right,), (decided,) = values, tests
        return lambda value: decided(value, right)

    def joined(value: Value) -> Truth:
        truths = [test(value, right) for test, right in zip(tests, values, strict=True)]
        return _joined(operator, value, values, truths)

    # The same few words come again and again, and looking through phrases takes long.
    return joined if is_ordered(left_type.kind) else _Remembering(joined).__getitem__


class _Remembering(dict[Value, Truth]):
    """The truths of one comparison with literals, by value."""

    def __init__(self, decided: Single) -> None:
        super().__init__()
        self._decided = decided

    def __missing__(self, value: Value) -> Truth:
        if len(self) >= _REMEMBERED:
            self.clear()
        truth = self[value] = self._decided(value)
        return truth


def decide(
    operator: Operator, left: Value, left_type: SlotType, rights: Sequence[tuple[Value, SlotType]]
) -> Truth:
    """Decide a comparison of values that are read already.

    A value that is not applicable makes every comparison false (S15), also a negated one.
    """
    truths = [binary(operator, left_type, kind)(left, right) for right, kind in rights]
    return _joined(operator, left, [right for right, _ in rights], truths)


def _joined(
    operator: Operator, left: Value, rights: Sequence[Value], truths: Sequence[Truth]
) -> Truth:
    """Decide a comparison with several values from the comparisons with each."""
    if operator in _OF_ALL:
        return min(truths, default=FALSE if left is NOT_APPLICABLE else TRUE)
    result = max(truths, default=FALSE)
    if result is TRUE and any(_may_be_absent(right) for right in rights):
        return UNKNOWN
    return result


def _may_be_absent(value: Value) -> bool:
    """Say whether there may be no number to compare at all."""
    return isinstance(value, Interval) and value.maybe_absent


def binary(operator: Operator, left_type: SlotType, right_type: SlotType) -> Binary:
    """Make the function that compares two values of some types."""
    negated = operator in _NEGATED
    plain = _NEGATED.get(operator, operator)
    if is_ordered(left_type.kind):
        return _of_intervals(plain, left_type.kind, right_type.kind, negated=negated)

    def decided(left: Value, right: Value) -> Truth:
        if left is NOT_APPLICABLE or right is NOT_APPLICABLE:
            return FALSE
        if left is UNKNOWN_VALUE or right is UNKNOWN_VALUE:
            return UNKNOWN
        truth = _one(plain, left, left_type, right, right_type)
        return negate(truth) if negated else truth

    return decided


def _of_intervals(plain: Operator, left_kind: Kind, right_kind: Kind, *, negated: bool) -> Binary:
    order, convert = _ORDER[plain], left_kind is not right_kind

    def decided(left: Value, right: Value) -> Truth:
        if not isinstance(left, Interval) or not isinstance(right, Interval):
            return FALSE if left is NOT_APPLICABLE or right is NOT_APPLICABLE else UNKNOWN
        absent = left.maybe_absent or right.maybe_absent
        if convert:
            left, right = as_moment(left, left_kind), as_moment(right, right_kind)
        truth = order(left, right)
        if negated:
            truth = negate(truth)
        return UNKNOWN if absent and truth is TRUE else truth

    return decided


_NEGATED = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_IN: Operator.EQUAL,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.HAS_NONE: Operator.HAS_ANY,
}
# The others hold if they hold for one of the values.
_OF_ALL = {*_NEGATED, Operator.HAS_ALL}


def _one(
    operator: Operator, left: Value, left_type: SlotType, right: Value, right_type: SlotType
) -> Truth:
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
        return TRUE if has_words(text_key(left), text_key(right)) else FALSE
    last = 4
    is_fragment = Kind.IBAN in {left_type.kind, right_type.kind} and last in {len(left), len(right)}
    if is_fragment:
        # Four equal characters do not prove the rest; different ones do.
        return UNKNOWN if left[-last:] == right[-last:] else FALSE
    return TRUE if text_key(left) == text_key(right) else FALSE


def has_words(text: str, phrase: str) -> bool:
    """Say whether a phrase stands in a text with no letter or digit right before or after it.

    Args:
        text: The text, as :func:`text_key` gives it.
        phrase: The phrase, likewise.
    """
    place = text.find(phrase)
    while place >= 0:
        after = text[place + len(phrase) : place + len(phrase) + 1]
        if not (_is_of_word(text[max(place - 1, 0) : place]) or _is_of_word(after)):
            return True
        place = text.find(phrase, place + 1)
    return False


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


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
    Operator.IN: _equal,
    Operator.BELOW: _below,
    Operator.AT_LEAST: lambda left, right: negate(_below(left, right)),
    Operator.ABOVE: lambda left, right: _below(right, left),
    Operator.AT_MOST: lambda left, right: negate(_below(right, left)),
}

"""Conditions and expressions: the nodes only. What they mean is written in the engines.

Aliases stand for facts. A condition that binds an alias makes it visible to the conditions after
it in the same conjunction; aliases bound inside ``Not``, ``Any``, ``AtLeast``, ``Each`` and
aggregates stay inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from simdiag.model.values import Kind, SlotType, Value
from simdiag.spans import NOWHERE, Span


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    IN = "in"
    NOT_IN = "not_in"
    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_WORDS = "contains_words"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"
    KNOWN = "known"
    UNKNOWN = "unknown"


class AggregateKind(StrEnum):
    """What is computed over several facts."""

    COUNT = "count"
    SUM = "sum"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ALL_EQUAL = "all_equal"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Value
    type: SlotType


@dataclass(frozen=True, slots=True)
class SlotRef:
    """The value of a slot or finding of the fact that an alias stands for."""

    alias: str
    slot: str
    type: SlotType


@dataclass(frozen=True, slots=True)
class PairRef:
    """The value of a finding about two facts."""

    first: str
    second: str
    finding: str
    type: SlotType


MOMENT = SlotType(Kind.DATETIME)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment for which the case is judged."""

    type: SlotType = MOMENT


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum, difference or product: ``symbol`` is ``+``, ``-`` or ``*``."""

    symbol: str
    left: Expression
    right: Expression
    type: SlotType


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language applied to arguments.

    ``extra`` holds what the loader adds to the values: the stated rounding, the places of a
    decimal.
    """

    function: str
    arguments: tuple[Expression, ...]
    type: SlotType
    extra: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A value computed over all facts that match.

    Attributes:
        kind: What is computed.
        match: The pattern whose alias ranges over the facts.
        where: Further conditions on that fact.
        value: What is summed or compared; none for a count.
        type: Kind of the result.
    """

    kind: AggregateKind
    match: Match
    where: All
    value: Expression | None
    type: SlotType
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    rows: All = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Join pattern and conditions once, because engines tell conditions apart by identity."""
        object.__setattr__(self, "rows", All((self.match, *self.where.parts), self.span))


Expression: TypeAlias = Literal | SlotRef | PairRef | AsOf | Arithmetic | Call | Aggregate


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of one value with others; ``right`` is empty for ``known`` and ``unknown``."""

    left: Expression
    operator: Operator
    right: tuple[Expression, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """A fact of a template exists, other than those of some aliases. Binds ``alias``."""

    alias: str
    template: str
    other_than: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. The only node whose parts see the aliases that earlier parts bind.

    No part is itself an ``All``: the loader splices them.
    """

    parts: tuple[Condition, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[All, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least ``count`` of the parts hold."""

    count: int
    parts: tuple[All, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold for any facts."""

    part: All
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Each:
    """For all facts for which ``of`` holds, ``holds`` holds too.

    ``exception`` is what must not exist: facts for which ``of`` holds and ``holds`` does not.
    """

    of: All
    holds: All
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    exception: All = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the exception once, because engines tell conditions apart by identity."""
        exception = All((*self.of.parts, Not(self.holds, self.span)), self.span)
        object.__setattr__(self, "exception", exception)


Condition: TypeAlias = Compare | Match | All | Any | AtLeast | Not | Each


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Give the direct parts of a condition, without looking into expressions."""
    match condition:
        case All(parts) | Any(parts) | AtLeast(_, parts):
            return parts
        case Not(part):
            return (part,)
        case Each(of, holds):
            return (of, holds)
        case _:
            return ()


def operands_of(expression: Expression) -> tuple[Expression, ...]:
    """Give the direct operands of an expression, those in conditions of aggregates left out."""
    match expression:
        case Arithmetic(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case Aggregate(
            value=Literal() | SlotRef() | PairRef() | AsOf() | Arithmetic() | Call() as value
        ):
            return (value,)
        case _:
            return ()


def expressions_in(condition: Condition) -> Iterator[Expression]:
    """Iterate over every expression in a condition, those inside aggregates included."""
    if isinstance(condition, Compare):
        for side in (condition.left, *condition.right):
            yield from expressions_below(side)
    for part in parts_of(condition):
        yield from expressions_in(part)


def expressions_below(expression: Expression) -> Iterator[Expression]:
    """Iterate over an expression and every expression inside it."""
    yield expression
    if isinstance(expression, Aggregate):
        yield from expressions_in(expression.where)
    for operand in operands_of(expression):
        yield from expressions_below(operand)


def conditions_in(condition: Condition) -> Iterator[Condition]:
    """Iterate over a condition and every condition inside it, those of aggregates included."""
    yield condition
    if isinstance(condition, Compare):
        for side in (condition.left, *condition.right):
            for inner in expressions_below(side):
                if isinstance(inner, Aggregate):
                    yield inner.match
                    yield from conditions_in(inner.where)
    for part in parts_of(condition):
        yield from conditions_in(part)

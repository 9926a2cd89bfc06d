"""Conditions whose parts are decided on their own, and reading values through a binding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from simdiag.engines.values import Code
from simdiag.engines.world import World
from simdiag.model.cases import RowId
from simdiag.model.conditions import Aggregate, All, Any, AtLeast, Condition, Each, Expression, Not
from simdiag.model.truth import Truth, at_least, disjunction, negate
from simdiag.model.values import NOT_APPLICABLE, Value

Binding = Mapping[str, RowId]


class Decision(NamedTuple):
    """How a conjunction came out for one outer binding, and the binding that decided it."""

    truth: Truth
    binding: Binding


def branches_of(condition: Condition | Aggregate) -> tuple[All, ...]:
    """Give the conjunctions inside a condition that are decided on their own."""
    match condition:
        case Not(part):
            return (part,)
        case Any(parts) | AtLeast(_, parts):
            return parts
        case Each():
            return (condition.exception,)
        case Aggregate():
            return (condition.rows,)
        case _:
            return ()


def combine(condition: Condition, truths: Sequence[Truth]) -> Truth:
    """Give the truth of a condition from those of its branches."""
    match condition:
        case Not() | Each():
            return negate(truths[0])
        case Any():
            return disjunction(truths)
        case AtLeast(count):
            return at_least(count, truths)
        case _:
            raise TypeError(condition)


class Run(Protocol):
    """The evaluation of one case, as far as it has come."""

    @property
    def world(self) -> World:
        """The rows and what they hold."""

    @property
    def code(self) -> Code:
        """The comparisons and expressions as functions."""

    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""

    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""

    def aggregate(self, found: Aggregate, binding: Binding) -> Value:
        """Compute an aggregate from the facts that count for it."""

    def pair(self, finding: str, first: RowId, second: RowId) -> Value:
        """Give what a finding about pairs, by its name, says of two facts."""

    def evaluate(self, expression: Expression, binding: Binding) -> Value:
        """Give the value of an expression for a binding."""


class RunReader:
    """Reads slots through a binding.

    Args:
        run: The run.
        binding: The facts that aliases stand for; whoever reads may change it between two reads.
    """

    __slots__ = ("_rows", "_slots", "binding", "run")

    def __init__(self, run: Run, binding: Binding) -> None:
        """Keep at hand what is read most."""
        self.run = run
        self.binding = binding
        self._slots = run.world.slots
        self._rows = run.world.rows

    def slot(self, alias: str, slot: str) -> Value:
        """Give the value of a slot or finding of the fact that an alias stands for."""
        row = self.binding.get(alias)
        return self._slots[self._rows[alias][0] if row is None else row].get(slot, NOT_APPLICABLE)

    def pair(self, first: str, second: str, finding: str) -> Value:
        """Give the value of a finding about two facts."""
        return self.run.pair(finding, self.binding[first], self.binding[second])

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Give the value of an aggregate."""
        return self.run.aggregate(aggregate, self.binding)

    def as_of(self) -> Value:
        """Give the moment for which the case is judged."""
        return self.run.world.as_of

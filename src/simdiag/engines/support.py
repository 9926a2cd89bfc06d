"""Records of how conditions came out, made from what an engine decided while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from simdiag.engines.branches import Binding, Run, RunReader, branches_of, combine
from simdiag.model.conditions import (
    Aggregate,
    All,
    Compare,
    Condition,
    Expression,
    Match,
    PairRef,
    SlotRef,
    operands_of,
)
from simdiag.model.inference import Read, Support
from simdiag.model.truth import FALSE, UNKNOWN, Truth


class Records(Sequence[Support]):
    """The records of the parts of a conjunction, made when somebody looks at them.

    Args:
        run: The run that decided it; what it decided must not change afterwards.
        parts: The parts.
        binding: The facts that the aliases stand for.
    """

    __slots__ = ("_binding", "_made", "_parts", "_run")

    def __init__(self, run: Run, parts: Sequence[Condition], binding: Binding) -> None:
        """Make nothing yet."""
        self._run = run
        self._parts = parts
        self._binding = binding
        self._made: tuple[Support, ...] | None = None

    def __len__(self) -> int:
        """Give the number of parts."""
        return len(self._parts)

    @overload
    def __getitem__(self, place: int) -> Support: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Support]: ...
    def __getitem__(self, place: int | slice) -> Support | Sequence[Support]:
        """Give the record of a part."""
        if self._made is None:
            self._made = supports_of(self._run, self._parts, self._binding)
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        """Compare the records."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # nothing that holds values of facts has one


def support_of(run: Run, condition: Condition, binding: Binding) -> Support:
    """Record one condition for the binding that decided its rule.

    Args:
        run: The run, with everything that it decided.
        condition: A part of the rule.
        binding: The facts that the aliases stand for.

    Returns:
        The record; of inner parts, those that were found true or possible.
    """
    if isinstance(condition, Compare):
        return _comparison(run, condition, binding)
    if isinstance(condition, Match):
        row = run.world.row_of(condition.alias, binding)
        return Support(condition, run.world.exists[row], rows=(row,))
    if isinstance(condition, All):
        parts = supports_of(run, condition.parts, binding)
        return Support(
            condition, min((part.truth for part in parts), default=Truth.TRUE), parts=parts
        )
    return _nested(run, condition, binding)


def supports_of(run: Run, parts: Sequence[Condition], binding: Binding) -> tuple[Support, ...]:
    """Record each part of a conjunction for the binding that decided it."""
    return tuple(support_of(run, part, binding) for part in parts)


def _nested(run: Run, condition: Condition, binding: Binding) -> Support:
    truths, parts = [], []
    for branch in branches_of(condition):
        decision = run.branch(branch, binding)
        truths.append(FALSE if decision is None else decision.truth)
        if decision is not None:
            parts.append(
                Support(
                    branch, decision.truth, parts=supports_of(run, branch.parts, decision.binding)
                )
            )
    return Support(condition, combine(condition, truths), parts=tuple(parts))


def _comparison(run: Run, condition: Compare, binding: Binding) -> Support:
    reads: list[Read] = []
    parts: list[Support] = []
    for side in (condition.left, *condition.right):
        _collect(run, side, binding, reads, parts)
    truth = run.code.test(condition)(RunReader(run, binding))
    return Support(condition, truth, tuple(reads), parts=tuple(parts))


def _collect(
    run: Run,
    expression: Expression,
    binding: Binding,
    reads: list[Read],
    parts: list[Support],
) -> None:
    if isinstance(expression, SlotRef):
        row = run.world.row_of(expression.alias, binding)
        reads.append(Read(row, expression.slot, run.evaluate(expression, binding)))
    elif isinstance(expression, PairRef):
        value = run.evaluate(expression, binding)
        reads.append(Read(binding[expression.first], expression.finding, value))
        reads.append(Read(binding[expression.second], expression.finding, value))
    elif isinstance(expression, Aggregate):
        parts.append(_aggregate(run, expression, binding))
        return
    for operand in operands_of(expression):
        _collect(run, operand, binding, reads, parts)


def _aggregate(run: Run, found: Aggregate, binding: Binding) -> Support:
    rows = run.matching(found, binding)
    reads: list[Read] = []
    for row, _ in rows:
        if found.value is not None:
            inner = {**binding, found.match.alias: row}
            _collect(run, found.value, inner, reads, [])
    truth = UNKNOWN if any(known is UNKNOWN for _, known in rows) else Truth.TRUE
    return Support(
        found.rows,
        truth,
        tuple(reads),
        tuple(row for row, _ in rows),
        result=run.aggregate(found, binding),
        result_type=found.type,
    )

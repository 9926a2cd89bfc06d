"""Records of how conditions came out, made from what an engine decided while it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simdiag.engines.values import compare
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

if TYPE_CHECKING:
    from simdiag.engines.base import Binding, Session


def support_of(session: Session, condition: Condition, binding: Binding) -> Support:
    """Record one condition for the binding that decided its rule.

    Args:
        session: The run, with everything that it decided.
        condition: A part of the rule.
        binding: The facts that the aliases stand for.

    Returns:
        The record; of inner parts, those that were found true or possible.
    """
    if isinstance(condition, Compare):
        return _comparison(session, condition, binding)
    if isinstance(condition, Match):
        row = session.world.row_of(condition.alias, binding)
        return Support(condition, session.world.exists[row], rows=(row,))
    if isinstance(condition, All):
        parts = session.supports(condition.parts, binding)
        return Support(
            condition, min((part.truth for part in parts), default=Truth.TRUE), parts=parts
        )
    return _nested(session, condition, binding)


def _nested(session: Session, condition: Condition, binding: Binding) -> Support:
    from simdiag.engines.base import branches_of, combine  # noqa: PLC0415 - the two know each other

    truths, parts = [], []
    for branch in branches_of(condition):
        decision = session.branch(branch, binding)
        truths.append(FALSE if decision is None else decision.truth)
        if decision is not None:
            parts.append(
                Support(
                    branch, decision.truth, parts=session.supports(branch.parts, decision.binding)
                )
            )
    return Support(condition, combine(condition, truths), parts=tuple(parts))


def _comparison(session: Session, condition: Compare, binding: Binding) -> Support:
    from simdiag.engines.base import SessionReader  # noqa: PLC0415 - the two know each other

    reads: list[Read] = []
    parts: list[Support] = []
    for side in (condition.left, *condition.right):
        _collect(session, side, binding, reads, parts)
    truth = compare(condition, SessionReader(session, binding))
    return Support(condition, truth, tuple(reads), parts=tuple(parts))


def _collect(
    session: Session,
    expression: Expression,
    binding: Binding,
    reads: list[Read],
    parts: list[Support],
) -> None:
    if isinstance(expression, SlotRef):
        row = session.world.row_of(expression.alias, binding)
        reads.append(Read(row, expression.slot, session.evaluate(expression, binding)))
    elif isinstance(expression, PairRef):
        value = session.evaluate(expression, binding)
        reads.append(Read(binding[expression.first], expression.finding, value))
        reads.append(Read(binding[expression.second], expression.finding, value))
    elif isinstance(expression, Aggregate):
        parts.append(_aggregate(session, expression, binding))
        return
    for operand in operands_of(expression):
        _collect(session, operand, binding, reads, parts)


def _aggregate(session: Session, found: Aggregate, binding: Binding) -> Support:
    rows = session.matching(found, binding)
    reads: list[Read] = []
    for row, _ in rows:
        if found.value is not None:
            inner = {**binding, found.match.alias: row}
            _collect(session, found.value, inner, reads, [])
    truth = UNKNOWN if any(known is UNKNOWN for _, known in rows) else Truth.TRUE
    return Support(
        found.rows,
        truth,
        tuple(reads),
        tuple(row for row, _ in rows),
        result=session.aggregate(found, binding),
        result_type=found.type,
    )

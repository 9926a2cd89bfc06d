"""Conditions to the safe subset of experta: positive patterns, tests, markers and NOT of a marker.

Every inner part of a condition that is decided on its own (what is negated, an alternative, the
facts of an aggregate) becomes a *node* with a marker of its own, derived one level below. "Does
match" and "could match" are two markers, so that negation comes out right for unknown facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simdiag.engines.branches import branches_of
from simdiag.model.conditions import (
    Aggregate,
    All,
    Compare,
    Condition,
    Match,
    PairRef,
    SlotRef,
    conditions_in,
    expressions_below,
    expressions_in,
)
from simdiag.model.rules import Rule
from simdiag.model.terms import Cardinality, Template


@dataclass(frozen=True, slots=True)
class Node:
    """An inner part of a condition that has a marker.

    Attributes:
        key: Its number in the layer.
        condition: What it decides.
        outer: Aliases outside on which it depends, with their templates, by name.
        level: The run that derives it; what reads its marker runs later.
        computed: Whether its truth is counted or compared from other nodes after that run, instead
            of
            being derived by rules of its own.
    """

    key: int
    condition: Condition | Aggregate
    outer: tuple[tuple[str, str], ...]
    level: int
    computed: bool = False


@dataclass(slots=True)
class Layer:
    """The nodes of some rules that are decided together.

    Attributes:
        nodes: In the order of their keys.
        of: Node of each condition and of each branch, by identity.
        levels: Level of each rule, by id.
    """

    nodes: list[Node] = field(default_factory=list)
    of: dict[int, Node] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """The number of runs."""
        return max([*self.levels.values(), *(node.level for node in self.nodes)], default=0)


def lower(rules: Sequence[Rule], templates: Mapping[str, Template]) -> Layer:
    """Find the nodes of some rules.

    Args:
        rules: Rules of one stratum, or those that come last.
        templates: The terms.

    Returns:
        Their layer.
    """
    layer = Layer()
    for rule in rules:
        bound = {subject.alias: subject.template for subject in rule.subjects}
        depth = _conjunction(rule.when.parts, dict(bound), layer, templates)
        if rule.value is not None:
            for expression in expressions_below(rule.value):
                if isinstance(expression, Aggregate):
                    depth = max(depth, _aggregate(expression, bound, layer, templates).level)
        layer.levels[rule.id] = depth + 1
    return layer


def _conjunction(
    parts: Sequence[Condition],
    bound: dict[str, str],
    layer: Layer,
    templates: Mapping[str, Template],
) -> int:
    """Add the nodes of a conjunction; give the greatest level among them."""
    level = 0
    for part in parts:
        if isinstance(part, Match):
            bound[part.alias] = part.template
        elif isinstance(part, Compare):
            level = max(level, _comparison(part, bound, layer, templates))
        else:
            level = max(level, _nested(part, bound, layer, templates).level)
    return level


def aggregates_of(condition: Compare) -> tuple[Aggregate, ...]:
    """Give the aggregates that a comparison reads."""
    sides = (condition.left, *condition.right)
    return tuple(
        found for side in sides for found in expressions_below(side) if isinstance(found, Aggregate)
    )


def _comparison(
    part: Compare, bound: dict[str, str], layer: Layer, templates: Mapping[str, Template]
) -> int:
    aggregates = aggregates_of(part)
    if not aggregates:
        return 0
    level = max(_aggregate(found, bound, layer, templates).level for found in aggregates)
    node = Node(len(layer.nodes), part, outer_of(part, bound, templates), level, computed=True)
    layer.nodes.append(node)
    layer.of[id(part)] = node
    return level


def _aggregate(
    found: Aggregate, bound: dict[str, str], layer: Layer, templates: Mapping[str, Template]
) -> Node:
    inner = dict(bound)
    level = 1 + _conjunction(found.rows.parts, inner, layer, templates)
    outer = _restrict(_names_in_rows(found), bound, templates)
    return _keep(found, (found.rows,), outer, level, layer)


def _names_in_rows(found: Aggregate) -> set[str]:
    names = names_read(found.rows)
    if found.value is not None:
        names |= {
            each.alias for each in expressions_below(found.value) if isinstance(each, SlotRef)
        }
    return names


def _nested(
    part: Condition, bound: dict[str, str], layer: Layer, templates: Mapping[str, Template]
) -> Node:
    branches = branches_of(part)
    below = [_conjunction(branch.parts, dict(bound), layer, templates) for branch in branches]
    return _keep(part, branches, outer_of(part, bound, templates), 1 + max(below), layer)


def _keep(
    condition: Condition | Aggregate,
    branches: tuple[All, ...],
    outer: tuple[tuple[str, str], ...],
    level: int,
    layer: Layer,
) -> Node:
    node = Node(len(layer.nodes), condition, outer, level)
    layer.nodes.append(node)
    layer.of[id(condition)] = node
    for branch in branches:
        layer.of[id(branch)] = node
    return node


def names_read(condition: Condition) -> set[str]:
    """Give every alias that a condition names, wherever it is bound."""
    found: set[str] = set()
    for expression in expressions_in(condition):
        if isinstance(expression, SlotRef):
            found.add(expression.alias)
        elif isinstance(expression, PairRef):
            found |= {expression.first, expression.second}
    for inner in conditions_in(condition):
        if isinstance(inner, Match):
            found |= {inner.alias, *inner.other_than}
    return found


def outer_of(
    condition: Condition, bound: Mapping[str, str], templates: Mapping[str, Template]
) -> tuple[tuple[str, str], ...]:
    """Give the aliases of lists outside a condition on which it depends, by name."""
    return _restrict(names_read(condition), bound, templates)


def _restrict(
    names: set[str], bound: Mapping[str, str], templates: Mapping[str, Template]
) -> tuple[tuple[str, str], ...]:
    # A template with one row is the same row everywhere, so nothing depends on which one is bound.
    return tuple(
        (alias, bound[alias])
        for alias in sorted(names & set(bound))
        if not _one_row(templates[bound[alias]])
    )


def _one_row(template: Template) -> bool:
    return template.cardinality is Cardinality.ONE or template.single

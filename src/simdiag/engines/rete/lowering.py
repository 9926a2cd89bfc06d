"""Conditions to the safe subset of experta: positive patterns, tests, markers and NOT of a marker.

Every inner part of a condition that is decided on its own (what is negated, an alternative, the
facts of an aggregate) becomes a *node* with a marker of its own, derived one level below. "Does
match" and "could match" are two markers, so that negation comes out right for unknown facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from simdiag.engines.branches import branches_of
from simdiag.model.conditions import (
    Aggregate,
    All,
    AsOf,
    Compare,
    Condition,
    Expression,
    Match,
    PairRef,
    SlotRef,
    conditions_in,
    expressions_below,
    expressions_in,
    operands_of,
)
from simdiag.model.rules import Purpose, Rule, Subject
from simdiag.model.terms import Cardinality, Template

Aliases = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An inner part of a condition that has a marker.

    Attributes:
        key: Its number in the layer.
        condition: What it decides.
        outer: Aliases outside on which it depends, with their templates, by name.
        level: The run that derives it; what reads its marker runs later.
        guards: Tests of outer aliases without which nobody looks at the marker.
        computed: Whether its truth is counted or compared from other nodes after that run, instead
            of being derived by rules of its own.
    """

    key: int
    condition: Condition | Aggregate
    outer: Aliases
    level: int
    guards: tuple[Compare, ...] = ()
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A conjunction that becomes rules of experta.

    Attributes:
        outer: Aliases that are bound outside, with their templates.
        parts: The conjunction.
        existing: Whether the outer facts must exist.
        guards: Tests of outer aliases without which nobody asks.
    """

    outer: Aliases
    parts: tuple[Condition, ...]
    existing: bool = False
    guards: tuple[Compare, ...] = ()

    @property
    def aliases(self) -> dict[str, str]:
        """Every alias that it binds, in the order of binding, with its template."""
        found = dict(self.outer)
        for part in self.parts:
            if isinstance(part, Match):
                found.setdefault(part.alias, part.template)
        return found


@dataclass(slots=True)
class Layer:
    """The nodes of some rules that are decided together.

    Attributes:
        nodes: In the order of their keys.
        of: Node of each condition and of each branch, by identity.
        levels: Level of each rule that is decided, by id.
        same: Rule that is decided for each rule, by id: of rules with equal antecedents the first.
    """

    nodes: list[Node] = field(default_factory=list)
    of: dict[int, Node] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    same: dict[str, Rule] = field(default_factory=dict)

    def add(
        self,
        condition: Condition | Aggregate,
        outer: Aliases,
        level: int,
        guards: tuple[Compare, ...],
        *,
        computed: bool = False,
    ) -> Node:
        """Add a node; for the arguments see there."""
        node = Node(len(self.nodes), condition, outer, level, guards, computed)
        self.nodes.append(node)
        self.of[id(condition)] = node
        return node

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
    firsts: dict[object, list[Rule]] = {}
    for rule in rules:
        equal = firsts.setdefault(_outline(rule), [])
        first = next((other for other in equal if other.when == rule.when), None)
        layer.same[rule.id] = first or rule
        lowering = _Lowering(layer, templates)
        unit = unit_of(rule)
        if first is None:
            equal.append(rule)
            layer.levels[rule.id] = lowering.conjunction(unit, dict(unit.outer)) + 1
        if rule.value is not None:
            guards = tuple([part for part in rule.when.parts if is_plain(part)])
            for found in outermost(rule.value):
                lowering.aggregate(found, dict(unit.outer), guards)
    return layer


def unit_of(rule: Rule) -> Unit:
    """Give the antecedent of a rule as it is compiled."""
    return Unit(subject_aliases(rule.subjects), rule.when.parts, must_exist(rule))


def _outline(rule: Rule) -> object:
    """Give what is equal for rules with equal antecedents, without going into depth."""
    parts = tuple(
        (part.template, part.alias)
        if isinstance(part, Match)
        else (type(part), part.operator if isinstance(part, Compare) else None)
        for part in rule.when.parts
    )
    return rule.subjects, must_exist(rule), parts


def subject_aliases(subjects: Sequence[Subject]) -> Aliases:
    """Give the aliases of subjects with their templates."""
    return tuple((subject.alias, subject.template) for subject in subjects)


def must_exist(rule: Rule) -> bool:
    """Say whether a rule speaks of facts that exist; findings are computed for all rows."""
    return rule.purpose not in {Purpose.DERIVE, Purpose.RELEVANCE}


class _Lowering:
    """Adds the nodes of one rule to a layer; gives levels.

    Every method that is given aliases bound so far adds those that it binds.
    """

    def __init__(self, layer: Layer, templates: Mapping[str, Template]) -> None:
        self.layer = layer
        self.templates = templates

    def conjunction(self, unit: Unit, bound: dict[str, str]) -> int:
        """Add what is in a conjunction; give the greatest level among it."""
        level = 0
        guards = (*unit.guards, *[part for part in unit.parts if is_plain(part)])
        for part in unit.parts:
            if isinstance(part, Match):
                bound[part.alias] = part.template
            elif isinstance(part, Compare):
                level = max(level, self.comparison(part, bound, guards))
            else:
                level = max(level, self.nested(part, bound, guards))
        return level

    def comparison(self, part: Compare, bound: dict[str, str], guards: tuple[Compare, ...]) -> int:
        """Add the aggregates of a comparison, and itself if it has any."""
        aggregates = aggregates_of(part)
        if not aggregates:
            return 0
        level = max(self.aggregate(found, bound, guards) for found in aggregates)
        outer = self.outer(part, bound)
        self.layer.add(part, outer, level, _about(outer, guards), computed=True)
        return level

    def aggregate(
        self, found: Aggregate, bound: dict[str, str], guards: tuple[Compare, ...]
    ) -> int:
        """Add the node of an aggregate; give its level."""
        below = () if found.value is None else expressions_below(found.value)
        summed = {each.alias for each in below if isinstance(each, SlotRef)}
        outer = self.outer(found.rows, bound, summed)
        return self.keep(found, (found.rows,), outer, bound, guards)

    def nested(self, part: Condition, bound: dict[str, str], guards: tuple[Compare, ...]) -> int:
        """Add the node of a condition with branches; give its level."""
        return self.keep(part, branches_of(part), self.outer(part, bound), bound, guards)

    def keep(
        self,
        condition: Condition | Aggregate,
        branches: tuple[All, ...],
        outer: Aliases,
        bound: dict[str, str],
        guards: tuple[Compare, ...],
    ) -> int:
        """Add a node and what is in its branches."""
        guards = _about(outer, guards)
        levels = [
            self.conjunction(Unit(outer, branch.parts, guards=guards), dict(bound))
            for branch in branches
        ]
        level = 1 + max(levels)
        node = self.layer.add(condition, outer, level, guards)
        self.layer.of |= {id(branch): node for branch in branches}
        return level

    def outer(
        self, condition: Condition, bound: Mapping[str, str], more: Collection[str] = ()
    ) -> Aliases:
        """Give the aliases of lists outside on which something depends, by name."""
        names = names_read(condition) | set(more)
        paired = _paired(condition)
        # A template with one row is the same row everywhere, so nothing depends on which is bound.
        return tuple(
            (alias, bound[alias])
            for alias in sorted(names & set(bound))
            if alias in paired or not _one_row(self.templates[bound[alias]])
        )


def aggregates_of(condition: Compare) -> tuple[Aggregate, ...]:
    """Give the aggregates that a comparison reads, those inside another one left out."""
    return tuple(found for side in (condition.left, *condition.right) for found in outermost(side))


def outermost(expression: Expression) -> Iterator[Aggregate]:
    """Iterate over aggregates; what stands inside one sees the fact that it counts."""
    if isinstance(expression, Aggregate):
        yield expression
        return
    for operand in operands_of(expression):
        yield from outermost(operand)


def is_plain(part: Condition) -> TypeGuard[Compare]:
    """Say whether a condition compares nothing but slots and what is made of them."""
    return isinstance(part, Compare) and not any(
        isinstance(found, Aggregate | PairRef | AsOf) for found in expressions_in(part)
    )


def _about(outer: Aliases, tests: Sequence[Condition]) -> tuple[Compare, ...]:
    """Give those plain tests that read outer aliases alone."""
    names = {alias for alias, _ in outer}
    return tuple(
        test
        for test in tests
        if isinstance(test, Compare) and 0 < len(read := names_read(test)) <= len(read & names)
    )


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


def _paired(condition: Condition) -> set[str]:
    """Give the aliases of which a condition reads something as of a pair."""
    return {
        alias
        for found in expressions_in(condition)
        if isinstance(found, PairRef)
        for alias in (found.first, found.second)
    }


def _one_row(template: Template) -> bool:
    return template.cardinality is Cardinality.ONE or template.single

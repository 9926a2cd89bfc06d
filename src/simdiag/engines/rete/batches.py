"""Rules that are decided together, made ready for experta: a class of engines for each level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from simdiag.analysis.program import Program
from simdiag.engines.branches import Binding, Decision, branches_of
from simdiag.engines.rete.compiler import (
    MODES,
    Deferred,
    RuleCompiler,
    pairs_read,
    templates_read,
    variables,
)
from simdiag.engines.rete.facts import ROW, fact_class
from simdiag.engines.rete.kernel import RuleSpec
from simdiag.engines.rete.lowering import Layer, Node, Unit, lower, unit_of
from simdiag.engines.rete.predicates import COULD, DOES, Tools
from simdiag.model.cases import VIRTUAL, RowId
from simdiag.model.conditions import Aggregate, All
from simdiag.model.inference import Rows
from simdiag.model.rules import Rule
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth

Found = dict[Rows, Decision]
Record = Callable[[Any, Binding], None]
Build = Callable[[str, Sequence[RuleSpec]], type]


class Notes(Protocol):
    """Where right-hand sides record: the attribute ``notes`` of an engine.

    Attributes:
        decided: By rule, then subject; it makes room for a rule that it does not have.
        branches: By identity of the branch, then outer rows.
        counted: The facts that count, by identity of the branch and outer rows.
    """

    decided: dict[str, Found]
    branches: dict[int, Found]
    counted: dict[tuple[int, Rows], dict[RowId, Truth]]


@dataclass(slots=True)
class Needs:
    """What must be declared for some rules of a level.

    Attributes:
        pairs: Names of findings about pairs, and whether what they say must be known of all pairs,
            or only of those of which they say something.
        nodes: Keys of the nodes whose markers are read.
    """

    pairs: dict[str, bool] = field(default_factory=dict)
    nodes: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Level:
    """One run of a batch.

    Attributes:
        engine: The engine class.
        needs: What rules need, by the templates of which they need a fact each to match at all.
    """

    engine: type
    needs: dict[frozenset[str], Needs] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """Rules that are decided together, compiled."""

    layer: Layer
    levels: list[Level] = field(default_factory=list)


def _order(binding: Binding) -> tuple[tuple[bool, int], ...]:
    """Give the place of a binding in the order of rows; unseen facts come last."""
    return tuple([(row.index == VIRTUAL, row.index) for row in binding.values()])


def _note(found: Found, rows: Rows, truth: Truth, binding: Binding) -> None:
    """Keep the greatest truth, and of bindings with equal truth the first in the order of rows."""
    known = found.get(rows)
    if known is not None:
        earlier = truth is known.truth and _order(binding) < _order(known.binding)
        if not earlier and truth <= known.truth:
            return
    found[rows] = Decision(truth, binding)


class RuleBuilder:
    """Compiles the batches of a program.

    Args:
        program: The knowledge base, made ready.
        build: Makes an engine class of rules.
    """

    def __init__(self, program: Program, build: Build) -> None:
        """Compile nothing yet."""
        self.program = program
        self.build = build
        self.tools = Tools(program)

    def batch(self, rules: Sequence[Rule]) -> Batch:
        """Compile the rules of one batch, level by level."""
        layer = lower(rules, self.program.base.templates)
        batch = Batch(layer)
        for number in range(1, layer.height + 1):
            made = [*self._nodes(layer, number), *self._rules(rules, layer, number)]
            specs = [spec for _, both in made for spec in both]
            level = Level(self.build(f"Level{number}", specs))
            for unit, _ in made:
                self._add_needs(unit, layer, level)
            batch.levels.append(level)
        return batch

    def _add_needs(self, unit: Unit, layer: Layer, level: Level) -> None:
        templates = frozenset(templates_read(self.tools, unit))
        needs = level.needs.setdefault(templates, Needs())
        for name, every in pairs_read(unit):
            needs.pairs[name] = needs.pairs.get(name, False) or every
        needs.nodes.update(layer.of[id(part)].key for part in unit.parts if id(part) in layer.of)

    def _nodes(self, layer: Layer, level: int) -> Iterator[tuple[Unit, list[RuleSpec]]]:
        """Give the units of nodes with their rules of experta."""
        for node in layer.nodes:
            if node.level != level or node.computed:
                continue
            counted = _counted(node)
            per = [alias for alias, _ in node.outer] + ([counted] if counted else [])
            for number, branch in enumerate(branches_of(node.condition)):
                unit = Unit(node.outer, branch.parts, guards=node.guards)
                records = {mode: _branch(node, branch, mode) for mode in MODES}
                yield unit, self._both(f"node {node.key:04d}.{number}", unit, layer, per, records)

    def _rules(
        self, rules: Sequence[Rule], layer: Layer, level: int
    ) -> Iterator[tuple[Unit, list[RuleSpec]]]:
        """Give the units of rules with their rules of experta."""
        for rule in rules:
            if layer.levels.get(rule.id) == level:
                unit = unit_of(rule)
                per = [subject.alias for subject in rule.subjects]
                records = {mode: _rule(rule, mode) for mode in MODES}
                yield unit, self._both(rule.id, unit, layer, per, records)

    def _both(
        self,
        name: str,
        unit: Unit,
        layer: Layer,
        per: Sequence[str],
        records: Mapping[str, Record],
    ) -> list[RuleSpec]:
        """Give the rule for what matches, and the weaker one for what could.

        Args:
            name: Unique in the level.
            unit: The conjunction.
            layer: The nodes that it reads.
            per: The aliases for whose facts one firing is enough.
            records: What to do then, by mode.
        """
        names = variables(unit)
        types = tuple(fact_class(each) for each in sorted(templates_read(self.tools, unit)))
        return [
            RuleSpec(
                f"{name} {mode}",
                Deferred(RuleCompiler(self.tools, layer, unit, mode).compiled),
                _firing(names, records[mode]),
                types=types,
                per=tuple(names[alias] for alias in per),
                weaker=f"{name} {COULD}" if mode == DOES else "",
            )
            for mode in MODES
        ]


def _firing(names: Mapping[str, str], record: Record) -> Callable[..., None]:
    """Make a right-hand side."""
    captured = tuple(names.items())

    def fire(engine: Any, **bindings: Any) -> None:
        record(engine.notes, {alias: bindings[name][ROW] for alias, name in captured})

    return fire


def _counted(node: Node) -> str:
    """Give the alias whose facts an aggregate needs all of; empty for other nodes."""
    return node.condition.match.alias if isinstance(node.condition, Aggregate) else ""


def _rule(rule: Rule, mode: str) -> Record:
    aliases = [subject.alias for subject in rule.subjects]
    truth = TRUE if mode == DOES else UNKNOWN
    name = rule.id

    def record(notes: Notes, binding: Binding) -> None:
        subject = tuple([binding[alias] for alias in aliases])
        _note(notes.decided[name], subject, truth, binding)

    return record


def _branch(node: Node, branch: All, mode: str) -> Record:
    aliases = [alias for alias, _ in node.outer]
    truth = TRUE if mode == DOES else UNKNOWN
    counted = _counted(node)

    def record(notes: Notes, binding: Binding) -> None:
        outer = tuple([binding[alias] for alias in aliases])
        _note(notes.branches.setdefault(id(branch), {}), outer, truth, binding)
        if counted:
            rows = notes.counted.setdefault((id(branch), outer), {})
            row = binding[counted]
            rows[row] = max(truth, rows.get(row, FALSE))

    return record

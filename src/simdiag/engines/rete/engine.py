"""The experta engine: every firing of a rule is experta's, each level on a fresh working memory.

The rules of a stratum are compiled once per process. For a case each level declares the facts with
what is known so far, and the markers of the levels below, all at once; right-hand sides only
record.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from simdiag.analysis.program import Program
from simdiag.engines.base import Engine, Session
from simdiag.engines.branches import Binding, Decision, RunReader, branches_of, combine
from simdiag.engines.rete.compiler import (
    AS_OF,
    COULD,
    DOES,
    EXISTS,
    MODES,
    ROW,
    Marker,
    Needs,
    PairFact,
    RuleCompiler,
    constants_of,
    fact_class,
    must_exist,
    subject_aliases,
)
from simdiag.engines.rete.kernel import RuleSpec, build_engine
from simdiag.engines.rete.lowering import Layer, Node, lower
from simdiag.engines.values import compare
from simdiag.errors import EngineFailure
from simdiag.model.cases import VIRTUAL, Case, RowId
from simdiag.model.conditions import Aggregate, All, AtLeast, Compare, Match
from simdiag.model.inference import Rows
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Rule
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth
from simdiag.model.values import NOT_APPLICABLE

Order = tuple[tuple[int, int], ...]
Found = dict[Rows, Decision]


@dataclass(slots=True)
class Run:
    """One level of a batch: the engine class, and what must be declared for it."""

    engine: type
    needs: Needs


@dataclass(slots=True)
class Batch:
    """Rules that are decided together, compiled."""

    layer: Layer
    runs: list[Run] = field(default_factory=list)


def _order(binding: Binding) -> Order:
    """Give the place of a binding in the order of rows; unseen facts come last."""
    return tuple((row.index == VIRTUAL, row.index) for row in binding.values())


def _better(known: Decision | None, truth: Truth, binding: Binding) -> bool:
    if known is None or truth > known.truth:
        return True
    return truth == known.truth and _order(binding) < _order(known.binding)


def build_level(name: str, rules: Sequence[RuleSpec]) -> type:
    """Make the engine class of one level.

    Its right-hand sides only record, so each activation fires once and no budget is needed to end:
    two hundred lines of a bill make more activations than a run that goes round in circles.
    """
    return build_engine(name, rules, step_budget=sys.maxsize)


class RuleBuilder:
    """Compiles the batches of a program."""

    def __init__(
        self, program: Program, build: Callable[[str, Sequence[RuleSpec]], type] = build_level
    ) -> None:
        """Take the program, and what makes an engine class of rules."""
        self.program = program
        self.build = build
        self.constants = constants_of(program.base)

    def batch(self, rules: Sequence[Rule]) -> Batch:
        """Compile the rules of one batch, level by level."""
        layer = lower(rules, self.program.base.templates)
        batch = Batch(layer)
        for level in range(1, layer.height + 1):
            needs = Needs()
            specs = [
                *self._node_specs(layer, level, needs),
                *self._rule_specs(rules, layer, level, needs),
            ]
            batch.runs.append(Run(self.build(f"Level{level}", specs), needs))
        return batch

    def _rule_specs(
        self, rules: Sequence[Rule], layer: Layer, level: int, needs: Needs
    ) -> Iterator[RuleSpec]:
        for rule in rules:
            if layer.levels[rule.id] != level:
                continue
            for mode in MODES:
                compiler = RuleCompiler(self.program, layer, mode, needs, self.constants)
                compiler.outer(subject_aliases(rule.subjects), existing=must_exist(rule))
                compiler.conjunction(rule.when.parts)
                yield compiler.spec(f"{rule.id} {mode}", _record_rule(rule, mode))

    def _node_specs(self, layer: Layer, level: int, needs: Needs) -> Iterator[RuleSpec]:
        for node in layer.nodes:
            if node.level != level or node.computed:
                continue
            for number, branch in enumerate(branches_of(node.condition)):
                for mode in MODES:
                    compiler = RuleCompiler(self.program, layer, mode, needs, self.constants)
                    compiler.outer(node.outer)
                    compiler.conjunction(branch.parts)
                    name = f"node {node.key:04d}.{number} {mode}"
                    yield compiler.spec(name, _record_branch(node, branch, mode))


def _record_rule(rule: Rule, mode: str) -> Callable[[Any, Binding], None]:
    aliases = [subject.alias for subject in rule.subjects]
    truth = TRUE if mode == DOES else UNKNOWN

    def record(engine: Any, binding: Binding) -> None:
        subject = tuple(binding[alias] for alias in aliases)
        found = engine.session.decided.setdefault(rule.id, {})
        if _better(found.get(subject), truth, binding):
            found[subject] = Decision(truth, binding)

    return record


def _record_branch(node: Node, branch: All, mode: str) -> Callable[[Any, Binding], None]:
    aliases = [alias for alias, _ in node.outer]
    truth = TRUE if mode == DOES else UNKNOWN
    counted = node.condition.match.alias if isinstance(node.condition, Aggregate) else None

    def record(engine: Any, binding: Binding) -> None:
        outer = tuple(binding[alias] for alias in aliases)
        found = engine.session.branches.setdefault(id(branch), {})
        if _better(found.get(outer), truth, binding):
            found[outer] = Decision(truth, binding)
        if counted is not None:
            rows = engine.session.counted.setdefault((id(branch), outer), {})
            row = binding[counted]
            rows[row] = max(truth, rows.get(row, FALSE))

    return record


class ReteSession(Session):
    """One case, run by experta."""

    def __init__(self, engine: ReteEngine, case: Case) -> None:
        """Start with the given facts."""
        super().__init__(engine.program, case)
        self.engine = engine
        self.decided: dict[str, Found] = {}
        self.branches: dict[int, Found] = {}
        self.counted: dict[tuple[int, Rows], dict[RowId, Truth]] = {}
        self.layer = Layer()

    def decide(self, rules: Sequence[Rule]) -> dict[str, Found]:
        """Decide rules for all their subjects; what is false is left out."""
        batch = self.engine.batch([rule for rule in rules if self._may_fire(rule)])
        self.layer = batch.layer
        self.decided = {}
        markers: list[Any] = []
        for level, run in enumerate(batch.runs, 1):
            self._run(run, markers)
            for node in batch.layer.nodes:
                if node.level == level:
                    markers.extend(self._markers(node))
        return self.decided

    def _may_fire(self, rule: Rule) -> bool:
        """Say whether there are facts for every pattern; a rule without them needs no compiling."""
        return all(
            any(self.world.exists[row] is not FALSE for row in self.world.rows[template])
            for template in self.engine.needed(rule)
        )

    def _run(self, run: Run, markers: Sequence[Any]) -> None:
        engine = self.engine.instance(run.engine)
        engine.session = self
        try:
            run.needs.truths.clear()
            engine.reset()
            engine.declare_all([*self._facts(run.needs), *(marker() for marker in markers)])
            engine.run()
        except Exception as error:
            self.engine.discard()
            if isinstance(error, EngineFailure):
                raise
            raise EngineFailure(f"the engine failed on case {self.case.id}: {error!r}") from error
        finally:
            engine.session = None

    # Facts ---------------------------------------------------------------------------------------

    def _facts(self, needs: Needs) -> Iterator[Any]:
        case = self._case_slots(needs)
        yield fact_class(CASE)(**case | {ROW: self.world.rows[CASE][0], EXISTS: TRUE})
        for template, slots in sorted(needs.slots.items()):
            if template == CASE:
                continue
            kind = fact_class(template)
            for row in self.world.rows[template]:
                held = self.world.slots[row]
                values: dict[str, Any] = {slot: held.get(slot, NOT_APPLICABLE) for slot in slots}
                yield kind(**values | {ROW: row, EXISTS: self.world.exists[row]})
        for (finding, first, second), value in self.world.pairs.items():
            if finding in needs.pairs:
                yield PairFact(finding=finding, first=first, second=second, value=value)

    def _case_slots(self, needs: Needs) -> dict[str, Any]:
        held = self.world.slots[self.world.rows[CASE][0]]
        values: dict[str, Any] = {slot: held[slot] for slot in needs.slots.get(CASE, ())}
        values[AS_OF] = self.world.as_of
        return values

    # Markers -------------------------------------------------------------------------------------

    def _markers(self, node: Node) -> Iterator[Callable[[], Any]]:
        """Give makers of the markers of a node; each run needs fact objects of its own."""
        for outer, truth in self._truths(node):
            rows = {f"o{number}": row for number, row in enumerate(outer)}
            for mode in (COULD, DOES) if truth is TRUE else (COULD,):
                yield _maker(node.key, mode, rows)

    def _truths(self, node: Node) -> Iterator[tuple[Rows, Truth]]:
        """Give the outer rows for which a node is not false, before any negation."""
        if isinstance(node.condition, Compare | AtLeast):
            yield from self._computed(node)
            return
        best: dict[Rows, Truth] = {}
        for branch in branches_of(node.condition):
            for outer, decision in self.branches.get(id(branch), {}).items():
                best[outer] = max(decision.truth, best.get(outer, FALSE))
        yield from best.items()

    def _computed(self, node: Node) -> Iterator[tuple[Rows, Truth]]:
        for outer in product(*(self.world.rows[template] for _, template in node.outer)):
            binding = {alias: row for (alias, _), row in zip(node.outer, outer, strict=True)}
            if isinstance(node.condition, Compare):
                truth = compare(node.condition, RunReader(self, binding))
            else:
                decisions = [self.branch(each, binding) for each in branches_of(node.condition)]
                truths = [FALSE if found is None else found.truth for found in decisions]
                truth = combine(node.condition, truths)  # type: ignore[arg-type]
            if truth is not FALSE:
                yield outer, truth

    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""
        outer = tuple(binding[alias] for alias, _ in self.layer.of[id(branch)].outer)
        return self.branches.get(id(branch), {}).get(outer)

    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""
        outer = tuple(binding[alias] for alias, _ in self.layer.of[id(found)].outer)
        rows = self.counted.get((id(found.rows), outer), {})
        return [(row, rows[row]) for row in self.world.rows[found.match.template] if row in rows]


def _maker(key: int, mode: str, rows: Mapping[str, RowId]) -> Callable[[], Any]:
    return lambda: Marker(node=key, mode=mode, **rows)


class ReteEngine(Engine):
    """Runs the rules with experta.

    Compiled batches are shared; engine instances belong to one thread each, because experta's are
    not safe to share.
    """

    name = "experta"

    def __init__(self, program: Program) -> None:
        """Take the program; its batches are compiled when they are first needed."""
        super().__init__(program)
        self.builder = RuleBuilder(program)
        self._batches: dict[tuple[str, ...], Batch] = {}
        self._needed: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    def batch(self, rules: Sequence[Rule]) -> Batch:
        """Give the compiled batch of some rules."""
        key = tuple(rule.id for rule in rules)
        with self._lock:
            if key not in self._batches:
                self._batches[key] = self.builder.batch(rules)
            return self._batches[key]

    def needed(self, rule: Rule) -> frozenset[str]:
        """Give the templates of which a rule needs facts."""
        found = self._needed.get(rule.id)
        if found is None:
            names = {part.template for part in rule.when.parts if isinstance(part, Match)}
            if must_exist(rule):
                names |= {subject.template for subject in rule.subjects}
            found = self._needed[rule.id] = frozenset(names)
        return found

    def instance(self, kind: type) -> Any:
        """Give this thread's instance of an engine class."""
        known: dict[type, Any] = self._local.__dict__.setdefault("instances", {})
        if kind not in known:
            known[kind] = kind()
        return known[kind]

    def discard(self) -> None:
        """Throw this thread's instances away: after an exception none of them can be trusted."""
        self._local.__dict__.pop("instances", None)

    def session(self, case: Case) -> Session:
        """Start the evaluation of a case."""
        return ReteSession(self, case)

"""The experta engine: every firing of a rule is experta's, each level on a fresh working memory.

The rules of a stratum are compiled once per process, each when it first has facts. For a case each
level declares the facts with what is known so far, and the markers of the levels below, all at
once; right-hand sides only record.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from simdiag.analysis.program import Program
from simdiag.engines.base import Engine, Session
from simdiag.engines.branches import Binding, Decision, RunReader, branches_of, combine
from simdiag.engines.outcomes import nothing_said
from simdiag.engines.rete.batches import Batch, Found, Level, RuleBuilder
from simdiag.engines.rete.facts import AS_OF, EXISTS, ROW, PairFact, fact_class, made, marker
from simdiag.engines.rete.kernel import RuleSpec, build_engine
from simdiag.engines.rete.lowering import Node
from simdiag.engines.rete.predicates import COULD, DOES
from simdiag.errors import EngineFailure
from simdiag.model.cases import Case, RowId
from simdiag.model.conditions import Aggregate, All, AtLeast, Compare
from simdiag.model.inference import Rows
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Rule
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import Value

# Node, mode, and the rows that the outer aliases of the node stand for.
Mark = tuple[int, str, Rows]


def build_level(name: str, rules: Sequence[RuleSpec]) -> type:
    """Make the engine class of one level.

    Its right-hand sides only record, so each activation fires once and no budget is needed to end:
    two hundred lines of a bill make more activations than a run that goes round in circles.
    """
    return build_engine(name, rules, step_budget=sys.maxsize)


class ReteSession(Session):
    """One case, run by experta.

    Attributes:
        branches, counted: What right-hand sides noted, kept for the records (see ``Notes``).
    """

    def __init__(self, engine: ReteEngine, case: Case) -> None:
        """Start with the given facts."""
        super().__init__(engine.program, case)
        self.engine = engine
        self.branches: dict[int, Found] = {}
        self.counted: dict[tuple[int, Rows], dict[RowId, Truth]] = {}

    def decide(self, rules: Sequence[Rule]) -> dict[str, Found]:
        """Decide rules for all their subjects; what is false is left out."""
        return _Deciding(self, self.engine.batch(rules)).decided_for(rules)

    def pair(self, finding: str, first: RowId, second: RowId) -> Value:
        """Give what a finding about pairs, by its name, says of two facts."""
        name = f"pair.{finding}"
        known = self.values.get(name, {}).get((first, second))
        if known is not None:
            return known
        base = self.program.base
        return nothing_said(base.findings[name], base.rules)

    def antecedent(self, rule: Rule) -> All:
        """Give the antecedent of a rule, or the equal one of another rule that was decided."""
        return self.engine.decided_as[rule.id].when

    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""
        outer = self.engine.outer[id(branch)]
        return self.branches.get(id(branch), {}).get(tuple([binding[alias] for alias in outer]))

    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""
        outer = self.engine.outer[id(found)]
        key = (id(found.rows), tuple([binding[alias] for alias in outer]))
        rows = self.counted.get(key, {})
        return [(row, rows[row]) for row in self.world.rows[found.match.template] if row in rows]


class _Deciding:
    """Some rules on their way through the levels, for one case; the notes of right-hand sides.

    Args:
        session: The case.
        batch: The rules.
    """

    def __init__(self, session: ReteSession, batch: Batch) -> None:
        self.session = session
        self.world = session.world
        self.batch = batch
        self.decided: defaultdict[str, Found] = defaultdict(dict)
        self.branches = session.branches
        self.counted = session.counted

    def decided_for(self, rules: Sequence[Rule]) -> dict[str, Found]:
        """Run level by level; give what was decided of each rule."""
        marks: dict[int, list[Mark]] = {}
        for number, level in enumerate(self.batch.levels, 1):
            self._run(level, marks)
            for node in self.batch.layer.nodes:
                if node.level == number:
                    marks[node.key] = list(self._marks(node))
        same = self.batch.layer.same
        return {rule.id: self.decided.get(same[rule.id].id, {}) for rule in rules}

    def _run(self, level: Level, marks: Mapping[int, Sequence[Mark]]) -> None:
        facts = list(self._facts(level, marks))
        if not facts:
            return
        owner = self.session.engine
        engine = owner.instance(level.engine)
        engine.notes = self
        try:
            engine.reset()
            engine.declare_all(facts)
            engine.run()
        except Exception as error:
            owner.discard()
            if isinstance(error, EngineFailure):
                raise
            text = f"the engine failed on case {self.session.case.id}: {error!r}"
            raise EngineFailure(text) from error
        finally:
            engine.notes = None

    # Facts ---------------------------------------------------------------------------------------

    def _facts(self, level: Level, marks: Mapping[int, Sequence[Mark]]) -> Iterator[Any]:
        """Give the facts for the rules that can match at all; none if there are no such rules."""
        rows = self.world.rows
        templates: set[str] = set()
        pairs: dict[str, bool] = {}
        nodes: set[int] = set()
        for needed, needs in level.needs.items():
            if all(rows[template] for template in needed):
                templates |= needed
                nodes |= needs.nodes
                for name, every in needs.pairs.items():
                    pairs[name] = pairs.get(name, False) or every
        for template in sorted(templates):
            yield from self._rows(template)
        for name, every in sorted(pairs.items()):
            for (first, second), value in self._pairs(name, every=every):
                about = {"finding": name, "first": first, "second": second, "value": value}
                yield made(PairFact, about)
        for key in sorted(nodes):
            for mark in marks[key]:
                yield marker(*mark)

    def _rows(self, template: str) -> Iterator[Any]:
        world, kind = self.world, fact_class(template)
        for row in world.rows[template]:
            fact = made(kind, world.slots[row])
            dict.update(fact, {ROW: row, EXISTS: world.exists[row]})
            if template == CASE:
                dict.update(fact, {AS_OF: world.as_of})
            yield fact

    def _pairs(self, name: str, *, every: bool) -> Iterable[tuple[Rows, Value]]:
        """Give what a finding says of pairs: of every pair, or where it says something at all."""
        known = self.session.values.get(f"pair.{name}", {})
        if not every:
            return known.items()
        finding = self.session.program.base.findings[f"pair.{name}"]
        pairs = self.world.subjects(tuple(subject.template for subject in finding.subjects))
        return [(pair, self.session.pair(name, *pair)) for pair in pairs]

    # Markers -------------------------------------------------------------------------------------

    def _marks(self, node: Node) -> Iterator[Mark]:
        """Give the markers of a node."""
        for outer, truth in self._truths(node):
            for mode in (COULD, DOES) if truth is TRUE else (COULD,):
                yield node.key, mode, outer

    def _truths(self, node: Node) -> Iterator[tuple[Rows, Truth]]:
        """Give the outer rows for which a node is not false, before any negation."""
        if isinstance(node.condition, Compare | AtLeast):
            yield from self._computed(node, node.condition)
            return
        best: dict[Rows, Truth] = {}
        for branch in branches_of(node.condition):
            for outer, decision in self.branches.get(id(branch), {}).items():
                best[outer] = max(decision.truth, best.get(outer, FALSE))
        yield from best.items()

    def _computed(self, node: Node, condition: Compare | AtLeast) -> Iterator[tuple[Rows, Truth]]:
        code = self.session.code
        guards = [code.test(guard) for guard in node.guards]
        for outer in product(*(self.world.rows[template] for _, template in node.outer)):
            binding = {alias: row for (alias, _), row in zip(node.outer, outer, strict=True)}
            reader = RunReader(self.session, binding)
            if any(guard(reader) is FALSE for guard in guards):
                continue
            if isinstance(condition, Compare):
                truth = code.test(condition)(reader)
            else:
                decisions = [self.session.branch(each, binding) for each in branches_of(condition)]
                truths = [FALSE if found is None else found.truth for found in decisions]
                truth = combine(condition, truths)
            if truth is not FALSE:
                yield outer, truth


class ReteEngine(Engine):
    """Runs the rules with experta.

    Compiled batches are shared; engine instances belong to one thread each, because experta's are
    not safe to share.

    Attributes:
        builder: Compiles batches.
        outer: The outer aliases of each branch and aggregate that was compiled, by identity.
        decided_as: The rule that is decided for each rule, by id.
    """

    name = "experta"

    def __init__(self, program: Program) -> None:
        """Take the program; its batches are compiled when they are first needed."""
        super().__init__(program)
        self.builder = RuleBuilder(program, build_level)
        self.outer: dict[int, tuple[str, ...]] = {}
        self.decided_as: dict[str, Rule] = {}
        self._batches: dict[tuple[str, ...], Batch] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    def batch(self, rules: Sequence[Rule]) -> Batch:
        """Give the compiled batch of some rules."""
        key = tuple([rule.id for rule in rules])
        with self._lock:
            found = self._batches.get(key)
            if found is None:
                found = self._batches[key] = self.builder.batch(rules)
                self._note(found)
            return found

    def _note(self, batch: Batch) -> None:
        self.decided_as |= batch.layer.same
        self.outer |= {
            known: tuple([alias for alias, _ in node.outer])
            for known, node in batch.layer.of.items()
        }

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

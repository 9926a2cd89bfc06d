"""Lowered rules to experta rules: for each rule and node, one that matches and one that could."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from simdiag.analysis.program import Program
from simdiag.engines.branches import Binding
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import RuleSpec
from simdiag.engines.rete.lowering import Layer, Node, aggregates_of
from simdiag.engines.values import compare, decide
from simdiag.model.cases import VIRTUAL
from simdiag.model.conditions import (
    Aggregate,
    AsOf,
    Compare,
    Condition,
    Each,
    Literal,
    Match,
    Not,
    Operator,
    PairRef,
    SlotRef,
    expressions_in,
)
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.rules import Purpose, Rule, Subject
from simdiag.model.terms import Cardinality
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE, Kind, Value

experta = load_experta()

DOES, COULD = "does", "could"
MODES = (DOES, COULD)
_LEAST: Mapping[str, Truth] = {DOES: Truth.TRUE, COULD: Truth.UNKNOWN}
_OPPOSITE = {DOES: COULD, COULD: DOES}
# Blanks keep these apart from the slots of a package, which are words.
AS_OF, ROW, EXISTS = "as of", "the row", "is there"
Constants = Mapping[str, Mapping[str, Value]]

Marker: Any = type("marker", (experta.Fact,), {})
PairFact: Any = type("pair", (experta.Fact,), {})


def fact_class(template: str) -> Any:
    """Give the class of the facts of a template; one class per template and process."""
    if template not in _CLASSES:
        _CLASSES[template] = type(template, (experta.Fact,), {})
    return _CLASSES[template]


_CLASSES: dict[str, Any] = {}


class _Predicate:
    """A test of some captured facts, with the parameter names that experta looks for."""

    __slots__ = ("__signature__", "check")

    def __init__(self, names: Sequence[str], check: Callable[..., bool]) -> None:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        self.check = check

    def __call__(self, *facts: Any, **named: Any) -> bool:
        """Test facts in the order of the names; experta's own network passes them by name."""
        return self.check(*facts, *named.values())


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads slots from the facts that a rule has captured; constants from the knowledge base."""

    facts: Mapping[str, Any]
    constants: Constants
    pairs: Mapping[tuple[str, str, str], Any] = field(default_factory=dict)

    def slot(self, alias: str, slot: str) -> Value:
        """Give the value of a slot or finding of the fact that an alias stands for."""
        fact = self.facts.get(alias)
        if fact is None:
            return self.constants[alias][slot]
        value: Value = fact.get(slot, NOT_APPLICABLE)
        return value

    def pair(self, first: str, second: str, finding: str) -> Value:
        """Give the value of a finding about two facts."""
        value: Value = self.pairs[first, second, finding]["value"]
        return value

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Aggregates are markers here."""
        raise NotImplementedError

    def as_of(self) -> Value:
        """Give the moment for which the case is judged."""
        value: Value = self.facts[CASE][AS_OF]
        return value


@dataclass(slots=True)
class Needs:
    """What must be declared for the rules of one level, and what their tests found in this run.

    Attributes:
        slots: The slots that are read, by template.
        pairs: The findings of pairs that are read.
        truths: Truth of a comparison for some facts, by their identities: "does" and "could" ask
            for the same one. To be emptied before the facts of a run are made.
    """

    slots: dict[str, set[str]] = field(default_factory=dict)
    pairs: set[str] = field(default_factory=set)
    truths: dict[tuple[int, ...], Truth] = field(default_factory=dict)


class RuleCompiler:
    """Makes one experta rule of a conjunction.

    Args:
        program: The program.
        layer: The nodes of the rules that are decided together.
        mode: ``does`` for what matches, ``could`` for what is not ruled out.
        needs: Takes what the rule reads.
        constants: As :func:`constants_of` gives them.
    """

    def __init__(
        self, program: Program, layer: Layer, mode: str, needs: Needs, constants: Constants
    ) -> None:
        """Start without conditions."""
        self.program = program
        self.constants = constants
        self.layer = layer
        self.mode = mode
        self.needs = needs
        self.conditions: list[Any] = []
        self.names: dict[str, str] = {}
        self.templates: dict[str, str] = {}
        self.bound: list[str] = []
        self.pairs: dict[tuple[str, str, str], str] = {}

    # Conditions ----------------------------------------------------------------------------------

    def outer(self, aliases: Sequence[tuple[str, str]], *, existing: bool = False) -> None:
        """Capture the facts that aliases outside, or the subjects of a rule, stand for."""
        for alias, template in aliases:
            self._capture(alias, template, self._existence() if existing else None, ())
            self.bound.append(alias)

    def conjunction(self, parts: Sequence[Condition]) -> None:
        """Add every part of a conjunction."""
        done: set[int] = set()
        for number, part in enumerate(parts):
            if id(part) in done:
                continue
            if isinstance(part, Match):
                self._match(part, parts[number + 1 :], done)
            elif isinstance(part, Compare) and not aggregates_of(part):
                self._compare(part)
            else:
                self._marker(part)

    def _existence(self) -> Any:
        if self.mode == DOES:
            return experta.L(TRUE)
        return experta.P(lambda exists: exists is not FALSE)

    def _capture(self, alias: str, template: str, exists: Any, tests: Sequence[Compare]) -> None:
        name = f"f{len(self.names)}"
        self.names[alias] = name
        self.templates[alias] = template
        fields: dict[str, Any] = {}
        slots = self.needs.slots.setdefault(template, set())
        for slot in sorted({test.left.slot for test in tests if isinstance(test.left, SlotRef)}):
            mine = [
                test for test in tests if isinstance(test.left, SlotRef) and test.left.slot == slot
            ]
            fields[slot] = self._constraint(mine)
            slots.add(slot)
        if exists is not None:
            fields[EXISTS] = exists
        fields[ROW] = getattr(experta.MATCH, f"r{name}")
        self.conditions.append(getattr(experta.AS, name) << fact_class(template)(**fields))

    def _constraint(self, tests: Sequence[Compare]) -> Any:
        """Give the constraint of one slot by literals; equality to a choice can be indexed."""
        first = tests[0]
        literal = first.right[0] if first.right else None
        if (
            len(tests) == 1
            and self.mode == DOES
            and first.operator is Operator.EQUAL
            and first.left.type.kind in {Kind.CHOICE, Kind.BOOLEAN}
            and isinstance(literal, Literal)
        ):
            return experta.L(literal.value)
        least = _LEAST[self.mode]
        checks = [
            (
                test.operator,
                test.left.type,
                [(right.value, right.type) for right in test.right if isinstance(right, Literal)],
            )
            for test in tests
        ]

        def holds(value: Value) -> bool:
            return all(
                decide(operator, value, kind, rights) >= least for operator, kind, rights in checks
            )

        return experta.P(holds)

    def _match(self, part: Match, later: Sequence[Condition], done: set[int]) -> None:
        if part.alias in self.names:
            least = _LEAST[self.mode]
            self._test([part.alias], lambda fact: fact[EXISTS] >= least)
            if part.alias not in self.bound:
                self.bound.append(part.alias)
        else:
            tests = [other for other in later if _by_literals(other, part.alias)]
            done.update(map(id, tests))
            self._capture(part.alias, part.template, self._existence(), tests)
            self.bound.append(part.alias)
        for other in part.other_than:
            self._test([part.alias, other], _are_different)

    def _compare(self, part: Compare) -> None:
        aliases, pairs = self._read_by(part)
        least = _LEAST[self.mode]
        constants = self.constants
        names = [self.names[alias] for alias in aliases] + [self.pairs[pair] for pair in pairs]
        count = len(aliases)
        truths = self.needs.truths
        identity = id(part)

        def holds(*facts: Any) -> bool:
            key = (identity, *map(id, facts))
            truth = truths.get(key)
            if truth is None:
                reader = FactReader(
                    dict(zip(aliases, facts[:count], strict=True)),
                    constants,
                    dict(zip(pairs, facts[count:], strict=True)),
                )
                truth = truths[key] = compare(part, reader)
            return truth >= least

        if not names:
            # Constants alone decide it; some fact must still carry the test.
            self._need(CASE, CASE)
            names = [self.names[CASE]]
            self.conditions.append(
                experta.TEST(
                    _Predicate(names, lambda _: compare(part, FactReader({}, constants)) >= least)
                )
            )
            return
        self.conditions.append(experta.TEST(_Predicate(names, holds)))

    def _read_by(self, part: Condition) -> tuple[list[str], list[tuple[str, str, str]]]:
        """Capture everything that a comparison reads; give the aliases and pairs."""
        aliases: dict[str, None] = {}
        pairs: dict[tuple[str, str, str], None] = {}
        for expression in expressions_in(part):
            if isinstance(expression, SlotRef):
                template = self._template(expression.alias)
                if not self._is_constant(template):
                    self._need(expression.alias, template)
                    self.needs.slots[template].add(expression.slot)
                    aliases[expression.alias] = None
            elif isinstance(expression, AsOf):
                self._need(CASE, CASE)
                aliases[CASE] = None
            elif isinstance(expression, PairRef):
                pair = (expression.first, expression.second, expression.finding)
                self._need_pair(pair)
                pairs[pair] = None
        return list(aliases), list(pairs)

    def _template(self, alias: str) -> str:
        return self.templates.get(alias, alias)

    def _is_constant(self, name: str) -> bool:
        template = self.program.base.templates.get(name)
        return (
            template is not None
            and template.cardinality is Cardinality.REFERENCE
            and template.single
        )

    def _need(self, alias: str, template: str) -> None:
        """Capture the only fact of a template that is named without a pattern."""
        if alias not in self.names:
            self._capture(alias, template, None, ())

    def _need_pair(self, pair: tuple[str, str, str]) -> None:
        if pair in self.pairs:
            return
        first, second, finding = pair
        name = f"p{len(self.pairs)}"
        self.pairs[pair] = name
        self.needs.pairs.add(finding)
        self.conditions.append(
            getattr(experta.AS, name)
            << PairFact(
                finding=experta.L(finding), first=self._row(first), second=self._row(second)
            )
        )

    def _row(self, alias: str) -> Any:
        return getattr(experta.MATCH, f"r{self.names[alias]}")

    def _test(self, aliases: Sequence[str], check: Callable[..., bool]) -> None:
        names = [self.names[alias] for alias in aliases]
        self.conditions.append(experta.TEST(_Predicate(names, check)))

    def _marker(self, part: Condition) -> None:
        node = self.layer.of[id(part)]
        negated = isinstance(part, (Not, Each))
        mode = _OPPOSITE[self.mode] if negated else self.mode
        marker = self.marker(node, mode)
        self.conditions.append(experta.NOT(marker) if negated else marker)

    def marker(self, node: Node, mode: str) -> Any:
        """Give the pattern of a node's marker for the bound facts."""
        rows = {f"o{number}": self._row(alias) for number, (alias, _) in enumerate(node.outer)}
        return Marker(node=experta.L(node.key), mode=experta.L(mode), **rows)

    # The rule ------------------------------------------------------------------------------------

    def spec(self, name: str, record: Callable[[Any, Binding], None]) -> RuleSpec:
        """Finish the rule; ``record`` gets the engine and the binding."""
        captured = {alias: self.names[alias] for alias in self.bound}
        if not self.conditions:
            self._need(CASE, CASE)

        def fire(engine: Any, **bindings: Any) -> None:
            record(engine, {alias: bindings[name][ROW] for alias, name in captured.items()})

        return RuleSpec(name, self.conditions, fire)


def constants_of(base: KnowledgeBase) -> Constants:
    """Give the values of the references with one row, which are the same in every case."""
    return {
        name: _with_holes(template.rows[0].values, template.slots)
        for name, template in base.templates.items()
        if template.cardinality is Cardinality.REFERENCE and template.single
    }


def _with_holes(values: Mapping[str, Value], slots: Mapping[str, Any]) -> dict[str, Value]:
    return {slot: values.get(slot, UNKNOWN_VALUE) for slot in slots}


def _by_literals(part: Condition, alias: str) -> TypeGuard[Compare]:
    """Say whether a condition tests one slot of one fact by literals, so a pattern can carry it."""
    return (
        isinstance(part, Compare)
        and isinstance(part.left, SlotRef)
        and part.left.alias == alias
        and all(isinstance(right, Literal) for right in part.right)
        and part.operator not in {Operator.KNOWN, Operator.UNKNOWN}
    )


def _are_different(first: Any, second: Any) -> bool:
    return bool(first[ROW] != second[ROW] or first[ROW].index == VIRTUAL)


def subject_aliases(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
    """Give the aliases of subjects with their templates."""
    return [(subject.alias, subject.template) for subject in subjects]


def must_exist(rule: Rule) -> bool:
    """Say whether a rule speaks of facts that exist; findings are computed for all rows."""
    return rule.purpose not in {Purpose.DERIVE, Purpose.RELEVANCE}

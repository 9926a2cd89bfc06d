"""Conjunctions to experta rules: for each unit one rule that matches and one that could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard, overload

from simdiag.engines.rete.facts import EXISTS, ROW, Marker, PairFact, fact_class
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.lowering import Layer, Node, Unit, aggregates_of
from simdiag.engines.rete.predicates import (
    COULD,
    DOES,
    Moded,
    PairName,
    Predicate,
    Tools,
    of_two_slots,
)
from simdiag.model.cases import VIRTUAL
from simdiag.model.conditions import (
    AsOf,
    Compare,
    Condition,
    Each,
    Literal,
    Match,
    Not,
    PairRef,
    SlotRef,
    expressions_in,
)
from simdiag.model.knowledge import CASE
from simdiag.model.truth import FALSE, TRUE, Truth

experta = load_experta()

MODES = (DOES, COULD)
_LEAST: Mapping[str, Truth] = {DOES: Truth.TRUE, COULD: Truth.UNKNOWN}
_OPPOSITE = {DOES: COULD, COULD: DOES}
_EXISTS_SURELY = experta.L(TRUE)
_EXISTS_PERHAPS = experta.P(lambda exists: exists is not FALSE)


class Deferred(Sequence[Any]):
    """The conditions of a rule, compiled when somebody looks at them.

    Args:
        compiled: Compiles them.
    """

    def __init__(self, compiled: Callable[[], Sequence[Any]]) -> None:
        """Compile nothing yet."""
        self._compiled = compiled
        self._conditions: Sequence[Any] | None = None

    def __len__(self) -> int:
        """Give the number of conditions."""
        return len(self._known())

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        """Give a condition."""
        return self._known()[place]

    def _known(self) -> Sequence[Any]:
        if self._conditions is None:
            self._conditions = self._compiled()
        return self._conditions


class RuleCompiler:
    """Makes the conditions of one experta rule.

    Args:
        tools: What rules share.
        layer: The nodes of the rules that are decided together.
        unit: The conjunction.
        mode: ``does`` for what matches, ``could`` for what is not ruled out.
    """

    def __init__(self, tools: Tools, layer: Layer, unit: Unit, mode: str) -> None:
        """Start without conditions."""
        self.tools = tools
        self.layer = layer
        self.unit = unit
        self.mode = mode
        self.conditions: list[Any] = []
        self.facts: dict[str, Any] = {}
        self.pairs: dict[PairName, str] = {}
        self.rows: set[str] = set()
        self.done: set[int] = set()
        self.templates = unit.aliases
        self.names = variables(unit)

    def compiled(self) -> list[Any]:
        """Give the conditions."""
        for alias, template in self.unit.outer:
            exists = self._existence() if self.unit.existing else None
            self._capture(alias, template, exists)
        for guard in self.unit.guards:
            self._compare(guard, COULD)
        for part in self.unit.parts:
            if isinstance(part, Match):
                self._match(part)
            elif isinstance(part, Compare) and not aggregates_of(part):
                self._compare(part, self.mode)
            else:
                self._marker(part)
        if not self.conditions:
            self._need(CASE, CASE)
        return self.conditions

    # Facts ---------------------------------------------------------------------------------------

    def _existence(self) -> Any:
        return _EXISTS_SURELY if self.mode == DOES else _EXISTS_PERHAPS

    def _capture(self, alias: str, template: str, exists: Any) -> None:
        """Capture a fact, with every test of it by literals."""
        tests = [(test, COULD) for test in self.unit.guards if _by_literals(test, alias)]
        tests += [(test, self.mode) for test in self.unit.parts if _by_literals(test, alias)]
        self.done.update(id(test) for test, _ in tests)
        by_slot: dict[str, list[Moded]] = {}
        for test, mode in tests:
            assert isinstance(test.left, SlotRef)  # noqa: S101 - that is what is tested by literals
            by_slot.setdefault(test.left.slot, []).append((test, mode))
        fields = {slot: self.tools.constraint(by_slot[slot]) for slot in sorted(by_slot)}
        if exists is not None:
            fields[EXISTS] = exists
        if alias in self.rows:
            fields[ROW] = self._row(alias)
        name = self.names.setdefault(alias, f"f{len(self.names)}")
        self.facts[alias] = fact = name << fact_class(template)(**fields)
        self.conditions.append(fact)

    def _match(self, part: Match) -> None:
        if part.alias in self.facts:
            least = _LEAST[self.mode]
            self._test([part.alias], lambda fact: fact[EXISTS] >= least)
        else:
            self._pairs_with(part.alias)
            self._capture(part.alias, part.template, self._existence())
        for other in part.other_than:
            self._test([part.alias, other], _are_different)

    def _need(self, alias: str, template: str) -> None:
        """Capture the only fact of a template that is named without a pattern."""
        if alias not in self.facts:
            self._capture(alias, template, None)

    def _row(self, alias: str) -> Any:
        """Give the variable for the row of a fact, which may be captured later."""
        self.rows.add(alias)
        name = f"r{self.names[alias]}"
        fact = self.facts.get(alias)
        if fact is not None and ROW not in fact:
            fact[ROW] = name << experta.W()
        return name << experta.W()

    # Comparisons ---------------------------------------------------------------------------------

    def _compare(self, part: Compare, mode: str) -> None:
        aliases, pairs = self._read_by(part)
        if id(part) in self.done:
            return
        if not aliases and not pairs:
            # Constants alone decide it; some fact must still carry the test.
            self._need(CASE, CASE)
            aliases = [CASE]
        names = [self.names[alias] for alias in aliases] + [self.pairs[pair] for pair in pairs]
        least = _LEAST[mode]
        predicate = of_two_slots(part, aliases, names, least)
        if predicate is None:
            predicate = self.tools.predicate(part, aliases, pairs, names, least)
        self.conditions.append(experta.TEST(predicate))

    def _read_by(self, part: Compare) -> tuple[list[str], list[PairName]]:
        """Capture everything that a comparison reads; give the aliases and pairs."""
        aliases: dict[str, None] = {}
        pairs: dict[PairName, None] = {}
        for expression in expressions_in(part):
            if isinstance(expression, SlotRef):
                template = self.templates.get(expression.alias, expression.alias)
                if not self.tools.is_constant(template):
                    self._need(expression.alias, template)
                    aliases[expression.alias] = None
            elif isinstance(expression, AsOf):
                self._need(CASE, CASE)
                aliases[CASE] = None
            elif isinstance(expression, PairRef):
                pair = (expression.first, expression.second, expression.finding)
                if _has_literals(part):
                    self._said(pair)
                else:
                    self._need_pair(pair)
                pairs[pair] = None
        return list(aliases), list(pairs)

    def _said(self, pair: PairName) -> None:
        """Test by literals what a finding says of a pair of facts.

        The working memory has what it says of pairs only where one of its rules is not false.
        """
        tests = self._pair_tests(pair)
        if id(tests[0][0]) in self.done:
            return
        self.done.update(id(test) for test, _ in tests)
        if self.tools.fits_the_unsaid(pair[2], tests):
            value = self.tools.constraint(tests, negated=True)
            self.conditions.append(experta.NOT(self._pair_fact(pair, value=value)))
        else:
            self.conditions.append(self._pair_fact(pair, value=self.tools.constraint(tests)))

    def _pair_tests(self, pair: PairName) -> list[Moded]:
        return [
            (test, self.mode)
            for test in self.unit.parts
            if isinstance(test, Compare) and _has_literals(test) and _pair_of(test) == pair
        ]

    def _pairs_with(self, alias: str) -> None:
        """Test what is said of a fact with facts that are captured already, before all its kind.

        It is seldom that something is said, so there are few facts then to look at.
        """
        for part in self.unit.parts:
            if not isinstance(part, Compare) or not _has_literals(part):
                continue
            pair = _pair_of(part)
            if pair is None or alias not in pair[:2]:
                continue
            others = {*pair[:2]} - {alias}
            tests = self._pair_tests(pair)
            if others <= self.facts.keys() and not self.tools.fits_the_unsaid(pair[2], tests):
                self._said(pair)

    def _need_pair(self, pair: PairName) -> None:
        """Capture what a finding says of a pair of facts."""
        if pair not in self.pairs:
            self.pairs[pair] = name = f"p{len(self.pairs)}"
            self.conditions.append(name << self._pair_fact(pair))

    def _pair_fact(self, pair: PairName, **fields: Any) -> Any:
        first, second, finding = pair
        rows = {"first": self._row(first), "second": self._row(second)}
        return PairFact(finding=experta.L(finding), **fields, **rows)

    def _test(self, aliases: Sequence[str], check: Callable[..., bool]) -> None:
        names = [self.names[alias] for alias in aliases]
        self.conditions.append(experta.TEST(Predicate(names, check)))

    # Markers -------------------------------------------------------------------------------------

    def _marker(self, part: Condition) -> None:
        node = self.layer.of[id(part)]
        negated = isinstance(part, (Not, Each))
        mode = _OPPOSITE[self.mode] if negated else self.mode
        found = self._marker_of(node, mode)
        self.conditions.append(experta.NOT(found) if negated else found)

    def _marker_of(self, node: Node, mode: str) -> Any:
        """Give the pattern of a node's marker for the bound facts."""
        rows = {f"o{number}": self._row(alias) for number, (alias, _) in enumerate(node.outer)}
        return Marker(node=experta.L(node.key), mode=experta.L(mode), **rows)


def variables(unit: Unit) -> dict[str, str]:
    """Give the variable that holds the fact of each alias that a unit binds."""
    return {alias: f"f{number}" for number, alias in enumerate(unit.aliases)}


def templates_read(tools: Tools, unit: Unit) -> set[str]:
    """Give the templates of which a unit needs a fact each to match at all."""
    found = set(unit.aliases.values())
    for part in (*unit.guards, *unit.parts):
        if isinstance(part, Compare) and not aggregates_of(part):
            found |= _read_by(part, tools, unit.aliases)
    return {name for name in found if not tools.is_constant(name)} or {CASE}


def _read_by(part: Compare, tools: Tools, aliases: Mapping[str, str]) -> set[str]:
    """Give the templates that a comparison reads; the case carries one that reads constants."""
    found: set[str] = set()
    pairs = False
    for expression in expressions_in(part):
        if isinstance(expression, SlotRef):
            name = aliases.get(expression.alias, expression.alias)
            found |= set() if tools.is_constant(name) else {name}
        elif isinstance(expression, AsOf):
            found.add(CASE)
        pairs = pairs or isinstance(expression, PairRef)
    return found if found or pairs else {CASE}


def pairs_read(unit: Unit) -> Iterator[tuple[str, bool]]:
    """Iterate over the findings about pairs that a unit reads, by name.

    Each comes with whether it must be known of every pair, or only where it says something.
    """
    for part in unit.parts:
        if isinstance(part, Compare):
            for found in expressions_in(part):
                if isinstance(found, PairRef):
                    yield found.finding, not _has_literals(part)


def _by_literals(part: Condition, alias: str) -> TypeGuard[Compare]:
    """Say whether a condition tests one slot of one fact by literals, so a pattern can carry it."""
    return (
        isinstance(part, Compare)
        and isinstance(part.left, SlotRef)
        and part.left.alias == alias
        and _has_literals(part)
    )


def _pair_of(part: Compare) -> PairName | None:
    """Give the pair and the finding about it that a comparison tests."""
    left = part.left
    return (left.first, left.second, left.finding) if isinstance(left, PairRef) else None


def _has_literals(part: Compare) -> bool:
    return all(isinstance(right, Literal) for right in part.right)


def _are_different(first: Any, second: Any) -> bool:
    return first is not second or first[ROW].index == VIRTUAL

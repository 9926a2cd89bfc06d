"""Tests of captured facts and constraints of their slots, as experta takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simdiag.analysis.program import Program
from simdiag.calculation.functions import text_key
from simdiag.engines.outcomes import nothing_said
from simdiag.engines.rete.facts import AS_OF
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.plan import Meeting
from simdiag.engines.values import Code, Single, binary, single_test
from simdiag.model.conditions import Aggregate, Compare, Literal, Operator, SlotRef
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.terms import Cardinality
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import (
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    Kind,
    Value,
    is_ordered,
)

experta = load_experta()

DOES, COULD = "does", "could"
Constants = Mapping[str, Mapping[str, Value]]
PairName = tuple[str, str, str]
# A comparison, and the mode in which it must hold.
Moded = tuple[Compare, str]


class Predicate:
    """A test of some captured facts, with the parameter names that experta looks for.

    Attributes:
        names: The variables of the facts.
        check: The test, given facts in the order of the names.
        meeting: In which slots it wants equal values, if it is of two facts and wants that.
    """

    __slots__ = ("check", "meeting", "names")

    def __init__(
        self, names: Sequence[str], check: Callable[..., bool], meeting: Meeting | None = None
    ) -> None:
        """Take names that Python could give to parameters."""
        self.names = tuple(names)
        self.check = check
        self.meeting = meeting

    @property
    def __signature__(self) -> inspect.Signature:
        """The parameters, as experta's own network wants to know them."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.names])

    def __call__(self, *facts: Any, **named: Any) -> bool:
        """Test facts in the order of the names; experta's own network passes them by name."""
        return self.check(*facts, *named.values())


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads slots from the facts that a rule has captured; constants from the knowledge base."""

    facts: Mapping[str, Any]
    constants: Constants
    pairs: Mapping[PairName, Any] = field(default_factory=dict)

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


def of_two_slots(
    part: Compare, aliases: Sequence[str], names: Sequence[str], least: Truth
) -> Predicate | None:
    """Give the quick way for what is most frequent: a slot of one fact beside one of another."""
    left, right = part.left, part.right[0] if len(part.right) == 1 else None
    if not (isinstance(left, SlotRef) and isinstance(right, SlotRef)):
        return None
    if list(aliases) != [left.alias, right.alias]:
        return None
    left_slot, right_slot = left.slot, right.slot
    decided = binary(part.operator, left.type, right.type)

    def holds(first: Any, second: Any) -> bool:
        one, other = first.get(left_slot, NOT_APPLICABLE), second.get(right_slot, NOT_APPLICABLE)
        return decided(one, other) >= least

    key = _keys_of(left.type.kind)
    meeting = None
    if part.operator is Operator.EQUAL and left.type.kind is right.type.kind and key is not None:
        meeting = Meeting((left_slot, right_slot), key)
    return Predicate(names, holds, meeting)


def _keys_of(kind: Kind) -> Callable[[Value], Hashable] | None:
    """Give the function whose results differ for values that differ; none if there is none.

    A value that is not known, or not exactly, may be any other one, and its key is none.
    """
    if is_ordered(kind):
        return _number_key
    # Of an account the last four characters may be all that is known.
    return None if kind in {Kind.SET, Kind.IBAN} else _word_key


def _number_key(value: Value) -> Hashable:
    return value.low if isinstance(value, Interval) and value.exact else None


def _word_key(value: Value) -> Hashable:
    return text_key(value) if isinstance(value, str) else None


class Tools:
    """What the compilation of the rules of one knowledge base shares.

    Args:
        program: The knowledge base, made ready.
    """

    def __init__(self, program: Program) -> None:
        """Nothing is compiled before it is asked for."""
        self.base = program.base
        self.code: Code = program.kept.setdefault("code", Code())
        self.constants = constants_of(program.base)
        self._constraints: dict[Hashable, Any] = {}
        self._singles: dict[Hashable, Single] = {}

    def is_constant(self, name: str) -> bool:
        """Say whether a template has the same only row in every case."""
        return name in self.constants

    def constraint(self, tests: Sequence[Moded], *, negated: bool = False) -> Any:
        """Give the constraint of one slot by literals; equal tests give the same object.

        Args:
            tests: Comparisons of the slot, each with the mode in which it must hold.
            negated: Whether the constraint is that they do not all hold.
        """
        key = (negated, *((mode, _key(test)) for test, mode in tests))
        if key not in self._constraints:
            literal = None if negated else _literal(tests)
            if literal is not None:
                # The working memory keeps facts by the values of such slots.
                self._constraints[key] = experta.L(literal.value)
            else:
                self._constraints[key] = experta.P(self._check(tests, negated=negated))
        return self._constraints[key]

    def _check(self, tests: Sequence[Moded], *, negated: bool) -> Callable[[Value], bool]:
        checks = [(self._single(test), mode == DOES) for test, mode in tests]
        if len(checks) == 1 and not negated:
            ((single, certain),) = checks
            if certain:
                return lambda value: single(value) is TRUE
            return lambda value: single(value) is not FALSE
        return lambda value: (
            negated
            is not all(
                single(value) is TRUE if certain else single(value) is not FALSE
                for single, certain in checks
            )
        )

    def _single(self, test: Compare) -> Single:
        key = _key(test)
        if key not in self._singles:
            literals = [right for right in test.right if isinstance(right, Literal)]
            self._singles[key] = single_test(test.operator, test.left.type, literals)
        return self._singles[key]

    def predicate(
        self,
        part: Compare,
        aliases: Sequence[str],
        pairs: Sequence[PairName],
        names: Sequence[str],
        least: Truth,
    ) -> Predicate:
        """Give the test that a comparison is true, or not false.

        Args:
            part: The comparison.
            aliases: The aliases that it reads.
            pairs: What it reads of pairs of facts.
            names: The variables that hold their facts: those of aliases, then those of pairs.
            least: The least truth that will do.
        """
        test, constants, count = self.code.test(part), self.constants, len(aliases)

        def truth(facts: tuple[Any, ...]) -> Truth:
            named = dict(zip(aliases, facts, strict=False))
            about = dict(zip(pairs, facts[count:], strict=True)) if pairs else {}
            return test(FactReader(named, constants, about))

        def holds(*facts: Any) -> bool:
            # What does hold was asked for before, when it was what could hold. The first of the
            # facts keeps the answer; the others are of its working memory, which goes with it.
            known: dict[tuple[int, ...], Truth] | None = getattr(facts[0], "answers", None)
            if known is None:
                known = facts[0].answers = {}
            key = (id(part), *map(id, facts))
            found = known.get(key)
            if found is None:
                found = known[key] = truth(facts)
            return bool(found >= least)

        return Predicate(names, holds)

    def fits_the_unsaid(self, finding: str, tests: Sequence[Moded]) -> bool:
        """Say whether tests of a finding about pairs hold where it says nothing."""
        found = self.base.findings[f"pair.{finding}"]
        return self._check(tests, negated=False)(nothing_said(found, self.base.rules))


def _literal(tests: Sequence[Moded]) -> Literal | None:
    """Give the only value of a slot of few values with which tests hold; none for other tests."""
    (test, mode), *others = tests
    literal = test.right[0] if test.right else None
    few = test.left.type.kind in {Kind.CHOICE, Kind.BOOLEAN}
    fits = not others and mode == DOES and few and test.operator is Operator.EQUAL
    return literal if fits and isinstance(literal, Literal) else None


def _key(test: Compare) -> Hashable:
    """Give what decides a comparison of a slot with literals, apart from the value of the slot."""
    rights = tuple((each.value, each.type.kind) for each in test.right if isinstance(each, Literal))
    return test.operator, test.left.type.kind, rights


def constants_of(base: KnowledgeBase) -> Constants:
    """Give the values of the references with one row, which are the same in every case."""
    return {
        name: _with_holes(template.rows[0].values, template.slots)
        for name, template in base.templates.items()
        if template.cardinality is Cardinality.REFERENCE and template.single
    }


def _with_holes(values: Mapping[str, Value], slots: Iterable[str]) -> dict[str, Value]:
    return {slot: values.get(slot, UNKNOWN_VALUE) for slot in slots}

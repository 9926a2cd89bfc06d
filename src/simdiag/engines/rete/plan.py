"""Match plans: rules of the safe subset, compiled to steps that work on many bindings at once.

The safe subset is what experta's own network was found to match rightly: typed positive patterns
with literal, predicate and variable constraints, TEST after its binders, and NOT of one pattern. A
plan is immutable and holds no facts, so engines of one class share it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from simdiag.engines.rete.guard import load_experta

experta = load_experta()
_fields: Any = experta.fieldconstraint
_InitialFact: Any = experta.InitialFact

Slot = str | int
Literal = tuple[Slot, type, Any]
Predicate = tuple[Slot, Callable[[Any], Any], bool]

_VARIADIC_OR_KEYWORD_ONLY = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_POSITIONAL = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)


class UnsafeRule(ValueError):  # noqa: N818 - reads as the sentence that it stands for
    """A rule lies outside of the safe subset; the text names the rule and what is in the way."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one fact must be like, apart from its joins with other facts.

    Rules with equal patterns share the facts found for them.

    Attributes:
        fact_type: The class of the fact, exactly.
        literals: Slots, the type of the value that they must have, and that value. The type keeps
            patterns on True, 1 and 1.0 apart, which Python holds for equal.
        predicates: Slots, a predicate on the value, and the answer that it must give.
        binds: Slots whose values are bound, in the order of an entry after the fact itself.
        same: Pairs of entry places that one variable binds, so that they must be equal.
    """

    fact_type: type
    literals: tuple[Literal, ...]
    predicates: tuple[Predicate, ...]
    binds: tuple[Slot, ...]
    same: tuple[tuple[int, int], ...]

    @property
    def strictness(self) -> int:
        """The number of its constraints."""
        return len(self.literals) + len(self.predicates)


@dataclass(frozen=True, slots=True)
class Join:
    """Extend each binding by each fact of a pattern, or drop those that have such a fact.

    Attributes:
        pattern: What the fact is like.
        pairs: Places (in the binding, in the entry) that must hold equal values.
        absent: Whether the step is NOT of the pattern.
    """

    pattern: Pattern
    pairs: tuple[tuple[int, int], ...]
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a TEST of two facts wants to be equal, so that facts can be looked up instead of tried.

    Attributes:
        slots: A slot of the first fact, and one of the second.
        key: Gives for a value what differs for values with which the test is false, and none for a
            value that may meet any other.
    """

    slots: tuple[Slot, Slot]
    key: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Test:
    """Keep the bindings for which a predicate is true of the values at some places."""

    predicate: Callable[..., Any]
    places: tuple[int, ...]
    meeting: Meeting | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one rule.

    Attributes:
        steps: In the order of the rule.
        names: Variables for the right-hand side, with their place in a complete binding.
        facts: Places of the matched facts, in the order of the patterns.
    """

    steps: tuple[Join | Test, ...]
    names: tuple[tuple[str, int], ...]
    facts: tuple[int, ...]


def compile_rule(rule: Any) -> Plan:
    """Compile the conditions of a rule.

    Args:
        rule: An experta ``Rule`` as it was written, not yet prepared for the network.

    Returns:
        The plan of the rule.

    Raises:
        UnsafeRule: Something in the rule is outside of the safe subset.
    """
    try:
        return _Compiler().compile(rule)
    except _Obstacle as obstacle:
        name = getattr(rule, "__name__", "without a name")
        raise UnsafeRule(f"rule {name}: {obstacle}") from None


class _Obstacle(Exception):  # noqa: N818 - never leaves this module
    """What keeps a rule out of the safe subset."""


class _Compiler:
    """Keeps the places of variables while it goes through the conditions of one rule."""

    def __init__(self) -> None:
        self.steps: list[Join | Test] = []
        self.places: dict[str, int] = {}
        self.facts: list[int] = []
        self.width = 0
        self.nameless: list[Any] = []

    def compile(self, rule: Any) -> Plan:
        conditions = list(_flat(rule))
        if not conditions or isinstance(conditions[0], experta.NOT):
            conditions.insert(0, _InitialFact())
        for condition in conditions:
            self.add(condition)
        return Plan(tuple(self.steps), tuple(self.places.items()), tuple(self.facts))

    def add(self, condition: Any) -> None:
        if isinstance(condition, experta.Fact):
            self.add_pattern(condition)
        elif isinstance(condition, experta.TEST):
            self.add_test(condition)
        elif isinstance(condition, experta.NOT):
            if len(condition) != 1 or not isinstance(condition[0], experta.Fact):
                raise _Obstacle("NOT of anything but one pattern")
            self.add_absence(condition[0])
        else:
            raise _Obstacle(f"{type(condition).__name__} as a condition")

    def add_pattern(self, fact: Any) -> None:
        if fact.__bind__ is None:
            # experta merges equal patterns of a rule, which then match one and the same fact; the
            # second says nothing new.
            if fact in self.nameless:
                return
            self.nameless.append(fact)
        pattern, names = _compile_pattern(fact)
        self.steps.append(Join(pattern, self._joined(names)))
        self.facts.append(self.width)
        for name, place in names.items():
            self.places.setdefault(name, self.width + place)
        self.width += 1 + len(pattern.binds)

    def add_absence(self, fact: Any) -> None:
        pattern, names = _compile_pattern(fact)
        self.steps.append(Join(pattern, self._joined(names), absent=True))

    def _joined(self, names: dict[str, int]) -> tuple[tuple[int, int], ...]:
        places = self.places
        return tuple((places[name], place) for name, place in names.items() if name in places)

    def add_test(self, test: Any) -> None:
        if len(test) != 1:
            raise _Obstacle("TEST of more than one predicate")
        parameters = _parameters(test[0])
        unbound = [name for name in parameters if name not in self.places]
        if unbound or not self.steps:
            raise _Obstacle(f"TEST reads {', '.join(unbound) or 'nothing'} before it is bound")
        places = tuple(self.places[name] for name in parameters)
        self.steps.append(Test(test[0], places, getattr(test[0], "meeting", None)))


def _flat(conditions: Any) -> Iterator[Any]:
    for condition in conditions:
        if isinstance(condition, experta.AND):
            yield from _flat(condition)
        else:
            yield condition


def _compile_pattern(fact: Any) -> tuple[Pattern, dict[str, int]]:
    """Compile a pattern; give it with the place in its entries that each of its names has."""
    literals: list[Literal] = []
    predicates: list[Predicate] = []
    binds: list[Slot] = []
    same: list[tuple[int, int]] = []
    names: dict[str, int] = {} if fact.__bind__ is None else {fact.__bind__: 0}
    for slot, constraint in fact.items():
        if slot == "__bind__":
            continue
        if isinstance(slot, str) and "__" in slot:
            raise _Obstacle(f"the nested slot {slot}")
        for part in _conjuncts(constraint):
            _add_constraint(part, slot, literals, predicates)
            name = getattr(part, "__bind__", None)
            if name is not None:
                binds.append(slot)
                first = names.setdefault(name, len(binds))
                if first != len(binds):
                    same.append((first, len(binds)))
    pattern = Pattern(type(fact), tuple(literals), tuple(predicates), tuple(binds), tuple(same))
    return pattern, names


def _conjuncts(constraint: Any) -> Iterator[Any]:
    if isinstance(constraint, _fields.ANDFC):
        for part in constraint:
            yield from _conjuncts(part)
    else:
        yield constraint


def _add_constraint(
    part: Any,
    slot: Slot,
    literals: list[Literal],
    predicates: list[Predicate],
) -> None:
    if isinstance(part, _fields.W):
        if part.__bind__ is None:
            predicates.append((slot, _anything, True))  # the slot must at least be there
    elif isinstance(part, _fields.P):
        predicates.append((slot, part.match, True))
    elif isinstance(part, _fields.L):
        literals.append(_literal(slot, part.value))
    elif isinstance(part, _fields.NOTFC):
        _add_negation(part[0], slot, predicates)
    elif isinstance(part, experta.conditionalelement.ConditionalElement):
        raise _Obstacle(f"{type(part).__name__} as a constraint of {slot}")
    else:
        literals.append(_literal(slot, part))


def _add_negation(part: Any, slot: Slot, predicates: list[Predicate]) -> None:
    if getattr(part, "__bind__", None) is not None or not isinstance(part, _fields.P):
        raise _Obstacle(f"a negated constraint of {slot} that is no predicate")
    predicates.append((slot, part.match, False))


def _anything(value: Any) -> bool:  # noqa: ARG001 - it is a predicate
    return True


def _literal(slot: Slot, value: Any) -> Literal:
    try:
        hash(value)
    except TypeError:
        raise _Obstacle(f"the literal {value!r}, which cannot be hashed") from None
    if value != value:  # noqa: PLR0124 - true of NaN alone
        raise _Obstacle("NaN as a literal")
    return slot, type(value), value


def _parameters(function: Any) -> tuple[str, ...]:
    """Names of the parameters of a predicate.

    ``inspect.signature`` takes about 10 us; a plain function tells the same by its code object, and
    our own predicates know their names.
    """
    names: tuple[str, ...] | None = getattr(function, "names", None)
    if names is not None:
        return names
    if type(function) is FunctionType and not function.__dict__:
        code = function.__code__
        if not code.co_flags & _VARIADIC_OR_KEYWORD_ONLY and not code.co_kwonlyargcount:
            if code.co_posonlyargcount:
                raise _Obstacle("TEST of a function with positional-only parameters")
            return code.co_varnames[: code.co_argcount]
    parameters = inspect.signature(function).parameters
    if any(each.kind not in _POSITIONAL for each in parameters.values()):
        raise _Obstacle("TEST of a function whose parameters are not all plain")
    return tuple(parameters)

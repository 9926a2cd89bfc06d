"""The batch matcher finds what brute force finds, and reports changes as experta does."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import RuleSpec, build_engine
from simdiag.engines.rete.matcher import BatchMatcher, TouchedReteMatcher
from simdiag.engines.rete.plan import UnsafeRule, compile_rule
from simdiag.engines.rete.strategy import TotalOrderStrategy

experta: Any = load_experta()
AS, MATCH, NOT, P, TEST = experta.AS, experta.MATCH, experta.NOT, experta.P, experta.TEST
TYPES: list[Any] = [type(name, (experta.Fact,), {}) for name in ("Apple", "Berry", "Cherry")]
SLOTS = ("p", "q", "r")
VALUES = (0, 1, True, 2, "x")


def same(one: object, other: object) -> bool:
    """Compare as a strict engine does: True, 1 and 1.0 differ."""
    return type(one) is type(other) and one == other


@dataclass
class Wanted:
    """A pattern as data: literal, predicate and variable constraints by slot."""

    kind: int
    capture: str
    literals: dict[str, Any] = field(default_factory=dict)
    predicates: dict[str, Callable[[Any], bool]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def as_pattern(self) -> Any:
        """Write the pattern in the words of experta."""
        slots: dict[str, Any] = {slot: experta.L(value) for slot, value in self.literals.items()}
        slots |= {slot: P(test) for slot, test in self.predicates.items()}
        slots |= {slot: name << experta.W() for slot, name in self.variables.items()}
        pattern = TYPES[self.kind](**slots)
        return self.capture << pattern if self.capture else pattern

    def extend(self, fact: Any, env: dict[str, Any]) -> dict[str, Any] | None:
        """Bind the fact to the pattern, or give None if it does not fit."""
        if type(fact) is not TYPES[self.kind]:
            return None
        if not all(same(fact.get(slot), value) for slot, value in self.literals.items()):
            return None
        if not all(slot in fact and test(fact[slot]) for slot, test in self.predicates.items()):
            return None
        bound = dict(env)
        for slot, name in self.variables.items():
            if slot not in fact or not same(bound.setdefault(name, fact[slot]), fact[slot]):
                return None
        return bound | ({self.capture: fact} if self.capture else {})


@dataclass
class Condition:
    """A positive pattern, a negated one, or a test on captured facts."""

    wanted: Wanted | None
    absent: bool = False
    test: Callable[..., bool] | None = None
    reads: tuple[str, ...] = ()

    def as_condition(self) -> Any:
        """Write the condition in the words of experta."""
        if self.wanted is None:
            return TEST(self.test)
        return NOT(self.wanted.as_pattern()) if self.absent else self.wanted.as_pattern()


def by_brute_force(
    conditions: list[Condition], facts: list[Any], env: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Try every fact for every pattern, in the order of the conditions."""
    if not conditions:
        yield env
        return
    first, *rest = conditions
    if first.wanted is None:
        assert first.test is not None
        if first.test(*[env[name] for name in first.reads]):
            yield from by_brute_force(rest, facts, env)
        return
    fitting = [bound for fact in facts if (bound := first.wanted.extend(fact, env)) is not None]
    if first.absent:
        fitting = [] if fitting else [env]
    for bound in fitting:
        yield from by_brute_force(rest, facts, bound)


def random_wanted(rng: random.Random, capture: str, variables: list[str]) -> Wanted:
    """Make a pattern of up to two constraints."""
    wanted = Wanted(rng.randrange(len(TYPES)), capture)
    for slot in rng.sample(SLOTS, rng.randrange(3)):
        match rng.randrange(3):
            case 0:
                wanted.literals[slot] = rng.choice(VALUES)
            case 1:
                allowed = rng.sample(VALUES, 3)
                wanted.predicates[slot] = allowed.__contains__
            case _:
                wanted.variables[slot] = rng.choice(variables)
    return wanted


def random_rule(rng: random.Random) -> list[Condition]:
    """Make a rule with one to three positive patterns, tests and negations between them."""
    conditions: list[Condition] = []
    captures: list[str] = []
    for capture in "abc"[: rng.randint(1, 3)]:
        conditions.append(Condition(random_wanted(rng, capture, ["x", "y"])))
        captures.append(capture)
        if rng.random() < 0.4:
            one, other = rng.choice(captures), rng.choice(captures)
            slot = rng.choice(SLOTS)
            conditions.append(captured_test(one, other, slot))
        if rng.random() < 0.4:
            conditions.append(Condition(random_wanted(rng, "", ["x", "y", "z"]), absent=True))
    return conditions


def captured_test(one: str, other: str, slot: str) -> Condition:
    """Make a TEST whose parameters have the names of captured facts."""
    if one == other:
        code = f"lambda {one}: {one}.get({slot!r}) in (1, 'x')"
        return Condition(None, test=eval(code), reads=(one,))  # noqa: S307 - our own text
    code = f"lambda {one}, {other}: {one}.get({slot!r}) != {other}.get({slot!r})"
    return Condition(None, test=eval(code), reads=(one, other))  # noqa: S307 - our own text


def random_facts(rng: random.Random, number: int) -> list[Any]:
    """Make facts with two or three slots filled."""
    made = []
    for _ in range(number):
        slots = rng.sample(SLOTS, rng.randint(2, 3))
        made.append(rng.choice(TYPES)(**{slot: rng.choice(VALUES) for slot in slots}))
    return made


def firing(name: str, bindings: dict[str, Any]) -> tuple[Any, ...]:
    """Describe a firing by its bindings, with the contents of facts and not their ids."""
    return name, tuple(sorted((key, shown(value)) for key, value in bindings.items()))


def shown(value: Any) -> str:
    """Write a value with its type, a fact by its sorted slots."""
    if isinstance(value, experta.Fact):
        return f"{type(value).__name__}{sorted((k, repr(v)) for k, v in value.as_dict().items())}"
    return f"{type(value).__name__} {value!r}"


def fire(rules: dict[str, list[Condition]], facts: list[Any]) -> Counter[tuple[Any, ...]]:
    """Run the rules over the facts in an engine, and count what fires."""
    fired: Counter[tuple[Any, ...]] = Counter()

    def recorder(name: str) -> Callable[..., None]:
        return lambda _engine, **bindings: fired.update([firing(name, bindings)])

    specs = [
        RuleSpec(name, [each.as_condition() for each in conditions], recorder(name))
        for name, conditions in rules.items()
    ]
    engine = build_engine("Random", specs)()
    for _ in range(2):  # the second run shows that the first leaves nothing behind
        fired.clear()
        engine.reset()
        engine.declare_all([type(fact)(**fact.as_dict()) for fact in facts])
        engine.run()
    return fired


@pytest.mark.parametrize("seed", range(300))
def test_random_program_fires_as_by_brute_force(seed: int) -> None:
    """A random safe program fires exactly the bindings that a naive search finds."""
    rng = random.Random(seed)
    rules = {f"rule {index}": random_rule(rng) for index in range(6)}
    facts = random_facts(rng, 10)
    expected = Counter(
        firing(name, bindings)
        for name, conditions in rules.items()
        for bindings in by_brute_force(conditions, facts, {})
    )
    assert fire(rules, facts) == expected


def test_random_programs_are_not_trivial() -> None:
    """The random programs do fire, withhold, and use every kind of condition."""
    rng = random.Random(0)
    rules = [random_rule(rng) for _ in range(200)]
    facts = random_facts(rng, 10)
    counts = [len(list(by_brute_force(conditions, facts, {}))) for conditions in rules]
    kinds = Counter((each.wanted is None, each.absent) for rule in rules for each in rule)
    assert min(kinds.values()) > 50
    assert 50 < counts.count(0) < 150


@pytest.mark.parametrize("seed", range(20))
def test_order_of_facts_and_rules_means_nothing(seed: int) -> None:
    """Facts and rules in another order give the same firings."""
    rng = random.Random(seed)
    rules = {f"rule {index}": random_rule(rng) for index in range(6)}
    facts = random_facts(rng, 10)
    before = fire(rules, facts)
    names = rng.sample(list(rules), len(rules))
    assert fire({name: rules[name] for name in names}, rng.sample(facts, len(facts))) == before


def engine_of(matcher: type, rules: dict[str, list[Any]]) -> Any:
    """Make an engine of experta's own class with some matcher."""

    def act(self: Any, **bindings: Any) -> None:
        """Do nothing."""

    made = {name: experta.Rule(*conditions)(act) for name, conditions in rules.items()}
    namespace = {"__matcher__": matcher, "__strategy__": TotalOrderStrategy, **made}
    return type("Made", (experta.KnowledgeEngine,), namespace)()


def waiting(engine: Any) -> list[Any]:
    """Describe what is on the agenda."""
    return sorted(
        (
            each.rule.__name__,
            sorted(fact["__factid__"] for fact in each.facts),
            sorted((k, str(v)) for k, v in each.context.items() if not k.startswith("__")),
        )
        for each in engine.agenda.activations
    )


A, B, C = TYPES
W, OR, AND, EXISTS = experta.W, experta.OR, experta.AND, experta.EXISTS
# Rules are used by several engines at once, and experta holds patterns for immutable.
SHAPES: dict[str, Callable[[], list[Any]]] = {
    "empty": list,
    "only not": lambda: [NOT(A(p=1))],
    "not first": lambda: [NOT(A(p=MATCH.x)), B(p=MATCH.x)],
    "nested and": lambda: [AND(AS.a << A(p=MATCH.x), AND(B(p=MATCH.x), C()))],
    "only test": lambda: [TEST(lambda: True)],
    "join": lambda: [A(p=MATCH.x), B(q=MATCH.x), NOT(C(r=MATCH.x))],
    "same fact twice": lambda: [A(p=MATCH.x, q=MATCH.x)],
    "equal patterns": lambda: [A(p=MATCH.x), A(p=MATCH.x)],
    "symmetric": lambda: [AS.a << A(), AS.b << A()],
    "one capture for two": lambda: [AS.a << A(p=1), AS.a << A(q=2)],
    "and in a slot": lambda: [A(p=MATCH.x & P(lambda v: v != 0))],
    "not predicate": lambda: [A(p=~P(lambda v: v == 0))],
    "not literal": lambda: [A(p=~experta.L(1))],
    "not variable": lambda: [A(p=MATCH.x), B(p=~MATCH.x)],
    "bound literal": lambda: [A(p="x" << experta.L(1)), B(p=MATCH.x)],
    "wildcard": lambda: [A(p=W())],
    "or": lambda: [OR(A(p=1), B(p=1)), C()],
    "or in a slot": lambda: [A(p=experta.L(0) | experta.L(2))],
    "exists": lambda: [A(), EXISTS(B(p=1))],
    "forall": lambda: [experta.FORALL(A(p=MATCH.x), B(p=MATCH.x))],
    "not not": lambda: [NOT(NOT(A(p=1))), B()],
    "test between": lambda: [AS.a << A(), TEST(lambda a: a.get("p") == 1), B(p=MATCH.x)],
    "test of the unbound": lambda: [A(), TEST(lambda nobody: nobody is None)],
    "nested slot": lambda: [A(p__0=1)],
}
SAFE = {
    "equal patterns",
    "empty", "only not", "not first", "nested and", "join", "same fact twice", "symmetric",
    "one capture for two", "and in a slot", "not predicate", "bound literal", "wildcard",
    "test between",
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_safe_subset_is_what_it_is(name: str) -> None:
    """Exactly the shapes known to be matched rightly are compiled; the others give a reason."""
    rule = experta.Rule(*SHAPES[name]())(lambda: None)
    if name in SAFE:
        assert compile_rule(rule).steps
    else:
        with pytest.raises(UnsafeRule, match="rule <lambda>: "):
            compile_rule(rule)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("matcher", [BatchMatcher, TouchedReteMatcher])
def test_changes_one_by_one_are_those_of_stock(matcher: type, name: str) -> None:
    """Declaring and retracting facts one by one leaves what experta's own matcher leaves."""
    conditions = SHAPES[name]()
    for seed in range(12):
        rng = random.Random(seed)
        engines = [
            engine_of(each, {name: conditions}) for each in (experta.matchers.ReteMatcher, matcher)
        ]
        for _, engine in itertools.product(range(2), engines):
            engine.reset()
        for _ in range(25):
            known = list(engines[0].facts)
            if known and rng.random() < 0.4:
                index = rng.choice(known)
                for engine in engines:
                    engine.retract(index)
            else:
                slots = {slot: rng.choice((0, 1, 2)) for slot in rng.sample(SLOTS, 2)}
                kind = rng.choice(TYPES)
                for engine in engines:
                    engine.declare(kind(**slots))
            assert waiting(engines[0]) == waiting(engines[1])


def test_mixed_rules_share_the_facts() -> None:
    """Safe rules and rules left to the network work side by side in one engine."""
    engine = engine_of(BatchMatcher, {name: make() for name, make in SHAPES.items()})
    stock = engine_of(experta.matchers.ReteMatcher, {name: make() for name, make in SHAPES.items()})
    assert {reason.split(":")[0] for _, reason in engine.matcher.unsafe_rules} == {"rule act"}
    assert len(engine.matcher.unsafe_rules) == len(SHAPES) - len(SAFE)
    for each in (engine, stock):
        each.reset()
        each.declare(A(p=1, q=1), A(p=2, q=1), B(p=1, q=2), B(p=2, q=0), C(r=0), C(r=2))
    assert len(waiting(engine)) > 20
    assert waiting(engine) == waiting(stock)


def test_declare_and_retract_between_two_updates() -> None:
    """X3: a fact that comes and goes within one right-hand side leaves no trace and no error."""

    def act(self: Any) -> None:
        self.retract(self.declare(B(p=1)))

    rules = {"first": experta.Rule(A())(act), "second": experta.Rule(EXISTS(B(p=1)))(act)}

    def run(matcher: type) -> Any:
        namespace = {"__matcher__": matcher, "__strategy__": TotalOrderStrategy, **rules}
        engine = type("Made", (experta.KnowledgeEngine,), namespace)()
        engine.reset()
        engine.declare(A())
        engine.run()
        return engine

    with pytest.raises((KeyError, ValueError)):
        run(experta.matchers.ReteMatcher)
    assert run(BatchMatcher).agenda.activations == []


def test_reset_forgets_what_an_exception_left() -> None:
    """X4: after an exception in a predicate, a reset leaves nothing that could fire."""

    def fail(value: Any) -> bool:
        return bool(value > 0)

    def left_over(matcher: type) -> int:
        engine = engine_of(matcher, {"good": [B()], "bad": [A(p=P(fail))]})
        engine.reset()
        with pytest.raises(TypeError):
            engine.declare(B(), A(p="text"))
        engine.reset()
        return len(engine.agenda.activations)

    assert left_over(experta.matchers.ReteMatcher) == 1
    assert left_over(BatchMatcher) == left_over(TouchedReteMatcher) == 0


def test_key_error_of_a_predicate_is_not_swallowed() -> None:
    """An exception of a predicate is never taken for a missing slot."""
    for slot in ({"p": P({}.__getitem__)}, {"p": P({}.__getitem__), "q": 1}):
        engine = engine_of(BatchMatcher, {"rule": [A(**slot)]})
        engine.reset()
        with pytest.raises(KeyError):
            engine.declare(A(p=1, q=1))


def test_defaults_of_slots_are_matched() -> None:
    """X16: the default of a field is seen by literals, predicates and variables, as in experta."""
    default = experta.Field(int, default=7)
    made: Any = type("Made", (experta.Fact,), {"n": default})
    rules = {"l": [made(n=7)], "p": [made(n=P(lambda n: n == 7))], "v": [made(n=MATCH.n)]}
    for matcher in (BatchMatcher, experta.matchers.ReteMatcher):
        engine = engine_of(matcher, rules)
        engine.reset()
        engine.declare(made())
        assert [name for name, *_ in waiting(engine)] == ["act"] * 3


def test_nan_equals_nothing() -> None:
    """NaN joins with nothing, not even with itself, as in experta."""
    nan = float("nan")
    for matcher in (BatchMatcher, experta.matchers.ReteMatcher):
        engine = engine_of(matcher, {"join": [A(p=MATCH.x), B(p=MATCH.x)]})
        engine.reset()
        engine.declare(A(p=nan), B(p=nan))
        assert waiting(engine) == []
    with pytest.raises(UnsafeRule, match="NaN"):
        compile_rule(experta.Rule(A(p=nan))(lambda: None))


def test_only_touched_rules_are_matched_again() -> None:
    """A fact that comes later makes only those rules be tried whose literal it has."""
    tried: list[int] = []

    def rule(number: int) -> list[Any]:
        def test(a: Any) -> bool:  # noqa: ARG001 - counts only
            tried.append(number)
            return True

        return [AS.a << A(), TEST(test), NOT(B(rule=number))]

    engine = engine_of(BatchMatcher, {f"r{number}": rule(number) for number in range(9)})
    engine.reset()
    engine.declare(A())
    assert sorted(tried) == list(range(9))
    tried.clear()
    engine.declare(B(rule=4))
    assert tried == [4]
    assert len(engine.agenda.activations) == 8

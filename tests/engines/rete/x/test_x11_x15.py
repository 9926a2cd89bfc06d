"""X11 to X15: alternatives, operators between conditions, equal values, equal facts."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import EngineMisused
from simdiag.engines.rete.plan import UnsafeRule
from simdiag.errors import InvalidInput
from simdiag.testing import build

experta: Any = load_experta()
AND, AS, L, MATCH, OR = experta.AND, experta.AS, experta.L, experta.MATCH, experta.OR
GT, LT = experta.operator.GT, experta.operator.LT
A: Any = type("A", (experta.Fact,), {})
B: Any = type("B", (experta.Fact,), {})
C: Any = type("C", (experta.Fact,), {})
Maker = Callable[..., Any]


# X11 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="X11: an alternative fires once for each branch"
)
@pytest.mark.parametrize(
    "conditions", [[A(x=GT(1) | LT(5)), B()], [OR(A(), B())]], ids=["slot", "condition"]
)
def test_x11_stock(stock: Maker, conditions: list[Any]) -> None:
    """X11: a rule with an alternative fires once, also if both of its branches hold."""
    assert stock({"r": conditions}).run(A(x=3), B()) == ["r"]


@pytest.mark.xfail(
    strict=True,
    raises=TypeError,
    reason="X11: the other branch leaves the variable out of the call of the right-hand side",
)
def test_x11_stock_variable(stock: Maker) -> None:
    """X11: a right-hand side can take a variable that only one branch of an alternative binds."""

    def needs(_engine: Any, *, x: Any) -> None:
        del x

    assert stock({"r": [OR(A(x=MATCH.x), B())]}, r=needs).run(B()) == ["r"]


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [([A(x=GT(1) | LT(5))], "ORFC as a constraint of x"), ([OR(A(), B())], "OR as a condition")],
    ids=["slot", "condition"],
)
def test_x11_ours_kernel(ours: Maker, conditions: list[Any], reason: str) -> None:
    """X11: our kernel refuses alternatives by name."""
    with pytest.raises(UnsafeRule, match=f"^rule bad: {reason}$"):
        ours({"bad": conditions})


def test_x11_ours_package(package: Maker) -> None:
    """X11: a rule of which several branches and bindings hold rates its payment once."""
    branches = "{p: {n: {above: 1}}}, {p: {n: {below: 5}}}, {credit: {pay: p.id}}"
    made = package(f"[{{any: [{branches}]}}, {{credit: {{}}}}]", "pay p")
    facts = "pay: [{id: p1, n: 3}]\ncredit: [{pay: p1}, {pay: p1}, {pay: p1}]"
    assert made.truths(facts) == {"p1": "true"}
    assert made.score(facts) == 10


def test_x11_ours_variable(probe_files: Callable[..., dict[str, str]]) -> None:
    """X11: a name that one branch binds is an error outside of it."""
    files = probe_files("[{any: [{credit c: {}}, {pay: {}}]}, {c: {n: 1}}]")
    with pytest.raises(InvalidInput, match=r"probe.yaml:5:.*error\[unknown-template\].*`c`"):
        build(files, "experta")


# X12 ---------------------------------------------------------------------------------------------

COLOURS = ("red", "green", "blue")


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X12: every combination of the alternatives of all slots becomes a pattern of its own",
)
def test_x12_stock() -> None:
    """X12: three alternatives in each of five slots take no more patterns than fifteen."""
    slots = {f"s{number}": L(0) | L(1) | L(2) for number in range(5)}
    rule = experta.Rule(A(**slots))(lambda _: None)
    (ready,) = experta.matchers.rete.prepare_rule(rule)
    assert len(ready) <= 3 * 5


def compiled(made: Any) -> set[str]:
    """Give the names of the rules that a package compiles to, but for those of its ladder."""
    return {spec.name for spec in made.specs if not spec.name.startswith("ladder:")}


def test_x12_ours_sets(package: Maker) -> None:
    """X12: sets of values in several slots compile to one rule for each of the two modes."""
    made = package("[{pay p: {c: [red, green, blue], d: [red, blue], n: [1, 2, 3]}}]")
    assert made.truths("pay: [{c: green, d: blue, n: 3}, {c: red, d: green, n: 1}]") == {"": "true"}
    assert compiled(made) == {"probe#r could", "probe#r does"}


def test_x12_ours_any(package: Maker) -> None:
    """X12: each alternative compiles to one rule for each of the two modes, not to products."""
    groups = [f"{{any: [{', '.join(f'{{p: {{{s}: {c}}}}}' for c in COLOURS)}]}}" for s in "cdcdcd"]
    made = package(f"[{{pay p: {{}}}}, {', '.join(groups)}]")
    assert made.truths("pay: [{c: green, d: blue}]") == {"": "true"}
    assert len(compiled(made)) == 2 * (len(groups) * len(COLOURS) + 1)


# X13 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True, raises=NameError, reason="X13: the operators use `chain`, which is not imported"
)
@pytest.mark.parametrize(
    "join",
    [
        lambda: (A() & B()) & (A(x=1) & C()),
        lambda: (A() | B()) | (A(x=1) | C()),
        lambda: (GT(1) & LT(5)) & (GT(2) & LT(4)),
        lambda: (L(1) | L(2)) | (L(3) | L(4)),
    ],
    ids=["and", "or", "and in a slot", "or in a slot"],
)
def test_x13_stock(join: Callable[[], Any]) -> None:
    """X13: conjunctions and alternatives can be joined by operators."""
    assert len(join()) == 4


def test_x13_ours_kernel(ours: Maker) -> None:
    """X13: conjunctions within conjunctions, made by constructors, are matched by our kernel."""
    inner = AND(AND(A(), B()), AND(AND(C(), A(x=1))))
    within = experta.fieldconstraint.ANDFC(
        experta.fieldconstraint.ANDFC(GT(0), LT(5)), experta.fieldconstraint.ANDFC(GT(0), LT(9))
    )
    rules = {"r": [inner], "s": [A(x=within)]}
    assert ours(rules).run(A(x=1), B()) == ["s"]
    assert ours(rules).run(A(x=1), B(), C()) == ["r", "s"]
    assert ours(rules).run(A(x=5), B()) == []


def test_x13_ours_package(package: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """X13: our compiler never uses an operator between conditions or constraints."""

    def never(*_: object) -> None:
        raise AssertionError("an operator was used")

    for kind in (
        experta.conditionalelement.OperableCE,
        experta.fieldconstraint.FieldConstraint,
    ):
        for operator in ("__and__", "__or__", "__invert__"):
            monkeypatch.setattr(kind, operator, never)
    inner = "{all: [{all: [{credit ALIAS: {pay: p.id}}, {p: {n: 1}}]}, {ALIAS: {n: {above: 1}}}]}"
    first, second = inner.replace("ALIAS", "x"), inner.replace("ALIAS", "y")
    tests = "c: {not: red}, n: {at_least: 1, at_most: 3, not: 2}"
    made = package(f"[{{p: {{{tests}}}}}, {first}, {{not: [{second}, {{p: {{n: 2}}}}]}}]", "pay p")
    facts = "pay: [{id: p1, n: 1, c: blue}, {id: p2, n: 1, c: red}]\ncredit: [{pay: p1, n: 2}]"
    assert made.truths(facts) == {"p1": "true"}


# X14 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X14: True, 1 and 1.0 are one value to fact identity and to literals",
)
@pytest.mark.parametrize(
    ("literal", "values", "matched"),
    [(1, [True, 1, 1.0], [1]), (False, [0], []), (1, [True], [])],
    ids=["dropped as duplicates", "False and 0", "1 and True"],
)
def test_x14_stock(stock: Maker, literal: object, values: list[Any], matched: list[Any]) -> None:
    """X14: a literal matches values of its own type, none of which is dropped."""
    assert matches(stock, literal, values) == written(matched)


@pytest.mark.parametrize(
    ("literal", "matched"), [(1, [1]), (True, [True]), (1.0, [1.0]), (0, []), (False, [])]
)
def test_x14_ours(ours: Maker, literal: object, matched: list[Any]) -> None:
    """X14: in our kernel True, 1 and 1.0 are three facts, each matched by its own literal."""
    assert matches(ours, literal, [True, 1, 1.0]) == written(matched)


def matches(maker: Maker, literal: object, values: list[Any]) -> list[str]:
    """Declare a fact for each value; give the values that a literal matches."""
    played = maker({"r": [AS.a << A(v=L(literal))]})
    played.run(*[A(v=value) for value in values])
    return sorted(repr(bindings["a"]["v"]) for _, bindings in played.fired)


def written(values: list[Any]) -> list[str]:
    """Write values so that True, 1 and 1.0 differ."""
    return [repr(value) for value in values]


def test_x14_ours_join(ours: Maker) -> None:
    """X14: in our kernel a variable joins values of one type only."""
    played = ours({"r": [AS.a << A(v=MATCH.v), AS.b << B(v=MATCH.v)]})
    played.run(*[kind(v=value) for kind in (A, B) for value in (True, 1, 1.0)])
    pairs = [(repr(bindings["a"]["v"]), repr(bindings["b"]["v"])) for _, bindings in played.fired]
    assert sorted(pairs) == [("1", "1"), ("1.0", "1.0"), ("True", "True")]


# X15 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X15: modify() into an equal fact retracts the fact, declares nothing and gives None",
)
def test_x15_stock_modify(stock: Maker) -> None:
    """X15: a fact that is modified so that it equals another one is still there."""
    engine = stock({"r": [A()]}).engine
    first = engine.declare(A(x=1))
    engine.declare(A(x=2))
    assert engine.modify(first, x=2) is not None


@pytest.mark.xfail(
    strict=True,
    raises=AttributeError,
    reason="X15: declare() gives None for a duplicate, which retract() cannot take",
)
def test_x15_stock_duplicate(stock: Maker) -> None:
    """X15: what declare() gives can be retracted."""
    engine = stock({"r": [A()]}).engine
    engine.declare(A(x=1))
    engine.retract(engine.declare(A(x=1)))


def test_x15_ours(ours: Maker) -> None:
    """X15: in our kernel equal facts are facts of their own, which can be changed one by one."""
    engine = ours({"r": [A()]}).engine
    first, second = engine.declare(A(x=1)), engine.declare(A(x=2))
    third = engine.modify(first, x=2)
    assert third == second.copy() or third["x"] == second["x"]
    assert [fact["x"] for fact in engine.facts.values() if type(fact) is A] == [2, 2]
    engine.retract(second)
    assert [fact for fact in engine.facts.values() if type(fact) is A] == [third]
    engine.run()


def test_x15_ours_refused(ours: Maker) -> None:
    """X15: right-hand sides of our kernel, which might lose a fact, cannot modify any."""

    def change(engine: Any, a: Any) -> None:
        engine.modify(a, x=2)

    with pytest.raises(EngineMisused, match="tried to retract"):
        ours({"r": [AS.a << A(x=1)]}, r=change).run(A(x=1), A(x=2))


def test_x15_ours_package(package: Maker) -> None:
    """X15: two equal facts of a case are two to counts and to "another one"."""
    twins = "pay: [{id: p1}]\ncredit: [{pay: p1, n: 2}, {pay: p1, n: 2}]"
    one = "pay: [{id: p1}]\ncredit: [{pay: p1, n: 2}]"
    other = package(
        "[{credit c: {pay: p.id}}, {credit: {other_than: c, pay: p.id, n: c.n}}]", "pay p"
    )
    count = package("[{count: {credit: {pay: p.id}}, equals: 2}]", "pay p")
    total = package("[{sum: c.n, of: {credit c: {pay: p.id}}, equals: 4}]", "pay p")
    for made in (other, count, total):
        assert made.truths(twins) == {"p1": "true"}
        assert made.truths(one) == {}

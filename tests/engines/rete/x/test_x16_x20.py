"""X16 to X20: defaults, misspelt and missing slots, classes of facts, names."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simdiag.engines.rete.facts import Marker
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import RuleSpec, build_engine
from simdiag.errors import InvalidInput
from simdiag.model.values import UNKNOWN_VALUE
from simdiag.testing import assess_text, build, read_facts

experta: Any = load_experta()
AS, L, MATCH = experta.AS, experta.L, experta.MATCH
A: Any = type("A", (experta.Fact,), {})
Defaulted: Any = type("Defaulted", (experta.Fact,), {"s": experta.Field(str, default="u")})
Derived: Any = type("Derived", (A,), {})
Maker = Callable[..., Any]
Files = Callable[..., dict[str, str]]


# X16 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X16: the default of a field is seen by [] and patterns, but not by get(), as_dict() "
    "nor by the identity of facts",
)
@pytest.mark.parametrize("way", ["get", "as_dict", "identity"])
def test_x16_stock(stock: Maker, way: str) -> None:
    """X16: a fact whose slot has its default is the fact whose slot was given that value."""
    engine = stock({"r": [Defaulted(s="u")]}).engine
    fact = engine.declare(Defaulted(n="x"))
    assert fact["s"] == "u"
    if way == "get":
        assert fact.get("s") == "u"
    elif way == "as_dict":
        assert fact.as_dict() == {"n": "x", "s": "u"}
    else:
        assert engine.declare(Defaulted(n="x", s="u")) is None


def test_x16_ours(package: Maker) -> None:
    """X16: our facts have no defaults, and every slot that rules read is filled in each of them."""
    made = package("[{pay p: {n: {not: 1}, c: red}}, {not: {credit: {pay: p.id, n: 2}}}]")
    assert made.truths("pay: [{c: red}, {n: 2}, {id: p}]\ncredit: [{}, {n: 3}]") == {"": "unknown"}
    for run in made.declared:
        for template in ("pay", "credit"):
            facts = [fact for fact in run if type(fact).__name__ == template]
            assert len({frozenset(fact) for fact in facts}) <= 1
            assert all(fact.get(slot) == fact[slot] for fact in facts for slot in fact)
            assert all(type(fact).__fields__ == {} for fact in facts)
    read = [fact["n"] for run in made.declared for fact in run if "n" in fact]
    assert len(read) >= 5
    assert UNKNOWN_VALUE in read


# X17 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=pytest.fail.Exception,
    reason="X17: a slot that the class does not have is accepted in facts and in rules",
)
@pytest.mark.parametrize("place", ["fact", "rule"])
def test_x17_stock(stock: Maker, place: str) -> None:
    """X17: a misspelt slot of a typed fact is an error, in facts and in rules."""
    wrong, right = Defaulted(ss="x"), Defaulted(s="x")
    pattern, fact = (right, wrong) if place == "fact" else (wrong, right)
    with pytest.raises(Exception, match="ss"):
        stock({"r": [pattern]}).run(fact)


def test_x17_ours_facts(probe_files: Files) -> None:
    """X17: a misspelt slot in a facts file is an error with its place and a suggestion."""
    tool = build(probe_files("[{pay: {n: 1}}]"), "experta")
    with pytest.raises(InvalidInput) as caught:
        read_facts(tool, "case: c\npay: [{id: p, amuont: 10.00}]", as_of="2025-11-20")
    (problem,) = caught.value.problems
    assert (problem.span.line, problem.span.column) == (2, 15)
    assert problem.help == "did you mean `amount`?"


def test_x17_ours_rules(probe_files: Files) -> None:
    """X17: a misspelt slot or template in a rule is an error with its place and a suggestion."""
    when = "[{pay p: {amuont: 10.00}}, {not: {credits: {pay: p.id}}}, {credit: {n: p.rte}}]"
    with pytest.raises(InvalidInput) as caught:
        build(probe_files(when), "experta")
    helps = [problem.help for problem in caught.value.problems]
    assert helps == ["did you mean `amount`?", "did you mean `credit`?", "did you mean `rate`?"]
    assert {problem.span.line for problem in caught.value.problems} == {5}


# X18 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X18: a slot that is absent matches neither a constraint nor its negation",
)
def test_x18_stock(stock: Maker) -> None:
    """X18: of a constraint and its negation one holds."""
    assert len(stock({"is": [A(p=L(1))], "is not": [A(p=~L(1))]}).run(A(q=2))) == 1


@pytest.mark.parametrize(
    ("test", "truths"),
    [
        ("n: 1", {"yes": "true", "open": "unknown"}),
        ("n: {not: 1}", {"no": "true", "open": "unknown"}),
        ("n: {not: [1, 2]}", {"no": "true", "open": "unknown"}),
    ],
)
def test_x18_ours(package: Maker, test: str, truths: dict[str, str]) -> None:
    """X18: of a slot without a value a test and its negation are both unknown, never false."""
    made = package(f"[{{p: {{{test}}}}}]", "pay p")
    assert made.truths("pay: [{id: yes, n: 1}, {id: no, n: 3}, {id: open}]") == truths


# X19 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="X19: patterns compare classes by identity"
)
def test_x19_stock(stock: Maker) -> None:
    """X19: a pattern on a class matches facts of its subclasses."""
    assert stock({"r": [A()]}).run(Derived()) == ["r"]


def test_x19_ours(package: Maker) -> None:
    """X19: each template has a class of its own, and none is derived from another one."""
    made = package("[{p: {n: 1}}, {not: {credit: {pay: p.id}}}, {pay q: {other_than: p}}]", "pay p")
    assert made.truths("pay: [{id: p1, n: 1}, {id: p2}]\ncredit: [{pay: p2}]") == {"p1": "true"}
    classes = {type(fact) for run in made.declared for fact in run}
    assert {kind.__name__ for kind in classes} == {"pay", "credit", "case", "marker"}
    assert Marker in classes
    assert {kind.__bases__ for kind in classes} == {(experta.Fact,)}
    assert len(classes) == 4


# X20 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=(TypeError, KeyError),
    reason="X20: bindings are passed by name beside `self`, and `__` separates nested slots",
)
@pytest.mark.parametrize(
    ("condition", "fact"),
    [(A(x=MATCH.self), A(x=1)), (A(a__b=1), A(a__b=1))],
    ids=["variable", "slot"],
)
def test_x20_stock(stock: Maker, condition: Any, fact: Any) -> None:
    """X20: a variable may be called `self`, and a slot may have two underscores."""
    assert stock({"r": [condition]}).run(fact) == ["r"]


@pytest.mark.parametrize("name", ["self", "engine", "__x__"])
def test_x20_ours_kernel(name: str) -> None:
    """X20: our kernel refuses variables that it cannot pass on when the engine is built."""
    spec = RuleSpec("r", [A(x=getattr(MATCH, name))], lambda *_: None)
    with pytest.raises(ValueError, match=f"^rule r: a variable cannot be named {name}$"):
        build_engine("Made", [spec])


@pytest.mark.parametrize("name", ["a__b", "__a__", "self", "A"])
def test_x20_ours_refused(probe_files: Files, name: str) -> None:
    """X20: the loader refuses names of slots that are no words or that the language needs."""
    with pytest.raises(InvalidInput, match=rf"error\[name\] `{name}` cannot be the name of a slot"):
        build(renamed(probe_files, name, "p"), "experta")


@pytest.mark.parametrize(
    ("slot", "alias"),
    [
        ("n", "self"), ("n", "engine"), ("n", "f0"), ("n", "rf0"),
        ("row", "p"), ("exists", "p"), ("node", "mode"), ("items", "keys"),
    ],
)  # fmt: skip
def test_x20_ours_package(probe_files: Files, slot: str, alias: str) -> None:
    """X20: names that mean something to experta or to our compiler are no trouble in a package."""
    files = renamed(probe_files, slot, alias)
    facts = "case: c\nas_of: 2025-11-20\npay: [{id: p1, SLOT: 1}, {id: p2, SLOT: 2}]\ncredit: []"
    for engine in ("reference", "experta"):
        found = assess_text(build(files, engine), facts.replace("SLOT", slot))
        rows = [row for each in found.diagnoses for row in each.about]
        assert [found.inference.slots[row]["id"] for row in rows] == ["p1"]


def renamed(probe_files: Files, slot: str, alias: str) -> dict[str, str]:
    """Give the files of a package with other names for a slot and for what a rule binds."""
    files = probe_files(
        f"[{{{alias}: {{{slot}: 1}}}}, {{not: {{credit: {{n: {alias}.{slot}}}}}}}]", f"pay {alias}"
    )
    terms = files["terms/t.yaml"].replace(
        "      n: {type: integer", f"      {slot}: {{type: integer", 1
    )
    return files | {"terms/t.yaml": terms}

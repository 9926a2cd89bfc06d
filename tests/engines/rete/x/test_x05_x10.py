"""X5 to X10: quantifiers, negations of several conditions, and tests of what is not bound."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.plan import UnsafeRule
from simdiag.errors import InvalidInput
from simdiag.testing import build

experta: Any = load_experta()
AND, AS, EXISTS, FORALL = experta.AND, experta.AS, experta.EXISTS, experta.FORALL
MATCH, NOT, OR, TEST = experta.MATCH, experta.NOT, experta.OR, experta.TEST
A: Any = type("A", (experta.Fact,), {})
B: Any = type("B", (experta.Fact,), {})
C: Any = type("C", (experta.Fact,), {})
Maker = Callable[..., Any]

PAYS = "pay: [{id: p1, n: 1}, {id: p2, n: 2}, {id: p3, n: 3}]\n"


def refused(ours: Maker, conditions: list[Any], reason: str) -> None:
    """Assert that our kernel refuses a rule by name and says what is in the way."""
    with pytest.raises(UnsafeRule, match=f"^rule bad: .*{reason}"):
        ours({"bad": conditions})


# X5 ----------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X5: EXISTS joins with InitialFact only, so any B will do for every A",
)
def test_x05_stock(stock: Maker) -> None:
    """X5: EXISTS over a variable bound before it holds for the fact that it joins with only."""
    played = stock({"r": [A(x=MATCH.x), EXISTS(B(x=MATCH.x))]})
    played.run(A(x=1), A(x=2), B(x=2))
    assert [bindings["x"] for _, bindings in played.fired] == [2]


def test_x05_ours(ours: Maker, package: Maker) -> None:
    """X5: EXISTS is refused, and "there is one for this payment" is right for each payment."""
    refused(ours, [A(x=MATCH.x), EXISTS(B(x=MATCH.x))], "EXISTS as a condition")
    made = package("[{any: [{credit c: {pay: p.id}}]}]", "pay p")
    assert made.truths(PAYS + "credit: [{id: c, pay: p2}]") == {"p2": "true"}
    assert made.truths(PAYS + "credit: [{id: c}, {id: d, pay: p1}]") == {
        "p1": "true",
        "p2": "unknown",
        "p3": "unknown",
    }


# X6 ----------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X6: EXISTS and NOT of several conditions look at the first one only",
)
@pytest.mark.parametrize(
    ("conditions", "facts", "fires"),
    [
        ([A(), EXISTS(B(), C())], [A(), B()], False),
        ([A(), NOT(B(), C())], [A(), B()], True),
    ],
    ids=["exists", "not"],
)
def test_x06_stock(stock: Maker, conditions: list[Any], facts: list[Any], *, fires: bool) -> None:
    """X6: EXISTS and NOT of two conditions take both into account."""
    assert bool(stock({"r": conditions}).run(*[fact.copy() for fact in facts])) is fires


def test_x06_ours_not(ours: Maker, package: Maker) -> None:
    """X6: NOT of two patterns is refused, and "there are not two credits" counts both."""
    refused(ours, [A(), NOT(B(), C())], "NOT of anything but one pattern")
    made = package(
        "[{not: [{credit c: {pay: p.id}}, {credit: {other_than: c, pay: p.id}}]}]", "pay p"
    )
    credits_ = "credit: [{id: c, pay: p1}, {id: d, pay: p2}, {id: e, pay: p2}]"
    assert made.truths(PAYS + credits_) == {"p1": "true", "p3": "true"}
    assert made.truths(PAYS + credits_.replace("e, pay: p2", "e")) == {
        "p1": "unknown",
        "p2": "unknown",
        "p3": "true",
    }


def test_x06_ours_exists(ours: Maker, package: Maker) -> None:
    """X6: EXISTS of two patterns is refused, and "there are two credits" needs both."""
    refused(ours, [A(), EXISTS(B(), C())], "EXISTS as a condition")
    both = "{credit c: {pay: p.id}}, {credit: {other_than: c, pay: p.id}}"
    made = package(f"[{{any: [{{all: [{both}]}}]}}]", "pay p")
    credits_ = "credit: [{id: c, pay: p1}, {id: d, pay: p2}, {id: e, pay: p2}]"
    assert made.truths(PAYS + credits_) == {"p2": "true"}


# X7 ----------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X7: NOT(AND(a, b)) becomes NOT a or NOT b, although they share a variable",
)
def test_x07_stock(stock: Maker) -> None:
    """X7: "no B has a C with the same x" holds if there are both, but with different x."""
    played = stock({"r": [A(), NOT(AND(B(x=MATCH.x), C(x=MATCH.x)))]})
    assert played.run(A(), B(x=1), C(x=2)) == ["r"]


def test_x07_ours(ours: Maker, package: Maker) -> None:
    """X7: NOT(AND) is refused, and "no payment has a credit with its number" joins the two."""
    refused(ours, [A(), NOT(AND(B(x=MATCH.x), C(x=MATCH.x)))], "NOT of anything but one pattern")
    made = package("[{not: [{pay p: {}}, {credit: {n: p.n}}]}]")
    assert made.truths(PAYS + "credit: [{n: 4}]") == {"": "true"}
    assert made.truths(PAYS + "credit: [{n: 4}, {n: 3}]") == {}
    assert made.truths(PAYS + "credit: [{n: 4}, {id: c}]") == {"": "unknown"}
    assert made.truths("pay: []\ncredit: [{n: 4}]") == {"": "true"}


# X8 ----------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=KeyError,
    reason="X8: the network looks for the inner TEST or EXISTS among the patterns",
)
@pytest.mark.parametrize(
    ("inner", "fires"),
    [(AND(AS.b << B(), TEST(lambda b: b["x"] > 1)), True), (EXISTS(B()), False)],
    ids=["test", "exists"],
)
def test_x08_stock(stock: Maker, inner: Any, *, fires: bool) -> None:
    """X8: NOT of a pattern with a TEST, and NOT of EXISTS, can be built and are right."""
    assert bool(stock({"r": [A(), NOT(inner)]}).run(A(), B(x=1))) is fires


def test_x08_ours_test(ours: Maker, package: Maker) -> None:
    """X8: NOT with TEST is refused, and "no credit above the payment" is right for each payment."""
    inner = AND(AS.b << B(), TEST(lambda b: b["x"] > 1))
    refused(ours, [A(), NOT(inner)], "NOT of anything but one pattern")
    made = package("[{not: [{credit c: {}}, {test: c.n, above: p.n}]}]", "pay p")
    assert made.truths(PAYS + "credit: [{n: 2}]") == {"p2": "true", "p3": "true"}
    assert made.truths(PAYS + "credit: [{n: 2}, {id: c}]") == {"p2": "unknown", "p3": "unknown"}


def test_x08_ours_exists(ours: Maker, package: Maker) -> None:
    """X8: NOT of EXISTS is refused, and negations within negations are right to any depth."""
    refused(ours, [A(), NOT(EXISTS(B()))], "NOT of anything but one pattern")
    some = package("[{not: {any: [{credit: {pay: p.id}}, {credit: {n: p.n}}]}}]", "pay p")
    assert some.truths(PAYS + "credit: [{pay: p2, n: 1}]") == {"p3": "true"}
    deep = package("[{not: [{credit c: {n: p.n}}, {not: {pay: {id: c.pay}}}]}]", "pay p")
    assert deep.truths(PAYS + "credit: [{pay: p3, n: 1}, {pay: p9, n: 2}]") == {
        "p1": "true",
        "p3": "true",
    }


# X9 ----------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X9: FORALL is decided once for all facts, not for those that the outer variable names",
)
def test_x09_stock_outer(stock: Maker) -> None:
    """X9: FORALL over an outer variable holds for the A all of whose B have a C."""
    every = FORALL(B(x=MATCH.x, y=MATCH.y), C(y=MATCH.y))
    played = stock({"r": [A(x=MATCH.x), every]})
    played.run(A(x="A"), A(x="B"), B(x="A", y=1), C(y=1), B(x="B", y=2))
    assert [bindings["x"] for _, bindings in played.fired] == ["A"]


@pytest.mark.xfail(
    strict=True, raises=SyntaxError, reason="X9: OR within FORALL or EXISTS cannot be built"
)
@pytest.mark.parametrize("kind", [FORALL, EXISTS])
def test_x09_stock_or(stock: Maker, kind: Any) -> None:
    """X9: an alternative within FORALL or EXISTS is possible."""
    either = OR(B(x=MATCH.x), C(x=MATCH.x))
    conditions = [kind(A(x=MATCH.x), either)] if kind is FORALL else [kind(either)]
    assert stock({"r": conditions}).run(A(x=1), B(x=1)) == ["r"]


def test_x09_ours(ours: Maker, package: Maker) -> None:
    """X9: FORALL is refused, and "for each credit of this payment" is right for each payment."""
    refused(ours, [A(x=MATCH.x), FORALL(B(x=MATCH.x), C())], "FORALL as a condition")
    made = package("[{each: {credit c: {pay: p.id}}, holds: [{pay: {n: c.n}}]}]", "pay p")
    assert made.truths(PAYS + "credit: [{pay: p1, n: 3}, {pay: p1, n: 2}, {pay: p2, n: 9}]") == {
        "p1": "true",
        "p3": "true",
    }
    assert made.truths(PAYS + "credit: [{pay: p1, n: 3}, {pay: p1}, {n: 2}]") == {
        "p1": "unknown",
        "p2": "true",
        "p3": "true",
    }


def test_x09_ours_or(package: Maker) -> None:
    """X9: alternatives and counts within "each" are right."""
    either = "{any: [{c: {c: red}}, {c: {n: p.n}}]}"
    made = package(f"[{{each: {{credit c: {{pay: p.id}}}}, holds: [{either}]}}]", "pay p")
    credits_ = "credit: [{pay: p1, c: red}, {pay: p1, c: blue, n: 1}, {pay: p2, c: blue, n: 1}]"
    assert made.truths(PAYS + credits_) == {"p1": "true", "p3": "true"}
    tests = "{c: {c: red}}, {c: {n: p.n}}, {not: {pay: {n: c.n, c: red}}}"
    made = package(
        f"[{{each: {{credit c: {{pay: p.id}}}}, holds: [{{at_least: 2, of: [{tests}]}}]}}]", "pay p"
    )
    pays = PAYS.replace("{id: p3, n: 3}", "{id: p3, n: 3, c: red}")
    pays = pays.replace("n: 1}", "n: 1, c: blue}").replace("n: 2}", "n: 2, c: blue}")
    credits_ = "credit: [{pay: p1, c: red, n: 3}, {pay: p2, c: blue, n: 2}, {pay: p3, c: red}]"
    assert made.truths(pays + credits_) == {"p2": "true", "p3": "unknown"}


# X10 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X10: a TEST gets None for what is bound later or nowhere, and says so to nobody",
)
@pytest.mark.parametrize(
    "conditions",
    [
        [A(), TEST(lambda late: late is None), AS.late << B()],
        [AS.a << A(), TEST(lambda nobody: nobody is None), B()],
    ],
    ids=["later", "nowhere"],
)
def test_x10_stock(stock: Maker, conditions: list[Any]) -> None:
    """X10: a TEST is never called with None for a fact."""
    assert stock({"r": conditions}).run(A(), B()) == []


def test_x10_ours_kernel(ours: Maker) -> None:
    """X10: our kernel refuses a TEST that reads what is not bound before it."""
    late = [A(), TEST(lambda late: late is None), AS.late << B()]
    refused(ours, late, "TEST reads late before it is bound")
    nowhere = [AS.a << A(), TEST(lambda nobody: nobody is None), B()]
    refused(ours, nowhere, "TEST reads nobody before it is bound")
    good = ours({"r": [A(), AS.late << B(), TEST(lambda late: late is None)]})
    assert good.run(A(), B()) == []


@pytest.mark.parametrize(
    "when",
    ["[{test: c.n, above: 1}, {credit c: {}}]", "[{credit c: {}}, {test: nobody.n, above: 1}]"],
    ids=["later", "nowhere"],
)
def test_x10_ours_package(probe_files: Callable[..., dict[str, str]], when: str) -> None:
    """X10: a name that a package has not bound is an error with its place, not a silent None."""
    with pytest.raises(InvalidInput) as caught:
        build(probe_files(when), "experta")
    (problem,) = caught.value.problems
    assert (problem.span.line, problem.code) == (5, "unknown-name")

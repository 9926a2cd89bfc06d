"""X26 to X30: import, endless runs, fractions, NaN."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import EngineMisused, StepBudgetExceeded
from simdiag.engines.rete.plan import UnsafeRule
from simdiag.errors import InvalidInput
from simdiag.testing import build, read_facts

experta: Any = load_experta()
L, MATCH = experta.L, experta.MATCH
A: Any = type("A", (experta.Fact,), {})
Maker = Callable[..., Any]
Files = Callable[..., dict[str, str]]
NAN = float("nan")


# X26 ---------------------------------------------------------------------------------------------

HANDLERS = """
import collections, collections.abc, logging
before = list(logging.getLogger().handlers)
IMPORT
print(logging.getLogger().handlers == before)
"""
BY_HAND = """
collections.Mapping = collections.abc.Mapping
import experta
"""
GUARDED = """
from simdiag.engines.rete.guard import load_experta
load_experta()
"""


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="X26: importing experta runs logging.basicConfig()"
)
def test_x26_stock(alone: Callable[..., str]) -> None:
    """X26: importing the library leaves the root logger as it is."""
    assert alone(HANDLERS.replace("IMPORT", BY_HAND)).strip() == "True"


def test_x26_ours(alone: Callable[..., str]) -> None:
    """X26: our import of experta leaves the root logger as it is."""
    assert alone(HANDLERS.replace("IMPORT", GUARDED)).strip() == "True"


# X27 ---------------------------------------------------------------------------------------------


class EndlessError(Exception):
    """Ends a run that would not end."""


def feed(engine: Any, n: int) -> None:
    """Be a right-hand side that makes its own rule fire again."""
    if n > 2_000:
        raise EndlessError
    engine.declare(A(n=n + 1))


@pytest.mark.xfail(
    strict=True, raises=EndlessError, reason="X27: run() has no limit unless it is given one"
)
def test_x27_stock(stock: Maker) -> None:
    """X27: a run with a rule that feeds itself ends."""
    stock({"r": [A(n=MATCH.n)]}, r=feed).run(A(n=0))


def test_x27_ours(ours: Maker) -> None:
    """X27: our kernel stops a rule that feeds itself at the step budget, and names it."""
    rules = {"feeds itself": [A(n=MATCH.n)], "calm": [A(n=0)]}
    played = ours(rules, record_only=False, **{"feeds itself": feed})
    with pytest.raises(StepBudgetExceeded, match=r"after 1000 firings; .*: feeds itself \(999\)"):
        played.run(A(n=0))
    assert len(played.fired) == 1000


def test_x27_ours_recording(ours: Maker) -> None:
    """X27: right-hand sides of compiled rules cannot feed any rule."""
    with pytest.raises(EngineMisused, match="tried to declare"):
        ours({"r": [A(n=MATCH.n)]}, r=feed).run(A(n=0))


def test_x27_ours_package(probe_files: Files) -> None:
    """X27: findings of a package that feed each other are an error with its place."""
    findings = """
findings:
  pay.one: {of: pay p, type: boolean, title: one, rules: {r: {when: [{p: {two: true}}]}}}
  pay.two: {of: pay p, type: boolean, title: two, rules: {r: {when: [{p: {one: true}}]}}}
"""
    with pytest.raises(InvalidInput, match=r"f.yaml:[34]:.*error\[cycle\]"):
        build(probe_files("[{pay: {one: true}}]") | {"findings/f.yaml": findings}, "experta")


# X28 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X28: values are compared as Python does, so fractions in binary miss those in decimal",
)
@pytest.mark.parametrize(
    ("literal", "value"),
    [(Decimal("0.1"), 0.1), (0.3, 0.1 + 0.2)],
    ids=["decimal and float", "sum"],
)
def test_x28_stock(stock: Maker, literal: object, value: object) -> None:
    """X28: a literal matches the same number, however it came about."""
    assert stock({"r": [A(x=L(literal))]}).run(A(x=value)) == ["r"]


def test_x28_ours_sum(package: Maker) -> None:
    """X28: sums of cents are exact, and the ways to write an amount make no difference."""
    made = package("[{sum: c.amount, of: {credit c: {pay: p.id}}, equals: p.amount}]", "pay p")
    credits_ = "credit: [{pay: p, amount: 0.10}, {pay: p, amount: '0,20'}]"
    for amount in ("0.30", "0.3", "'0,30'", "€ 0.30", "0.30 EUR"):
        assert made.truths(f"pay: [{{id: p, amount: {amount}}}]\n{credits_}") == {"p": "true"}
    assert made.truths(f"pay: [{{id: p, amount: 0.31}}]\n{credits_}") == {}


@pytest.mark.parametrize("written", ["0.1", "0.10", "'0,1'"])
def test_x28_ours_decimal(package: Maker, written: str) -> None:
    """X28: a decimal slot matches its literal, whichever way both are written."""
    facts = "pay: [{id: p, rate: 0.1}, {id: q, rate: 0.11}]"
    assert package(f"[{{p: {{rate: {written}}}}}]", "pay p").truths(facts) == {"p": "true"}


def test_x28_ours_no_floats(package: Maker) -> None:
    """X28: no float reaches the working memory, so none can miss its equal."""
    made = package("[{pay p: {rate: 0.1, amount: {above: 0.1}}}, {credit: {n: 1}}]")
    assert made.truths("pay: [{rate: 0.1, amount: 0.30}]\ncredit: [{n: 1}]") == {"": "true"}
    values = [value for run in made.declared for fact in run for value in fact.values()]
    ends = [
        end for value in values for end in (getattr(value, "low", 0), getattr(value, "high", 0))
    ]
    assert values
    assert {type(value) for value in values} & {float, Decimal} == set()
    assert {type(end) for end in ends} == {int}


# X29 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X29: two NaN are never equal, so facts with them are not duplicates; only one and the "
    "same NaN object is",
)
def test_x29_stock(stock: Maker) -> None:
    """X29: of two facts that both hold NaN one is a duplicate."""
    engine = stock({"r": [A()]}).engine
    assert engine.declare(A(x=NAN)) is not None
    assert engine.declare(A(x=NAN)) is None
    assert engine.declare(A(x=float("nan"))) is None


def test_x29_ours_kernel(ours: Maker) -> None:
    """X29: our kernel refuses NaN as a literal when the engine is built."""
    with pytest.raises(UnsafeRule, match=r"^rule bad: NaN as a literal$"):
        ours({"bad": [A(x=NAN)]})


@pytest.mark.parametrize("slot", ["n", "amount", "rate"])
@pytest.mark.parametrize("written", ["nan", "NaN", ".nan", ".inf", "-.inf", "1e400"])
def test_x29_ours_facts(probe_files: Files, slot: str, written: str) -> None:
    """X29: the loader refuses NaN and infinity, however they are written, with the place."""
    tool = build(probe_files("[{pay: {n: 1}}]"), "experta")
    with pytest.raises(InvalidInput) as caught:
        read_facts(tool, f"case: c\npay: [{{{slot}: {written}}}]", as_of="2025-11-20")
    (problem,) = caught.value.problems
    assert (problem.span.line, problem.span.column) == (2, 8 + len(slot) + 2)
    json_text = f'{{"case": "c", "pay": [{{"{slot}": NaN}}]}}'
    with pytest.raises(InvalidInput):
        read_facts(tool, json_text, as_of="2025-11-20", file="facts.json")


@pytest.mark.parametrize("slot", ["n", "amount", "rate"])
def test_x29_ours_rules(probe_files: Files, slot: str) -> None:
    """X29: the loader refuses NaN in rules, with the place."""
    with pytest.raises(InvalidInput, match=r"probe.yaml:5:.*error\[value\].*nan"):
        build(probe_files(f"[{{pay: {{{slot}: .nan}}}}]"), "experta")


# X30 ---------------------------------------------------------------------------------------------

COMPLETE = """
import collections
try:
    IMPORT
    print(experta.KnowledgeEngine().get_rules(), hasattr(collections, "Mapping"))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""
LOAD = "from simdiag.engines.rete.guard import load_experta; experta = load_experta()"


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X30: frozendict 1.2, which experta pins, looks for collections.Mapping",
)
def test_x30_stock(alone: Callable[..., str]) -> None:
    """X30: experta can be imported as it was installed."""
    assert alone(COMPLETE.replace("IMPORT", "import experta")).strip() == "[] False"


def test_x30_ours(alone: Callable[..., str]) -> None:
    """X30: experta comes complete through our guard, which leaves no name in collections behind."""
    assert alone(COMPLETE.replace("IMPORT", LOAD)).strip() == "[] False"

"""X21 to X25: negated variables, exceptions, threads, caches, saving."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from simdiag.engines.rete import batches
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import Engine, EngineMisused
from simdiag.engines.rete.plan import UnsafeRule
from simdiag.errors import EngineFailure, InvalidInput
from simdiag.testing import build, read_facts

experta: Any = load_experta()
AS, MATCH = experta.AS, experta.MATCH
A: Any = type("A", (experta.Fact,), {})
B: Any = type("B", (experta.Fact,), {})
Maker = Callable[..., Any]
Files = Callable[..., dict[str, str]]


# X21 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=RuntimeError,
    reason="X21: a negated variable before its binder is an error, but only when a fact comes",
)
def test_x21_stock(stock: Maker) -> None:
    """X21: the order of two patterns that differ in a slot does not matter."""
    assert stock({"r": [A(x=~MATCH.x), B(x=MATCH.x)]}).run(A(x=1), B(x=2)) == ["r"]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_x21_ours_kernel(ours: Maker, *, first: bool) -> None:
    """X21: our kernel refuses negated variables when the engine is built."""
    conditions = [A(x=~MATCH.x), B(x=MATCH.x)]
    with pytest.raises(UnsafeRule, match=r"^rule bad: a negated constraint of x that is no pred"):
        ours({"bad": conditions if first else conditions[::-1]})


def test_x21_ours_package(package: Maker, probe_files: Files) -> None:
    """X21: "not equal to" another fact is right after its pattern, and an error before it."""
    made = package("[{credit c: {pay: p.id}}, {pay q: {n: {not: c.n}, c: red}}]", "pay p")
    facts = "pay: [{id: p1, n: 1, c: red}, {id: p2, n: 2}]\ncredit: [{pay: p1, n: 1}, {pay: p2}]"
    assert made.truths(facts) == {"p1": "unknown", "p2": "unknown"}
    assert made.truths(facts.replace("n: 2}", "n: 2, c: red}")) == {"p1": "true", "p2": "unknown"}
    with pytest.raises(InvalidInput, match=r"(?s)probe.yaml:5:.*`c` is no name here"):
        build(probe_files("[{pay q: {n: {not: c.n}}}, {credit c: {}}]"), "experta")


# X22 ---------------------------------------------------------------------------------------------


def fail(*_: Any, **_bindings: Any) -> None:
    """Be a right-hand side, or a part of one, that fails."""
    raise LookupError("a table")


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X22: after an exception `running` stays true, and the activation is used up",
)
@pytest.mark.parametrize("what", ["running", "activation"])
def test_x22_stock(stock: Maker, what: str) -> None:
    """X22: after an exception in a right-hand side the run has ended and its rule still waits."""
    played = stock({"r": [A()]}, r=fail)
    with pytest.raises(LookupError):
        played.run(A())
    if what == "running":
        assert not played.engine.running
    else:
        assert len(played.engine.agenda.activations) == 1


def test_x22_ours_kernel(ours: Maker) -> None:
    """X22: after an exception our engine has ended its run, refuses to go on, and says why."""
    played = ours({"r": [A()]}, r=fail)
    with pytest.raises(LookupError):
        played.run(A())
    assert not played.engine.running
    with pytest.raises(EngineMisused, match="make a new one") as caught:
        played.engine.run()
    assert isinstance(caught.value.__cause__, LookupError)


def test_x22_ours_next_case(package: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """X22: an exception in a right-hand side loses that case only, and is reported as such."""
    tool = package("[{p: {n: 1}}]", "pay p").tool
    first, second = read_facts(
        tool, "cases: [{case: one, pay: [{n: 1}]}, {case: two, pay: [{n: 1}]}]", as_of="2025-11-20"
    )
    expected = tool.assess(second)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_note", fail)
        with pytest.raises(EngineFailure, match="the engine failed on case one: LookupError"):
            tool.assess(first)
    assert tool.assess(second) == expected
    assert expected.diagnoses


# X23 ---------------------------------------------------------------------------------------------

DEFFACTS = """
import sys, threading
from simdiag.engines.rete.guard import load_experta
experta = load_experta()
sys.setswitchinterval(1e-6)
class Shared(experta.KnowledgeEngine):
    owner = -1
    @experta.DefFacts()
    def own(self):
        yield experta.Fact(owner=self.owner)
wrong = []
barrier = threading.Barrier(8)
def work(owner):
    engine = Shared()
    engine.owner = owner
    barrier.wait()
    for _ in range(300):
        engine.reset()
        wrong.extend(f for f in engine.facts.values() if f.get("owner", owner) != owner)
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(wrong))
"""

SHARED = """
import json, sys, threading
from simdiag.testing import build, read_facts
files, = map(json.loads, sys.stdin)
tool = build(files, "experta")
reference = build(files, "reference")
cases = [
    read_facts(tool, text, as_of="2025-11-20")[0]
    for n in range(8)
    for text in [f"case: c{n}\\npay: [{{id: p{n}, n: {n}}}, {{n: 0}}]\\ncredit: [{{n: {n % 3}}}]"]
]
def result(which, case):
    return json.dumps(which.serialiser().assessment(which.assess(case)))
expected = [result(reference, case) for case in cases]
sys.setswitchinterval(1e-6)
wrong = []
barrier = threading.Barrier(8)
def work(number):
    barrier.wait()
    for turn in range(12):
        try:
            found = result(tool, cases[number])
        except Exception as error:
            found = repr(error)
        if found != expected[number]:
            wrong.append(found)
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(set(expected)), len(wrong), *wrong[:1])
"""


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X23: DefFacts and Rule objects of a class are bound to the engine that looked last",
)
def test_x23_stock_threads(alone: Callable[..., str]) -> None:
    """X23: eight threads with an engine each get the initial facts of their own engine."""
    assert int(alone(DEFFACTS)) == 0


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X23: get_rules() gives the objects of the class, whichever engine is asked",
)
def test_x23_stock_objects(stock: Maker) -> None:
    """X23: two engines of one class have rule objects of their own."""
    one = stock({"r": [A()]}).engine
    other = type(one)()
    assert one.get_rules()[0] is not other.get_rules()[0]


def test_x23_ours_threads(alone: Callable[..., str], probe_files: Files) -> None:
    """X23: eight threads that share a knowledge base get the results of the reference engine."""
    files = probe_files("[{p: {n: {above: 0}}}, {not: {credit: {n: p.n}}}, {pay: {n: 0}}]", "pay p")
    assert alone(SHARED, files=files).split() == ["8", "0"]


def test_x23_ours_objects(ours: Maker) -> None:
    """X23: engines of our kernel share no rule object, and have no DefFacts."""
    one = ours({"r": [A()]}).engine
    other = type(one)()
    assert one.get_rules()[0] is not other.get_rules()[0]

    def own(_engine: Any) -> Any:
        yield B()

    made = type("Made", (Engine,), {"own": experta.DefFacts()(own)})()
    made.reset()
    assert [type(fact) for fact in made.facts.values()] == [experta.InitialFact]


# X24 ---------------------------------------------------------------------------------------------

CACHES = """
import gc, json, sys
from simdiag.engines.rete.guard import load_experta
from simdiag.testing import assess_text, build
experta = load_experta()
A = type("A", (experta.Fact,), {})
files, = map(json.loads, sys.stdin)
def stock():
    rules = {
        f"r{i}": experta.Rule(experta.AS.a << A(x=experta.P(lambda x: x > 1)),
                              experta.TEST(lambda a: True))(lambda engine: None)
        for i in range(20)
    }
    engine = type("Stock", (experta.KnowledgeEngine,), rules)()
    engine.reset()
    engine.declare(A(x=2))
    engine.run()
def ours():
    facts = "case: c\\nas_of: 2025-11-20\\npay: [{n: 2}]\\ncredit: [{n: 1}]"
    assert assess_text(build(files, "experta"), facts).diagnoses
check = sys.modules["experta.matchers.rete.check"]
sizes = []
for _ in range(4):
    KIND()
    gc.collect()
    kinds = (check.FactCapture, check.FeatureCheck, check.WhereCheck)
    sizes.append([len(vars(kind)["_instances"]) for kind in kinds])
print(json.dumps(sizes))
"""
RULE = "[{pay p: {n: {above: 1}}}, {credit c: {n: {below: p.n}}}, {not: {credit: {n: p.n}}}]"


def grown(alone: Callable[..., str], kind: str, files: dict[str, str]) -> list[str]:
    """Rebuild an engine four times; give the caches of experta that grew after the first."""
    sizes: list[list[int]] = json.loads(alone(CACHES.replace("KIND", kind), files=files))
    names = ("FactCapture", "FeatureCheck", "WhereCheck")
    return [
        name
        for name, *counts in zip(names, *sizes, strict=True)
        if any(later > counts[0] for later in counts[1:])
    ]


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="X24: the caches of checks are keyed by the address or object of what was once built",
)
def test_x24_stock(alone: Callable[..., str], probe_files: Files) -> None:
    """X24: building an engine again leaves nothing more behind than building it once."""
    assert grown(alone, "stock", probe_files(RULE)) == []


def test_x24_ours(alone: Callable[..., str], probe_files: Files) -> None:
    """X24: building a knowledge base again and again leaves nothing in the caches of experta."""
    assert grown(alone, "ours", probe_files(RULE)) == []


# X25 ---------------------------------------------------------------------------------------------


@pytest.mark.xfail(
    strict=True,
    raises=(TypeError, AttributeError, pickle.PicklingError),
    reason="X25: the checks of a network can be neither pickled nor copied; deepcopy() works only "
    "where no rule constrains a slot",
)
@pytest.mark.parametrize(
    "save",
    [copy.deepcopy, lambda engine: pickle.loads(pickle.dumps(engine))],  # noqa: S301 - our own
    ids=["deepcopy", "pickle"],
)
def test_x25_stock(stock: Maker, save: Callable[[Any], Any]) -> None:
    """X25: an engine with its facts can be saved and goes on where it was."""
    engine = stock({"r": [A(x=1)]}).engine
    engine.declare(A(x=1))
    assert len(save(engine).agenda.activations) == 1


@pytest.mark.parametrize(
    "save",
    [copy.deepcopy, lambda case: pickle.loads(pickle.dumps(case))],  # noqa: S301 - our own
    ids=["deepcopy", "pickle"],
)
def test_x25_ours(package: Maker, save: Callable[[Any], Any]) -> None:
    """X25: a case is all that must be saved: its copy gives the same assessment by a new engine."""
    facts = "case: c\npay: [{n: 2}, {id: p}]\nopen: [credit]\ncredit: [{n: 1, amount: 1.00}]"
    tool = package(RULE).tool
    (case,) = read_facts(tool, facts, as_of="2025-11-20")
    expected = tool.assess(case)
    assert expected.missing
    copied = save(case)
    assert copied == case
    assert tool.assess(copied) == expected
    assert package(RULE).tool.assess(copied).diagnoses == expected.diagnoses

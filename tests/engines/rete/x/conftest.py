"""What the tests of X1 to X30 share: engines of both kinds, packages, processes.

X1 to X30 are the known faults of experta 1.9.4. For each there are two kinds of tests: ``stock``
asserts what would be right on experta as it is, and is a strict expected failure with the fault as
its reason, so that a release that mends it is noticed; ``ours`` shows that the fault cannot reach a
result of simdiag: our kernel does it right, or refuses it by name, or the compiler never writes it.
"""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from simdiag.api import Simdiag
from simdiag.engines.rete import engine as rete_engine
from simdiag.engines.rete.facts import Marker
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import Engine, RuleSpec, build_engine
from simdiag.testing import assess_text, build, compare_engines, read_facts

experta: Any = load_experta()
Rules = Mapping[str, Sequence[Any]]
Effects = Mapping[str, Callable[..., None]]

MOMENT = "2025-11-20 18:00"
TERMS = """
templates:
  pay:
    cardinality: many
    title: payment
    key: [id]
    slots:
      id: {type: text, title: id}
      n: {type: integer, title: number}
      c: {type: choice, title: colour, choices: {red: red, green: green, blue: blue}}
      d: {type: choice, title: another colour, choices: {red: red, green: green, blue: blue}}
      amount: {type: money, title: amount}
      rate: {type: decimal, places: 2, title: rate}
  credit:
    cardinality: many
    title: credit
    key: [id]
    slots:
      id: {type: text, title: id}
      pay: {type: text, title: payment}
      n: {type: integer, title: number}
      c: {type: choice, title: colour, choices: {red: red, green: green, blue: blue}}
      amount: {type: money, title: amount}
"""
ACTIONS = """
actions:
  look: {title: look, text: look, who: user, phase: self_help, urgency: later, effort: 1}
ladders: {default: {when: [], do: [look], text: why}}
"""
PROBE = "diagnosis: probe\nref: X-1\ntitle: probe\nsummary: probe\n"


# Engines of experta's own kind and of ours -------------------------------------------------------


@dataclass
class Played:
    """An engine whose rules write down that they fired.

    Attributes:
        engine: The engine, with an empty working memory.
        fired: Name and bindings of each firing.
    """

    engine: Any
    fired: list[tuple[str, dict[str, Any]]]

    @property
    def names(self) -> list[str]:
        """The rules that fired, sorted."""
        return sorted(name for name, _ in self.fired)

    def run(self, *facts: Any) -> list[str]:
        """Declare facts one after the other and run; give the rules that fired, sorted."""
        for fact in facts:
            self.engine.declare(fact)
        self.engine.run()
        return self.names


def _recorder(name: str, fired: list[Any], effects: Effects) -> Callable[..., None]:
    def act(engine: Any, **bindings: Any) -> None:
        fired.append((name, bindings))
        if name in effects:
            effects[name](engine, **bindings)

    return act


def play_stock(rules: Rules, **effects: Callable[..., None]) -> Played:
    """Make an engine of experta as it is; ``effects`` are right-hand sides by rule name."""
    fired: list[Any] = []
    namespace = {
        name: experta.Rule(*conditions)(_recorder(name, fired, effects))
        for name, conditions in rules.items()
    }
    engine = type("Stock", (experta.KnowledgeEngine,), namespace)()
    engine.reset()
    return Played(engine, fired)


def play_ours(rules: Rules, *, record_only: bool = True, **effects: Callable[..., None]) -> Played:
    """Make an engine of our kernel; ``effects`` are right-hand sides by rule name."""
    fired: list[Any] = []
    specs = [
        RuleSpec(name, conditions, _recorder(name, fired, effects))
        for name, conditions in rules.items()
    ]
    engine: Any = build_engine("Ours", specs, record_only=record_only, step_budget=1000)()
    engine.reset()
    return Played(engine, fired)


@pytest.fixture
def stock() -> Callable[..., Any]:
    """Give the maker of engines of experta as it is."""
    return play_stock


@pytest.fixture
def ours() -> Callable[..., Any]:
    """Give the maker of engines of our kernel."""
    return play_ours


# Packages ----------------------------------------------------------------------------------------


def unsafe_parts(specs: Sequence[RuleSpec]) -> Iterator[str]:
    """Name everything in compiled rules that is not of the safe subset."""
    for spec in specs:
        for condition in spec.conditions:
            fact = condition
            if isinstance(condition, experta.NOT):
                if len(condition) != 1 or type(condition[0]) is not Marker:
                    yield f"{spec.name}: {condition}"
                fact = condition[0]
            elif isinstance(condition, experta.TEST):
                continue
            if not isinstance(fact, experta.Fact):
                yield f"{spec.name}: {type(fact).__name__}"
                continue
            kinds = (experta.L, experta.P, experta.W)
            for slot, value in fact.items():
                if slot != "__bind__" and type(value) not in kinds:
                    yield f"{spec.name}: {slot}={value!r}"


@dataclass
class Package:
    """A small knowledge base, ready on both engines.

    Attributes:
        tool: The knowledge base with our experta engine.
        specs: The rules that were compiled so far.
        declared: The facts that our engines were given so far, run by run.
    """

    tool: Simdiag
    specs: list[RuleSpec] = field(default_factory=list)
    declared: list[list[Any]] = field(default_factory=list)

    def truths(self, facts: str) -> dict[str, str]:
        """Give the truth of rule ``probe#r`` for each payment, or for the case under ``""``.

        Both engines must give the same result, byte for byte, and everything that was compiled
        must be of the safe subset.
        """
        (case,) = read_facts(self.tool, f"case: c\n{facts}", as_of=MOMENT)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rete_engine, "build_engine", self._watched)
            assert compare_engines(self.tool.base, [case]) == []
        assert self.specs
        assert list(unsafe_parts(self.specs)) == []
        inference = self.tool.assess(case).inference
        found = {}
        for rows, outcome in inference.outcomes.get("probe#r", {}).items():
            name = str(inference.slots[rows[0]]["id"]) if rows and rows[0].index >= 0 else ""
            found[name] = outcome.truth.word
        return found

    def _watched(self, name: str, specs: Sequence[RuleSpec], **options: Any) -> type[Engine]:
        self.specs.extend(specs)
        declared = self.declared

        class Watched(build_engine(name, specs, **options)):  # type: ignore[misc]
            def declare_all(self, facts: Iterable[Any]) -> None:
                declared.append(list(facts))
                super().declare_all(declared[-1])

        return Watched

    def score(self, facts: str) -> int:
        """Give the score of the diagnosis ``probe``."""
        found = assess_text(self.tool, f"case: c\n{facts}", as_of=MOMENT).diagnoses
        return sum(each.rating.score for each in found if each.id == "probe")


def files_of(when: str, about: str = "") -> dict[str, str]:
    """Give the files of a package with one rule, ``probe#r``, whose conditions are ``when``."""
    head = f"{PROBE}about: {about}\n" if about else PROBE
    rule = f"rules: {{r: {{when: {when}, rate: weak, text: it is so}}}}\n"
    return {"terms/t.yaml": TERMS, "actions/a.yaml": ACTIONS, "diagnoses/probe.yaml": head + rule}


@pytest.fixture
def package() -> Callable[..., Any]:
    """Give the maker of packages: ``package(when, about)``, conditions as YAML."""

    def make(when: str, about: str = "") -> Package:
        return Package(build(files_of(when, about), "experta"))

    return make


@pytest.fixture
def probe_files() -> Callable[..., dict[str, str]]:
    """Give the maker of the files of such a package."""
    return files_of


# Processes ---------------------------------------------------------------------------------------


@pytest.fixture
def alone() -> Callable[..., str]:
    """Give a function that runs code in a process of its own and gives what it prints.

    The code finds the files of a package, if it gets any, as one line of JSON on its input.
    """

    def run(code: str, hash_seed: str = "0", files: Mapping[str, str] | None = None) -> str:
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            input=json.dumps(dict(files or {})),
            text=True,
        )
        if result.returncode != 0:
            # No AssertionError: a process that breaks is not the fault that a test expects.
            raise RuntimeError(result.stderr)
        return result.stdout

    return run

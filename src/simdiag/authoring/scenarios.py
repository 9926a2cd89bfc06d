"""Runs the scenarios of a knowledge base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simdiag.analysis.program import Program
from simdiag.authoring.expectations import Failure, failures
from simdiag.engines.base import Engine
from simdiag.errors import EngineFailure
from simdiag.loading.scenarios import Scenario
from simdiag.model.assessment import Assessment
from simdiag.reasoning.assess import assess
from simdiag.reasoning.serialise import Serialiser


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """How one scenario came out on one engine; it passed if nothing failed."""

    scenario: Scenario
    engine: str
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation is met."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """Give the result as JSON."""
        return {
            "scenario": self.scenario.name,
            "place": str(self.scenario.span),
            "kind": self.scenario.kind,
            "diagnosis": self.scenario.diagnosis,
            "engine": self.engine,
            "passed": self.passed,
            "failures": [
                {
                    "place": str(failure.span),
                    "what": failure.what,
                    "expected": failure.expected,
                    "found": failure.found,
                    "why": failure.why,
                }
                for failure in self.failures
            ],
        }


def select(scenarios: Iterable[Scenario], text: str) -> tuple[Scenario, ...]:
    """Give the scenarios whose name, file or diagnosis contains a text, without regard to case."""
    wanted = text.casefold()
    return tuple(
        scenario
        for scenario in scenarios
        if wanted in f"{scenario.span.file}\n{scenario.diagnosis}\n{scenario.name}".casefold()
    )


def run_scenarios(
    scenarios: Iterable[Scenario], program: Program, engines: Mapping[str, Engine]
) -> Iterator[ScenarioResult]:
    """Run scenarios, each on every engine; with several engines their results must be equal too.

    Args:
        scenarios: The scenarios.
        program: The knowledge base, made ready.
        engines: Engines of that program, by name.
    """
    # Writing a result takes as long as finding it, so it is done only to compare engines.
    serialiser = Serialiser(program) if len(engines) > 1 else None
    for scenario in scenarios:
        known: dict[str, object] = {}
        for name, engine in engines.items():
            try:
                found = assess(program, scenario.case, engine.infer(scenario.case))
            except EngineFailure as error:
                broken = Failure(scenario.span, f"engine `{name}`", "a result", str(error))
                yield ScenarioResult(scenario, name, (broken,))
                continue
            unmet = failures(scenario.expectations, found, program.base)
            yield ScenarioResult(
                scenario, name, (*unmet, *_disagreement(scenario, name, found, known, serialiser))
            )


def _disagreement(
    scenario: Scenario,
    engine: str,
    found: Assessment,
    known: dict[str, object],
    serialiser: Serialiser | None,
) -> Iterator[Failure]:
    """Note in what the result of an engine differs from that of the first one."""
    if serialiser is None:
        return
    result = serialiser.assessment(found)
    if not known:
        known.update(result)
        return
    for key, value in result.items():
        if value != known[key]:
            yield Failure(
                scenario.span,
                f"`{key}` on {engine}",
                "the same on every engine",
                "another result",
                "report this as a fault of simdiag, with the scenario",
            )

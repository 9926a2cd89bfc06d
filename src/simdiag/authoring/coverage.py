"""What of a package is shown by its scenarios: rules, and statements of its brief."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simdiag.analysis.program import Program, prepare
from simdiag.authoring.expectations import failures
from simdiag.authoring.removal import SCENARIO, affected, elements, without
from simdiag.engines.base import Engine
from simdiag.engines.reference import ReferenceEngine
from simdiag.errors import EngineFailure, Problems, did_you_mean
from simdiag.loading.coverage import Statement
from simdiag.loading.scenarios import Scenario
from simdiag.model.rules import Purpose
from simdiag.model.truth import TRUE, UNKNOWN
from simdiag.reasoning.assess import assess


@dataclass(frozen=True, slots=True)
class StatementCoverage:
    """How one statement is carried.

    Attributes:
        statement: The statement.
        shown: For each carrier, up to the first that is needed, the place of a scenario that fails
            without it; empty if none does.
    """

    statement: Statement
    shown: tuple[str, ...]

    @property
    def covered(self) -> bool:
        """Whether it has a carrier that a scenario needs."""
        return any(self.shown)

    def __str__(self) -> str:
        """Write it as one line."""
        said = self.statement
        carriers = (f"{c}{'' if p else ' (no scenario)'}" for c, p in self._carriers())
        return f"{said.id:6} {said.verdict:9} {said.says} -> {', '.join(carriers) or 'nothing'}"

    def _carriers(self) -> Iterator[tuple[str, str]]:
        return zip(self.statement.carriers, self.shown, strict=False)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "id": self.statement.id,
            "says": self.statement.says,
            "verdict": self.statement.verdict,
            "covered": self.covered,
            "by": [
                {"element": carrier, "shown_by": place or None}
                for carrier, place in self._carriers()
            ],
        }


def check_statements(
    statements: Iterable[Statement],
    program: Program,
    scenarios: Sequence[Scenario],
    problems: Problems,
) -> None:
    """Note every carrier that does not exist, and every advert that is given one."""
    known = {*elements(program.base), *(SCENARIO + each.name for each in scenarios)}
    for statement in statements:
        for carrier, place in zip(statement.carriers, statement.places, strict=True):
            if carrier not in known:
                problems.add(
                    place,
                    "unknown-element",
                    f"`{statement.id}` names `{carrier}`, which does not exist",
                    did_you_mean(carrier, known),
                )
        wrong = [c for c in statement.carriers if not c.startswith(SCENARIO)]
        if statement.verdict == "advert" and wrong:
            problems.add(
                statement.span,
                "advert",
                f"`{statement.id}` is an advert, and no rule may carry it",
                f"name a scenario in which nothing is advised: `{SCENARIO}<name>`",
            )


def cover_statements(
    statements: Sequence[Statement],
    program: Program,
    scenarios: Sequence[Scenario],
    done: Callable[[], None] = lambda: None,
) -> Iterator[StatementCoverage]:
    """Take out each carrier of each statement and look whether a scenario fails.

    An advert counts as covered by a scenario of which nothing at all comes.

    Args:
        statements: The statements, checked.
        program: The knowledge base, made ready.
        scenarios: All its scenarios; they must pass.
        done: Called after each statement.
    """
    known: dict[str, str] = {}
    for statement in statements:
        places: list[str] = []
        for carrier in statement.carriers:
            if carrier not in known:
                known[carrier] = _shown(carrier, program, scenarios)
            places.append(known[carrier])
            if places[-1]:
                # One is enough; to look for all would take as long again.
                break
        done()
        yield StatementCoverage(statement, tuple(places))


def _shown(carrier: str, program: Program, scenarios: Sequence[Scenario]) -> str:
    """Give the place of a scenario that needs a carrier, or nothing."""
    if carrier.startswith(SCENARIO):
        name = carrier.removeprefix(SCENARIO)
        return next((str(s.span) for s in scenarios if s.name == name and _is_empty(s)), "")
    near = affected(program, carrier)
    # The nearest first, for speed; in the end all may notice.
    ordered = sorted(scenarios, key=lambda scenario: scenario.diagnosis not in near)
    changed = prepare(without(program.base, carrier))
    engine = ReferenceEngine(changed)
    return next((str(each.span) for each in ordered if not _passes(each, changed, engine)), "")


def _is_empty(scenario: Scenario) -> bool:
    """Tell whether a scenario says that no cause is suggested."""
    return any(each.form == "first" and each.subject == "none" for each in scenario.expectations)


def _passes(scenario: Scenario, program: Program, engine: Engine) -> bool:
    try:
        found = assess(program, scenario.case, engine.infer(scenario.case))
        return not failures(scenario.expectations, found, program.base)
    except (EngineFailure, KeyError):
        # What a scenario names is gone.
        return False


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """In how many scenarios a rule is true, and in how many undecided."""

    rule: str
    true: int
    undecided: int

    @property
    def covered(self) -> bool:
        """Whether it is true in a scenario."""
        return bool(self.true)

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.rule}: true in {self.true}, undecided in {self.undecided} scenarios"

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {"rule": self.rule, "true": self.true, "undecided": self.undecided}


def cover_rules(
    program: Program, scenarios: Iterable[Scenario], done: Callable[[], None] = lambda: None
) -> tuple[RuleCoverage, ...]:
    """Count for every rule of the package in how many scenarios it is true or undecided.

    Args:
        program: The knowledge base, made ready.
        scenarios: The scenarios.
        done: Called after each scenario.
    """
    counts = {
        rule.id: [0, 0] for rule in program.base.rules.values() if rule.purpose is not Purpose.DONE
    }
    engine = ReferenceEngine(program)
    for scenario in scenarios:
        outcomes = engine.infer(scenario.case).outcomes
        for name, count in counts.items():
            truths = {outcome.truth for outcome in outcomes.get(name, {}).values()}
            count[0] += TRUE in truths
            count[1] += UNKNOWN in truths
        done()
    return tuple(RuleCoverage(name, *count) for name, count in counts.items())

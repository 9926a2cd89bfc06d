from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from simdiag.api import Simdiag
from simdiag.authoring.random_cases import RandomCases
from simdiag.authoring.selfcheck import Comparison, compare_all
from simdiag.authoring.shrinking import shrunk
from simdiag.engines.base import Engine, Session
from simdiag.errors import NotYet
from simdiag.model.cases import Case
from simdiag.model.inference import Inference

SMALL = Path(__file__).parent.parent / "packages" / "small"


@cache
def tool() -> Simdiag:
    """Load the small package for the reference engine."""
    return Simdiag.load(SMALL, ["en"], "reference")


def step_of_refused(case: Case) -> bool:
    """Say whether an attempt was refused for want of money."""
    return any(fact.slots.get("step") == "funds" for fact in case.facts("attempt").facts)


class Lacking(Engine):
    """Lacks something that refused attempts need."""

    name = "lacking"

    def session(self, case: Case) -> Session:
        """Start the evaluation of a case."""
        if step_of_refused(case):
            raise NotYet("steps")
        return tool().engine.session(case)


class Faulty(Engine):
    """Forgets a rule, or fails, if an attempt was refused for want of money."""

    name = "faulty"

    def __init__(self, *, fails: bool) -> None:
        """Choose how to be wrong."""
        super().__init__(tool().program)
        self.fails = fails

    def session(self, case: Case) -> Any:  # noqa: ANN401 - only `run` is called
        """Start the evaluation of a case."""
        return SimpleNamespace(run=lambda: self._wrong(case))

    def _wrong(self, case: Case) -> Inference:
        right = tool().engine.infer(case)
        if not step_of_refused(case):
            return right
        if self.fails:
            raise ValueError("no more rows")
        return Inference({}, right.values, right.rows, right.slots)


def compared(engine: Engine) -> Comparison:
    """Compare an engine with the reference."""
    return Comparison(tool().program, {"reference": tool().engine, "other": engine})


def cases(count: int) -> list[Case]:
    """Draw cases of the small package."""
    return list(RandomCases(tool().program).many(1, range(count)))


def test_right_engines_agree() -> None:
    """Nothing differs between the engines that ship, and every case counts as tried."""
    experta = Simdiag(tool().base, "experta").engine
    told: list[int] = []
    verdict = compare_all(compared(experta), cases(40), lambda: told.append(1))
    assert (verdict.tried, verdict.differing, verdict.example) == (40, 0, None)
    assert len(told) == 40


def test_a_wrong_engine_is_found_out() -> None:
    """Each case that comes out differently is counted; the first is made as small as it can be."""
    verdict = compare_all(compared(Faulty(fails=False)), cases(60))
    wrong = [case for case in cases(60) if compared(Faulty(fails=False)).disagreement(case)]
    assert 0 < verdict.differing == len(wrong) < 60
    assert verdict.example is not None
    assert (verdict.example.first, verdict.example.other) == ("reference", "other")
    assert "justifications" in verdict.example.keys
    (fact,) = verdict.example.case.facts("attempt").facts
    assert fact.slots.keys() == {"step"} or fact.slots.keys() == {"step", "state"}
    assert verdict.example.case.lists.keys() == {"attempt"}


def test_an_engine_that_fails_is_found_out() -> None:
    """An engine that raises an error differs, and the error is told."""
    verdict = compare_all(compared(Faulty(fails=True)), cases(60))
    assert verdict.example is not None
    assert verdict.example.failure == "other could not finish: ValueError: no more rows"
    assert verdict.example.keys == ()


def test_what_an_engine_lacks_is_no_difference() -> None:
    """A case for which an engine says what it lacks is compared without it, and counted."""
    verdict = compare_all(compared(Lacking(tool().program)), cases(60))
    count = sum(1 for case in cases(60) if step_of_refused(case))
    assert count
    assert (verdict.differing, verdict.lacking) == (0, {"other: steps": count})


def test_shrinking_keeps_what_is_looked_for() -> None:
    """A shrunk case shows what it is shrunk for, and nothing more can be left out of it."""
    large = next(case for case in cases(200) if step_of_refused(case) and len(case.lists) > 1)
    small = shrunk(large, step_of_refused)
    assert small.lists.keys() == {"attempt"}
    (fact,) = small.facts("attempt").facts
    assert fact.slots == {"step": "funds"}
    assert not small.facts("attempt").open

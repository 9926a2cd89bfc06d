"""Do all engines conclude the same of the loaded knowledge base? Tried on random cases."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simdiag.analysis.program import Program
from simdiag.authoring.shrinking import shrunk
from simdiag.engines.base import Engine
from simdiag.errors import NotYet
from simdiag.loading.facts_writer import facts_yaml, plain_facts
from simdiag.model.cases import Case
from simdiag.reasoning.assess import assess
from simdiag.reasoning.serialise import Serialiser


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A case of which two engines do not conclude the same.

    Attributes:
        case: The case, as small as it could be made.
        first, other: Names of the engines.
        keys: The keys of the result that differ; none if an engine failed.
        failure: What an engine said that could not finish; empty if both could.
    """

    case: Case
    first: str
    other: str
    keys: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out.

    Attributes:
        tried: Number of cases.
        engines: Names of the engines.
        differing: Of how many cases they do not conclude the same.
        example: The first of those.
        lacking: What an engine said that it lacks, and in how many cases it was left out.
    """

    tried: int
    engines: tuple[str, ...]
    differing: int = 0
    example: Disagreement | None = None
    lacking: Mapping[str, int] = field(default_factory=dict)


class Comparison:
    """Lets several engines conclude the same case and compares the JSON, byte for byte.

    Args:
        program: The knowledge base, made ready.
        engines: The engines by name; the others are compared with the first.

    Attributes:
        lacking: What an engine said that it lacks, and in how many cases.
    """

    def __init__(self, program: Program, engines: Mapping[str, Engine]) -> None:
        """Keep the engines."""
        self.program = program
        self.engines = dict(engines)
        self.lacking: Counter[str] = Counter()
        self._serialiser = Serialiser(program)

    def disagreement(self, case: Case) -> Disagreement | None:
        """Compare the engines on a case; none if all conclude the same."""
        first, *others = self.engines
        expected = self._result(first, case) or {}
        for other in others:
            found = self._result(other, case)
            if found is None:
                continue
            failure = next((each for each in (expected, found) if isinstance(each, str)), "")
            keys = () if failure else _unlike(expected, found)
            if failure or keys:
                return Disagreement(case, first, other, keys, str(failure))
        return None

    def smallest(self, found: Disagreement) -> Disagreement:
        """Make the case of a disagreement as small as still shows one."""
        small = shrunk(found.case, lambda case: self.disagreement(case) is not None)
        return self.disagreement(small) or found

    def _result(self, name: str, case: Case) -> dict[str, Any] | str | None:
        """Give the result of an engine, or what went wrong; none if it lacks something."""
        try:
            found = assess(self.program, case, self.engines[name].infer(case))
            return self._serialiser.assessment(found)
        except NotYet as reason:
            self.lacking[f"{name}: {reason}"] += 1
            return None
        except Exception as error:  # noqa: BLE001 - that an engine fails is what is looked for
            return f"{name} could not finish: {type(error).__name__}: {error}"


def _unlike(expected: Any, found: Any) -> tuple[str, ...]:  # noqa: ANN401 - results as JSON
    if json.dumps(expected) == json.dumps(found):
        return ()
    keys = [key for key in expected if json.dumps(expected[key]) != json.dumps(found.get(key))]
    return tuple(keys) or ("the order of the keys",)


def compare_all(
    comparison: Comparison, cases: Iterable[Case], done: Callable[[], None] = lambda: None
) -> Verdict:
    """Compare the engines on cases.

    Args:
        comparison: The engines.
        cases: The cases.
        done: Called after each case.

    Returns:
        The verdict; the first case that shows a difference is made small.
    """
    tried = differing = 0
    example = None
    for case in cases:
        found = comparison.disagreement(case)
        tried += 1
        if found is not None:
            differing += 1
            example = example or comparison.smallest(found)
        done()
    return Verdict(
        tried,
        tuple(comparison.engines),
        differing,
        example,
        dict(sorted(comparison.lacking.items())),
    )


def facts_text(program: Program, case: Case, notes: Iterable[str] = ()) -> str:
    """Write a case as a facts file, with notes as comments before it."""
    return facts_yaml(plain_facts(case.id, case.as_of, case.lists, program.base), notes)

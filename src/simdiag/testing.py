"""Helpers for tests of rules: a knowledge base from texts, its conclusions, engines side by side.

They ship so that authors of packages can test in Python what a scenario cannot say. Nothing of
simdiag itself imports them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from simdiag.api import Simdiag, write_json
from simdiag.errors import Problems
from simdiag.loading.cases import judged_at, read_cases
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase

MANIFEST = """
package: sample
version: 0.0.1
title: A sample
languages: [en]
weights: {hint: 2, slight: 5, weak: 10, medium: 20, strong: 40, very-strong: 80,
  against-weak: -10, against-strong: -40, against-very-strong: -80}
thresholds: {established: 42, suggested: 10, excluded: -42}
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One case of which two engines do not conclude the same.

    Attributes:
        case: Id of the case.
        engine: The engine that differs from the first.
        expected, found: Both results as JSON text.
    """

    case: str
    engine: str
    expected: str
    found: str


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts below a folder.

    Args:
        folder: Where; made if it is not there.
        files: Path below the folder, with ``/``, to text.

    Raises:
        ValueError: A path would leave the folder.
    """
    for name, text in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"not a path below the folder: {name}")
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def build(files: Mapping[str, str], engine: str = "reference") -> Simdiag:
    """Load a knowledge base from texts.

    Args:
        files: Path in the package to text. Without ``package.yaml`` a small manifest is added that
            has the usual weights and thresholds.
        engine: ``reference`` or ``experta``.

    Raises:
        InvalidInput: With everything that is wrong in the texts.
    """
    with TemporaryDirectory(prefix="simdiag-") as name:
        folder = Path(name)
        write_files(folder, {"package.yaml": MANIFEST, **files})
        return Simdiag.load(folder, engine=engine)


def read_facts(
    tool: Simdiag, text: str, *, as_of: str = "", file: str = "facts.yaml"
) -> list[Case]:
    """Read the cases of a facts text.

    Args:
        tool: The knowledge base.
        text: YAML, or what the suffix of ``file`` says.
        as_of: Moment of judgement of cases that state none.
        file: Name for messages.

    Raises:
        InvalidInput: With everything that is wrong in the text.
    """
    problems = Problems()
    reader = tool.reader(default_as_of=judged_at(as_of) if as_of else None)
    found = list(read_cases(text.encode(), file, reader, problems))
    for each in found:
        problems.extend(each.problems)
    problems.raise_if_any()
    return [each.case for each in found if each.case is not None]


def assess_text(tool: Simdiag, text: str, *, as_of: str = "") -> Assessment:
    """Assess the one case of a facts text.

    Raises:
        InvalidInput: With everything that is wrong in the text.
        ValueError: There is not exactly one case in it.
    """
    (case,) = read_facts(tool, text, as_of=as_of)
    return tool.assess(case)


def result_of(tool: Simdiag, text: str, *, as_of: str = "") -> dict[str, Any]:
    """Assess the one case of a facts text and give the result as it stands in results files."""
    return tool.serialiser().assessment(assess_text(tool, text, as_of=as_of))


def compare_engines(
    base: KnowledgeBase, cases: Iterable[Case], engines: Iterable[str] = ("reference", "experta")
) -> list[Difference]:
    """Assess cases with several engines.

    Args:
        base: The knowledge base.
        cases: The cases.
        engines: Their names; the others are compared with the first.

    Returns:
        Every case and engine that does not give the same JSON, byte for byte.
    """
    first, *others = (Simdiag(base, name) for name in engines)
    found = []
    for case in cases:
        expected = _written(first, case)
        for other in others:
            result = _written(other, case)
            if result != expected:
                found.append(Difference(case.id, other.engine_name, expected, result))
    return found


def _written(tool: Simdiag, case: Case) -> str:
    return write_json(tool.serialiser().assessment(tool.assess(case)))

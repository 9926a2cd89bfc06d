"""The library: load a knowledge base, assess cases, explain, render. All that the commands call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simdiag.analysis.program import Program, check_cycles, prepare
from simdiag.engines.base import Engine
from simdiag.engines.reference import ReferenceEngine
from simdiag.errors import InvalidInput, Problems, UsageError, did_you_mean
from simdiag.loading.cases import CaseInput, FactReader, read_cases
from simdiag.loading.package import load_package, shipped_package
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import Interval
from simdiag.reasoning.assess import assess
from simdiag.reasoning.serialise import Serialiser

if TYPE_CHECKING:
    from simdiag.authoring.scenarios import ScenarioResult

ENGINES = ("experta", "reference")


def load_knowledge(
    folder: Path | str | None = None, languages: Iterable[str] | None = None
) -> KnowledgeBase:
    """Load and check a knowledge package.

    Args:
        folder: The folder with ``package.yaml``; the shipped package if not given.
        languages: Languages to load besides English; all if not given.

    Raises:
        InvalidInput: With everything that is wrong in it.
        UsageError: If there is no such package.
    """
    return load_package(folder or shipped_package(), languages, check_cycles)


@dataclass
class Simdiag:
    """A knowledge base, ready to assess cases with one engine.

    Attributes:
        base: The knowledge base.
        engine_name: ``experta`` or ``reference``.
    """

    base: KnowledgeBase
    engine_name: str = "experta"

    @classmethod
    def load(
        cls,
        folder: Path | str | None = None,
        languages: Iterable[str] | None = None,
        engine: str = "experta",
    ) -> Simdiag:
        """Load a package and choose an engine.

        Raises:
            InvalidInput: The package has errors.
            UsageError: There is no such package or engine.
        """
        if engine not in ENGINES:
            raise UsageError(f"unknown engine `{engine}`; {did_you_mean(engine, ENGINES)}")
        return cls(load_knowledge(folder, languages), engine)

    @cached_property
    def program(self) -> Program:
        """The knowledge base, made ready."""
        return prepare(self.base)

    @cached_property
    def engine(self) -> Engine:
        """The engine."""
        if self.engine_name == "reference":
            return ReferenceEngine(self.program)
        # experta takes a while to import, and only this engine needs it.
        from simdiag.engines.rete.engine import ReteEngine

        return ReteEngine(self.program)

    def reader(
        self, as_of: Interval | None = None, default_as_of: Interval | None = None
    ) -> FactReader:
        """Give a reader of facts."""
        return FactReader(self.base, as_of, default_as_of)

    def read(self, path: Path | str, reader: FactReader) -> Iterator[CaseInput]:
        """Read the cases of a facts file, each with its own problems.

        Raises:
            InvalidInput: The file as a whole cannot be read.
        """
        problems = Problems()
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        yield from read_cases(data, str(path), reader, problems)
        problems.raise_if_any()

    def cases(self, path: Path | str, reader: FactReader) -> list[Case]:
        """Read the cases of a facts file, or report everything that is wrong with them.

        Raises:
            InvalidInput: With the problems of all cases.
        """
        problems = Problems()
        found: dict[str, CaseInput] = {}
        try:
            for each in self.read(path, reader):
                problems.extend(each.problems)
                if each.id in found:
                    problems.add(
                        each.span,
                        "duplicate-id",
                        f"the case `{each.id}` is there twice",
                        f"the first one is in line {found[each.id].span.line}",
                    )
                found[each.id] = each
        except InvalidInput as error:
            problems.extend(error.problems)
        problems.raise_if_any()
        return [each.case for each in found.values() if each.case is not None]

    def assess(self, case: Case) -> Assessment:
        """Assess one case.

        Raises:
            EngineFailure: The engine could not finish it.
        """
        return assess(self.program, case, self.engine.infer(case))

    def serialiser(self, lang: str = "en", *, reveal: bool = False) -> Serialiser:
        """Give a writer of results in a language."""
        return Serialiser(self.program, lang, reveal=reveal)


def write_json(result: dict[str, Any], *, indent: int | None = None) -> str:
    """Write one result as JSON, always the same bytes for the same result."""
    return json.dumps(result, ensure_ascii=False, indent=indent)


# The workbench of rule authors ---------------------------------------------------------------------


def run_rule_tests(
    paths: Iterable[Path | str] = (), engines: Iterable[str] = ("experta",), text: str = ""
) -> list[ScenarioResult]:
    """Run the scenarios of a package.

    Args:
        paths: A package, folders or files in it; the shipped package if there is none.
        engines: Names of the engines; several must give equal results.
        text: Only scenarios whose name, file or diagnosis contains this text.

    Raises:
        InvalidInput: With everything that is wrong in the package and in the scenarios.
        UsageError: There is no such path, engine or scenario.
    """
    from simdiag.authoring.places import package_and_tests
    from simdiag.authoring.scenarios import run_scenarios, select
    from simdiag.loading.scenarios import read_scenarios

    folder, files = package_and_tests(paths)
    base = load_knowledge(folder, ("en",))
    problems = Problems()
    scenarios = read_scenarios(folder, files, base, problems)
    problems.raise_if_any()
    chosen = select(scenarios, text)
    if not chosen:
        raise UsageError(f"no scenario has `{text}` in its name, file or diagnosis")
    ready = {name: Simdiag(base, name) for name in engines}
    return list(run_scenarios(chosen, prepare(base), {name: ready[name].engine for name in ready}))


def check_rules(folder: Path | str | None = None) -> tuple[Problems, Problems]:
    """Find everything that is wrong with a package.

    Args:
        folder: The package, or any path in it; the shipped package if not given.

    Returns:
        What loading found, and the violations of checks; errors and warnings.

    Raises:
        UsageError: There is no such package.
    """
    from simdiag.authoring.checks import check_package
    from simdiag.authoring.places import package_of, usual_package

    return check_package(usual_package() if folder is None else package_of(Path(folder)))

"""The library for authors of rules: check, test, list and measure a knowledge package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from simdiag.analysis.program import Program, prepare
from simdiag.api import Simdiag, load_knowledge
from simdiag.authoring.checks import check_package
from simdiag.authoring.coverage import (
    RuleCoverage,
    StatementCoverage,
    check_statements,
    cover_rules,
    cover_statements,
)
from simdiag.authoring.listing import card, diagnosis_rows, facts_guide
from simdiag.authoring.places import package_and_tests, package_of, usual_package
from simdiag.authoring.random_cases import RandomCases
from simdiag.authoring.scenarios import ScenarioResult, run_scenarios, select
from simdiag.authoring.selfcheck import Comparison, Verdict, compare_all
from simdiag.authoring.texts import skeleton
from simdiag.engines.base import Engine
from simdiag.errors import NotYet, Problems, UsageError
from simdiag.loading.coverage import COVERAGE_FILE, read_coverage
from simdiag.loading.scenarios import Scenario, read_scenarios, scenario_files
from simdiag.loading.schema import FACTS, facts_schema, package_schema
from simdiag.model.knowledge import KnowledgeBase

Progress: TypeAlias = Callable[[int], AbstractContextManager[Callable[[], None]]]


def _silent(_: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


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


def _tested(
    folder: Path | str | None,
) -> tuple[Path, Program, tuple[Scenario, ...], Problems]:
    """Load a package with all its scenarios."""
    place, files = package_and_tests(() if folder is None else (folder,))
    base = load_knowledge(place, ("en",))
    problems = Problems()
    scenarios = read_scenarios(place, scenario_files(place) or files, base, problems)
    return place, prepare(base), scenarios, problems


def statement_coverage(
    folder: Path | str | None = None, progress: Progress = _silent
) -> list[StatementCoverage]:
    """Find out which statements of the brief of a package its scenarios show.

    Args:
        folder: The package, or any path in it; the shipped package if not given.
        progress: Given the number of statements, it is entered for something to call after each.

    Raises:
        InvalidInput: With everything that is wrong in the package, its scenarios and its
            ``coverage.yaml``.
        UsageError: There is no such package, or it has no statements.
    """
    place, program, scenarios, problems = _tested(folder)
    statements = read_coverage(place, problems)
    check_statements(statements, program, scenarios, problems)
    problems.raise_if_any()
    if not statements:
        raise UsageError(f"{place} has no {COVERAGE_FILE}")
    with progress(len(statements)) as done:
        return list(cover_statements(statements, program, scenarios, done))


def rule_coverage(
    folder: Path | str | None = None, progress: Progress = _silent
) -> tuple[RuleCoverage, ...]:
    """Count in how many scenarios each rule of a package is true or undecided.

    Args:
        folder: The package, or any path in it; the shipped package if not given.
        progress: Given the number of scenarios, it is entered for something to call after each.

    Raises:
        InvalidInput: With everything that is wrong in the package and its scenarios.
        UsageError: There is no such package, or it has no scenarios.
    """
    _, program, scenarios, problems = _tested(folder)
    problems.raise_if_any()
    with progress(len(scenarios)) as done:
        return cover_rules(program, scenarios, done)


def check_rules(folder: Path | str | None = None) -> tuple[Problems, Problems]:
    """Find everything that is wrong with a package.

    Args:
        folder: The package, or any path in it; the shipped package if not given.

    Returns:
        What loading found, and the violations of checks; errors and warnings.

    Raises:
        UsageError: There is no such package.
    """
    return check_package(usual_package() if folder is None else package_of(Path(folder)))


def _package_in(folder: Path | str | None, languages: Iterable[str]) -> KnowledgeBase:
    """Load the package in which a path lies, with those of some languages that it has."""
    return load_knowledge(
        usual_package() if folder is None else package_of(Path(folder)), languages
    )


def list_rules(folder: Path | str | None = None, lang: str = "en") -> list[dict[str, Any]]:
    """List the diagnoses of a package (see :func:`simdiag.authoring.listing.diagnosis_rows`)."""
    return diagnosis_rows(_package_in(folder, (lang,)), lang)


def list_facts(folder: Path | str | None = None, lang: str = "en") -> str:
    """List what a facts file may hold: templates, slots, types and choices."""
    return "\n".join(facts_guide(_package_in(folder, (lang,)), lang))


def show_rule(name: str, folder: Path | str | None = None, lang: str = "en") -> str:
    """Show what is declared of a diagnosis, action, veto or finding.

    Raises:
        UsageError: There is nothing of that name.
    """
    return "\n".join(card(_package_in(folder, (lang,)), name, lang))


def missing_texts(lang: str, folder: Path | str | None = None) -> str:
    """Write the texts of a package whose translation is missing or stale, as YAML to fill in.

    Raises:
        UsageError: English was asked for, from which the others are translated.
    """
    if lang == "en":
        raise UsageError("English is the language that is translated; ask for another one")
    place = usual_package() if folder is None else package_of(Path(folder))
    there = (place / "locale" / f"{lang}.yaml").is_file()
    return skeleton(load_knowledge(place, (lang,) if there else ()), lang)


def schema(kind: str, folder: Path | str | None = None) -> dict[str, Any]:
    """Give the JSON Schema of one kind of file.

    Args:
        kind: ``facts`` or a key of :data:`simdiag.loading.schema.FILES`.
        folder: For facts: the package whose terms they use; the shipped one if not given.
    """
    return facts_schema(_package_in(folder, ())) if kind == FACTS else package_schema(kind)


def selfcheck(diag: Simdiag, cases: int, seed: int = 1, progress: Progress = _silent) -> Verdict:
    """Let all engines conclude random cases of a knowledge base, and compare.

    Args:
        diag: The knowledge base.
        cases: How many cases.
        seed: Another one draws other cases.
        progress: Given the number of cases, it is entered for something to call after each.
    """
    names = ("reference", "experta")
    engines: dict[str, Engine] = {}
    lacking = {}
    for name in names:
        try:
            engines[name] = Simdiag(diag.base, name).engine
        except NotYet as reason:
            lacking[f"{name}: {reason}"] = cases
    drawn = RandomCases(diag.program).many(seed, range(1, cases + 1))
    with progress(cases) as done:
        verdict = compare_all(Comparison(diag.program, engines), drawn, done)
    return replace(verdict, lacking={**lacking, **verdict.lacking})

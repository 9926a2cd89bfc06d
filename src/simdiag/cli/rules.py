"""``simdiag rules``: the workbench of rule authors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from simdiag.cli.common import Settings, lang_option, pass_settings

if TYPE_CHECKING:
    from simdiag.authoring.coverage import RuleCoverage, StatementCoverage
    from simdiag.authoring.scenarios import ScenarioResult
    from simdiag.errors import Problem

Row: TypeAlias = dict[str, Any]
Covered: TypeAlias = "RuleCoverage | StatementCoverage"

ENGINE_CHOICES = ("experta", "reference", "both")
FILE_KINDS = (
    "package",
    "terms",
    "data",
    "findings",
    "diagnosis",
    "actions",
    "locale",
    "scenarios",
    "coverage",
)


@click.group()
def rules() -> None:
    """Check, test and list the rules of a knowledge package."""


@rules.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--engine",
    type=click.Choice(ENGINE_CHOICES),
    default="experta",
    show_default=True,
    help="Engine that runs the scenarios.",
)
@click.option(
    "-k", "text", default="", metavar="TEXT", help="Only scenarios with TEXT in their name."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@pass_settings
@click.pass_context
def test(
    context: click.Context,
    settings: Settings,
    paths: tuple[Path, ...],
    engine: str,
    text: str,
    form: str,
) -> None:
    """Run the scenarios of a package, or of some of its files.

    PATH is a package, a folder, a test file or the file of a diagnosis; the shipped package if it
    is left out.
    """
    from simdiag.api import ENGINES
    from simdiag.workbench import run_rule_tests

    where = paths or ((settings.rules,) if settings.rules else ())
    results = run_rule_tests(where, ENGINES[:2] if engine == "both" else (engine,), text)
    click.echo(tests_json(results) if form == "json" else tests_text(results))
    context.exit(0 if all(result.passed for result in results) else 1)


def tests_json(results: list[ScenarioResult]) -> str:
    """Write the results of scenarios as JSON."""
    failed = sum(1 for result in results if not result.passed)
    found = {
        "runs": len(results),
        "failed": failed,
        "results": [result.as_json() for result in results],
    }
    return json.dumps(found, ensure_ascii=False, indent=1)


def tests_text(results: list[ScenarioResult]) -> str:
    """Write the results of scenarios for a person: each failure with its place, then a summary."""
    lines: list[str] = []
    for result in results:
        if not result.passed:
            lines.append(f"FAILED {result.scenario.name} ({result.engine})")
        for failure in result.failures:
            comparison = f"expected {failure.expected}, found {failure.found}"
            lines.append(f"{failure.span}: {failure.what}: {comparison}")
            if failure.why:
                lines.append(f"    why: {failure.why}")
    failed = sum(1 for result in results if not result.passed)
    runs = counted(len(results), "run")
    lines.append(f"{runs}, {len(results) - failed} passed, {failed} failed")
    return "\n".join(lines)


@rules.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@pass_settings
@click.pass_context
def check(
    context: click.Context, settings: Settings, path: Path | None, strict: bool, form: str
) -> None:
    """Find everything that is wrong with a package; the shipped one if PATH is left out."""
    from simdiag.workbench import check_rules

    loading, violations = check_rules(path or settings.rules)
    found = [*loading, *violations]
    click.echo(problems_json(found) if form == "json" else problems_text(found))
    if loading.errors:
        context.exit(3)
    context.exit(1 if violations.errors or (strict and found) else 0)


def counted(number: int, word: str) -> str:
    """Write a number with its word."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def problems_text(problems: list[Problem]) -> str:
    """Write problems for a person: each with its place and what to do, then a summary."""
    errors = sum(1 for problem in problems if problem.level == "error")
    lines = [str(problem) for problem in problems]
    counts = (counted(errors, "error"), counted(len(problems) - errors, "warning"))
    return "\n".join([*lines, ", ".join(counts)])


def problems_json(problems: list[Problem]) -> str:
    """Write problems as JSON."""
    found = [
        {
            "file": problem.span.file,
            "line": problem.span.line,
            "column": problem.span.column,
            "level": problem.level,
            "code": problem.code,
            "message": problem.message,
            "help": problem.help,
        }
        for problem in problems
    ]
    return json.dumps(found, ensure_ascii=False, indent=1)


@rules.command("list")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
@lang_option
@click.option(
    "--texts",
    metavar="LANG",
    help="Print the texts that lack a translation into LANG, as YAML to fill in.",
)
@click.option("--facts", is_flag=True, help="List what a facts file may hold instead.")
@pass_settings
def list_(
    settings: Settings, path: Path | None, form: str, lang: str, texts: str | None, *, facts: bool
) -> None:
    """List the diagnoses of a package with their rules and sources."""
    from simdiag.workbench import list_facts, list_rules, missing_texts

    folder = path or settings.rules
    if facts:
        click.echo(list_facts(folder, lang))
        return
    if texts is not None:
        click.echo(missing_texts(texts, folder), nl=False)
        return
    rows = list_rules(folder, lang)
    click.echo(WRITERS[form](rows), nl=form != "csv")


def rows_json(rows: list[Row]) -> str:
    """Write the list of diagnoses as JSON."""
    return json.dumps(rows, ensure_ascii=False, indent=1)


def rows_csv(rows: list[Row]) -> str:
    """Write the list of diagnoses as CSV; lists within a cell are divided by blanks."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else ())
    for row in rows:
        cells = (" ".join(cell) if isinstance(cell, list) else cell for cell in row.values())
        writer.writerow(cells)
    return text.getvalue()


def rows_text(rows: list[Row]) -> str:
    """Write the list of diagnoses for a person: one line each, and a summary."""
    width = max((len(row["id"]) for row in rows), default=0)
    refs = max((len(row["ref"]) for row in rows), default=0)
    lines = [
        f"{row['id']:{width}}  {row['ref']:{refs}}  {row['title']}{_notes(row)}" for row in rows
    ]
    return "\n".join([*lines, f"{len(rows)} diagnoses"])


def _notes(row: Row) -> str:
    status = "" if row["status"] == "stable" else f", {row['status']}"
    sources = ", ".join(row["sources"]) or "none"
    return f" ({len(row['rules'])} rules{status}; sources: {sources})"


WRITERS = {"text": rows_text, "json": rows_json, "csv": rows_csv}


@rules.command()
@click.argument("name", metavar="ID")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@lang_option
@pass_settings
def show(settings: Settings, name: str, path: Path | None, lang: str) -> None:
    """Show a diagnosis, action, veto or finding with its rules."""
    from simdiag.workbench import show_rule

    click.echo(show_rule(name, path or settings.rules, lang))


@rules.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--against",
    type=click.Choice(["scenarios", "domain"]),
    default="scenarios",
    show_default=True,
    help="What must be covered: every rule by a scenario, or every statement of the brief.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if something is not covered.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@pass_settings
@click.pass_context
def coverage(
    context: click.Context,
    settings: Settings,
    path: Path | None,
    against: str,
    form: str,
    *,
    strict: bool,
) -> None:
    """Find out which rules or statements of a package its scenarios show.

    A statement counts if some scenario fails without an element that carries it.
    """
    from simdiag.cli.progress import progress
    from simdiag.workbench import rule_coverage, statement_coverage

    folder = path or settings.rules
    found: list[Covered] = []
    found += (
        statement_coverage(folder, progress)
        if against == "domain"
        else rule_coverage(folder, progress)
    )
    write = coverage_json if form == "json" else coverage_text
    click.echo(write(found))
    context.exit(1 if strict and not all(each.covered for each in found) else 0)


def coverage_json(found: list[Covered]) -> str:
    """Write what is covered as JSON."""
    return json.dumps([each.as_json() for each in found], ensure_ascii=False, indent=1)


def coverage_text(found: list[Covered]) -> str:
    """Write what is covered for a person: one line each, holes marked, and a summary."""
    holes = sum(1 for each in found if not each.covered)
    lines = [f"{' ' if each.covered else '!'} {each}" for each in found]
    return "\n".join([*lines, f"{len(found) - holes} of {len(found)} covered"])


@rules.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--for",
    "kind",
    type=click.Choice(["facts", *FILE_KINDS]),
    default="facts",
    show_default=True,
    help="Kind of file.",
)
@pass_settings
def schema(settings: Settings, path: Path | None, kind: str) -> None:
    """Print the JSON Schema of facts files or of files of a package, for editors."""
    from simdiag import workbench

    found = workbench.schema(kind, path or settings.rules)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    from simdiag.cli.main import main

    main(["rules", *sys.argv[1:]])

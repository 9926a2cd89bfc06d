"""``simdiag rules``: the workbench of rule authors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simdiag.authoring.scenarios import ScenarioResult
    from simdiag.errors import Problem

ENGINE_CHOICES = ("experta", "reference", "both")


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
@click.pass_context
def test(
    context: click.Context, paths: tuple[Path, ...], engine: str, text: str, form: str
) -> None:
    """Run the scenarios of a package, or of some of its files.

    PATH is a package, a folder, a test file or the file of a diagnosis; the shipped package if left out.
    """
    from simdiag.api import ENGINES, run_rule_tests

    results = run_rule_tests(paths, ENGINES if engine == "both" else (engine,), text)
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
            lines.append(
                f"{failure.span}: {failure.what}: expected {failure.expected}, found {failure.found}"
            )
            if failure.why:
                lines.append(f"    why: {failure.why}")
    failed = sum(1 for result in results if not result.passed)
    lines.append(f"{len(results)} runs, {len(results) - failed} passed, {failed} failed")
    return "\n".join(lines)


@rules.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def check(context: click.Context, path: Path | None, strict: bool, form: str) -> None:
    """Find everything that is wrong with a package; the shipped one if PATH is left out."""
    from simdiag.api import check_rules

    loading, violations = check_rules(path)
    found = [*loading, *violations]
    click.echo(problems_json(found) if form == "json" else problems_text(found))
    if loading.errors:
        context.exit(3)
    context.exit(1 if violations.errors or (strict and found) else 0)


def problems_text(problems: list[Problem]) -> str:
    """Write problems for a person: each with its place and what to do, then a summary."""
    errors = sum(1 for problem in problems if problem.level == "error")
    lines = [str(problem) for problem in problems]
    return "\n".join([*lines, f"{errors} errors, {len(problems) - errors} warnings"])


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


if __name__ == "__main__":
    import sys

    from simdiag.errors import InvalidInput, UsageError

    try:
        rules(prog_name="simdiag rules")
    except InvalidInput as error:
        click.echo(str(error), err=True)
        sys.exit(3)
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)

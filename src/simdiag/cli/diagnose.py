"""``simdiag diagnose``: one or a few cases, the result on standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simdiag.cli.common import (
    Settings,
    as_of_option,
    engine_option,
    lang_option,
    load,
    map_option,
    pass_settings,
    put,
    read_facts,
    reveal_option,
)

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.model.values import Interval


@click.command()
@click.argument("facts")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "html", "json"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@engine_option
@lang_option
@as_of_option
@reveal_option
@map_option
@pass_settings
def diagnose(  # noqa: PLR0913 - one argument for each option
    settings: Settings,
    *,
    facts: str,
    form: str,
    engine: str,
    lang: str,
    as_of: Interval | None,
    reveal: bool,
    column_map: Path | None,
) -> None:
    """Say what is wrong, what to do and what not to do.

    FACTS is a file of one or a few cases: YAML, JSON, NDJSON or CSV, or - for YAML on standard
    input. With --format json the result of one case is an object, that of several a list.
    """
    diag = load(settings, lang, engine)
    cases = read_facts(diag, facts, as_of, column_map)
    write = diag.serialiser(lang, reveal=reveal).assessment
    put(_written([write(diag.assess(case)) for case in cases], diag, lang, form))


def _written(results: list[dict[str, Any]], diag: Simdiag, lang: str, form: str) -> str:
    if form == "json":
        value = results[0] if len(results) == 1 else results
        return json.dumps(value, ensure_ascii=False, indent=2)
    from simdiag.api import render

    return render(results, diag.base, lang, form, all_cases=True)  # type: ignore[arg-type]

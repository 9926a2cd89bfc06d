"""``simdiag report``: a page or a text from results, or from facts."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

import click

from simdiag.cli.common import (
    STDIN,
    Language,
    Settings,
    as_of_option,
    load,
    map_option,
    pass_settings,
    put,
    read_facts,
    reveal_option,
    say,
    sources,
)

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.i18n import Messages
    from simdiag.model.values import Interval

Json = dict[str, Any]

FORMS: Final = {
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".markdown": "md",
    ".txt": "text",
    ".text": "text",
}
# Cases that a page shows in full; reporting has the same number.
SECTIONS: Final = 200


@click.command()
@click.argument("source", metavar="RESULTS_OR_FACTS")
@click.option(
    "-o", "--out", required=True, metavar="FILE", help="Where to write; - for the screen."
)
@click.option(
    "--facts",
    "facts",
    metavar="INPUT",
    multiple=True,
    help="The facts of which the results were made: fills in the reasons.",
)
@click.option(
    "--lang",
    type=Language(),
    help="Language: en, zh, fr, nl, de; that of the results if not given.",
)
@reveal_option
@click.option("--all", "all_cases", is_flag=True, help="Show all cases in full, not the first 200.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "text"]),
    help="What to write, if the name of the file does not tell.",
)
@as_of_option
@map_option
@pass_settings
def report(  # noqa: PLR0913 - one argument for each option
    settings: Settings,
    *,
    source: str,
    out: str,
    facts: tuple[str, ...],
    lang: str | None,
    reveal: bool,
    all_cases: bool,
    form: str | None,
    as_of: Interval | None,
    column_map: Path | None,
) -> None:
    """Make a page or a text for people.

    The source is a file of results (JSON lines of batch, JSON of diagnose) or of facts, which are
    assessed first. The end of FILE tells the form: .html, .md or .txt.
    """
    from simdiag.api import Assessor, render

    wanted = _form(out, form)
    results = _results_in(source)
    lang = lang or _language(results)
    diag = load(settings, lang)
    count = None if all_cases else SECTIONS
    assessor = Assessor(diag, lang, reveal)
    if results is None:
        results = _assess(assessor, source, as_of, column_map, count)
    else:
        results = _complete(assessor, results, facts, column_map, count)
    page = render(results, diag.base, lang, wanted, all_cases=all_cases)  # type: ignore[arg-type]
    put(page, out)


def _form(out: str, form: str | None) -> str:
    """Tell the form of the output by its name.

    Raises:
        UsageError: The name does not tell it.
    """
    from simdiag.errors import UsageError

    suffix = PurePath(out).suffix.lower()
    if suffix in {".pdf", ".docx"}:
        raise UsageError(f"not built yet: {suffix[1:].upper()} pages; print the .html page instead")
    found = form or FORMS.get(suffix) or ("text" if out == STDIN else None)
    if found is None:
        raise UsageError(
            f"{out}: the name must end in .html, .md or .txt, or --format must be given"
        )
    if out != STDIN and not Path(out).absolute().parent.is_dir():
        raise UsageError(f"there is no folder {Path(out).parent}")
    return found


def _results_in(source: str) -> list[Json] | None:
    """Read the results of a file; none if it holds facts.

    Raises:
        InvalidInput: It holds results, and some are wrong.
        UsageError: It cannot be read.
    """
    from simdiag.errors import Problems, UsageError
    from simdiag.intake.inputs import read_file
    from simdiag.reporting.results import looks_like_results, read_results

    if source == STDIN:
        return None
    data = read_file(source)
    if not looks_like_results(data):
        if not data.strip() and PurePath(source).suffix.lower() in {".jsonl", ".ndjson"}:
            raise UsageError(f"{source} is empty: there is nothing to report")
        return None
    problems = Problems()
    found = read_results(data, source, problems)
    problems.raise_if_any()
    return found


def _language(results: list[Json] | None) -> str:
    """Give the language of the results, English if they have none that the tool speaks."""
    from simdiag.i18n import languages

    found = str(results[0].get("lang")) if results else ""
    return found if found in languages() else "en"


def _assess(
    assessor: Any,  # noqa: ANN401 - an Assessor, which is imported late
    source: str,
    as_of: Interval | None,
    column_map: Path | None,
    count: int | None,
) -> list[Json]:
    """Assess the cases of a facts file."""
    from simdiag.api import Failure, assess_all
    from simdiag.errors import EngineFailure

    cases = read_facts(assessor.diag, source, as_of, column_map)
    results = []
    for found in assess_all(assessor, cases, records=len(cases) if count is None else count):
        if isinstance(found, Failure):
            raise EngineFailure(f"case {found.case}: {found.reason}")
        results.append(found)
    return results


def _complete(
    assessor: Any,  # noqa: ANN401 - an Assessor, which is imported late
    results: list[Json],
    facts: tuple[str, ...],
    column_map: Path | None,
    count: int | None,
) -> list[Json]:
    """Fill in the reasons that results lack, and say what does not fit."""
    from simdiag.i18n import Messages

    messages = Messages(assessor.lang)
    diag: Simdiag = assessor.diag
    if any(result["knowledge"]["hash"] != diag.base.hash for result in results):
        say(messages.get("cli.report.other_knowledge"))
    shown, rest = results[:count], results[len(results[:count]) :]
    if not facts:
        if not all(result.get("justifications") for result in shown):
            say(messages.get("cli.report.no_reasons"))
        return results
    return [*_with_reasons(assessor, shown, facts, column_map, messages), *rest]


def _with_reasons(
    assessor: Any,  # noqa: ANN401 - an Assessor, which is imported late
    results: list[Json],
    facts: tuple[str, ...],
    column_map: Path | None,
    messages: Messages,
) -> list[Json]:
    from simdiag.api import with_reasons
    from simdiag.model.values import exactly

    diag: Simdiag = assessor.diag
    # The moment of each case is that of its result, so any will do for reading.
    reader = diag.reader(None, exactly(0))
    entries = diag.entries(sources(facts), reader, column_map)
    cases = {entry.id: entry.case for entry in entries if entry.case is not None}
    pairs = list(with_reasons(assessor, results, cases))
    lost = sum(result["case"] not in cases for result in results)
    changed = sum(not same for _, same in pairs)
    if lost:
        say(messages.count("cli.report.lost", lost))
    if changed:
        say(messages.count("cli.report.changed", changed))
    return [result for result, _ in pairs]

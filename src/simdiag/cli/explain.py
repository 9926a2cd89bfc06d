"""``simdiag explain``: how a conclusion was reached, why not another, and what if."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from simdiag.cli.common import (
    Settings,
    as_of_option,
    engine_option,
    lang_option,
    load,
    pass_settings,
    printable,
    put,
    read_facts,
    reveal_option,
)

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.model.cases import Case
    from simdiag.model.values import Interval


class Options(TypedDict):
    """The options that most commands share, and what is asked beside ``--how``."""

    lang: str
    engine: str
    as_of: Interval | None
    reveal: bool
    why_not: str
    about: str
    what_if: tuple[str, ...]


@click.command()
@click.argument("facts", metavar="FACTS")
@click.option("--how", metavar="ID", default="", help="A diagnosis, action, veto or finding.")
@click.option(
    "--why-not", metavar="ID", default="", help="A diagnosis: what it lacks, and the least change."
)
@click.option("--for", "about", metavar="FACT", default="", help="With --why-not: which fact.")
@click.option(
    "--what-if",
    metavar="SLOT=VALUE",
    multiple=True,
    help="The difference that a change makes; several together. "
    "Such as attempt.amount=10, attempt[2].amount=unknown, bill=none.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@lang_option
@engine_option
@as_of_option
@reveal_option
@pass_settings
def explain(
    settings: Settings, /, facts: str, how: str, form: str, **options: Unpack[Options]
) -> None:
    """Show how a conclusion was reached: its rules, their conditions, the facts behind them.

    Without --how it is the first diagnosis. --why-not says what a diagnosis lacks, --what-if what
    other facts would change. FACTS is a facts file, or - for standard input.
    """
    check(how, options)
    diag = load(settings, options["lang"], options["engine"])
    cases = read_facts(diag, facts, options["as_of"])
    found = [answer(diag, case, how, options) for case in cases]
    put(as_json(found) if form == "json" else as_text(diag, found))


def check(how: str, options: Options) -> None:
    """Check that one question is asked at a time.

    Raises:
        UsageError: There are two, or an option without the one it belongs to.
    """
    from simdiag.errors import UsageError

    if sum(map(bool, (how, options["why_not"], options["what_if"]))) > 1:
        raise UsageError("give one of --how, --why-not and --what-if")
    if options["about"] and not options["why_not"]:
        raise UsageError("--for belongs to --why-not")


def answer(diag: Simdiag, case: Case, how: str, options: Options) -> dict[str, Any]:
    """Give the explanation that was asked for."""
    from simdiag import explaining

    lang, reveal = options["lang"], options["reveal"]
    if name := options["why_not"]:
        return explaining.explain_why_not(diag, case, name, options["about"], lang, reveal=reveal)
    if changes := options["what_if"]:
        return explaining.explain_what_if(diag, case, changes, lang, reveal=reveal)
    return explaining.explain_how(diag, case, how, lang, reveal=reveal)


def as_json(found: list[dict[str, Any]]) -> str:
    """Write explanations as JSON: one mapping for one case, else a list."""
    return json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=1)


def as_text(diag: Simdiag, found: list[dict[str, Any]]) -> str:
    """Write explanations as text, each under the name of its case where there are several."""
    from simdiag.explaining import answer_text

    texts = []
    for each in found:
        text = answer_text(diag, each)
        texts.append(f"{each['case']}\n\n{text}" if len(found) > 1 else text)
    return printable("\n\n".join(texts))

"""``simdiag explain``: the reasoning behind one conclusion, as a tree."""

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
    from simdiag.model.values import Interval

# Asked for often enough to be named; each says what stands in for it today.
LATER = {
    "why_not": "--why-not is not built yet; --how also shows what speaks against an id",
    "what_if": "--what-if is not built yet; change a copy of the facts and explain that",
}


class Options(TypedDict):
    """The options that most commands share, and those that wait."""

    lang: str
    engine: str
    as_of: Interval | None
    reveal: bool
    why_not: str | None
    what_if: str | None


@click.command()
@click.argument("facts", metavar="FACTS")
@click.option("--how", metavar="ID", default="", help="A diagnosis, action, veto or finding.")
@click.option("--why-not", metavar="ID", help="Not built yet.", hidden=True)
@click.option("--what-if", metavar="SLOT=VALUE", help="Not built yet.", hidden=True)
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

    Without --how it is the first diagnosis. FACTS is a facts file, or - for standard input.
    """
    from simdiag.api import explain_case

    refuse(why_not=options["why_not"], what_if=options["what_if"])
    lang = options["lang"]
    diag = load(settings, lang, options["engine"])
    cases = read_facts(diag, facts, options["as_of"])
    found = [explain_case(diag, case, how, lang, reveal=options["reveal"]) for case in cases]
    put(as_json(found) if form == "json" else as_text(diag, found))


def refuse(**options: str | None) -> None:
    """Say which options must wait, and what to do meanwhile.

    Raises:
        UsageError: One of them was given.
    """
    from simdiag.errors import UsageError

    for name, value in options.items():
        if value is not None:
            raise UsageError(LATER[name])


def as_json(found: list[dict[str, Any]]) -> str:
    """Write explanations as JSON: one mapping for one case, else a list."""
    return json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=1)


def as_text(diag: Simdiag, found: list[dict[str, Any]]) -> str:
    """Write explanations as text, each under the name of its case where there are several."""
    from simdiag.api import explanation_text

    texts = []
    for each in found:
        text = explanation_text(diag, each)
        texts.append(f"{each['case']}\n\n{text}" if len(found) > 1 else text)
    return printable("\n\n".join(texts))

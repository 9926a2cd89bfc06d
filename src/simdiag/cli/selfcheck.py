"""``simdiag selfcheck``: every engine on random cases of the loaded knowledge base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simdiag.cli.common import Settings, lang_option, load, pass_settings, printable
from simdiag.cli.progress import progress

if TYPE_CHECKING:
    from simdiag.authoring.selfcheck import Disagreement, Verdict
    from simdiag.i18n import Messages


@click.command()
@click.option(
    "--cases", type=click.IntRange(min=1), default=50, show_default=True, help="How many cases."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one: other cases.")
@lang_option
@pass_settings
@click.pass_context
def selfcheck(context: click.Context, settings: Settings, cases: int, seed: int, lang: str) -> None:
    """Draw random cases of the knowledge base and see that all engines give the same results.

    If they do not, the smallest case that shows it is printed as a facts file, and the exit code
    is 1.
    """
    from simdiag.authoring.selfcheck import facts_text
    from simdiag.i18n import Messages
    from simdiag.workbench import selfcheck as checked

    diag = load(settings, lang, "reference")
    verdict = checked(diag, cases, seed, progress)
    messages = Messages(lang)
    example = verdict.example
    if example is None:
        click.echo("\n".join(agreed(verdict, seed, messages)))
        return
    notes = differed(verdict, example, seed, messages)
    click.echo(printable(facts_text(diag.program, example.case, notes)), nl=False)
    context.exit(1)


def agreed(verdict: Verdict, seed: int, messages: Messages) -> tuple[str, ...]:
    """Say that all engines gave the same results, and which lacked something."""
    engines = messages.join(verdict.engines)
    same = messages.count("cli.selfcheck.same", verdict.tried, seed=seed, engines=engines)
    lacking = (
        messages.count("cli.selfcheck.lacking", number, what=what)
        for what, number in verdict.lacking.items()
    )
    return same, *lacking


def differed(
    verdict: Verdict, example: Disagreement, seed: int, messages: Messages
) -> tuple[str, ...]:
    """Say how often the engines differed, and in what."""
    differing, tried = messages.number(verdict.differing), messages.number(verdict.tried)
    told = {"seed": seed, "differing": differing, "tried": tried}
    unlike = example.failure or messages.get(
        "cli.selfcheck.unlike",
        first=example.first,
        other=example.other,
        keys=", ".join(example.keys),
    )
    return (
        messages.count("cli.selfcheck.differ", verdict.differing, **told),
        unlike,
        messages.get("cli.selfcheck.advice"),
    )

"""``simdiag consult``: questions one at a time, then what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simdiag.cli.common import (
    Language,
    Settings,
    as_of_option,
    clock,
    load,
    pass_settings,
    reveal_option,
)

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.cli.dialogue import Dialogue
    from simdiag.cli.screen import Screen
    from simdiag.model.cases import Case
    from simdiag.model.values import Interval

INTERRUPTED = 130
FACTS_SUFFIXES = (".yaml", ".yml", ".json")


@click.command()
@click.option("--lang", type=Language(), help="Language of the dialogue; asked for if not given.")
@click.option("--facts", metavar="FILE", help="Begin with the facts in this file (one case).")
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the answers in this facts file, after every answer.",
)
@as_of_option
@reveal_option
@click.option(
    "--max-questions", "limit", type=click.IntRange(min=0), help="Ask at most so many questions."
)
@pass_settings
def consult(  # noqa: PLR0913, PLR0917 - one parameter for each option
    settings: Settings,
    lang: str | None,
    facts: str | None,
    save: Path | None,
    as_of: Interval | None,
    reveal: bool,
    limit: int | None,
) -> None:
    """Answer questions one at a time; get what to do, what not to do, and why.

    Nothing leaves this computer. "Don't know", "back", "why", "change", "review", "save", "help"
    and "quit" work at every question. Ctrl-C keeps the answers in a file and says where.
    """
    from simdiag.cli.screen import EndOfInput, Screen

    check_save(save, facts)
    screen = Screen()
    try:
        chosen = lang or choose_language(screen)
    except EndOfInput:
        return
    diag = load(settings, chosen)
    dialogue = begin(screen, diag, chosen, facts, as_of)
    dialogue.save, dialogue.limit, dialogue.reveal = save, limit, reveal
    converse(dialogue, facts)


def check_save(save: Path | None, facts: str | None) -> None:
    """Refuse a file that would be lost, or that no other command could read.

    Raises:
        UsageError: With what to do instead.
    """
    from simdiag.errors import UsageError

    if save is None:
        return
    if save.suffix.lower() not in FACTS_SUFFIXES:
        raise UsageError(f"--save needs a name that ends in .yaml or .json, found {save}")
    if save.exists() and (facts is None or not Path(facts).exists() or not save.samefile(facts)):
        raise UsageError(
            f"{save} is there already; give --save another name, or go on from it with"
            f" --facts {save} --save {save}"
        )


def choose_language(screen: Screen) -> str:
    """Offer the languages in their own names.

    Raises:
        EndOfInput: Nobody chose one.
    """
    from simdiag.i18n import Messages, languages

    offered = languages()
    screen.say(" / ".join(Messages(tag).get("consult.choose_language") for tag in offered))
    for number, (tag, name) in enumerate(offered.items(), start=1):
        screen.say(f"{name} ({tag})", f"  {number}  ")
    names = {str(number): tag for number, tag in enumerate(offered, start=1)}
    names |= {name.casefold(): tag for tag, name in offered.items()}
    while True:
        typed = screen.read("> ", reveal=True).strip().casefold()
        if typed in names or typed in offered:
            return names.get(typed, typed)
        screen.say(" / ".join(Messages(tag).get("consult.language_hint") for tag in offered))


def read_case(diag: Simdiag, facts: str | None, as_of: Interval | None) -> Case | None:
    """Read the case to begin with; none if there is none.

    Raises:
        InvalidInput: With everything that is wrong in it.
        UsageError: There is not exactly one case in the file.
    """
    from simdiag.errors import UsageError

    if facts is None:
        return None
    cases = diag.cases(facts, diag.reader(as_of, clock()))
    if len(cases) != 1:
        raise UsageError(f"consult takes a file with one case, found {len(cases)} in {facts}")
    return cases[0]


def begin(
    screen: Screen, diag: Simdiag, lang: str, facts: str | None, as_of: Interval | None
) -> Dialogue:
    """Set up the conversation, with the facts of a file if one is named."""
    from simdiag.api import consultation, resume_consultation
    from simdiag.cli.dialogue import Dialogue
    from simdiag.i18n import Messages

    case = read_case(diag, facts, as_of)
    state = consultation(diag, as_of or (clock() if case is None else case.as_of), case)
    if facts is not None:
        state = resume_consultation(state, Path(facts))
    return Dialogue(screen, diag, Messages(lang), state)


def converse(dialogue: Dialogue, facts: str | None) -> None:
    """Say what this is and what it is not, and talk; keep the answers if it is cut off."""
    greet(dialogue, facts)
    try:
        dialogue.run()
    except KeyboardInterrupt:
        dialogue.stop()
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        raise  # nobody reads what is printed, so nobody would know of a file
    except BaseException:
        # A closed terminal, a signal or a failure inside: no answer may be lost for it.
        dialogue.rescue()
        raise


def greet(dialogue: Dialogue, facts: str | None) -> None:
    """Print how it works, and that nothing is told to anybody."""
    from simdiag.calculation.times import moment_of

    dialogue.screen.say()
    dialogue.tell("title", strong=True)
    dialogue.tell("private")
    dialogue.tell("how")
    moment = dialogue.messages.moment(moment_of(int(dialogue.state.as_of.high)))
    dialogue.tell("as_of", moment=moment)
    if facts is not None:
        dialogue.tell("resumed", file=facts)

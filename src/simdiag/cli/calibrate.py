"""``simdiag calibrate``: how often each answer is given, learned from solved cases."""

from __future__ import annotations

import click

from simdiag.cli.common import STDIN, Settings, clock, load, map_option, note, pass_settings, put


@click.command()
@click.argument("solved", nargs=-1, required=True, metavar="SOLVED...")
@click.option("-o", "--output", default=STDIN, metavar="FILE", help="Where to; - prints it.")
@map_option
@pass_settings
def calibrate(
    settings: Settings, solved: tuple[str, ...], output: str, column_map: str | None
) -> None:
    """Learn from the facts files of solved cases how often each answer is given.

    Prints frequencies as YAML, to be copied into the questions of terms/. They help to choose the
    next question of a consultation and change no conclusion.
    """
    from pathlib import Path

    from simdiag.api import learned_frequencies

    diag = load(settings, "en")
    reader = diag.reader(None, clock())
    place = Path(column_map) if column_map else None
    cases = [case for path in solved for case in diag.cases(path, reader, column_map=place)]
    put(learned_frequencies(diag, cases), output)
    note(f"learned from {len(cases)} case{'s' if len(cases) != 1 else ''}")

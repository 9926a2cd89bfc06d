"""What the commands share: options, loading, reading facts, the clock, and talking to a person."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.model.cases import Case
    from simdiag.model.values import Interval

Command = TypeVar("Command", bound=Callable[..., Any])

STDIN: Final = "-"
_MINUTE: Final = 60


@dataclass(slots=True)
class Settings:
    """What was asked of ``simdiag`` itself, before the command.

    Attributes:
        rules: Folder of another knowledge package, or none.
    """

    rules: Path | None = None


pass_settings = click.make_pass_decorator(Settings, ensure=True)


class Language(click.ParamType[str]):
    """A language that the tool speaks; which there are is looked up when one is given."""

    name = "lang"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check a tag such as ``en``."""
        from simdiag.errors import did_you_mean
        from simdiag.i18n import languages

        if value not in languages():
            advice = did_you_mean(str(value), languages())
            self.fail(f"no texts in the language `{value}`; {advice}", param, ctx)
        return str(value)


class Moment(click.ParamType["Interval"]):
    """A date (its end is meant) or a date and time in Belgium."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Interval:
        """Read the moment."""
        from simdiag.loading.cases import judged_at
        from simdiag.loading.scalars import NotReadable

        try:
            return judged_at(str(value))
        except NotReadable as error:
            self.fail(f"expected {error.expected}, found `{value}`", param, ctx)


def lang_option(command: Command) -> Command:
    """Add ``--lang``; the command gets ``lang``, English if not given."""
    return click.option(
        "--lang", type=Language(), default="en", help="Language of the result: en, zh, fr, nl, de."
    )(command)


def as_of_option(command: Command) -> Command:
    """Add ``--as-of``; the command gets ``as_of``, an interval or none."""
    text = "Judge for this moment, not for the one in the facts, such as 2025-11-20 or '... 18:30'."
    return click.option("--as-of", "as_of", type=Moment(), metavar="DATE", help=text)(command)


def engine_option(command: Command) -> Command:
    """Add ``--engine`` for one or a few cases; the command gets ``engine``."""
    return click.option(
        "--engine",
        type=click.Choice(["experta", "reference"]),
        default="experta",
        help="Engine that runs the rules; both give the same answers.",
    )(command)


def reveal_option(command: Command) -> Command:
    """Add ``--reveal``; the command gets ``reveal``."""
    text = "Write phone and account numbers in full instead of masked."
    return click.option("--reveal", is_flag=True, help=text)(command)


def map_option(command: Command) -> Command:
    """Add ``--map``; the command gets ``column_map``, a path or none."""
    return click.option(
        "--map",
        "column_map",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="For CSV: what its columns mean (see --map-new of batch).",
    )(command)


def load(settings: Settings, lang: str, engine: str = "experta") -> Simdiag:
    """Load the knowledge base with one language beside English.

    Raises:
        InvalidInput: The package has errors.
        UsageError: There is no such package.
    """
    from simdiag.api import Simdiag
    from simdiag.errors import UsageError

    if settings.rules and not (settings.rules / "package.yaml").is_file():
        raise UsageError(f"there is no knowledge package in {settings.rules}: no package.yaml")
    return Simdiag.load(settings.rules, [lang], engine)


def read_facts(
    diag: Simdiag, path: str, as_of: Interval | None, column_map: Path | None = None
) -> list[Case]:
    """Read one or a few cases from a file, or from the standard input (YAML) for ``-``.

    Cases that state no moment are judged for now, which is then said on standard error.

    Raises:
        InvalidInput: With everything that is wrong in them.
        UsageError: The file cannot be read.
    """
    now = clock()
    ((name, data),) = sources([path]).items()
    cases = diag.cases(name, diag.reader(as_of, now), data=data, column_map=column_map)
    if as_of is None and any(case.as_of == now for case in cases):
        tell_now(now)
    return cases


def sources(paths: Sequence[str]) -> dict[str, bytes | None]:
    """Give the inputs by name; those from the standard input with their bytes.

    Raises:
        UsageError: The standard input is named more than once, or is a keyboard.
    """
    from simdiag.errors import UsageError

    found: dict[str, bytes | None] = {}
    for path in paths:
        name = "<stdin>" if path == STDIN else path
        if name in found:
            raise UsageError(f"the input {path} is named twice")
        found[name] = sys.stdin.buffer.read() if path == STDIN else None
    return found


def clock() -> Interval:
    """Read the clock, to the minute: the one place that does."""
    from simdiag.model.values import exactly

    return exactly(int(time.time()) // _MINUTE * _MINUTE)


def tell_now(now: Interval) -> None:
    """Say for which moment cases are judged that state none."""
    from simdiag.loading.scalars import write_value
    from simdiag.model.values import Kind, SlotType

    moment = write_value(now, SlotType(Kind.DATETIME))
    note(f"as of {moment} (the facts name no moment; set one with --as-of or `as_of:`)")


def put(text: str, target: str = STDIN) -> None:
    """Write a result to a file, beside it first and renamed then, or to standard output for ``-``.

    Raises:
        OSError: It cannot be written.
    """
    if target == STDIN:
        click.echo(text, nl=not text.endswith("\n"))
        return
    from simdiag.api import written_file

    with written_file(Path(target)) as file:
        file.write(text)


def say(text: str) -> None:
    """Tell the person something on standard error, with the name of the tool before it."""
    note(f"simdiag: {text}")


def note(text: str) -> None:
    """Tell the person something on standard error."""
    click.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Make control characters visible, so that no input can steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t\u00a0" else ascii(c)[1:-1] for c in text)

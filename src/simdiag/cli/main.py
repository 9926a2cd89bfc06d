"""The command ``simdiag``: finds the commands, and turns what goes wrong into messages and codes.

Nothing heavy is imported here: a command is imported when it is asked for.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import click

import simdiag
from simdiag.cli.common import Settings, printable, say

if TYPE_CHECKING:
    from simdiag.errors import InvalidInput

DONE, FOUND, USAGE, INVALID = 0, 1, 2, 3
FAILED, NOT_WRITTEN, INTERRUPTED = 70, 74, 130
_SIGNALLED: Final = 128
# Most of what a run makes lives until its end, so looking for garbage often is wasted work.
_GARBAGE_AFTER: Final = 1_000_000
_DEBUG: Final = "SIMDIAG_DEBUG"


class Entry(NamedTuple):
    """Where a command is, and what it does in one line."""

    place: str
    does: str


COMMANDS: Final[Mapping[str, Entry]] = {
    "consult": Entry("simdiag.cli.consult:consult", "Answer questions, get the next steps."),
    "diagnose": Entry("simdiag.cli.diagnose:diagnose", "Say what is wrong in one or a few cases."),
    "batch": Entry("simdiag.cli.batch:batch", "Assess many cases, write one result for each."),
    "report": Entry("simdiag.cli.report:report", "Make a page or a text from results or facts."),
    "explain": Entry("simdiag.cli.explain:explain", "Show the reasoning as a tree."),
    "selfcheck": Entry("simdiag.cli.selfcheck:selfcheck", "Compare the engines on random cases."),
    "calibrate": Entry("simdiag.cli.calibrate:calibrate", "Learn how often answers are given."),
    "rules": Entry("simdiag.cli.rules:rules", "Check, test and list the rules (for authors)."),
}

EPILOG: Final = """\b
Exit codes: 0 done; 1 done, and something was found on which the caller asked to fail;
2 wrong usage; 3 bad input, each problem printed with file, line and column.
70 a failure inside, 74 an output that cannot be written, 130 interrupted."""


class OutputClosed(Exception):  # noqa: N818 - nothing is wrong
    """Whoever read the output has had enough; click itself would leave with 1, which means more."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, never for ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the names, in the order in which a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; none if there is none of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)  # noqa: S101 - the table above is ours
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed, or suggest the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from simdiag.errors import UsageError, did_you_mean

            raise UsageError(f"there is no command `{args[0]}`; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was typed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.does) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(simdiag.__version__, prog_name="simdiag")
@click.option(
    "--rules",
    "rules",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Another knowledge package than the one that comes with simdiag.",
)
@click.pass_context
def cli(ctx: click.Context, rules: Path | None) -> None:
    """Find out why a SIM top-up failed or a phone bill looks wrong, and what to do next.

    Everything runs on this computer: nothing is sent anywhere.
    """
    ctx.obj = Settings(rules)
    if ctx.invoked_subcommand is None:
        from simdiag.i18n import Messages, languages

        click.echo("\n\n".join(Messages(lang).get("cli.start") for lang in languages()))


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    code = run(args)
    gc.freeze()  # the system takes back everything at once; looking through it takes longer
    sys.exit(code)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: The words after ``simdiag``; those of the process if not given.

    Returns:
        The exit code; see :data:`EPILOG`. No exception leaves this function but ``SystemExit`` of a
        signal.
    """
    _prepare()
    try:
        code = cli.main(args, prog_name="simdiag", standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:  # the one place that keeps tracebacks from people
        if os.environ.get(_DEBUG):
            raise
        return _explain(error)
    except KeyboardInterrupt:
        say("interrupted; nothing half-written is left")
        return INTERRUPTED
    return code if isinstance(code, int) else DONE


def _prepare() -> None:
    """Set up the process: UTF-8 outside, few collections, an end on request that cleans up."""
    gc.set_threshold(_GARBAGE_AFTER, 50, 50)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure and (stream.encoding or "").lower().replace("-", "") != "utf8":
            reconfigure(encoding="utf-8")
        if reconfigure:
            reconfigure(errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        try:
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _stop)
        except ValueError:
            return  # not the main thread: whoever embeds the command minds the signals


def _stop(number: int, _: FrameType | None) -> NoReturn:
    """Leave on a signal the way an exception does, so that half-written files are removed."""
    raise SystemExit(_SIGNALLED + number)


def _explain(error: Exception) -> int:
    """Say what went wrong and what to do, and give the exit code for it."""
    from simdiag.errors import EngineFailure, InvalidInput, UsageError

    match error:
        case InvalidInput():
            return _list_problems(error)
        case UsageError():
            say(str(error).strip().rstrip(";"))
            return USAGE
        case click.Abort():
            say("interrupted; nothing half-written is left")
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return USAGE
        case EngineFailure():
            say(f"{error}; try the other engine: --engine reference")
            return FAILED
        case OutputClosed() | BrokenPipeError():
            _forget_output()
            return DONE
        case OSError():
            return _not_written(error)
    kind, text = type(error).__name__, str(error) or "no message"
    say(f"a failure inside simdiag ({kind}: {text}); please report it with the command typed")
    return FAILED


def _list_problems(error: InvalidInput) -> int:
    for problem in error.problems:
        click.echo(printable(str(problem)), err=True)
    number = len(error.problems)
    say(f"{number} problem{'s' if number > 1 else ''} found; nothing was written")
    return INVALID


def _not_written(error: OSError) -> int:
    place = f" {error.filename}" if error.filename else ""
    say(f"cannot read or write{place}: {error.strerror or error}")
    _forget_output()
    return NOT_WRITTEN


def _forget_output() -> None:
    """Throw away what Python would still try to write at its end."""
    with suppress(OSError, ValueError, AttributeError):  # not a real file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

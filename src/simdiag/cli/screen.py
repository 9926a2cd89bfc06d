"""A terminal, or a pipe, as a dialogue needs it: lines that fit, and one line of answer at a time.

Everything is printed in the order in which it is to be read; nothing is drawn over, so that a
screen reader and a file see the same.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Final

import click

WIDEST: Final = 78
NARROWEST: Final = 30


class EndOfInput(Exception):  # noqa: N818 - the end of input is no error
    """There is nothing more to read."""


class Screen:
    """Prints paragraphs and reads answers.

    Attributes:
        width: Columns of a line.
        terminal: Whether somebody sits at a keyboard; if not, answers are printed after the prompt,
            so that what comes out can be read as a conversation.
    """

    def __init__(self) -> None:
        """Look at where input comes from and output goes to."""
        self.width = max(NARROWEST, min(WIDEST, _columns()))
        self.terminal = sys.stdin.isatty()
        self._styled = sys.stdout.isatty() and not (
            os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        )
        reconfigure = getattr(sys.stdin, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
        if self.terminal:
            _edit_lines()

    def say(self, text: str = "", first: str = "", *, strong: bool = False) -> None:
        """Print a paragraph.

        Args:
            text: One paragraph; empty for an empty line.
            first: Stands before its first line, the others are set in as far.
            strong: Whether it stands out, if the terminal can do that.
        """
        from simdiag.cli.common import printable
        from simdiag.reporting.wrap import wrap

        lines = printable(_spaced(wrap(text, self.width, first))) if text else ""
        click.echo(click.style(lines, bold=True) if strong and self._styled else lines)

    def put(self, text: str) -> None:
        """Print a text that is broken into lines already."""
        from simdiag.cli.common import printable

        click.echo(printable(_spaced(text)), nl=not text.endswith("\n"))

    def read(self, prompt: str, *, reveal: bool, offers: Sequence[str] = ()) -> str:
        """Read one line.

        Args:
            prompt: Stands before it.
            reveal: Whether numbers in an answer from a pipe are repeated in full.
            offers: Texts that the arrow keys bring into the line, the first one first.

        Raises:
            EndOfInput: There is none.
        """
        if self.terminal:
            _offer(offers)
            return self._typed(prompt)
        click.echo(prompt, nl=False)
        line = sys.stdin.readline()
        if not line:
            click.echo()
            raise EndOfInput
        typed = line.rstrip("\r\n").lstrip("\ufeff")
        self.put(typed if reveal else _masked(typed))
        return typed

    def _typed(self, prompt: str) -> str:
        sys.stdout.flush()
        try:
            return input(prompt)
        except EOFError:
            click.echo()
            raise EndOfInput from None


def _spaced(text: str) -> str:
    """Make spaces at which no line may break plain ones, now that the lines are broken."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _columns() -> int:
    """Give the columns of the terminal; what goes into a file is the same everywhere."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size((WIDEST, 24)).columns
    return WIDEST


def _masked(text: str) -> str:
    from simdiag.reasoning.serialise import mask_text

    return mask_text(text)


def _offer(texts: Sequence[str]) -> None:
    """Let "up" bring the first text into the line, "up" again the next, and "down" go back."""
    try:
        import readline
    except ImportError:
        return
    readline.clear_history()
    for text in reversed(texts):
        readline.add_history(_spaced(text))


def _edit_lines() -> None:
    """Let arrow keys work while typing, where the system can do that."""
    try:
        import readline  # noqa: F401 - importing it is all that it takes
    except ImportError:
        return

"""Problems found in input, and the exceptions that carry them.

Reading never stops at the first problem: a :class:`Problems` collector gathers them, and one
exception carries all of them to the caller.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simdiag.spans import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        span: Where it stands.
        code: A stable short name of the kind of problem, such as ``unknown-slot``.
        message: What was found, as a short lower-case sentence without a full stop.
        help: What was expected, or what to do; may be empty.
        level: ``error`` (nothing may be used) or ``warning``.
    """

    span: Span
    code: str
    message: str
    help: str = ""
    level: str = "error"

    def __str__(self) -> str:
        """Give ``file:line:column: level[code] message`` and the help on a line of its own."""
        text = f"{self.span}: {self.level}[{self.code}] {self.message}"
        return f"{text}\n    help: {self.help}" if self.help else text

    @property
    def sort_key(self) -> tuple[Span, str, str]:
        """Order by place, code and message, so that output never depends on search order."""
        return (self.span, self.code, self.message)


class SimdiagError(Exception):
    """Base of all errors that simdiag raises on purpose."""


class UsageError(SimdiagError):
    """The caller asked for something that does not exist or does not fit (exit code 2)."""


class InvalidInput(SimdiagError):  # noqa: N818 - reads as the sentence that it stands for
    """A knowledge base or a facts file holds errors (exit code 3).

    Attributes:
        problems: All of them, in the order of their places.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems sorted by place."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.sort_key))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EngineFailure(SimdiagError):  # noqa: N818 - reads as the sentence that it stands for
    """An engine could not finish one case; other cases are not affected."""


class NotYet(SimdiagError):  # noqa: N818 - reads as the sentence that it stands for
    """An engine lacks something that a rule needs; the text names it."""


# Longer words are not compared with known ones.
_LONGEST_WORD = 80


class Problems:
    """Collects problems while reading goes on."""

    def __init__(self) -> None:
        """Start empty."""
        self._found: list[Problem] = []

    def add(self, span: Span, code: str, message: str, help_text: str = "") -> None:
        """Note an error."""
        self._found.append(Problem(span, code, message, help_text))

    def warn(self, span: Span, code: str, message: str, help_text: str = "") -> None:
        """Note a warning, which does not stop the input from being used."""
        self._found.append(Problem(span, code, message, help_text, "warning"))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over problems that were found elsewhere."""
        self._found.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        """Iterate in the order of places, each problem once."""
        return iter(sorted(set(self._found), key=lambda problem: problem.sort_key))

    def __len__(self) -> int:
        """Count what was noted so far, warnings included."""
        return len(self._found)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid using the input."""
        return tuple(problem for problem in self if problem.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self if problem.level == "warning")

    def raise_if_any(self) -> None:
        """Raise :class:`InvalidInput` with all errors, if there are any."""
        if self.errors:
            raise InvalidInput(self.errors)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word.

    Args:
        word: What was written.
        known: What would have been right.

    Returns:
        ``did you mean `x`?``; or the list of known words if it is short; or an empty text.
    """
    choices = sorted(set(known))
    # A word of megabytes is no slip of the fingers, and comparing it takes forty times its memory.
    short = len(word) <= _LONGEST_WORD
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6) if short else []
    if near:
        return f"did you mean `{near[0]}`?"
    few = 14
    if choices and len(choices) <= few:
        return "expected one of " + ", ".join(f"`{choice}`" for choice in choices)
    return ""

"""Cases as they come out of an input, each with its own problems and what stood there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from simdiag.errors import Problem, Problems
from simdiag.loading.cases import CaseInput
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import Node, Scalar, shorten
from simdiag.model.cases import Case
from simdiag.spans import Span

Original: TypeAlias = Node | Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One case of an input, or what stands in the place of one.

    Attributes:
        id: Its id, or file name and ordinal; empty for problems of a file as a whole.
        span: Where it stands.
        case: The case; none if it has errors.
        problems: What is wrong with it, warnings included, in the order of places.
        original: What stood in the input.
    """

    id: str
    span: Span
    case: Case | None
    problems: tuple[Problem, ...] = ()
    original: Original = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid using it."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def entry_of(found: CaseInput, original: Original, more: Iterable[Problem] = ()) -> Entry:
    """Make an entry of a case that was read, and of what else is wrong with it."""
    problems = Problems()
    problems.extend(found.problems)
    problems.extend(more)
    case = None if problems.errors else found.case
    return Entry(found.id, found.span, case, tuple(problems), original)


def file_entry(span: Span, problems: Iterable[Problem], original: Original = None) -> Entry:
    """Make the entry that stands for problems of a file as a whole."""
    return Entry("", span, None, tuple(problems), original)


def refuse_repeated(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Pass entries on; one whose id was there before becomes one that cannot be used."""
    first: dict[str, Span] = {}
    for entry in entries:
        if not entry.id:
            yield entry
            continue
        if entry.id not in first:
            first[entry.id] = entry.span
            yield entry
            continue
        known = first[entry.id]
        problem = Problem(
            entry.span,
            "duplicate-id",
            f"the case `{shorten(entry.id)}` is there twice",
            f"the first one is in {known.file}, line {known.line}; give each case its own `case`",
        )
        problems = (*entry.problems, problem)
        yield Entry(entry.id, entry.span, None, problems, entry.original)


def plain(original: Original) -> object:
    """Give what stood in an input in a form that JSON can hold; scalars stay the written text."""
    if original is None or isinstance(original, str):
        return original
    if isinstance(original, Scalar):
        return None if original.null else original.text
    if isinstance(original, MappingNode):
        return {key.text: plain(value) for key, value in original.pairs}
    if isinstance(original, Mapping):
        return dict(original)
    return [plain(item) for item in original.items]

"""YAML, JSON and NDJSON to cases; what is wrong with one of them leaves the others alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import PurePath

from simdiag.errors import Problem, Problems
from simdiag.intake.entries import Entry, entry_of, file_entry
from simdiag.loading.cases import FactReader, case_nodes
from simdiag.loading.jsontext import parse_json
from simdiag.loading.tree import Node, decode
from simdiag.spans import Span

LINED = frozenset({".ndjson", ".jsonl"})

# These are noticed by the parser, but they belong to the case in which they stand.
_INSIDE = frozenset({"alias", "duplicate-key", "key", "tag"})


def read_documents(data: bytes, file: str, reader: FactReader) -> Iterator[Entry]:
    """Read the cases of a YAML or JSON file.

    Args:
        data: The bytes of the file.
        file: Its name; without a suffix it is taken for YAML.
        reader: Reads the facts.
    """
    problems = Problems()
    text = decode(data, file, problems)
    path = PurePath(file)
    found: list[tuple[Node, int]] = []
    if text is not None:
        found.extend(case_nodes(text, file, path.suffix.lower(), problems))
    if not found and not problems.errors:
        problems.add(Span(file), "empty", "there is no case in the file")
    nodes = [node for node, _ in found]
    whole, inside = _share_out(problems, nodes)
    if whole:
        yield file_entry(whole[0].span, whole)
    for (node, number), more in zip(found, inside, strict=True):
        yield entry_of(reader.case(node, f"{path.stem}-{number}"), node, more)


def _share_out(
    problems: Problems, nodes: list[Node]
) -> tuple[list[Problem], tuple[list[Problem], ...]]:
    """Share out what the parser noticed: to the file as a whole, and to each case."""
    starts = [(node.span.line, node.span.column) for node in nodes]
    whole: list[Problem] = []
    inside: tuple[list[Problem], ...] = tuple([] for _ in nodes)
    for problem in problems:
        index = bisect_right(starts, (problem.span.line, problem.span.column)) - 1
        if problem.code in _INSIDE and index >= 0:
            inside[index].append(problem)
        else:
            whole.append(problem)
    return whole, inside


def read_lines(data: bytes, file: str, reader: FactReader) -> Iterator[Entry]:
    """Read the cases of an NDJSON file, one on each line; a line that is no JSON is one entry."""
    number = 0
    stem = PurePath(file).stem
    for line_number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            number += 1
            yield _line(line.rstrip(b"\r"), file, line_number, f"{stem}-{number}", reader)
    if not number:
        problem = Problem(Span(file), "empty", "there is no case in the file")
        yield file_entry(problem.span, [problem])


def _line(line: bytes, file: str, number: int, default_id: str, reader: FactReader) -> Entry:
    problems = Problems()
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        span = Span(file, number, error.start + 1)
        what = f"byte 0x{line[error.start]:02x} is not UTF-8"
        problem = Problem(span, "encoding", what, "save the file as UTF-8")
        return Entry(default_id, span, None, (problem,), line.decode(errors="replace"))
    node = parse_json(text, file, problems, number)
    if node is None:
        return Entry(default_id, Span(file, number), None, tuple(problems), text)
    return entry_of(reader.case(node, default_id), node, problems)

"""Files of results: JSON lines and CSV out, JSON lines back in, and the file of rejects.

A file is written beside its place and renamed when it is complete, so that a run that is stopped
leaves neither half a file nor harm to the one that was there.
"""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias

from simdiag.errors import Problem, Problems
from simdiag.model.assessment import State
from simdiag.spans import Span

Json: TypeAlias = dict[str, Any]

COLUMNS: Final = (
    "case",
    "first_cause",
    "state",
    "range",
    "first_action",
    "not_before",
    "not_after",
    "vetoes",
    "missing",
)
_PROBABLE: Final = frozenset({"established", "suggested"})
_STATES: Final = frozenset(state.word for state in State)
# What a page reads of each entry, and of what type it is.
_SHAPES: Final[Mapping[str, Mapping[str, type]]] = {
    "diagnoses": {"id": str, "state": str, "possible": list, "because": list, "about": list},
    "actions": {"id": str, "status": str, "for": list, "args": dict},
    "vetoes": {"id": str, "status": str},
    "conflicts": {"rule": str},
    "missing": {"slot": str},
    "warnings": {},
}


@contextmanager
def written_file(path: Path) -> Iterator[IO[str]]:
    """Open a text file for writing; it takes its place when the block ends without an error.

    A device or pipe is written directly.

    Raises:
        OSError: It cannot be written. Nothing is left then.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    place = path.resolve()  # a link stays a link to what is written
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        file = beside.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with file:
            yield file
        if place.exists():
            beside.chmod(place.stat().st_mode & 0o777)
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


# Results out ----------------------------------------------------------------------------------


class Writer(Protocol):
    """Writes results one after the other."""

    def write(self, result: Json) -> None:
        """Write one result."""


class JsonLines:
    """One result a line."""

    def __init__(self, file: IO[str]) -> None:
        """Take the file."""
        self.file = file

    def write(self, result: Json) -> None:
        """Write one result."""
        self.file.write(json.dumps(result, ensure_ascii=False) + "\n")


class Csv:
    """One row a result, with the columns of :data:`COLUMNS` and those that were passed through."""

    def __init__(self, file: IO[str], passed: Sequence[str] = ()) -> None:
        """Write the header.

        Args:
            file: Where to write.
            passed: Names of the columns that are passed through.
        """
        self.passed = tuple(passed)
        self.writer = csv.writer(file, lineterminator="\n")
        shown = [f"{name} (input)" if name in COLUMNS else name for name in self.passed]
        self.writer.writerow([*COLUMNS, *shown])

    def write(self, result: Json) -> None:
        """Write one result."""
        passed = result.get("passed_through", {})
        row = summary_row(result)
        self.writer.writerow([*row.values(), *(passed.get(name, "") for name in self.passed)])


def summary_row(result: Json) -> dict[str, str]:
    """Sum up a result in the columns of :data:`COLUMNS`; what there is not is empty."""
    first = first_cause(result)
    action: Json = next((a for a in result["actions"] if a["status"] == "recommended"), {})
    vetoes = [veto["id"] for veto in result["vetoes"] if veto["status"] == "holds"]
    values = (
        result["case"],
        first.get("id", ""),
        first.get("state", ""),
        "..".join(first.get("possible", ())),
        action.get("id", ""),
        action.get("not_before") or "",
        action.get("not_after") or "",
        "; ".join(vetoes),
        "; ".join(dict.fromkeys(missing["slot"] for missing in result["missing"])),
    )
    return dict(zip(COLUMNS, values, strict=True))


def first_cause(result: Json) -> Json:
    """Give the first diagnosis of a result if it is at least suggested, else nothing."""
    first: Json = result["diagnoses"][0] if result["diagnoses"] else {}
    return first if first.get("state") in _PROBABLE else {}


# Rejects --------------------------------------------------------------------------------------


def reject(case: str, span: Span, problems: Iterable[Problem], original: object) -> Json:
    """Give the record of an entry that could not be used: where, why, and what stood there."""
    return {
        "file": span.file,
        "line": span.line,
        "case": case,
        "reasons": [
            {"code": each.code, "place": str(each.span), "text": each.message, "help": each.help}
            for each in problems
        ],
        "original": original,
    }


# Results in -----------------------------------------------------------------------------------


def looks_like_results(data: bytes) -> bool:
    """Say whether a file holds results rather than facts."""
    head = data[:100_000].lstrip(b"\xef\xbb\xbf \t\r\n[")
    return head.startswith(b"{") and b'"diagnoses"' in head and b'"knowledge"' in head


def read_results(data: bytes, file: str, problems: Problems) -> list[Json]:
    """Read results back: JSON lines, one JSON object, or a JSON list of them.

    Args:
        data: The bytes of the file.
        file: Its name, for messages.
        problems: Takes everything that is no result.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.add(Span(file, line), "encoding", "the file is not UTF-8", "make it again")
        return []
    found = []
    for line, value in _values(text, file, problems):
        wrong = _wrong_shape(value)
        if wrong:
            advice = "results come from simdiag batch, or from diagnose --format json"
            problems.add(Span(file, line), "form", f"this is no result: {wrong}", advice)
        else:
            found.append(value)
    return found


def _values(text: str, file: str, problems: Problems) -> Iterator[tuple[int, Any]]:
    """Iterate over the JSON values of a text with their lines."""
    lines = text.split("\n")
    if text.lstrip()[:1] == "[" or (len(lines) > 1 and lines[0].strip() == "{"):
        value = _loaded(text, file, 1, problems)
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            yield 1, item
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _loaded(line, file, number, problems)
            if value is not None:
                yield number, value


def _loaded(text: str, file: str, line: int, problems: Problems) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        span = Span(file, line + error.lineno - 1, error.colno)
        problems.add(span, "syntax", f"not valid JSON: {error.msg}", "make the results again")
    except RecursionError:
        problems.add(Span(file, line), "too-deep", "nested too deeply for a result")
    return None


def _wrong_shape(value: object) -> str:
    """Say what keeps a value from being a result; nothing if it is one."""
    if not isinstance(value, dict):
        return "it is no JSON object"
    for key in ("case", "as_of"):
        if not isinstance(value.get(key), str):
            return f"`{key}` must be a text"
    knowledge = value.get("knowledge")
    if not isinstance(knowledge, dict) or not isinstance(knowledge.get("hash"), str):
        return "`knowledge` must say with which rules it was made"
    for key, shape in _SHAPES.items():
        entries = value.get(key)
        if not isinstance(entries, list):
            return f"`{key}` must be a list"
        for entry in entries:
            wrong = _wrong_entry(entry, shape)
            if wrong:
                return f"in `{key}`, {wrong}"
    return _wrong_states(value)


def _wrong_entry(entry: object, shape: Mapping[str, type]) -> str:
    if not isinstance(entry, dict):
        return "an entry is no JSON object"
    for key, kind in shape.items():
        if not isinstance(entry.get(key), kind):
            return f"`{key}` is missing or of another type"
    return ""


def _wrong_states(result: Json) -> str:
    for diagnosis in result["diagnoses"]:
        states = [diagnosis["state"], *diagnosis["possible"]]
        if len(states) != 3 or any(state not in _STATES for state in states):  # noqa: PLR2004
            return f"the states of `{diagnosis['id']}` are unknown words"
    return ""


def remove_old(path: Path) -> None:
    """Remove the file of an earlier run, which would be wrong now; devices are left alone."""
    if path.is_file():
        path.unlink()

"""CSV text to rows of cells with their places: separators, byte order marks and Excel's habits."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simdiag.errors import Problem, Problems
from simdiag.loading.tree import shorten
from simdiag.spans import Span

DELIMITERS: Final = (",", ";", "\t", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FIELD_LIMIT: Final = 1_000_000
# Excel writes its separator into the first line and reads it from there.
_EXCEL_HINT: Final = "sep="


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        line: Line of the file in which it begins.
        number: Its ordinal among the rows below the header, from 1.
        cells: Column to text, in the order of columns.
        problems: What is wrong with the row as a whole.
        raw: Its text, if there is something wrong with it.
    """

    line: int
    number: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    raw: str = ""

    @property
    def original(self) -> dict[str, str]:
        """What stood in the file."""
        return {"row": self.raw} if self.problems else dict(self.cells)


@dataclass(slots=True)
class Table:
    """A table that was read.

    Attributes:
        file: Its name.
        columns: Names of the columns, in order.
        rows: Rows that hold anything.
        problems: What is wrong with the table as a whole.
        header_line: Line of the column names.
    """

    file: str
    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    header_line: int = 1

    def span(self, line: int, column: str = "") -> Span:
        """Give the place of a cell; the column is its ordinal, beside its name."""
        if not column:
            return Span(self.file, line)
        return Span(self.file, line, self.columns.index(column) + 1, shorten(column))

    def header(self, column: str) -> Span:
        """Give the place of a column name."""
        return self.span(self.header_line, column)


def read_table(data: bytes, file: str, encoding: str = "") -> Table:
    """Read a CSV file.

    Args:
        data: Its bytes.
        file: Its name, for messages.
        encoding: How its characters are written; UTF-8, or by its byte order mark, if not given.

    Returns:
        The table, with everything that is wrong with it.
    """
    table = Table(file)
    text = _decode(data, table, encoding)
    if text is None:
        return table
    rows = _Rows(text, table)
    header = next(rows, None)
    if header is None:
        table.problems.add(Span(file), "empty", "the table is empty", "it needs a row of names")
        return table
    table.header_line, names = header
    _name_columns(table, names)
    if table.problems.errors:
        return table
    for line, cells in rows:
        if any(cell.strip() for cell in cells) or rows.broken:
            table.rows.append(_row(table, line, cells, rows))
    return table


def _decode(data: bytes, table: Table, encoding: str) -> str | None:
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    name = marked or encoding or "utf-8"
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        table.problems.add(
            Span(table.file, line, error.start - (before.rfind(b"\n") + 1) + 1),
            "encoding",
            f"byte 0x{data[error.start]:02x} is not {name.upper()}",
            "save the table as UTF-8, or say in a map how it is written, as `encoding: cp1252`",
        )
        return None


class _Rows(Iterator[tuple[int, list[str]]]):
    """Iterates over line and cells; ``broken`` tells why the last row could not be read."""

    def __init__(self, text: str, table: Table) -> None:
        self.table = table
        self.broken = ""
        header = text.split("\n", 1)[0].strip()
        self.skipped = 0
        delimiter = _delimiter(header)
        first = header.strip('"')
        if first.lower().startswith(_EXCEL_HINT) and len(first) == len(_EXCEL_HINT) + 1:
            delimiter = first[-1]
            text = text.split("\n", 1)[1] if "\n" in text else ""
            self.skipped = 1
        csv.field_size_limit(_FIELD_LIMIT)
        self.lines = text.split("\n")
        self.reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    def text_from(self, line: int) -> str:
        """Give the text of the row that was read last and began in a line."""
        first = line - self.skipped - 1
        return "\n".join(self.lines[first : self.reader.line_num]).rstrip("\r")

    def __next__(self) -> tuple[int, list[str]]:
        line = self.reader.line_num + self.skipped + 1
        self.broken = ""
        try:
            return line, next(self.reader)
        except csv.Error as error:
            self.broken = str(error)
            return line, []


def _delimiter(header: str) -> str:
    """Choose the separator that is most frequent in the header, outside quotation marks."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _name_columns(table: Table, names: Sequence[str]) -> None:
    columns: list[str] = []
    for number, name in enumerate(names, 1):
        column = " ".join(name.split())
        if column in columns:
            span = Span(table.file, table.header_line, number, shorten(column))
            first = columns.index(column) + 1
            table.problems.add(
                span,
                "duplicate-column",
                f"the column `{shorten(column)}` is there twice",
                f"the first one is column {first}; give one of them another name",
            )
        columns.append(column or f"column {number}")
    table.columns = tuple(columns)


def _row(table: Table, line: int, cells: Sequence[str], rows: _Rows) -> Row:
    problems = Problems()
    span = Span(table.file, line)
    wanted = len(table.columns)
    if rows.broken:
        problems.add(span, "syntax", f"not valid CSV: {rows.broken}", "check the quotation marks")
    elif len(cells) != wanted and (len(cells) < wanted or any(cells[wanted:])):
        problems.add(
            span,
            "cells",
            f"the row has {len(cells)} cells, the table has {wanted} columns",
            "check separators and quotation marks",
        )
    filled = dict(zip(table.columns, cells, strict=False))
    raw = rows.text_from(line) if problems.errors else ""
    return Row(line, len(table.rows) + 1, filled, tuple(problems), raw)

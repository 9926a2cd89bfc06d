"""CSV files to cases: one row a case, or one file for each template with a ``case`` column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from simdiag.errors import Problem
from simdiag.intake.binding import Binding, bind
from simdiag.intake.cells import CellReader
from simdiag.intake.columnmap import ColumnMap
from simdiag.intake.drafts import Draft
from simdiag.intake.entries import Entry, file_entry
from simdiag.intake.tables import Row, Table
from simdiag.loading.cases import FactReader
from simdiag.loading.tree import shorten

# A sheet of this name holds one row for each case beside the sheets of the templates.
CASE_SHEETS = frozenset({"case", "cases"})


def template_of(table: Table, column_map: ColumnMap, reader: FactReader) -> str:
    """Give the template of whose facts a table is the sheet; empty if its rows are cases.

    A sheet has the name of its template, a ``case`` column, and no slots of other templates.
    """
    stem = PurePath(table.file).stem
    if stem not in reader.templates:
        return ""
    mapped = {target for targets in column_map.columns.values() for target in targets}
    has_case = any(
        name.casefold() == "case"
        or any(target.template == "case" for target in column_map.columns.get(name, ()))
        for name in table.columns
    )
    slots = [name for name in table.columns if "." in name and name not in column_map.columns]
    others = [name for name in slots if name.partition(".")[0] not in {stem, ""}]
    others += [str(t) for t in mapped if t.slot and t.template != stem]
    return stem if has_case and not others else ""


def read_rows(table: Table, column_map: ColumnMap, reader: FactReader) -> Iterator[Entry]:
    """Read a table with one row for each case; its lists are open."""
    binding = bind(table, column_map, reader)
    if not binding.slots and not table.problems.errors and table.columns:
        table.problems.add(
            table.header(table.columns[0]),
            "no-columns",
            "none of the columns is a slot such as `line.brand`",
            f"say in a map what they mean: simdiag batch --map-new {table.file} > map.yaml",
        )
    if table.problems.errors:
        yield _whole(table)
        return
    if not table.rows:
        empty = Problem(table.span(table.header_line), "empty", "there is no row in the table")
        yield file_entry(empty.span, [empty])
    cells = CellReader(reader, column_map)
    for row in table.rows:
        draft = Draft(f"{PurePath(table.file).stem}-{row.number}", table.span(row.line))
        draft.original.update(row.original)
        draft.add(table, row, binding, cells)
        yield draft.entry(reader, column_map.always)


def _whole(table: Table) -> Entry:
    problems = tuple(table.problems)
    return file_entry(problems[0].span, problems)


class Sheets:
    """The sheets of templates that make up cases together; lists with rows are closed.

    A case without a row in a sheet has an open list there: that nobody wrote a row is no proof that
    there is no such fact. ``none`` in a column of the case sheet named as the template says so.
    """

    def __init__(self, column_map: ColumnMap, reader: FactReader) -> None:
        """Start without sheets."""
        self.map = column_map
        self.reader = reader
        self.cells = CellReader(reader, column_map)
        self.drafts: dict[str, Draft] = {}
        self.lost: list[Entry] = []
        self.unread = False

    def entries(self, tables: Sequence[tuple[Table, str]]) -> Iterator[Entry]:
        """Read the cases.

        Args:
            tables: Each table with its template; none for the sheet of cases, which then gives the
                order. Without it cases come in the order in which they are first named.
        """
        for table, template in sorted(tables, key=lambda pair: bool(pair[1])):
            self._read(table, template)
        yield from self.lost
        if not self.lost and not self.drafts:
            table = tables[0][0]
            span = table.span(table.header_line)
            yield file_entry(span, [Problem(span, "empty", "there is no row in the table")])
        if self.unread:
            return  # without a sheet the cases are not those that somebody wrote down
        for draft in self.drafts.values():
            yield draft.entry(self.reader, self.map.always)

    def _read(self, table: Table, template: str) -> None:
        binding = bind(table, self.map, self.reader, template)
        column = binding.column_of("case")
        if column is None and not table.problems.errors:
            table.problems.add(table.span(table.header_line), "no-columns", "no column is `case`")
        if table.problems.errors or column is None:
            self.lost.append(_whole(table))
            self.unread = True
            return
        for row in table.rows:
            self._row(table, row, template, binding, column)

    def _row(self, table: Table, row: Row, template: str, binding: Binding, column: str) -> None:
        name = row.cells.get(column, "").strip()
        span = table.span(row.line, column)
        if not name:
            problem = Problem(span, "missing-key", "the row does not say to which case it belongs")
            self.lost.append(file_entry(span, (*row.problems, problem), row.original))
            return
        draft = self.drafts.get(name)
        if draft is None:
            draft = self.drafts[name] = Draft(name, table.span(row.line))
        elif not template:
            found = f"the case `{shorten(name)}` is there twice"
            draft.problems.add(span, "duplicate-id", found, "keep one row for each case")
        begun = draft.add(table, row, binding, self.cells)
        if template:
            draft.closed.add(template)
            if not begun:
                draft.facts.setdefault(template, []).append((table.span(row.line), {}))
            draft.original.setdefault(template, []).append(row.original)
        else:
            draft.original.update(row.original)

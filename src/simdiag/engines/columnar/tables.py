"""The facts of many cases as tables, and the combinations of facts that conditions are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simdiag.engines.columnar.columns import Column, Index, Mask, Pool, Truths
from simdiag.model.cases import VIRTUAL
from simdiag.model.knowledge import CASE

NO_INDEX: Index = np.zeros(0, np.int64)


@dataclass(slots=True)
class Table:
    """The facts of one template in all cases, case after case, the unseen one last in each.

    Attributes:
        template: Its name.
        count: Number of cases; 0 for reference rows, which all cases share.
        case: For each row its case.
        number: For each row its place among the facts of the case, or ``VIRTUAL``.
        exists: Whether each row exists.
        columns: What the slots and findings hold.
        start: For each case its first row, and the end.
    """

    template: str
    count: int
    case: Index
    number: Index
    exists: Truths
    columns: dict[str, Column] = field(default_factory=dict)
    start: Index = field(default_factory=lambda: NO_INDEX)
    shared: bool = False

    def __post_init__(self) -> None:
        """Find the first row of each case."""
        self.start = np.searchsorted(self.case, np.arange(self.count + 1)).astype(np.int64)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.number)

    @property
    def unseen(self) -> Mask:
        """Say which rows stand for unseen facts."""
        return self.number == VIRTUAL

    def keep(self, kept: Mask) -> None:
        """Drop rows."""
        places = np.flatnonzero(kept)
        self.case, self.number = self.case[places], self.number[places]
        self.exists = self.exists[places]
        self.columns = {name: found.take_first(places) for name, found in self.columns.items()}
        self.start = np.searchsorted(self.case, np.arange(self.count + 1)).astype(np.int64)


@dataclass(slots=True)
class Batch:
    """Many cases.

    Attributes:
        count: How many.
        tables: Their facts by template, reference rows and the cases themselves included.
        as_of: The moments of judgement.
        pool: Their texts.
    """

    count: int
    tables: dict[str, Table]
    as_of: Column
    pool: Pool


@dataclass(slots=True)
class Domain:
    """Combinations of facts, each within one case.

    Attributes:
        batch: The cases.
        size: Number of combinations.
        rows: For each alias the row of its table; none if every row stands once, in order.
        templates: For each alias its template.
        own_case: For each combination its case; none if every case stands once, in order.
    """

    batch: Batch
    size: int
    rows: dict[str, Index | None]
    templates: Mapping[str, str]
    own_case: Index | None

    def place(self, alias: str, template: str) -> Index | None:
        """Give the rows that an alias, or a template with one row, stands for."""
        if alias in self.rows:
            return self.rows[alias]
        if template != CASE and self.batch.tables[template].shared:
            return _FIRST_ROW
        return self.own_case

    def cases(self) -> Index:
        """Give the case of each combination."""
        return np.arange(self.size) if self.own_case is None else self.own_case

    def some(self, at: Index) -> Domain:
        """Give some of the combinations."""
        rows: dict[str, Index | None] = {
            alias: at if rows is None else rows[at] for alias, rows in self.rows.items()
        }
        case = at if self.own_case is None else self.own_case[at]
        return Domain(self.batch, len(at), rows, self.templates, case)

    def joined(self, parents: Index, alias: str, template: str, rows: Index) -> Domain:
        """Give combinations with one more fact each."""
        found = self.some(parents)
        found.rows[alias] = rows
        found.templates = {**self.templates, alias: template}
        return found


_FIRST_ROW: Index = np.zeros(1, np.int64)


def whole_cases(batch: Batch) -> Domain:
    """Give the domain that has each case once."""
    return Domain(batch, batch.count, {}, {}, None)


def whole_table(batch: Batch, alias: str, template: str) -> Domain:
    """Give the domain that has each row of a table once."""
    table = batch.tables[template]
    # What is worked out for shared rows reads no case, so any one will do.
    cases = np.zeros(table.size, np.int64) if table.shared else table.case
    return Domain(batch, table.size, {alias: None}, {alias: template}, cases)


def expand(cases: Index, table: Table, kept: Mask | None) -> tuple[Index, Index]:
    """Combine elements with the rows of their case.

    Args:
        cases: For each element its case.
        table: The rows.
        kept: Which rows may be taken; all if none.

    Returns:
        For each combination the place of its element and the row, in the order of both.
    """
    rows = np.arange(table.size) if kept is None else np.flatnonzero(kept)
    if table.shared:
        parents = np.repeat(np.arange(len(cases)), len(rows))
        return parents, np.tile(rows, len(cases))
    if kept is None:
        starts, ends = table.start[cases], table.start[cases + 1]
    else:
        before = np.zeros(table.size + 1, np.int64)
        np.cumsum(kept, out=before[1:])
        starts, ends = before[table.start[cases]], before[table.start[cases + 1]]
    counts = ends - starts
    parents = np.repeat(np.arange(len(cases)), counts)
    shift = starts - (np.cumsum(counts) - counts)
    places = np.arange(len(parents)) + shift[parents]
    return parents, places if kept is None else rows[places]


class Pairs:
    """Every combination of two facts of each case."""

    def __init__(self, batch: Batch, first: str, second: str) -> None:
        """Lay them out."""
        one, two = batch.tables[first], batch.tables[second]
        self.templates = (first, second)
        parents, self.second = expand(one.case, two, None)
        self.first = parents
        self.case = one.case[parents]
        many = np.diff(two.start)
        self._many = many
        self._start = np.zeros(batch.count, np.int64)
        np.cumsum((np.diff(one.start) * many)[:-1], out=self._start[1:])
        self._one, self._two = one.start, two.start

    @property
    def size(self) -> int:
        """Number of pairs."""
        return len(self.first)

    def places(self, case: Index, first: Index, second: Index) -> Index:
        """Give the places of pairs of rows."""
        mine: Index = self._start[case] + (first - self._one[case]) * self._many[case]
        return mine + second - self._two[case]

    def domain(self, batch: Batch, aliases: tuple[str, str]) -> Domain:
        """Give all pairs under two aliases."""
        rows: dict[str, Index | None] = {aliases[0]: self.first, aliases[1]: self.second}
        templates = dict(zip(aliases, self.templates, strict=True))
        return Domain(batch, self.size, rows, templates, self.case)

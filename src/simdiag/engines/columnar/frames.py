"""DataFrames with one row a case to tables of facts; lists of facts are nested in the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

import numpy as np
import polars as pl

from simdiag.engines.columnar.columns import Column, Index, Mask, Pool, encode
from simdiag.engines.columnar.encode import MOMENT, case_table, shared_rows
from simdiag.engines.columnar.tables import Batch, Table
from simdiag.engines.columnar.texts import Unreadable, read_column
from simdiag.errors import Problem, Problems, did_you_mean
from simdiag.loading.cases import FactReader
from simdiag.model.cases import VIRTUAL
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.truth import TRUE, UNKNOWN
from simdiag.model.values import UNKNOWN_VALUE, Interval, SlotType
from simdiag.spans import Span

# A plain column whose name is this much like that of a template is taken for a slip.
_NEAR: Final = 0.8
RESERVED: Final = ("case", "as_of", "open", "none")


@dataclass(slots=True)
class FrameCases:
    """The cases of a frame.

    Attributes:
        batch: The cases that can be used.
        rows: Their places in the frame.
        rejects: What cannot be used: place in the frame, id and reason.
    """

    batch: Batch
    rows: Index
    rejects: list[tuple[int, str, Problem]] = field(default_factory=list)


def check_schema(schema: Mapping[str, pl.DataType], base: KnowledgeBase, file: str) -> list[str]:
    """See whether a frame can hold cases.

    Args:
        schema: Its columns.
        base: Says what there is.
        file: Its name, for messages.

    Returns:
        The columns beyond the terms, which are passed through.

    Raises:
        InvalidInput: With everything that is wrong.
    """
    problems = Problems()
    passed = []
    templates = {template.name: template for template in base.fact_templates()}
    for name, kind in schema.items():
        template = templates.get(name)
        if template is not None:
            _check_template(template, kind, Span(file), problems)
        elif name not in RESERVED:
            if kind.is_nested() or get_close_matches(name, templates, cutoff=_NEAR):
                known = [*templates, *RESERVED]
                problems.add(
                    Span(file), "unknown-template", f"unknown column `{name}`",
                    did_you_mean(name, known),
                )  # fmt: skip
            else:
                passed.append(name)
    if "case" not in schema:
        problems.add(Span(file), "missing-key", "there is no column `case`", "give each case an id")
    problems.raise_if_any()
    return passed


def _check_template(template: Template, kind: pl.DataType, span: Span, problems: Problems) -> None:
    many = template.cardinality is Cardinality.MANY
    inner = kind.inner if isinstance(kind, pl.List) and many else kind
    if not isinstance(inner, pl.Struct):
        wanted = "a list of structs" if many else "a struct"
        found = f"the column `{template.name}` must be {wanted}, with a field for each slot"
        problems.add(span, "form", found)
        return
    for part in inner.fields:
        if part.name not in template.slots:
            problems.add(
                span, "unknown-slot", f"`{template.name}` has no slot `{part.name}`",
                did_you_mean(part.name, template.slots),
            )  # fmt: skip


class FrameReader:
    """Reads frames.

    Args:
        reader: Reads written values, and knows the moment of judgement.
        pool: The texts to begin with.
    """

    def __init__(self, reader: FactReader, pool: Pool) -> None:
        """Keep what each frame needs."""
        self.reader = reader
        self.base = reader.base
        self.pool = pool
        # Rows that all cases share are laid out once; the pool that they speak of is copied.
        self.shared = {
            template.name: shared_rows(template, pool)
            for template in self.base.templates.values()
            if template.cardinality is Cardinality.REFERENCE
        }

    def read(
        self, frame: pl.DataFrame, file: str = "", first: int = 0, repeated: Sequence[int] = ()
    ) -> FrameCases:
        """Read the cases of a frame whose schema was checked; rows that are wrong are set aside.

        Args:
            frame: One row a case.
            file: Name of the file, for messages.
            first: Number of the first row, from 0.
            repeated: Places of rows whose id was there before.
        """
        rejects: dict[int, Problem] = {}
        for row in repeated:
            text = f"the id `{frame.get_column('case')[row]}` was there before"
            rejects[row] = Problem(Span(file, first + row + 1, 1), "repeated-case", text)
        batch = self._batch(frame, rejects, file, first)
        if not rejects:
            return FrameCases(batch, np.arange(frame.height))
        good: Mask = np.ones(frame.height, np.bool_)
        good[list(rejects)] = False
        rows = np.flatnonzero(good)
        names = frame.get_column("case").cast(pl.String)
        told = [(row, names[row] or "", problem) for row, problem in sorted(rejects.items())]
        batch = self._batch(frame[rows], {}, file, first)
        return FrameCases(batch, rows, told)

    def _batch(
        self, frame: pl.DataFrame, rejects: dict[int, Problem], file: str, first: int
    ) -> Batch:
        pool = self.pool.copy()
        place = _Place(file, first, rejects)
        tables: dict[str, Table] = dict(self.shared)
        opened = _named(frame, "open")
        absent = _named(frame, "none")
        for template in self.base.fact_templates():
            tables[template.name] = self._table(
                template, frame, pool, (opened.get(template.name), absent.get(template.name)), place
            )
        tables[CASE] = case_table(frame.height)
        return Batch(frame.height, tables, self._as_of(frame, pool, place), pool)

    def _as_of(self, frame: pl.DataFrame, pool: Pool, place: _Place) -> Column:
        fixed = self.reader.as_of
        if fixed is not None or "as_of" not in frame.columns:
            moment = fixed or self.reader.default_as_of
            if moment is None:
                place.reject(np.arange(frame.height), _no_moment(place.file))
                moment = Interval(0, 0)
            return encode([moment] * frame.height, MOMENT, pool)
        slot = Slot("as_of", MOMENT, "as_of")
        series = frame.get_column("as_of")
        column = self._column("", slot, series, np.arange(frame.height), pool, place)
        default = self.reader.default_as_of
        tags = column.tags()
        if (tags != 2).any() and default is None:  # noqa: PLR2004 - not known
            place.reject(np.flatnonzero(tags != 2), _no_moment(place.file))  # noqa: PLR2004
        # A date alone means its end.
        high = column.high if column.high is not None else np.zeros(frame.height, np.int64)
        high = np.where(tags == 2, high, int(default.high) if default else 0)  # noqa: PLR2004
        return Column(MOMENT, None, high, high)

    def _table(
        self,
        template: Template,
        frame: pl.DataFrame,
        pool: Pool,
        said: tuple[Mask | None, Mask | None],
        place: _Place,
    ) -> Table:
        count = frame.height
        opened, absent = said
        single = template.cardinality is Cardinality.ONE
        if template.name in frame.columns:
            series = frame.get_column(template.name)
            given = series.is_not_null().to_numpy()
        else:
            series, given = None, np.zeros(count, np.bool_)
        lengths = np.zeros(count, np.int64)
        if series is not None:
            lengths = (
                given.astype(np.int64)
                if single
                else series.list.len().fill_null(0).to_numpy().astype(np.int64)
            )
        closed = given if opened is None else given & ~opened
        if absent is not None:
            closed = closed | absent
        extra = (lengths == 0) if single else ~closed
        owners = np.repeat(np.arange(count), lengths + extra)
        start = np.cumsum(lengths + extra) - (lengths + extra)
        number = np.arange(len(owners)) - start[owners]
        virtual = number == lengths[owners]
        exists = np.where(virtual, np.int8(UNKNOWN), np.int8(TRUE))
        if single and absent is not None:
            exists = np.where(virtual & absent[owners], np.int8(0), exists)
        number = np.where(virtual, 0 if single else VIRTUAL, number)
        table = Table(template.name, count, owners, number, exists)
        facts = np.flatnonzero(~virtual)
        flat = None
        if series is not None and len(facts):
            flat = (series.filter(given) if single else series.drop_nulls().explode(
                empty_as_null=False)).struct.unnest()  # fmt: skip
        for slot in template.slots.values():
            if flat is None or slot.name not in flat.columns:
                table.columns[slot.name] = _unknown(slot.type, table, pool)
                continue
            column = self._column(
                template.name, slot, flat.get_column(slot.name), owners[facts], pool, place
            )
            table.columns[slot.name] = _placed(column, facts, table)
        return table

    def _column(
        self, template: str, slot: Slot, series: pl.Series, owners: Index, pool: Pool, place: _Place
    ) -> Column:
        column, wrong = read_column(self.reader, template, slot, series, pool)
        for rows, problem in wrong:
            place.reject(owners[rows], problem)
        return column


@dataclass(slots=True)
class _Place:
    """Where rows that cannot be used are noted, the first reason of each."""

    file: str
    first: int
    rejects: dict[int, Problem]

    def reject(self, rows: Index, problem: Unreadable) -> None:
        for row in rows.tolist():
            span = Span(self.file, self.first + row + 1, 1)
            self.rejects.setdefault(
                row, Problem(span, problem.code, problem.text, problem.suggestion)
            )


def _no_moment(_: str) -> Unreadable:
    return Unreadable(
        "missing-key",
        "the case does not say for which moment it is judged",
        "add a column `as_of`, or use --as-of",
    )


def _named(frame: pl.DataFrame, column: str) -> dict[str, Mask]:
    """Say for each template in which rows a column of lists names it."""
    if column not in frame.columns:
        return {}
    flat = frame.select(pl.int_range(pl.len()).alias("row"), pl.col(column).alias("name"))
    flat = flat.explode("name").drop_nulls()
    found: dict[str, Mask] = {}
    for name in flat.get_column("name").unique().to_list():
        mask = np.zeros(frame.height, np.bool_)
        mask[flat.filter(pl.col("name") == name).get_column("row").to_numpy()] = True
        found[name] = mask
    return found


def _unknown(slot_type: SlotType, table: Table, pool: Pool) -> Column:
    column = encode([UNKNOWN_VALUE], slot_type, pool)
    return _with_absent(column.take_first(np.zeros(table.size, np.int64)), table)


def _placed(column: Column, facts: Index, table: Table) -> Column:
    """Put the values of given facts among those that are not seen."""
    if len(facts) == table.size:
        return column
    source = np.zeros(table.size, np.int64)
    source[facts] = np.arange(len(facts))
    found = column.take_first(source)
    tag = np.ones(table.size, np.int8)
    tag[facts] = column.tags()
    found.tag = tag
    if found.code is not None:
        found.code = np.where(tag == 2, found.code, 0)  # noqa: PLR2004 - known
    return _with_absent(found, table)


def _with_absent(column: Column, table: Table) -> Column:
    if (table.exists == 0).any():
        column.tag = np.where(table.exists == 0, np.int8(0), column.tags())
    return column

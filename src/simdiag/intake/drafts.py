"""Rows of tables put together to cases.

A case of a table becomes the same tree of nodes as one of a facts file, each value with the place
of its cell; so one reader reads both, and says the same about the same mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simdiag.errors import Problems
from simdiag.intake.binding import Binding
from simdiag.intake.cells import CellReader
from simdiag.intake.columnmap import Target
from simdiag.intake.entries import Entry, entry_of
from simdiag.intake.tables import Row, Table
from simdiag.loading.cases import NONE_WORD, FactReader
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import Node, Scalar, Sequence, shorten
from simdiag.model.terms import Cardinality
from simdiag.spans import Span

Fact = dict[str, tuple[Scalar, Scalar]]


@dataclass(slots=True)
class Draft:
    """A case while its rows are put together.

    Attributes:
        id: Its id, or file name and ordinal.
        span: Where it begins.
        words: ``case``, ``as_of``, ``open`` and templates that are ``none``, as key and value.
        facts: By template, in the order of rows.
        closed: Templates of whose facts the tables hold all.
        passed: Columns that are passed through.
        original: What stood in the tables.
        problems: What is wrong with cells and rows.
    """

    id: str
    span: Span
    words: dict[str, tuple[Scalar, Scalar]] = field(default_factory=dict)
    facts: dict[str, list[tuple[Span, Fact]]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    passed: dict[str, str] = field(default_factory=dict)
    original: dict[str, Any] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)

    def add(self, table: Table, row: Row, binding: Binding, cells: CellReader) -> dict[int, Any]:
        """Take the cells of a row; give the facts of it that it began, by template and index."""
        begun: dict[Any, Fact] = {}
        self.problems.extend(row.problems)
        for column, text in row.cells.items():
            for target in binding.targets.get(column, ()):
                span = table.span(row.line, column)
                self._cell(target, text, span, cells, begun)
        for column in binding.passed:
            if column in row.cells:
                self.passed[column] = row.cells[column]
        return begun

    def _cell(
        self, target: Target, text: str, span: Span, cells: CellReader, begun: dict[Any, Fact]
    ) -> None:
        found = cells.text(target, text, span, self.problems)
        if not found:
            return
        key = Scalar(target.slot or target.template, span, plain=False)
        value = Scalar(found, span)
        if target.slot:
            fact = begun.get((target.template, target.index))
            if fact is None:
                fact = begun[target.template, target.index] = {}
                self.facts.setdefault(target.template, []).append((span, fact))
            fact[target.slot] = (key, value)
        elif target.template in cells.reader.templates and found.casefold() != NONE_WORD:
            message = f"`{target}` takes `none` or nothing here, found `{shorten(found)}`"
            advice = f"give its slots in columns such as `{target}.{_some_slot(target, cells)}`"
            self.problems.add(span, "form", message, advice)
        else:
            self.words[target.template] = (key, value)

    def entry(self, reader: FactReader, always: Mapping[Target, Scalar]) -> Entry:
        """Read the case."""
        for target, value in always.items():
            self._always(target, value, reader)
        pairs: list[tuple[Scalar, Node]] = [
            (key, _listed(value) if name == "open" else value)
            for name, (key, value) in self.words.items()
        ]
        open_lists = []
        for template, facts in self.facts.items():
            nodes = tuple(MappingNode(tuple(fact.values()), span) for span, fact in facts)
            many = reader.templates[template].cardinality is Cardinality.MANY
            node = Sequence(nodes, facts[0][0]) if many or len(nodes) > 1 else nodes[0]
            pairs.append((Scalar(template, facts[0][0]), node))
            if many and template not in self.closed:
                open_lists.append(Scalar(template, facts[0][0]))
        self._open(pairs, open_lists)
        found = reader.case(MappingNode(tuple(pairs), self.span), self.id)
        if found.case is not None and self.passed:
            found = replace(found, case=replace(found.case, passed_through=dict(self.passed)))
        return entry_of(found, self.original, self.problems)

    def _always(self, target: Target, value: Scalar, reader: FactReader) -> None:
        """Give a slot its fixed value in every fact that does not say something else.

        A template of which a case has only one fact is begun; a list gets no fact that nobody gave.
        """
        one = reader.templates[target.template].cardinality is Cardinality.ONE
        if one and target.template not in self.words:
            self.facts.setdefault(target.template, [(self.span, {})])
        for _, fact in self.facts.get(target.template, ()):
            fact.setdefault(target.slot, (Scalar(target.slot, value.span), value))

    def _open(self, pairs: list[tuple[Scalar, Node]], names: list[Scalar]) -> None:
        if not names:
            return
        for index, (key, value) in enumerate(pairs):
            if key.text == "open" and isinstance(value, Sequence):
                pairs[index] = (key, replace(value, items=(*value.items, *names)))
                return
        pairs.append((Scalar("open", self.span), Sequence(tuple(names), self.span)))


def _some_slot(target: Target, cells: CellReader) -> str:
    return next(iter(cells.reader.templates[target.template].slots))


def _listed(value: Scalar) -> Sequence:
    words = value.text.replace(";", ",").replace("|", ",").split(",")
    items = tuple(Scalar(word.strip(), value.span) for word in words if word.strip())
    return Sequence(items, value.span)

"""Cases as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simdiag.engines.columnar.columns import Column, Mask, Pool, Truths, encode
from simdiag.engines.columnar.nodes import MomentNode  # noqa: F401
from simdiag.engines.columnar.tables import Batch, Table
from simdiag.model.cases import VIRTUAL, Case
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.terms import Cardinality, Template
from simdiag.model.truth import FALSE, TRUE, UNKNOWN
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE, Kind, SlotType, Value

MOMENT = SlotType(Kind.DATETIME)


def encode_cases(base: KnowledgeBase, cases: Sequence[Case], pool: Pool) -> Batch:
    """Lay out cases as tables.

    Args:
        base: Says which templates and slots there are.
        cases: The cases.
        pool: Takes their texts.
    """
    tables = {
        template.name: shared_rows(template, pool)
        if template.cardinality is Cardinality.REFERENCE
        else _facts(template, cases, pool)
        for template in base.templates.values()
    }
    tables[CASE] = case_table(len(cases))
    as_of = encode([case.as_of for case in cases], MOMENT, pool)
    return Batch(len(cases), tables, as_of, pool)


def case_table(count: int) -> Table:
    """Give the table that takes the findings about whole cases."""
    every = np.arange(count)
    return Table(CASE, count, every, np.zeros(count, np.int64), np.full(count, TRUE, np.int8))


def shared_rows(template: Template, pool: Pool) -> Table:
    """Give the rows of reference data."""
    size = len(template.rows)
    nothing = np.zeros(0, np.int64)
    exists = np.full(size, TRUE, np.int8)
    table = Table(template.name, 0, nothing, np.arange(size), exists, shared=True)
    for slot in template.slots.values():
        values = [row.values.get(slot.name, UNKNOWN_VALUE) for row in template.rows]
        table.columns[slot.name] = encode(values, slot.type, pool)
    return table


def _facts(template: Template, cases: Sequence[Case], pool: Pool) -> Table:
    """Lay out the facts of a template; an open list has one more row for what is not seen."""
    owners: list[int] = []
    numbers: list[int] = []
    exists: list[int] = []
    given: list[dict[str, Value]] = []
    single = template.cardinality is Cardinality.ONE
    for number, case in enumerate(cases):
        found = case.facts(template.name)
        facts = found.facts[:1] if single else found.facts
        for place, fact in enumerate(facts):
            owners.append(number)
            numbers.append(place)
            exists.append(TRUE)
            given.append(dict(fact.slots))
        if (single and not facts) or (not single and found.open):
            owners.append(number)
            numbers.append(0 if single else VIRTUAL)
            exists.append(FALSE if single and not found.open else UNKNOWN)
            given.append({})
    truths = np.array(exists, np.int8)
    table = Table(
        template.name, len(cases), np.array(owners, np.int64), np.array(numbers, np.int64), truths
    )
    for slot in template.slots.values():
        values = [row.get(slot.name, UNKNOWN_VALUE) for row in given]
        if (truths == FALSE).any():
            values = [
                NOT_APPLICABLE if truth == FALSE else value
                for value, truth in zip(values, exists, strict=True)
            ]
        table.columns[slot.name] = encode(values, slot.type, pool)
    return table


def withdraw(column: Column, where: Mask) -> Column:
    """Give a column in which some values that are not known are not applicable."""
    tag: Truths = column.tags().copy()
    tag[where & (tag == 1)] = 0
    return Column(column.type, tag, column.low, column.high, column.code, column.bits, column.maybe)

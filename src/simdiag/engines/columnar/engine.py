"""The columnar engine for one case at a time, with the full record, for comparisons and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from simdiag.analysis.program import Program
from simdiag.engines.base import Engine, Session
from simdiag.engines.columnar.columns import Index, decode
from simdiag.engines.columnar.encode import encode_cases
from simdiag.engines.columnar.program import ColumnarProgram, Evaluation, Found
from simdiag.engines.columnar.tables import Table
from simdiag.engines.reference import ReferenceSession
from simdiag.engines.support import supports_of
from simdiag.errors import EngineFailure
from simdiag.model.cases import Case, RowId
from simdiag.model.inference import Inference, Outcome, Rows
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Finding, Purpose, Rule
from simdiag.model.terms import Cardinality
from simdiag.model.truth import Truth
from simdiag.model.values import Value

_PAIR = 2


class ColumnarSession(ReferenceSession):
    """One case of a batch: what was decided is read from the columns.

    The record of how each condition came out is worked out anew for the binding that decided.
    """

    def __init__(self, program: Program, case: Case, found: Evaluation, number: int) -> None:
        """Take the place of the case in the batch."""
        super().__init__(program, case)
        self.found = found
        self.number = number
        self.full = True
        self.told: Mapping[str, list[int]] = {}
        self.outcomes: dict[str, dict[Rows, Outcome]] = {}

    def run(self) -> Inference:
        """Read everything that was concluded about the case."""
        self._fill_world()
        disputed = {found.disputed for found in self.program.base.diagnoses.values()}
        for finding in self.program.base.findings.values():
            if self.full or finding.id in disputed:
                self._read_finding(finding)
        # The record of an aggregate looks at what is relevant.
        for rule in (*self.program.relevance.values(), *self.program.base.rules.values()):
            outcomes = self._read_rule(rule) if self.full or rule.id in self.told else {}
            if outcomes:
                self.outcomes[rule.id] = outcomes
        return Inference(
            {rule: dict(sorted(found.items())) for rule, found in sorted(self.outcomes.items())},
            self.values,
            dict(self.world.rows),
            self.world.slots,
        )

    def truth_of(self, rule: str, subject: Rows) -> Truth:
        """Give how a rule came out for a subject."""
        outcome = self.outcomes.get(rule, {}).get(subject)
        return Truth.FALSE if outcome is None else outcome.truth

    def _places(self, template: str) -> Index:
        table = self.found.batch.tables[template]
        if table.shared:
            return np.arange(table.size)
        return np.arange(table.start[self.number], table.start[self.number + 1])

    def _row(self, table: Table, place: int) -> RowId:
        return RowId(table.template, int(table.number[place]))

    def _fill_world(self) -> None:
        pool = self.found.batch.pool
        for template in self.program.base.templates.values():
            if template.cardinality is Cardinality.REFERENCE:
                continue
            table = self.found.batch.tables[template.name]
            rows = []
            for place in self._places(template.name).tolist():
                row = self._row(table, place)
                rows.append(row)
                self.world.exists[row] = Truth(int(table.exists[place]))
                self.world.slots[row] = {
                    name: decode(table.columns[name], place, pool) for name in template.slots
                }
            self.world.rows[template.name] = tuple(rows)

    def _subjects(self, templates: Sequence[str]) -> Iterator[tuple[Rows, int]]:
        """Give each subject of the case with its place in the columns."""
        batch = self.found.batch
        if not templates:
            yield (), self.number
            return
        first = batch.tables[templates[0]]
        if len(templates) == 1:
            for place in self._places(templates[0]).tolist():
                yield (self._row(first, place),), place
            return
        pairs = self.found.run_.pairs(templates[0], templates[1])
        second = batch.tables[templates[1]]
        for place in np.flatnonzero(pairs.case == self.number).tolist():
            one, two = int(pairs.first[place]), int(pairs.second[place])
            yield (self._row(first, one), self._row(second, two)), place

    def _read_finding(self, finding: Finding) -> None:
        templates = [subject.template for subject in finding.subjects]
        owner = templates[0] if len(templates) == 1 else CASE
        column = (
            self.found.run_.pair_values[finding.name]
            if len(templates) == _PAIR
            else self.found.batch.tables[owner].columns[finding.name]
        )
        values: dict[Rows, Value] = {}
        for subject, place in self._subjects(templates):
            values[subject] = decode(column, place, self.found.batch.pool)
            self.world.conclude(finding.name, subject, values[subject])
        self.values[finding.id] = values

    def _read_rule(self, rule: Rule) -> dict[Rows, Outcome]:
        found = self.found.found[rule.id]
        truths = self.found.truth(rule.id)
        outcomes = {}
        templates = [part.template for part in rule.subjects]
        subjects = self._subjects(templates)
        if rule.id in self.told and len(templates) < _PAIR:
            table = self.found.batch.tables[templates[0]] if templates else None
            subjects = iter(
                [
                    ((self._row(table, place),) if table else (), place)
                    for place in self.told[rule.id]
                ]
            )
        for subject, place in subjects:
            truth = Truth(int(truths[place]))
            if truth:
                outcomes[subject] = self._outcome(rule, subject, place, truth, found)
        return outcomes

    def _outcome(
        self, rule: Rule, subject: Rows, place: int, truth: Truth, found: Found
    ) -> Outcome:
        binding = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
        node = self.found.owner.rules[rule.id].when
        binding |= {alias: self.world.rows[template][0] for alias, template in node.fixed}
        for level in node.levels:
            table = self.found.batch.tables[level.template]
            binding[level.alias] = self._row(table, int(found.bindings[level.alias][place]))
        pool = self.found.batch.pool
        return Outcome(
            rule.id,
            subject,
            truth,
            dict(sorted(binding.items())),
            supports_of(self, rule.when.parts, binding) if self.full else (),
            tuple((name, Truth(int(theirs[place]))) for name, theirs in found.unless),
            {name: decode(column, place, pool) for name, column in found.computed.items()},
        )


class ColumnarEngine(Engine):
    """Decides the rules of one program over columns."""

    name = "columnar"

    def __init__(self, program: Program) -> None:
        """Prepare the rules."""
        super().__init__(program)
        self.columnar = ColumnarProgram(program)

    def session(self, case: Case) -> Session:
        """Evaluate one case; what is beyond columns is evaluated by definition."""
        try:
            (found,) = self.sessions([case])
        except EngineFailure:
            return ReferenceSession(self.program, case)
        return found

    def sessions(self, cases: Sequence[Case]) -> Iterator[ColumnarSession]:
        """Evaluate cases together and give each of them, with the full record."""
        found = self._evaluated(cases)
        for number, case in enumerate(cases):
            yield ColumnarSession(self.program, case, found, number)

    def inferences(self, cases: Sequence[Case]) -> Iterator[Inference]:
        """Evaluate cases together and give what was concluded about each, without the record."""
        found = self._evaluated(cases)
        told = self._told(found)
        for number, case in enumerate(cases):
            session = ColumnarSession(self.program, case, found, number)
            session.full, session.told = False, told[number]
            yield session.run()

    def _evaluated(self, cases: Sequence[Case]) -> Evaluation:
        batch = encode_cases(self.program.base, cases, self.columnar.pool.copy())
        return self.columnar.evaluate(batch, bindings=True)

    def _told(self, found: Evaluation) -> list[dict[str, list[int]]]:
        """Give for each case the rules that are not false, with the places of their subjects."""
        told: list[dict[str, list[int]]] = [{} for _ in range(found.batch.count)]
        for rule in self.program.rule.values():
            if rule.purpose is Purpose.DERIVE:
                continue
            at = np.flatnonzero(found.truth(rule.id))
            table = found.batch.tables[rule.subjects[0].template] if rule.subjects else None
            cases = at if table is None else table.case[at]
            for case, place in zip(cases.tolist(), at.tolist(), strict=True):
                told[case].setdefault(rule.id, []).append(place)
        return told

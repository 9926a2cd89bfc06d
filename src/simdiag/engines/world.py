"""The rows of one case while it is evaluated, and what their slots hold so far.

A world starts with what was given. Stratum by stratum an engine adds relevance and findings; no
value is ever changed, only unknown ones become not applicable, and findings appear.
"""

from __future__ import annotations

from collections.abc import Mapping

from simdiag.analysis.program import Program
from simdiag.model.cases import VIRTUAL, Case, RowId
from simdiag.model.inference import Rows
from simdiag.model.knowledge import CASE
from simdiag.model.terms import Cardinality, Template
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE, Interval, Value

CASE_ROW = RowId(CASE, 0)


class World:
    """The state of the evaluation of one case.

    Attributes:
        rows: By template, in canonical order, the virtual row last. A ``one`` template has exactly
            one row,
            which may not exist.
        exists: Whether each row exists.
        slots: What each row's slots and findings hold.
        as_of: The moment for which the case is judged.
    """

    def __init__(self, program: Program, case: Case) -> None:
        """Lay out the rows of a case; findings and relevance are still to come."""
        self.program = program
        self.as_of: Interval = case.as_of
        self.rows: dict[str, Rows] = {CASE: (CASE_ROW,)}
        self.exists: dict[RowId, Truth] = {CASE_ROW: TRUE}
        self.slots: dict[RowId, dict[str, Value]] = {CASE_ROW: {}}
        for template in program.base.templates.values():
            if template.cardinality is Cardinality.REFERENCE:
                self._add_reference(template)
            elif template.cardinality is Cardinality.ONE:
                self._add_one(template, case)
            else:
                self._add_many(template, case)

    def _add_row(
        self, template: Template, index: int, given: Mapping[str, Value], exists: Truth
    ) -> RowId:
        row = RowId(template.name, index)
        blank = NOT_APPLICABLE if exists is FALSE else UNKNOWN_VALUE
        self.slots[row] = {name: given.get(name, blank) for name in template.slots}
        self.exists[row] = exists
        return row

    def _add_reference(self, template: Template) -> None:
        rows = [
            self._add_row(template, index, row.values, TRUE)
            for index, row in enumerate(template.rows)
        ]
        self.rows[template.name] = tuple(rows)

    def _add_one(self, template: Template, case: Case) -> None:
        found = case.facts(template.name)
        if found.facts:
            row = self._add_row(template, 0, found.facts[0].slots, TRUE)
        else:
            row = self._add_row(template, 0, {}, UNKNOWN if found.open else FALSE)
        self.rows[template.name] = (row,)

    def _add_many(self, template: Template, case: Case) -> None:
        found = case.facts(template.name)
        rows = [
            self._add_row(template, index, fact.slots, TRUE)
            for index, fact in enumerate(found.facts)
        ]
        if found.open:
            rows.append(self._add_row(template, VIRTUAL, {}, UNKNOWN))
        self.rows[template.name] = tuple(rows)

    def many(self, row: RowId) -> bool:
        """Say whether a row stands for any number of unseen facts."""
        return row.index == VIRTUAL

    def row_of(self, name: str, binding: Mapping[str, RowId]) -> RowId:
        """Give the row that an alias stands for; a template with one row may stand for itself."""
        found = binding.get(name)
        return found if found is not None else self.rows[name][0]

    def other(self, first: RowId, second: RowId) -> bool:
        """Say whether two names stand for different facts; an unseen one is other than itself."""
        return first != second or first.index == VIRTUAL

    def subjects(self, templates: tuple[str, ...]) -> list[Rows]:
        """Give every combination of rows of some templates (none, one or two)."""
        found: list[Rows] = [()]
        for template in templates:
            found = [(*before, row) for before in found for row in self.rows[template]]
        return found

    def withdraw_slot(self, row: RowId, slot: str) -> None:
        """A slot turned out not to be relevant: without a value it is not applicable."""
        if self.slots[row][slot] is UNKNOWN_VALUE:
            self.slots[row][slot] = NOT_APPLICABLE

    def withdraw_template(self, template: Template) -> None:
        """A template turned out not to be relevant: there are no facts beyond those given."""
        kept = []
        for row in self.rows[template.name]:
            if self.exists[row] is TRUE or template.cardinality is Cardinality.ONE:
                kept.append(row)
            if self.exists[row] is UNKNOWN:
                self.exists[row] = FALSE
                self.slots[row] = dict.fromkeys(self.slots[row], NOT_APPLICABLE)
        self.rows[template.name] = tuple(kept)

    def conclude(self, finding: str, subject: Rows, value: Value) -> None:
        """Keep the value of a finding about the case or one fact; pairs are not known here."""
        if len(subject) <= 1:
            self.slots[subject[0] if subject else CASE_ROW][finding] = value

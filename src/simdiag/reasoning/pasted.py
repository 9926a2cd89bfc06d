"""A table that somebody pastes in place of answers, as the steps that the answers would be."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simdiag.loading.cases import is_unknown
from simdiag.loading.scalars import choice_key
from simdiag.model.cases import FactList
from simdiag.model.terms import Slot, Template
from simdiag.reasoning.answers import AnswerReader, NotUnderstood
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask
from simdiag.reasoning.vocabulary import plain

SEPARATORS: Final = ("\t", ";", "|", ",")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a pasted table.

    Attributes:
        reason: ``heading`` for a column that is no slot, ``empty`` for a table without rows, else a
            key below ``consult.expected``.
        line: Which line, from 1.
        text: What stands there.
        values: What goes into the text of the reason.
    """

    reason: str
    line: int
    text: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Paste:
    """Reads pasted tables of one template.

    Attributes:
        state: The consultation so far.
        reader: Reads the cells as it reads answers.
        template: What each row is.
    """

    state: Consultation
    reader: AnswerReader
    template: Template

    def steps(self, lines: Sequence[str]) -> tuple[list[Step], list[Trouble]]:
        """Give the steps that a table stands for; the list is complete with it.

        Args:
            lines: The heading, with names or titles of slots, and a line for each fact.

        Returns:
            The steps, and what is wrong; the steps count only if nothing is.
        """
        heading, *rows = _cells([line for line in lines if line.strip()]) or [[]]
        numbered = [(line, row) for line, row in enumerate(rows, start=2) if _is_told(row)]
        if not numbered:
            return [], [Trouble("empty", 1, "")]
        slots = [self._slot(cell) for cell in heading]
        troubles = [
            Trouble("heading", 1, cell)
            for cell, slot in zip(heading, slots, strict=True)
            if slot is None
        ]
        steps: list[Step] = []
        number = self._first()
        for line, row in numbered:
            if number:
                steps.append(Step(Ask(self.template.name, number), Reply.MORE))
            for slot, cell in zip(slots, row, strict=False):
                if slot is not None and not is_unknown(cell):
                    steps.extend(self._step(number, slot, cell, line, troubles))
            number += 1
        steps.append(Step(Ask(self.template.name, number), Reply.NO_MORE))
        return steps, troubles

    def _first(self) -> int:
        """Give the number of the first new fact: they come after those that are there."""
        return len(self.state.sheets.get(self.template.name, FactList()).facts)

    def _step(
        self, row: int, slot: Slot, cell: str, line: int, troubles: list[Trouble]
    ) -> Iterator[Step]:
        ask = Ask(self.template.name, row, slot.name)
        try:
            found = self.reader.read(self.template.name, slot, cell)
        except NotUnderstood as problem:
            troubles.append(Trouble(problem.reason, line, cell, tuple(problem.values.items())))
        else:
            yield Step(ask, Reply.VALUE, found.text, found.value)

    def _slot(self, heading: str) -> Slot | None:
        """Find the slot that a heading means: its name, or its title in the shown language."""
        base = self.reader.reader.base
        wanted = choice_key(plain(heading))
        for name, slot in self.template.slots.items():
            title = base.text(self.reader.messages.lang, f"slot:{self.template.name}.{name}/title")
            if wanted in {choice_key(plain(form)) for form in (name, title, slot.title)}:
                return slot
        return None


def _is_told(row: Sequence[str]) -> bool:
    return any(not is_unknown(cell) for cell in row)


def _cells(lines: Sequence[str]) -> list[list[str]]:
    """Cut a table into cells at the separator that its heading has most of."""
    if not lines:
        return []
    separator = max(SEPARATORS, key=lines[0].count)
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]

"""Which questions are open in a consultation, and which of them comes next.

Everything that may be asked is worked out here from the assessment so far; the choice among it is
a :data:`Strategy`, so that another way of choosing is one function more and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from simdiag.loading.cases import fact_order
from simdiag.model.assessment import ActionStatus, Assessment, SlotName, VetoStatus
from simdiag.model.cases import FactList, RowId
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Template
from simdiag.reasoning.chances import AnswerTables
from simdiag.reasoning.stakes import Stakes

Sheets: TypeAlias = Mapping[str, FactList]


@dataclass(frozen=True, slots=True, order=True)
class Ask:
    """One question of a consultation.

    Attributes:
        template: Of which kind of fact.
        row: Which fact, from 0, in the order in which the consultation learned of them.
        slot: What about it; empty for "is there another one?".
    """

    template: str
    row: int
    slot: str = ""

    @property
    def more(self) -> bool:
        """Whether this asks for another fact."""
        return not self.slot

    @property
    def name(self) -> str:
        """Template and slot as the knowledge base names them."""
        return f"{self.template}.{self.slot}"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a choice of the next question may look at.

    Attributes:
        open: Every question that can be asked and still matters, in the fixed order; at least one.
        stakes: What can still change.
        tables: What can be answered.
        sheets: The facts so far.
        last: The question before; none at the beginning.
        enough: Whether there is enough to act already.
    """

    open: Sequence[Ask]
    stakes: Stakes
    tables: AnswerTables
    sheets: Sheets
    last: Ask | None = None
    enough: bool = False


Strategy: TypeAlias = Callable[[Situation], Ask]


def fixed_order(situation: Situation) -> Ask:
    """Choose the first question in the order of the questionnaire (domain brief, F.2)."""
    return situation.open[0]


def enough_to_act(found: Assessment) -> bool:
    """Say whether the first action is firm and no veto is merely possible (S16)."""
    if not found.actions or any(veto.status is VetoStatus.POSSIBLE for veto in found.vetoes):
        return False
    first = found.actions[0]
    return first.firm and first.status is ActionStatus.RECOMMENDED


def row_ids(template: Template, sheet: FactList) -> list[RowId]:
    """Give for each fact of a sheet, in its order, the row that it is in a case."""
    order = sorted(
        range(len(sheet.facts)), key=lambda place: fact_order(sheet.facts[place], template)
    )
    return [RowId(template.name, order.index(place)) for place in range(len(sheet.facts))]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The facts of one template as a consultation has them, with what is still wanted of them."""

    template: Template
    facts: FactList
    wanted: Collection[SlotName]
    settled: Collection[Ask]

    def slots(self, slot: str) -> Iterator[Ask]:
        """Iterate over the questions for one slot, fact by fact."""
        name = self.template.name
        if not self.facts.facts:
            if SlotName(name, slot) in self.wanted:
                yield from self._unsettled(Ask(name, 0, slot))
            return
        one = self.template.cardinality is Cardinality.ONE
        ids = row_ids(self.template, self.facts)
        for place, fact in enumerate(self.facts.facts):
            # A day given in place of a moment stays wanted; it is not asked for twice.
            gap = SlotName(name, slot, None if one else ids[place])
            if slot not in fact.slots and gap in self.wanted:
                yield from self._unsettled(Ask(name, place, slot))

    def first(self) -> Iterator[Ask]:
        """Give a question that tells whether there is any such fact, if only that is wanted."""
        name = self.template.name
        if self.facts.facts or SlotName(name, "") not in self.wanted:
            return
        asks = [Ask(name, 0, slot.name) for slot in self.template.slots.values() if slot.question]
        wanted = any(SlotName(name, ask.slot) in self.wanted for ask in asks)
        if asks and not wanted and not any(ask in self.settled for ask in asks):
            yield asks[0]

    def more(self) -> Iterator[Ask]:
        """Give the question for another fact, if any undecided rule could use one."""
        if self.template.cardinality is Cardinality.ONE or not self.template.more:
            return
        if not self.facts.open or not self.facts.facts:
            return
        name = self.template.name
        if any(gap.template == name and gap.row is None for gap in self.wanted):
            yield from self._unsettled(Ask(name, len(self.facts.facts)))

    def _unsettled(self, ask: Ask) -> Iterator[Ask]:
        if ask not in self.settled:
            yield ask


def open_questions(stakes: Stakes, sheets: Sheets, settled: Collection[Ask]) -> list[Ask]:
    """Give everything that can be asked and still matters, in the order of the questionnaire.

    Args:
        stakes: What can still change.
        sheets: The facts so far, by template, in the order of the consultation.
        settled: Questions that were answered, "don't know" included.
    """
    base, wanted = stakes.base, stakes.wanted
    last = {name.partition(".")[0]: name for name in base.question_order}
    asks: list[Ask] = []
    for name in base.question_order:
        template, _, slot = name.partition(".")
        terms = base.templates[template]
        if terms.slots[slot].question is None:
            continue
        sheet = Sheet(terms, sheets.get(template, FactList()), wanted, settled)
        asks.extend(sheet.slots(slot))
        if last[template] == name:
            asks.extend(sheet.first())
            asks.extend(sheet.more())
    return asks


def row_of(ask: Ask, sheets: Sheets, base: KnowledgeBase) -> RowId | None:
    """Give the row of a case that a question is about; none for what is not in a list yet."""
    terms = base.templates[ask.template]
    ids = row_ids(terms, sheets.get(ask.template, FactList()))
    many = terms.cardinality is Cardinality.MANY
    return ids[ask.row] if many and ask.row < len(ids) else None


def matters_for(ask: Ask, sheets: Sheets, stakes: Stakes) -> set[str]:
    """Give the ids of the diagnoses, actions and vetoes that hang on a question."""
    row = row_of(ask, sheets, stakes.base)
    touched: set[str] = set()
    for name, targets in stakes.wanted.items():
        same = name.template == ask.template and name.row == row
        if same and (ask.more or name.slot in {ask.slot, ""}):
            touched |= targets
    return touched

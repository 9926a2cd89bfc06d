"""A consultation: facts, and the questions and answers that added to them.

It knows no terminal. A consultation is a value: an answer gives a new one, and the facts are always
worked out anew from what was given and from every step. So going back, changing an answer and
resuming are the same operation, and nothing can be left over from an answer that was withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import count

from simdiag.analysis.program import Program
from simdiag.analysis.reading import Readings
from simdiag.engines.reference import holds
from simdiag.errors import Problems
from simdiag.loading.cases import FactReader, canonical
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case, FactList, GivenFact, RowId
from simdiag.model.conditions import All
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import relevance_id
from simdiag.model.terms import Cardinality, Template
from simdiag.model.truth import FALSE
from simdiag.model.values import Interval, Kind, Value
from simdiag.reasoning.chances import AnswerTables
from simdiag.reasoning.questions import (
    Ask,
    Sheets,
    Situation,
    Strategy,
    enough_to_act,
    matters_for,
    open_questions,
    row_ids,
)
from simdiag.reasoning.stakes import Stakes
from simdiag.spans import NOWHERE

ID_SLOT = "id"


class Reply(StrEnum):
    """What somebody said to a question."""

    VALUE = "value"
    DONT_KNOW = "don't know"
    NO_FACT = "none"
    MORE = "more"
    NO_MORE = "no more"


@dataclass(frozen=True, slots=True)
class Step:
    """A question with its answer.

    Attributes:
        ask: The question.
        reply: What kind of answer it was.
        text: The answer as facts files write it.
        value: The same as rules read it; none if the answer was no value.
    """

    ask: Ask
    reply: Reply
    text: str = ""
    value: Value | None = None


@dataclass(frozen=True)
class Desk:
    """What every state of a consultation works with.

    Attributes:
        reader: Makes cases of facts.
        program: The knowledge base, made ready.
        assess: Assesses a case; every answer is a fresh run over all facts.
        strategy: Chooses the next question.
    """

    reader: FactReader
    program: Program
    assess: Callable[[Case], Assessment]
    strategy: Strategy

    @cached_property
    def readings(self) -> Readings:
        """What the rules read."""
        return Readings(self.program)

    @cached_property
    def tables(self) -> AnswerTables:
        """What can be answered to the questions."""
        return AnswerTables(self.base)

    def may_be_more(self, template: str, case: Case) -> bool:
        """Say whether there may be more facts of a template than a case has."""
        when = self.base.templates[template].more_when
        return not isinstance(when, All) or holds(self.program, case, when) is not FALSE

    @property
    def base(self) -> KnowledgeBase:
        """The knowledge base."""
        return self.reader.base


@dataclass(frozen=True)
class Consultation:
    """One state of a consultation.

    Attributes:
        desk: What it works with.
        case_id: Id of the case.
        as_of: The moment for which it is judged.
        given: Facts that were there before the first question, by template.
        steps: Questions and answers in their order.
    """

    desk: Desk = field(compare=False, repr=False)
    case_id: str
    as_of: Interval
    given: Sheets = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    # What follows from the steps ------------------------------------------------------------------

    @cached_property
    def sheets(self) -> dict[str, FactList]:
        """The facts by template, in the order in which the consultation learned of them."""
        sheets = dict(self.given)
        for step in self.steps:
            apply(step, sheets, self.desk.base)
        return {**sheets, **self._complete(sheets)}

    def _complete(self, sheets: Mapping[str, FactList]) -> dict[str, FactList]:
        """Close the lists that can have no further fact, as far as the answers tell."""
        case = Case(self.case_id, self.as_of, sheets)
        return {
            name: replace(sheet, open=False)
            for name, sheet in sheets.items()
            if sheet.open and sheet.facts and not self.desk.may_be_more(name, case)
        }

    @cached_property
    def case(self) -> Case:
        """The facts as a case."""
        templates = self.desk.base.templates
        lists = {
            name: replace(sheet, facts=canonical(list(sheet.facts), templates[name]))
            for name, sheet in self.sheets.items()
        }
        read = self.desk.reader.finished(self.case_id, self.as_of, lists, NOWHERE, Problems())
        assert read.case is not None  # noqa: S101 - every value was checked when it was given
        return read.case

    @cached_property
    def assessment(self) -> Assessment:
        """Everything that follows from the facts so far."""
        return self.desk.assess(self.case)

    @cached_property
    def open_questions(self) -> tuple[Ask, ...]:
        """Every question that can be asked and still matters, in the fixed order."""
        settled = {step.ask for step in self.steps}
        return tuple(
            ask
            for ask in open_questions(self.stakes, self.sheets, settled)
            if ask.more or not self._refers_to_nothing(ask)
        )

    @cached_property
    def stakes(self) -> Stakes:
        """What can still change."""
        return Stakes(self.desk.program, self.desk.readings, self.case, self.assessment)

    @cached_property
    def question(self) -> Ask | None:
        """The next question; none if nothing that can be asked matters any more."""
        if not self.open_questions:
            return None
        last = self.steps[-1].ask if self.steps else None
        situation = Situation(
            self.open_questions, self.stakes, self.desk.tables, self.sheets, last, self.enough
        )
        return self.desk.strategy(situation)

    @property
    def enough(self) -> bool:
        """Whether the first action is firm and no veto is merely possible."""
        return enough_to_act(self.assessment)

    def matters_for(self, ask: Ask) -> set[str]:
        """Give the ids of the diagnoses, actions and vetoes that hang on a question."""
        return matters_for(ask, self.sheets, self.stakes)

    def may_be_none(self, ask: Ask) -> bool:
        """Whether "there is no such fact" is an answer: nothing is known of the list yet."""
        sheet = self.sheets.get(ask.template, FactList())
        many = self.desk.base.templates[ask.template].cardinality is Cardinality.MANY
        return many and not ask.more and sheet.open and not sheet.facts

    def referred(self, ask: Ask) -> tuple[tuple[str, RowId], ...]:
        """Give the facts that a question asks to choose from: their ids, and the rows they are.

        A text slot with the name of a template whose facts have ids (``bill_line.bill``) refers to
        one of them; ids are given here, nobody has to invent them.
        """
        target = self._target(ask)
        if target is None:
            return ()
        sheet = self.sheets.get(target.name, FactList())
        return tuple(
            (str(fact.slots[ID_SLOT]), row)
            for fact, row in zip(sheet.facts, row_ids(target, sheet), strict=True)
            if ID_SLOT in fact.slots
        )

    def _target(self, ask: Ask) -> Template | None:
        base = self.desk.base
        slot = base.templates[ask.template].slots.get(ask.slot)
        target = base.templates.get(ask.slot)
        refers = slot is not None and slot.type.kind is Kind.TEXT
        return target if refers and target is not None and ID_SLOT in target.slots else None

    def _refers_to_nothing(self, ask: Ask) -> bool:
        """Say whether a question asks for one of several facts of which there are none."""
        target = self._target(ask)
        if target is None:
            return False
        sheet = self.sheets.get(target.name, FactList())
        return not sheet.open and not sheet.facts

    # Moving on ------------------------------------------------------------------------------------

    def taken(self, step: Step) -> Consultation:
        """Give the state after one more step."""
        return replace(self, steps=(*self.steps, step))

    def back(self) -> Consultation:
        """Give the state before the last step; at the beginning there is no other."""
        return replace(self, steps=self.steps[:-1])

    def changed(self, number: int, step: Step) -> Consultation:
        """Give the state as if one earlier question had been answered otherwise.

        Later answers are kept as far as they still make sense: those about facts that there are
        not any more, and those that do not apply any more, go.

        Args:
            number: Which step, from 0.
            step: What takes its place.
        """
        steps = list(self.steps)
        steps[number] = step
        changed = replace(self, steps=tuple(self._applicable(steps)))
        while gone := changed.irrelevant_steps():
            kept = [found for found in changed.steps if found not in gone]
            changed = replace(changed, steps=tuple(self._applicable(kept)))
        return changed

    def lost(self, later: Consultation) -> list[int]:
        """Give the numbers of the steps, from 0, whose questions a later state has not any more."""
        kept = {step.ask for step in later.steps}
        return [number for number, step in enumerate(self.steps) if step.ask not in kept]

    def _applicable(self, steps: Iterable[Step]) -> list[Step]:
        sheets = dict(self.given)
        kept = []
        for step in steps:
            if applies(step, sheets):
                apply(step, sheets, self.desk.base)
                kept.append(step)
        return kept

    def irrelevant_steps(self) -> list[Step]:
        """Give the steps whose answers do not apply to the other facts."""
        return [
            step
            for step in self.steps
            if step.reply in {Reply.VALUE, Reply.DONT_KNOW} and self._is_irrelevant(step.ask)
        ]

    def _is_irrelevant(self, ask: Ask) -> bool:
        terms = self.desk.base.templates[ask.template]
        inference = self.assessment.inference
        template_rule = relevance_id(ask.template)
        if terms.relevant is not None and inference.truth(template_rule, ()) is FALSE:
            return True
        if terms.slots[ask.slot].relevant is None:
            return False
        rows = row_ids(terms, self.sheets.get(ask.template, FactList()))
        row = rows[ask.row] if ask.row < len(rows) else RowId(ask.template, -1)
        if row not in inference.slots:
            return False
        return inference.truth(relevance_id(ask.template, ask.slot), (row,)) is FALSE


# Steps and facts ----------------------------------------------------------------------------------


def applies(step: Step, sheets: Mapping[str, FactList]) -> bool:
    """Say whether a step makes sense for the facts before it."""
    sheet = sheets.get(step.ask.template, FactList())
    known = len(sheet.facts)
    if step.ask.more:
        return sheet.open and known > 0 and step.ask.row == known
    first = step.ask.row == 0 and not known and sheet.open
    if step.reply is Reply.NO_FACT:
        return first
    return first or step.ask.row < known


def apply(step: Step, sheets: dict[str, FactList], base: KnowledgeBase) -> None:
    """Add to the facts what a step says. "Don't know" says nothing: the slot stays unknown."""
    name = step.ask.template
    sheet = sheets.get(name, FactList())
    match step.reply:
        case Reply.VALUE if step.value is not None:
            sheets[name] = _with_value(step, sheet, base)
        case Reply.NO_FACT:
            sheets[name] = FactList((), open=False, given=True)
        case Reply.MORE:
            fact = _new_fact(name, sheet, base)
            sheets[name] = replace(sheet, facts=(*sheet.facts, fact))
        case Reply.NO_MORE:
            sheets[name] = replace(sheet, open=False)
        case _:
            pass


def _with_value(step: Step, sheet: FactList, base: KnowledgeBase) -> FactList:
    """Put a value into its fact; the first value of a list makes its first fact."""
    name, slot = step.ask.template, step.ask.slot
    assert step.value is not None  # noqa: S101 - asked before
    facts = list(sheet.facts) or [_new_fact(name, sheet, base)]
    fact = facts[step.ask.row]
    facts[step.ask.row] = replace(
        fact,
        slots={**fact.slots, slot: step.value},
        written={**fact.written, slot: step.text},
    )
    one = base.templates[name].cardinality is Cardinality.ONE
    return FactList(tuple(facts), open=sheet.open and not one, given=True)


def _new_fact(template: str, sheet: FactList, base: KnowledgeBase) -> GivenFact:
    """Make a fact of which nothing is known but an id, if other facts may refer to it."""
    slot = base.templates[template].slots.get(ID_SLOT)
    if slot is None or slot.question is not None or not _is_referred_to(template, base):
        return GivenFact(template, {}, {})
    taken = {fact.slots.get(ID_SLOT) for fact in sheet.facts}
    names = (f"{template}-{number}" for number in count(1))
    name = next(name for name in names if name not in taken)
    return GivenFact(template, {ID_SLOT: name}, {ID_SLOT: name})


def _is_referred_to(template: str, base: KnowledgeBase) -> bool:
    return any(
        template in other.slots and other.slots[template].type.kind is Kind.TEXT
        for other in base.fact_templates()
    )

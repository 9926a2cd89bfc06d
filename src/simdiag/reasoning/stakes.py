"""What can still change: the states, actions and vetoes on which unknown facts have a say (S16).

A rule that is undecided matters only while its conclusion can make a difference: not if the rating
that it adds to is settled whatever it says, not if its veto holds already, not if its action is
advised for certain. What is left here decides both which questions are still asked and when a
consultation is settled, so it may leave out too little, never too much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simdiag.analysis.program import Program
from simdiag.analysis.reading import Readings
from simdiag.model.assessment import ActionStatus, Assessment, Rating, SlotName, State, VetoStatus
from simdiag.model.cases import VIRTUAL, Case, RowId
from simdiag.model.inference import Outcome, Rows
from simdiag.model.rules import Purpose, Rule
from simdiag.model.terms import Cardinality
from simdiag.model.truth import TRUE
from simdiag.model.values import UNKNOWN_VALUE
from simdiag.reasoning.missing import MissingFacts
from simdiag.reasoning.rating import rate_subjects


@dataclass(frozen=True, slots=True)
class Stake:
    """Something that may still change, with the undecided rules that can change it.

    Attributes:
        target: Id of the diagnosis, action or veto.
        purpose: ``RATE``, ``DO``, ``DONE``, ``VETO`` or ``LADDER``.
        outcomes: The undecided rules, each for its subject.
        rating: Of the subject, for a diagnosis.
    """

    target: str
    purpose: Purpose
    outcomes: tuple[Outcome, ...]
    rating: Rating | None = None


class Stakes:
    """Everything that can still change in one case.

    Args:
        program: The knowledge base, made ready.
        readings: What its rules read.
        case: The facts.
        found: What follows from them.
    """

    def __init__(self, program: Program, readings: Readings, case: Case, found: Assessment) -> None:
        """Work out what is undecided, and which of that makes a difference."""
        self.program = program
        self.base = program.base
        self.readings = readings
        self.found = found
        self.inference = found.inference
        self._missing = MissingFacts(program, case, found.inference)
        self._unknown: dict[tuple[str, Rows], frozenset[SlotName]] = {}
        self.all: tuple[Stake, ...] = tuple(self._stakes())
        self.wanted: Mapping[SlotName, frozenset[str]] = self._wanted()

    # What is at stake -----------------------------------------------------------------------------

    def _stakes(self) -> Iterator[Stake]:
        planned: set[str] = set()
        for diagnosis in self.base.diagnoses.values():
            for subject, rating in rate_subjects(self.base, diagnosis, self.inference).items():
                if rating.low is not rating.high:
                    found = self._undecided(diagnosis.rules, subject)
                    yield Stake(diagnosis.id, Purpose.RATE, found, rating)
                if rating.high >= State.SUGGESTED:
                    yield from self._advice(diagnosis.advice, subject, planned)
        yield from self._vetoes()
        yield from self._done(planned)
        yield from self._ladders()

    def _undecided(self, rules: tuple[str, ...], subject: Rows) -> tuple[Outcome, ...]:
        found = (self.inference.outcomes.get(name, {}).get(subject) for name in rules)
        return tuple(each for each in found if each is not None and each.truth is not TRUE)

    def _advice(self, rules: tuple[str, ...], subject: Rows, planned: set[str]) -> Iterator[Stake]:
        """Give what is not certain about the advice for one fact."""
        for name in rules:
            rule = self.base.rules[name]
            outcome = self.inference.outcomes.get(name, {}).get(subject)
            if rule.purpose is not Purpose.DO or outcome is None or self._is_ruled_out(rule.target):
                continue
            planned |= self._with_required(rule.target)
            if self._is_open(outcome) and not self._is_certain(rule):
                yield Stake(rule.target, Purpose.DO, (outcome,))

    def _is_open(self, outcome: Outcome) -> bool:
        """Say whether a rule is undecided, or a date or argument of its advice is not known."""
        return outcome.truth is not TRUE or UNKNOWN_VALUE in outcome.computed.values()

    def _is_certain(self, rule: Rule) -> bool:
        """Say whether an action is advised for certain, and a further rule could add nothing."""
        adds = rule.arguments or rule.not_before is not None or rule.not_after is not None
        if adds or not (self.base.actions[rule.target].once or not rule.subjects):
            return False
        return any(each.id == rule.target and each.firm for each in self.found.actions)

    def _is_ruled_out(self, action: str) -> bool:
        """Say whether an action is done, or forbidden by a veto that holds."""
        if self._is_done(action):
            return True
        holding = (veto for veto in self.found.vetoes if veto.status is VetoStatus.HOLDS)
        return any(action in veto.forbids for veto in holding)

    def _is_done(self, action: str) -> bool:
        rule = self.base.actions[action].done_when
        return bool(rule) and self.inference.truth(rule, ()) is TRUE

    def _with_required(self, action: str) -> set[str]:
        found = {action}
        for name in self.base.actions[action].requires:
            found |= self._with_required(name) if name not in found else set()
        return found

    def _vetoes(self) -> Iterator[Stake]:
        undecided: dict[str, list[Outcome]] = defaultdict(list)
        holding = {veto.id for veto in self.found.vetoes if veto.status is VetoStatus.HOLDS}
        for rule in self.base.rules.values():
            if rule.purpose is Purpose.VETO and rule.target not in holding:
                undecided[rule.target].extend(self.inference.outcomes.get(rule.id, {}).values())
        for name, outcomes in undecided.items():
            if outcomes:
                yield Stake(name, Purpose.VETO, tuple(outcomes))

    def _done(self, planned: set[str]) -> Iterator[Stake]:
        shown = planned | {each.id for each in self.found.actions}
        for name in sorted(shown):
            rule = self.base.actions[name].done_when
            outcome = self.inference.outcomes.get(rule, {}).get(()) if rule else None
            if outcome is not None and outcome.truth is not TRUE:
                yield Stake(name, Purpose.DONE, (outcome,))

    def _ladders(self) -> Iterator[Stake]:
        """Give the ladders that may be used or not; none while a diagnosis advises something."""
        advised = [each for each in self.found.actions if each.status is ActionStatus.RECOMMENDED]
        if any(not each.ladder for each in advised):
            return
        for ladder in self.base.ladders:
            outcome = self.inference.outcomes.get(ladder.rule, {}).get(())
            if outcome is not None and outcome.truth is not TRUE:
                yield Stake(ladder.id, Purpose.LADDER, (outcome,))

    # The slots ------------------------------------------------------------------------------------

    def _wanted(self) -> Mapping[SlotName, frozenset[str]]:
        found: dict[SlotName, set[str]] = defaultdict(set)
        for stake in self.all:
            for outcome in stake.outcomes:
                for slot in self.unknown(outcome):
                    found[slot].add(stake.target)
        return {slot: frozenset(targets) for slot, targets in found.items()}

    def unknown(self, outcome: Outcome) -> frozenset[SlotName]:
        """Give the unknown slots that a rule reads for its subject.

        A name without a row stands for facts that nobody has told of yet.
        """
        key = (outcome.rule, outcome.subject)
        if key not in self._unknown:
            self._unknown[key] = frozenset(self._reads(outcome))
        return self._unknown[key]

    def _reads(self, outcome: Outcome) -> set[SlotName]:
        reading = self.readings.of_rule(outcome.rule)
        found: set[SlotName] = set()
        for template, slot in reading.others:
            found |= set(self._missing.of_slot(template, slot))
        for row, slots in zip(outcome.subject, reading.own, strict=False):
            for slot in slots:
                found |= self.in_row(row, slot)
        return found

    def of_slot(self, template: str, slot: str) -> tuple[SlotName, ...]:
        """Give a slot of every fact in which it is unknown."""
        return self._missing.of_slot(template, slot)

    def in_row(self, row: RowId, slot: str) -> set[SlotName]:
        """Give a slot of one fact if it is unknown there."""
        template = self.base.templates.get(row.template)
        if template is None:
            return set()
        one = template.cardinality is Cardinality.ONE
        wanted = None if one or row.index == VIRTUAL else row
        return {name for name in self._missing.of_slot(row.template, slot) if name.row == wanted}

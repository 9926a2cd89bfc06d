"""What every engine does in the same way: strata, findings from rules, exceptions, records.

An engine decides rules. It fills a :class:`Session` with, for each rule and subject, the truth and
the binding that decided it, and the same for the inner parts of conditions. Everything else
follows from that here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

from simdiag.analysis.program import Program
from simdiag.calculation.functions import as_moment
from simdiag.engines.aggregates import Contribution, aggregate
from simdiag.engines.branches import Binding, Decision, RunReader
from simdiag.engines.support import supports_of
from simdiag.engines.values import evaluate
from simdiag.engines.world import World
from simdiag.model.cases import Case, RowId
from simdiag.model.conditions import (
    Aggregate,
    AggregateKind,
    All,
    Expression,
    SlotRef,
)
from simdiag.model.inference import NOT_AFTER, NOT_BEFORE, Inference, Outcome, Rows
from simdiag.model.rules import Finding, Rule, relevance_id
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth, disjunction, negate
from simdiag.model.values import (
    UNKNOWN_VALUE,
    Interval,
    Kind,
    SlotType,
    Value,
    is_ordered,
)


class Session(ABC):
    """The evaluation of one case by one engine."""

    def __init__(self, program: Program, case: Case) -> None:
        """Start with the given facts."""
        self.program = program
        self.case = case
        self.world: World = World(program, case)
        self.outcomes: dict[str, dict[Rows, Outcome]] = {}
        self.values: dict[str, dict[Rows, Value]] = {}

    @abstractmethod
    def decide(self, rules: Sequence[Rule]) -> dict[str, dict[Rows, Decision]]:
        """Decide rules for all their subjects; what is false is left out."""

    @abstractmethod
    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""

    @abstractmethod
    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""

    # The run -------------------------------------------------------------------------------------

    def run(self) -> Inference:
        """Evaluate the case."""
        for stratum in self.program.strata:
            rules = [
                self.program.base.rules[name]
                for finding in stratum.findings
                for name in finding.rules
            ]
            decided = self.decide([*stratum.relevance, *rules])
            for rule in stratum.relevance:
                self._apply_relevance(rule, decided.get(rule.id, {}))
            for rule in (*stratum.relevance, *rules):
                self._keep(rule, decided.get(rule.id, {}))
            for finding in stratum.findings:
                self._apply_finding(finding, decided)
        self._decide_final()
        return Inference(
            {
                rule: dict(sorted(found.items()))
                for rule, found in sorted(self.outcomes.items())
                if found
            },
            self.values,
            dict(self.world.rows),
            self.world.slots,
        )

    def _keep(self, rule: Rule, decided: Mapping[Rows, Decision]) -> None:
        self.outcomes[rule.id] = {
            subject: Outcome(
                rule.id,
                subject,
                decision.truth,
                dict(sorted(decision.binding.items())),
                supports_of(self, rule.when.parts, decision.binding),
                computed=self._consequents(rule, subject),
            )
            for subject, decision in decided.items()
        }

    def _consequents(self, rule: Rule, subject: Rows) -> dict[str, Value]:
        """Give the dates and arguments of advice, which read its subjects only."""
        expressions = dict(rule.arguments)
        if rule.not_before is not None:
            expressions[NOT_BEFORE] = rule.not_before
        if rule.not_after is not None:
            expressions[NOT_AFTER] = rule.not_after
        binding = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
        return {name: self.evaluate(found, binding) for name, found in expressions.items()}

    def _apply_relevance(self, rule: Rule, decided: Mapping[Rows, Decision]) -> None:
        if not rule.subjects:
            if () not in decided:
                self.world.withdraw_template(self.program.base.templates[rule.target])
            return
        template = rule.subjects[0].template
        slot = rule.target.rpartition(".")[2]
        for row in self.world.rows[template]:
            if (row,) not in decided:
                self.world.withdraw_slot(row, slot)

    def _apply_finding(
        self, finding: Finding, decided: Mapping[str, Mapping[Rows, Decision]]
    ) -> None:
        templates = tuple(subject.template for subject in finding.subjects)
        found = self.values.setdefault(finding.id, {})
        for subject in self.world.subjects(templates):
            truths = [
                decided[rule][subject].truth if subject in decided.get(rule, {}) else FALSE
                for rule in finding.rules
            ]
            value = self._finding_value(finding, subject, truths)
            self.world.conclude(finding.name, subject, value)
            found[subject] = value

    def _finding_value(self, finding: Finding, subject: Rows, truths: Sequence[Truth]) -> Value:
        rules = [self.program.base.rules[name] for name in finding.rules]
        if finding.type.kind is Kind.BOOLEAN and all(rule.value is None for rule in rules):
            joined = disjunction(truths)
            return UNKNOWN_VALUE if joined is UNKNOWN else joined is TRUE
        candidates: list[Value] = []
        for rule, truth in zip(rules, truths, strict=True):
            if truth is FALSE:
                continue
            candidates.append(self._value(rule, subject, finding.type))
            if truth is TRUE:
                return candidates[0] if len(candidates) == 1 else _hull(candidates, finding.type)
        # Either no branch holds, or none certainly does: what we have no rule for is not known to
        # us.
        return UNKNOWN_VALUE

    def _value(self, rule: Rule, subject: Rows, wanted: SlotType) -> Value:
        if rule.value is None:
            return UNKNOWN_VALUE
        binding = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
        value = self.evaluate(rule.value, binding)
        if isinstance(value, Interval) and wanted.kind is Kind.DATETIME:
            return as_moment(value, rule.value.type.kind)
        return value

    def _decide_final(self) -> None:
        rules = self.program.final
        decided = self.decide(rules)
        known: dict[tuple[str, Rows], Truth] = {}
        for rule in rules:
            self._keep(rule, decided.get(rule.id, {}))
        for rule in rules:
            if rule.unless:
                for subject in list(self.outcomes[rule.id]):
                    self._give_way(rule, subject, decided, known)

    def _give_way(
        self,
        rule: Rule,
        subject: Rows,
        decided: Mapping[str, Mapping[Rows, Decision]],
        known: dict[tuple[str, Rows], Truth],
    ) -> None:
        truth = self._resolved(rule.id, subject, decided, known)
        if truth is FALSE:
            del self.outcomes[rule.id][subject]
            return
        others = tuple(
            (other, self._resolved(other, self._same_subject(other, subject), decided, known))
            for other in rule.unless
        )
        outcome = self.outcomes[rule.id][subject]
        self.outcomes[rule.id][subject] = replace(outcome, truth=truth, unless=others)

    def _same_subject(self, rule: str, subject: Rows) -> Rows:
        return subject if self.program.base.rules[rule].subjects else ()

    def _resolved(
        self,
        rule: str,
        subject: Rows,
        decided: Mapping[str, Mapping[Rows, Decision]],
        known: dict[tuple[str, Rows], Truth],
    ) -> Truth:
        """Give the truth of a rule after the rules to which it gives way (S13)."""
        if (rule, subject) not in known:
            decision = decided.get(rule, {}).get(subject)
            truth = FALSE if decision is None else decision.truth
            for other in self.program.base.rules[rule].unless:
                beaten = self._resolved(other, self._same_subject(other, subject), decided, known)
                truth = min(truth, negate(beaten))
            known[rule, subject] = truth
        return known[rule, subject]

    # Values and records --------------------------------------------------------------------------

    def evaluate(self, expression: Expression, binding: Binding) -> Value:
        """Give the value of an expression for a binding, aggregates from what was decided."""
        return evaluate(expression, RunReader(self, binding))

    def aggregate(self, found: Aggregate, binding: Binding) -> Value:
        """Compute an aggregate from the facts that count for it."""
        rows = []
        for row, matches in self.matching(found, binding):
            truth = matches
            value: Value = UNKNOWN_VALUE
            if found.value is not None:
                inner = {**binding, found.match.alias: row}
                value = self.evaluate(found.value, inner)
                if value is UNKNOWN_VALUE and self._may_not_apply(found.value, inner):
                    truth = UNKNOWN
            rows.append(Contribution(truth, value, self.world.many(row)))
        slot_type = (
            found.type
            if found.kind is AggregateKind.COUNT or found.value is None
            else found.value.type
        )
        return aggregate(found.kind, rows, slot_type)

    def _may_not_apply(self, expression: Expression, binding: Binding) -> bool:
        """Say whether an unknown slot may turn out not to be relevant, so that it adds nothing."""
        if not isinstance(expression, SlotRef):
            return False
        row = self.world.row_of(expression.alias, binding)
        outcome = self.outcomes.get(relevance_id(row.template, expression.slot), {}).get((row,))
        return outcome is not None and outcome.truth is not TRUE


def _hull(candidates: Sequence[Value], slot_type: SlotType) -> Value:
    """Give what is certain when one of several values holds."""
    first = candidates[0]
    if all(value == first for value in candidates):
        return first
    intervals = [value for value in candidates if isinstance(value, Interval)]
    if not is_ordered(slot_type.kind) or len(intervals) != len(candidates):
        return UNKNOWN_VALUE
    return Interval(
        min(value.low for value in intervals),
        max(value.high for value in intervals),
        maybe_absent=any(value.maybe_absent for value in intervals),
    )


class Engine(ABC):
    """Decides the rules of one program for one case at a time."""

    name: str

    def __init__(self, program: Program) -> None:
        """Take the program."""
        self.program = program

    @abstractmethod
    def session(self, case: Case) -> Session:
        """Start the evaluation of a case."""

    def infer(self, case: Case) -> Inference:
        """Evaluate one case.

        Raises:
            EngineFailure: If the engine could not finish it.
        """
        return self.session(case).run()

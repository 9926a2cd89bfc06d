"""What every engine does in the same way: strata, findings from rules, exceptions, records.

An engine decides rules. It fills a :class:`Session` with, for each rule and subject, the truth and
the binding that decided it, and the same for the inner parts of conditions. Everything else
follows from that here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from simdiag.analysis.program import Program
from simdiag.calculation.functions import as_moment
from simdiag.engines.aggregates import Contribution, aggregate
from simdiag.engines.branches import Binding, Decision, RunReader
from simdiag.engines.outcomes import (
    Outcomes,
    PairOutcomes,
    PairValues,
    is_of_pairs,
    is_yes_or_no,
)
from simdiag.engines.support import Records
from simdiag.engines.values import Code
from simdiag.engines.world import World
from simdiag.model.cases import VIRTUAL, Case, RowId
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
    """The evaluation of one case by one engine.

    Attributes:
        decisions: How rules were decided, by id and subject; what is false is left out.
        values: Findings by id and subject; about pairs only where something is said of them.
        pairs_when_read: Whether findings about pairs are left out of the strata, because ``pair``
            concludes them for those pairs of which they are read.
    """

    pairs_when_read: ClassVar[bool] = False

    def __init__(self, program: Program, case: Case) -> None:
        """Start with the given facts."""
        self.program = program
        self.case = case
        self.world: World = World(program, case)
        self.code: Code = program.kept.setdefault("code", Code())
        self.decisions: dict[str, dict[Rows, Decision]] = {}
        self.values: dict[str, dict[Rows, Value]] = {}
        self._yes_or_no: dict[str, bool] = {}

    @abstractmethod
    def decide(self, rules: Sequence[Rule]) -> dict[str, dict[Rows, Decision]]:
        """Decide rules for all their subjects; what is false is left out."""

    @abstractmethod
    def pair(self, finding: str, first: RowId, second: RowId) -> Value:
        """Give what a finding about pairs, by its name, says of two facts."""

    @abstractmethod
    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""

    @abstractmethod
    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""

    def antecedent(self, rule: Rule) -> All:
        """Give the antecedent of a rule, or the equal one of another rule that was decided."""
        return rule.when

    # The run -------------------------------------------------------------------------------------

    def run(self) -> Inference:
        """Evaluate the case."""
        for stratum in self.program.strata:
            findings = [each for each in stratum.findings if not is_of_pairs(each)]
            pairs = [each for each in stratum.findings if is_of_pairs(each)]
            if self.pairs_when_read:
                pairs = []
            rules = [*stratum.relevance, *self._rules(findings), *self._rules(pairs)]
            decided = self.decide(rules)
            self.decisions.update(decided)
            for rule in stratum.relevance:
                self._apply_relevance(rule, decided.get(rule.id, {}))
            for finding in findings:
                self._conclude(finding, decided)
            for finding in pairs:
                self._conclude_pairs(finding, decided)
        self.decisions.update(self.decide(self.program.final))
        return self._inference()

    def _rules(self, findings: Iterable[Finding]) -> list[Rule]:
        rules = self.program.base.rules
        return [rules[name] for finding in findings for name in finding.rules]

    def _inference(self) -> Inference:
        outcomes: dict[str, Mapping[Rows, Outcome]] = {
            name: Outcomes(self, self.program.rule[name])
            for name, decided in self.decisions.items()
            if decided
        }
        self._give_way(outcomes)
        values: dict[str, Mapping[Rows, Value]] = dict(self.values)
        for finding in self.program.base.findings.values():
            if is_of_pairs(finding):
                values[finding.id] = PairValues(self, finding)
                for rule in self._rules([finding]):
                    outcomes[rule.id] = PairOutcomes(self, rule, finding)
        rows = dict(self.world.rows)
        return Inference(dict(sorted(outcomes.items())), values, rows, self.world.slots)

    def outcome(self, rule: Rule, subject: Rows, decision: Decision) -> Outcome:
        """Give what is told of a rule that was decided for a subject."""
        binding = dict(sorted(decision.binding.items()))
        records = Records(self, self.antecedent(rule).parts, binding)
        computed = self._consequents(rule, subject)
        return Outcome(rule.id, subject, decision.truth, binding, records, computed=computed)

    def _consequents(self, rule: Rule, subject: Rows) -> dict[str, Value]:
        """Give the dates and arguments of advice, which read its subjects only."""
        if not rule.arguments and rule.not_before is None and rule.not_after is None:
            return {}
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

    def _conclude(self, finding: Finding, decided: Mapping[str, Mapping[Rows, Decision]]) -> None:
        """Conclude a finding about the case or a fact, for each fact."""
        rules = [(rule, decided.get(rule.id, {})) for rule in self._rules([finding])]
        found: dict[Rows, Value] = {}
        self.values[finding.id] = found
        for subject in self.world.subjects(tuple(each.template for each in finding.subjects)):
            truths = [
                (rule, of_rule[subject].truth) for rule, of_rule in rules if subject in of_rule
            ]
            value = found[subject] = self.finding_value(finding, subject, truths)
            self.world.conclude(finding.name, subject, value)

    def _conclude_pairs(
        self, finding: Finding, decided: Mapping[str, Mapping[Rows, Decision]]
    ) -> None:
        """Conclude a finding about pairs, for those pairs of which it says something."""
        rules = [(rule, decided.get(rule.id, {})) for rule in self._rules([finding])]
        pairs = {pair for _, of_rule in rules for pair in of_rule}
        self.values[finding.id] = {
            pair: self.finding_value(
                finding, pair, [(rule, of[pair].truth) for rule, of in rules if pair in of]
            )
            for pair in sorted(pairs, key=_place)
        }

    def finding_value(
        self, finding: Finding, subject: Rows, truths: Sequence[tuple[Rule, Truth]]
    ) -> Value:
        """Give the value of a finding from its rules that are not false, in their order."""
        if finding.id not in self._yes_or_no:
            self._yes_or_no[finding.id] = is_yes_or_no(finding, self.program.base.rules)
        if self._yes_or_no[finding.id]:
            joined = disjunction([truth for _, truth in truths])
            return UNKNOWN_VALUE if joined is UNKNOWN else joined is TRUE
        candidates: list[Value] = []
        for rule, truth in truths:
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

    def _give_way(self, outcomes: dict[str, Mapping[Rows, Outcome]]) -> None:
        """Work out the outcomes of the rules that give way to others (S13)."""
        known: dict[tuple[str, Rows], Truth] = {}
        for rule in self.program.final:
            if not rule.unless or rule.id not in outcomes:
                continue
            kept = {}
            for subject, outcome in outcomes.pop(rule.id).items():
                truth = self._resolved(rule.id, subject, known)
                if truth is not FALSE:
                    others = tuple(
                        (name, self._resolved(name, self._same_subject(name, subject), known))
                        for name in rule.unless
                    )
                    kept[subject] = replace(outcome, truth=truth, unless=others)
            if kept:
                outcomes[rule.id] = kept

    def _same_subject(self, rule: str, subject: Rows) -> Rows:
        return subject if self.program.base.rules[rule].subjects else ()

    def _resolved(self, rule: str, subject: Rows, known: dict[tuple[str, Rows], Truth]) -> Truth:
        """Give the truth of a rule after the rules to which it gives way."""
        if (rule, subject) not in known:
            truth = self.truth_of(rule, subject)
            for other in self.program.base.rules[rule].unless:
                beaten = self._resolved(other, self._same_subject(other, subject), known)
                truth = min(truth, negate(beaten))
            known[rule, subject] = truth
        return known[rule, subject]

    def truth_of(self, rule: str, subject: Rows) -> Truth:
        """Give how a rule was decided for a subject, before it gives way to others."""
        decision = self.decisions.get(rule, {}).get(subject)
        return FALSE if decision is None else decision.truth

    # Values and records --------------------------------------------------------------------------

    def evaluate(self, expression: Expression, binding: Binding) -> Value:
        """Give the value of an expression for a binding, aggregates from what was decided."""
        return self.code.value(expression)(RunReader(self, binding))

    def aggregate(self, found: Aggregate, binding: Binding) -> Value:
        """Compute an aggregate from the facts that count for it."""
        rows = []
        inner = dict(binding)
        for row, matches in self.matching(found, binding):
            truth = matches
            value: Value = UNKNOWN_VALUE
            if found.value is not None:
                inner[found.match.alias] = row
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
        relevance = relevance_id(row.template, expression.slot)
        return self.truth_of(relevance, (row,)) is UNKNOWN


def _place(pair: Rows) -> list[tuple[bool, int]]:
    """Give the place of a pair in the order of rows."""
    return [(row.index == VIRTUAL, row.index) for row in pair]


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

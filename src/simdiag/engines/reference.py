"""The meaning of the language, plain and short: conditions are evaluated as they are written.

This engine is the oracle of all tests. It tries every binding in the order of rows and keeps the
first of the greatest truth; it knows nothing of markers, indexes or working memories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simdiag.analysis.program import Program
from simdiag.engines.base import Engine, Session
from simdiag.engines.branches import Binding, Decision, RunReader, branches_of, combine
from simdiag.engines.values import Steps
from simdiag.model.cases import Case, RowId
from simdiag.model.conditions import Aggregate, All, Compare, Condition, Match
from simdiag.model.inference import Rows
from simdiag.model.rules import Purpose, Rule
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import Value


class ReferenceSession(Session):
    """One case, evaluated by definition."""

    # Most rules rule out a pair of facts before they come to what is said about it.
    pairs_when_read = True

    def decide(self, rules: Sequence[Rule]) -> dict[str, dict[Rows, Decision]]:
        """Decide rules for all their subjects; what is false is left out."""
        found = {}
        for rule in rules:
            templates = tuple(subject.template for subject in rule.subjects)
            found[rule.id] = self._decide_rule(rule, self.world.subjects(templates))
        return found

    def _decide_rule(self, rule: Rule, subjects: Iterable[Rows]) -> dict[Rows, Decision]:
        found = {}
        aliases = [subject.alias for subject in rule.subjects]
        for subject in subjects:
            binding = dict(zip(aliases, subject, strict=True))
            decision = self.best(rule.when.parts, binding, self._existence(rule, subject))
            if decision is not None:
                found[subject] = decision
        return found

    def pair(self, finding: str, first: RowId, second: RowId) -> Value:
        """Give what a finding about pairs, by its name, says of two facts."""
        name, pair = f"pair.{finding}", (first, second)
        known = self.values.setdefault(name, {})
        if pair not in known:
            found = self.program.base.findings[name]
            truths: list[tuple[Rule, Truth]] = []
            for rule_id in found.rules:
                rule = self.program.base.rules[rule_id]
                decided = self._decide_rule(rule, (pair,))
                self.decisions.setdefault(rule_id, {}).update(decided)
                truths.extend((rule, decision.truth) for decision in decided.values())
            known[pair] = self.finding_value(found, pair, truths)
        return known[pair]

    def _existence(self, rule: Rule, subject: Rows) -> Truth:
        """Findings are computed for facts that may not exist; ratings are of facts that do."""
        if rule.purpose is Purpose.DERIVE or rule.purpose is Purpose.RELEVANCE:
            return TRUE
        return min([self.world.exists[row] for row in subject], default=TRUE)

    def best(
        self, parts: Sequence[Condition], binding: Binding, limit: Truth = TRUE
    ) -> Decision | None:
        """Find the first binding of the greatest truth; none if every one is false."""
        bound = dict(binding)
        reader = RunReader(self, bound)
        steps = self.code.steps(parts)
        truth = limit
        for place, (part, test) in enumerate(steps):
            if truth is FALSE:
                return None
            if isinstance(part, Match) and part.alias not in bound:
                search = _Search(self, steps, reader, bound)
                search.go_on(place, truth)
                return search.best
            truth = min(truth, self.truth(part, bound) if test is None else test(reader))
        return None if truth is FALSE else Decision(truth, bound)

    def match(self, part: Match, row: RowId, binding: Binding) -> Truth:
        """Say whether a row fits a pattern, whatever is tested of it."""
        for name in part.other_than:
            if not self.world.other(row, binding[name]):
                return FALSE
        return self.world.exists[row]

    def truth(self, condition: Condition, binding: Binding) -> Truth:
        """Give the truth of a condition whose outer aliases are bound."""
        if isinstance(condition, Compare):
            return self.code.test(condition)(RunReader(self, binding))
        if isinstance(condition, Match):
            return self.match(condition, binding[condition.alias], binding)
        truths = [
            FALSE if found is None else found.truth
            for found in (self.best(each.parts, binding) for each in branches_of(condition))
        ]
        return combine(condition, truths)

    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""
        return self.best(branch.parts, binding)

    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""
        rows = []
        inner = dict(binding)
        for row in self.world.rows[found.match.template]:
            inner[found.match.alias] = row
            decision = self.best(found.where.parts, inner, self.match(found.match, row, inner))
            if decision is not None:
                rows.append((row, decision.truth))
        return rows


class _Search:
    """Tries every row for each pattern of a conjunction, in the order of rows.

    Args:
        session: The case.
        steps: The conjunction.
        reader: Reads through ``bound``.
        bound: The binding so far; it is changed.
    """

    def __init__(
        self,
        session: ReferenceSession,
        steps: Steps,
        reader: RunReader,
        bound: dict[str, RowId],
    ) -> None:
        self.session = session
        self.steps = steps
        self.reader = reader
        self.bound = bound
        self.best: Decision | None = None
        self.least = FALSE

    def go_on(self, place: int, truth: Truth) -> None:
        """Decide the steps from a place on, given how those before came out."""
        session, bound = self.session, self.bound
        for number in range(place, len(self.steps)):
            part, test = self.steps[number]
            if isinstance(part, Match) and part.alias not in bound:
                for row in session.world.rows[part.template]:
                    bound[part.alias] = row
                    possible = min(truth, session.match(part, row, bound))
                    if possible > self.least:
                        self.go_on(number + 1, possible)
                bound.pop(part.alias, None)
                return
            truth = min(truth, session.truth(part, bound) if test is None else test(self.reader))
            if truth <= self.least:
                return
        self.best, self.least = Decision(truth, dict(bound)), truth


def holds(program: Program, case: Case, condition: All) -> Truth:
    """Decide one condition on what a case says, without findings and relevance."""
    found = ReferenceSession(program, case).best(condition.parts, {})
    return FALSE if found is None else found.truth


class ReferenceEngine(Engine):
    """Evaluates by definition."""

    name = "reference"

    def session(self, case: Case) -> Session:
        """Start the evaluation of a case."""
        return ReferenceSession(self.program, case)

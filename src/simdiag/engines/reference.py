"""The meaning of the language, plain and short: conditions are evaluated as they are written.

This engine is the oracle of all tests. It tries every binding in the order of rows and keeps the
first of the greatest truth; it knows nothing of markers, indexes or working memories.
"""

from __future__ import annotations

from collections.abc import Sequence

from simdiag.engines.base import Engine, Session
from simdiag.engines.branches import Binding, Decision, RunReader, branches_of, combine
from simdiag.engines.values import compare
from simdiag.model.cases import Case, RowId
from simdiag.model.conditions import Aggregate, All, Compare, Condition, Match
from simdiag.model.inference import Rows
from simdiag.model.rules import Purpose, Rule
from simdiag.model.truth import FALSE, TRUE, Truth


class ReferenceSession(Session):
    """One case, evaluated by definition."""

    def decide(self, rules: Sequence[Rule]) -> dict[str, dict[Rows, Decision]]:
        """Decide rules for all their subjects; what is false is left out."""
        return {rule.id: self._decide_rule(rule) for rule in rules}

    def _decide_rule(self, rule: Rule) -> dict[Rows, Decision]:
        found = {}
        templates = tuple(subject.template for subject in rule.subjects)
        for subject in self.world.subjects(templates):
            binding = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
            decision = self.best(rule.when.parts, binding, self._existence(rule, subject))
            if decision is not None:
                found[subject] = decision
        return found

    def _existence(self, rule: Rule, subject: Rows) -> Truth:
        """Findings are computed for facts that may not exist; ratings are of facts that do."""
        if rule.purpose in {Purpose.DERIVE, Purpose.RELEVANCE}:
            return TRUE
        return min((self.world.exists[row] for row in subject), default=TRUE)

    def best(
        self, parts: Sequence[Condition], binding: Binding, limit: Truth = TRUE
    ) -> Decision | None:
        """Find the first binding of the greatest truth; none if every one is false."""
        best: Decision | None = None

        def search(number: int, bound: dict[str, RowId], truth: Truth) -> None:
            nonlocal best
            if truth <= (FALSE if best is None else best.truth):
                return
            if number == len(parts):
                best = Decision(truth, bound)
                return
            part = parts[number]
            if isinstance(part, Match) and part.alias not in bound:
                for row in self.world.rows[part.template]:
                    known = min(truth, self._match(part, row, bound))
                    search(number + 1, {**bound, part.alias: row}, known)
            else:
                search(number + 1, bound, min(truth, self.truth(part, bound)))

        search(0, dict(binding), limit)
        return best

    def _match(self, part: Match, row: RowId, binding: Binding) -> Truth:
        if not all(self.world.other(row, binding[name]) for name in part.other_than):
            return FALSE
        return self.world.exists[row]

    def truth(self, condition: Condition, binding: Binding) -> Truth:
        """Give the truth of one condition whose outer aliases are bound."""
        if isinstance(condition, Compare):
            return compare(condition, RunReader(self, binding))
        if isinstance(condition, Match):
            return self._match(condition, binding[condition.alias], binding)
        truths = [
            FALSE if found is None else found.truth
            for found in (self.best(branch.parts, binding) for branch in branches_of(condition))
        ]
        return combine(condition, truths)

    def branch(self, branch: All, binding: Binding) -> Decision | None:
        """Give how an inner conjunction came out for an outer binding; none if it is false."""
        return self.best(branch.parts, binding)

    def matching(self, found: Aggregate, binding: Binding) -> list[tuple[RowId, Truth]]:
        """Give the facts that count for an aggregate, or may, in the order of rows."""
        rows = []
        for row in self.world.rows[found.match.template]:
            limit = self._match(found.match, row, binding)
            inner = {**binding, found.match.alias: row}
            decision = self.best(found.where.parts, inner, limit)
            if decision is not None:
                rows.append((row, decision.truth))
        return rows


class ReferenceEngine(Engine):
    """Evaluates by definition."""

    name = "reference"

    def session(self, case: Case) -> Session:
        """Start the evaluation of a case."""
        return ReferenceSession(self.program, case)

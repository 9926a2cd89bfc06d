"""Why a diagnosis is not there: what its rules lack, and the smallest change that would supply it.

The tree has the kinds of :mod:`simdiag.reasoning.explanation`; of each rule only what is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from simdiag.engines.support import support_of
from simdiag.errors import UsageError, did_you_mean
from simdiag.loading.cases import FactReader
from simdiag.model.assessment import Assessment, Rating, State
from simdiag.model.cases import VIRTUAL, Case, RowId
from simdiag.model.conditions import Condition, Match
from simdiag.model.inference import Outcome, Rows
from simdiag.model.knowledge import EXCLUDES
from simdiag.model.rules import Diagnosis, Rule
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import UNKNOWN_VALUE
from simdiag.reasoning.changes import Change, ChangeReader, in_order, with_changes
from simdiag.reasoning.explanation import Explainer
from simdiag.reasoning.rating import PLAIN, rate_subjects
from simdiag.reasoning.reaching import Search, Trial
from simdiag.reasoning.serialise import Json, Serialiser

Assess = Callable[[Case], Assessment]


def why_not(
    write: Serialiser, reader: FactReader, run: Assess, case: Case, name: str, about: str = ""
) -> Json:
    """Say why a diagnosis is not established.

    Args:
        write: Writes facts and values in a language.
        reader: Reads facts.
        run: Assesses a case.
        case: The facts.
        name: Id of the diagnosis.
        about: Number or key value of the fact that is meant, of those the diagnosis rates.

    Returns:
        The heading of results; ``explanation``, a tree; ``change`` with ``state``, ``changes`` and
        ``searched``.

    Raises:
        UsageError: There is no such diagnosis or fact.
    """
    base = write.base
    if name not in base.diagnoses:
        raise UsageError(f"there is no diagnosis `{name}`; {did_you_mean(name, base.diagnoses)}")
    diagnosis = base.diagnoses[name]
    row = None
    if about:
        if diagnosis.about is None:
            raise UsageError(f"`{name}` is not rated for single facts; leave out --for")
        row = ChangeReader(case, reader).row(diagnosis.about.template, about)
    whole = run(case)
    search = Search(write.program, diagnosis, case, row)
    asked = _Asked(write, whole, search)
    return {
        **write.heading(whole),
        "explanation": asked.tree(),
        "change": asked.change(reader, run),
    }


class _Asked:
    """One question why not."""

    def __init__(self, write: Serialiser, whole: Assessment, search: Search) -> None:
        self.write = write
        self.search = search
        self.diagnosis: Diagnosis = search.diagnosis
        self.explainer = Explainer(write.program, whole, write)
        self.trial = search.trial(())
        self.ratings = rate_subjects(write.base, self.diagnosis, self.trial.inference)
        self.subject = self._subject()

    def _subject(self) -> Rows:
        """Give the fact that is meant, or the one nearest to what is asked for."""
        if self.search.about is not None:
            return (self.search.about,)
        return max(
            self.ratings,
            key=lambda rows: (
                all(row.index != VIRTUAL for row in rows),
                self.ratings[rows].state,
                self.ratings[rows].high,
                self.ratings[rows].score,
                tuple(-row.index for row in rows),
            ),
            default=(),
        )

    def tree(self) -> Json:
        """Give the tree of what is not met, and of what speaks against."""
        rating: Rating = self.ratings.get(self.subject, PLAIN)
        inference = self.trial.inference
        return {
            "kind": "diagnosis",
            "id": self.diagnosis.id,
            "title": self.write.text(f"{self.diagnosis.id}/title"),
            "state": rating.state.word,
            "possible": [rating.low.word, rating.high.word],
            "score": rating.score,
            "about": self.write.facts(self.subject, inference),
            "parts": list(self.rules()),
        }

    def rules(self) -> Iterator[Json]:
        """Give what speaks against it, then each rule for it that does not hold."""
        rules = [self.write.base.rules[name] for name in self.diagnosis.rules]
        for rule in rules:
            against = self.is_against(rule)
            outcome = self.trial.inference.outcomes.get(rule.id, {}).get(self.subject)
            if against and outcome is not None and outcome.truth is TRUE:
                yield self.explainer.rule(outcome)
        for rule in rules:
            against = self.is_against(rule)
            there = len(rule.subjects) == len(self.subject)
            if not against and there and self.truth(rule) is not TRUE:
                yield self.unmet(rule)

    def is_against(self, rule: Rule) -> bool:
        """Say whether a rule speaks against its diagnosis."""
        return rule.weight == EXCLUDES or self.write.base.weights.get(rule.weight, 0) < 0

    def truth(self, rule: Rule) -> Truth:
        """Give how a rule came out."""
        return self.trial.inference.truth(rule.id, self.subject)

    def unmet(self, rule: Rule) -> Json:
        """Give the tree of a rule with the conditions that do not hold, for the nearest facts."""
        trial = self.trial
        binding, conditions = nearest(trial, rule, self.subject)
        support = tuple(
            support_of(trial.session, each, binding)
            for each in conditions
            if not isinstance(each, Match) or each.alias in binding
        )
        known = trial.inference.outcomes.get(rule.id, {}).get(self.subject)
        outcome = Outcome(
            rule.id,
            self.subject,
            trial.inference.truth(rule.id, self.subject),
            binding,
            support,
            () if known is None else tuple(each for each in known.unless if each[1] is not FALSE),
        )
        node = self.explainer.rule(outcome)
        for each in conditions:
            if isinstance(each, Match) and each.alias not in binding:
                node["parts"].append(_no_fact(each))
        return node

    # The change ----------------------------------------------------------------------------------

    def change(self, reader: FactReader, run: Assess) -> Json:
        """Look for the smallest change that would establish the diagnosis, or else suggest it.

        Returns:
            ``state`` that the changed facts lead to (none without a change), ``changes``, and
            ``searched``: for each state that was looked for, up to how many slots every change was
            tried, and whether that was all (``complete``) or the bound on runs ended it.
        """
        searched, changes = [], None
        for goal in (State.ESTABLISHED, State.SUGGESTED):
            if changes is None and self.trial.state < goal:
                found = self.search.smallest(goal)
                changes = found.changes
                searched.append(
                    {"state": goal.word, "slots": found.size, "complete": found.complete}
                )
        reached = None if changes is None else self._verified(changes, reader, run)
        return {
            "state": None if reached is None else reached.word,
            "changes": [self._written(each) for each in changes or ()],
            "searched": searched,
        }

    def _verified(self, changes: tuple[Change, ...], reader: FactReader, run: Assess) -> State:
        """Give the state after changes, by a run of the whole knowledge base."""
        changed = with_changes(self.search.case, changes)
        ordered = in_order(changed, reader)
        inference = run(ordered).inference
        ratings = rate_subjects(self.write.base, self.diagnosis, inference)
        about = self.search.about
        if about is None:
            return max(rating.state for rating in ratings.values())
        wanted = changed.facts(about.template).facts[about.index]
        rows = enumerate(ordered.facts(about.template).facts)
        return ratings[RowId(about.template, next(n for n, f in rows if f is wanted)),].state

    def _written(self, change: Change) -> Json:
        """Write a change: the slot, its fact, the value seen and the value that it would need."""
        template, slot = change.place.template, change.place.slot
        facts = self.search.case.facts(template).facts
        given = change.place.index in range(len(facts))
        row = RowId(template, change.place.index)
        one = self.write.base.templates[template].single
        written: Json = {
            "slot": f"{template}.{slot}" if slot else template,
            "fact": self.write.fact(row, self.trial.inference) if given and not one else None,
            "added": bool(slot) and not given,
            "from": None,
            "to": "no more" if not slot else None,
        }
        if slot:
            slot_type = self.write.base.templates[template].slots[slot].type
            value = facts[row.index].slots.get(slot, UNKNOWN_VALUE) if given else UNKNOWN_VALUE
            written["from"] = self.write.value(value, slot_type)
            written["to"] = self.write.value(change.value, slot_type)
        return written


def _no_fact(match: Match) -> Json:
    """Give the node of a pattern that no fact can fit."""
    return {
        "kind": "condition",
        "form": "match",
        "truth": FALSE.word,
        "text": f"there is a {match.template}",
        "template": match.template,
        "reads": [],
        "facts": [],
        "parts": [],
    }


def nearest(
    trial: Trial, rule: Rule, subject: Rows
) -> tuple[Mapping[str, RowId], tuple[Condition, ...]]:
    """Give the facts for which a rule has the fewest conditions that do not hold, and these.

    Of several the first in the order of rows; conditions after a pattern that no fact fits are
    left out, because there is nothing of which they could be decided.
    """
    start = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
    best: tuple[Mapping[str, RowId], tuple[Condition, ...]] | None = None

    def search(number: int, bound: dict[str, RowId], unmet: tuple[Condition, ...]) -> None:
        nonlocal best
        if best is not None and len(unmet) >= len(best[1]):
            return
        if number == len(rule.when.parts):
            best = (bound, unmet)
            return
        part = rule.when.parts[number]
        rows: list[RowId | None] = [None]
        if isinstance(part, Match) and part.alias not in bound:
            rows = [
                row
                for row in trial.session.world.rows[part.template]
                if trial.session.best([part], {**bound, part.alias: row}) is not None
            ]
            if not rows:
                best = (bound, (*unmet, part))
                return
        for row in rows:
            inner = bound if row is None else {**bound, getattr(part, "alias", ""): row}
            failed = trial.session.best([part], inner)
            met = failed is not None and failed.truth is TRUE
            search(number + 1, inner, unmet if met else (*unmet, part))

    search(0, start, ())
    assert best is not None  # noqa: S101 - the first way through sets it
    return best

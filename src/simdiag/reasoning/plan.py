"""The ordered plan: advice, vetoes, prerequisites, ladders (S9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from simdiag.calculation.times import end_of_day, start_of_day
from simdiag.model.assessment import (
    ActionResult,
    ActionStatus,
    Rating,
    SlotName,
    State,
    VetoResult,
    VetoStatus,
)
from simdiag.model.cases import RowId
from simdiag.model.inference import NOT_AFTER, NOT_BEFORE, Inference, Outcome, Rows
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import PHASES, URGENCIES, Action, Diagnosis, Purpose, Rule
from simdiag.model.truth import FALSE, TRUE
from simdiag.model.values import INFINITE, Absent, Interval, Kind, Value
from simdiag.reasoning.missing import MissingFacts, slot_order

Ratings = Mapping[str, Mapping[Rows, Rating]]
Key = tuple[str, tuple[tuple[str, str], ...], RowId | None]


@dataclass(slots=True)
class _Entry:
    """One action in the making: what asks for it, and how surely."""

    action: Action
    arguments: dict[str, Value]
    about: RowId | None
    recommended: bool = False
    firm: bool = False
    diagnoses: set[str] = field(default_factory=set)
    because: set[str] = field(default_factory=set)
    not_before: list[tuple[Interval, bool]] = field(default_factory=list)
    not_after: list[tuple[Interval, bool]] = field(default_factory=list)
    state: State = State.EXCLUDED
    ladder: str = ""
    pulled: bool = False


def veto_results(base: KnowledgeBase, inference: Inference) -> tuple[VetoResult, ...]:
    """Give the vetoes that hold or are possible, those that hold first."""
    found: dict[str, list[tuple[Rule, Outcome]]] = {}
    for rule in base.rules.values():
        if rule.purpose is Purpose.VETO:
            for outcome in inference.outcomes.get(rule.id, {}).values():
                found.setdefault(rule.target, []).append((rule, outcome))
    results = []
    for name, outcomes in found.items():
        holds = [(rule, outcome) for rule, outcome in outcomes if outcome.truth is TRUE]
        status = VetoStatus.HOLDS if holds else VetoStatus.POSSIBLE
        deciding = holds or outcomes
        rows = {row for _, outcome in deciding for row in outcome.subject if row.index >= 0}
        results.append(
            VetoResult(
                name,
                status,
                base.vetoes[name].forbids,
                tuple(sorted({rule.id for rule, _ in deciding})),
                tuple(sorted(rows)),
            )
        )
    return tuple(sorted(results, key=lambda veto: (veto.status is not VetoStatus.HOLDS, veto.id)))


class Planner:
    """Works out the plan of one case.

    Args:
        base: The catalogue.
        inference: What the engine concluded.
        ratings: Of each diagnosis, by subject.
        vetoes: As :func:`veto_results` gives them.
        missing: The unknown slots.
    """

    def __init__(
        self,
        base: KnowledgeBase,
        inference: Inference,
        ratings: Ratings,
        vetoes: Iterable[VetoResult],
        missing: MissingFacts,
    ) -> None:
        """Work out what is forbidden and what is done."""
        self.base = base
        self.inference = inference
        self.ratings = ratings
        self.missing = missing
        self.forbidden: set[str] = set()
        self.doubtful: dict[str, list[VetoResult]] = {}
        self.warnings: list[str] = []
        for veto in vetoes:
            if veto.status is VetoStatus.HOLDS or base.vetoes[veto.id].precaution:
                self.forbidden |= set(veto.forbids)
            else:
                for action in veto.forbids:
                    self.doubtful.setdefault(action, []).append(veto)
        self._block_dependants()
        self._doubt_dependants()

    def _doubt_dependants(self) -> None:
        """What needs an action that may turn out forbidden is as doubtful as that."""
        changed = True
        while changed:
            changed = False
            for action in self.base.actions.values():
                for required in action.requires:
                    known = self.doubtful.get(action.id, [])
                    new = [veto for veto in self.doubtful.get(required, []) if veto not in known]
                    if new and not self._is_done(required):
                        self.doubtful[action.id] = [*known, *new]
                        changed = True

    def _block_dependants(self) -> None:
        """What needs a forbidden action is forbidden as well."""
        changed = True
        while changed:
            changed = False
            for action in self.base.actions.values():
                blocked = any(
                    required in self.forbidden and not self._is_done(required)
                    for required in action.requires
                )
                if blocked and action.id not in self.forbidden:
                    self.forbidden.add(action.id)
                    changed = True

    def _is_done(self, action: str) -> bool:
        rule = self.base.actions[action].done_when
        return bool(rule) and self.inference.truth(rule, ()) is TRUE

    def _surely_open(self, action: Action) -> bool:
        return not action.done_when or self.inference.truth(action.done_when, ()) is FALSE

    # Advice --------------------------------------------------------------------------------------

    def plan(self) -> tuple[ActionResult, ...]:
        """Give the plan in order; never empty of recommended actions."""
        entries: dict[Key, _Entry] = {}
        for diagnosis in self.base.diagnoses.values():
            for subject, rating in self.ratings[diagnosis.id].items():
                if rating.high >= State.SUGGESTED:
                    self._advise(diagnosis, subject, rating, entries)
        if not any(entry.recommended for entry in entries.values()):
            self._climb(entries)
        self._pull_in(entries)
        return self._ordered(entries)

    def _advise(
        self, diagnosis: Diagnosis, subject: Rows, rating: Rating, entries: dict[Key, _Entry]
    ) -> None:
        for name in diagnosis.advice:
            rule = self.base.rules[name]
            outcome = self.inference.outcomes.get(name, {}).get(subject)
            if rule.purpose is not Purpose.DO or outcome is None:
                continue
            action = self.base.actions[rule.target]
            if action.id in self.forbidden or self._is_done(action.id):
                continue
            recommended = rating.state >= State.SUGGESTED and outcome.truth is TRUE
            if not recommended and not self._possible(rating, outcome):
                continue
            self._add(action, rule, outcome, rating, entries, recommended=recommended)

    def _possible(self, rating: Rating, outcome: Outcome) -> bool:
        return rating.high >= State.SUGGESTED and outcome.truth is not FALSE

    def _add(
        self,
        action: Action,
        rule: Rule,
        outcome: Outcome,
        rating: Rating,
        entries: dict[Key, _Entry],
        *,
        recommended: bool,
    ) -> None:
        arguments = {
            name: outcome.computed[name] for name in rule.arguments if name in outcome.computed
        }
        about = None if action.once or not outcome.subject else outcome.subject[0]
        if about is not None and about.index < 0:
            about = None
        key = (action.id, _argument_key(arguments), about)
        entry = entries.setdefault(key, _Entry(action, arguments, about))
        if recommended and not entry.recommended:
            # What was only possible so far does not count beside what is advised.
            entries[key] = entry = replace(
                _Entry(action, arguments, about), recommended=True, firm=entry.firm
            )
        if entry.recommended != recommended:
            return
        entry.diagnoses.add(rule.diagnosis)
        entry.because.add(rule.id)
        entry.state = max(entry.state, rating.state if recommended else rating.high)
        entry.firm = entry.firm or (recommended and self._firm(action, rule, rating, arguments))
        for name, dates in ((NOT_BEFORE, entry.not_before), (NOT_AFTER, entry.not_after)):
            value = outcome.computed.get(name)
            expression = rule.not_before if name == NOT_BEFORE else rule.not_after
            if isinstance(value, Interval) and expression is not None:
                dates.append((value, expression.type.kind is Kind.DATE))

    def _firm(
        self, action: Action, rule: Rule, rating: Rating, arguments: Mapping[str, Value]
    ) -> bool:
        known = all(is_told(value) for value in arguments.values())
        return (
            rating.low >= State.SUGGESTED
            and not rule.tests_knowledge
            and action.id not in self.doubtful
            and self._surely_open(action)
            and known
        )

    # Ladders and prerequisites -------------------------------------------------------------------

    def _climb(self, entries: dict[Key, _Entry]) -> None:
        """Nothing is advised: use the first ladder that is not ruled out."""
        for ladder in self.base.ladders:
            if self.inference.truth(ladder.rule, ()) is FALSE:
                continue
            allowed = [name for name in ladder.actions if name not in self.forbidden]
            to_do = [name for name in allowed if not self._is_done(name)] or allowed
            for name in to_do:
                action = self.base.actions[name]
                # Arguments and dates come from diagnoses, of which there is none.
                key: Key = (name, (), None)
                entries[key] = _Entry(action, {}, None, recommended=True, ladder=ladder.id)
                entries[key].state = State.UNCLEAR
            if to_do:
                return

    def _pull_in(self, entries: dict[Key, _Entry]) -> None:
        """Add what must come first and is neither done nor in the plan."""
        todo = list(entries.values())
        while todo:
            entry = todo.pop()
            for name in entry.action.requires:
                if self._is_done(name) or name in self.forbidden:
                    continue
                known = [other for other in entries.values() if other.action.id == name]
                enough = [other for other in known if other.recommended or not entry.recommended]
                if enough:
                    todo.extend(other for other in enough if self._joins(other, entry))
                    continue
                for key in [key for key, other in entries.items() if other in known]:
                    del entries[key]
                pulled = _Entry(self.base.actions[name], {}, None, pulled=True)
                pulled.recommended = entry.recommended
                pulled.ladder = entry.ladder
                self._joins(pulled, entry)
                entries[name, (), None] = pulled
                todo.append(pulled)

    def _joins(self, pulled: _Entry, entry: _Entry) -> bool:
        """Let an action that was pulled in stand for one more that needs it; say if that is new."""
        if not pulled.pulled or pulled.recommended is not entry.recommended:
            return False
        before = (len(pulled.because), len(pulled.diagnoses), pulled.state, pulled.firm)
        pulled.diagnoses |= entry.diagnoses
        pulled.because |= entry.because
        pulled.state = max(pulled.state, entry.state)
        pulled.firm = pulled.firm or (entry.firm and self._surely_open(pulled.action))
        after = (len(pulled.because), len(pulled.diagnoses), pulled.state, pulled.firm)
        return before != after

    # Order ---------------------------------------------------------------------------------------

    def _ordered(self, entries: dict[Key, _Entry]) -> tuple[ActionResult, ...]:
        left = sorted(entries.values(), key=_order)
        placed: list[_Entry] = []
        while left:
            waiting = {entry.action.id for entry in left}
            ready = [
                entry
                for entry in left
                if not (set(entry.action.requires) & waiting - {entry.action.id})
            ]
            # A cycle of prerequisites is refused by the checks; here it must not hang.
            chosen = (ready or left)[0]
            placed.append(chosen)
            left.remove(chosen)
        return tuple(self._result(entry, {other.action.id for other in placed}) for entry in placed)

    def _result(self, entry: _Entry, planned: set[str]) -> ActionResult:
        find_out: set[SlotName] = set()
        for veto in self.doubtful.get(entry.action.id, []):
            find_out |= self.missing.of_rules(self.missing.undecided(veto.because))
        before = _latest(entry.not_before)
        after = _earliest(entry.not_after)
        if before and after and _begin(before) > _end(after):
            self.warnings.append(entry.action.id)
        return ActionResult(
            entry.action.id,
            ActionStatus.RECOMMENDED if entry.recommended else ActionStatus.POSSIBLE,
            entry.firm and entry.recommended,
            tuple(sorted(entry.diagnoses)),
            tuple(sorted(entry.because)),
            dict(sorted(entry.arguments.items())),
            entry.about,
            before[0] if before else None,
            bool(before and before[1]),
            after[0] if after else None,
            bool(after and after[1]),
            tuple(name for name in entry.action.requires if name in planned),
            tuple(sorted((slot for slot in find_out if slot.slot), key=slot_order)),
            entry.ladder,
        )


def _argument_key(arguments: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """Tell entries apart by what a person is told; what is not known exactly is not told."""
    return tuple(
        (name, repr(value) if is_told(value) else "") for name, value in sorted(arguments.items())
    )


def is_told(value: Value) -> bool:
    """Say whether an argument is known well enough to be told to a person."""
    return not isinstance(value, Absent) and (not isinstance(value, Interval) or value.exact)


def _order(entry: _Entry) -> tuple[object, ...]:
    """Order by advice first, then as S9 says: urgency, state, phase, cost, effort, id."""
    action = entry.action
    return (
        not entry.recommended,
        URGENCIES.index(action.urgency),
        -entry.state,
        PHASES.index(action.phase),
        action.cost,
        action.effort,
        action.id,
        _argument_key(entry.arguments),
        entry.about or RowId("", -1),
    )


def _latest(dates: list[tuple[Interval, bool]]) -> tuple[Interval, bool] | None:
    known = [found for found in dates if abs(found[0].high) < float("inf")]
    return max(known, key=lambda found: (_seconds(found[0].high, found[1]), found[1]), default=None)


def _earliest(dates: list[tuple[Interval, bool]]) -> tuple[Interval, bool] | None:
    known = [found for found in dates if abs(found[0].low) < float("inf")]
    return min(known, key=lambda found: (_seconds(found[0].low, found[1]), found[1]), default=None)


def _begin(found: tuple[Interval, bool]) -> float:
    value, is_date = found
    bounded = value.low > -INFINITE
    return start_of_day(int(value.low)) if is_date and bounded else value.low


def _end(found: tuple[Interval, bool]) -> float:
    value, is_date = found
    bounded = value.high < INFINITE
    return end_of_day(int(value.high)) if is_date and bounded else value.high


def _seconds(end: float, is_date: bool) -> float:  # noqa: FBT001 - a part of a date, not a switch
    return start_of_day(int(end)) if is_date else end

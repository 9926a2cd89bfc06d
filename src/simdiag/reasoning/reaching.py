"""The smallest change of facts after which a diagnosis has a wanted state.

The search is exhaustive over the slots that the rules of the diagnosis read and the values of
:mod:`simdiag.reasoning.candidates`. It is kept short by three bounds that never drop a solution:

* A rule can only become true if each of its conditions is true already for some facts, or reads a
  slot that is changed. What the weights of such rules cannot reach is not tried.
* Given values that would change are first made unknown all at once; a state that is then out of
  the possible range is out of reach of every value.
* Two values after which every condition comes out alike for every fact are one, unless a condition
  reads another slot that is changed too. One that changes no condition is then not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

from simdiag.analysis.program import Program, Stratum, direct_reads
from simdiag.engines.reference import ReferenceSession
from simdiag.model.assessment import State
from simdiag.model.cases import Case, FactList, RowId
from simdiag.model.conditions import All, Condition, Match
from simdiag.model.inference import Inference, Rows
from simdiag.model.knowledge import CASE, ESTABLISHES, EXCLUDES
from simdiag.model.rules import Diagnosis, Rule, relevance_id
from simdiag.model.terms import Cardinality
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import UNKNOWN_VALUE, Value
from simdiag.reasoning.candidates import Candidates
from simdiag.reasoning.changes import WHOLE, Change, Place, with_changes
from simdiag.reasoning.consultation import ID_SLOT
from simdiag.reasoning.rating import rate_subjects, state_of_score

MOST_SLOTS: Final = 3
MOST_RUNS: Final = 1500

Pair = tuple[str, str]
Needs = tuple[frozenset[Pair], ...]
Truths = tuple[tuple[tuple[tuple[str, RowId], ...], Truth], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What the search found.

    Attributes:
        changes: The smallest change; none if there is none.
        size: Up to how many slots every change was tried.
        complete: Whether the search ended before the bound on runs was reached.
    """

    changes: tuple[Change, ...] | None
    size: int
    complete: bool


class _TooManyError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Chance:
    """What a rating rule needs to become true for one subject.

    Attributes:
        weight: Name of its weight.
        true: Whether it is true already.
        needs: For each condition that is true for no facts, the slots that it reads.
        reads: Every slot that the rule reads.
    """

    weight: str
    true: bool
    needs: Needs
    reads: frozenset[Pair]


@dataclass(slots=True)
class Trial:
    """One run: the case, what was concluded, and how far each rule is from being true."""

    case: Case
    session: ReferenceSession
    inference: Inference
    state: State
    high: State
    chances: tuple[tuple[_Chance, ...], ...] = ()
    truths: Truths | None = None


def narrowed(program: Program, diagnosis: Diagnosis) -> Program:
    """Give the part of a program that decides one diagnosis; it rates that one alike."""
    base = program.base
    final = [base.rules[name] for name in diagnosis.rules]
    for rule in final:
        final += [base.rules[name] for name in rule.unless if base.rules[name] not in final]
    names: set[str] = set()
    todo = list(final)
    while todo:
        for template, slot in direct_reads(todo.pop()):
            wanted = (f"{template}.{slot}", relevance_id(template), relevance_id(template, slot))
            for name in wanted:
                if name not in names and (name in base.findings or name in program.relevance):
                    names.add(name)
                    rules = base.findings[name].rules if name in base.findings else (name,)
                    todo += [program.rule[rule] for rule in rules]
    strata = tuple(
        Stratum(
            tuple(rule for rule in each.relevance if rule.id in names),
            tuple(finding for finding in each.findings if finding.id in names),
        )
        for each in program.strata
    )
    relevance = {name: rule for name, rule in program.relevance.items() if name in names}
    kept = tuple(sorted(final, key=lambda rule: rule.id))
    return replace(program, strata=strata, relevance=relevance, final=kept)


@dataclass
class Search:
    """Looks for changes that give one diagnosis a state.

    Attributes:
        program: The knowledge base, made ready.
        diagnosis: The diagnosis.
        case: The case as given.
        about: The fact for which the diagnosis is to have the state; any if none.
        limit: After how many runs the search for one state gives up.
    """

    program: Program
    diagnosis: Diagnosis
    case: Case
    about: RowId | None = None
    limit: int = MOST_RUNS
    runs: int = 0
    _tried: dict[tuple[Change, ...], Trial] = field(default_factory=dict)
    _highest: dict[tuple[tuple[Change, ...], frozenset[Place]], State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Work out which part of the program matters, and which slots it reads."""
        self.part = narrowed(self.program, self.diagnosis)
        self.reads = frozenset(
            pair for name in self.diagnosis.rules for pair in self.program.reads(name)
        )
        findings = [finding for each in self.part.strata for finding in each.findings]
        below = [self.program.rule[name] for each in findings for name in each.rules]
        rules = [*self.part.final, *below, *self.part.relevance.values()]
        self.candidates = Candidates(self.program.base, rules, self.case)
        self.places = tuple(self._places())
        self._reads_of: dict[tuple[str, int], frozenset[Pair]] = {}
        self._met: dict[tuple[int, int], bool] = {}

    def _places(self) -> Iterator[Place]:
        """Iterate over what can be changed: what is not known before what is given."""
        found: list[tuple[bool, Place]] = []
        for template, slot in sorted(self.reads):
            terms = self.program.base.templates[template]
            sheet = self.case.facts(template)
            many = terms.cardinality is Cardinality.MANY
            if not slot:
                if many and sheet.open:
                    found.append((False, Place(template, WHOLE, "")))
                continue
            if slot == ID_SLOT and terms.slots[slot].question is None:
                continue
            for index in range(max(1, len(sheet.facts))):
                if self._is_of(template, index):
                    given = index < len(sheet.facts) and slot in sheet.facts[index].slots
                    found.append((given, Place(template, index, slot)))
        yield from (place for _, place in sorted(found, key=lambda each: each[0]))

    def _is_of(self, template: str, index: int) -> bool:
        """Say whether a fact may be changed: of those of its kind only the one asked about."""
        return self.about is None or self.about.template != template or self.about.index == index

    # The search ----------------------------------------------------------------------------------

    def smallest(self, goal: State) -> Found:
        """Look for the smallest change that gives the diagnosis a state or a higher one."""
        size, last = 0, self.limit
        self.limit = self.runs + last
        try:
            for size in range(1, MOST_SLOTS + 1):
                tails = combinations(range(len(self.places)), size)
                found = self._search((), tails, goal)
                if found is not None:
                    return Found(found, size, complete=True)
        except _TooManyError:
            return Found(None, size - 1, complete=False)
        finally:
            self.limit = last
        return Found(None, MOST_SLOTS, complete=True)

    def _search(
        self, changes: tuple[Change, ...], tails: Iterable[tuple[int, ...]], goal: State
    ) -> tuple[Change, ...] | None:
        """Try every value of some sets of further places, given by their numbers."""
        open_: dict[int, list[tuple[int, ...]]] = {}
        for numbers in tails:
            chosen = [self.places[number] for number in numbers]
            if self._may_reach(self.trial(changes), chosen, goal) and self._is_open(
                changes, chosen, goal
            ):
                open_.setdefault(numbers[0], []).append(numbers[1:])
        for number, rest in open_.items():
            known = {tail: {self._truths(changes)} for tail in rest} if rest[0] else {}
            for value in self.values(self.places[number]):
                more = (*changes, Change(self.places[number], value))
                if not rest[0]:
                    if self.trial(more).state >= goal and self._matters(more):
                        return more
                    continue
                found = self._search(more, self._new(number, known, self._truths(more)), goal)
                if found is not None:
                    return found
        return None

    def _new(
        self, number: int, known: dict[tuple[int, ...], set[Truths]], truths: Truths
    ) -> list[tuple[int, ...]]:
        """Give the sets of further places that were not tried yet after a change like this one."""
        found = []
        for tail, seen in known.items():
            if truths not in seen or any(self._meet(number, other) for other in tail):
                found.append(tail)
            seen.add(truths)
        return found

    def values(self, place: Place) -> tuple[Value, ...]:
        """Give the values to try at a place, without the one that it has."""
        if not place.slot:
            return (True,)
        slot = self.program.base.templates[place.template].slots[place.slot]
        facts = self.case.facts(place.template).facts
        known = facts[place.index].slots.get(place.slot) if place.index < len(facts) else None
        return tuple(
            value for value in self.candidates.values(place.template, slot) if value != known
        )

    def _matters(self, changes: Sequence[Change]) -> bool:
        """Say whether every changed slot is relevant; nobody is asked for another one."""
        inference = self.trial(tuple(changes)).inference
        for change in changes:
            template, slot = change.place.template, change.place.slot
            row = RowId(template, max(change.place.index, 0))
            for name, subject in (
                (relevance_id(template), ()),
                (relevance_id(template, slot), (row,)),
            ):
                if name in self.part.relevance and inference.truth(name, subject) is FALSE:
                    return False
        return True

    # Bounds --------------------------------------------------------------------------------------

    def _may_reach(self, trial: Trial, chosen: Iterable[Place], goal: State) -> bool:
        """Say whether the rules that can become true could reach a state."""
        touched = self.touched(chosen)
        if self.diagnosis.about is not None and (self.diagnosis.about.template, "") in touched:
            return True  # there would be a fact that is not there yet
        return any(self._reaches(chances, touched, goal) for chances in trial.chances)

    def touched(self, places: Iterable[Place]) -> frozenset[Pair]:
        """Give what places stand for; an empty slot if they add a fact or close a list."""
        found: set[Pair] = set()
        for place in places:
            found.add((place.template, place.slot))
            if place.index >= len(self.case.facts(place.template).facts) or not place.slot:
                found.add((place.template, ""))
        return frozenset(found)

    def _reaches(self, chances: Iterable[_Chance], touched: frozenset[Pair], goal: State) -> bool:
        score, decided = 0, False
        for chance in chances:
            weight = self.program.base.weights.get(chance.weight, 0)
            if chance.weight == EXCLUDES or weight < 0:
                if chance.true and not chance.reads & touched:
                    if chance.weight == EXCLUDES:
                        return False
                    score += weight
            elif chance.true or all(need & touched for need in chance.needs):
                decided = decided or chance.weight == ESTABLISHES
                score += weight
        return decided or state_of_score(score, self.program.base.thresholds) >= goal

    def _is_open(self, changes: tuple[Change, ...], chosen: Iterable[Place], goal: State) -> bool:
        """Say whether a state is possible if nothing were known of some places."""
        given = frozenset(place for place in chosen if self._is_given(place))
        if not given:
            return self.trial(changes).high >= goal
        key = (changes, given)
        if key not in self._highest:
            self._highest[key] = self._run(self._without(changes, given)).high
        return self._highest[key] >= goal

    def _is_given(self, place: Place) -> bool:
        sheet = self.case.facts(place.template)
        return not sheet.open if place.index >= len(sheet.facts) else bool(place.slot)

    def _without(self, changes: Iterable[Change], places: Iterable[Place]) -> Case:
        case = with_changes(self.case, changes)
        for place in sorted(places, key=lambda place: (place.template, place.index, place.slot)):
            sheet = case.facts(place.template)
            if place.index < len(sheet.facts):
                case = with_changes(case, [Change(place, UNKNOWN_VALUE)])
            else:
                opened = FactList(sheet.facts, open=True, given=False)
                case = replace(case, lists={**case.lists, place.template: opened})
        return case

    def _meet(self, first: int, second: int) -> bool:
        """Say whether one condition reads two places, so that they count only together."""
        if (first, second) not in self._met:
            one, other = (self.touched([self.places[number]]) for number in (first, second))
            self._met[first, second] = any(
                reads & one and reads & other
                for rule in self.part.final
                for reads in self._condition_reads(rule)
            )
        return self._met[first, second]

    def _condition_reads(self, rule: Rule) -> Iterator[frozenset[Pair]]:
        matches: list[Condition] = []
        for number, condition in enumerate(rule.when.parts):
            yield self._read_by(rule, number, [*matches, condition])
            if isinstance(condition, Match):
                matches.append(condition)

    def _truths(self, changes: tuple[Change, ...]) -> Truths:
        """Give how every condition came out for every fact; what is alike there acts alike."""
        trial = self.trial(changes)
        if trial.truths is None:
            trial.truths = tuple(
                (tuple(sorted(binding.items())), trial.session.truth(condition, binding))
                for rule in self.part.final
                for condition, binding in _bindings(trial.session, rule)
            )
        return trial.truths

    # Runs ----------------------------------------------------------------------------------------

    def trial(self, changes: tuple[Change, ...]) -> Trial:
        """Run the rules for some changes, once."""
        if changes not in self._tried:
            found = self._run(with_changes(self.case, changes))
            if len(changes) < MOST_SLOTS:
                found.chances = tuple(
                    tuple(self._chances(found, subject)) for subject in self._subjects(found)
                )
            self._tried[changes] = found
        return self._tried[changes]

    def _run(self, case: Case) -> Trial:
        self.runs += 1
        if self.runs > self.limit:
            raise _TooManyError
        session = ReferenceSession(self.part, case)
        inference = session.run()
        ratings = rate_subjects(self.program.base, self.diagnosis, inference)
        wanted = [rating for subject, rating in ratings.items() if self.about in {None, *subject}]
        state = max((rating.state for rating in wanted), default=State.UNCLEAR)
        high = max((rating.high for rating in wanted), default=State.UNCLEAR)
        return Trial(case, session, inference, state, high)

    def _subjects(self, trial: Trial) -> Iterator[Rows]:
        if self.diagnosis.about is None:
            yield ()
            return
        for row in trial.inference.rows.get(self.diagnosis.about.template, ()):
            if self.about in {None, row}:
                yield (row,)

    def _chances(self, trial: Trial, subject: Rows) -> Iterator[_Chance]:
        """Work out for each rating rule what would have to change for it to be true."""
        for name in self.diagnosis.rules:
            rule = self.program.base.rules[name]
            true = trial.inference.truth(name, subject) is TRUE
            needs = () if true else tuple(self._needs(trial, rule, subject))
            yield _Chance(rule.weight, true, needs, self.program.reads(name))

    def _needs(self, trial: Trial, rule: Rule, subject: Rows) -> Iterator[frozenset[Pair]]:
        binding = {part.alias: row for part, row in zip(rule.subjects, subject, strict=True)}
        exists = trial.session.world.exists
        if any(exists[row] is not TRUE for row in subject):
            yield frozenset((row.template, "") for row in subject)
        matches: list[Condition] = []
        for number, condition in enumerate(rule.when.parts):
            parts = [*matches, condition]
            best = trial.session.best(parts, binding)
            if best is None or best.truth is not TRUE:
                yield self._read_by(rule, number, parts)
            if isinstance(condition, Match):
                matches.append(condition)
        for other in rule.unless:
            same = subject if self.program.base.rules[other].subjects else ()
            if trial.inference.truth(other, same) is not FALSE:
                yield self.program.reads(other)

    def _read_by(self, rule: Rule, number: int, parts: Sequence[Condition]) -> frozenset[Pair]:
        """Give the slots that a condition reads, also through findings and relevance."""
        key = (rule.id, number)
        if key not in self._reads_of:
            single = Rule(rule.id, rule.purpose, rule.target, rule.subjects, All(tuple(parts)))
            self._reads_of[key] = self._followed(direct_reads(single))
        return self._reads_of[key]

    def _followed(self, pairs: Iterable[Pair]) -> frozenset[Pair]:
        base, found = self.program.base, set(pairs)
        for template, slot in list(found):
            names = [relevance_id(template), relevance_id(template, slot)]
            finding = base.findings.get(f"{template}.{slot}")
            names += () if finding is None else finding.rules
            for name in names:
                found |= self.program.reads(name)
        return frozenset(pair for pair in found if pair[0] != CASE)


def _bindings(
    session: ReferenceSession, rule: Rule
) -> Iterator[tuple[Condition, dict[str, RowId]]]:
    """Iterate over the conditions of a rule with every choice of facts that they may be of."""
    templates = tuple(subject.template for subject in rule.subjects)
    bound = [
        {part.alias: row for part, row in zip(rule.subjects, rows, strict=True)}
        for rows in session.world.subjects(templates)
    ]
    for condition in rule.when.parts:
        if isinstance(condition, Match):
            rows = session.world.rows[condition.template]
            bound = [{**known, condition.alias: row} for known in bound for row in rows]
        yield from ((condition, known) for known in bound)

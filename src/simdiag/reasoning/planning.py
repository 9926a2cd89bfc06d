"""The next question: the one whose answer is worth most for its trouble (S16).

What an answer is worth is how much of what is still at stake it is expected to decide: undecided
rules, with a state, an action or a veto behind them. An answer can close a diagnosis whole, if it
excludes it or takes away all that could still suggest it. Until there is enough to act, what stands
between the person and a first step that is sure counts most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from simdiag.model.assessment import ActionStatus, Assessment, SlotName, State, VetoStatus
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES
from simdiag.model.rules import Purpose
from simdiag.model.terms import Question
from simdiag.reasoning.chances import Chance, Said, Tree
from simdiag.reasoning.questions import Ask, Situation, row_of
from simdiag.reasoning.stakes import Stake

# How much trouble an answer is; a bill in a drawer is worth a few questions that need none.
TROUBLE: Final = {"at_hand": 1.0, "look_up": 1.15, "dig_out": 2.0, "call": 3.0}
SAME_DOCUMENT: Final = 1.25
CANDIDATES: Final = 10
LAST_ONE: Final = 0.6  # how often there is no further fact
DECISIVE: Final = 100
NEARLY_CLOSED: Final = 0.8


def most_telling(situation: Situation) -> Ask:
    """Choose the question with the greatest expected value for its trouble."""
    opening = _opening(situation)
    if opening is not None:
        return opening
    worth = Worth(situation)
    likely = sorted(situation.open, key=worth.rough, reverse=True)[:CANDIDATES]
    return max(likely, key=worth.of)


def _opening(situation: Situation) -> Ask | None:
    """Give what decides which facts and slots matter at all: it comes first, in the fixed order."""
    deciding = situation.stakes.readings.deciding
    return next((ask for ask in situation.open if (ask.template, ask.slot) in deciding), None)


@dataclass(frozen=True, slots=True)
class Part:
    """An undecided rule of something at stake.

    Attributes:
        stake: The number of what is at stake.
        weight: What the rule adds; beyond any sum if it is decisive.
        tree: What is not known about it.
    """

    stake: int
    weight: int
    tree: Tree


class Worth:
    """What questions are worth in one situation.

    Args:
        situation: The situation.
    """

    def __init__(self, situation: Situation) -> None:
        """Weigh what is at stake, and find which rules hang on which slot."""
        self.situation = situation
        self.stakes = situation.stakes.all
        self.base = situation.stakes.base
        self._chance = Chance(situation.stakes, situation.tables)
        blocking = set() if situation.enough else set(_blocking(situation.stakes.found))
        self._weights = [_weight(stake, blocking) for stake in self.stakes]
        self._hanging: dict[SlotName, list[tuple[int, int]]] = defaultdict(list)
        for number, stake in enumerate(self.stakes):
            for place, outcome in enumerate(stake.outcomes):
                for name in situation.stakes.unknown(outcome):
                    self._hanging[name].append((number, place))

    def rough(self, ask: Ask) -> float:
        """Say how much hangs on a question, without a look at its answers.

        A rule counts the more, the less else is unknown about it.
        """
        found = 0.0
        for number, place in self._touched(ask):
            outcome = self.stakes[number].outcomes[place]
            found += self._weights[number] / len(self.situation.stakes.unknown(outcome))
        return found / self._trouble(ask)

    def of(self, ask: Ask) -> float:
        """Give the expected value of a question for its trouble."""
        parts = [part for part in map(self._part, self._touched(ask)) if part is not None]
        value = sum(said.share * self._gain(parts, said) for said in self._answers(ask))
        return value / self._trouble(ask)

    def _touched(self, ask: Ask) -> Iterator[tuple[int, int]]:
        """Iterate over the rules on which a question has a say."""
        row = row_of(ask, self.situation.sheets, self.base)
        if not ask.more:
            named = self._hanging.get(SlotName(ask.template, ask.slot, row), ())
            yield from named or self._hanging.get(SlotName(ask.template, "", row), ())
            return
        unseen = (
            pair
            for name, pairs in self._hanging.items()
            if name.template == ask.template and name.row is None
            for pair in pairs
        )
        yield from dict.fromkeys(unseen)

    def _part(self, place: tuple[int, int]) -> Part | None:
        number, index = place
        outcome = self.stakes[number].outcomes[index]
        tree = self._chance.of(outcome)
        if tree is None:
            return None
        weight = self.base.rules[outcome.rule].weight if outcome.rule in self.base.rules else ""
        decisive = {ESTABLISHES: DECISIVE, EXCLUDES: -DECISIVE}
        return Part(number, decisive.get(weight, self.base.weights.get(weight, 0)), tree)

    def _answers(self, ask: Ask) -> Iterator[Said]:
        if ask.more:
            yield Said(SlotName(ask.template, ""), None, LAST_ONE, gone=True)
            return
        name = SlotName(ask.template, ask.slot, row_of(ask, self.situation.sheets, self.base))
        for value, share in self.situation.tables.answers(ask.template, ask.slot).items():
            yield Said(name, value, share)

    def _gain(self, parts: Iterable[Part], said: Said) -> float:
        """Give how much of what is at stake one answer is expected to decide."""
        decided: dict[int, float] = defaultdict(float)
        lost: dict[int, float] = defaultdict(float)
        closed: dict[int, float] = defaultdict(float)
        for part in parts:
            false, true = part.tree.after(said)
            if false or true:
                decided[part.stake] += false + true
                if part.weight > 0:
                    lost[part.stake] += part.weight * false
                elif part.weight <= -DECISIVE or self.stakes[part.stake].rating is None:
                    closed[part.stake] = max(closed[part.stake], true)
        return sum(
            self._weights[number] * self._closing(number, done, lost[number], closed[number])
            for number, done in decided.items()
        )

    def _closing(self, number: int, decided: float, lost: float, closed: float) -> float:
        """Give how many undecided rules of one stake are done with."""
        stake = self.stakes[number]
        if stake.purpose in {Purpose.DO, Purpose.DONE, Purpose.LADDER}:
            closed = 0.0
        if stake.rating is not None and lost and self._highest(number) - lost < self.suggested:
            closed = max(closed, NEARLY_CLOSED)
        count = len(stake.outcomes)
        return count - (1 - closed) * (count - decided)

    @property
    def suggested(self) -> int:
        """The least score of what is suggested."""
        return self.base.thresholds.suggested

    def _highest(self, number: int) -> float:
        """Give the greatest sum that a diagnosis can still reach."""
        stake = self.stakes[number]
        assert stake.rating is not None  # noqa: S101 - asked before
        found = float(stake.rating.score)
        for outcome in stake.outcomes:
            weight = self.base.rules[outcome.rule].weight
            added = DECISIVE if weight == ESTABLISHES else self.base.weights.get(weight, 0)
            found += max(0, added)
        return found

    def _trouble(self, ask: Ask) -> float:
        question = self._question(ask)
        if question is None:
            return 1.0
        last = self.situation.last
        before = None if last is None else self._question(last)
        shared = before is not None and question.document and before.document == question.document
        return TROUBLE[question.cost] / (SAME_DOCUMENT if shared else 1.0)

    def _question(self, ask: Ask) -> Question | None:
        return None if ask.more else self.base.templates[ask.template].slots[ask.slot].question


def _weight(stake: Stake, blocking: set[str]) -> float:
    """Say how much it matters that something is decided."""
    if stake.target in blocking:
        return BLOCKING
    if stake.rating is not None:
        return 1.0 if stake.rating.high >= State.SUGGESTED else FAINT
    return 0.5


BLOCKING: Final = 6.0
FAINT: Final = 0.3


def _blocking(found: Assessment) -> Iterator[str]:
    """Iterate over what stands between a person and a first step that is sure (S16)."""
    for veto in found.vetoes:
        if veto.status is VetoStatus.POSSIBLE:
            yield veto.id
    first = next(iter(found.actions), None)
    if first is not None and first.status is ActionStatus.RECOMMENDED and not first.firm:
        yield first.id
        yield from first.diagnoses

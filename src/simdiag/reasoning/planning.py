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

from simdiag.model.assessment import (
    ActionResult,
    ActionStatus,
    Assessment,
    SlotName,
    State,
)
from simdiag.model.inference import Outcome
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES, KnowledgeBase
from simdiag.model.rules import Purpose, relevance_id
from simdiag.model.terms import Cardinality, Question
from simdiag.model.truth import UNKNOWN
from simdiag.model.values import Kind
from simdiag.reasoning.chances import LAST_ONE, Chance, Said, Tree
from simdiag.reasoning.questions import Ask, Situation, row_of
from simdiag.reasoning.stakes import Stake

# How much trouble an answer is; a bill in a drawer is worth a few questions that need none.
TROUBLE: Final = {"at_hand": 1.0, "look_up": 1.15, "dig_out": 2.0, "call": 3.0}
WORDED: Final = 2.0  # to copy a text word by word
SAME_DOCUMENT: Final = 1.25
CANDIDATES: Final = 8
DECISIVE: Final = 100
NEARLY_CLOSED: Final = 0.8
# Until there is enough to act, in undecided rules: what stands in the way; anything else, with a
# cause at hand and without one; and what brings a cause to light while there is none.
BLOCKING: Final = 6.0
BESIDE: Final = 0.05
SEARCH: Final = 0.2
FOUND: Final = 6.0
# What can be no cause any more, and what only adds to the advice.
FAINT: Final = 0.3
ADVISED: Final = 0.5


def most_telling(situation: Situation) -> Ask:
    """Choose the question with the greatest expected value for its trouble."""
    opening = _opening(situation)
    if opening is not None:
        return opening
    worth = Worth(situation)
    applying = [ask for ask in situation.open if _surely_applies(ask, situation)]
    likely = sorted(applying or situation.open, key=worth.rough, reverse=True)[:CANDIDATES]
    return max(likely, key=worth.of)


def _surely_applies(ask: Ask, situation: Situation) -> bool:
    """Say whether it is known that a question applies: first whether there is a voucher at all."""
    stakes = situation.stakes
    outcomes = stakes.inference.outcomes
    decided = [outcomes.get(relevance_id(ask.template), {}).get(())]
    row = row_of(ask, situation.sheets, stakes.base)
    if row is not None and not ask.more:
        decided.append(outcomes.get(relevance_id(ask.template, ask.slot), {}).get((row,)))
    return not any(each is not None and each.truth is UNKNOWN for each in decided)


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
        found = situation.stakes.found
        lead = None if situation.enough else _lead(found)
        beside = 1.0 if situation.enough else SEARCH if lead is None else BESIDE
        self._found = FOUND if lead is None and not situation.enough else 0.0
        self._weights = [
            BLOCKING
            if not situation.enough and _is_in_the_way(stake, lead, self.base)
            else beside * _weight(stake)
            for stake in self.stakes
        ]
        # A cause stays suggested if nothing comes up against it; what speaks for it is not needed.
        self._leading = {
            number
            for number, stake in enumerate(self.stakes)
            if lead is not None and not lead.firm and _can_fall(stake, lead)
        }
        self._highest = [_highest(stake, self.base) for stake in self.stakes]
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
            weight = self._weights[number]
            if number in self._leading and self._rule_weight(outcome) < 0:
                weight = BLOCKING
            found += weight / len(self.situation.stakes.unknown(outcome))
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
        return Part(number, self._rule_weight(outcome), tree)

    def _rule_weight(self, outcome: Outcome) -> int:
        weight = self.base.rules[outcome.rule].weight if outcome.rule in self.base.rules else ""
        decisive = {ESTABLISHES: DECISIVE, EXCLUDES: -DECISIVE}
        return decisive.get(weight, self.base.weights.get(weight, 0))

    def _answers(self, ask: Ask) -> Iterator[Said]:
        chance = self._chance
        if ask.more:
            yield Said(-1, None, LAST_ONE, ask.template, gone=True)
            return
        row = row_of(ask, self.situation.sheets, self.base)
        number = chance.number(SlotName(ask.template, ask.slot, row))
        told = self.base.templates[ask.template].cardinality is Cardinality.ONE or row is not None
        first = "" if told else ask.template
        for value, share in self.situation.tables.answers(ask.template, ask.slot).items():
            yield Said(number, value, share, first)

    def _gain(self, parts: Iterable[Part], said: Said) -> float:
        """Give how much of what is at stake one answer is expected to decide."""
        decided: dict[int, float] = defaultdict(float)
        lost: dict[int, float] = defaultdict(float)
        closed: dict[int, float] = defaultdict(float)
        reached: dict[int, float] = defaultdict(float)
        cleared = 0.0
        for part in parts:
            false, true = part.tree.after(said)
            if false or true:
                decided[part.stake] += false + true
                if part.stake in self._leading and part.weight < 0:
                    cleared += BLOCKING * (false + true)
                if part.weight > 0:
                    lost[part.stake] += part.weight * false
                    if true and self._suggests(part):
                        reached[part.stake] = max(reached[part.stake], true)
                elif part.weight <= -DECISIVE or self.stakes[part.stake].rating is None:
                    closed[part.stake] = max(closed[part.stake], true)
        return cleared + sum(
            self._weights[number] * self._closing(number, done, lost[number], closed[number])
            + self._found * reached[number]
            for number, done in decided.items()
        )

    def _suggests(self, part: Part) -> bool:
        """Say whether a rule alone would suggest a diagnosis that is not suggested yet."""
        rating = self.stakes[part.stake].rating
        if rating is None or rating.state >= State.SUGGESTED:
            return False
        return rating.score + part.weight >= self.suggested

    def _closing(self, number: int, decided: float, lost: float, closed: float) -> float:
        """Give how many undecided rules of one stake are done with."""
        stake = self.stakes[number]
        if stake.purpose in {Purpose.DO, Purpose.DONE, Purpose.LADDER}:
            closed = 0.0
        if stake.rating is not None and lost and self._highest[number] - lost < self.suggested:
            closed = max(closed, NEARLY_CLOSED)
        count = len(stake.outcomes)
        return count - (1 - closed) * (count - decided)

    @property
    def suggested(self) -> int:
        """The least score of what is suggested."""
        return self.base.thresholds.suggested

    def _trouble(self, ask: Ask) -> float:
        question = self._question(ask)
        if question is None:
            return 1.0
        last = self.situation.last
        before = None if last is None else self._question(last)
        shared = before is not None and question.document and before.document == question.document
        kind = self.base.templates[ask.template].slots[ask.slot].type.kind
        worded = WORDED if kind is Kind.TEXT else 1.0
        return TROUBLE[question.cost] * worded / (SAME_DOCUMENT if shared else 1.0)

    def _question(self, ask: Ask) -> Question | None:
        return None if ask.more else self.base.templates[ask.template].slots[ask.slot].question


def _weight(stake: Stake) -> float:
    """Say how much it matters in the end that something is decided."""
    if stake.rating is None:
        return ADVISED
    return 1.0 if stake.rating.high >= State.SUGGESTED else FAINT


def _lead(found: Assessment) -> ActionResult | None:
    """Give the first action if it is advised because of a cause."""
    first = next(iter(found.actions), None)
    if first is None or not first.diagnoses or first.status is not ActionStatus.RECOMMENDED:
        return None
    return first


def _is_in_the_way(stake: Stake, lead: ActionResult | None, base: KnowledgeBase) -> bool:
    """Say whether something stands between a person and a first step that is sure (S16)."""
    if stake.purpose is Purpose.VETO:
        return True
    if lead is None or lead.firm or stake.target != lead.id:
        return False
    own = {base.rules[outcome.rule].diagnosis for outcome in stake.outcomes}
    return stake.purpose is Purpose.DONE or bool(own & set(lead.diagnoses))


def _can_fall(stake: Stake, lead: ActionResult) -> bool:
    """Say whether a cause for which the first action is advised may turn out to be none."""
    if stake.rating is None or stake.target not in lead.diagnoses:
        return False
    return stake.rating.state >= State.SUGGESTED > stake.rating.low


def _highest(stake: Stake, base: KnowledgeBase) -> float:
    """Give the greatest sum that a diagnosis can still reach."""
    if stake.rating is None:
        return 0.0
    names = (base.rules[outcome.rule].weight for outcome in stake.outcomes)
    added = (DECISIVE if name == ESTABLISHES else base.weights.get(name, 0) for name in names)
    return stake.rating.score + sum(max(0, weight) for weight in added)

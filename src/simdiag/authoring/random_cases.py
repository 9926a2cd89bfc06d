"""Random cases of any knowledge base: realistic, and at the limits at which its rules decide.

A case is about a few rules: the facts that they read are mostly given, with values of which they
speak; other facts are given less often. Templates that are not relevant are mostly left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simdiag.analysis.program import Program
from simdiag.authoring.random_values import Palette, Spoken, Surroundings, happens, moments
from simdiag.engines.reference import holds
from simdiag.loading.cases import canonical
from simdiag.model.cases import Case, FactList, GivenFact
from simdiag.model.conditions import All
from simdiag.model.rules import Purpose
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.truth import FALSE
from simdiag.model.values import TEXT_KINDS, Interval, Value

_NOT_IN_FOCUS: Final = frozenset({Purpose.DERIVE, Purpose.LADDER})


@dataclass(frozen=True, slots=True)
class Habits:
    """How random cases are.

    Attributes:
        unknown: Share of slots without a value, on average.
        most: The most facts of a list.
        given: Share of the templates that are given, of those that no rule in focus reads.
        irrelevant: Share of the templates given that are not relevant.
        open: Share of the given lists that are open.
        none: Share of the templates of which it is said that there is no such fact.
    """

    unknown: float = 0.3
    most: int = 4
    given: float = 0.4
    irrelevant: float = 0.05
    open: float = 0.25
    none: float = 0.06


USUAL: Final = Habits()


class RandomCases:
    """Draws cases of one knowledge base.

    Args:
        program: The knowledge base, made ready.
        habits: How the cases are.
    """

    def __init__(self, program: Program, habits: Habits = USUAL) -> None:
        """Collect what rules speak of."""
        self.program = program
        self.habits = habits
        self.palette = Palette(program)
        self.rules = [
            rule.id for _, rule in sorted(program.rule.items()) if rule.purpose not in _NOT_IN_FOCUS
        ]
        self.moments = moments()
        found = program.base.fact_templates()
        self.templates = sorted(found, key=lambda each: (each.relevant is not None, each.name))

    def many(self, seed: int, numbers: Iterable[int]) -> Iterator[Case]:
        """Draw cases; each depends on the seed and its number only, which is in its id."""
        for number in numbers:
            yield self.draw(random.Random(f"{seed} {number}"), f"random-{number}")  # noqa: S311

    def draw(self, chance: random.Random, name: str) -> Case:
        """Draw one case.

        Args:
            chance: Where all choices come from.
            name: Id of the case.
        """
        as_of = chance.choice(self.moments)
        around = Surroundings(self._focus(chance), int(as_of.low))
        unknown = self.habits.unknown * chance.choice((0.3, 1.0, 1.7))
        in_focus = {template for template, _ in around.focus.places}
        lists: dict[str, FactList] = {}
        for template in self.templates:
            share = 0.95 if template.name in in_focus else self.habits.given
            if template.relevant is not None and not self._may_matter(template, as_of, lists):
                share = self.habits.irrelevant
            if happens(chance, share):
                lists[template.name] = self._facts(chance, template, around, unknown)
        return Case(name, as_of, dict(sorted(lists.items())))

    def _focus(self, chance: random.Random) -> Spoken:
        found = Spoken()
        for _ in range(chance.choice((1, 1, 2, 3)) if self.rules else 0):
            found.add(self.palette.by_rule[chance.choice(self.rules)])
        return found

    def _may_matter(
        self, template: Template, as_of: Interval, lists: Mapping[str, FactList]
    ) -> bool:
        """Say whether a template is relevant, or may be, for what is given so far."""
        condition = template.relevant
        assert isinstance(condition, All)  # noqa: S101 - the loader makes no other
        return holds(self.program, Case("", as_of, lists), condition) is not FALSE

    # Facts ---------------------------------------------------------------------------------------

    def _facts(
        self, chance: random.Random, template: Template, around: Surroundings, unknown: float
    ) -> FactList:
        if happens(chance, self.habits.none):
            return FactList((), open=False, given=True)
        single = template.cardinality is Cardinality.ONE
        rows: list[GivenFact] = []
        for number in range(1 if single else self._count(chance)):
            if rows and happens(chance, 0.05):  # two equal facts are two facts
                rows.append(rows[-1])
                continue
            slots = self._slots(chance, template, around, unknown, number)
            rows.append(GivenFact(template.name, slots))
        opened = not single and happens(chance, self.habits.open)
        return FactList(canonical(rows, template), open=opened, given=True)

    def _count(self, chance: random.Random) -> int:
        return min(chance.choice((0, 1, 1, 1, 2, 2, 3, 4)), self.habits.most)

    def _slots(
        self,
        chance: random.Random,
        template: Template,
        around: Surroundings,
        unknown: float,
        number: int,
    ) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for slot in template.slots.values():
            if happens(chance, unknown):
                continue
            value = self._value(chance, template, slot, around, number)
            if value is not None:
                found[slot.name] = value
                around.used[slot.type.kind].append(value)
        return found

    def _value(
        self,
        chance: random.Random,
        template: Template,
        slot: Slot,
        around: Surroundings,
        number: int,
    ) -> Value | None:
        if slot.name in template.key and slot.type.kind in TEXT_KINDS and slot.question is None:
            return f"{template.name}-{number + 1}"  # a name that other facts can refer to
        return self.palette.value(chance, (template.name, slot.name), slot.type, around)

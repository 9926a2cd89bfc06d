"""Values of a slot that can decide something: those of which rules speak, and their neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from simdiag.analysis.program import aliases_of, rule_expressions
from simdiag.calculation import times
from simdiag.model.cases import Case
from simdiag.model.conditions import (
    Aggregate,
    All,
    Compare,
    Expression,
    Literal,
    SlotRef,
    conditions_in,
)
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Rule
from simdiag.model.terms import Cardinality, Slot
from simdiag.model.values import INFINITE, TEXT_KINDS, Interval, Kind, Value, exactly

# More values of one slot are not tried; the nearest to what rules speak of come first.
MOST: Final = 40
_MINUTE: Final = 60
_STEPS: Final = {Kind.DATETIME: _MINUTE, Kind.DURATION: _MINUTE}
_TIMES: Final = frozenset({Kind.DATE, Kind.DATETIME})


class Candidates:
    """Finds the values that are worth trying for the slots of one case.

    Args:
        base: The knowledge base.
        rules: The rules that are to come out differently, with those of findings below them.
        case: The case; what other slots of it hold may be compared.
    """

    def __init__(self, base: KnowledgeBase, rules: Iterable[Rule], case: Case) -> None:
        """Collect what the rules speak of."""
        self.base = base
        self.as_of = int(case.as_of.high)
        self._of_slot: dict[tuple[str, str], list[Value]] = defaultdict(list)
        self._of_kind: dict[Kind, list[Value]] = defaultdict(list)
        # Slots that are compared with something that is no constant, or counted in.
        self._joined: set[tuple[str, str]] = set()
        for rule in sorted(rules, key=lambda rule: rule.id):
            self._collect(rule)
        for name, sheet in sorted(case.lists.items()):
            for fact in sheet.facts:
                for slot, value in sorted(fact.slots.items()):
                    self._of_kind[base.templates[name].slots[slot].type.kind].append(value)

    def values(self, template: str, slot: Slot) -> tuple[Value, ...]:
        """Give the values to try for a slot, without repetition, the most telling first."""
        kind, place = slot.type.kind, (template, slot.name)
        named = list(self._of_slot[place])
        if kind is Kind.BOOLEAN:
            return (True, False)
        if kind is Kind.CHOICE:
            return self._choices(slot, named, place)
        if kind is Kind.SET:
            return _sets(slot, named)
        if place in self._joined:
            named += self._of_kind[kind]
        if kind in TEXT_KINDS:
            return tuple(dict.fromkeys(value for value in named if isinstance(value, str)))[:MOST]
        return tuple(self._numbers(slot, named, timed=place in self._joined))[:MOST]

    def _choices(
        self, slot: Slot, named: Sequence[Value], place: tuple[str, str]
    ) -> tuple[Value, ...]:
        """Give the choices that are named, and one that stands for all the others."""
        if place in self._joined:
            return slot.type.choices
        known = [choice for choice in slot.type.choices if choice in named]
        others = [choice for choice in slot.type.choices if choice not in named]
        return (*known, *others[:1])

    def _numbers(self, slot: Slot, named: Iterable[Value], *, timed: bool) -> Iterator[Value]:
        kind, bounds = slot.type.kind, slot.type.bounds
        wanted = [value for value in named if isinstance(value, Interval)]
        if kind in _TIMES and timed:
            wanted += self._around_now(kind)
        step = _STEPS.get(kind, 1)
        latest = INFINITE
        if slot.past:
            latest = times.day_of(self.as_of) if kind is Kind.DATE else self.as_of
        # Between two limits every value acts alike, so each limit and its upper neighbour will do.
        ends = [end for value in wanted for end in (value.low, value.high)]
        finite = [int(end) for end in ends if abs(end) < INFINITE]
        tried = [number for end in finite for number in (end, end + step)]
        tried += [min(finite) - step] if finite else []
        for number in dict.fromkeys(tried):
            if bounds.low <= number <= min(bounds.high, latest):
                yield exactly(number)

    def _around_now(self, kind: Kind) -> list[Interval]:
        """Give the moment of judgement, and moments as far from it as rules speak of."""
        lengths = {0, times.DAY_SECONDS}
        for value in (*self._of_kind[Kind.DURATION], *self._of_kind[Kind.INTEGER]):
            if isinstance(value, Interval) and value.exact:
                number = abs(int(value.low))
                # Terms in whole days stand as numbers; one of many days is in seconds.
                lengths.add(number if number > 10 * _MINUTE else number * times.DAY_SECONDS)
        longest = max(lengths)
        ordered = [*sorted(lengths), 2 * longest + 3 * times.DAY_SECONDS]
        found = [self.as_of - length for length in ordered]
        found += [self.as_of + length for length in ordered]
        return [exactly(times.day_of(n) if kind is Kind.DATE else n) for n in found]

    # What rules speak of -------------------------------------------------------------------------

    def _collect(self, rule: Rule) -> None:
        inner = [each.rows for each in rule_expressions(rule) if isinstance(each, Aggregate)]
        parts = [rule.when, *inner]
        aliases = {name: owner for part in parts for name, owner in aliases_of(rule, part).items()}
        direct: set[int] = set()
        for condition in conditions_in(All(tuple(parts))):
            if isinstance(condition, Compare):
                direct |= self._compared(condition, aliases)
        for expression in rule_expressions(rule):
            value = self._constant(expression)
            if value is not None:
                self._of_kind[expression.type.kind].append(value)
            elif isinstance(expression, SlotRef) and id(expression) not in direct:
                self._joined.add((aliases.get(expression.alias, expression.alias), expression.slot))

    def _compared(self, condition: Compare, aliases: dict[str, str]) -> set[int]:
        """Take over the constants of one comparison, if a slot is compared with constants only."""
        left = condition.left
        constants = [self._constant(side) for side in condition.right]
        if isinstance(left, SlotRef) and None not in constants:
            place = (aliases.get(left.alias, left.alias), left.slot)
            self._of_slot[place].extend(value for value in constants if value is not None)
            return {id(left)}
        return set()

    def _constant(self, expression: Expression) -> Value | None:
        """Give the value of a literal or of a shipped constant; none of anything else."""
        if isinstance(expression, Literal):
            return expression.value
        if not isinstance(expression, SlotRef) or expression.alias not in self.base.templates:
            return None
        template = self.base.templates[expression.alias]
        if template.cardinality is not Cardinality.REFERENCE or not template.single:
            return None
        return template.rows[0].values.get(expression.slot)


def _sets(slot: Slot, named: Sequence[Value]) -> tuple[Value, ...]:
    """Give each named choice alone, all together, and none at all."""
    known = {
        choice for value in named for choice in (value if isinstance(value, frozenset) else {value})
    }
    chosen = [choice for choice in slot.type.choices if choice in known]
    single = [frozenset({choice}) for choice in chosen or slot.type.choices]
    return tuple(dict.fromkeys([*single, frozenset(chosen), frozenset()]))


__all__ = ["MOST", "Candidates"]

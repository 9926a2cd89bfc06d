"""Random values that decide something: those of which rules speak, and their neighbours."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from simdiag.analysis.program import Program, aliases_of, direct_reads, rule_expressions
from simdiag.calculation import times
from simdiag.loading.scalars import NotReadable, read_value
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
from simdiag.model.terms import Cardinality
from simdiag.model.values import INFINITE, TEXT_KINDS, Interval, Kind, SlotType, Value, exactly

Place = tuple[str, str]

MINUTE: Final = 60
# A number of this size or more is seconds, a smaller one days.
_MANY: Final = 400
# Days before the moment of judgement; most of what people report is recent.
_AGES: Final = (0, 0, 0, 1, 1, 2, 3, 5, 8, 14, 20, 30, 31, 45, 60, 90, 190, 370, 740)
_NUMBERS: Final = (0, 1, 2, 3, 5, 12, 24, 100)
_CENTS: Final = (0, 250, 500, 999, 1000, 1000, 1500, 2000, 5000, 7000, -500)
_DURATIONS: Final = (0, 10 * MINUTE, 3_600, times.DAY_SECONDS, 14 * times.DAY_SECONDS)
_SENTENCES: Final = ("{}", "{}", "Note: {}, they said.", "not{}s")
# Well formed and not: a type takes of them what it accepts.
_WRITTEN: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.TEXT: ("A-1", "A-2", "Proximus", "7788", "payment failed"),
    Kind.PHONE: ("0470 12 34 56", "0485 12 34 56", "+32 456 12 34 57", "0470 12"),
    Kind.IBAN: ("BE68 5390 0754 7034", "BE62 5100 0754 7061", "BE68 5390 0754 7035", "7034"),
    Kind.REFERENCE: ("123/4567/89002", "+++123/4567/89002+++", "123/4567/89012"),
    Kind.VAT: ("BE 0403.019.261", "BE 0403.019.262"),
}
_DAYS: Final = ((2025, 11, 20), (2025, 11, 20), (2025, 11, 30), (2026, 1, 31), (2024, 2, 29))


def happens(chance: random.Random, share: float) -> bool:
    """Say yes in so many cases, 0 to 1."""
    return chance.random() < share


def moments() -> tuple[Interval, ...]:
    """Give moments for which random cases are judged: a usual one, and the ends of months."""
    found = [dt.datetime(*day, 18, 0, tzinfo=times.BRUSSELS) for day in _DAYS]
    return tuple(exactly(times.seconds_of(moment)) for moment in found)


# What rules speak of ------------------------------------------------------------------------------


@dataclass(slots=True)
class Spoken:
    """The values of which some rules speak.

    Attributes:
        of_slot: What a slot is compared with.
        of_kind: Every value of a kind, wherever it stands.
        places: The slots that the rules read; an empty name for a template that need only be there.
    """

    of_slot: dict[Place, list[Value]] = field(default_factory=lambda: defaultdict(list))
    of_kind: dict[Kind, list[Value]] = field(default_factory=lambda: defaultdict(list))
    places: set[Place] = field(default_factory=set)

    def add(self, other: Spoken) -> None:
        """Take over what other rules speak of."""
        for place, values in other.of_slot.items():
            self.of_slot[place].extend(values)
        for kind, values in other.of_kind.items():
            self.of_kind[kind].extend(values)
        self.places |= other.places


def spoken_by_rule(program: Program) -> dict[str, Spoken]:
    """Find out of which values each rule speaks, itself or through findings."""
    own = {name: _spoken(rule, program.base) for name, rule in program.rule.items()}
    return {name: _with_findings(name, program, own) for name in own}


def _spoken(rule: Rule, base: KnowledgeBase) -> Spoken:
    found = Spoken(places=set(direct_reads(rule)))
    for expression in rule_expressions(rule):
        value = _constant(expression, base)
        if value is not None:
            found.of_kind[expression.type.kind].append(value)
    for place, right in _comparisons(rule):
        value = _constant(right, base)
        if value is not None:
            found.of_slot[place].append(value)
    return found


def _comparisons(rule: Rule) -> Iterator[tuple[Place, Expression]]:
    """Iterate over the slots that are compared, with what they are compared with."""
    parts = [
        rule.when,
        *(each.rows for each in rule_expressions(rule) if isinstance(each, Aggregate)),
    ]
    aliases = {name: owner for part in parts for name, owner in aliases_of(rule, part).items()}
    for condition in conditions_in(All(tuple(parts))):
        if isinstance(condition, Compare) and isinstance(condition.left, SlotRef):
            alias, slot = condition.left.alias, condition.left.slot
            for right in condition.right:
                yield (aliases.get(alias, alias), slot), right


def _constant(expression: Expression, base: KnowledgeBase) -> Value | None:
    """Give the value of a literal or of a shipped constant; none of anything else."""
    if isinstance(expression, Literal):
        return expression.value
    if not isinstance(expression, SlotRef) or expression.alias not in base.templates:
        return None
    template = base.templates[expression.alias]
    if template.cardinality is not Cardinality.REFERENCE or not template.single:
        return None
    return template.rows[0].values.get(expression.slot)


def _with_findings(name: str, program: Program, own: dict[str, Spoken]) -> Spoken:
    found = Spoken()
    todo, seen = [name], {name}
    for rule in todo:
        found.add(own[rule])
        for owner, slot in sorted(own[rule].places):
            finding = program.base.findings.get(f"{owner}.{slot}")
            more = [other for other in (finding.rules if finding else ()) if other not in seen]
            seen.update(more)
            todo.extend(more)
    return found


# One value ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Surroundings:
    """What a value is drawn for.

    Attributes:
        focus: What the rules speak of that the case is about.
        as_of: Moment of judgement, in seconds.
        used: Values that the case holds already, by kind: rules compare them.
    """

    focus: Spoken
    as_of: int
    used: dict[Kind, list[Value]] = field(default_factory=lambda: defaultdict(list))


class Palette:
    """Draws values of slots.

    Args:
        program: The knowledge base.
    """

    def __init__(self, program: Program) -> None:
        """Collect of which values rules and references speak."""
        self.by_rule = spoken_by_rule(program)
        self.all = Spoken()
        for rule in program.rule.values():
            self.all.add(_spoken(rule, program.base))
        for template in program.base.templates.values():
            for row in () if template.single else template.rows:
                for slot, value in row.values.items():
                    self.all.of_kind[template.slots[slot].type.kind].append(value)
        self._samples: dict[SlotType, list[Value]] = {}

    def value(
        self, chance: random.Random, place: Place, slot_type: SlotType, around: Surroundings
    ) -> Value | None:
        """Draw a value of a slot.

        Args:
            chance: Where the choice comes from.
            place: Template and slot.
            slot_type: What the slot may hold.
            around: The case so far.

        Returns:
            The value; none if nothing that was drawn fits the type.
        """
        kind = slot_type.kind
        if kind is Kind.BOOLEAN:
            return happens(chance, 0.5)
        if kind is Kind.SET:
            return _set(chance, slot_type, around.focus.of_slot.get(place, ()))
        wanted = self._wanted(chance, place, kind, around)
        if kind is Kind.CHOICE:
            choices = slot_type.choices
            return wanted if wanted in choices else chance.choice(choices)
        if kind in TEXT_KINDS:
            return self._text(chance, slot_type, wanted)
        if kind in {Kind.DATE, Kind.DATETIME}:
            found = _time(chance, kind, wanted, around)
        else:
            found = exactly(_amount(chance, slot_type, wanted))
        bounds = slot_type.bounds
        return found if bounds.low <= found.low and found.high <= bounds.high else None

    def _wanted(
        self, chance: random.Random, place: Place, kind: Kind, around: Surroundings
    ) -> Value | None:
        """Draw one of the values that may decide something, or none."""
        sources: tuple[tuple[float, Sequence[Value]], ...] = (
            (0.45, around.focus.of_slot.get(place, ())),
            (0.5, around.used.get(kind, ())),
            (0.3, self.all.of_slot.get(place, ())),
            (0.4, self.all.of_kind.get(kind, ())),
        )
        for share, values in sources:
            if values and happens(chance, share):
                return chance.choice(values)
        return None

    def _text(
        self, chance: random.Random, slot_type: SlotType, wanted: Value | None
    ) -> Value | None:
        if not isinstance(wanted, str) or not wanted:
            return self._sample(chance, slot_type)
        if slot_type.kind is Kind.TEXT:
            text = chance.choice(_SENTENCES).format(wanted)
            return text.upper() if happens(chance, 0.1) else text
        return wanted if _read(wanted, slot_type) == wanted else self._sample(chance, slot_type)

    def _sample(self, chance: random.Random, slot_type: SlotType) -> Value | None:
        if slot_type not in self._samples:
            values = (_read(text, slot_type) for text in _WRITTEN[slot_type.kind])
            self._samples[slot_type] = [value for value in values if value is not None]
        known = self._samples[slot_type]
        return chance.choice(known) if known else None


def _read(text: str, slot_type: SlotType) -> Value | None:
    try:
        return read_value(text, slot_type)
    except NotReadable:
        return None


def _set(chance: random.Random, slot_type: SlotType, spoken: Sequence[Value]) -> Value:
    choices = slot_type.choices
    found = set(chance.sample(choices, min(chance.choice((0, 1, 1, 1, 2, 3)), len(choices))))
    named = [value for value in spoken if value in choices]
    if named and happens(chance, 0.6):
        found.add(str(chance.choice(named)))
    return frozenset(found)


def _amount(chance: random.Random, slot_type: SlotType, wanted: Value | None) -> int:
    """Draw a number, in the unit of its kind: one that was spoken of, or beside it."""
    kind = slot_type.kind
    step = MINUTE if kind is Kind.DURATION else 1
    if isinstance(wanted, Interval) and wanted.exact:
        number = int(wanted.low) + chance.choice((-step, 0, 0, 0, step))
    elif kind is Kind.MONEY:
        number = chance.choice(_CENTS)
    elif kind is Kind.DURATION:
        number = chance.choice(_DURATIONS)
    else:
        number = chance.choice(_NUMBERS) * 10**slot_type.places
    if kind is Kind.DURATION:
        number = max(number, 0)
    return int(min(max(number, slot_type.bounds.low), slot_type.bounds.high))


def _time(
    chance: random.Random, kind: Kind, wanted: Value | None, around: Surroundings
) -> Interval:
    """Draw a time: one that was spoken of, or as long ago as rules speak of."""
    if isinstance(wanted, Interval) and wanted.low > -INFINITE and wanted.high < INFINITE:
        step = 1 if kind is Kind.DATE else MINUTE
        shift = chance.choice((-step, 0, 0, 0, step)) if wanted.exact else 0
        return Interval(wanted.low + shift, wanted.high + shift)
    moment = around.as_of - _age(chance, around.focus)
    day = times.day_of(moment) + chance.choice((-1, 0, 0, 0, 0, 1))
    if kind is Kind.DATE:
        return exactly(day)
    if happens(chance, 0.2):  # many people remember the day only
        return Interval(times.start_of_day(day), times.end_of_day(day))
    return exactly(moment // MINUTE * MINUTE)


def _age(chance: random.Random, focus: Spoken) -> int:
    """Draw how long ago something was, in seconds; a few things are yet to come."""
    spoken = [*focus.of_kind.get(Kind.DURATION, ()), *focus.of_kind.get(Kind.INTEGER, ())]
    if happens(chance, 0.04):
        return -chance.choice((1, 3, 20)) * times.DAY_SECONDS
    if spoken and happens(chance, 0.5):
        value = chance.choice(spoken)
        if isinstance(value, Interval) and value.exact:
            number = int(value.low)
            age = number if abs(number) >= _MANY else number * times.DAY_SECONDS
            return age + chance.choice((-MINUTE, 0, MINUTE))
    return chance.choice(_AGES) * times.DAY_SECONDS + chance.randrange(700) * MINUTE

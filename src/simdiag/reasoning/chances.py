"""How likely an answer decides an undecided rule, by the rule's record and prior frequencies.

The record of an undecided rule is turned into a small tree of what is not known about it. Asked
what an answer would do, the tree gives the chances that the rule turns out false and true; what is
left stays undecided. Parts are taken as independent: this is for choosing a question, and no
conclusion is ever drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final, TypeAlias

from simdiag.engines.values import decide
from simdiag.model.assessment import SlotName
from simdiag.model.cases import RowId
from simdiag.model.conditions import (
    All,
    Any,
    Compare,
    Each,
    Literal,
    Match,
    Not,
    Operator,
    SlotRef,
)
from simdiag.model.inference import Outcome, Read, Rows, Support
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Finding, relevance_id
from simdiag.model.terms import Slot
from simdiag.model.truth import TRUE, UNKNOWN
from simdiag.model.values import UNKNOWN_VALUE, Interval, Kind, SlotType, Value
from simdiag.reasoning.stakes import Stakes

# An answer that cannot be listed, such as a date: nothing that is asked of it holds, or all does.
NONE_HOLDS: Final = "no test holds"
ALL_HOLD: Final = "all tests hold"
SELDOM: Final = 0.25
WORDED: Final = 0.1
LAST_ONE: Final = 0.6  # how often there is no further fact
_NEGATED: Final = {
    Operator.NOT_EQUAL,
    Operator.NOT_IN,
    Operator.NOT_CONTAINS,
    Operator.HAS_NONE,
}

Chances: TypeAlias = tuple[float, float]
"""How likely something turns out false, and how likely true."""

NOTHING: Final[Chances] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that might be given.

    Attributes:
        slot: Number of the slot (see :meth:`Chance.number`).
        value: The answer; none if it is that there is no further fact.
        share: How often it is given.
        template: Of whose facts there is no further one, or there is one more after all; else
            empty.
        gone: Whether it is that there is no further fact.
    """

    slot: int
    value: Value | None
    share: float
    template: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """What is not known about a condition.

    Attributes:
        slots: The numbers of the unknown slots in it.
        share: How likely it is true when all is known.
    """

    slots: frozenset[int]
    share: float

    def after(self, said: Said) -> Chances:
        """Give the chances that an answer decides it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Leaf(Tree):
    """One test of one slot against what the rule itself says: which answers pass it."""

    passes: Mapping[Value, bool | None]

    def after(self, said: Said) -> Chances:
        """See :meth:`Tree.after`."""
        known = said.slot in self.slots and said.value is not None
        passed = self.passes.get(said.value) if known and said.value is not None else None
        return NOTHING if passed is None else (float(not passed), float(passed))


@dataclass(frozen=True, slots=True)
class Vague(Tree):
    """Something that hangs on several slots: each of them is taken for an equal part of it."""

    def after(self, said: Said) -> Chances:
        """See :meth:`Tree.after`."""
        if said.slot not in self.slots:
            return NOTHING
        part = 1 / len(self.slots)
        return (part * (1 - self.share), part * self.share)


@dataclass(frozen=True, slots=True)
class Exists(Tree):
    """Whether there is one more fact of a template."""

    template: str = ""

    def after(self, said: Said) -> Chances:
        """See :meth:`Tree.after`."""
        if said.template != self.template:
            return NOTHING
        return (1.0, 0.0) if said.gone else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Joined(Tree):
    """All parts hold."""

    parts: tuple[Tree, ...] = ()

    def after(self, said: Said) -> Chances:
        """See :meth:`Tree.after`."""
        touched = [part for part in self.parts if said.template or said.slot in part.slots]
        if not touched:
            return NOTHING
        fails, true = 1.0, 1.0
        for part in touched:
            no, yes = part.after(said)
            fails *= 1 - no
            true *= yes
        return (1 - fails, true if len(touched) == len(self.parts) else 0.0)


@dataclass(frozen=True, slots=True)
class Negated(Tree):
    """The inner part does not hold."""

    part: Tree = field(default_factory=lambda: Vague(frozenset(), 0))

    def after(self, said: Said) -> Chances:
        """See :meth:`Tree.after`."""
        false, true = self.part.after(said)
        return (true, false)


def all_of(parts: Iterable[Tree]) -> Tree | None:
    """Join trees by *and*; none for nothing."""
    found = tuple(parts)
    if len(found) <= 1:
        return found[0] if found else None
    slots = frozenset().union(*(part.slots for part in found))
    return Joined(slots, prod(part.share for part in found), found)


def negation(part: Tree) -> Tree:
    """Give the tree of *not*."""
    return Negated(part.slots, 1 - part.share, part)


def any_of(parts: Iterable[Tree]) -> Tree | None:
    """Join trees by *or*; none for nothing."""
    joined = all_of(negation(part) for part in parts)
    return None if joined is None else negation(joined)


class Chance:
    """Makes trees for one case.

    Args:
        stakes: What can still change in it.
        tables: What can be answered.
    """

    def __init__(self, stakes: Stakes, tables: AnswerTables) -> None:
        """Nothing is worked out before it is asked for."""
        self.stakes = stakes
        self.tables = tables
        self.base = stakes.base
        self._rules: dict[tuple[str, Rows], Tree | None] = {}
        self._numbers: dict[SlotName, int] = {}

    def number(self, name: SlotName) -> int:
        """Give the number that stands for a slot of a fact here; numbers are quick to compare."""
        return self._numbers.setdefault(name, len(self._numbers))

    def _numbered(self, names: Iterable[SlotName]) -> frozenset[int]:
        return frozenset(map(self.number, names))

    def of(self, outcome: Outcome) -> Tree | None:
        """Give the tree of an undecided rule; none if nothing unknown was found in its record."""
        key = (outcome.rule, outcome.subject)
        if key not in self._rules:
            # An exception that is undecided counts as a part of the rule.
            others = [
                self._exception(name, outcome) for name, truth in outcome.unless if truth is UNKNOWN
            ]
            parts = [*self._parts(outcome.support), *(negation(part) for part in others if part)]
            parts.extend(self._existence(row) for row in outcome.subject if row.index < 0)
            if outcome.truth is TRUE:
                # Only a date or argument of its advice is missing.
                parts = [Vague(self._numbered(self.stakes.unknown(outcome)), 1.0)]
            self._rules[key] = all_of(parts)
        return self._rules[key]

    def _exception(self, name: str, outcome: Outcome) -> Tree | None:
        rules = self.stakes.inference.outcomes.get(name, {})
        other = rules.get(outcome.subject) or rules.get(())
        return None if other is None or other.truth is TRUE else self.of(other)

    def _existence(self, row: RowId) -> Tree:
        template = row.template
        return Exists(self._numbered([SlotName(template, "")]), 1 - LAST_ONE, template)

    def _parts(self, supports: Iterable[Support]) -> Iterator[Tree]:
        for support in supports:
            if support.truth is UNKNOWN and (found := self._tree(support)) is not None:
                yield found

    def _tree(self, support: Support) -> Tree | None:
        match support.condition:
            case Compare():
                return self._comparison(support, support.condition)
            case Match():
                return self._match(support)
            case All():
                return all_of(self._parts(support.parts))
            case Any():
                return any_of(self._parts(support.parts))
            case Not() | Each():
                inner = all_of(self._parts(support.parts))
                return None if inner is None else negation(inner)
            case _:
                return self._vague(support)

    def _match(self, support: Support) -> Tree | None:
        """Give the tree of "there is such a fact", with the relevance of its template."""
        (row,) = support.rows
        exists = self._existence(row)
        guard = self._guard(relevance_id(row.template), ())
        return exists if guard is None else all_of((exists, guard))

    def _guard(self, rule: str, subject: Rows) -> Tree | None:
        """Give the tree of a relevance that is not decided."""
        outcome = self.stakes.inference.outcomes.get(rule, {}).get(subject)
        return None if outcome is None or outcome.truth is TRUE else self.of(outcome)

    def _comparison(self, support: Support, test: Compare) -> Tree | None:
        if support.parts:
            return self._vague(support)
        unknown = [read for read in support.reads if _is_open(read.value)]
        if len(unknown) != 1 or not isinstance(test.left, SlotRef):
            return self._vague(support)
        (read,) = unknown
        plain = all(isinstance(right, Literal) for right in test.right)
        finding = self._finding(read)
        if finding is not None:
            is_flag = finding.type.kind is Kind.BOOLEAN and plain and read.value is UNKNOWN_VALUE
            return self._flag(finding, read, test) if is_flag else self._vague(support)
        return self._leaf(read, test) if plain else self._vague(support)

    def _finding(self, read: Read) -> Finding | None:
        if read.row is None:
            return None
        return self.stakes.readings.finding(read.row.template, read.slot)

    def _flag(self, finding: Finding, read: Read, test: Compare) -> Tree | None:
        """Give the tree of a test of a boolean finding: that of the rules that may make it true."""
        subject: Rows = (read.row,) if finding.subjects and read.row is not None else ()
        trees = []
        for name in finding.rules:
            outcome = self.stakes.inference.outcomes.get(name, {}).get(subject)
            if outcome is not None and (tree := self.of(outcome)) is not None:
                trees.append(tree)
        found = any_of(trees)
        if found is None:
            return None
        wanted = decide(test.operator, True, finding.type, _rights(test)) is TRUE  # noqa: FBT003
        return found if wanted else negation(found)

    def _leaf(self, read: Read, test: Compare) -> Tree | None:
        assert read.row is not None  # noqa: S101 - only findings of the case have no row
        names = self._numbered(self.stakes.in_row(read.row, read.slot))
        if not names:
            return None
        passes, share = self.tables.test(test, read.row.template, read.slot)
        leaf = Leaf(names, share, passes)
        guards = [
            self._guard(relevance_id(read.row.template), ()),
            self._guard(relevance_id(read.row.template, read.slot), (read.row,)),
        ]
        return all_of([leaf, *(guard for guard in guards if guard is not None)])

    def _vague(self, support: Support) -> Tree | None:
        found: set[SlotName] = set()
        for part in _below(support):
            for row in part.rows:
                found |= self.stakes.in_row(row, "")
            for read in part.reads:
                if read.row is not None and _is_open(read.value):
                    found |= self._slots_of(read)
        return Vague(self._numbered(found), SELDOM) if found else None

    def _slots_of(self, read: Read) -> set[SlotName]:
        assert read.row is not None  # noqa: S101 - asked before
        finding = self._finding(read) or self.stakes.readings.finding("pair", read.slot)
        if finding is None:
            return self.stakes.in_row(read.row, read.slot)
        reading = self.stakes.readings.of_finding(finding)
        found: set[SlotName] = set()
        for subject, slots in zip(finding.subjects, reading.own, strict=True):
            if subject.template == read.row.template:
                for slot in slots:
                    found |= self.stakes.in_row(read.row, slot)
        for template, slot in reading.others:
            found |= set(self.stakes.of_slot(template, slot))
        return found


def _below(support: Support) -> Iterator[Support]:
    yield support
    for part in support.parts:
        yield from _below(part)


def _is_open(value: Value) -> bool:
    return value is UNKNOWN_VALUE or (isinstance(value, Interval) and not value.exact)


def _rights(test: Compare) -> list[tuple[Value, SlotType]]:
    return [(right.value, right.type) for right in test.right if isinstance(right, Literal)]


class AnswerTables:
    """What can be answered to each slot, and which tests of rules each answer passes.

    They hang on the knowledge base alone, so one of them serves a whole consultation.

    Args:
        base: The knowledge base.
    """

    def __init__(self, base: KnowledgeBase) -> None:
        """Nothing is worked out before it is asked for."""
        self.base = base
        self._answers: dict[tuple[str, str], Mapping[Value, float]] = {}
        self._tests: dict[tuple[int, str, str], tuple[Mapping[Value, bool | None], float]] = {}

    def answers(self, template: str, slot: str) -> Mapping[Value, float]:
        """Give the answers that a slot can have, with their prior frequencies, which sum to 1.

        Of a set, each choice stands for a set of it alone. What cannot be listed has two answers:
        no test of it holds, or all do.
        """
        key = (template, slot)
        if key not in self._answers:
            self._answers[key] = _answers(self.base.templates[template].slots[slot])
        return self._answers[key]

    def test(
        self, test: Compare, template: str, slot: str
    ) -> tuple[Mapping[Value, bool | None], float]:
        """Say for each answer whether it passes a test against literals, and how many pass.

        An answer that leaves the test undecided has none.
        """
        key = (id(test), template, slot)
        if key not in self._tests:
            shares = self.answers(template, slot)
            kind = self.base.templates[template].slots[slot].type
            passes = {value: _passes(test, value, kind) for value in shares}
            share = sum(part for value, part in shares.items() if passes[value])
            self._tests[key] = (passes, share)
        return self._tests[key]


def _passes(test: Compare, value: Value, kind: SlotType) -> bool | None:
    if value in {NONE_HOLDS, ALL_HOLD}:
        return (value == ALL_HOLD) is not (test.operator in _NEGATED)
    truth = decide(test.operator, value, kind, _rights(test))
    return None if truth is UNKNOWN else truth is TRUE


def _answers(slot: Slot) -> Mapping[Value, float]:
    shares = slot.question.frequencies if slot.question is not None else {}
    match slot.type.kind:
        case Kind.BOOLEAN:
            yes = shares.get("yes", 1 - shares["no"] if "no" in shares else 0.4)
            return {True: yes, False: 1 - yes}
        case Kind.CHOICE | Kind.SET:
            return _choices(slot, shares)
        case Kind.TEXT:
            return {NONE_HOLDS: 1 - WORDED, ALL_HOLD: WORDED}
        case _:
            return {NONE_HOLDS: 1 - SELDOM, ALL_HOLD: SELDOM}


def _choices(slot: Slot, shares: Mapping[str, float]) -> Mapping[Value, float]:
    """Share what is not declared equally among the choices without a frequency."""
    left = [choice for choice in slot.type.choices if choice not in shares]
    declared = sum(shares.get(choice, 0) for choice in slot.type.choices)
    each = max(0.02, (1 - declared) / len(left)) if left else 0
    found = {choice: shares.get(choice, each) for choice in slot.type.choices}
    total = sum(found.values()) or 1
    whole = slot.type.kind is Kind.SET
    return {
        (frozenset({choice}) if whole else choice): share / total for choice, share in found.items()
    }

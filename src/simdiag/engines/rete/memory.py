"""The working memory of one engine, arranged for matching: facts by class, slot and value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from simdiag.engines.rete.plan import Pattern, Slot
from simdiag.model.values import Absent, Interval

# A fact that fits a pattern, followed by the values that the pattern binds.
Entry = tuple[Any, ...]

MISSING: Any = object()


def read(fact: Any, slot: Slot) -> Any:
    """Read a slot, with its default; a fact without the slot fits no constraint of it."""
    try:
        return fact[slot]
    except KeyError:
        return MISSING


def _same(one: Any, other: Any, *, strict: bool) -> bool:
    return bool(one == other) and (not strict or type(one) is type(other))


class Template:
    """The facts of one class at present, and the patterns on it.

    Which patterns a fact fits is told by its values: for each slot a table says which patterns a
    value rules out. The tables outlive the facts, so that a value is tested once for each pattern.
    A predicate must give the same answer for the same value.

    Attributes:
        facts: In the order of their ids.
        version: Another one whenever the facts are others.
        users: Rules with a pattern that any fact of the class may fit, by identity.
    """

    def __init__(self, *, strict: bool) -> None:
        self.facts: list[Any] = []
        self.version = 0
        self.users: dict[int, Any] = {}
        self._strict = strict
        self._by_value: dict[Slot, dict[Any, list[Any]]] = {}
        # Patterns with a literal, by the first one.
        self._closed: dict[Slot, dict[Any, dict[int, Any]]] = {}
        self._patterns: list[Matches] = []
        self._tables: dict[Slot, _SlotTable] = {}

    def add(self, found: Matches) -> None:
        """Enter a pattern on this class of facts."""
        bit = 1 << len(self._patterns)
        self._patterns.append(found)
        pattern = found.pattern
        for slot, kind, value in pattern.literals:
            self._table(slot).add(bit, _equal_to(kind, value, strict=self._strict))
        for slot, predicate, wanted in pattern.predicates:
            self._table(slot).add(bit, _answering(predicate, wanted=wanted))
        for slot in pattern.binds:
            self._table(slot).add(bit, None)

    def _table(self, slot: Slot) -> _SlotTable:
        return self._tables.setdefault(slot, _SlotTable())

    def use(self, found: Matches, user: Any) -> None:
        """Enter a rule with a pattern on this class of facts."""
        literals = found.pattern.literals
        if not literals:
            self.users[id(user)] = user
            return
        slot, kind, value = literals[0]
        table = self._closed.setdefault(slot, defaultdict(dict))
        table[(kind, value) if self._strict else value][id(user)] = user

    def touched(self, facts: list[Any]) -> dict[int, Any]:
        """Give the rules with a pattern that some of the facts may fit, by identity."""
        found = dict(self.users)
        for slot, table in self._closed.items():
            for value in {self._literal_key(read(fact, slot)) for fact in facts}:
                found.update(table.get(value, ()))
        return found

    def fitted(self) -> list[Matches]:
        """Work out for all patterns at once which facts fit; give those that some fact fits."""
        fitting: dict[int, list[Any]] = {}
        every = (1 << len(self._patterns)) - 1
        tables = [(slot, table.known, table) for slot, table in self._tables.items()]
        for fact in self.facts:
            left = every
            for slot, known, table in tables:
                value = read(fact, slot)
                # To Python, True, 1 and 1.0 are one key.
                out = known.get(value if type(value) in _KEYS else (type(value), value))
                left &= ~(table.ruled_out(value) if out is None else out)
            while left:
                bit = left & -left
                left ^= bit
                fitting.setdefault(bit.bit_length() - 1, []).append(fact)
        for place, found in enumerate(self._patterns):
            found.take(fitting.get(place, []))
        return [self._patterns[place] for place in fitting]

    def _literal_key(self, value: Any) -> Any:
        return (type(value), value) if self._strict else value

    def change(self, new: list[Any], gone: list[Any]) -> None:
        """Put facts in and take facts out."""
        left = {id(fact) for fact in gone}
        self._set([fact for fact in self.facts if id(fact) not in left] + new)

    def clear(self) -> None:
        """Take all facts out."""
        if self.facts:
            self._set([])

    def _set(self, facts: list[Any]) -> None:
        self.facts = facts
        self.version += 1
        self._by_value = {}

    def with_value(self, slot: Slot, value: Any) -> list[Any]:
        """Facts whose slot has the value."""
        table = self._by_value.get(slot)
        if table is None:
            table = self._by_value[slot] = defaultdict(list)
            for fact in self.facts:
                actual = read(fact, slot)
                if actual is not MISSING:
                    table[self._literal_key(actual)].append(fact)
        return table.get(self._literal_key(value), [])


Check = Callable[[Any], bool]


class _SlotTable:
    """Which patterns each value of one slot rules out; a pattern is a bit.

    Attributes:
        known: What is worked out already, by value or, for most types, type and value.
    """

    __slots__ = ("_checks", "_users", "known")

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}
        self._checks: list[tuple[int, Check]] = []
        self._users = 0

    def add(self, bit: int, check: Check | None) -> None:
        """Enter a constraint of a pattern, or that it wants the slot to be there."""
        self._users |= bit
        if check is not None:
            self._checks.append((bit, check))
        self.known = {MISSING: self._users}

    def ruled_out(self, value: Any) -> int:
        """Work out the patterns that do not take a value."""
        found = 0
        for bit, check in self._checks:
            if not check(value):
                found |= bit
        if len(self.known) >= _REMEMBERED:
            self.known = {MISSING: self._users}
        self.known[value if type(value) in _KEYS else (type(value), value)] = found
        return found


# Types whose values equal no value of another type.
_KEYS = {str, frozenset, Interval, Absent, type(MISSING)}
_REMEMBERED = 4096


def _equal_to(kind: type, literal: Any, *, strict: bool) -> Check:
    return lambda value: bool(literal == value) and (not strict or type(value) is kind)


def _answering(predicate: Check, *, wanted: bool) -> Check:
    return lambda value: bool(predicate(value)) is wanted


class Matches:
    """The facts that fit one pattern at present.

    Attributes:
        pattern: The pattern.
        template: The facts of its class.
        led: Rules to try when a fact fits, if there were no facts before.
    """

    __slots__ = (
        "_entries", "_meeting", "_strict", "_tables", "_version", "led", "pattern", "template",
    )  # fmt: skip

    def __init__(self, pattern: Pattern, template: Template, *, strict: bool) -> None:
        self.pattern = pattern
        self.template = template
        self.led: list[Any] = []
        self._strict = strict
        self._version = -1
        self._entries: list[Entry] = []
        self._tables: dict[tuple[int, ...], dict[Any, list[Entry]]] = {}
        self._meeting: dict[tuple[Slot, Any], dict[Any, list[Entry]]] = {}

    def entries(self) -> list[Entry]:
        """Each fact that fits, with the values that it binds."""
        if self._version != self.template.version:
            self.take(self._search())
        return self._entries

    def take(self, facts: list[Any]) -> None:
        """Learn which facts fit, apart from the variables that they bind."""
        pattern = self.pattern
        if pattern.binds:
            entries = [(fact, *[read(fact, slot) for slot in pattern.binds]) for fact in facts]
            self._entries = [entry for entry in entries if self._binds(entry)]
        else:
            self._entries = [(fact,) for fact in facts]
        self._tables = {}
        self._meeting = {}
        self._version = self.template.version

    def _search(self) -> list[Any]:
        """Look for the facts that fit, for this pattern alone."""
        pattern = self.pattern
        facts = self.template.facts
        literals = pattern.literals
        if literals:
            slot, _, value = literals[0]
            facts = self.template.with_value(slot, value)
            literals = literals[1:]
        for slot, kind, value in literals:
            facts = [fact for fact in facts if self._has(fact, slot, kind, value)]
        for slot, predicate, wanted in pattern.predicates:
            facts = [fact for fact in facts if _fits(fact, slot, predicate, wanted=wanted)]
        return facts

    def _has(self, fact: Any, slot: Slot, kind: type, value: Any) -> bool:
        actual = read(fact, slot)
        return bool(value == actual) and (not self._strict or type(actual) is kind)

    def _binds(self, entry: Entry) -> bool:
        if any(value is MISSING for value in entry):
            return False
        return all(
            _same(entry[one], entry[other], strict=self._strict) for one, other in self.pattern.same
        )

    def table(self, places: tuple[int, ...]) -> dict[Any, list[Entry]]:
        """Entries by the values at places of theirs; NaN, which equals nothing, is in no table."""
        entries = self.entries()
        table = self._tables.get(places)
        if table is None:
            table = self._tables[places] = {}
            key = key_of(places, strict=self._strict)
            for entry in entries:
                if all(entry[place] == entry[place] for place in places):
                    table.setdefault(key(entry), []).append(entry)
        return table

    def meeting(self, slot: Slot, key: Callable[[Any], Any]) -> dict[Any, list[Entry]]:
        """Entries that may meet a key, those whose own key is none among them.

        Under none are those that may meet a key that no entry has.
        """
        entries = self.entries()
        found = self._meeting.get((slot, key))
        if found is None:
            keys = [key(read(entry[0], slot)) for entry in entries]
            found = self._meeting[slot, key] = {each: [] for each in {None, *keys}}
            for entry, own in zip(entries, keys, strict=True):
                for each in found.values() if own is None else (found[own],):
                    each.append(entry)
        return found


def _fits(fact: Any, slot: Slot, predicate: Callable[[Any], Any], *, wanted: bool) -> bool:
    value = read(fact, slot)
    return value is not MISSING and bool(predicate(value)) is wanted


def key_of(places: tuple[int, ...], *, strict: bool) -> Callable[[tuple[Any, ...]], Any]:
    """Make the function that gives the values at some places as a key."""
    if not strict:
        return itemgetter(*places)
    if len(places) == 1:
        place = places[0]
        return lambda values: (type(values[place]), values[place])
    return lambda values: tuple([(type(values[place]), values[place]) for place in places])

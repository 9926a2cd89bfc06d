"""The working memory of one engine, arranged for matching: facts by class, slot and value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from simdiag.engines.rete.plan import Pattern, Slot

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

    Attributes:
        facts: In the order of their ids.
    """

    def __init__(self, *, strict: bool) -> None:
        self.facts: list[Any] = []
        self._strict = strict
        self._columns: dict[Slot, list[tuple[Any, Any]]] = {}
        self._by_value: dict[Slot, dict[Any, list[Any]]] = {}
        # Patterns without a literal, and the others by the first of their literals.
        self._open: list[Matches] = []
        self._closed: dict[Slot, dict[Any, list[Matches]]] = {}

    def add_pattern(self, found: Matches) -> None:
        """Enter a pattern on this class of facts."""
        literals = found.pattern.literals
        if not literals:
            self._open.append(found)
            return
        slot, kind, value = literals[0]
        table = self._closed.setdefault(slot, defaultdict(list))
        table[(kind, value) if self._strict else value].append(found)

    def touched(self, facts: list[Any]) -> Iterable[Matches]:
        """Patterns that some of the facts may fit, each once or more."""
        yield from self._open
        for slot, table in self._closed.items():
            for fact in facts:
                yield from table.get(self._literal_key(read(fact, slot)), ())

    def _literal_key(self, value: Any) -> Any:
        return (type(value), value) if self._strict else value

    def change(self, new: list[Any], gone: list[Any]) -> None:
        """Put facts in and take facts out."""
        left = {id(fact) for fact in gone}
        self.facts = [fact for fact in self.facts if id(fact) not in left] + new
        self._columns = {}
        self._by_value = {}

    def clear(self) -> None:
        """Take all facts out."""
        self.facts = []
        self._columns = {}
        self._by_value = {}

    def column(self, slot: Slot) -> list[tuple[Any, Any]]:
        """Facts that have the slot, each with its value."""
        column = self._columns.get(slot)
        if column is None:
            pairs = [(fact, read(fact, slot)) for fact in self.facts]
            column = self._columns[slot] = [pair for pair in pairs if pair[1] is not MISSING]
        return column

    def with_value(self, slot: Slot, value: Any) -> list[Any]:
        """Facts whose slot has the value."""
        table = self._by_value.get(slot)
        if table is None:
            table = self._by_value[slot] = defaultdict(list)
            for fact, actual in self.column(slot):
                table[self._literal_key(actual)].append(fact)
        return table.get(self._literal_key(value), [])


class Matches:
    """The facts that fit one pattern at present.

    Attributes:
        users: Rules with the pattern, by identity.
    """

    __slots__ = ("_entries", "_strict", "_tables", "_template", "pattern", "users")

    def __init__(self, pattern: Pattern, template: Template, *, strict: bool) -> None:
        self.pattern = pattern
        self.users: dict[int, Any] = {}
        self._template = template
        self._strict = strict
        self.forget()

    def forget(self) -> None:
        """Search again when asked again."""
        self._entries: list[Entry] | None = None
        self._tables: dict[tuple[int, ...], dict[Any, list[Entry]]] | None = None

    def entries(self) -> list[Entry]:
        """Each fact that fits, with the values that it binds."""
        entries = self._entries
        if entries is None:
            entries = self._entries = self._search()
        return entries

    def _search(self) -> list[Entry]:
        pattern = self.pattern
        if pattern.literals:
            slot, _, value = pattern.literals[0]
            facts = self._template.with_value(slot, value)
        elif len(pattern.predicates) == 1 and not pattern.binds:
            slot, predicate, wanted = pattern.predicates[0]
            column = self._template.column(slot)
            return [(fact,) for fact, value in column if bool(predicate(value)) is wanted]
        else:
            facts = self._template.facts
        if not facts or not (pattern.literals[1:] or pattern.predicates or pattern.binds):
            return [(fact,) for fact in facts]
        return [entry for fact in facts if (entry := self._entry(fact)) is not None]

    def _entry(self, fact: Any) -> Entry | None:
        """Make the entry of a fact that has the first literal, if the rest fits too."""
        pattern = self.pattern
        for slot, kind, value in pattern.literals[1:]:
            actual = read(fact, slot)
            if value != actual or (self._strict and type(actual) is not kind):
                return None
        for slot, predicate, wanted in pattern.predicates:
            actual = read(fact, slot)
            if actual is MISSING or bool(predicate(actual)) is not wanted:
                return None
        entry = (fact, *[read(fact, slot) for slot in pattern.binds])
        if any(value is MISSING for value in entry):
            return None
        for one, other in pattern.same:
            if not _same(entry[one], entry[other], strict=self._strict):
                return None
        return entry

    def table(self, places: tuple[int, ...]) -> dict[Any, list[Entry]]:
        """Entries by the values at places of theirs; NaN, which equals nothing, is in no table."""
        if self._tables is None:
            self._tables = {}
        table = self._tables.get(places)
        if table is None:
            table = self._tables[places] = {}
            key = key_of(places, strict=self._strict)
            for entry in self.entries():
                if all(entry[place] == entry[place] for place in places):
                    table.setdefault(key(entry), []).append(entry)
        return table


def key_of(places: tuple[int, ...], *, strict: bool) -> Callable[[tuple[Any, ...]], Any]:
    """Make the function that gives the values at some places as a key."""
    if not strict:
        return itemgetter(*places)
    if len(places) == 1:
        place = places[0]
        return lambda values: (type(values[place]), values[place])
    return lambda values: tuple([(type(values[place]), values[place]) for place in places])

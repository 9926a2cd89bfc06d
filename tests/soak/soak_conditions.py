"""Random conditions: every form and every test of the language."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from soak_expressions import Expressions  # type: ignore[import-not-found] # through conftest.py
from soak_terms import LITERALS, ORDERED, TEXTS, Vocabulary  # type: ignore[import-not-found]

Json = dict[str, Any]
Bound = dict[str, str]

ORDERS = ("below", "at_most", "above", "at_least")
TIME_ORDERS = ("before", "not_after", "after", "not_before")
PHRASES = ("contains", "lacks", "contains_words")
FORMS = ("not", "any", "at_least", "each", "aggregate", "test", "all")
AGGREGATES = ("count", "sum", "minimum", "maximum", "all_equal")
SUMMABLE = ("integer", "decimal", "money", "duration")


class Author(Expressions):  # type: ignore[misc] # its module is found through conftest.py
    """Writes conditions.

    Args:
        chance: Where all choices come from.
        words: What may be read.
        knowledge: Whether `is: known` may be tested, as in advice.
    """

    def __init__(
        self, chance: random.Random, words: Vocabulary, *, knowledge: bool = False
    ) -> None:
        """Start without names."""
        super().__init__(chance, words)
        self.knowledge = knowledge
        self.names = 0

    def fresh(self) -> str:
        """Invent an alias."""
        self.names += 1
        return f"x{self.names}"

    def happens(self, share: float) -> bool:
        """Say yes in so many cases, 0 to 1."""
        return bool(self.chance.random() < share)

    # Tests of a slot -----------------------------------------------------------------------------

    def test(self, kind: str, bound: Bound) -> Any:  # noqa: ANN401 - a text, a list or a mapping
        """Write the test of a value of a kind."""
        if self.knowledge and self.happens(0.25):
            return {"is": self.chance.choice(("known", "unknown"))}
        one = self.operand(kind, bound)
        form = self.chance.random()
        if kind in ORDERED and form < 0.6:
            return self._order(kind, one, bound)
        if kind in TEXTS and form < 0.5:
            phrases = [one] if self.happens(0.6) else [one, self.operand(kind, bound)]
            name = self.chance.choice(PHRASES)
            return {name: phrases[0] if len(phrases) == 1 and self.happens(0.5) else phrases}
        if kind == "set" and form < 0.25:
            return {"has_all": [one, self.operand(kind, bound)]}
        several = [one, self.operand(kind, bound)]
        return self.chance.choice((one, one, several, {"not": one}, {"not": several}))

    def _order(self, kind: str, one: str, bound: Bound) -> Json:
        if self.happens(0.2):
            return {"between": [one, self.operand(kind, bound)]}
        times = kind in {"date", "datetime"} and self.happens(0.7)
        name = self.chance.choice(TIME_ORDERS if times else ORDERS)
        more = {"not": self.operand(kind, bound)} if self.happens(0.15) else {}
        return {name: one, **more}

    def tests(self, owner: str, bound: Bound) -> Json:
        """Write tests of one or two slots of a template; none if it has no slot to test."""
        slots = sorted(self.words.owners[owner].slots.items())
        # An id names a fact for joins; by itself it says little.
        slots = [each for each in slots if each[0] != "id" or self.happens(0.2)] or slots
        count = min(len(slots), self.chance.choice((1, 1, 2)))
        return {
            slot: self.test(kind, bound) for slot, kind in sorted(self.chance.sample(slots, count))
        }

    # Patterns ------------------------------------------------------------------------------------

    def pattern(self, bound: Bound) -> Json:
        """Write a pattern of a new fact, or further tests of what is bound; may bind a name."""
        pairs = self._pair(bound)
        if pairs is not None and self.happens(0.5):
            return pairs
        if bound and self.happens(0.25):
            alias = self.chance.choice(sorted(bound))
            return {alias: self.tests(bound[alias], bound)}
        owners = [name for name, owner in self.words.owners.items() if owner.slots]
        weights = [2 if name in {"t", "v"} else 1 for name in owners]
        (owner,) = self.chance.choices(owners, weights)
        if self.words.owners[owner].single:
            return {owner: self.tests(owner, bound)}
        return self._of_list(owner, bound)

    def _of_list(self, owner: str, bound: Bound) -> Json:
        tests = self.tests(owner, bound) if self.happens(0.9) else {}
        others = [alias for alias, known in bound.items() if known == owner]
        if others and self.happens(0.6):
            chosen = others[:2] if self.happens(0.2) else self.chance.choice(others)
            tests = {"other_than": chosen, **tests}
        if self.happens(0.2):
            return {owner: tests}
        alias = self.fresh()
        bound[alias] = owner
        return {f"{owner} {alias}": tests}

    def _pair(self, bound: Bound) -> Json | None:
        known = [
            (first, second, findings)
            for (left, right), findings in self.words.pairs.items()
            for first, one in bound.items()
            for second, two in bound.items()
            if (one, two) == (left, right)
        ]
        if not known:
            return None
        first, second, findings = self.chance.choice(known)
        name = self.chance.choice(sorted(findings))
        return {f"{first} & {second}": {name: self.test(findings[name], bound)}}

    # Forms ---------------------------------------------------------------------------------------

    def condition(self, bound: Bound, depth: int = 2) -> Json:
        """Write a condition; patterns at the top bind names for those after them."""
        if depth == 0 or self.happens(0.5):
            return self.pattern(bound)
        inside = self._seen_inside(bound)
        form = self.chance.choice(FORMS)
        if form == "not":
            return {"not": self.several(inside, depth - 1)}
        if form == "all":
            return {"all": self.several(bound, depth - 1)}
        if form == "any":
            return {"any": self._branches(inside, depth, self.chance.choice((2, 2, 3)))}
        if form == "at_least":
            count = self.chance.choice(("1", "2", "2", "3"))
            return {"at_least": count, "of": self._branches(inside, depth, 3)}
        if form == "each":
            return self._each(inside, depth)
        found = self._aggregate(inside) if form == "aggregate" else self._test(inside)
        return found or self.pattern(bound)

    def several(self, bound: Bound, depth: int) -> list[Json]:
        """Write one or two conditions, the second of which sees the names of the first."""
        return [self.condition(bound, depth) for _ in range(self.chance.choice((1, 1, 2)))]

    def _seen_inside(self, bound: Bound) -> Bound:
        """Give at most two names: so many may an inner part read."""
        names = sorted(bound)
        kept = self.chance.sample(names, min(2, len(names)))
        return {name: bound[name] for name in kept}

    def _branches(self, bound: Bound, depth: int, count: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(count):
            inner = dict(bound)
            parts = self.several(inner, depth - 1)
            found.append(parts[0] if len(parts) == 1 else {"all": parts})
        return found

    def _each(self, inside: Bound, depth: int) -> Json:
        owner = self.chance.choice(self.words.lists)
        alias = self.fresh()
        of = {f"{owner} {alias}": self.tests(owner, inside) if self.happens(0.6) else {}}
        inside = {**inside, alias: owner}
        return {"each": of, "holds": self.several(self._seen_inside(inside), depth - 1)}

    def _test(self, bound: Bound) -> Json | None:
        if self.happens(0.25):
            found = self.write("boolean", bound)
            return None if found is None else {"test": found}
        ordered = self.ordered(bound)
        if ordered is None:
            return None
        text, kind = ordered
        test = self.test(kind, bound)
        return {"test": text, **(test if isinstance(test, dict) else {"equals": test})}

    # Aggregates ----------------------------------------------------------------------------------

    def value_of_aggregate(self, kinds: Sequence[str], bound: Bound) -> tuple[Json, str] | None:
        """Write an aggregate of one of some kinds; give it with the kind of its result."""
        owner = self.chance.choice(self.words.lists)
        alias = self.fresh()
        inside = {**self._seen_inside(bound), alias: owner}
        pattern = {f"{owner} {alias}": self.tests(owner, bound) if self.happens(0.5) else {}}
        where = {"where": [self.condition(dict(inside), 1)]} if self.happens(0.3) else {}
        name = self.chance.choice(AGGREGATES)
        if name == "count":
            return ({"count": pattern, **where}, "integer") if "integer" in kinds else None
        wanted = SUMMABLE if name == "sum" else ORDERED
        if name == "all_equal":
            wanted = tuple(sorted(set(self.words.owners[owner].slots.values())))
        slots = [
            (slot, kind)
            for slot, kind in sorted(self.words.owners[owner].slots.items())
            if kind in wanted
        ]
        if not slots:
            return None
        slot, kind = self.chance.choice(slots)
        result = "boolean" if name == "all_equal" else kind
        if result not in kinds:
            return None
        value = f"{alias}.{slot}"
        if kind in {"money", "integer"} and name != "all_equal" and self.happens(0.2):
            value = f"2 * {value}"
        return {name: value, "of": pattern, **where}, result

    def _aggregate(self, bound: Bound) -> Json | None:
        found = self.value_of_aggregate((*ORDERED, "boolean"), bound)
        if found is None:
            return None
        aggregate, kind = found
        if kind == "boolean" and self.happens(0.7):
            return aggregate
        if "count" in aggregate:
            return {
                **aggregate,
                self.chance.choice(ORDERS): self.chance.choice(LITERALS["integer"]),
            }
        test = self.test(kind, bound)
        return {**aggregate, **(test if isinstance(test, dict) else {"equals": test})}
